/* SPDX-License-Identifier: MIT */
/*
 * A request's way through libmicrohttpd's callbacks: target, head, body,
 * steps, completion. All of it runs on the loop's thread; what the library
 * sees is decided here, what the request means is decided in its steps.
 */
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/metrics.h"
#include "guard.h"
#include "internal.h"
#include "layout.h"

enum {
    EXCHANGE_MEMORY_MAX = 256 * 1024, /* of a request's arena */
    FIELD_RECORD_BYTES = 64,          /* of the library, for each header field */
    REPLY_RESERVE_BYTES = 2560,       /* for the reply's head, with some to spare */
    DRAIN_MAX = 64 * 1024,            /* a refused body up to this size is read, for keep-alive */
};

static const char RETRY_AFTER_S[] = "2";

/* --- birth and death ----------------------------------------------------- */

static struct http_exchange *exchange_new(struct loop *loop)
{
    struct http_exchange *self = loop->spare;

    if (!self)
        return malloc(sizeof *self);
    loop->spare = self->spare_next;
    loop->spare_count--;
    return self;
}

static void exchange_free(struct loop *loop, struct http_exchange *self)
{
    if (self->x.end)
        self->x.end(&self->x);
    memory_give_back(&self->x);
    buf_done(&self->x.reply.body);
    buf_done(&self->http.body);
    arena_done(&self->x.arena);
    if (loop->spare_count >= EXCHANGES_KEPT) {
        free(self);
        return;
    }
    self->spare_next = loop->spare;
    loop->spare = self;
    loop->spare_count++;
}

