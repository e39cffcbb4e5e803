/* SPDX-License-Identifier: MIT */
/*
 * The panel's way in and out: sign in with a password, see which sessions
 * there are, end them, choose another password. What a session is worth is
 * decided by service/signin, request by request.
 */
#include "account.h"
#include "audit.h"
#include "base/clock.h"
#include "core/token.h"
#include "csrf.h"
#include "guards.h"
#include "http/reply.h"
#include "opening.h"
#include "topics.h"

static enum flow session_post(struct app_ctx *ctx, struct exchange *x);
static enum flow session_get(struct app_ctx *ctx, struct exchange *x);
static enum flow session_delete(struct app_ctx *ctx, struct exchange *x);
static enum flow session_list(struct app_ctx *ctx, struct exchange *x);
static enum flow session_end(struct app_ctx *ctx, struct exchange *x);
static enum flow password_post(struct app_ctx *ctx, struct exchange *x);

const struct route SESSION_ROUTES[SESSION_ROUTE_COUNT] = {
    {.name = "session_post",
     .method = "POST",
     .path = "/admin/session",
     .steps = {guard_open, guard_no_query, session_post},
     .media = MEDIA_JSON,
     .help = "sign in with name and password; sets the session's cookie",
     .body = "Credentials",
     .replies = {{200, "Session"}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FIELDS) |
                 PROBLEM_BIT(UNAUTHORIZED) | PROBLEM_BIT(CSRF) | PROBLEM_BIT(TOO_MANY_ATTEMPTS) |
                 PROBLEM_BIT(UNAVAILABLE)},
    {.name = "session_get",
     .method = "GET",
     .path = "/admin/session",
     .steps = {guard_read, session_get},
     .help = "who am I, and what may I do",
     .replies = {{200, "Session"}}},
    {.name = "session_delete",
     .method = "DELETE",
     .path = "/admin/session",
     .steps = {guard_read, session_delete},
     .help = "sign out",
     .replies = {{204}}},
    {.name = "session_list",
     .method = "GET",
     .path = "/admin/sessions",
     .steps = {guard_read, session_list},
     .help = "the sessions that are open: one's own; an owner's list has everybody's",
     .replies = {{200, "SessionList"}}},
    {.name = "session_end",
     .method = "DELETE",
     .path = "/admin/sessions/{id}",
     .steps = {guard_read, session_end},
     .help = "end one of them",
     .replies = {{204}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
    {.name = "password_post",
     .method = "POST",
     .path = "/admin/password",
     .steps = {guard_read, password_post},
     .media = MEDIA_JSON,
     .help = "choose another password; ends one's other sessions",
     .body = "PasswordChange",
     .replies = {{204}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FIELDS) |
                 PROBLEM_BIT(WRONG_PASSWORD) | PROBLEM_BIT(TOO_MANY_ATTEMPTS)},
};

/* --- a password held against --------------------------------------------- */

/* For signing in, and for choosing another password. */
struct entry_job {
    struct account_job base;
    struct signin_attempt attempt;
    struct opening opening;
};

static struct entry_job *entry_job_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct entry_job, base.job);
}

static void attempt_done(struct job *job, bool more)
{
    struct entry_job *self = CONTAINER_OF(job, struct entry_job, attempt.job);

    self->base.job.result = job->result;
    exchange_wake(self->base.x, more);
}

static enum flow hold_against(struct entry_job *self, struct str name, struct str password,
                              step_fn next)
{
    struct exchange *x = self->base.x;
    int64_t wait_ms = 0;

    self->attempt.job.done = attempt_done;
    switch (signin_begin_password(self->base.ctx->signin, name, password, x->source,
                                  clock_mono_ms(), &self->attempt, &wait_ms)) {
    case SIGNIN_THROTTLED:
        return reply_retry_later(x, PROBLEM_TOO_MANY_ATTEMPTS, wait_ms);
    case SIGNIN_STARTABLE:
        break;
    case SIGNIN_KNOWN:
    case SIGNIN_REFUSED:
        self->base.job.result = ERR_DENIED;
        return next(self->base.ctx, x);
    }
    exchange_wait(x, next);
    signin_verify(&self->attempt);
    return FLOW_WAIT;
}

struct same_password {
    const struct digest *wanted;
    bool is_same;
};

static enum err compare_password(void *arg, const struct user *user)
{
    struct same_password *self = arg;
    struct digest found = digest_of(user->password_hash, NULL);

    self->is_same = digest_equal(&found, self->wanted);
    return ERR_OK;
}

/* It may have been changed since it was held against. */
static enum err check_still_right(struct store *writer, const struct identity *identity)
{
    struct same_password same = {.wanted = &identity->password};
    enum err err = store_user_get(writer, str_of(identity->name), compare_password, &same);

