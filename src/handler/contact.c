/* SPDX-License-Identifier: MIT */
/*
 * A message arrives. It is checked against the form's rules, becomes a row,
 * waits for the committer, and is answered when it is on disk.
 *
 * HTTP threads, but for contact_store(), which runs on the committer's thread.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "core/validate.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

enum { USER_AGENT_MAX = 512, PAGE_MAX = 1024, RETRY_MS = 2000 };

static enum flow contact_create(struct app_ctx *ctx, struct exchange *x);

const struct route CONTACT_ROUTES[2] = {
    {.name = "contact_create",
     .method = "POST",
     .path = "/contact",
     .steps = {guard_open, contact_create},
     .media = MEDIA_JSON | MEDIA_URLENCODED | MEDIA_MULTIPART,
     .help = "leave a message on the default form"},
    {.name = "contact_create_form",
     .method = "POST",
     .path = "/contact/{form}",
     .steps = {guard_open, contact_create},
     .media = MEDIA_JSON | MEDIA_URLENCODED | MEDIA_MULTIPART,
     .help = "leave a message on a form"},
};

struct contact_job {
    struct job job;
    struct exchange *x;
    struct submission row; /* everything in the exchange's arena */
};

static enum err contact_store(struct job *job, struct store *store)
{
    struct contact_job *self = CONTAINER_OF(job, struct contact_job, job);

    /* The id is made here, so that ids are in the order of commits. */
    self->row.id = store_next_id(store, clock_wall_ms());
    return store_submission_insert(store, &self->row);
}

static void contact_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct contact_job, job)->x, more);
}

static enum flow contact_stored(struct app_ctx *ctx, struct exchange *x)
{
    struct contact_job *self = CONTAINER_OF(x->job, struct contact_job, job);
    char id[ID_TEXT_LEN + 1];

    (void)ctx;
    if (self->job.result != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    metric_add(METRIC_SUBMISSIONS, 1);
    x->decision = "stored";
    id_format(&self->row.id, id);
    reply_json(x, 200);
    js_open(&x->reply.body, '{');
    js_field_string(&x->reply.body, "status", STR("ok"));
    js_field_string(&x->reply.body, "id", (struct str){id, ID_TEXT_LEN});
    js_close(&x->reply.body, '}');
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

/* What a header says is kept only as far as it is text, and no longer than `max` bytes. */
static struct str header_text(struct exchange *x, enum header header, size_t max)
{
    struct str text = x->headers[header];
    size_t points;

    if (text.len > max)
        text.len = max;
    if (!text.ptr || !utf8_length(text, &points))
        return (struct str){0};
    return text;
}

static enum err keep_further(struct exchange *x, const struct fields *fields,
                             struct field_errors *errors, struct str *ret_further)
{
    CLEANUP(buf_done) struct buf further = buf_new(SCHEMA_CONTACT.further_bytes_max);

    TRY(validate_collect_further(&SCHEMA_CONTACT, fields, &further, errors));
    *ret_further = (struct str){0};
    return further.len ? arena_keep(&x->arena, buf_str(&further), ret_further) : ERR_OK;
}

/* Texts of the row point into the body, which lives as long as the exchange. */
static enum err make_row(struct exchange *x, const struct fields *fields,
                         struct field_errors *errors, struct submission *row)
{
    bool has_referer = x->headers[HEADER_REFERER].ptr;

    TRY(validate_fields(&SCHEMA_CONTACT, fields, errors));
    TRY(keep_further(x, fields, errors, &row->fields));
    row->name = fields_text(fields, STR("name"));
    row->email = fields_text(fields, STR("email"));
    row->message = fields_text(fields, STR("message"));
    row->form = x->params[0].ptr ? x->params[0] : STR("default");
    row->source = x->source;
    row->user_agent = header_text(x, HEADER_USER_AGENT, USER_AGENT_MAX);
    row->page = header_text(x, has_referer ? HEADER_REFERER : HEADER_ORIGIN, PAGE_MAX);
    return ERR_OK;
}

static enum flow reply_invalid_fields(struct exchange *x, const struct field_errors *errors)
{
    CLEANUP(buf_done) struct buf list = buf_new(REPLY_BODY_MAX);

    field_errors_render(&list, errors);
    return reply_problem_errors(x, PROBLEM_INVALID_FIELDS, "see errors for what to change",
                                buf_str(&list));
}

/* Better no message than one whose attachment has silently gone. */
static enum err refuse_file(const struct fields *fields, struct field_errors *errors)
{
    errors->count = 0;
    if (!fields->file.ptr)
        return ERR_OK;
    field_errors_add(errors, fields->file, FIELD_CODE_NO_FILE_UPLOADS,
                     "is a file; this form takes none");
    return ERR_INVALID;
}

static enum flow submit(struct app_ctx *ctx, struct exchange *x, const struct fields *fields)
{
    struct contact_job *self = arena_alloc(&x->arena, sizeof *self);
    struct field_errors errors;

    if (!self)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    enum err err = refuse_file(fields, &errors);
    if (err == ERR_OK)
        err = make_row(x, fields, &errors, &self->row);
    if (err == ERR_INVALID)
        return reply_invalid_fields(x, &errors);
    if (err != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    self->x = x;
    self->job.run = contact_store;
    self->job.done = contact_done;
    x->job = &self->job;
    exchange_wait(x, contact_stored);
    commit_submit(ctx->commit, &self->job, true); /* nudged by handler_before_sleep() */
    return FLOW_WAIT;
}

static enum err read_body(struct exchange *x, struct fields *ret_fields, struct err_detail *detail)
{
    switch (x->media) {
    case MEDIA_URLENCODED:
        return fields_from_urlencoded(x->body, &x->arena, ret_fields, detail);
    case MEDIA_MULTIPART:
        return fields_from_multipart(x->body, x->headers[HEADER_CONTENT_TYPE], &x->arena,
                                     ret_fields, detail);
    case MEDIA_JSON:
    case MEDIA_NONE:
        break;
    }
    return fields_from_json(x->body, &x->arena, ret_fields, detail);
}

static enum flow contact_create(struct app_ctx *ctx, struct exchange *x)
{
    struct err_detail detail = {""};
    struct fields fields;

    if (x->params[0].ptr && !form_name_is_valid(x->params[0]))
        return reply_problem(x, PROBLEM_NOT_FOUND, "no form can have this name");
    enum err err = read_body(x, &fields, &detail);
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_JSON, detail.text);
    if (err != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    enum flow flow = submit(ctx, x, &fields);
    fields_done(&fields);
    return flow;
}
