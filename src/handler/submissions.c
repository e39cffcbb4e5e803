/* SPDX-License-Identifier: MIT */
/*
 * Reading what has arrived: one page of the list, or one submission. Rows
 * of the database are rendered straight into the reply, on a worker's thread.
 */
#include "base/json.h"
#include "core/cursor.h"
#include "filter.h"
#include "guards.h"
#include "http/reply.h"
#include "listing.h"
#include "topics.h"

static enum flow submission_list(struct app_ctx *ctx, struct exchange *x);
static enum flow submission_get(struct app_ctx *ctx, struct exchange *x);

/* --- query parameters ---------------------------------------------------- */

/* Which page of them. */
static const struct parameter PAGE_ROWS[] = {
    {"limit", PARAMETER_NUMBER, "how many at most", .min = 1, .max = SUBMISSION_LIST_MAX,
     .fallback = SUBMISSION_LIST_DEFAULT},
    {"cursor", PARAMETER_TEXT, "continues an earlier page", .fits = cursor_is_valid,
     .expected = "the 'next' of an earlier page"},
    {0},
};

static const struct parameters PAGE = {PAGE_ROWS, &FILTER_PARAMETERS};

static bool read_filter(struct exchange *x, struct submission_filter *filter)
{
    if (!filter_read(x, filter))
        return false;
    filter->limit = (int)parameter_number(x, "limit");
    if (!cursor_parse(parameter_text(x, "cursor"), &filter->below_seq))
        filter->below_seq = 0;
    return true;
}

/* --- the rows ------------------------------------------------------------ */

