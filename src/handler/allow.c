/* SPDX-License-Identifier: MIT */
/*
 * A page that was refused is let in: its origin joins the form's, and the
 * refusal is forgotten. And the table of what can be set on a form.
 *
 * A form that is not registered lives by the default form's settings; it is
 * registered with a copy of them, so that nothing else about it changes. A form
 * without origins takes every page's messages already: one origin there would
 * shut all others out, so none is added.
 *
 * allow_run() is the committer's, allow_reload() a reader's, the rest HTTP
 * threads'.
 */
#include "audit.h"
#include "base/clock.h"
#include "base/json.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

static enum flow refusal_allow(struct app_ctx *ctx, struct exchange *x);
static enum flow setting_list(struct app_ctx *ctx, struct exchange *x);

const struct route ALLOW_ROUTES[ALLOW_ROUTE_COUNT] = {
    {.name = "refusal_allow",
     .method = "POST",
     .path = "/admin/refusals/allow",
     .steps = {guard_manage, refusal_allow},
     .media = MEDIA_JSON,
     .help = "let a refused page post",
     .body = "RefusalAllow",
     .replies = {{200, "RefusalAllowed"}},
     .problems =
         PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_SETTINGS)},
    {.name = "setting_list",
     .method = "GET",
     .path = "/admin/settings",
     .steps = {guard_manage, setting_list},
     .help = "what can be set on a form",
     .replies = {{200, "SettingList"}}},
};

struct allow {
    struct job job;
    struct exchange *x;
    struct app_ctx *ctx;
    struct str form, origin;
    struct err_detail detail; /* with ERR_INVALID */
};

static struct allow *allow_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct allow, job);
}

static void allow_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct allow, job)->x, more);
}

/* --- settings ------------------------------------------------------------ */

static enum err append_settings(void *arg, const struct form *form)
{
    buf_put(arg, form->settings);
    return buf_status(arg);
}

static enum err parse_settings(struct store *writer, struct str name, json_t **ret_settings)
{
    CLEANUP(buf_done) struct buf text = buf_new(FORM_SETTINGS_MAX);

    TRY(store_form_get(writer, name, append_settings, &text));
    return js_parse_object(buf_str(&text), ret_settings, NULL);
}

/* The form's own; else the default form's, without what belongs to that form alone. */
static enum err load_settings(struct store *writer, struct str name, json_t **ret_settings)
{
    enum err err = parse_settings(writer, name, ret_settings);
    if (err != ERR_NOT_FOUND)
        return err;
    err = parse_settings(writer, STR(FORM_DEFAULT), ret_settings);
    if (err == ERR_NOT_FOUND) {
        *ret_settings = json_object();
        return *ret_settings ? ERR_OK : ERR_MEMORY;
    }
    TRY(err);
    json_object_del(*ret_settings, "aliases");
    json_object_del(*ret_settings, "title");
    return ERR_OK;
}

static enum err put_settings(struct store *writer, struct str name, const json_t *settings,
                             struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf text = buf_new(FORM_SETTINGS_MAX);
    int64_t now_ms = clock_wall_ms();

    js_value(&text, settings);
    if (buf_status(&text) == ERR_FULL)
        return err_set(detail, ERR_INVALID, "the form's settings would be larger than %d bytes",
                       FORM_SETTINGS_MAX);
    TRY(buf_status(&text));
    const struct form form = {
        .name = name, .settings = buf_str(&text), .created_at_ms = now_ms, .updated_at_ms = now_ms};
    return store_form_put(writer, &form);
}

/* --- the committer's part ------------------------------------------------ */

/* Whether the settings refuse the page; they must be right in themselves. */
static enum err is_refused(const json_t *settings, struct str origin, bool *ret_is_refused,
                           struct err_detail *detail)
{
    struct form_rules *rules = NULL;

    TRY(form_compile(settings, &rules, detail));
    *ret_is_refused = rules->origins.count && !form_origin_is_allowed(rules, origin);
    form_rules_free(rules);
    return ERR_OK;
}

static enum err add_origin(struct allow *self, struct store *writer, json_t *settings)
{
    bool is_still_refused;

