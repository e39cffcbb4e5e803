/* SPDX-License-Identifier: MIT */
/*
 * Forms and their settings over the API, and the pages that were refused. A
 * change is on disk and in use before it is answered: one job commits it, a
 * second lets service/forms read anew.
 */
#include "audit.h"
#include "base/clock.h"
#include "base/json.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

static enum flow form_list(struct app_ctx *ctx, struct exchange *x);
static enum flow form_get(struct app_ctx *ctx, struct exchange *x);
static enum flow form_put(struct app_ctx *ctx, struct exchange *x);
static enum flow form_delete(struct app_ctx *ctx, struct exchange *x);
static enum flow refusal_list(struct app_ctx *ctx, struct exchange *x);

const struct route FORM_ROUTES[FORM_ROUTE_COUNT] = {
    {.name = "form_list",
     .method = "GET",
     .path = "/admin/forms",
     .steps = {guard_read, form_list},
     .help = "the registered forms; with manage also their settings",
     .replies = {{200, "FormList"}}},
    {.name = "form_get",
     .method = "GET",
     .path = "/admin/forms/{name}",
     .steps = {guard_manage, form_get},
     .help = "one form",
     .replies = {{200, "Form"}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
    {.name = "form_put",
     .method = "PUT",
     .path = "/admin/forms/{name}",
     .steps = {guard_manage, form_put},
     .media = MEDIA_JSON,
     .help = "make a form, or replace its settings",
     .body = "FormSettings",
     .replies = {{200, "FormSaved"}},
     .problems = PROBLEM_BIT(INVALID_SETTINGS) | PROBLEM_BIT(ALIAS_TAKEN)},
    {.name = "form_delete",
     .method = "DELETE",
     .path = "/admin/forms/{name}",
     .steps = {guard_manage, form_delete},
     .help = "forget a form; its messages stay",
     .replies = {{200, "FormDeleted"}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
    {.name = "refusal_list",
     .method = "GET",
     .path = "/admin/refusals",
     .steps = {guard_read, refusal_list},
     .help = "pages whose messages were refused, and why",
     .replies = {{200, "RefusalList"}}},
};

struct form_job {
    struct job job;
    struct exchange *x;
    struct app_ctx *ctx;
    struct form form;
    struct err_detail detail; /* why it could not be stored */
};

static void form_job_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct form_job, job)->x, more);
}

static struct form_job *form_job_new(struct app_ctx *ctx, struct exchange *x,
                                     enum err (*run)(struct job *, struct store *))
{
    struct form_job *self = arena_alloc(&x->arena, sizeof *self);

    if (!self)
        return NULL;
    *self = (struct form_job){
        .job = {.run = run, .done = form_job_done}, .x = x, .ctx = ctx, .form.name = x->params[0]};
    x->job = &self->job;
    return self;
}

static struct form_job *form_job_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct form_job, job);
}

static enum flow failed(struct exchange *x, enum err err)
{
    reply_reset(x);
    if (err == ERR_NOT_FOUND)
        return reply_problem(x, PROBLEM_NOT_FOUND, "no form has this name");
    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "forms_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

/* --- reading ------------------------------------------------------------- */

static void put_title(struct buf *out, struct str settings)
{
    CLEANUP(js_decref) json_t *object = NULL;
    bool is_read = js_parse_object(settings, &object, NULL) == ERR_OK;

    js_field_string(out, "title", is_read ? js_get_string(object, "title") : (struct str){0});
}

/* Settings are for those who may change them, and their secrets for nobody. */
static enum err put_settings(struct buf *out, struct str settings)
{
    CLEANUP(js_decref) json_t *object = NULL;

    TRY(js_parse_object(settings, &object, NULL));
    TRY(form_settings_mask(object));
    js_key(out, "settings");
    js_value(out, object);
    return ERR_OK;
}

static enum err render_form(void *arg, const struct form *form)
{
    struct exchange *x = arg;
    struct buf *out = &x->reply.body;

