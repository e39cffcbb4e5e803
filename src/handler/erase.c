/* SPDX-License-Identifier: MIT */
/*
 * The end of messages: one, or all that an address has sent, on every form.
 * All rows must be looked at for that, since a hot index on addresses would cost every
 * post. So it goes in steps: a reader looks at some thousand rows, the
 * committer deletes what was found, and others have their turn in between. When it
 * breaks off half-way, asking again does the rest.
 *
 * look() runs on readers' threads, delete_found() and delete_one() on the
 * committer's, the rest on HTTP threads.
 */
#include "audit.h"
#include "base/json.h"
#include "change.h"
#include "core/email.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

enum {
    LOOK_ROWS = 20000, /* that one job of a reader looks at */
    DELETE_ROWS = 64,  /* that one job of the committer deletes */
    SHOWN_MAX = 100,   /* ids in the answer */
};

static enum flow submission_delete(struct app_ctx *ctx, struct exchange *x);
static enum flow erase(struct app_ctx *ctx, struct exchange *x);

const struct route ERASE_ROUTES[ERASE_ROUTE_COUNT] = {
    {.name = "submission_delete",
     .method = "DELETE",
     .path = "/admin/submissions/{id}",
     .steps = {guard_manage, submission_delete},
     .help = "delete a message for good",
     .replies = {{204}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
    {.name = "erase",
     .method = "POST",
     .path = "/admin/erase",
     .steps = {guard_manage, erase},
     .media = MEDIA_JSON,
     .help = "delete all that an address has sent, or say what that would be",
     .body = "Erasure",
     .replies = {{200, "Erased"}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(ACCOUNT_BUSY)},
};

struct erasure {
    struct job job;
    struct exchange *x;
    struct app_ctx *ctx;
    struct str email;
    atomic_uint *search; /* what a look has taken of ctx->searches */
    bool is_preview;
    bool is_over; /* all rows have been looked at */
    int64_t below_seq;
    int looked; /* rows, in this step */
    size_t found_count, shown_count;
    uint64_t count; /* in all */
    struct id found[DELETE_ROWS];
    struct id shown[SHOWN_MAX];
};

static struct erasure *erasure_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct erasure, job);
}

static void erasure_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct erasure, job)->x, more);
}

static struct erasure *erasure_new(struct app_ctx *ctx, struct exchange *x)
{
    struct erasure *self = arena_alloc(&x->arena, sizeof *self);

    if (!self)
        return NULL;
    *self =
        (struct erasure){.job = {.done = erasure_done}, .x = x, .ctx = ctx, .below_seq = INT64_MAX};
    x->job = &self->job;
    return self;
}

static enum flow failed(struct exchange *x, enum err err)
{
    reply_reset(x);
    if (err == ERR_NOT_FOUND)
        return reply_problem(x, PROBLEM_NOT_FOUND, "no submission has this id");
    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "erase_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

/* --- one ----------------------------------------------------------------- */

static enum err delete_one(struct job *job, struct store *writer)
{
    struct erasure *self = CONTAINER_OF(job, struct erasure, job);
    const struct audit_entry entry = audit_of(self->x, "submission.delete", self->x->params[0]);

