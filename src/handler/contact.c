/* SPDX-License-Identifier: MIT */
/*
 * A message arrives, through whichever door: every dialect's body becomes the
 * same fields, is held against its form's rules, becomes a row, waits for the
 * committer, and is answered when it is on disk.
 *
 * HTTP threads, but for post_store() and post_stored(), which run on the
 * committer's thread.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "core/email.h"
#include "core/validate.h"
#include "cors.h"
#include "guards.h"
#include "http/reply.h"
#include "judge.h"
#include "page_origin.h"
#include "post.h"
#include "proofs.h"
#include "rate.h"
#include "refusal.h"
#include "topics.h"

enum {
    USER_AGENT_MAX = 512,
    PAGE_MAX = 1024,
    KEY_MAX = 128,
    KEY_KEPT_MS = 24 * 3600 * 1000, /* for so long an idempotency key stands for its message */
    RETRY_MS = 2000,
    PURGE_MS = 60 * 1000, /* spent tokens that have expired are tidied up so often */
};

static enum flow contact_create(struct app_ctx *ctx, struct exchange *x);

static const struct reply_style DOOR_STYLE = {.dress = cors_dress, .problem = answer_problem};

#define DOOR(name_, path_, help_)                                                                  \
    {                                                                                              \
        .name = name_, .method = "POST", .path = path_, .steps = {guard_rate, contact_create},     \
        .media = MEDIA_JSON | MEDIA_URLENCODED | MEDIA_MULTIPART, .style = &DOOR_STYLE,            \
        .help = help_                                                                              \
    }

const struct route CONTACT_ROUTES[CONTACT_ROUTE_COUNT] = {
    DOOR("contact_create", "/contact", "leave a message on the default form"),
    DOOR("contact_create_form", "/contact/{form}", "leave a message on a form"),
    DOOR("door_f", "/f/{id}", "as Formspree, Basin, Getform and others"),
    DOOR("door_project", "/p/{project}/f/{key}", "as Formspree's projects"),
    DOOR("door_s", "/s/{id}", "as Formcarry"),
    DOOR("door_submit", "/submit", "as Web3Forms and StaticForms; the body has the access key"),
    DOOR("door_submit_key", "/submit/{id}", "the same with the key in the path"),
    DOOR("door_ajax", "/ajax/{id}", "as FormSubmit's AJAX"),
    DOOR("door_el", "/el/{id}", "as FormSubmit's aliases"),
    DOOR("door_root", "/", "as Netlify; the body has form-name"),
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
    struct digest content = submission_digest(first);

    post->is_conflict = !digest_equal(&content, &post->content);
    post->row.id = first->id;
    return ERR_OK;
}

/* Uses up token and proof, in the message's own transaction. */
static enum err spend(struct post *post, struct store *store, int64_t now_ms)
{
    if (post->spent_count && now_ms - post->ctx->purged_ms > PURGE_MS) {
        TRY(store_spent_purge(store, now_ms));
        post->ctx->purged_ms = now_ms;
    }
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
    if (recent_find(post->ctx->recent, &post->content, now_ms, &post->row.id))
        return ERR_OK;
    TRY(spend(post, store, now_ms));
    post->row.id = store_next_id(store, now_ms);
    TRY(store_submission_insert(store, &post->row));
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

    (void)ctx;
    if (post->job.result != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    if (post->is_conflict)
        return reply_problem(x, PROBLEM_KEY_REUSED, NULL);
    if (post->is_remembered)
        metric_add(METRIC_SUBMISSIONS, 1);
    return answer_stored(post);
}

/* --- the row ------------------------------------------------------------- */

/* What a browser says is kept only as far as it is text, and no longer than `max` bytes. */
static struct str as_text(struct str text, size_t max)
{
    size_t points;

    if (text.len > max)
        text.len = max;
    if (!text.ptr || !utf8_length(text, &points))
        return (struct str){0};
    return text;
}

/* The address to answer to: the field of that name, or what the dialect has for it. */
static struct str email_of(const struct post *post)
{
    struct str email = fields_text(post->fields, STR("email"));
    struct str reply_to = post->special[SPECIAL_REPLY_TO];

    if (email.len || !email_is_valid(reply_to))
        return email;
    return reply_to;
}

/* draft-ietf-httpapi-idempotency-key-header: a quoted string; many send it bare. */
static struct str idempotency_key(struct exchange *x)
{
    struct str key = x->headers[HEADER_IDEMPOTENCY_KEY];

    if (key.len >= 2 && key.ptr[0] == '"' && key.ptr[key.len - 1] == '"')
        key = (struct str){key.ptr + 1, key.len - 2};
    return key.len && key.len <= KEY_MAX && str_is_visible_ascii(key) ? key : (struct str){0};
}

static enum err collect_further(struct post *post, size_t visits, struct buf *further,
                                struct field_errors *errors)
{
    post->fields->count += visits;
    post->fields->total += visits;
    enum err err = validate_collect_further(&SCHEMA_CONTACT, post->fields, further, errors);
    post->fields->count -= visits;
    post->fields->total -= visits;
    return err;
}

/* No message is refused for what a script has added to it. */
static enum err keep_further(struct post *post, struct field_errors *errors)
{
    CLEANUP(buf_done) struct buf further = buf_new(SCHEMA_CONTACT.further_bytes_max);
    struct field_errors ignored = {.count = 0};

