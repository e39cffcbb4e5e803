/* SPDX-License-Identifier: MIT */
/*
 * Invitations: an owner makes a link, whoever has it makes the account and
 * chooses its password, once and within a week. The link's secret stands
 * behind the '#', so that it reaches no server's log; only its digest is
 * stored.
 */
#include "account.h"
#include "audit.h"
#include "base/clock.h"
#include "core/token.h"
#include "csrf.h"
#include "guards.h"
#include "http/reply.h"
#include "opening.h"
#include "page_origin.h"
#include "topics.h"

enum { URL_MAX = 1024 };

static enum flow invitation_list(struct app_ctx *ctx, struct exchange *x);
static enum flow invitation_post(struct app_ctx *ctx, struct exchange *x);
static enum flow invitation_look(struct app_ctx *ctx, struct exchange *x);
static enum flow invitation_accept(struct app_ctx *ctx, struct exchange *x);
static enum flow invitation_delete(struct app_ctx *ctx, struct exchange *x);

const struct route INVITATION_ROUTES[INVITATION_ROUTE_COUNT] = {
    {.name = "invitation_list",
     .method = "GET",
     .path = "/admin/invitations",
     .steps = {guard_owner, invitation_list},
     .help = "the invitations that nobody has accepted yet",
     .replies = {{200, "InvitationList"}}},
    {.name = "invitation_post",
     .method = "POST",
     .path = "/admin/invitations",
     .steps = {guard_owner, invitation_post},
     .media = MEDIA_JSON,
     .help = "invite somebody to be a user; the link is shown once",
     .body = "NewInvitation",
     .replies = {{201, "InvitationMade"}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FIELDS) | PROBLEM_BIT(NAME_TAKEN)},
    {.name = "invitation_look",
     .method = "POST",
     .path = "/admin/invitations/look",
     .steps = {guard_open, guard_no_query, invitation_look},
     .media = MEDIA_JSON,
     .help = "whom a link invites, and whether it still does",
     .body = "InvitationLook",
     .replies = {{200, "InvitationFound"}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FIELDS) | PROBLEM_BIT(NOT_FOUND) |
                 PROBLEM_BIT(CSRF) | PROBLEM_BIT(TOO_MANY_ATTEMPTS) | PROBLEM_BIT(UNAVAILABLE)},
    {.name = "invitation_accept",
     .method = "POST",
     .path = "/admin/invitations/accept",
     .steps = {guard_open, guard_no_query, invitation_accept},
     .media = MEDIA_JSON,
     .help = "make the account that one was invited to, and sign in",
     .body = "InvitationAccept",
     .replies = {{200, "Session"}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FIELDS) | PROBLEM_BIT(NOT_FOUND) |
                 PROBLEM_BIT(NAME_TAKEN) | PROBLEM_BIT(CSRF) | PROBLEM_BIT(TOO_MANY_ATTEMPTS) |
                 PROBLEM_BIT(UNAVAILABLE)},
    {.name = "invitation_delete",
     .method = "DELETE",
     .path = "/admin/invitations/{name}",
     .steps = {guard_owner, invitation_delete},
     .help = "take an invitation back",
     .replies = {{204}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
};

/* --- the list ------------------------------------------------------------ */

struct list_job {
    struct account_job base;
    int64_t now_ms;
};

static enum err render_invitation(void *arg, const struct invitation *invitation)
{
    struct list_job *self = arg;
    struct buf *out = &self->base.x->reply.body;

    if (invitation->expires_at_ms <= self->now_ms)
        return ERR_OK;
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", invitation->name);
    js_field_string(out, "role", str_of(role_text(invitation->role)));
    account_put_forms(out, invitation->forms);
    js_field_string(out, "createdBy", invitation->created_by);
    js_field_time(out, "createdAt", invitation->created_at_ms);
    js_field_time(out, "expiresAt", invitation->expires_at_ms);
    js_close(out, '}');
    return buf_status(out);
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct list_job *self = CONTAINER_OF(job, struct list_job, base.job);
    struct buf *out = &self->base.x->reply.body;

    self->now_ms = clock_wall_ms();
    account_open_list(out, "invitations");
    TRY(store_invitation_list(reader, render_invitation, self));
    return account_close_list(out);
}

static enum flow invitation_list(struct app_ctx *ctx, struct exchange *x)
{
    struct list_job *self = account_job_new(ctx, x, sizeof *self);

    if (!self)
        return FLOW_DONE;
    return account_list(&self->base, run_list);
}

/* --- a new one ----------------------------------------------------------- */

struct invitation_job {
    struct account_job base;
    struct invitation invitation;
    size_t others; /* that are open */
    char text[SESSION_TEXT_LEN + 1];
};

static enum err ignore_user(void *arg, const struct user *user)
{
    (void)arg;
    (void)user;
    return ERR_OK;
}

static enum err count_other(void *arg, const struct invitation *invitation)
{
    struct invitation_job *self = arg;

    self->others += !str_equal(invitation->name, self->invitation.name);
    return ERR_OK;
}

static enum err check_room(struct invitation_job *self, struct store *writer)
{
    enum err err = store_user_get(writer, self->invitation.name, ignore_user, NULL);

    if (err != ERR_NOT_FOUND)
        return err == ERR_OK ? ERR_EXISTS : err;
    TRY(store_invitation_purge(writer, self->invitation.created_at_ms));
    TRY(store_invitation_list(writer, count_other, self));
    if (self->others >= INVITATIONS_MAX)
        return account_refuse(&self->base, PROBLEM_INVALID_FIELDS,
                              "%d invitations are open; take some back first", INVITATIONS_MAX);
    return ERR_OK;
}

static enum err run_add(struct job *job, struct store *writer)
{
    struct invitation_job *self = CONTAINER_OF(job, struct invitation_job, base.job);
    struct invitation *invitation = &self->invitation;
    CLEANUP(buf_done) struct buf detail = buf_new(SCOPE_TEXT_MAX + 100);
    struct audit_entry entry = audit_of(self->base.x, "invitation.add", invitation->name);

    invitation->created_at_ms = clock_wall_ms();
    invitation->expires_at_ms = invitation->created_at_ms + (int64_t)INVITATION_LIFE_S * 1000;
    TRY(check_room(self, writer));
    TRY(store_invitation_put(writer, invitation));
    buf_printf(&detail, "role %s; forms %.*s", role_text(invitation->role),
               (int)invitation->forms.len, invitation->forms.ptr);
    TRY(buf_status(&detail));
    entry.detail = buf_str(&detail);
    return audit_add(writer, &entry);
}

/* For whom it is: as it can be sent, and without the server's address, which may be another. */
static void put_link(struct buf *out, const struct invitation_job *self)
{
    CLEANUP(buf_done) struct buf url = buf_new(URL_MAX);
    char path[64];

    snprintf(path, sizeof path, "/admin/#invite=%s", self->text);
    page_own_origin(self->base.x, &url);
    buf_put(&url, str_of(path));
    js_field_string(out, "url", buf_status(&url) == ERR_OK ? buf_str(&url) : str_of(path));
    js_field_string(out, "path", str_of(path));
    secret_wipe(path, sizeof path);
    if (url.len)
        secret_wipe(url.ptr, url.len);
}

static enum flow was_added(struct app_ctx *ctx, struct exchange *x)
{
    struct invitation_job *self = CONTAINER_OF(x->job, struct invitation_job, base.job);
    struct buf *out = &x->reply.body;

    (void)ctx;
    if (self->base.job.result != ERR_OK)
        return account_failed(&self->base);
    x->decision = "added";
    reply_json(x, 201);
    reply_header(x, "Cache-Control", "no-store");
    js_open(out, '{');
    js_field_string(out, "name", self->invitation.name);
    put_link(out, self);
    js_field_string(out, "token", str_of(self->text));
    js_field_time(out, "expiresAt", self->invitation.expires_at_ms);
    js_close(out, '}');
    buf_put_char(out, '\n');
    secret_wipe(self->text, sizeof self->text);
    return FLOW_DONE;
}

static enum err read_new(struct invitation_job *self, const json_t *object,
                         struct err_detail *detail)
{
    struct arena *arena = &self->base.x->arena;

    TRY(account_get_name(object, arena, &self->invitation.name, detail));
    TRY(account_get_role(object, &self->invitation.role, detail));
    return account_get_forms_of(self->invitation.role, object, arena, &self->invitation.forms,
                                detail);
}

static void make_text(struct invitation_job *self)
{
    uint8_t random[SESSION_RANDOM_BYTES];

    secret_random(random, sizeof random);
    session_text_format(random, self->text);
    secret_wipe(random, sizeof random);
    self->invitation.hash = token_digest(str_of(self->text));
}

static enum flow invitation_post(struct app_ctx *ctx, struct exchange *x)
{
    static const char *const MEMBERS[] = {"name", "role", "forms", NULL};
    struct invitation_job *self = account_job_new(ctx, x, sizeof *self);
    CLEANUP(js_decref) json_t *object = self ? account_parse(x, MEMBERS) : NULL;
    struct err_detail detail = {""};

    if (!object)
        return FLOW_DONE;
    enum err err = read_new(self, object, &detail);
    if (err != ERR_OK)
        return account_bad_value(x, err, &detail);
    self->invitation.created_by = str_of(x->principal->actor);
    make_text(self);
    return account_write(&self->base, run_add, was_added);
}

/* --- accepted ------------------------------------------------------------ */

struct accept_job {
    struct account_job base;
    struct digest hash;       /* of what was sent */
    struct identity identity; /* as the invitation has it */
    int64_t expires_at_ms;
    struct opening opening;
};

static struct accept_job *accept_job_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct accept_job, base.job);
}

