/* SPDX-License-Identifier: MIT */
/*
 * Every sign-in makes a new secret, and the session whose cookie came along
 * ends with it: nobody can have planted one that then becomes somebody's.
 * opening_run() is the committer's, the rest HTTP threads'.
 */
#include "opening.h"

#include "account.h"
#include "audit.h"
#include "base/clock.h"
#include "core/token.h"
#include "http/reply.h"

#define COOKIE_END "; Path=/; Secure; HttpOnly; SameSite=Strict"

enum { COOKIE_MAX = 256 };

static void make_secret(char text[SESSION_TEXT_LEN + 1])
{
    uint8_t random[SESSION_RANDOM_BYTES];

    secret_random(random, sizeof random);
    session_text_format(random, text);
    secret_wipe(random, sizeof random);
}

/* As far as it is plain ASCII, as all of them are. */
static void keep_agent(struct opening *self, struct str agent)
{
    size_t len = 0;

    while (len < agent.len && len < OPENING_AGENT_MAX && agent.ptr[len] >= ' ' &&
           agent.ptr[len] <= '~')
        len++;
    if (len)
        memcpy(self->user_agent, agent.ptr, len);
    self->user_agent[len] = '\0';
}

void opening_prepare(struct opening *self, const struct exchange *x,
                     const struct identity *identity)
{
    struct str former = session_of_cookies(x->headers[HEADER_COOKIE]);

    self->identity = *identity;
    self->has_former = former.ptr != NULL;
    if (former.ptr)
        self->former = token_digest(former);
    self->source = x->source;
    keep_agent(self, x->headers[HEADER_USER_AGENT]);
    make_secret(self->cookie);
    make_secret(self->identity.csrf);
    self->identity.is_session = true;
    self->identity.session = token_digest(str_of(self->cookie));
}

static enum err take_former(void *arg, const struct session *session)
{
    struct opening *self = arg;

    if (session->user.len > ACCOUNT_NAME_MAX)
        return ERR_CORRUPT;
    memcpy(self->former_user, session->user.ptr, session->user.len);
    return ERR_OK;
}

static enum err end_former(struct opening *self, struct store *writer)
{
    enum err err =
        self->has_former ? store_session_get(writer, &self->former, take_former, self) : ERR_OK;

    if (err == ERR_OK && self->has_former)
        err = store_session_delete(writer, &self->former);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err tell(const struct opening *self, struct store *writer)
{
    const struct audit_entry entry = {.actor = str_of(self->identity.name),
                                      .action = STR("signin"),
                                      .detail = STR("browser"),
                                      .source = self->source};

    return audit_add(writer, &entry);
}

enum err opening_run(struct opening *self, struct store *writer)
{
    int64_t now_ms = clock_wall_ms();
    const struct session session = {
        .hash = self->identity.session,
        .user = str_of(self->identity.name),
        .csrf = str_of(self->identity.csrf),
        .created_at_ms = now_ms,
        .seen_at_ms = now_ms,
        .expires_at_ms = now_ms + (int64_t)SESSION_LIFE_S * 1000,
        .source = self->source,
        .user_agent = self->user_agent[0] ? str_of(self->user_agent) : (struct str){0},
    };

    self->identity.expires_at_ms = session_ends_at_ms(&session);
    TRY(end_former(self, writer));
    TRY(store_session_purge(writer, now_ms, now_ms - (int64_t)SESSION_IDLE_S * 1000));
    TRY(store_session_insert(writer, &session));
    return self->is_untold ? ERR_OK : tell(self, writer);
}

void opening_render(struct buf *out, const struct identity *identity)
{
    struct str none = {0};

    js_open(out, '{');
    js_field_string(out, "name", str_of(identity->name));
    js_field_string(out, "role", identity->is_token ? none : str_of(role_text(identity->role)));
    js_field_string(out, "access", str_of(access_text(identity->access)));
    account_put_forms(out, scope_text(&identity->scope));
    js_field_string(out, "csrf", identity->is_session ? str_of(identity->csrf) : none);
    js_field_time(out, "expiresAt", identity->expires_at_ms);
    js_close(out, '}');
    buf_put_char(out, '\n');
}

enum flow opening_answer(struct opening *self, struct exchange *x)
{
    CLEANUP(buf_done) struct buf cookie = buf_new(COOKIE_MAX);

    buf_printf(&cookie, SESSION_COOKIE "=%s" COOKIE_END, self->cookie);
    secret_wipe(self->cookie, sizeof self->cookie);
    const char *text =
        buf_status(&cookie) == ERR_OK ? arena_copy(&x->arena, buf_str(&cookie)) : NULL;
    if (!text)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    x->decision = "signed_in";
    reply_json(x, 200);
    reply_header(x, "Set-Cookie", text);
    reply_header(x, "Cache-Control", "no-store");
    opening_render(&x->reply.body, &self->identity);
    return FLOW_DONE;
}

void opening_forget(struct exchange *x)
{
    reply_header(x, "Set-Cookie", SESSION_COOKIE "=; Max-Age=0" COOKIE_END);
}