    enum err err = collect_further(post, post->visits, &further, &ignored);
    if (err == ERR_INVALID)
        err = collect_further(post, 0, &further, errors);
    TRY(err);
    post->row.fields = (struct str){0};
    return further.len ? arena_keep(&post->x->arena, buf_str(&further), &post->row.fields) : ERR_OK;
}

/* Texts of the row point into the body, which lives as long as the exchange. */
static enum err make_row(struct post *post, struct field_errors *errors)
{
    struct exchange *x = post->x;
    struct submission *row = &post->row;

    TRY(validate_fields(post->form->schema, post->fields, errors));
    TRY(keep_further(post, errors));
    row->name = fields_text(post->fields, STR("name"));
    row->email = email_of(post);
    row->message = fields_text(post->fields, STR("message"));
    row->source = x->source;
    row->idempotency_key = idempotency_key(x);
    row->user_agent = as_text(x->headers[HEADER_USER_AGENT], USER_AGENT_MAX);
    struct str page = page_url(x, post->special[SPECIAL_PAGE]);
    row->page = as_text(page.ptr ? page : x->headers[HEADER_ORIGIN], PAGE_MAX);
    post->content = submission_digest(row);
    return ERR_OK;
}

/* --- which form, and what its fields mean -------------------------------- */

/*
 * Special fields apart, the rest into `own`; of several with one meaning the
 * first with text holds. How the visitor came stands behind the end of `own`,
 * where no rule looks.
 */
static void sort_fields(struct post *post, const struct fields *posted, struct fields *own)
{
    own->count = 0;
    for (size_t i = 0; i < posted->count; i++) {
        const struct field *field = &posted->list[i];
        enum special special = special_of(post->dialect, field->name);
        if (special == SPECIAL_NONE)
            own->list[own->count++] = *field;
        else if (!post->special[special].len)
            post->special[special] = field->text;
    }
    for (size_t i = 0; i < posted->count; i++)
        if (special_of(post->dialect, posted->list[i].name) == SPECIAL_VISIT)
            own->list[own->count + post->visits++] = posted->list[i];
    own->total = own->count + posted->total - posted->count;
    own->values = posted->values;
    own->tree = NULL; /* stays with `posted` */
    own->is_untyped = posted->is_untyped;
    own->file = posted->file;
    post->fields = own;
}

static struct str without_json(struct str id)
{
    static const struct str SUFFIX = {".json", 5};

    if (id.len > SUFFIX.len && str_ends_with(id, SUFFIX))
        id.len -= SUFFIX.len;
    return id;
}

/* The form that has the id of the path or, where the path has none, of the body. */
static const struct form_entry *find_registered(struct post *post)
{
    const struct str *params = post->x->params;
    struct forms *forms = post->ctx->forms;

    if (!params[0].ptr)
        return forms_find(forms, post->special[SPECIAL_FORM]);
    if (!params[1].ptr)
        return forms_find(forms, without_json(params[0]));
    struct str both = {NULL, params[0].len + 1 + params[1].len};
    char *text = arena_alloc(&post->x->arena, both.len);
    if (!text)
        return NULL;
    memcpy(text, params[0].ptr, params[0].len);
    text[params[0].len] = '/';
    memcpy(text + params[0].len + 1, params[1].ptr, params[1].len);
    both.ptr = text;
    const struct form_entry *found = forms_find(forms, both);
    return found ? found : forms_find(forms, params[1]);
}

/*
 * On our own doors any name is good: a form that nobody has registered takes
 * messages like the default one, under its name. Other doors have ids that
 * somebody must have given out.
 */
static bool find_form(struct post *post)
{
    struct str name = post->x->params[0].ptr ? post->x->params[0] : post->special[SPECIAL_FORM];

    post->form = find_registered(post);
    if (post->form) {
        post->row.form = post->form->name;
        return true;
    }
    if (post->dialect != DIALECT_CONTACTD)
        return false;
    bool is_valid = form_name_is_valid(name);
    if (post->x->params[0].ptr && !is_valid)
        return false;
    post->form = forms_find(post->ctx->forms, STR(FORM_DEFAULT));
    post->row.form = is_valid ? name : STR(FORM_DEFAULT);
    return post->form != NULL;
}

static enum flow no_such_form(struct post *post)
{
    if (post->dialect == DIALECT_CONTACTD)
        return reply_problem(post->x, PROBLEM_FORM_NOT_FOUND, "no form can have this name");
    if (!post->x->params[0].ptr && !post->special[SPECIAL_FORM].len)
        return reply_problem(post->x, PROBLEM_FORM_NOT_FOUND,
                             "say which form: send its id as access_key or form-name");
    return reply_problem(
        post->x, PROBLEM_FORM_NOT_FOUND,
        "its owner can add one that has this id: contactd form add NAME aliases=ID");
}

/* --- the way through ----------------------------------------------------- */

static enum flow commit_post(struct post *post)
{
    post->job.run = post_store;
    post->job.done = post_stored;
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
    struct field_errors errors = {.count = 0};
    struct fields own;

    sort_fields(post, posted, &own);
    if (!find_form(post))
        return no_such_form(post);
    if (refusal_is_due(post))
        return refusal_answer(post);
    if (post->fields->file.ptr) {
        field_errors_add(&errors, post->fields->file, FIELD_CODE_NO_FILE_UPLOADS,
                         "is a file; this form takes none");
        return answer_invalid(post, &errors);
    }
    if (rate_take_form(post->ctx, post->x, post->form, post->row.form))
        return FLOW_DONE;
    enum err err = make_row(post, &errors);
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
    struct fields fields;

    if (!post)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
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