static enum err take_invitation(void *arg, const struct invitation *invitation)
{
    struct accept_job *self = arg;
    struct identity *identity = &self->identity;

    if (invitation->expires_at_ms <= clock_wall_ms())
        return ERR_NOT_FOUND;
    if (invitation->name.len > ACCOUNT_NAME_MAX ||
        !scope_parse(invitation->forms, &identity->scope))
        return ERR_CORRUPT;
    memcpy(identity->name, invitation->name.ptr, invitation->name.len);
    identity->name[invitation->name.len] = '\0';
    identity->role = invitation->role;
    identity->access = role_access(invitation->role);
    self->expires_at_ms = invitation->expires_at_ms;
    return ERR_OK;
}

static enum err run_look_up(struct job *job, struct store *reader)
{
    struct accept_job *self = CONTAINER_OF(job, struct accept_job, base.job);

    return store_invitation_get(reader, &self->hash, take_invitation, self);
}

static enum err run_accept(struct job *job, struct store *writer)
{
    struct accept_job *self = CONTAINER_OF(job, struct accept_job, base.job);
    const struct user user = {.name = str_of(self->identity.name),
                              .password_hash = str_of(self->base.hashing.hash),
                              .role = self->identity.role,
                              .forms = scope_text(&self->identity.scope),
                              .created_at_ms = clock_wall_ms()};
    struct audit_entry entry = audit_of(self->base.x, "invitation.accept", user.name);

