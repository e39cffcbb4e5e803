/* SPDX-License-Identifier: MIT */
/*
 * What those who work on a message tell each other about it. Nobody changes a
 * note; its author takes it away, or who manages everything. note_run() and
 * unnote_run() are the committer's, the rest HTTP threads'.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

static enum flow note_add(struct app_ctx *ctx, struct exchange *x);
static enum flow note_delete(struct app_ctx *ctx, struct exchange *x);

const struct route NOTE_ROUTES[NOTE_ROUTE_COUNT] = {
    {.name = "note_add",
     .method = "POST",
     .path = "/admin/submissions/{id}/notes",
     .steps = {guard_write, note_add},
     .media = MEDIA_JSON,
     .help = "write a note beside a message",
     .body = "NewNote",
     .replies = {{201, "Note"}},
     .problems = PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(TOO_MANY_NOTES)},
    {.name = "note_delete",
     .method = "DELETE",
     .path = "/admin/submissions/{id}/notes/{note}",
     .steps = {guard_write, note_delete},
     .help = "take a note away; one's own, or with manage anybody's",
     .replies = {{204}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
};

struct note_job {
    struct job job;
    struct exchange *x;
    struct id id; /* of the submission */
    struct submission_note note;
    size_t count;   /* of the notes that are there */
    bool is_others; /* the note to be deleted */
};

static struct note_job *note_job_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct note_job, job);
}

static void note_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct note_job, job)->x, more);
}

/* --- the committer's part ------------------------------------------------ */

static enum err check_form(void *arg, const struct submission *row)
{
    return principal_sees(arg, row->form) ? ERR_OK : ERR_NOT_FOUND;
}

static enum err count_note(void *arg, const struct submission_note *note)
{
    struct note_job *self = arg;

    self->count++;
    if (note->id == self->note.id)
        self->is_others = !str_equal(note->author, self->note.author);
    return ERR_OK;
}

static enum err note_run(struct job *job, struct store *writer)
{
    struct note_job *self = CONTAINER_OF(job, struct note_job, job);

    TRY(store_submission_get(writer, &self->id, check_form, self->x));
    TRY(store_note_list(writer, &self->id, count_note, self));
    if (self->count >= NOTES_MAX)
        return ERR_EXISTS;
    self->note.created_at_ms = clock_wall_ms();
    const struct id id = store_next_id(writer, self->note.created_at_ms);
    self->note.id = id_seq(&id);
    return store_note_insert(writer, &self->id, &self->note);
}

static enum err unnote_run(struct job *job, struct store *writer)
{
    struct note_job *self = CONTAINER_OF(job, struct note_job, job);

    TRY(store_submission_get(writer, &self->id, check_form, self->x));
    TRY(store_note_list(writer, &self->id, count_note, self));
    if (self->is_others && self->x->principal->identity.access < ACCESS_MANAGE)
        return ERR_DENIED;
    return store_note_delete(writer, &self->id, self->note.id);
}

/* --- before and after ---------------------------------------------------- */

static enum flow note_failed(struct exchange *x, enum err err)
{
    if (err == ERR_NOT_FOUND)
        return reply_problem(x, PROBLEM_NOT_FOUND, "no such submission or note");
    if (err == ERR_DENIED)
        return reply_problem(x, PROBLEM_FORBIDDEN, "this note is somebody else's");
    if (err == ERR_EXISTS)
        return reply_problem(x, PROBLEM_TOO_MANY_NOTES, NULL);
    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "note_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow note_added(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return note_failed(x, x->job->result);
    x->decision = "noted";
    reply_json(x, 201);
    note_render(&x->reply.body, &note_job_of(x)->note);
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

static enum flow note_deleted(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return note_failed(x, x->job->result);
    x->decision = "deleted";
    return reply_nothing(x);
}

static struct note_job *note_job_new(struct exchange *x,
                                     enum err (*run)(struct job *, struct store *))
{
    struct note_job *self = arena_alloc(&x->arena, sizeof *self);

    if (!self)
        return NULL;
    *self = (struct note_job){
        .job = {.run = run, .done = note_done}, .x = x, .note.author = str_of(x->principal->actor)};
    x->job = &self->job;
    return self;
}

static enum flow note_start(struct app_ctx *ctx, struct note_job *self, step_fn next)
{
    exchange_wait(self->x, next);
    commit_submit(ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

static enum err read_text(struct exchange *x, struct str *ret_text, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *object = NULL;
    size_t points = 0;

    TRY(js_parse_object(x->body, &object, detail));
    struct str text = js_get_string(object, "text");
    if (json_object_size(object) != 1 || !str_trim(text).len || !utf8_length(text, &points) ||
        points > NOTE_TEXT_MAX)
        return err_set(detail, ERR_INVALID, "send {\"text\": ...} with 1 to %d characters",
                       NOTE_TEXT_MAX);
    return arena_keep(&x->arena, text, ret_text);
}

static enum flow note_add(struct app_ctx *ctx, struct exchange *x)
{
    struct note_job *self = note_job_new(x, note_run);
    struct err_detail detail = {""};

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (!id_parse(x->params[0], &self->id))
        return note_failed(x, ERR_NOT_FOUND);
    enum err err = read_text(x, &self->note.text, &detail);
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_JSON, detail.text);
    if (err != ERR_OK)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    return note_start(ctx, self, note_added);
}

static enum flow note_delete(struct app_ctx *ctx, struct exchange *x)
{
    struct note_job *self = note_job_new(x, unnote_run);
    uint64_t note_id;

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (!id_parse(x->params[0], &self->id) || !str_to_u64(x->params[1], INT64_MAX, &note_id))
        return note_failed(x, ERR_NOT_FOUND);
    self->note.id = (int64_t)note_id;
    return note_start(ctx, self, note_deleted);
}
