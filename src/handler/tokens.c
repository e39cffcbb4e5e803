/* SPDX-License-Identifier: MIT */
/*
 * Tokens over the API, for owners. The token's text is in the answer that
 * makes it and nowhere else; what is stored is its digest.
 */
#include "core/token.h"

#include "account.h"
#include "audit.h"
#include "base/clock.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

static enum flow token_list(struct app_ctx *ctx, struct exchange *x);
static enum flow token_post(struct app_ctx *ctx, struct exchange *x);
static enum flow token_delete(struct app_ctx *ctx, struct exchange *x);

const struct route TOKEN_ROUTES[TOKEN_ROUTE_COUNT] = {
    {.name = "token_list",
     .method = "GET",
     .path = "/admin/tokens",
     .steps = {guard_owner, token_list},
     .help = "the tokens, what they may do, and when they were used",
     .replies = {{200, "TokenList"}}},
    {.name = "token_post",
     .method = "POST",
     .path = "/admin/tokens",
     .steps = {guard_owner, token_post},
     .media = MEDIA_JSON,
     .help = "make a token for scripts; its text is shown once",
     .body = "NewToken",
     .replies = {{201, "TokenMade"}},
     .problems = PROBLEM_BIT(INVALID_JSON) | PROBLEM_BIT(INVALID_FIELDS) | PROBLEM_BIT(NAME_TAKEN)},
    {.name = "token_delete",
     .method = "DELETE",
     .path = "/admin/tokens/{name}",
     .steps = {guard_owner, token_delete},
     .help = "make a token worthless at once",
     .replies = {{204}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
};

struct token_job {
    struct account_job base;
    struct token token;
    char text[TOKEN_TEXT_LEN + 1];
};

static struct token_job *token_job_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct token_job, base.job);
}

/* The members, without the brackets around them. */
static void put_token(struct buf *out, const struct token *token)
{
    js_field_string(out, "name", token->name);
    js_field_string(out, "scope", str_of(access_text(token->scope)));
    account_put_forms(out, token->forms);
    js_field_time(out, "createdAt", token->created_at_ms);
    js_field_time(out, "expiresAt", token->expires_at_ms);
    js_field_time(out, "usedAt", token->used_at_ms);
}

/* --- the list ------------------------------------------------------------ */

static enum err render_token(void *arg, const struct token *token)
{
    js_comma(arg);
    js_open(arg, '{');
    put_token(arg, token);
    js_close(arg, '}');
    return buf_status(arg);
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct buf *out = &CONTAINER_OF(job, struct account_job, job)->x->reply.body;

    account_open_list(out, "tokens");
    TRY(store_token_list(reader, render_token, out));
    return account_close_list(out);
}

static enum flow token_list(struct app_ctx *ctx, struct exchange *x)
{
    struct account_job *self = account_job_new(ctx, x, sizeof *self);

    if (!self)
        return FLOW_DONE;
    return account_list(self, run_list);
}

/* --- a new one ----------------------------------------------------------- */

static enum err run_add(struct job *job, struct store *writer)
{
    struct token_job *self = CONTAINER_OF(job, struct token_job, base.job);
    CLEANUP(buf_done) struct buf detail = buf_new(SCOPE_TEXT_MAX + 100);
    struct audit_entry entry = audit_of(self->base.x, "token.add", self->token.name);

    self->token.created_at_ms = clock_wall_ms();
    self->token.id = store_next_id(writer, self->token.created_at_ms);
    TRY(store_token_insert(writer, &self->token));
    buf_printf(&detail, "scope %s; forms %.*s", access_text(self->token.scope),
               (int)self->token.forms.len, self->token.forms.ptr);
    TRY(buf_status(&detail));
    entry.detail = buf_str(&detail);
    return audit_add(writer, &entry);
}

static enum flow was_added(struct app_ctx *ctx, struct exchange *x)
{
    struct token_job *self = token_job_of(x);
    struct buf *out = &x->reply.body;

    (void)ctx;
    if (self->base.job.result != ERR_OK)
        return account_failed(&self->base);
    x->decision = "added";
    reply_json(x, 201);
    reply_header(x, "Cache-Control", "no-store");
    js_open(out, '{');
    put_token(out, &self->token);
    js_field_string(out, "token", str_of(self->text));
    js_close(out, '}');
    buf_put_char(out, '\n');
    secret_wipe(self->text, sizeof self->text);
    return FLOW_DONE;
}

static enum err get_expiry(const json_t *object, int64_t *ret_wall_ms, struct err_detail *detail)
{
    const json_t *value = json_object_get(object, "expiresAt");

    *ret_wall_ms = 0;
    if (!value || json_is_null(value))
        return ERR_OK;
    if (!clock_parse(js_get_string(object, "expiresAt"), ret_wall_ms) ||
        *ret_wall_ms <= clock_wall_ms())
        return err_set(detail, ERR_INVALID, "expiresAt: send a time to come (RFC 3339), or null");
    return ERR_OK;
}

static enum err read_new(struct token_job *self, const json_t *object, struct err_detail *detail)
{
    struct arena *arena = &self->base.x->arena;

    TRY(account_get_name(object, arena, &self->token.name, detail));
    if (!access_parse(js_get_string(object, "scope"), &self->token.scope))
        return err_set(detail, ERR_INVALID, "scope: send read, write or manage");
    TRY(account_get_forms(object, arena, &self->token.forms, detail));
    return get_expiry(object, &self->token.expires_at_ms, detail);
}

static void make_text(struct token_job *self)
{
    uint8_t random[TOKEN_RANDOM_BYTES];

    secret_random(random, sizeof random);
    token_format(random, self->text);
    secret_wipe(random, sizeof random);
    self->token.hash = token_digest(str_of(self->text));
}

static enum flow token_post(struct app_ctx *ctx, struct exchange *x)
{
    static const char *const MEMBERS[] = {"name", "scope", "forms", "expiresAt", NULL};
    struct token_job *self = account_job_new(ctx, x, sizeof *self);
    CLEANUP(js_decref) json_t *object = self ? account_parse(x, MEMBERS) : NULL;
    struct err_detail detail = {""};

    if (!object)
        return FLOW_DONE;
    enum err err = read_new(self, object, &detail);
    if (err != ERR_OK)
        return account_bad_value(x, err, &detail);
    make_text(self);
    return account_write(&self->base, run_add, was_added);
}

/* --- revoked ------------------------------------------------------------- */

static enum err run_delete(struct job *job, struct store *writer)
{
    struct account_job *self = CONTAINER_OF(job, struct account_job, job);
    struct str name = self->x->params[0];
    const struct audit_entry entry = audit_of(self->x, "token.revoke", name);
    char actor[ACCOUNT_NAME_MAX + 8];

    TRY(store_token_delete(writer, name));
    snprintf(actor, sizeof actor, "token:%.*s", (int)name.len, name.ptr);
    TRY(store_invitation_delete_of(writer, str_of(actor)));
    return audit_add(writer, &entry);
}

static enum flow token_delete(struct app_ctx *ctx, struct exchange *x)
{
    struct account_job *self = account_job_new(ctx, x, sizeof *self);

    if (!self)
        return FLOW_DONE;
    self->token = x->params[0];
    return account_write(self, run_delete, account_deleted);
}
