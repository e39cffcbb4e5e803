/* SPDX-License-Identifier: MIT */
/*
 * From a reply to libmicrohttpd's response: the headers that every reply has,
 * the reply's own, and the body, which stays in the exchange until it is sent.
 */
#include <sys/socket.h>

#include "internal.h"

enum {
    RAW_MAX = 512, /* bytes of a reply past the library */
    RETRY_MS = 2000,
};

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response, const struct exchange *x)
{
    bool is_added = add(response, "X-Request-Id", x->request_id) &&
                    add(response, "X-Content-Type-Options", "nosniff");

    /* Replies to other methods are not cached anyway (RFC 9111, section 3). */
    if (!x->reply.is_cacheable &&
        (str_equal(x->method, STR("GET")) || str_equal(x->method, STR("HEAD"))))
        is_added = is_added && add(response, "Cache-Control", "no-store");
    if (x->http->loop->server->options.hsts)
        is_added = is_added &&
                   add(response, "Strict-Transport-Security", x->http->loop->server->options.hsts);
    if (x->reply.content_type)
        is_added = is_added && add(response, "Content-Type", x->reply.content_type);
    if (x->http->must_close || atomic_load(&x->http->loop->server->is_stopping))
        is_added = is_added && add(response, "Connection", "close");
    for (size_t i = 0; i < x->reply.header_count; i++)
        is_added = is_added && add(response, x->reply.headers[i].name, x->reply.headers[i].value);
    return is_added;
}

enum MHD_Result send_reply(struct exchange *x)
{
    struct http_state *http = x->http;

    http->connection->is_reading = false;
    if (x->style && x->style->dress)
        x->style->dress(http->loop->server->options.ctx, x);
    if (buf_status(&x->reply.body) != ERR_OK) {
        x->style = NULL; /* plainly, lest the same ceiling is met again */
        reply_reset(x);
        reply_problem(x, PROBLEM_INTERNAL, NULL);
    }
    if (!memory_take_reply(x)) {
        reply_reset(x);
        reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    }
    struct MHD_Response *response =
        x->reply.more ? stream_response(x)
                      : MHD_create_response_from_buffer(x->reply.body.len, x->reply.body.ptr,
                                                        MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    /* For a HEAD too the library would write the chunk that ends all others. */
    if (x->reply.more && str_equal(x->method, STR("HEAD")))
        (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    enum MHD_Result queued = MHD_NO;
    if (add_headers(response, x))
        queued = MHD_queue_response(http->mhd, x->reply.status, response);
    MHD_destroy_response(response);
    http->phase = PHASE_REPLY;
    /* A slow taker gets a second per KiB beyond the fixed time. */
    http->connection->deadline_ms = http->loop->now_ms +
                                    http->loop->server->options.reply_timeout_ms +
                                    (int64_t)x->reply.body.len * 1000 / 1024;
    return queued;
}

static bool send_raw(const struct connection *connection, struct str bytes)
{
    if (connection->session)
        return gnutls_record_send(connection->session, bytes.ptr, bytes.len) > 0;
    return send(connection->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

/*
 * In the middle of a body libmicrohttpd takes no reply, and a chunked body has
 * no announced end. Nothing was sent on this request yet, so the socket is at
 * a message boundary: the refusal is written past the library, which is then
 * told to close.
 */
void send_raw_too_large(struct exchange *x)
{
    CLEANUP(buf_done) struct buf body = buf_new(RAW_MAX);
    CLEANUP(buf_done) struct buf reply = buf_new(RAW_MAX);
    bool is_plain = x->style && x->style->problem;

    if (is_plain)
        buf_put(&body, STR("{\"error\":\"the body is too large\",\"code\":\"body_too_large\"}\n"));
    else
        buf_printf(&body,
                   "{\"type\":\"" PROBLEM_TYPE "body_too_large\",\"title\":\"the body is too "
                   "large\",\"status\":413,\"error\":\"the body is too large\","
                   "\"code\":\"body_too_large\",\"requestId\":\"%s\"}\n",
                   x->request_id);
    buf_printf(&reply,
               "HTTP/1.1 413 Content Too Large\r\nContent-Type: application/%sjson\r\n"
               "Content-Length: %zu\r\nConnection: close\r\n\r\n",
               is_plain ? "" : "problem+", body.len);
    buf_put(&reply, buf_str(&body));
    x->decision = problem_code(PROBLEM_BODY_TOO_LARGE);
    if (buf_status(&reply) == ERR_OK && send_raw(x->http->connection, buf_str(&reply)))
        x->reply.status = 413;
}