const struct route SUBMISSION_ROUTES[2] = {
    {.name = "submission_list",
     .method = "GET",
     .path = "/admin/submissions",
     .steps = {guard_read, submission_list},
     .help = "submissions, newest first",
     .query = &PAGE,
     .replies = {{200, "SubmissionList"}},
     .problems = PROBLEM_BIT(ACCOUNT_BUSY)},
    {.name = "submission_get",
     .method = "GET",
     .path = "/admin/submissions/{id}",
     .steps = {guard_read, submission_get},
     .help = "one submission",
     .replies = {{200, "Submission"}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
};

struct read_job {
    struct job job;
    struct exchange *x;
    struct submission_filter filter; /* for the list */
    struct id id;                    /* for one */
    struct outbox *outbox;           /* likewise */
    struct listing page;
    atomic_uint *search; /* what a search has taken of ctx->searches, else NULL */
    struct str question; /* of the cache: who sees what, and the query; ptr NULL: not kept */
    uint64_t generation; /* of the store, before the list was read */
};

/* --- the worker's part --------------------------------------------------- */

static enum err render_row(void *arg, const struct submission *row)
{
    struct read_job *self = arg;

    TRY(listing_open_row(&self->page));
    submission_render(self->page.out, row);
    return listing_close_row(&self->page, id_seq(&row->id));
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct read_job *self = CONTAINER_OF(job, struct read_job, job);
    struct buf *out = &self->x->reply.body;

    js_open(out, '{');
    js_key(out, "submissions");
    js_open(out, '[');
    enum err err = store_submission_list(reader, &self->filter, render_row, self);
    if (err != ERR_OK && !self->page.has_more)
        return err;
    js_close(out, ']');
    return ERR_OK;
}

/* Open, for the notes. */
static enum err render_one(void *arg, const struct submission *row)
{
    struct exchange *x = arg;

    if (!principal_sees(x, row->form))
        return ERR_NOT_FOUND;
    submission_render_open(&x->reply.body, row);
    return buf_status(&x->reply.body);
}

static enum err render_note(void *arg, const struct submission_note *note)
{
    struct buf *out = arg;

    js_comma(out);
    note_render(out, note);
    return buf_status(out);
}

static enum err render_attempt(void *arg, const struct delivery_attempt *attempt)
{
    struct buf *out = arg;

    js_comma(out);
    delivery_attempt_render(out, attempt);
    return buf_status(out);
}

struct told {
    struct outbox *outbox;
    struct store *reader;
    struct buf *out;
};

static enum err render_delivery(void *arg, const struct delivery *row)
{
    struct told *told = arg;

    js_comma(told->out);
    outbox_render_open(told->outbox, told->out, row);
    js_key(told->out, "history");
    js_open(told->out, '[');
    TRY(store_attempt_list(told->reader, &row->id, render_attempt, told->out));
    js_close(told->out, ']');
    js_close(told->out, '}');
    return buf_status(told->out);
}

static enum err run_get(struct job *job, struct store *reader)
{
    struct read_job *self = CONTAINER_OF(job, struct read_job, job);
    struct buf *out = &self->x->reply.body;

    TRY(store_submission_get(reader, &self->id, render_one, self->x));
    js_key(out, "notes");
    js_open(out, '[');
    TRY(store_note_list(reader, &self->id, render_note, out));
    js_close(out, ']');
    const struct delivery_filter filter = {.submission = &self->id, .limit = DELIVERY_LIST_MAX};
    struct told told = {self->outbox, reader, out};
    js_key(out, "deliveries");
    js_open(out, '[');
    TRY(store_delivery_list(reader, &filter, render_delivery, &told));
    js_close(out, ']');
    js_close(out, '}');
    return buf_status(out);
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
    *self = (struct read_job){.job = {.run = run, .done = read_done}, .x = x};
    self->page.out = &x->reply.body;
    x->job = &self->job;
    return self;
}

static enum flow read_start(struct worker *worker, struct exchange *x, struct read_job *self,
                            step_fn next)
{
    reply_json(x, 200);
    exchange_wait(x, next);
    worker_submit(worker, &self->job);
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

/* Two accounts that see the same forms get the same answer to the same query. */
static struct str question_of(struct exchange *x)
{
    struct str scope = scope_text(&x->principal->identity.scope);
    size_t len = scope.len + 1 + x->query.len;
    char *text = arena_alloc(&x->arena, len);

    if (!text)
        return (struct str){0};
    memcpy(text, scope.ptr, scope.len);
    text[scope.len] = '?';
    if (x->query.len)
        memcpy(text + scope.len + 1, x->query.ptr, x->query.len);
    return (struct str){text, len};
}

static enum flow submission_listed(struct app_ctx *ctx, struct exchange *x)
{
    struct read_job *self = CONTAINER_OF(x->job, struct read_job, job);

    if (self->job.result != ERR_OK)
        return read_failed(x, self->job.result);
    listing_put_next(&self->page);
    js_close(&x->reply.body, '}');
    buf_put_char(&x->reply.body, '\n');
    if (self->question.ptr && buf_status(&x->reply.body) == ERR_OK)
        cache_put(ctx->cache, self->question, self->generation, buf_str(&x->reply.body));
    x->decision = "listed";
    return FLOW_DONE;
}

static void search_end(struct exchange *x)
{
    quota_give_back(CONTAINER_OF(x->job, struct read_job, job)->search);
}

static enum flow submission_list(struct app_ctx *ctx, struct exchange *x)
{
    struct read_job *self = read_job_new(x, run_list);

    if (!self)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
    self->generation = commit_generation(ctx->commit);
    self->question = question_of(x);
    reply_json(x, 200);
    if (self->question.ptr &&
        cache_get(ctx->cache, self->question, self->generation, &x->reply.body)) {
        x->decision = "listed_again";
        return FLOW_DONE;
    }
    reply_reset(x);
    if (!read_filter(x, &self->filter))
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
    self->page.max = self->filter.limit++;
    if (!self->filter.query)
        return read_start(ctx->readers, x, self, submission_listed);
    self->search = quota_take(&ctx->searches, str_of(x->principal->actor), SEARCHES_EACH_MAX);
    if (!self->search)
        return reply_retry_later(x, PROBLEM_ACCOUNT_BUSY, SEARCH_RETRY_MS);
    x->end = search_end;
    return read_start(ctx->searchers, x, self, submission_listed);
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
    self->outbox = ctx->outbox;
    return read_start(ctx->readers, x, self, submission_found);
}