    TRY(change_delete(self->ctx, writer, self->x, &self->found[0]));
    return audit_add(writer, &entry);
}

static enum flow submission_deleted(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return failed(x, x->job->result);
    x->decision = "deleted";
    return reply_nothing(x);
}

static enum flow submission_delete(struct app_ctx *ctx, struct exchange *x)
{
    struct erasure *self = erasure_new(ctx, x);

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (!id_parse(x->params[0], &self->found[0]))
        return failed(x, ERR_NOT_FOUND);
    self->job.run = delete_one;
    exchange_wait(x, submission_deleted);
    commit_submit(ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

/* --- all of an address: looking ------------------------------------------ */

static void count_one(struct erasure *self, const struct id *id)
{
    self->count++;
    if (self->shown_count < SHOWN_MAX)
        self->shown[self->shown_count++] = *id;
}

static enum err look_at(void *arg, const struct submission *row)
{
    struct erasure *self = arg;

    self->looked++;
    self->below_seq = id_seq(&row->id);
    if (!submission_has_address(row, self->email) || !principal_sees(self->x, row->form))
        return ERR_OK;
    if (self->is_preview) {
        count_one(self, &row->id);
        return ERR_OK;
    }
    self->found[self->found_count++] = row->id;
    return self->found_count < DELETE_ROWS ? ERR_OK : ERR_FULL;
}

static enum err look(struct job *job, struct store *reader)
{
    struct erasure *self = CONTAINER_OF(job, struct erasure, job);

    self->looked = 0;
    self->found_count = 0;
    enum err err = store_submission_scan(reader, self->below_seq, LOOK_ROWS, look_at, self);
    self->is_over = err == ERR_OK && self->looked < LOOK_ROWS;
    return self->found_count == DELETE_ROWS ? ERR_OK : err;
}

/* --- deleting ------------------------------------------------------------ */

/* How many, and not whose: the address is to be forgotten as well. */
static enum err tell_erased(struct erasure *self, struct store *writer, uint64_t count)
{
    struct audit_entry entry = audit_of(self->x, "submission.erase", (struct str){0});
    char detail[64];

    if (!count)
        return ERR_OK;
    snprintf(detail, sizeof detail, "messages of an address: %llu", (unsigned long long)count);
    entry.detail = str_of(detail);
    return audit_add(writer, &entry);
}

/* What somebody else has deleted meanwhile is as good as erased. */
static enum err delete_found(struct job *job, struct store *writer)
{
    struct erasure *self = CONTAINER_OF(job, struct erasure, job);
    uint64_t before = self->count;

    for (size_t i = 0; i < self->found_count; i++) {
        enum err err = change_delete(self->ctx, writer, self->x, &self->found[i]);
        if (err == ERR_NOT_FOUND)
            continue;
        TRY(err);
        count_one(self, &self->found[i]);
    }
    return tell_erased(self, writer, self->count - before);
}

/* --- step by step -------------------------------------------------------- */

static enum flow erase_looked(struct app_ctx *ctx, struct exchange *x);

static enum flow look_on(struct app_ctx *ctx, struct erasure *self)
{
    self->job.run = look;
    exchange_wait(self->x, erase_looked);
    worker_submit(ctx->searchers, &self->job);
    return FLOW_WAIT;
}

static enum flow erase_answer(struct erasure *self)
{
    struct buf *out = &self->x->reply.body;
    char id[ID_TEXT_LEN + 1];

    self->x->decision = self->is_preview ? "previewed" : "erased";
    reply_json(self->x, 200);
    js_open(out, '{');
    js_field_u64(out, "count", self->count);
    js_key(out, "submissions");
    js_open(out, '[');
    for (size_t i = 0; i < self->shown_count; i++) {
        id_format(&self->shown[i], id);
        js_comma(out);
        js_string(out, (struct str){id, ID_TEXT_LEN});
    }
    js_close(out, ']');
    js_close(out, '}');
    buf_put_char(out, '\n');
    return FLOW_DONE;
}

static enum flow go_on(struct app_ctx *ctx, struct erasure *self)
{
    return self->is_over ? erase_answer(self) : look_on(ctx, self);
}

static enum flow erase_deleted(struct app_ctx *ctx, struct exchange *x)
{
    if (x->job->result != ERR_OK)
        return failed(x, x->job->result);
    return go_on(ctx, erasure_of(x));
}

static enum flow erase_looked(struct app_ctx *ctx, struct exchange *x)
{
    struct erasure *self = erasure_of(x);

    if (self->job.result != ERR_OK)
        return failed(x, self->job.result);
    if (!self->found_count)
        return go_on(ctx, self);
    self->job.run = delete_found;
    exchange_wait(x, erase_deleted);
    commit_submit(ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

static void erase_end(struct exchange *x)
{
    quota_give_back(erasure_of(x)->search);
}

static enum err read_erasure(struct erasure *self, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *object = NULL;

    TRY(js_parse_object(self->x->body, &object, detail));
    struct str email = js_get_string(object, "email");
    const json_t *preview = json_object_get(object, "preview");
    if (json_object_size(object) != 2 || !email.ptr || !json_is_boolean(preview))
        return err_set(detail, ERR_INVALID,
                       "send {\"email\": ..., \"preview\": true} to see what would be deleted, and "
                       "false to delete it");
    if (!email_is_valid(email))
        return err_set(detail, ERR_INVALID, "email is not an e-mail address");
    self->is_preview = json_is_true(preview);
    return arena_keep(&self->x->arena, email, &self->email);
}

static enum flow erase(struct app_ctx *ctx, struct exchange *x)
{
    struct erasure *self = erasure_new(ctx, x);
    struct err_detail detail = {""};

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    enum err err = read_erasure(self, &detail);
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_JSON, detail.text);
    if (err != ERR_OK)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    self->search = quota_take(&ctx->searches, str_of(x->principal->actor), SEARCHES_EACH_MAX);
    if (!self->search)
        return reply_retry_later(x, PROBLEM_ACCOUNT_BUSY, SEARCH_RETRY_MS);
    x->end = erase_end;
    return look_on(ctx, self);
}