    /* Again, since it is good for one account only. */
    TRY(store_invitation_get(writer, &self->hash, take_invitation, self));
    TRY(store_user_insert(writer, &user));
    TRY(store_invitation_delete(writer, user.name));
    entry.actor = user.name;
    TRY(audit_add(writer, &entry));
    TRY(opening_run(&self->opening, writer));
    self->base.user = str_of(self->opening.former_user);
    return ERR_OK;
}

static enum flow was_accepted(struct app_ctx *ctx, struct exchange *x)
{
    struct accept_job *self = accept_job_of(x);

    (void)ctx;
    secret_done(&self->base.password);
    if (self->base.job.result == ERR_NOT_FOUND)
        return reply_problem(x, PROBLEM_NOT_FOUND, "this invitation is over, or was taken back");
    if (self->base.job.result != ERR_OK)
        return account_failed(&self->base);
    return opening_answer(&self->opening, x);
}

static enum flow was_hashed(struct app_ctx *ctx, struct exchange *x)
{
    struct accept_job *self = accept_job_of(x);

    if (self->base.job.result != ERR_OK)
        return was_accepted(ctx, x);
    opening_prepare(&self->opening, x, &self->identity);
    return account_write(&self->base, run_accept, was_accepted);
}

/* Only a good invitation is worth the work of hashing. */
static enum flow was_looked_up(struct app_ctx *ctx, struct exchange *x)
{
    struct accept_job *self = accept_job_of(x);