/* Of a number that counts requests, a keyed hash: clients need not know how many there are. */
static void set_request_id(struct exchange *x, struct loop *loop)
{
    static const char HEX[] = "0123456789abcdef";
    const uint64_t number[] = {(uint64_t)(loop - loop->server->loops), loop->request_count++};
    uint64_t words[2];

    table_hash((struct str){(const char *)number, sizeof number}, loop->server->request_id_key,
               words);
    for (int i = 0; i < REQUEST_ID_LEN; i++)
        x->request_id[i] = HEX[words[0] >> (60 - 4 * i) & 15];
    x->request_id[REQUEST_ID_LEN] = '\0';
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

void *request_on_target(void *arg, const char *target, struct MHD_Connection *mhd)
{
    struct loop *loop = arg;
    struct http_exchange *self = exchange_new(loop);

    if (!self)
        return NULL; /* request_on_access() closes */
    self->x = (struct exchange){.http = &self->http, .reply.body = buf_new(REPLY_BODY_MAX)};
    self->http = (struct http_state){.loop = loop, .mhd = mhd, .connection = connection_of(mhd)};
    self->http.body = buf_new(loop->server->options.max_body);
    arena_init(&self->x.arena, EXCHANGE_MEMORY_MAX, self->first, sizeof self->first);
    self->x.started_us = clock_mono_us();
    set_request_id(&self->x, loop);
    self->x.is_secure = loop->server->options.tls;
    if (self->http.connection)
        self->http.connection->is_new = false;

    struct str rest = str_of(target);
    char *copy = arena_copy(&self->x.arena, rest);
    if (copy) {
        rest.ptr = copy;
        self->x.path = str_cut(&rest, '?');
        self->x.query = rest;
    }
    return &self->x;
}

bool exchange_is_wanted(const struct exchange *x)
{
    struct pollfd look = {.fd = x->http->connection->fd, .events = POLLRDHUP};

    return !atomic_load(&x->http->loop->server->is_stopping) && poll(&look, 1, 0) == 0;
}

/* What is left of an exchange whose arena is given back. */
struct rest {
    struct str path, source;
    struct reply_header headers[REPLY_HEADERS_MAX];
};

static enum err copy_rest(const struct exchange *x, struct arena *arena, struct rest *rest)
{
    TRY(arena_keep(arena, x->path, &rest->path));
    TRY(arena_keep(arena, x->source, &rest->source));
    for (size_t i = 0; i < x->reply.header_count; i++) {
        rest->headers[i].name = x->reply.headers[i].name;
        rest->headers[i].value = arena_copy(arena, str_of(x->reply.headers[i].value));
        if (!rest->headers[i].value)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static void set_rest(struct exchange *x, const struct rest *rest)
{
    x->path = rest->path;
    x->source = rest->source;
    memcpy(x->reply.headers, rest->headers, x->reply.header_count * sizeof rest->headers[0]);
}

enum err exchange_forget(struct exchange *x)
{
    struct http_exchange *self = CONTAINER_OF(x, struct http_exchange, x);
    struct arena between;
    struct rest rest;

    arena_init(&between, EXCHANGE_MEMORY_MAX, NULL, 0);
    enum err err = copy_rest(x, &between, &rest);
    if (err == ERR_OK) {
        set_rest(x, &rest);
        arena_done(&x->arena);
        arena_init(&x->arena, EXCHANGE_MEMORY_MAX, self->first, sizeof self->first);
        buf_done(&x->http->body);
        memset(x->headers, 0, sizeof x->headers);
        memset(x->params, 0, sizeof x->params);
        x->query = x->body = (struct str){0};
        x->principal = NULL;
        x->job = NULL;
        err = copy_rest(x, &x->arena, &rest);
        if (err == ERR_OK)
            set_rest(x, &rest);
        else
            x->path = x->source = (struct str){0}, x->reply.header_count = 0;
    }
    arena_done(&between);
    return err;
}

/* --- the head ------------------------------------------------------------ */

struct head {
    struct exchange *x;
    struct guard guard;
    struct layout layout;
    bool is_too_large;
};

/* Several lines of a list are one list (RFC 9110, section 5.3), e.g. each proxy's own
 * X-Forwarded-For. */
static struct str join_list(struct exchange *x, struct str first, struct str second)
{
    char *joined = arena_alloc(&x->arena, first.len + 1 + second.len);

    if (!joined)
        return second;
    memcpy(joined, first.ptr, first.len);
    joined[first.len] = ',';
    memcpy(joined + first.len + 1, second.ptr, second.len);
    return (struct str){joined, first.len + 1 + second.len};
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    struct head *head = arg;
    struct str text = str_trim((struct str){value ? value : "", value ? value_len : 0});
    struct str key = {name, name_len};

    (void)kind;
    layout_header(&head->layout, name, value ? value : name + name_len + 1, value_len);
    guard_header(&head->guard, key, text);
    enum header header = header_find(key);
    if (header == HEADER__COUNT || (header == HEADER_ORIGIN && !text.len))
        return MHD_YES; /* an Origin that is empty names none, and cannot be echoed */
    struct str *slot = &head->x->headers[header];
    *slot = slot->ptr && header_is_list(header) ? join_list(head->x, *slot, text) : text;
    return MHD_YES;
}

static void refuse(struct exchange *x, enum problem problem, const char *why)
{
    x->http->is_refused = true;
    x->http->problem = problem;
    x->http->refusal = why;
}

/* For want of memory; nothing was read of the body, and it may be sent again. */
static void refuse_for_now(struct exchange *x)
{
    refuse(x, PROBLEM_UNAVAILABLE, NULL);
    x->http->must_close = true; /* what is refused must not be read into memory after all */
    reply_header(x, "Retry-After", RETRY_AFTER_S);
}

static bool decode_params(struct exchange *x, const struct route_match *match)
{
    for (size_t i = 0; i < ROUTE_PARAMS_MAX && match->params[i].ptr; i++) {
        struct str raw = match->params[i];
        char *text = arena_alloc(&x->arena, raw.len + 1);
        if (!text || !percent_decode(raw, false, text, &x->params[i].len))
            return false;
        text[x->params[i].len] = '\0';
        x->params[i].ptr = text;
    }
    return true;
}

static const struct media_row {
    enum media media;
    const char *type;
} MEDIA[] = {
    {MEDIA_JSON, "application/json"},
    {MEDIA_URLENCODED, "application/x-www-form-urlencoded"},
    {MEDIA_MULTIPART, "multipart/form-data"},
};

const char *media_type(enum media media)
{
    for (size_t i = 0; i < COUNTOF(MEDIA); i++)
        if (MEDIA[i].media == media)
            return MEDIA[i].type;
    return "application/octet-stream";
}

/* What a Content-Type says, or MEDIA_NONE. */
static enum media media_of(struct str content_type)
{
    struct str type = str_trim(str_cut(&content_type, ';'));

    for (size_t i = 0; i < COUNTOF(MEDIA); i++)
        if (str_equal_nocase(type, str_of(MEDIA[i].type)))
            return MEDIA[i].media;
    return MEDIA_NONE;
}

static bool lacks_body(const struct route *route, const struct guard *guard)
{
    return route->may_lack_body && !guard->content_length &&
           !guard->counts[HEADER_TRANSFER_ENCODING];
}

/* Whom is it for, and may its body come? Everything that can be known before the body. */
static void match_route(struct exchange *x, const struct guard *guard)
{
    const struct server_options *options = &x->http->loop->server->options;
    struct route_match match;

    router_match(options->routes, x->method, x->path, &match);
    x->route = match.route;
    x->style = match.route || match.allow[0] ? match.style : options->stray_style;
    x->media = media_of(x->headers[HEADER_CONTENT_TYPE]);
    if (!match.route && !match.allow[0])
        refuse(x, PROBLEM_NOT_FOUND, NULL);
    else if (!match.route && str_equal(x->method, STR("OPTIONS")))
        refuse(x, PROBLEM__COUNT, NULL); /* answered with the methods, not with an error */
    else if (!match.route)
        refuse(x, PROBLEM_METHOD_NOT_ALLOWED, NULL);
    else if (!decode_params(x, &match))
        refuse(x, PROBLEM_BAD_REQUEST, "the path has a broken percent escape");
    else if (match.route->media && guard->has_no_framing && !match.route->may_lack_body)
        refuse(x, PROBLEM_LENGTH_REQUIRED,
               "send the body that this address takes, with its Content-Length (curl: with -d), or "
               "with Transfer-Encoding: chunked");
    else if (guard->content_length > (match.route->media ? options->max_body : 0))
        refuse(x, PROBLEM_BODY_TOO_LARGE, NULL);
    else if (match.route->media && !(match.route->media & x->media) &&
             !lacks_body(match.route, guard))
        refuse(x, PROBLEM_UNSUPPORTED_MEDIA,
               match.route->media == MEDIA_JSON
                   ? "send Content-Type: application/json"
                   : "send Content-Type: application/json, application/x-www-form-urlencoded or "
                     "multipart/form-data");
    else if (match.route->media && !memory_take_body(x, guard->content_length))
        refuse_for_now(x);
    if (!match.route && match.allow[0])
        reply_header(x, "Allow", arena_copy(&x->arena, str_of(match.allow)));
}

/* Path and query lie side by side in one copy. */
static struct str whole_target(const struct exchange *x)
{
    size_t query_len = x->query.ptr ? 1 + x->query.len : 0;

    return (struct str){x->path.ptr, x->path.len + query_len};
}

/* 308, so that a post goes on as a post: what it says is no secret any more, and not lost either.
 */
static void redirect(struct exchange *x, const struct redirect *where)
{
    CLEANUP(buf_done) struct buf url = buf_new(EXCHANGE_MEMORY_MAX / 4);

    if (!redirect_put(where, x->headers[HEADER_HOST], whole_target(x), &url) ||
        buf_status(&url) != ERR_OK) {
        reply_problem(x, PROBLEM_BAD_REQUEST, "the certificate is not for this Host");
        return;
    }
    x->decision = "redirected";
    reply_text(x, 308);
    reply_header(x, "Location", arena_copy(&x->arena, buf_str(&url)));
}

static enum MHD_Result send_refusal(struct exchange *x)
{
    const struct redirect *where = x->http->loop->server->options.redirect;

    if (where && x->http->problem == PROBLEM_NOT_FOUND)
        redirect(x, where);
    else if (x->http->problem == PROBLEM__COUNT)
        reply_text(x, MHD_HTTP_NO_CONTENT);
    else
        reply_problem(x, x->http->problem, x->http->refusal);
    return send_reply(x);
}

/* Refused before the body: answer now, unless the rest is short enough to keep the connection. */
static enum MHD_Result answer_early(struct exchange *x, const struct guard *guard)
{
    bool is_short = guard->content_length <= DRAIN_MAX &&
                    !guard->counts[HEADER_TRANSFER_ENCODING] && !guard->counts[HEADER_EXPECT];

    if (is_short && !x->http->must_close)
        return MHD_YES;
    x->http->must_close = true;
    x->http->has_unread = true;
    return send_refusal(x);
}

static void set_body_deadline(struct exchange *x, uint64_t content_length)
{
    const struct server_options *options = &x->http->loop->server->options;

    x->http->connection->is_busy = true;
    x->http->connection->deadline_ms =
        x->http->loop->now_ms + options->body_timeout_ms + (int64_t)(content_length * 1000 / 1024);
}

static void set_source(struct exchange *x)
{
    const struct server_options *options = &x->http->loop->server->options;
    char *room = arena_alloc(&x->arena, CLIENT_ADDRESS_MAX);

    if (room)
        x->source =
            options->client_address(options->ctx, str_of(x->http->connection->peer),
                                    x->headers[HEADER_X_FORWARDED_FOR], room, CLIENT_ADDRESS_MAX);
}

/*
 * The library keeps head, fields and reply in one pool per connection. A head
 * that leaves no room for the reply is refused while there is some.
 */
static bool is_head_too_large(const struct exchange *x, const struct head *head, size_t bytes)
{
    const struct server_options *options = &x->http->loop->server->options;
    size_t reply = REPLY_RESERVE_BYTES + (options->redirect ? whole_target(x).len : 0);

    return bytes + head->guard.headers * FIELD_RECORD_BYTES + reply > options->connection_memory;
}

/* Every header field through the guard, and the whole head past the eye for hidden bytes. */
static void read_head(struct head *head, const char *method, const char *version)
{
    struct exchange *x = head->x;
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(x->http->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t head_bytes = size ? size->header_size : 0;

    head->layout = layout_begin(method, whole_target(x).len, version);
    MHD_get_connection_values_n(x->http->mhd, MHD_HEADER_KIND, on_header, head);
    layout_end(&head->layout, method, head_bytes);
    head->is_too_large = is_head_too_large(x, head, head_bytes);
    if (head->layout.has_gap)
        head->guard.reason = "the head has hidden bytes or folded lines";
}

static enum MHD_Result on_head(struct exchange *x, const char *method, const char *version)
{
    struct head head = {.x = x};
    enum problem problem;

    x->http->phase = PHASE_BODY;
    x->http->is_old = strcmp(version, "HTTP/1.1") != 0;
    x->method = str_of(method);
    read_head(&head, method, version);
    set_source(x);
    enum verdict verdict =
        guard_verdict(&head.guard, x->method, str_of(version), whole_target(x), &problem);
    set_body_deadline(x, head.guard.content_length);
    if (verdict != VERDICT_REFUSE && head.is_too_large) {
        verdict = VERDICT_REFUSE;
        problem = PROBLEM_HEAD_TOO_LARGE;
    }
    if (verdict == VERDICT_REFUSE) {
        metric_add(METRIC_HTTP_REFUSED, 1);
        x->http->must_close = true;
        x->http->has_unread = true;
        refuse(x, problem, head.guard.reason);
        return send_refusal(x);
    }
    x->http->must_close = verdict == VERDICT_CLOSE;
    if (x->headers[HEADER_EXPECT].ptr &&
        !str_equal_nocase(x->headers[HEADER_EXPECT], STR("100-continue")))
        refuse(x, PROBLEM_EXPECTATION, NULL);
    else
        match_route(x, &head.guard);
    return x->http->is_refused ? answer_early(x, &head.guard) : MHD_YES;
}

/* --- the body and the steps ---------------------------------------------- */

static enum MHD_Result on_body(struct exchange *x, const char *piece, size_t *len)
{
    if (x->http->is_refused) {
        *len = 0; /* drained, see answer_early() */
        return MHD_YES;
    }
    buf_put(&x->http->body, (struct str){piece, *len});
    if (buf_status(&x->http->body) != ERR_OK) {
        x->http->has_unread = true;
        send_raw_too_large(x);
        return MHD_NO;
    }
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result run_steps(struct exchange *x)
{
    struct http_state *http = x->http;

    for (;;) {
        step_fn step = http->woken ? http->woken : x->route->steps[http->step];
        http->woken = NULL;
        switch (step(http->loop->server->options.ctx, x)) {
        case FLOW_NEXT:
            http->step++;
            break;
        case FLOW_DONE:
            return send_reply(x);
        case FLOW_WAIT:
            return MHD_YES;
        }
    }
}

static enum MHD_Result on_request(struct exchange *x)
{
    struct http_state *http = x->http;

    if (http->is_refused)
        return send_refusal(x);
    if (http->phase == PHASE_BODY) {
        http->phase = PHASE_STEPS;
        http->connection->is_reading = false;
        buf_put_char(&http->body, '\0');
        /* The ceiling leaves room for the terminator: see max_body in server.c. */
        x->body = (struct str){http->body.ptr, http->body.len - 1};
    }
    return run_steps(x);
}

enum MHD_Result request_on_access(void *arg, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **exchange)
{
    struct exchange *x = *exchange;

    (void)arg;
    (void)mhd;
    (void)url;
    if (!x || !x->path.ptr || !x->http->connection)
        return MHD_NO;
    if (x->http->phase == PHASE_HEAD)
        return on_head(x, method, version);
    if (*upload_size)
        return on_body(x, upload, upload_size);
    return on_request(x);
}

/* --- waiting ------------------------------------------------------------- */

void exchange_wait(struct exchange *x, step_fn next)
{
    x->http->woken = next;
    x->http->is_waiting = true;
    x->http->loop->waiting++;
    x->http->connection->deadline_ms = 0; /* the service bounds the wait */
    MHD_suspend_connection(x->http->mhd);
}

void exchange_wake(struct exchange *x, bool more)
{
    struct loop *loop = x->http->loop;
    struct server *server = loop->server;

    pthread_mutex_lock(&loop->wake_lock);
    x->http->wake_next = NULL;
    *loop->wake_tail = x;
    loop->wake_tail = &x->http->wake_next;
    atomic_store(&loop->needs_nudge, true);
    pthread_mutex_unlock(&loop->wake_lock);
    if (more)
        return;
    /* Earlier wakes of the batch may have been for other loops. */
    for (size_t i = 0; i < server->options.threads; i++)
        loop_nudge(&server->loops[i]);
}

/* --- the end ------------------------------------------------------------- */

static void log_request(const struct exchange *x)
{
    LOG(LOG_INFO, "request", LOG_TEXT("requestId", x->request_id),
        LOG_STR("method", x->method.ptr ? x->method : STR("-")),
        LOG_STR("path", x->path.ptr ? x->path : STR("-")),
        LOG_TEXT("route", x->route ? x->route->name : "-"), LOG_INT("status", x->reply.status),
        LOG_TEXT("decision", x->decision ? x->decision : "-"),
        LOG_INT("us", clock_mono_us() - x->started_us), LOG_INT("bytesIn", x->body.len),
        LOG_INT("bytesOut", x->reply.more ? x->http->streamed : x->reply.body.len),
        LOG_STR("source", x->source.ptr ? x->source : STR("-")));
}

void request_on_completed(void *arg, struct MHD_Connection *mhd, void **exchange,
                          enum MHD_RequestTerminationCode why)
{
    struct loop *loop = arg;
    struct exchange *x = *exchange;

    (void)mhd;
    if (!x)
        return;
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK && !x->decision)
        x->decision = "connection_lost";
    if (log_is_on(LOG_INFO))
        log_request(x);
    stats_count(x);
    if (x->http->connection) {
        if (x->http->has_unread)
            linger_start(loop, x->http->connection->fd);
        x->http->connection->is_busy = false;
        x->http->connection->stream = NULL;
        x->http->connection->is_ended = false;
        x->http->connection->is_reading = true;
        x->http->connection->since_ms = loop->now_ms;
        x->http->connection->deadline_ms = loop->now_ms + loop->server->options.idle_timeout_ms;
    }
    exchange_free(loop, CONTAINER_OF(x, struct http_exchange, x));
    *exchange = NULL;
}