    if (err == ERR_NOT_FOUND || (err == ERR_OK && !same.is_same))
        return ERR_DENIED;
    return err;
}

/* --- in ------------------------------------------------------------------ */

static enum err run_sign_in(struct job *job, struct store *writer)
{
    struct entry_job *self = CONTAINER_OF(job, struct entry_job, base.job);

    TRY(check_still_right(writer, &self->opening.identity));
    TRY(opening_run(&self->opening, writer));
    self->base.user = str_of(self->opening.former_user);
    return ERR_OK;
}

static enum flow signed_in(struct app_ctx *ctx, struct exchange *x)
{
    struct entry_job *self = entry_job_of(x);

    (void)ctx;
    if (self->base.job.result == ERR_OK)
        return opening_answer(&self->opening, x);
    if (self->base.job.result == ERR_DENIED)
        return guard_sign_in(x);
    return account_failed(&self->base);
}

static enum flow was_right(struct app_ctx *ctx, struct exchange *x)
{
    struct entry_job *self = entry_job_of(x);

    if (self->base.job.result != ERR_OK)
        return signed_in(ctx, x);
    opening_prepare(&self->opening, x, &self->attempt.identity);
    self->opening.is_untold = !self->attempt.is_news;
    return account_write(&self->base, run_sign_in, signed_in);
}

static enum flow session_post(struct app_ctx *ctx, struct exchange *x)
{
    static const char *const MEMBERS[] = {"name", "password", NULL};
    CLEANUP(js_decref) json_t *object = NULL;

    if (csrf_is_foreign(x))
        return reply_problem(x, PROBLEM_CSRF, NULL);
    struct entry_job *self = account_job_new(ctx, x, sizeof *self);
    if (!self || !(object = account_parse(x, MEMBERS)))
        return FLOW_DONE;
    struct str name = js_get_string(object, "name");
    struct str password = js_get_string(object, "password");
    if (!name.ptr || !password.ptr)
        return reply_problem(x, PROBLEM_INVALID_FIELDS, "send name and password");
    return hold_against(self, name, password, was_right);
}

/* --- here ---------------------------------------------------------------- */

static enum flow session_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    x->decision = "read";
    reply_json(x, 200);
    opening_render(&x->reply.body, &x->principal->identity);
    return FLOW_DONE;
}

struct list_job {
    struct account_job base;
    int64_t now_ms;
    int rows;            /* that the list holds */
    struct digest found; /* for one to be ended */
    bool is_found;
    char user[ACCOUNT_NAME_MAX + 1]; /* of that one */
};

/* Sessions that one may not see are not there; tokens have none. */
static bool may_see(const struct exchange *x, const struct session *session)
{
    const struct identity *identity = &x->principal->identity;

    if (identity->access >= ACCESS_MANAGE && identity->scope.is_all)
        return true;
    return !identity->is_token && str_equal(session->user, str_of(identity->name));
}

static enum err render_session(void *arg, const struct session *session)
{
    struct list_job *self = arg;
    const struct identity *identity = &self->base.x->principal->identity;
    struct buf *out = &self->base.x->reply.body;
    char id[SESSION_ID_LEN + 1];

    if (session_ends_at_ms(session) <= self->now_ms || !may_see(self->base.x, session) ||
        ++self->rows > SESSION_LIST_MAX)
        return ERR_OK;
    session_id_format(&session->hash, id);
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "id", str_of(id));
    js_field_string(out, "user", session->user);
    js_field_time(out, "createdAt", session->created_at_ms);
    js_field_time(out, "seenAt", session->seen_at_ms);
    js_field_time(out, "expiresAt", session_ends_at_ms(session));
    js_field_string(out, "source", session->source);
    js_field_string(out, "userAgent", session->user_agent);
    js_field_bool(out, "isCurrent",
                  identity->is_session && digest_equal(&session->hash, &identity->session));
    js_close(out, '}');
    return buf_status(out);
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct list_job *self = CONTAINER_OF(job, struct list_job, base.job);
    struct buf *out = &self->base.x->reply.body;

    self->now_ms = clock_wall_ms();
    account_open_list(out, "sessions");
    TRY(store_session_list(reader, (struct str){0}, render_session, self));
    return account_close_list(out);
}

static enum flow session_list(struct app_ctx *ctx, struct exchange *x)
{
    struct list_job *self = account_job_new(ctx, x, sizeof *self);

    if (!self)
        return FLOW_DONE;
    return account_list(&self->base, run_list);
}

/* --- out ----------------------------------------------------------------- */

static enum err run_sign_out(struct job *job, struct store *writer)
{
    struct account_job *self = CONTAINER_OF(job, struct account_job, job);
    const struct audit_entry entry = audit_of(self->x, "signout", (struct str){0});

