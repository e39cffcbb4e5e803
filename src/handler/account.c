/* SPDX-License-Identifier: MIT */
/*
 * See the header. Steps run on HTTP threads, run() functions on the
 * committer's or a worker's. Whatever was changed is forgotten by signin
 * before anybody is told, also when the one who asked has hung up meanwhile.
 */
#include "account.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "http/reply.h"

/* --- the job ------------------------------------------------------------- */

void *account_job_new(struct app_ctx *ctx, struct exchange *x, size_t bytes)
{
    struct account_job *self = arena_alloc(&x->arena, bytes);

    if (!self) {
        reply_problem(x, PROBLEM_INTERNAL, NULL);
        return NULL;
    }
    memset(self, 0, bytes);
    self->x = x;
    self->ctx = ctx;
    self->problem = PROBLEM_INVALID_FIELDS;
    x->job = &self->job;
    return self;
}

struct account_job *account_job_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct account_job, job);
}

static void read_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct account_job, job)->x, more);
}

static void forget(struct signin *signin, bool is_token, struct str name)
{
    if (name.len)
        signin_forget(signin, is_token, name);
}

static void write_done(struct job *job, bool more)
{
    struct account_job *self = CONTAINER_OF(job, struct account_job, job);

    if (job->result == ERR_OK) {
        forget(self->ctx->signin, false, self->user);
        forget(self->ctx->signin, true, self->token);
    }
    exchange_wake(self->x, more);
}

static void hash_done(struct job *job, bool more)
{
    struct account_job *self = CONTAINER_OF(job, struct account_job, hashing.job);

    secret_done(&self->password);
    self->job.result = job->result;
    exchange_wake(self->x, more);
}

enum flow account_read(struct account_job *self, enum err (*run)(struct job *, struct store *),
                       step_fn next)
{
    self->job.run = run;
    self->job.done = read_done;
    self->x->job = &self->job;
    exchange_wait(self->x, next);
    worker_submit(self->ctx->readers, &self->job);
    return FLOW_WAIT;
}

