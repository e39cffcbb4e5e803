/* SPDX-License-Identifier: MIT */
/*
 * An admin says what a message is, or many are: the state, and the star. All of
 * a request is one job of the committer's; when that has taught a filter, a
 * reader lets service/forms read anew before the answer.
 *
 * triage_run() is the committer's, triage_reload() a reader's, the rest HTTP
 * threads'.
 */
#include "change.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

enum { BULK_MAX = 500 };

static enum flow submission_patch(struct app_ctx *ctx, struct exchange *x);
static enum flow submission_bulk(struct app_ctx *ctx, struct exchange *x);

const struct route TRIAGE_ROUTES[TRIAGE_ROUTE_COUNT] = {
    {.name = "submission_patch",
     .method = "PATCH",
     .path = "/admin/submissions/{id}",
     .steps = {guard_write, submission_patch},
     .media = MEDIA_JSON,
     .help = "set a message's state or star",
     .body = "SubmissionChange",
     .replies = {{200, "Submission"}},
     .problems = PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(INVALID_JSON)},
    {.name = "submission_bulk",
     .method = "POST",
     .path = "/admin/submissions/bulk",
     .steps = {guard_write, submission_bulk},
     .media = MEDIA_JSON,
     .help = "the same for up to 500 messages",
     .body = "BulkChange",
     .replies = {{200, "BulkChanged"}},
     .problems = PROBLEM_BIT(INVALID_JSON)},
};

struct triage {
    struct job job;
    struct exchange *x;
    struct app_ctx *ctx;
    struct change change;
    bool is_bulk;
    size_t count, missing_count;
    bool has_taught;
    struct id *ids;
    char (*forms)[FORM_NAME_MAX + 1]; /* beside the ids; "" where there is none */
};

static struct triage *triage_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct triage, job);
}

static void triage_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct triage, job)->x, more);
}

/* --- the committer's and the reader's part ------------------------------- */

static enum err change_all(struct triage *self, struct lessons *lessons)
{
    struct buf *out = self->is_bulk ? NULL : &self->x->reply.body;

    for (size_t i = 0; i < self->count; i++) {
        self->forms[i][0] = '\0';
        enum err err =
            change_submission(lessons, self->x, &self->ids[i], &self->change, out, self->forms[i]);
        if (err == ERR_NOT_FOUND)
            self->missing_count++;
        else
            TRY(err);
    }
    return ERR_OK;
}

static enum err triage_run(struct job *job, struct store *writer)
{
    struct triage *self = CONTAINER_OF(job, struct triage, job);
    CLEANUP(lessons_done) struct lessons lessons;

    lessons_init(&lessons, self->ctx, writer);
    TRY(change_all(self, &lessons));
    TRY(lessons_keep(&lessons));
    self->has_taught = lessons.has_taught;
    return ERR_OK;
}

static enum err triage_reload(struct job *job, struct store *reader)
{
    return forms_reload(CONTAINER_OF(job, struct triage, job)->ctx->forms, reader);
}

/* --- the answer ---------------------------------------------------------- */

static void put_bulk(struct triage *self, struct buf *out)
{
    char id[ID_TEXT_LEN + 1];

    js_open(out, '{');
    js_field_u64(out, "changed", self->count - self->missing_count);
    js_key(out, "missing");
    js_open(out, '[');
    for (size_t i = 0; i < self->count; i++) {
        if (self->forms[i][0])
            continue;
        id_format(&self->ids[i], id);
        js_comma(out);
        js_string(out, (struct str){id, ID_TEXT_LEN});
    }
    js_close(out, ']');
    js_close(out, '}');
}