    if (!principal_sees(x, form->name))
        return ERR_OK;
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", form->name);
    put_title(out, form->settings);
    js_field_time(out, "createdAt", form->created_at_ms);
    js_field_time(out, "updatedAt", form->updated_at_ms);
    if (x->principal->identity.access >= ACCESS_MANAGE)
        TRY(put_settings(out, form->settings));
    js_close(out, '}');
    return buf_status(out);
}

static enum err render_refusal(void *arg, const struct refusal *refusal)
{
    struct exchange *x = arg;
    struct buf *out = &x->reply.body;

    if (!principal_sees(x, refusal->form))
        return ERR_OK;
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "form", refusal->form);
    js_field_string(out, "origin", refusal->origin);
    js_field_string(out, "reason", refusal->reason);
    js_field_u64(out, "count", (uint64_t)refusal->count);
    js_field_time(out, "firstAt", refusal->first_at_ms);
    js_field_time(out, "lastAt", refusal->last_at_ms);
    js_close(out, '}');
    return buf_status(out);
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct exchange *x = CONTAINER_OF(job, struct form_job, job)->x;
    struct buf *out = &x->reply.body;

    js_open(out, '{');
    js_key(out, "forms");
    js_open(out, '[');
    TRY(store_form_list(reader, render_form, x));
    js_close(out, ']');
    js_close(out, '}');
    return buf_status(out);
}

static enum err run_get(struct job *job, struct store *reader)
{
    struct form_job *self = CONTAINER_OF(job, struct form_job, job);

    return store_form_get(reader, self->form.name, render_form, self->x);
}

static enum err run_refusals(struct job *job, struct store *reader)
{
    struct exchange *x = CONTAINER_OF(job, struct form_job, job)->x;
    struct buf *out = &x->reply.body;

    js_open(out, '{');
    js_key(out, "refusals");
    js_open(out, '[');
    TRY(store_refusal_list(reader, render_refusal, x));
    js_close(out, ']');
    js_close(out, '}');
    return buf_status(out);
}

static enum flow was_read(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return failed(x, x->job->result);
    buf_put_char(&x->reply.body, '\n');
    x->decision = "read";
    return FLOW_DONE;
}

static enum flow read_with(struct app_ctx *ctx, struct exchange *x,
                           enum err (*run)(struct job *, struct store *))
{
    struct form_job *self = form_job_new(ctx, x, run);

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    reply_json(x, 200);
    exchange_wait(x, was_read);
    worker_submit(ctx->readers, &self->job);
    return FLOW_WAIT;
}

static enum flow form_list(struct app_ctx *ctx, struct exchange *x)
{
    return read_with(ctx, x, run_list);
}

static enum flow form_get(struct app_ctx *ctx, struct exchange *x)
{
    if (!principal_sees(x, x->params[0]))
        return failed(x, ERR_NOT_FOUND);
    return read_with(ctx, x, run_get);
}

static enum flow refusal_list(struct app_ctx *ctx, struct exchange *x)
{
    return read_with(ctx, x, run_refusals);
}

/* --- changing ------------------------------------------------------------ */

static enum err run_put(struct job *job, struct store *writer)
{
    struct form_job *self = CONTAINER_OF(job, struct form_job, job);

    const struct audit_entry entry = audit_of(self->x, "form.save", self->form.name);

    self->form.created_at_ms = self->form.updated_at_ms = clock_wall_ms();
    TRY(forms_check_ids(writer, &self->form, &self->detail));
    TRY(store_form_put(writer, &self->form));
    return audit_add(writer, &entry);
}

static enum err run_delete(struct job *job, struct store *writer)
{
    struct form_job *self = CONTAINER_OF(job, struct form_job, job);
    const struct audit_entry entry = audit_of(self->x, "form.remove", self->form.name);

    TRY(store_form_delete(writer, self->form.name));
    TRY(store_delivery_withdraw_form(writer, self->form.name, clock_wall_ms()));
    return audit_add(writer, &entry);
}

static enum err run_reload(struct job *job, struct store *reader)
{
    return forms_reload(CONTAINER_OF(job, struct form_job, job)->ctx->forms, reader);
}

static enum flow was_changed(struct app_ctx *ctx, struct exchange *x)
{
    bool is_put = str_equal(x->method, STR("PUT"));