enum flow account_write(struct account_job *self, enum err (*run)(struct job *, struct store *),
                        step_fn next)
{
    self->job.run = run;
    self->job.done = write_done;
    self->x->job = &self->job;
    exchange_wait(self->x, next);
    commit_submit(self->ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

enum flow account_hash(struct account_job *self, step_fn next)
{
    self->hashing.job.done = hash_done;
    self->hashing.password = (struct str){self->password.text, self->password.len};
    self->x->job = &self->job;
    exchange_wait(self->x, next);
    signin_hash(self->ctx->signin, &self->hashing);
    return FLOW_WAIT;
}

enum err account_refuse(struct account_job *self, enum problem problem, const char *format, ...)
{
    va_list args;

    self->problem = problem;
    va_start(args, format);
    vsnprintf(self->detail.text, sizeof self->detail.text, format, args);
    va_end(args);
    return ERR_INVALID;
}

enum flow account_failed(struct account_job *self)
{
    struct exchange *x = self->x;
    const char *detail = self->detail.text[0] ? self->detail.text : NULL;

    reply_reset(x);
    switch ((int)self->job.result) {
    case ERR_NOT_FOUND:
        return reply_problem(x, PROBLEM_NOT_FOUND, detail);
    case ERR_EXISTS:
        return reply_problem(x, PROBLEM_NAME_TAKEN, detail);
    case ERR_INVALID:
        return reply_problem(x, self->problem, detail);
    case ERR_FULL:
    case ERR_STOPPING:
        break;
    default:
        LOG(LOG_ERROR, "accounts_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(self->job.result)));
    }
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow was_listed(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return account_failed(account_job_of(x));
    x->decision = "read";
    return FLOW_DONE;
}

enum flow account_list(struct account_job *self, enum err (*run)(struct job *, struct store *))
{
    reply_json(self->x, 200);
    return account_read(self, run, was_listed);
}

enum flow account_no_content(struct exchange *x, const char *decision)
{
    x->decision = decision;
    reply_text(x, 204);
    x->reply.content_type = NULL;
    return FLOW_DONE;
}

enum flow account_deleted(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return account_failed(account_job_of(x));
    return account_no_content(x, "deleted");
}

/* --- arguments ----------------------------------------------------------- */

static bool is_member(const char *key, const char *const members[])
{
    for (; *members; members++)
        if (strcmp(key, *members) == 0)
            return true;
    return false;
}

static enum err refuse_member(const char *key, const char *const members[],
                              struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf known = buf_new(sizeof detail->text);

    for (size_t i = 0; members[i]; i++)
        buf_printf(&known, "%s%s", i ? ", " : "", members[i]);
    return err_set(detail, ERR_INVALID, "%.64s: there is no such member here; known: %.*s", key,
                   (int)known.len, known.ptr ? known.ptr : "");
}

enum flow account_bad_value(struct exchange *x, enum err err, const struct err_detail *detail)
{
    if (err != ERR_INVALID)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    return reply_problem(x, PROBLEM_INVALID_FIELDS, detail->text);
}

json_t *account_parse(struct exchange *x, const char *const members[])
{
    struct err_detail detail = {""};
    json_t *object = NULL, *value;
    const char *key;

    enum err err = js_parse_object(x->body, &object, &detail);
    if (err != ERR_OK) {
        reply_problem(x, err == ERR_INVALID ? PROBLEM_INVALID_JSON : PROBLEM_INTERNAL, detail.text);
        return NULL;
    }
    json_object_foreach(object, key, value)
    {
        if (is_member(key, members))
            continue;
        account_bad_value(x, refuse_member(key, members, &detail), &detail);
        json_decref(object);
        return NULL;
    }
    return object;
}

enum err account_get_name(const json_t *object, struct arena *arena, struct str *ret_name,
                          struct err_detail *detail)
{
    struct str name = js_get_string(object, "name");

    if (!account_name_is_valid(name))
        return err_set(detail, ERR_INVALID, "name: send 1 to %d letters, digits and . _ - @ +",
                       ACCOUNT_NAME_MAX);
    return arena_keep(arena, name, ret_name);
}

enum err account_get_role(const json_t *object, enum role *ret_role, struct err_detail *detail)
{
    if (!role_parse(js_get_string(object, "role"), ret_role))
        return err_set(detail, ERR_INVALID, "role: send owner, manager or reader");
    return ERR_OK;
}

static enum err join_forms(const json_t *list, struct buf *out)
{
    const json_t *item;
    size_t index;

    json_array_foreach(list, index, item)
    {
        struct str name = {json_string_value(item), json_string_length(item)};
        bool is_all = json_array_size(list) == 1 && str_equal(name, STR("*"));
        if (!is_all && !form_name_is_valid(name))
            return ERR_INVALID;
        if (index)
            buf_put_char(out, ' ');
        buf_put(out, name);
    }
    return ERR_OK;
}

enum err account_get_forms(const json_t *object, struct arena *arena, struct str *ret_forms,
                           struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf text = buf_new(SCOPE_TEXT_MAX);
    const json_t *list = json_object_get(object, "forms");
    struct scope scope;

    if (!list)
        return err_set(detail, ERR_INVALID,
                       "forms: say which ones, as in [\"shop\"], or [\"*\"] for all of them");
    if (!json_is_array(list) || join_forms(list, &text) != ERR_OK || buf_status(&text) != ERR_OK ||
        !scope_parse(buf_str(&text), &scope))
        return err_set(detail, ERR_INVALID,
                       "forms: send a list of 1 to %d names of forms, or [\"*\"] for all",
                       SCOPE_FORMS_MAX);
    return arena_keep(arena, buf_str(&text), ret_forms);
}

enum err account_check_owner_forms(enum role role, struct str forms, struct err_detail *detail)
{
    if (role == ROLE_OWNER && !str_equal(forms, STR("*")))
        return err_set(detail, ERR_INVALID, "forms: an owner always has all of them");
    return ERR_OK;
}

enum err account_get_forms_of(enum role role, const json_t *object, struct arena *arena,
                              struct str *ret_forms, struct err_detail *detail)
{
    if (role == ROLE_OWNER && !json_object_get(object, "forms")) {
        *ret_forms = STR("*");
        return ERR_OK;
    }
    TRY(account_get_forms(object, arena, ret_forms, detail));
    return account_check_owner_forms(role, *ret_forms, detail);
}

enum err account_get_password(const json_t *object, const char *key, struct secret *ret_password,
                              struct err_detail *detail)
{
    struct str password = js_get_string(object, key);

    if (!credential_password_is_valid(password))
        return err_set(detail, ERR_INVALID,
                       "%s: a password has %d to %d bytes without control characters", key,
                       PASSWORD_MIN, PASSWORD_MAX);
    return secret_set(ret_password, password);
}

/* --- results ------------------------------------------------------------- */

void account_open_list(struct buf *out, const char *key)
{
    js_open(out, '{');
    js_key(out, key);
    js_open(out, '[');
}

enum err account_close_list(struct buf *out)
{
    js_close(out, ']');
    js_close(out, '}');
    buf_put_char(out, '\n');
    return buf_status(out);
}

void account_put_forms(struct buf *out, struct str forms)
{
    js_key(out, "forms");
    scope_render(out, forms);
}

/* --- owners -------------------------------------------------------------- */

struct owners {
    struct str name;
    bool has_other;
};

static enum err see_owner(void *arg, const struct user *user)
{
    struct owners *owners = arg;

    if (user->role == ROLE_OWNER && !str_equal(user->name, owners->name))
        owners->has_other = true;
    return ERR_OK;
}

enum err account_check_other_owner(struct account_job *self, struct store *writer, struct str name)
{
    struct owners owners = {.name = name};

    TRY(store_user_list(writer, see_owner, &owners));
    return owners.has_other ? ERR_OK
                            : account_refuse(self, PROBLEM_LAST_OWNER, "first make another owner");
}