static enum flow triage_failed(struct exchange *x, enum err err)
{
    reply_reset(x);
    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "triage_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow triage_answer(struct app_ctx *ctx, struct exchange *x)
{
    struct triage *self = triage_of(x);

    (void)ctx;
    if (self->job.result != ERR_OK)
        return triage_failed(x, self->job.result);
    x->decision = self->change.has_state ? submission_state_text(self->change.state) : "starred";
    if (self->is_bulk)
        put_bulk(self, &x->reply.body);
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

/* One event for each run of messages of the same form. */
static void tell_watchers(const struct triage *self)
{
    struct event event = {.kind = EVENT_CHANGE,
                          .has_state = self->change.has_state,
                          .has_star = self->change.has_star,
                          .state = self->change.state,
                          .is_starred = self->change.is_starred};

    for (size_t i = 0; i < self->count; i += event.id_count) {
        event.form = str_of(self->forms[i]);
        event.ids = &self->ids[i];
        event.id_count = 1;
        while (i + event.id_count < self->count &&
               str_equal(str_of(self->forms[i + event.id_count]), event.form))
            event.id_count++;
        if (event.form.len)
            events_publish(self->ctx->events, &event);
    }
}

static enum flow triage_committed(struct app_ctx *ctx, struct exchange *x)
{
    struct triage *self = triage_of(x);

    if (self->job.result == ERR_OK && self->missing_count && !self->is_bulk)
        return reply_problem(x, PROBLEM_NOT_FOUND, "no submission has this id");
    if (self->job.result == ERR_OK) {
        tell_watchers(self);
        if (self->change.has_state && !(STATES_FLAGGED >> self->change.state & 1))
            outbox_nudge(ctx->outbox);
    }
    if (self->job.result != ERR_OK || !self->has_taught)
        return triage_answer(ctx, x);
    self->job.run = triage_reload;
    exchange_wait(x, triage_answer);
    worker_submit(ctx->readers, &self->job);
    return FLOW_WAIT;
}

/* --- the request --------------------------------------------------------- */

/* With room for so many ids. */
static struct triage *triage_new(struct app_ctx *ctx, struct exchange *x, size_t room)
{
    struct triage *self = arena_alloc(&x->arena, sizeof *self);
    struct id *ids = arena_alloc(&x->arena, room * sizeof *ids);
    char(*forms)[FORM_NAME_MAX + 1] = arena_alloc(&x->arena, room * sizeof *forms);

    if (!self || !ids || !forms)
        return NULL;
    *self = (struct triage){.job = {.run = triage_run, .done = triage_done},
                            .x = x,
                            .ctx = ctx,
                            .ids = ids,
                            .forms = forms};
    x->job = &self->job;
    return self;
}

static enum flow triage_start(struct triage *self)
{
    reply_json(self->x, 200);
    exchange_wait(self->x, triage_committed);
    commit_submit(self->ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

static enum flow refuse(struct exchange *x, enum err err, const struct err_detail *detail)
{
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_JSON, detail->text);
    return reply_problem(x, PROBLEM_INTERNAL, NULL);
}

static enum err read_patch(struct triage *self, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *object = NULL;

    TRY(js_parse_object(self->x->body, &object, detail));
    return change_read(object, false, &self->change, detail);
}

static enum flow submission_patch(struct app_ctx *ctx, struct exchange *x)
{
    struct triage *self = triage_new(ctx, x, 1);
    struct err_detail detail = {""};

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (!id_parse(x->params[0], &self->ids[0]))
        return reply_problem(x, PROBLEM_NOT_FOUND, "no submission has this id");
    self->count = 1;
    enum err err = read_patch(self, &detail);
    return err == ERR_OK ? triage_start(self) : refuse(x, err, &detail);
}

static bool has_id(const struct triage *self, const struct id *id)
{
    for (size_t i = 0; i < self->count; i++)
        if (memcmp(self->ids[i].bytes, id->bytes, sizeof id->bytes) == 0)
            return true;
    return false;
}

/* Each once, however often it was sent. */
static enum err read_ids(struct triage *self, const json_t *ids, struct err_detail *detail)
{
    const json_t *item;
    size_t index;

    if (!json_is_array(ids) || !json_array_size(ids) || json_array_size(ids) > BULK_MAX)
        return err_set(detail, ERR_INVALID, "ids must be a list of 1 to %d ids", BULK_MAX);
    json_array_foreach(ids, index, item)
    {
        struct str text = {json_string_value(item), json_string_length(item)};
        struct id id;
        if (!id_parse(text, &id))
            return err_set(detail, ERR_INVALID, "ids[%zu] is not a submission's id", index);
        if (!has_id(self, &id))
            self->ids[self->count++] = id;
    }
    return ERR_OK;
}

static enum err read_bulk(struct triage *self, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *object = NULL;

    TRY(js_parse_object(self->x->body, &object, detail));
    TRY(read_ids(self, json_object_get(object, "ids"), detail));
    return change_read(object, true, &self->change, detail);
}

static enum flow submission_bulk(struct app_ctx *ctx, struct exchange *x)
{
    struct triage *self = triage_new(ctx, x, BULK_MAX);
    struct err_detail detail = {""};

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    self->is_bulk = true;
    enum err err = read_bulk(self, &detail);
    return err == ERR_OK ? triage_start(self) : refuse(x, err, &detail);
}
