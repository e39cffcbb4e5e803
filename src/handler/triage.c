/* SPDX-License-Identifier: MIT */
/*
 * An admin says what a message is. "Spam" and "not spam" teach the form's
 * filter, in the transaction that changes the message, so that the two never
 * disagree; whoever changes their mind takes the lesson back.
 *
 * triage_run() is the committer's, triage_reload() a reader's, the rest HTTP
 * threads'.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

enum { FIELDS_MEMORY_MAX = 256 * 1024 };

static enum flow submission_patch(struct app_ctx *ctx, struct exchange *x);

const struct route TRIAGE_ROUTES[TRIAGE_ROUTE_COUNT] = {
    {.name = "submission_patch",
     .method = "PATCH",
     .path = "/admin/submissions/{id}",
     .steps = {guard_write, submission_patch},
     .media = MEDIA_JSON,
     .help = "set a message's state",
     .body = "SubmissionChange",
     .replies = {{200, "SubmissionState"}},
     .problems = PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(INVALID_JSON)},
};

struct triage {
    struct job job;
    struct exchange *x;
    struct app_ctx *ctx;
    struct store *writer; /* while triage_run() is at work */
    struct id id;
    enum submission_state state;
    bool was_taught;
    char form[FORM_NAME_MAX + 1]; /* of the message that was changed */
};

static struct triage *triage_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct triage, job);
}

static void triage_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct triage, job)->x, more);
}

/* --- teaching ------------------------------------------------------------ */

/* What the filter should have learnt from a message that is moved from one state to another. */
static enum submission_taught lesson(const struct submission *row, enum submission_state state)
{
    if (state == STATE_SPAM)
        return TAUGHT_SPAM;
    if (row->state == STATE_SPAM && state != STATE_TRASH)
        return TAUGHT_GOOD;
    return row->taught;
}

static enum err load_model(struct store *writer, struct str form, struct bayes *model)
{
    CLEANUP(buf_done) struct buf bytes = buf_new(BAYES_PACKED_BYTES);
    uint64_t seed;

    enum err err = store_model_get(writer, form, &bytes);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_OK && bayes_unpack(buf_str(&bytes), model) == ERR_OK)
        return ERR_OK;
    secret_random(&seed, sizeof seed);
    bayes_start(model, seed);
    return ERR_OK;
}

static void change_model(struct bayes *model, const struct bayes_text *text,
                         enum submission_taught before, enum submission_taught after)
{
    if (before != TAUGHT_NOTHING)
        bayes_unteach(model, text, before == TAUGHT_SPAM);
    if (after != TAUGHT_NOTHING)
        bayes_teach(model, text, after == TAUGHT_SPAM);
}

static enum err teach_model(struct triage *self, const struct submission *row, struct str form,
                            const struct fields *fields, enum submission_taught after)
{
    const struct bayes_text text = {.email = row->email, .message = row->message, .fields = fields};
    struct {
        struct bayes model;
        uint8_t packed[BAYES_PACKED_BYTES];
    } *work = malloc(sizeof *work);

    if (!work)
        return ERR_MEMORY;
    enum err err = load_model(self->writer, form, &work->model);
    if (err == ERR_OK) {
        change_model(&work->model, &text, row->taught, after);
        bayes_pack(&work->model, work->packed);
        err = store_model_put(self->writer, form,
                              (struct str){(const char *)work->packed, sizeof work->packed});
    }
    free(work);
    return err;
}

static enum err teach(struct triage *self, const struct submission *row,
                      enum submission_taught after)
{
    const struct form_entry *form = forms_find(self->ctx->forms, row->form);
    struct arena arena;
    struct fields fields;

    arena_init(&arena, FIELDS_MEMORY_MAX, NULL, 0);
    enum err err =
        fields_from_json(row->fields.ptr ? row->fields : STR("{}"), &arena, &fields, NULL);
    if (err == ERR_OK) {
        err = teach_model(self, row, form ? form->name : STR(FORM_DEFAULT), &fields, after);
        fields_done(&fields);
    }
    arena_done(&arena);
    form_entry_release(form);
    return err;
}

static enum err change(void *arg, const struct submission *row)
{
    struct triage *self = arg;
    enum submission_taught after = lesson(row, self->state);

    memcpy(self->form, row->form.ptr,
           row->form.len < FORM_NAME_MAX ? row->form.len : FORM_NAME_MAX);
    self->was_taught = after != row->taught;
    if (self->was_taught)
        TRY(teach(self, row, after));
    return store_submission_set_state(self->writer, &self->id, self->state, after, clock_wall_ms());
}

static enum err triage_run(struct job *job, struct store *writer)
{
    struct triage *self = CONTAINER_OF(job, struct triage, job);

    self->writer = writer;
    return store_submission_get(writer, &self->id, change, self);
}

static enum err triage_reload(struct job *job, struct store *reader)
{
    return forms_reload(CONTAINER_OF(job, struct triage, job)->ctx->forms, reader);
}

/* --- before and after ---------------------------------------------------- */

static enum flow triage_answer(struct app_ctx *ctx, struct exchange *x)
{
    struct triage *self = triage_of(x);
    char id[ID_TEXT_LEN + 1];

    (void)ctx;
    if (self->job.result != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
    id_format(&self->id, id);
    x->decision = submission_state_text(self->state);
    reply_json(x, 200);
    js_open(&x->reply.body, '{');
    js_field_string(&x->reply.body, "id", (struct str){id, ID_TEXT_LEN});
    js_field_string(&x->reply.body, "state", str_of(submission_state_text(self->state)));
    js_field_bool(&x->reply.body, "taught", self->was_taught);
    js_close(&x->reply.body, '}');
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

static enum flow triage_committed(struct app_ctx *ctx, struct exchange *x)
{
    struct triage *self = triage_of(x);

    if (self->job.result == ERR_NOT_FOUND)
        return reply_problem(x, PROBLEM_NOT_FOUND, "no submission has this id");
    if (self->job.result == ERR_OK)
        events_publish_one(ctx->events, EVENT_CHANGE, str_of(self->form), &self->id, self->state);
    if (self->job.result != ERR_OK || !self->was_taught)
        return triage_answer(ctx, x);
    self->job.run = triage_reload;
    exchange_wait(x, triage_answer);
    worker_submit(ctx->readers, &self->job);
    return FLOW_WAIT;
}

static enum err read_change(struct str body, enum submission_state *ret_state,
                            struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *object = NULL;

    TRY(js_parse_object(body, &object, detail));
    if (json_object_size(object) != 1 ||
        !submission_state_parse(js_get_string(object, "state"), ret_state))
        return err_set(detail, ERR_INVALID,
                       "send {\"state\": ...} with new, read, archived, spam or trash");
    return ERR_OK;
}

static enum flow submission_patch(struct app_ctx *ctx, struct exchange *x)
{
    struct triage *self = arena_alloc(&x->arena, sizeof *self);
    struct err_detail detail = {""};

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    *self = (struct triage){.job = {.run = triage_run, .done = triage_done}, .x = x, .ctx = ctx};
    if (!id_parse(x->params[0], &self->id))
        return reply_problem(x, PROBLEM_NOT_FOUND, "no submission has this id");
    if (read_change(x->body, &self->state, &detail) != ERR_OK)
        return reply_problem(x, PROBLEM_INVALID_JSON, detail.text);
    x->job = &self->job;
    exchange_wait(x, triage_committed);
    commit_submit(ctx->commit, &self->job, false);
    return FLOW_WAIT;
}
