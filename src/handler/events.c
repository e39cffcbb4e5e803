/* SPDX-License-Identifier: MIT */
/*
 * Live events as text/event-stream (HTML Standard, section 9.2). A stream
 * carries names and states, never what a message says: whoever wants that asks
 * for it, and is checked again. It ends after a while, and when its account is
 * changed, for the same reason: clients come back by themselves, with
 * credentials that must still be good.
 *
 * watch() runs on the HTTP thread of its exchange, the wakes come from the
 * thread of service/events.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

enum {
    COMMENT_MS = 15 * 1000,
    LIFE_MS = 15 * 60 * 1000,
    BEHIND_MAX = 32,  /* events that a watcher is told one by one, lest a flood is multiplied */
    PIECE_MAX = 4096, /* of events in one piece, give or take one */
    FULL_RETRY_MS = 10 * 1000,
};

static enum flow event_stream(struct app_ctx *ctx, struct exchange *x);

const struct route EVENT_ROUTES[1] = {
    {.name = "event_stream",
     .method = "GET",
     .path = "/admin/events",
     .steps = {guard_read, event_stream},
     .help = "what happens, as server-sent events; Last-Event-ID resumes",
     .replies = {{200, NULL, "text/event-stream"}},
     .problems = PROBLEM_BIT(ACCOUNT_BUSY)},
};

struct stream {
    struct watcher watcher;
    struct exchange *x;
    struct app_ctx *ctx;
    struct job job;     /* is not run: x->job leads here */
    int64_t sent_ms;    /* monotonic; the last time that anything was */
    int64_t until_ms;   /* monotonic */
    uint64_t since;     /* with watcher.account a struct standing */
    atomic_uint *place; /* what it has taken of ctx->streams */
    bool sees_all;
    struct str forms; /* else these; as scope_next() reads them */
};

static struct stream *stream_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct stream, job);
}

/* --- events as text ------------------------------------------------------ */

static const char *const NAMES[] = {
    [EVENT_SUBMISSION] = "submission",
    [EVENT_CHANGE] = "change",
    [EVENT_FORM] = "form",
    [EVENT_DELIVERY] = "delivery",
};

static void put_id_line(struct buf *out, const struct stream *self, uint64_t number)
{
    char mark[EVENT_MARK_LEN + 1];

    events_mark(self->ctx->events, number, mark);
    buf_printf(out, "id: %s\n", mark);
}

static void put_ids(struct buf *out, const struct kept_event *event)
{
    char id[ID_TEXT_LEN + 1];

    js_key(out, "ids");
    js_open(out, '[');
    for (size_t i = 0; i < event->id_count; i++) {
        id_format(&event->ids[i], id);
        js_comma(out);
        js_string(out, (struct str){id, ID_TEXT_LEN});
    }
    js_close(out, ']');
}

static void put_id(struct buf *out, const char *key, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_format(id, text);
    js_field_string(out, key, id_is_none(id) ? (struct str){0} : (struct str){text, ID_TEXT_LEN});
}

static void put_data(struct buf *out, const struct kept_event *event)
{
    js_open(out, '{');
    if (event->kind == EVENT_SUBMISSION) {
        put_id(out, "id", &event->ids[0]);
    } else if (event->kind == EVENT_DELIVERY) {
        put_id(out, "id", &event->ids[0]);
        put_id(out, "submission", &event->ids[1]);
        js_field_string(out, "state", str_of(delivery_state_text(event->delivery)));
    } else if (event->kind == EVENT_CHANGE) {
        put_ids(out, event);
    }
    struct str form = str_of(event->form[0] ? event->form : NULL); /* an alarm of the server */
    js_field_string(out, event->kind == EVENT_FORM ? "name" : "form", form);
    if (event->has_state)
        js_field_string(out, "state", str_of(submission_state_text(event->state)));
    if (event->has_star)
        js_field_bool(out, "starred", event->is_starred);
    js_close(out, '}');
}

