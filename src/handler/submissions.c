/* SPDX-License-Identifier: MIT */
/*
 * Reading what has arrived: one page of the list, or one submission. Query
 * parameters are rows of a table; rows of the database are rendered straight
 * into the reply, on a worker's thread.
 */
#include "base/json.h"
#include "core/cursor.h"
#include "filter.h"
#include "guards.h"
#include "http/query_string.h"
#include "http/reply.h"
#include "topics.h"

static enum flow submission_list(struct app_ctx *ctx, struct exchange *x);
static enum flow submission_get(struct app_ctx *ctx, struct exchange *x);

const struct route SUBMISSION_ROUTES[2] = {
    {.name = "submission_list",
     .method = "GET",
     .path = "/admin/submissions",
     .steps = {guard_read, submission_list},
     .help = "submissions, newest first (limit, cursor, form, state, since, until)"},
    {.name = "submission_get",
     .method = "GET",
     .path = "/admin/submissions/{id}",
     .steps = {guard_read, submission_get},
     .help = "one submission"},
};

struct read_job {
    struct job job;
    struct exchange *x;
    struct submission_filter filter; /* for the list */
    struct id id;                    /* for one */
    int page;                        /* rows that the page may hold */
    int rows;                        /* rows that it holds */
    int64_t last_seq;                /* of the last row rendered */
    bool has_more;
};

/* --- query parameters ---------------------------------------------------- */

/* NULL, or what is wrong. */
static const char *read_filter(struct exchange *x, struct submission_filter *filter)
{
    struct query_string query = query_string_of(x->query);
    const char *wrong = NULL;
    struct str key, value;
    unsigned seen = 0;
    enum err err;

    *filter = (struct submission_filter){.limit = SUBMISSION_LIST_DEFAULT};
    while (!wrong && (err = query_string_next(&query, &x->arena, &key, &value)) != ERR_NOT_FOUND)
        wrong = err == ERR_OK ? filter_set(filter, key, value, &seen)
                              : "the query string is not valid percent-encoded UTF-8";
    return wrong;
}

/* --- the worker's part --------------------------------------------------- */

/* There is at least one more row than the page holds; ends the walk. */
static enum err end_page(struct read_job *self)
{
    self->has_more = true;
    return ERR_FULL;
}

/* A page ends early rather than grow beyond what a reply may hold. */
static enum err render_row(void *arg, const struct submission *row)
{
    struct read_job *self = arg;
    struct buf *out = &self->x->reply.body;
    size_t before = out->len;

    if (self->rows == self->page)
        return end_page(self);

    js_comma(out);
    submission_render(out, row);
    if (buf_status(out) == ERR_FULL && self->rows > 0) {
        out->len = before;
        out->err = ERR_OK;
        return end_page(self);
    }
    self->rows++;
    self->last_seq = id_seq(&row->id);
    return buf_status(out);
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct read_job *self = CONTAINER_OF(job, struct read_job, job);
    struct buf *out = &self->x->reply.body;

    js_open(out, '{');
    js_key(out, "submissions");
    js_open(out, '[');
    enum err err = store_submission_list(reader, &self->filter, render_row, self);
    if (err != ERR_OK && !self->has_more)
        return err;
    js_close(out, ']');
    return ERR_OK;
}

static enum err run_get(struct job *job, struct store *reader)
{
    struct read_job *self = CONTAINER_OF(job, struct read_job, job);

    return store_submission_get(reader, &self->id, render_row, self);
}

static void read_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct read_job, job)->x, more);
}

/* --- before and after ---------------------------------------------------- */

static struct read_job *read_job_new(struct exchange *x,
                                     enum err (*run)(struct job *, struct store *))
{
    struct read_job *self = arena_alloc(&x->arena, sizeof *self);

    if (!self)
        return NULL;
    *self = (struct read_job){.job = {.run = run, .done = read_done}, .x = x, .page = 1};
    x->job = &self->job;
    return self;
}

static enum flow read_start(struct app_ctx *ctx, struct exchange *x, struct read_job *self,
                            step_fn next)
{
    reply_json(x, 200);
    exchange_wait(x, next);
    worker_submit(ctx->readers, &self->job);
    return FLOW_WAIT;
}

static enum flow read_failed(struct exchange *x, enum err err)
{
    reply_reset(x);
    if (err == ERR_NOT_FOUND)
        return reply_problem(x, PROBLEM_NOT_FOUND, "no submission has this id");
    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "read_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow submission_listed(struct app_ctx *ctx, struct exchange *x)
{
    struct read_job *self = CONTAINER_OF(x->job, struct read_job, job);
    struct str next = {0};
    char cursor[CURSOR_TEXT_LEN + 1];

    (void)ctx;
    if (self->job.result != ERR_OK)
        return read_failed(x, self->job.result);
    if (self->has_more) {
        cursor_format(self->last_seq, cursor);
        next = str_of(cursor);
    }
    js_field_string(&x->reply.body, "next", next);
    js_close(&x->reply.body, '}');
    buf_put_char(&x->reply.body, '\n');
    x->decision = "listed";
    return FLOW_DONE;
}

static enum flow submission_list(struct app_ctx *ctx, struct exchange *x)
{
    struct read_job *self = read_job_new(x, run_list);

    if (!self)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
    const char *wrong = read_filter(x, &self->filter);
    if (wrong)
        return reply_problem(x, PROBLEM_INVALID_QUERY, wrong);
    self->page = self->filter.limit++;
    return read_start(ctx, x, self, submission_listed);
}

static enum flow submission_found(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return read_failed(x, x->job->result);
    buf_put_char(&x->reply.body, '\n');
    x->decision = "found";
    return FLOW_DONE;
}

static enum flow submission_get(struct app_ctx *ctx, struct exchange *x)
{
    struct read_job *self = read_job_new(x, run_get);

    if (!self)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
    if (!id_parse(x->params[0], &self->id))
        return reply_problem(x, PROBLEM_NOT_FOUND, "no submission has this id");
    return read_start(ctx, x, self, submission_found);
}