    enum err err = store_session_delete(writer, &self->x->principal->identity.session);
    if (err == ERR_NOT_FOUND)
        return ERR_OK; /* somebody else has ended it meanwhile */
    TRY(err);
    return audit_add(writer, &entry);
}

static enum flow signed_out(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return account_failed(account_job_of(x));
    opening_forget(x);
    return account_no_content(x, "signed_out");
}

static enum flow session_delete(struct app_ctx *ctx, struct exchange *x)
{
    struct account_job *self = account_job_new(ctx, x, sizeof *self);

    if (!self)
        return FLOW_DONE;
    if (!x->principal->identity.is_session)
        return account_no_content(x, "no_session");
    self->user = str_of(x->principal->identity.name);
    return account_write(self, run_sign_out, signed_out);
}

static enum err find_session(void *arg, const struct session *session)
{
    struct list_job *self = arg;
    char id[SESSION_ID_LEN + 1];

    session_id_format(&session->hash, id);
    if (!may_see(self->base.x, session) || session->user.len > ACCOUNT_NAME_MAX ||
        !str_equal(str_of(id), self->base.x->params[0]))
        return ERR_OK;
    self->found = session->hash;
    self->is_found = true;
    memcpy(self->user, session->user.ptr, session->user.len);
    return ERR_OK;
}

static enum err run_end(struct job *job, struct store *writer)
{
    struct list_job *self = CONTAINER_OF(job, struct list_job, base.job);

    TRY(store_session_list(writer, (struct str){0}, find_session, self));
    if (!self->is_found)
        return ERR_NOT_FOUND;
    TRY(store_session_delete(writer, &self->found));
    self->base.user = str_of(self->user);
    const struct audit_entry entry = audit_of(self->base.x, "session.end", self->base.user);
    return audit_add(writer, &entry);
}

static enum flow session_end(struct app_ctx *ctx, struct exchange *x)
{
    struct list_job *self = account_job_new(ctx, x, sizeof *self);

    return self ? account_write(&self->base, run_end, account_deleted) : FLOW_DONE;
}

/* --- another password ---------------------------------------------------- */

static enum err run_password(struct job *job, struct store *writer)
{
    struct entry_job *self = CONTAINER_OF(job, struct entry_job, base.job);
    const struct identity *identity = &self->base.x->principal->identity;
    struct str name = str_of(identity->name);
    const struct audit_entry entry = audit_of(self->base.x, "user.password", name);

    TRY(check_still_right(writer, &self->attempt.identity));
    TRY(store_user_set_password(writer, name, str_of(self->base.hashing.hash)));
    TRY(store_session_delete_user(writer, name, identity->is_session ? &identity->session : NULL));
    return audit_add(writer, &entry);
}

static enum flow password_changed(struct app_ctx *ctx, struct exchange *x)
{
    struct entry_job *self = entry_job_of(x);

    (void)ctx;
    secret_done(&self->base.password);
    if (self->base.job.result == ERR_DENIED)
        return reply_problem(x, PROBLEM_WRONG_PASSWORD, NULL);
    if (self->base.job.result != ERR_OK)
        return account_failed(&self->base);
    return account_no_content(x, "changed");
}

static enum flow password_hashed(struct app_ctx *ctx, struct exchange *x)
{
    struct entry_job *self = entry_job_of(x);

    if (self->base.job.result != ERR_OK)
        return password_changed(ctx, x);
    self->base.user = str_of(x->principal->identity.name);
    return account_write(&self->base, run_password, password_changed);
}

static enum flow old_was_right(struct app_ctx *ctx, struct exchange *x)
{
    struct entry_job *self = entry_job_of(x);

    if (self->base.job.result != ERR_OK)
        return password_changed(ctx, x);
    return account_hash(&self->base, password_hashed);
}

static enum flow password_post(struct app_ctx *ctx, struct exchange *x)
{
    static const char *const MEMBERS[] = {"old", "new", NULL};
    CLEANUP(js_decref) json_t *object = NULL;
    struct err_detail detail = {""};

    if (x->principal->identity.is_token)
        return reply_problem(x, PROBLEM_FORBIDDEN, "a token has no password");
    struct entry_job *self = account_job_new(ctx, x, sizeof *self);
    if (!self || !(object = account_parse(x, MEMBERS)))
        return FLOW_DONE;
    struct str old = js_get_string(object, "old");
    if (!old.ptr)
        return reply_problem(x, PROBLEM_INVALID_FIELDS, "old: send the password of now");
    enum err err = account_get_password(object, "new", &self->base.password, &detail);
    if (err != ERR_OK)
        return account_bad_value(x, err, &detail);
    return hold_against(self, str_of(x->principal->identity.name), old, old_was_right);
}