    if (json_array_append_new(json_object_get(settings, "origins"),
                              json_stringn(self->origin.ptr, self->origin.len)))
        return ERR_MEMORY;
    TRY(is_refused(settings, self->origin, &is_still_refused, &self->detail));
    TRY(put_settings(writer, self->form, settings, &self->detail));
    struct audit_entry entry = audit_of(self->x, "form.allow", self->form);
    entry.detail = self->origin;
    return audit_add(writer, &entry);
}

static enum err allow_run(struct job *job, struct store *writer)
{
    struct allow *self = CONTAINER_OF(job, struct allow, job);
    CLEANUP(js_decref) json_t *settings = NULL;
    bool must_add;

    TRY(load_settings(writer, self->form, &settings));
    TRY(is_refused(settings, self->origin, &must_add, &self->detail));
    if (must_add)
        TRY(add_origin(self, writer, settings));
    enum err err = store_refusal_delete(writer, self->form, self->origin);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err allow_reload(struct job *job, struct store *reader)
{
    return forms_reload(CONTAINER_OF(job, struct allow, job)->ctx->forms, reader);
}

/* --- before and after ---------------------------------------------------- */

static enum flow allow_failed(struct exchange *x, enum err err)
{
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_SETTINGS, allow_of(x)->detail.text);
    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "allow_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow allow_answer(struct app_ctx *ctx, struct exchange *x)
{
    struct buf *out = &x->reply.body;

    if (x->job->result != ERR_OK)
        return allow_failed(x, x->job->result);
    events_publish(ctx->events, &(struct event){.kind = EVENT_FORM, .form = allow_of(x)->form});
    x->decision = "allowed";
    reply_json(x, 200);
    js_open(out, '{');
    js_field_string(out, "form", allow_of(x)->form);
    js_field_string(out, "allowed", allow_of(x)->origin);
    js_close(out, '}');
    buf_put_char(out, '\n');
    return FLOW_DONE;
}

static enum flow allow_committed(struct app_ctx *ctx, struct exchange *x)
{
    struct allow *self = allow_of(x);

    if (self->job.result != ERR_OK)
        return allow_failed(x, self->job.result);
    self->job.run = allow_reload;
    exchange_wait(x, allow_answer);
    worker_submit(ctx->readers, &self->job);
    return FLOW_WAIT;
}

static enum err read_allow(struct allow *self)
{
    struct arena *arena = &self->x->arena;
    CLEANUP(js_decref) json_t *object = NULL;

    TRY(js_parse_object(self->x->body, &object, &self->detail));
    struct str form = js_get_string(object, "form"), origin = js_get_string(object, "origin");
    if (json_object_size(object) != 2 || !form.len || !origin.len)
        return err_set(&self->detail, ERR_INVALID, "send {\"form\": ..., \"origin\": ...}");
    TRY(arena_keep(arena, form, &self->form));
    return arena_keep(arena, origin, &self->origin);
}

static enum flow refusal_allow(struct app_ctx *ctx, struct exchange *x)
{
    struct allow *self = arena_alloc(&x->arena, sizeof *self);

    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    *self = (struct allow){.job = {.run = allow_run, .done = allow_done}, .x = x, .ctx = ctx};
    x->job = &self->job;
    enum err err = read_allow(self);
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_JSON, self->detail.text);
    if (err != ERR_OK)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (!form_name_is_valid(self->form) || !principal_sees(x, self->form))
        return reply_problem(x, PROBLEM_NOT_FOUND, "no form has this name");
    exchange_wait(x, allow_committed);
    commit_submit(ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

/* --- the table ----------------------------------------------------------- */

static enum flow setting_list(struct app_ctx *ctx, struct exchange *x)
{
    struct buf *out = &x->reply.body;
    const struct form_setting *setting;

    (void)ctx;
    x->decision = "listed";
    reply_json(x, 200);
    js_open(out, '{');
    js_key(out, "settings");
    js_open(out, '[');
    for (size_t i = 0; (setting = form_setting_at(i)); i++) {
        js_comma(out);
        js_open(out, '{');
        js_field_string(out, "name", str_of(setting->name));
        js_field_string(out, "help", str_of(setting->help));
        js_field_bool(out, "isList", setting->is_list);
        js_close(out, '}');
    }
    js_close(out, ']');
    js_close(out, '}');
    buf_put_char(out, '\n');
    return FLOW_DONE;
}
