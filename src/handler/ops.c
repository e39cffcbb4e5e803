/* SPDX-License-Identifier: MIT */
/* What operators ask: is it alive, can it write, which version is it, how is it doing. */
#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

enum { READY_KEPT_MS = 1000, RELEASE_YEAR = 2026 };

static enum flow health_get(struct app_ctx *ctx, struct exchange *x);
static enum flow ready_get(struct app_ctx *ctx, struct exchange *x);
static enum flow version_get(struct app_ctx *ctx, struct exchange *x);
static enum flow metrics_get(struct app_ctx *ctx, struct exchange *x);

const struct route OPS_ROUTES[4] = {
    {.name = "health",
     .method = "GET",
     .path = "/healthz",
     .steps = {guard_open, health_get},
     .help = "200 while the process serves",
     .replies = {{200, "Status"}}},
    {.name = "ready",
     .method = "GET",
     .path = "/readyz",
     .steps = {guard_open, ready_get},
     .help = "200 while the database can be written, else 503",
     .replies = {{200, "Status"}},
     .problems = PROBLEM_BIT(UNAVAILABLE)},
    {.name = "version",
     .method = "GET",
     .path = "/version",
     .steps = {guard_open, version_get},
     .help = "name, version and year of release",
     .replies = {{200, "Version"}}},
    {.name = "metrics",
     .method = "GET",
     .path = "/metrics",
     .steps = {guard_local_or_read, metrics_get},
     .help = "counters in Prometheus text format; from elsewhere with a token",
     .replies = {{200, NULL, "text/plain; version=0.0.4; charset=utf-8"}}},
};

static enum flow reply_status(struct exchange *x, unsigned status, struct str text)
{
    reply_json(x, status);
    js_open(&x->reply.body, '{');
    js_field_string(&x->reply.body, "status", text);
    js_close(&x->reply.body, '}');
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

static enum flow health_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    return reply_status(x, 200, STR("ok"));
}

/* --- ready --------------------------------------------------------------- */

struct ready_job {
    struct job job;
    struct exchange *x;
};

static enum err ready_write(struct job *job, struct store *store)
{
    char now[CLOCK_TEXT_LEN + 1];

    (void)job;
    clock_format(clock_wall_ms(), now);
    return store_meta_put(store, STR("ready_at"), str_of(now));
}

static void ready_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct ready_job, job)->x, more);
}

static enum flow ready_reply(struct app_ctx *ctx, struct exchange *x)
{
    if (atomic_load(&ctx->is_ready))
        return reply_status(x, 200, STR("ok"));
    return reply_problem(x, PROBLEM_UNAVAILABLE, "the database cannot be written; see the log");
}

static enum flow ready_written(struct app_ctx *ctx, struct exchange *x)
{
    atomic_store(&ctx->is_ready, x->job->result == ERR_OK);
    return ready_reply(ctx, x);
}

/* Proved by a real write, at most one a second however many ask. */
static enum flow ready_get(struct app_ctx *ctx, struct exchange *x)
{
    int64_t now_ms = clock_mono_ms();
    int64_t checked_ms = atomic_load(&ctx->ready_checked_ms);
    struct ready_job *self = arena_alloc(&x->arena, sizeof *self);

    bool is_mine = now_ms - checked_ms >= READY_KEPT_MS &&
                   atomic_compare_exchange_strong(&ctx->ready_checked_ms, &checked_ms, now_ms);
    if (!is_mine || !self)
        return ready_reply(ctx, x);
    *self = (struct ready_job){.job = {.run = ready_write, .done = ready_done}, .x = x};
    x->job = &self->job;
    exchange_wait(x, ready_written);
    commit_submit(ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

/* --- the rest ------------------------------------------------------------ */

static enum flow version_get(struct app_ctx *ctx, struct exchange *x)
{
    struct buf *out = &x->reply.body;

    (void)ctx;
    reply_json(x, 200);
    js_open(out, '{');
    js_field_string(out, "name", STR("contactd"));
    js_field_string(out, "version", STR(CONTACTD_VERSION));
    js_field_u64(out, "releaseYear", RELEASE_YEAR);
    js_close(out, '}');
    buf_put_char(out, '\n');
    return FLOW_DONE;
}

static enum flow metrics_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    reply_text(x, 200);
    x->reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_render(&x->reply.body);
    server_metrics(x, &x->reply.body);
    return FLOW_DONE;
}
