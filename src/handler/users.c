/* SPDX-License-Identifier: MIT */
/*
 * Users over the API, for owners. There is always an owner: the last one can
 * be neither removed nor made less. Who gets another password is signed out
 * everywhere, but for the session in which it was typed.
 */
#include "account.h"
#include "audit.h"
#include "base/clock.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

static enum flow user_list(struct app_ctx *ctx, struct exchange *x);
static enum flow user_post(struct app_ctx *ctx, struct exchange *x);
static enum flow user_patch(struct app_ctx *ctx, struct exchange *x);
static enum flow user_delete(struct app_ctx *ctx, struct exchange *x);

const struct route USER_ROUTES[USER_ROUTE_COUNT] = {
    {.name = "user_list",
     .method = "GET",
     .path = "/admin/users",
     .steps = {guard_owner, user_list},
     .help = "the users, their roles and forms",
     .replies = {{200, "UserList"}}},
    {.name = "user_post",
     .method = "POST",
     .path = "/admin/users",
     .steps = {guard_owner, user_post},
     .media = MEDIA_JSON,
     .help = "make a user with a password",
     .body = "NewUser",
     .replies = {{201, "User"}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FIELDS) | PROBLEM_BIT(NAME_TAKEN)},
    {.name = "user_patch",
     .method = "PATCH",
     .path = "/admin/users/{name}",
     .steps = {guard_owner, user_patch},
     .media = MEDIA_JSON,
     .help = "change a user's role, forms or password",
     .body = "UserChange",
     .replies = {{200, "User"}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FIELDS) | PROBLEM_BIT(NOT_FOUND) |
                 PROBLEM_BIT(LAST_OWNER)},
    {.name = "user_delete",
     .method = "DELETE",
     .path = "/admin/users/{name}",
     .steps = {guard_owner, user_delete},
     .help = "remove a user; the sessions end at once",
     .replies = {{204}},
     .problems = PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(LAST_OWNER)},
};

struct user_job {
    struct account_job base;
    struct user user; /* as it will be */
    bool has_role, has_forms, has_password;
    enum role former; /* what it was */
    char forms[SCOPE_TEXT_MAX + 1];
};

static struct user_job *user_job_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct user_job, base.job);
}

static void put_user(struct buf *out, const struct user *user)
{
    js_open(out, '{');
    js_field_string(out, "name", user->name);
    js_field_string(out, "role", str_of(role_text(user->role)));
    account_put_forms(out, user->forms);
    js_field_time(out, "createdAt", user->created_at_ms);
    js_close(out, '}');
}

/* --- the list ------------------------------------------------------------ */

static enum err render_user(void *arg, const struct user *user)
{
    js_comma(arg);
    put_user(arg, user);
    return buf_status(arg);
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct buf *out = &CONTAINER_OF(job, struct account_job, job)->x->reply.body;

    account_open_list(out, "users");
    TRY(store_user_list(reader, render_user, out));
    return account_close_list(out);
}

static enum flow user_list(struct app_ctx *ctx, struct exchange *x)
{
    struct account_job *self = account_job_new(ctx, x, sizeof *self);

    if (!self)
        return FLOW_DONE;
    return account_list(self, run_list);
}

/* --- a new one ----------------------------------------------------------- */

static enum err describe(const struct user_job *self, struct buf *out)
{
    if (self->has_role)
        buf_printf(out, "role %s; ", role_text(self->user.role));
    if (self->has_role || self->has_forms) {
        buf_put(out, STR("forms "));
        buf_put(out, self->user.forms);
        buf_put(out, STR("; "));
    }
    if (self->has_password)
        buf_put(out, STR("password; "));
    out->len -= out->len >= 2 ? 2 : 0;
    return buf_status(out);
}

static enum err tell(struct user_job *self, struct store *writer, const char *action)
{
    CLEANUP(buf_done) struct buf detail = buf_new(SCOPE_TEXT_MAX + 100);
    struct audit_entry entry = audit_of(self->base.x, action, self->user.name);

    TRY(describe(self, &detail));
    if (detail.len)
        entry.detail = buf_str(&detail);
    return audit_add(writer, &entry);
}

static enum err run_add(struct job *job, struct store *writer)
{
    struct user_job *self = CONTAINER_OF(job, struct user_job, base.job);

    self->user.created_at_ms = clock_wall_ms();
    TRY(store_user_insert(writer, &self->user));
    return tell(self, writer, "user.add");
}

static enum flow reply_user(struct exchange *x, unsigned status, const char *decision)
{
    struct user_job *self = user_job_of(x);

    if (self->base.job.result != ERR_OK)
        return account_failed(&self->base);
    x->decision = decision;
    reply_json(x, status);
    put_user(&x->reply.body, &self->user);
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

static enum flow was_added(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    return reply_user(x, 201, "added");
}

static enum flow was_hashed(struct app_ctx *ctx, struct exchange *x)
{
    struct user_job *self = user_job_of(x);

    (void)ctx;
    if (self->base.job.result != ERR_OK)
        return account_failed(&self->base);
    self->user.password_hash = str_of(self->base.hashing.hash);
    return account_write(&self->base, run_add, was_added);
}

static enum err read_new(struct user_job *self, const json_t *object, struct err_detail *detail)
{
    struct arena *arena = &self->base.x->arena;