    if (self->base.job.result != ERR_OK)
        return was_accepted(ctx, x);
    return account_hash(&self->base, was_hashed);
}

/* Who has a link may ask from our own page, and not without end. NULL: the reply is ready. */
static struct accept_job *begin(struct app_ctx *ctx, struct exchange *x,
                                const char *const members[], json_t **ret_object)
{
    struct accept_job *self = NULL;
    int64_t wait_ms = signin_throttle(ctx->signin, x->source, clock_mono_ms());

    if (csrf_is_foreign(x))
        reply_problem(x, PROBLEM_CSRF, NULL);
    else if (wait_ms)
        reply_retry_later(x, PROBLEM_TOO_MANY_ATTEMPTS, wait_ms);
    else
        self = account_job_new(ctx, x, sizeof *self);
    if (!self || !(*ret_object = account_parse(x, members)))
        return NULL;
    struct str token = js_get_string(*ret_object, "token");
    if (!token.ptr) {
        reply_problem(x, PROBLEM_INVALID_FIELDS, "token: send what the link ends with");
        return NULL;
    }
    self->hash = token_digest(token);
    return self;
}

static enum flow invitation_accept(struct app_ctx *ctx, struct exchange *x)
{
    static const char *const MEMBERS[] = {"token", "password", NULL};
    CLEANUP(js_decref) json_t *object = NULL;
    struct err_detail detail = {""};
    struct accept_job *self = begin(ctx, x, MEMBERS, &object);

    if (!self)
        return FLOW_DONE;
    enum err err = account_get_password(object, "password", &self->base.password, &detail);
    if (err != ERR_OK)
        return account_bad_value(x, err, &detail);
    return account_read(&self->base, run_look_up, was_looked_up);
}

/* --- looked at ----------------------------------------------------------- */

static enum flow was_seen(struct app_ctx *ctx, struct exchange *x)
{
    struct accept_job *self = accept_job_of(x);
    struct buf *out = &x->reply.body;

    if (self->base.job.result != ERR_OK)
        return was_accepted(ctx, x);
    reply_json(x, 200);
    reply_header(x, "Cache-Control", "no-store");
    js_open(out, '{');
    js_field_string(out, "name", str_of(self->identity.name));
    js_field_string(out, "role", str_of(role_text(self->identity.role)));
    account_put_forms(out, scope_text(&self->identity.scope));
    js_field_time(out, "expiresAt", self->expires_at_ms);
    js_close(out, '}');
    buf_put_char(out, '\n');
    return FLOW_DONE;
}

static enum flow invitation_look(struct app_ctx *ctx, struct exchange *x)
{
    static const char *const MEMBERS[] = {"token", NULL};
    CLEANUP(js_decref) json_t *object = NULL;
    struct accept_job *self = begin(ctx, x, MEMBERS, &object);

    return self ? account_read(&self->base, run_look_up, was_seen) : FLOW_DONE;
}

/* --- taken back ---------------------------------------------------------- */

static enum err run_delete(struct job *job, struct store *writer)
{
    struct account_job *self = CONTAINER_OF(job, struct account_job, job);
    const struct audit_entry entry = audit_of(self->x, "invitation.remove", self->x->params[0]);

    TRY(store_invitation_delete(writer, self->x->params[0]));
    return audit_add(writer, &entry);
}

static enum flow invitation_delete(struct app_ctx *ctx, struct exchange *x)
{
    struct account_job *self = account_job_new(ctx, x, sizeof *self);

    return self ? account_write(self, run_delete, account_deleted) : FLOW_DONE;
}
