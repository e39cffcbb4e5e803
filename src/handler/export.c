/* SPDX-License-Identifier: MIT */
/*
 * Everything that somebody may see, as one file. A reader renders a page, the
 * client takes it, the next page is rendered: however many rows there are and
 * however slow the client is, one page is in memory. For CSV, a first pass
 * finds the columns before the reply begins.
 *
 * run_scan() and run_page() are a worker's, run_audit() is the committer's, the
 * rest is the HTTP thread's.
 */
#include <stdlib.h>

#include "audit.h"
#include "base/clock.h"
#include "filter.h"
#include "guards.h"
#include "http/reply.h"
#include "service/exporter.h"
#include "topics.h"

static enum flow submission_export(struct app_ctx *ctx, struct exchange *x);

static const char *const FORMATS[] = {
#define FORMAT_AS_WORD(id, text, type) text,
    EXPORT_FORMAT_LIST(FORMAT_AS_WORD)
#undef FORMAT_AS_WORD
        NULL};

static const struct parameter EXPORT_ROWS[] = {
    {"format", PARAMETER_WORD, "of the file; csv if nothing is said", .words = FORMATS},
    {"bom", PARAMETER_BOOLEAN,
     .help = "whether a byte order mark comes first, which some spreadsheets want; for csv"},
    {0},
};

static const struct parameters EXPORT_PARAMETERS = {EXPORT_ROWS, &FILTER_PARAMETERS};

const struct route EXPORT_ROUTES[1] = {
    {.name = "submission_export",
     .method = "GET",
     .path = "/admin/export",
     .steps = {guard_read, submission_export},
     .help = "messages as a file, newest first",
     .query = &EXPORT_PARAMETERS,
     .replies = {{200, NULL, "text/csv; charset=utf-8"},
                 {200, NULL, "application/x-ndjson"},
                 {200, "SubmissionExport"}},
     .problems = PROBLEM_BIT(ACCOUNT_BUSY)},
};

struct export
{
    struct job job;
    struct exchange *x;
    struct exporter exporter;
    bool is_begun;
    atomic_uint *search; /* what it has taken of ctx->searches */
};

static struct export *export_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct export, job);
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
    worker_submit(ctx->searchers, &self->job);
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
    if (err != ERR_FULL && err != ERR_STOPPING)
        log_failure(x, err);
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

/* --- who took what ------------------------------------------------------- */

static enum err run_audit(struct job *job, struct store *writer)
{
    struct export *self = CONTAINER_OF(job, struct export, job);
    struct audit_entry entry = audit_of(self->x, "export", self->exporter.filter.form);

    entry.detail = str_of(export_format_text(self->exporter.format));
    return audit_add(writer, &entry);
}

/* A full disk is no reason to keep somebody from what is on it. */
static enum flow export_audited(struct app_ctx *ctx, struct exchange *x)
{
    enum err err = x->job->result;

    (void)ctx;
    if (err != ERR_OK)
        LOG(LOG_WARN, "export_not_audited", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return begin(x);
}

/*
 * One line a minute for each account after the first ten: a log of fixed length
 * must not be washed away by somebody who takes one empty file after the other.
 */
static bool is_worth_a_line(struct app_ctx *ctx, const struct exchange *x)
{
    static const struct bucket_limit LINES = {.burst = 10, .per_hour = 60};

    return limiter_take(ctx->census, 'x', str_of(x->principal->actor), &LINES, clock_mono_ms()) ==
           0;
}

static enum flow audit(struct app_ctx *ctx, struct exchange *x)
{
    struct export *self = export_of(x);

    if (!is_worth_a_line(ctx, x))
        return begin(x);
    self->job.run = run_audit;
    exchange_wait(x, export_audited);
    commit_submit(ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

static enum flow export_scanned(struct app_ctx *ctx, struct exchange *x)
{
    struct export *self = export_of(x);

    if (self->job.result != ERR_OK)
        return refuse(x, self->job.result);
    if (self->exporter.is_scanned)
        return audit(ctx, x);
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
    quota_give_back(self->search);
}

static enum flow submission_export(struct app_ctx *ctx, struct exchange *x)
{
    struct export *self = arena_alloc(&x->arena, sizeof *self);

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    *self = (struct export){.job.done = export_done, .x = x};
    self->exporter.format = (enum export_format)parameter_number(x, "format");
    self->exporter.has_bom = parameter_number(x, "bom");
    if (self->exporter.has_bom && self->exporter.format != EXPORT_CSV)
        return reply_problem(x, PROBLEM_INVALID_QUERY, "bom is for format=csv alone");
    if (!filter_read(x, &self->exporter.filter))
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
    self->search = quota_take(&ctx->searches, str_of(x->principal->actor), SEARCHES_EACH_MAX);
    if (!self->search)
        return reply_retry_later(x, PROBLEM_ACCOUNT_BUSY, SEARCH_RETRY_MS);
    x->job = &self->job;
    x->end = export_end;
    return submit(ctx, x, run_scan, export_scanned);
}
