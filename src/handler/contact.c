/* SPDX-License-Identifier: MIT */
/*
 * A message arrives, through whichever door: every dialect's body becomes the
 * same fields, is held against its form's rules, becomes a row, waits for the
 * committer, and is answered when it is on disk.
 *
 * HTTP threads, but for post_store() and post_stored(), which run on the
 * committer's thread, and proof_run() on a worker's.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "core/validate.h"
#include "cors.h"
#include "guards.h"
#include "http/reply.h"
#include "judge.h"
#include "notify.h"
#include "post.h"
#include "proofs.h"
#include "rate.h"
#include "refusal.h"
#include "topics.h"

enum {
    KEY_KEPT_MS = 24 * 3600 * 1000, /* for so long an idempotency key stands for its message */
    RETRY_MS = 2000,
};

static enum flow contact_create(struct app_ctx *ctx, struct exchange *x);

static const struct reply_style DOOR_STYLE = {.dress = cors_dress, .problem = answer_problem};

/* What every door answers that a page may post to. */
#define DOOR_PROBLEMS                                                                              \
    (PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FORM) | PROBLEM_BIT(ORIGIN_REFUSED) |         \
     PROBLEM_BIT(FORM_NOT_FOUND) | PROBLEM_BIT(INVALID_FIELDS) | PROBLEM_BIT(KEY_REUSED) |         \
     PROBLEM_BIT(UNAVAILABLE))

/* What else there is than 200: browsers are sent on, but where the dialect is one of scripts. */
enum { SCRIPTS_ONLY = 0, BROWSERS_TOO = 303 };

#define DOOR(name_, path_, body_, help_, further_)                                                 \
    {                                                                                              \
        .name = name_, .method = "POST", .path = path_, .steps = {guard_rate, contact_create},     \
        .media = MEDIA_JSON | MEDIA_URLENCODED | MEDIA_MULTIPART, .style = &DOOR_STYLE,            \
        .may_end_with_slash = true, .help = help_, .body = body_,                                  \
        .replies = {{200, "Stored"}, {further_}}, .problems = DOOR_PROBLEMS                        \
    }

const struct route CONTACT_ROUTES[CONTACT_ROUTE_COUNT] = {
    DOOR("contact_create", "/contact", "ContactFields", "leave a message on the default form",
         BROWSERS_TOO),
    DOOR("contact_create_form", "/contact/{form}", "FormFields", "leave a message on a form",
         BROWSERS_TOO),
    DOOR("door_f", "/f/{id}", "FormFields", "as Formspree, Basin, Getform and others",
         BROWSERS_TOO),
    DOOR("door_project", "/p/{project}/f/{key}", "FormFields", "as Formspree's projects",
         BROWSERS_TOO),
    DOOR("door_s", "/s/{id}", "FormFields", "as Formcarry", BROWSERS_TOO),
    DOOR("door_submit", "/submit", "FormFields",
         "as Web3Forms and StaticForms; the body has the access key", BROWSERS_TOO),
    DOOR("door_submit_key", "/submit/{id}", "FormFields", "the same with the key in the path",
         BROWSERS_TOO),
    DOOR("door_ajax", "/ajax/{id}", "FormFields", "as FormSubmit's AJAX", SCRIPTS_ONLY),
    DOOR("door_el", "/el/{id}", "FormFields", "as FormSubmit's aliases", SCRIPTS_ONLY),
    DOOR("door_root", "/", "FormFields", "as Netlify; the body has form-name", BROWSERS_TOO),
};

/* Beside the rows above. */
static const enum dialect DIALECTS[CONTACT_ROUTE_COUNT] = {
    DIALECT_CONTACTD,  DIALECT_CONTACTD,  DIALECT_FORMSPREE,  DIALECT_FORMSPREE,  DIALECT_FORMCARRY,
    DIALECT_WEB3FORMS, DIALECT_WEB3FORMS, DIALECT_FORMSUBMIT, DIALECT_FORMSUBMIT, DIALECT_NETLIFY,
};

/* --- the committer's part ------------------------------------------------ */

static enum err see_first(void *arg, const struct submission *first)
{
    struct post *post = arg;
    struct submission same = *first;

