/* SPDX-License-Identifier: MIT */
/*
 * Writing replies into the exchange. The server adds what every reply has
 * (request id, security headers) when it sends; here is only what differs.
 */
#include "http/reply.h"

#include "base/json.h"

void reply_reset(struct exchange *x)
{
    buf_done(&x->reply.body);
    x->reply = (struct reply){.body = buf_new(REPLY_BODY_MAX)};
}

static enum flow reply_start(struct exchange *x, unsigned status, const char *content_type)
{
    buf_done(&x->reply.body);
    x->reply.status = status;
    x->reply.content_type = content_type;
    return FLOW_DONE;
}

enum flow reply_json(struct exchange *x, unsigned status)
{
    return reply_start(x, status, "application/json");
}

enum flow reply_text(struct exchange *x, unsigned status)
{
    return reply_start(x, status, "text/plain; charset=utf-8");
}

enum flow reply_stream(struct exchange *x, step_fn more)
{
    buf_done(&x->reply.body);
    if (!x->reply.status)
        x->reply.status = 200;
    x->reply.more = more;
    return FLOW_DONE;
}

enum flow reply_cut(struct exchange *x)
{
    x->reply.body.err = ERR_IO;
    return FLOW_DONE;
}

enum flow reply_nothing(struct exchange *x)
{
    return reply_start(x, 204, NULL);
}

void reply_header(struct exchange *x, const char *name, const char *value)
{
    struct reply *reply = &x->reply;

    if (value && reply->header_count < REPLY_HEADERS_MAX)
        reply->headers[reply->header_count++] = (struct reply_header){name, value};
}

/* RFC 9457, and the names of the same things from before there was one. */
static void put_problem(struct exchange *x, enum problem problem, const char *message,
                        struct str errors)
{
    struct buf *out = &x->reply.body;

    js_open(out, '{');
    js_key(out, "type");
    buf_printf(out, "\"" PROBLEM_TYPE "%s\"", problem_code(problem));
    js_field_string(out, "title", str_of(problem_text(problem)));
    js_field_u64(out, "status", problem_status(problem));
    if (message)
        js_field_string(out, "detail", str_of(message));
    js_field_string(out, "error", str_of(problem_text(problem)));
    js_field_string(out, "code", str_of(problem_code(problem)));
    if (message)
        js_field_string(out, "message", str_of(message));
    if (errors.ptr) {
        js_key(out, "errors");
        buf_put(out, errors);
    }
    js_field_string(out, "requestId", str_of(x->request_id));
    js_close(out, '}');
    buf_put_char(out, '\n');
}

enum flow reply_problem_errors(struct exchange *x, enum problem problem, const char *message,
                               struct str errors)
{
    x->decision = problem_code(problem);
    if (x->style && x->style->problem)
        return x->style->problem(x, problem, message, errors);
    reply_start(x, problem_status(problem), "application/problem+json");
    put_problem(x, problem, message, errors);
    return FLOW_DONE;
}

enum flow reply_problem(struct exchange *x, enum problem problem, const char *message)
{
    return reply_problem_errors(x, problem, message, (struct str){0});
}

enum flow reply_retry_later(struct exchange *x, enum problem problem, int64_t wait_ms)
{
    struct buf seconds = buf_new(24);

    buf_put_i64(&seconds, wait_ms > 1000 ? (wait_ms + 999) / 1000 : 1);
    reply_header(x, "Retry-After", arena_copy(&x->arena, buf_str(&seconds)));
    buf_done(&seconds);
    return reply_problem(x, problem, NULL);
}