    if (x->job->result != ERR_OK)
        return failed(x, x->job->result);
    events_publish(ctx->events,
                   &(struct event){.kind = EVENT_FORM, .form = form_job_of(x)->form.name});
    x->decision = is_put ? "saved" : "deleted";
    reply_json(x, 200);
    js_open(&x->reply.body, '{');
    js_field_string(&x->reply.body, is_put ? "saved" : "deleted", form_job_of(x)->form.name);
    js_close(&x->reply.body, '}');
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

static enum flow was_committed(struct app_ctx *ctx, struct exchange *x)
{
    struct form_job *self = form_job_of(x);

    if (self->job.result == ERR_EXISTS)
        return reply_problem(x, PROBLEM_ALIAS_TAKEN, self->detail.text);
    if (self->job.result != ERR_OK)
        return failed(x, self->job.result);
    self->job.run = run_reload;
    exchange_wait(x, was_changed);
    worker_submit(ctx->readers, &self->job);
    return FLOW_WAIT;
}

static enum flow change(struct app_ctx *ctx, struct exchange *x, struct form_job *self)
{
    exchange_wait(x, was_committed);
    commit_submit(ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

/*
 * An alias reaches beyond a form: messages that went elsewhere come here from now
 * on. So only who manages all forms gives them out.
 */
static enum err check_aliases(const struct form_job *self)
{
    const struct form_entry *now = forms_find(self->ctx->forms, self->form.name);
    CLEANUP(js_decref) json_t *settings = NULL;
    bool may = self->x->principal->identity.scope.is_all;
    enum err err = may ? ERR_OK : js_parse_object(self->x->body, &settings, NULL);

    if (err == ERR_OK && !may) {
        const json_t *wanted = json_object_get(settings, "aliases");
        const json_t *had = now ? json_object_get(now->rules->document, "aliases") : NULL;
        if (json_array_size(wanted) && !(had && json_equal(wanted, had)))
            err = ERR_DENIED;
    }
    form_entry_release(now);
    return err;
}

/* What the form has now; NULL: there is no such form. */
static const json_t *stored_settings(const struct form_entry *now, struct str name)
{
    return now && str_equal(now->name, name) ? now->rules->document : NULL;
}

/* The settings that are to be stored: as they were sent, but for secrets that were masked. */
static enum err restore_secrets(struct form_job *self, json_t *document, struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf text = buf_new(FORM_SETTINGS_MAX);

    self->form.settings = self->x->body;
    if (!form_settings_are_masked(document))
        return ERR_OK;
    const struct form_entry *now = forms_find(self->ctx->forms, self->form.name);
    enum err err = form_settings_unmask(document, stored_settings(now, self->form.name), detail);
    form_entry_release(now);
    TRY(err);
    js_value(&text, document);
    TRY(buf_status(&text));
    return arena_keep(&self->x->arena, buf_str(&text), &self->form.settings);
}

/* Everything that would be wrong when the form is used is said now. */
static enum err check_settings(struct form_job *self, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *document = NULL;
    struct form_rules *rules = NULL;

    TRY(js_parse_object(self->x->body, &document, detail));
    TRY(restore_secrets(self, document, detail));
    TRY(form_compile(document, &rules, detail));
    form_rules_free(rules);
    return ERR_OK;
}

static enum flow form_put(struct app_ctx *ctx, struct exchange *x)
{
    struct err_detail detail = {""};
    struct form_job *self = form_job_new(ctx, x, run_put);

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (!form_name_is_valid(x->params[0]))
        return reply_problem(x, PROBLEM_INVALID_SETTINGS,
                             "a form's name has 1 to 64 of a-z, 0-9, '-' and '_'");
    if (!principal_sees(x, x->params[0]))
        return failed(x, ERR_NOT_FOUND);
    enum err err = check_settings(self, &detail);
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_SETTINGS, detail.text);
    if (err != ERR_OK)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (check_aliases(self) != ERR_OK)
        return reply_problem(x, PROBLEM_FORBIDDEN,
                             "aliases are given out by who manages all forms");
    return change(ctx, x, self);
}

static enum flow form_delete(struct app_ctx *ctx, struct exchange *x)
{
    struct form_job *self = form_job_new(ctx, x, run_delete);

    if (!principal_sees(x, x->params[0]))
        return failed(x, ERR_NOT_FOUND);
    return self ? change(ctx, x, self) : reply_problem(x, PROBLEM_INTERNAL, NULL);
}