    same.source = post->row.source; /* a phone that has changed networks sends the same message */
    struct content content = submission_content(&same, post->ctx->secrets->token, NULL);
    post->is_conflict = !content_equal(&content, &post->content);
    post->row.id = first->id;
    return ERR_OK;
}

/* Uses up token and proof, in the message's own transaction. */
static enum err spend(struct post *post, struct store *store)
{
    for (size_t i = 0; i < post->spent_count; i++) {
        const struct spent *spent = &post->spent[i];
        enum err err = store_spent_add(store, spent->expires_at_ms, &spent->digest);
        if (err == ERR_EXISTS)
            judge_correct(post, spent->part, VERDICT_REUSED);
        else
            TRY(err);
    }
    return ERR_OK;
}

static enum err see_state(void *arg, const struct submission *row)
{
    *(enum submission_state *)arg = row->state;
    return ERR_OK;
}

/*
 * Whether the post says what `id` said and may stand for it: whoever knows somebody's
 * words in advance must not be able to hide them in a row that nobody reads.
 */
static enum err find_repeated(const struct post *post, struct store *store, int64_t now_ms,
                              struct id *ret_id)
{
    enum submission_state state = STATE_NEW;
    struct id id;

    if (!recent_find(post->ctx->recent, &post->content, now_ms, &id))
        return ERR_NOT_FOUND;
    TRY(store_submission_get(store, &id, see_state, &state));
    if (STATES_FLAGGED >> state & 1 && post->row.state != STATE_SPAM)
        return ERR_NOT_FOUND;
    *ret_id = id;
    return ERR_OK;
}

/* The id is made here, so that ids are in the order of commits. */
static enum err post_store(struct job *job, struct store *store)
{
    struct post *post = CONTAINER_OF(job, struct post, job);
    struct str key = post->row.idempotency_key;
    int64_t now_ms = clock_wall_ms();

    if (key.ptr) {
        enum err err = store_submission_find_key(store, post->row.form, key, now_ms - KEY_KEPT_MS,
                                                 see_first, post);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    enum err repeated = find_repeated(post, store, now_ms, &post->row.id);
    if (repeated != ERR_NOT_FOUND)
        return repeated;
    TRY(spend(post, store));
    post->row.id = store_next_id(store, now_ms);
    TRY(store_submission_insert(store, &post->row));
    if (post->form->notice)
        TRY(notify_store(&post->row, post->form, store, now_ms, &post->is_awaited));
    recent_put(post->ctx->recent, &post->content, &post->row.id);
    post->is_remembered = true;
    return ERR_OK;
}

static void post_stored(struct job *job, bool more)
{
    struct post *post = CONTAINER_OF(job, struct post, job);

    if (post->is_remembered && job->result != ERR_OK)
        recent_forget(post->ctx->recent, &post->content, &post->row.id);
    exchange_wake(post->x, more);
}

static enum flow contact_stored(struct app_ctx *ctx, struct exchange *x)
{
    struct post *post = post_of(x);

    if (post->job.result != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    if (post->is_conflict)
        return reply_problem(x, PROBLEM_KEY_REUSED, NULL);
    if (post->is_remembered) {
        metric_add(METRIC_SUBMISSIONS, 1);
        events_publish_one(ctx->events, EVENT_SUBMISSION, post->row.form, &post->row.id,
                           post->row.state);
        if (post->is_awaited)
            outbox_nudge(ctx->outbox);
    } else {
        rate_give_back_form(ctx, post->row.form);
    }
    return answer_stored(post);
}

/* --- the way through ----------------------------------------------------- */

static enum flow commit_post(struct post *post)
{
    post->job.run = post_store;
    post->job.done = post_stored;
    post->job.is_one_change = post->spent_count == 0 && !post->form->notice;
    exchange_wait(post->x, contact_stored);
    commit_submit(post->ctx->commit, &post->job, true); /* nudged by handler_before_sleep() */
    return FLOW_WAIT;
}

/* --- a costly proof ------------------------------------------------------ */

static enum err proof_run(struct job *job, struct store *reader)
{
    struct post *post = CONTAINER_OF(job, struct post, job);

    post->proof = proofs_check(post, reader);
    return ERR_OK;
}

static void proof_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct post, job)->x, more);
}

static void question_done(struct job *job, bool more)
{
    struct post_question *question = CONTAINER_OF(job, struct post_question, question.job);

    exchange_wake(question->x, more);
}

