/* SPDX-License-Identifier: MIT */
/*
 * Everything that somebody may see, as one file. A reader renders a page, the
 * client takes it, the next page is rendered: however many rows there are and
 * however slow the client is, one page is in memory. For CSV, a first pass
 * finds the columns before the reply begins, so that it can still be refused.
 *
 * run_scan() and run_page() are a worker's, the rest is the HTTP thread's.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "filter.h"
#include "guards.h"
#include "http/query_string.h"
#include "http/reply.h"
#include "service/exporter.h"
#include "topics.h"

static enum flow submission_export(struct app_ctx *ctx, struct exchange *x);

const struct route EXPORT_ROUTES[1] = {
    {.name = "submission_export",
     .method = "GET",
     .path = "/admin/export",
     .steps = {guard_read, submission_export},
     .help = "submissions as a file (format=csv|ndjson|json, bom, form, state, since, until)"},
};

struct export
{
    struct job job;
    struct exchange *x;
    struct exporter exporter;
    bool has_format, is_begun;
};

static struct export *export_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct export, job);
}

/* --- query parameters ---------------------------------------------------- */

static const char *set_format(struct export *self, struct str value)
{
    if (self->has_format)
        return "a parameter was sent twice";
    self->has_format = true;
    return export_format_parse(value, &self->exporter.format)
               ? NULL
               : "format must be csv, ndjson or json";
}

static const char *set_bom(struct export *self, struct str value)
{
    self->exporter.has_bom = str_equal(value, STR("true"));
    return self->exporter.has_bom || str_equal(value, STR("false")) ? NULL
                                                                    : "bom must be true or false";
}

static const char *set_parameter(struct export *self, struct str key, struct str value,
                                 unsigned *seen)
{
    if (str_equal(key, STR("format")))
        return set_format(self, value);
    if (str_equal(key, STR("bom")))
        return set_bom(self, value);
    if (filter_is_paging(key))
        return "an export has no pages: limit and cursor are not known here";
    return filter_set(&self->exporter.filter, key, value, seen);
}

/* NULL, or what is wrong. */
static const char *read_query(struct export *self)
{
    struct query_string query = query_string_of(self->x->query);
    const char *wrong = NULL;
    struct str key, value;
    unsigned seen = 0;
    enum err err;

    while (!wrong &&
           (err = query_string_next(&query, &self->x->arena, &key, &value)) != ERR_NOT_FOUND)
        wrong = err == ERR_OK ? set_parameter(self, key, value, &seen)
                              : "the query string is not valid percent-encoded UTF-8";
    if (!wrong && self->exporter.has_bom && self->exporter.format != EXPORT_CSV)
        wrong = "bom is for format=csv alone";
    return wrong;
}

/* --- the worker's part --------------------------------------------------- */

static enum err run_scan(struct job *job, struct store *reader)
{
    return exporter_scan(&CONTAINER_OF(job, struct export, job)->exporter, reader);
}

static enum err run_page(struct job *job, struct store *reader)
{
    struct export *self = CONTAINER_OF(job, struct export, job);

    return exporter_page(&self->exporter, reader, &self->x->reply.body);
}

static void export_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct export, job)->x, more);
}

static enum flow submit(struct app_ctx *ctx, struct exchange *x,
                        enum err (*run)(struct job *, struct store *), step_fn next)
{
    struct export *self = export_of(x);

    self->job.run = run;
    exchange_wait(x, next);
    worker_submit(ctx->readers, &self->job);
    return FLOW_WAIT;
}

/* --- the file ------------------------------------------------------------ */

static void log_failure(const struct exchange *x, enum err err)
{
    LOG(LOG_ERROR, "export_failed", LOG_TEXT("requestId", x->request_id),
        LOG_TEXT("reason", err_text(err)));
}

static enum flow export_page_ready(struct app_ctx *ctx, struct exchange *x)
{
    struct export *self = export_of(x);

    (void)ctx;
    if (self->job.result != ERR_OK) {
        log_failure(x, self->job.result);
        x->decision = "export_failed";
        return reply_cut(x);
    }
    return self->exporter.is_done ? FLOW_DONE : FLOW_NEXT;
}

static enum flow export_more(struct app_ctx *ctx, struct exchange *x)
{
    return submit(ctx, x, run_page, export_page_ready);
}

/* contactd-shop-2026-11-21.csv */
static const char *disposition(struct export *self)
{
    CLEANUP(buf_done) struct buf text = buf_new(256);
    struct str form = self->exporter.filter.form;
    char time[CLOCK_TEXT_LEN + 1];

    clock_format(clock_wall_ms(), time);
    buf_put(&text, STR("attachment; filename=\"contactd-"));
    buf_put(&text, form);
    buf_put(&text, form.len ? STR("-") : STR(""));
    buf_put(&text, (struct str){time, 10});
    buf_put_char(&text, '.');
    buf_put(&text, str_of(export_format_text(self->exporter.format)));
    buf_put_char(&text, '"');
    return arena_copy(&self->x->arena, buf_str(&text));
}

static enum flow begin(struct exchange *x)
{
    struct export *self = export_of(x);

    self->is_begun = true;
    x->decision = "exported";
    x->reply.content_type = export_format_type(self->exporter.format);
    reply_header(x, "Content-Disposition", disposition(self));
    return reply_stream(x, export_more);
}

static enum flow refuse(struct exchange *x, enum err err)
{
    if (export_of(x)->exporter.is_too_wide)
        return reply_problem(x, PROBLEM_TOO_MANY_COLUMNS,
                             "these messages have more than 500 different fields; choose a form or "
                             "a time with form, since and until, or take format=ndjson");
    if (err != ERR_FULL && err != ERR_STOPPING)
        log_failure(x, err);
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow export_scanned(struct app_ctx *ctx, struct exchange *x)
{
    struct export *self = export_of(x);

    if (self->job.result != ERR_OK)
        return refuse(x, self->job.result);
    if (self->exporter.is_scanned)
        return begin(x);
    if (!exchange_is_wanted(x))
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
    return submit(ctx, x, run_scan, export_scanned);
}

/* Who took what is worth a line of its own. */
static void export_end(struct exchange *x)
{
    struct export *self = export_of(x);

    if (self->is_begun)
        LOG(LOG_INFO, "export", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("format", export_format_text(self->exporter.format)),
            LOG_INT("rows", self->exporter.rows),
            LOG_TEXT("isWhole", self->exporter.is_done ? "true" : "false"));
    exporter_done(&self->exporter);
}

static enum flow submission_export(struct app_ctx *ctx, struct exchange *x)
{
    struct export *self = arena_alloc(&x->arena, sizeof *self);

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    *self = (struct export){.job.done = export_done, .x = x};
    self->exporter.scope = &x->principal->identity.scope;
    const char *wrong = read_query(self);
    if (wrong)
        return reply_problem(x, PROBLEM_INVALID_QUERY, wrong);
    x->job = &self->job;
    x->end = export_end;
    return submit(ctx, x, run_scan, export_scanned);
}