    TRY(account_get_name(object, arena, &self->user.name, detail));
    TRY(account_get_role(object, &self->user.role, detail));
    TRY(account_get_forms_of(self->user.role, object, arena, &self->user.forms, detail));
    self->has_role = true;
    return account_get_password(object, "password", &self->base.password, detail);
}

static enum flow user_post(struct app_ctx *ctx, struct exchange *x)
{
    static const char *const MEMBERS[] = {"name", "role", "forms", "password", NULL};
    struct user_job *self = account_job_new(ctx, x, sizeof *self);
    CLEANUP(js_decref) json_t *object = self ? account_parse(x, MEMBERS) : NULL;
    struct err_detail detail = {""};

    if (!object)
        return FLOW_DONE;
    enum err err = read_new(self, object, &detail);
    if (err != ERR_OK)
        return account_bad_value(x, err, &detail);
    return account_hash(&self->base, was_hashed);
}

/* --- another role, other forms, another password ------------------------- */

/* What is not changed stays, but for an owner's forms: all, until it is said which. */
static enum err fill_in(void *arg, const struct user *found)
{
    struct user_job *self = arg;

    self->former = found->role;
    self->user.created_at_ms = found->created_at_ms;
    if (!self->has_role)
        self->user.role = found->role;
    if (self->has_forms)
        return ERR_OK;
    if (found->forms.len > SCOPE_TEXT_MAX)
        return ERR_CORRUPT;
    memcpy(self->forms, found->forms.ptr, found->forms.len);
    self->user.forms =
        self->user.role == ROLE_OWNER ? STR("*") : (struct str){self->forms, found->forms.len};
    return ERR_OK;
}

static enum err set_password(struct user_job *self, struct store *writer)
{
    const struct identity *identity = &self->base.x->principal->identity;
    bool is_own = identity->is_session && str_equal(self->user.name, str_of(identity->name));

    TRY(store_user_set_password(writer, self->user.name, str_of(self->base.hashing.hash)));
    return store_session_delete_user(writer, self->user.name, is_own ? &identity->session : NULL);
}

/* Nor may a former owner have a door left open. */
static enum err end_ownership(struct user_job *self, struct store *writer)
{
    TRY(account_check_other_owner(&self->base, writer, self->user.name));
    return store_invitation_delete_of(writer, self->user.name);
}

static enum err run_patch(struct job *job, struct store *writer)
{
    struct user_job *self = CONTAINER_OF(job, struct user_job, base.job);
    struct err_detail detail = {""};

    TRY(store_user_get(writer, self->user.name, fill_in, self));
    if (self->former == ROLE_OWNER && self->user.role != ROLE_OWNER && !self->has_forms)
        return account_refuse(&self->base, PROBLEM_INVALID_FIELDS,
                              "forms: say which ones, or \"*\": an owner had all of them");
    if (account_check_owner_forms(self->user.role, self->user.forms, &detail) != ERR_OK)
        return account_refuse(&self->base, PROBLEM_INVALID_FIELDS, "%s", detail.text);
    if (self->former == ROLE_OWNER && self->user.role != ROLE_OWNER)
        TRY(end_ownership(self, writer));
    TRY(store_user_update(writer, &self->user));
    if (self->has_password)
        TRY(set_password(self, writer));
    return tell(self, writer, "user.set");
}

static enum flow was_patched(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    return reply_user(x, 200, "changed");
}

static enum flow patch_hashed(struct app_ctx *ctx, struct exchange *x)
{
    struct user_job *self = user_job_of(x);

    (void)ctx;
    if (self->base.job.result != ERR_OK)
        return account_failed(&self->base);
    return account_write(&self->base, run_patch, was_patched);
}

static enum err read_patch(struct user_job *self, const json_t *object, struct err_detail *detail)
{
    self->has_role = json_object_get(object, "role") != NULL;
    self->has_forms = json_object_get(object, "forms") != NULL;
    self->has_password = json_object_get(object, "password") != NULL;
    if (!self->has_role && !self->has_forms && !self->has_password)
        return err_set(detail, ERR_INVALID, "send role, forms or password");
    if (self->has_role)
        TRY(account_get_role(object, &self->user.role, detail));
    if (self->has_forms)
        TRY(account_get_forms(object, &self->base.x->arena, &self->user.forms, detail));
    return self->has_password
               ? account_get_password(object, "password", &self->base.password, detail)
               : ERR_OK;
}

static enum flow user_patch(struct app_ctx *ctx, struct exchange *x)
{
    static const char *const MEMBERS[] = {"role", "forms", "password", NULL};
    struct user_job *self = account_job_new(ctx, x, sizeof *self);
    CLEANUP(js_decref) json_t *object = self ? account_parse(x, MEMBERS) : NULL;
    struct err_detail detail = {""};

    if (!object)
        return FLOW_DONE;
    self->user.name = self->base.user = x->params[0];
    enum err err = read_patch(self, object, &detail);
    if (err != ERR_OK)
        return account_bad_value(x, err, &detail);
    return self->has_password ? account_hash(&self->base, patch_hashed)
                              : account_write(&self->base, run_patch, was_patched);
}

/* --- out ----------------------------------------------------------------- */

static enum err run_delete(struct job *job, struct store *writer)
{
    struct user_job *self = CONTAINER_OF(job, struct user_job, base.job);

    TRY(store_user_get(writer, self->user.name, fill_in, self));
    if (self->former == ROLE_OWNER)
        TRY(end_ownership(self, writer));
    TRY(store_user_delete(writer, self->user.name));
    TRY(store_session_delete_user(writer, self->user.name, NULL));
    return tell(self, writer, "user.remove");
}

static enum flow user_delete(struct app_ctx *ctx, struct exchange *x)
{
    struct user_job *self = account_job_new(ctx, x, sizeof *self);

    if (!self)
        return FLOW_DONE;
    self->user.name = self->base.user = x->params[0];
    return account_write(&self->base, run_delete, account_deleted);
}