static enum flow contact_asked(struct app_ctx *ctx, struct exchange *x)
{
    struct post *post = post_of(x);

    (void)ctx;
    judge_correct(post, SPAM_CAPTCHA, post->question->question.verdict);
    return commit_post(post);
}

/* Whatever takes time has been asked; the captcha's service comes last, since it is not ours. */
static enum flow ask_or_commit(struct post *post)
{
    if (!post->question)
        return commit_post(post);
    post->question->question.job.done = question_done;
    exchange_wait(post->x, contact_asked);
    captcha_ask(post->ctx->captcha, &post->question->question);
    return FLOW_WAIT;
}

/* A worker that has no time leaves the proof as good as it looked. */
static enum flow contact_proved(struct app_ctx *ctx, struct exchange *x)
{
    struct post *post = post_of(x);

    (void)ctx;
    if (post->proof != VERDICT_FINE)
        judge_correct(post, SPAM_PROOF, post->proof);
    return ask_or_commit(post);
}

static enum flow prove_post(struct post *post)
{
    post->job.run = proof_run;
    post->job.done = proof_done;
    exchange_wait(post->x, contact_proved);
    worker_submit(post->ctx->readers, &post->job);
    return FLOW_WAIT;
}

static enum flow take_post(struct post *post, const struct fields *posted)
{
    struct field_errors errors NOT_CLEARED;
    struct fields own NOT_CLEARED;

    errors.count = 0;
    post_sort_fields(post, posted, &own);
    if (!post_find_form(post))
        return post_no_such_form(post);
    if (refusal_is_due(post))
        return refusal_answer(post);
    if (rate_take_form(post->ctx, post->x, post->form, post->row.form))
        return FLOW_DONE;
    if (post->fields->file.ptr) {
        field_errors_add(&errors, post->fields->file, FIELD_CODE_NO_FILE_UPLOADS,
                         "is a file; this form takes none");
        return answer_invalid(post, &errors);
    }
    enum err err = post_make_row(post, &errors);
    if (err == ERR_INVALID)
        return answer_invalid(post, &errors);
    if (err == ERR_OK)
        err = proofs_read(post);
    if (err == ERR_OK)
        err = judge_post(post, posted);
    if (err != ERR_OK)
        return reply_retry_later(post->x, PROBLEM_UNAVAILABLE, RETRY_MS);
    return proofs_need_check(post) ? prove_post(post) : ask_or_commit(post);
}

enum err contact_read_body(struct exchange *x, struct fields *fields, struct err_detail *detail)
{
    switch (x->media) {
    case MEDIA_URLENCODED:
        return fields_from_urlencoded(x->body, &x->arena, fields, detail);
    case MEDIA_MULTIPART:
        return fields_from_multipart(x->body, x->headers[HEADER_CONTENT_TYPE], &x->arena, fields,
                                     detail);
    case MEDIA_JSON:
    case MEDIA_NONE:
        break;
    }
    return fields_from_json(x->body, &x->arena, fields, detail);
}

static void post_end(struct exchange *x)
{
    form_entry_release(post_of(x)->form);
}

/* The list is too large to be kept while thousands wait; texts in it live on in body and arena. */
static enum flow contact_create(struct app_ctx *ctx, struct exchange *x)
{
    struct post *post = arena_alloc(&x->arena, sizeof *post);
    struct err_detail detail = {""};
    struct fields fields NOT_CLEARED;

    if (!post)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    if (x->media == MEDIA_URLENCODED && x->body.len && x->body.ptr[0] == '{')
        return reply_problem(x, PROBLEM_INVALID_FORM,
                             "this looks like JSON; send Content-Type: application/json with it");
    enum err err = contact_read_body(x, &fields, &detail);
    if (err == ERR_INVALID)
        return reply_problem(
            x, x->media == MEDIA_JSON ? PROBLEM_INVALID_JSON : PROBLEM_INVALID_FORM, detail.text);
    if (err != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    *post = (struct post){.x = x, .ctx = ctx, .dialect = DIALECTS[x->route - CONTACT_ROUTES]};
    x->job = &post->job;
    x->end = post_end;
    enum flow flow = take_post(post, &fields);
    post->fields = NULL;
    fields_done(&fields);
    return flow;
}