static void put_event(struct buf *out, const struct stream *self, const struct kept_event *event)
{
    buf_printf(out, "event: %s\n", NAMES[event->kind]);
    put_id_line(out, self, self->watcher.next);
    buf_put(out, STR("data: "));
    put_data(out, event);
    buf_put(out, STR("\n\n"));
}

/* Something was missed: whoever shows a list should load it anew. */
static void put_reset(struct buf *out, struct stream *self)
{
    self->watcher.next = events_next_number(self->ctx->events);
    buf_put(out, STR("event: reset\n"));
    put_id_line(out, self, self->watcher.next - 1);
    buf_put(out, STR("data: {}\n\n"));
}

/* --- the stream ---------------------------------------------------------- */

/* As scope_has(), without a whole struct scope for each of thousands. */
static bool sees(const struct stream *self, const char *form)
{
    struct str rest = self->forms, name;

    while (!self->sees_all && scope_next(&rest, &name))
        if (str_equal(name, str_of(form)))
            return true;
    return self->sees_all;
}

/* However much others' forms had to tell is no loss, and none of the client's business. */
static bool has_lost(const struct stream *self)
{
    struct events *events = self->ctx->events;
    struct str rest = self->forms, form;

    if (self->watcher.next == 0 || self->sees_all)
        return true;
    while (scope_next(&rest, &form))
        if (events_has_lost(events, self->watcher.next, form))
            return true;
    return false;
}

/* Everything that is there and may be seen, up to a piece's size. */
static void put_events(struct buf *out, struct stream *self)
{
    struct events *events = self->ctx->events;
    struct kept_event event NOT_CLEARED;
    enum err err;

    while (out->len < PIECE_MAX) {
        err = events_get(events, self->watcher.next, &event);
        if (err == ERR_NOT_FOUND)
            return;
        if (err != ERR_OK && has_lost(self)) {
            put_reset(out, self);
            continue;
        }
        if (err != ERR_OK) {
            self->watcher.next = events_oldest_number(events);
            continue;
        }
        if (sees(self, event.form))
            put_event(out, self, &event);
        self->watcher.next++;
    }
}

static bool is_over(struct app_ctx *ctx, const struct stream *self, int64_t now_ms)
{
    const struct standing standing = {.since = self->since, .account = self->watcher.account};

    return now_ms >= self->until_ms || !signin_stands(ctx->signin, &standing);
}

static enum flow watch(struct app_ctx *ctx, struct exchange *x);

/* How many events there are to tell, up to one too many; never how many others' forms have. */
static size_t count_behind(const struct stream *self)
{
    struct events *events = self->ctx->events;
    uint64_t number = self->watcher.next, end = events_next_number(events);
    struct kept_event event NOT_CLEARED;
    size_t count = 0;

    if (end - number <= BEHIND_MAX || self->sees_all)
        return end - number;
    for (; number < end && count <= BEHIND_MAX; number++)
        count += events_get(events, number, &event) == ERR_OK && sees(self, event.form);
    return count;
}

/* In a flood of messages a list is better loaded anew than patched a thousand times. */
static enum flow watched(struct app_ctx *ctx, struct exchange *x)
{
    struct stream *self = stream_of(x);

    if (count_behind(self) > BEHIND_MAX)
        put_reset(&x->reply.body, self);
    return watch(ctx, x);
}

static enum flow watch(struct app_ctx *ctx, struct exchange *x)
{
    struct stream *self = stream_of(x);
    struct buf *out = &x->reply.body;
    int64_t now_ms = clock_mono_ms();

    if (is_over(ctx, self, now_ms))
        return FLOW_DONE;
    put_events(out, self);
    if (!out->len && now_ms - self->sent_ms >= COMMENT_MS)
        buf_put(out, STR(":\n\n"));
    if (out->len) {
        self->sent_ms = now_ms;
        return FLOW_NEXT;
    }
    self->watcher.due_ms = self->sent_ms + COMMENT_MS;
    if (self->watcher.due_ms > self->until_ms)
        self->watcher.due_ms = self->until_ms;
    exchange_wait(x, watched);
    events_wait(ctx->events, &self->watcher);
    if (is_over(ctx, self, now_ms)) /* recalled just before it waited */
        events_hurry(ctx->events, &self->watcher);
    return FLOW_WAIT;
}

/* The first piece: how soon to come back, and where this stream begins. */
static enum flow greet(struct app_ctx *ctx, struct exchange *x)
{
    struct stream *self = stream_of(x);

    (void)ctx;
    x->reply.more = watch;
    self->sent_ms = clock_mono_ms();
    buf_put(&x->reply.body, STR("retry: 2000\n"));
    put_id_line(&x->reply.body, self, self->watcher.next - 1);
    buf_put(&x->reply.body, STR("\n"));
    return FLOW_NEXT;
}

static void stream_wake(struct watcher *watcher, bool more)
{
    exchange_wake(CONTAINER_OF(watcher, struct stream, watcher)->x, more);
}

static void stream_hurry(struct exchange *x)
{
    struct stream *self = stream_of(x);

    events_hurry(self->ctx->events, &self->watcher);
}

static void stream_end(struct exchange *x)
{
    struct stream *self = stream_of(x);

    events_leave(self->ctx->events, &self->watcher);
    quota_give_back(self->place);
}

/* A mark of event 17: 18 is next. Of another run, or anything else: 0, which is gone. */
static void set_start(struct stream *self, struct str last_id)
{
    struct events *events = self->ctx->events;
    uint64_t number;

    if (!last_id.ptr)
        self->watcher.next = events_next_number(events);
    else
        self->watcher.next = events_read_mark(events, last_id, &number) ? number + 1 : 0;
}

/* A stream ends with the token or session that it was asked for with, if not before. */
static int64_t life_ms(const struct identity *identity)
{
    int64_t left_ms = identity->expires_at_ms ? identity->expires_at_ms - clock_wall_ms() : LIFE_MS;

    return left_ms < LIFE_MS ? left_ms : LIFE_MS;
}

/* The stream in an exchange from which everything else is gone. NULL: there is no memory. */
static struct stream *stream_new(struct app_ctx *ctx, struct exchange *x)
{
    struct scope scope = x->principal->identity.scope;
    struct standing standing = x->principal->identity.standing;
    int64_t until_ms = clock_mono_ms() + life_ms(&x->principal->identity);
    CLEANUP(buf_done) struct buf last_id = buf_new(64);
    bool has_last_id = x->headers[HEADER_LAST_EVENT_ID].ptr;

    buf_put(&last_id, x->headers[HEADER_LAST_EVENT_ID]); /* too long: not one of ours */
    if (exchange_forget(x) != ERR_OK)
        return NULL;
    struct stream *self = arena_alloc(&x->arena, sizeof *self);
    if (!self)
        return NULL;
    *self = (struct stream){.watcher.wake = stream_wake,
                            .x = x,
                            .ctx = ctx,
                            .until_ms = until_ms,
                            .watcher.account = standing.account,
                            .since = standing.since,
                            .sees_all = scope.is_all};
    if (!scope.is_all && arena_keep(&x->arena, scope_text(&scope), &self->forms) != ERR_OK)
        return NULL;
    set_start(self, has_last_id ? (struct str){last_id.ptr ? last_id.ptr : "", last_id.len}
                                : (struct str){0});
    x->job = &self->job;
    return self;
}

static enum flow event_stream(struct app_ctx *ctx, struct exchange *x)
{
    atomic_uint *place = quota_take(&ctx->streams, str_of(x->principal->actor), ctx->streams_each);

    if (!place)
        return reply_retry_later(x, PROBLEM_ACCOUNT_BUSY, FULL_RETRY_MS);
    struct stream *self = stream_new(ctx, x);
    if (!self) {
        quota_give_back(place);
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    }
    self->place = place;
    if (events_enter(ctx->events, &self->watcher) != ERR_OK) {
        quota_give_back(place);
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, FULL_RETRY_MS);
    }
    x->end = stream_end;
    x->hurry = stream_hurry;
    x->decision = "watched";
    x->reply.content_type = "text/event-stream";
    reply_header(x, "X-Accel-Buffering", "no");
    return reply_stream(x, self->watcher.next ? greet : watch);
}
