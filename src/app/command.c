/* SPDX-License-Identifier: MIT */
/* The commands, one small function each, and the table that finds them. */
#include "command.h"

#include "base/clock.h"
#include "base/encode.h"

/* --- arguments ----------------------------------------------------------- */

static enum err get_name(const json_t *args, struct str *ret_name, struct err_detail *detail)
{
    struct str name = js_get_string(args, "name");

    if (!account_name_is_valid(name))
        return err_set(detail, ERR_INVALID,
                       "'%.64s' is not a name; use 1 to %d letters, digits and . _ - @ +",
                       name.ptr ? name.ptr : "", ACCOUNT_NAME_MAX);
    *ret_name = name;
    return ERR_OK;
}

static enum err done(struct buf *result, const char *what, struct str name)
{
    js_open(result, '{');
    js_field_string(result, what, name);
    js_close(result, '}');
    return buf_status(result);
}

static enum err explain(enum err err, const char *kind, struct str name, struct err_detail *detail)
{
    if (err == ERR_EXISTS)
        return err_set(detail, err, "a %s named %.*s exists already", kind, (int)name.len,
                       name.ptr);
    if (err == ERR_NOT_FOUND)
        return err_set(detail, err, "there is no %s named %.*s", kind, (int)name.len, name.ptr);
    return err;
}

/* --- users --------------------------------------------------------------- */

static enum err user_add(struct store *writer, const json_t *args, struct buf *result,
                         struct err_detail *detail)
{
    struct user user = {.password_hash = js_get_string(args, "passwordHash"),
                        .created_at_ms = clock_wall_ms()};
    struct str role = js_get_string(args, "role");

    TRY(get_name(args, &user.name, detail));
    if (!role_parse(role, &user.role))
        return err_set(detail, ERR_INVALID,
                       "--role %.32s: not a role; use owner, manager or reader",
                       role.ptr ? role.ptr : "");
    TRY(explain(store_user_insert(writer, &user), "user", user.name, detail));
    return done(result, "added", user.name);
}

static enum err user_passwd(struct store *writer, const json_t *args, struct buf *result,
                            struct err_detail *detail)
{
    struct str name;

    TRY(get_name(args, &name, detail));
    TRY(explain(store_user_set_password(writer, name, js_get_string(args, "passwordHash")), "user",
                name, detail));
    return done(result, "changed", name);
}

static enum err user_remove(struct store *writer, const json_t *args, struct buf *result,
                            struct err_detail *detail)
{
    struct str name;

    TRY(get_name(args, &name, detail));
    TRY(explain(store_user_delete(writer, name), "user", name, detail));
    return done(result, "removed", name);
}

static enum err render_user(void *arg, const struct user *user)
{
    struct buf *out = arg;

    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", user->name);
    js_field_string(out, "role", str_of(role_text(user->role)));
    js_field_time(out, "createdAt", user->created_at_ms);
    js_close(out, '}');
    return buf_status(out);
}

static enum err user_list(struct store *writer, const json_t *args, struct buf *result,
                          struct err_detail *detail)
{
    (void)args;
    (void)detail;
    js_open(result, '[');
    TRY(store_user_list(writer, render_user, result));
    js_close(result, ']');
    return buf_status(result);
}

/* --- tokens -------------------------------------------------------------- */

static enum err token_add(struct store *writer, const json_t *args, struct buf *result,
                          struct err_detail *detail)
{
    struct token token = {.created_at_ms = clock_wall_ms()};
    struct str scope = js_get_string(args, "scope"), hash = js_get_string(args, "hash");
    size_t hash_len;

    TRY(get_name(args, &token.name, detail));
    if (!access_parse(scope, &token.scope))
        return err_set(detail, ERR_INVALID, "--scope %.32s: not a scope; use read, write or manage",
                       scope.ptr ? scope.ptr : "");
    if (!base64url_decode(hash, token.hash.bytes, DIGEST_BYTES, &hash_len) ||
        hash_len != DIGEST_BYTES)
        return err_set(detail, ERR_INVALID, "the token's hash is malformed");
    token.expires_at_ms = json_integer_value(json_object_get(args, "expiresAtMs"));
    token.id = store_next_id(writer, token.created_at_ms);
    TRY(explain(store_token_insert(writer, &token), "token", token.name, detail));
    return done(result, "added", token.name);
}

static enum err token_revoke(struct store *writer, const json_t *args, struct buf *result,
                             struct err_detail *detail)
{
    struct str name;

    TRY(get_name(args, &name, detail));
    TRY(explain(store_token_delete(writer, name), "token", name, detail));
    return done(result, "revoked", name);
}

static enum err render_token(void *arg, const struct token *token)
{
    struct buf *out = arg;

    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", token->name);
    js_field_string(out, "scope", str_of(access_text(token->scope)));
    js_field_time(out, "createdAt", token->created_at_ms);
    js_field_time(out, "expiresAt", token->expires_at_ms);
    js_close(out, '}');
    return buf_status(out);
}

static enum err token_list(struct store *writer, const json_t *args, struct buf *result,
                           struct err_detail *detail)
{
    (void)args;
    (void)detail;
    js_open(result, '[');
    TRY(store_token_list(writer, render_token, result));
    js_close(result, ']');
    return buf_status(result);
}

/* --- the table ----------------------------------------------------------- */

static const struct command {
    const char *verb, *object;
    enum err (*run)(struct store *writer, const json_t *args, struct buf *result,
                    struct err_detail *detail);
} COMMANDS[] = {
    {"user", "add", user_add},         {"user", "list", user_list}, {"user", "passwd", user_passwd},
    {"user", "remove", user_remove},   {"token", "add", token_add}, {"token", "list", token_list},
    {"token", "revoke", token_revoke},
};

enum err command_run(struct store *writer, const json_t *request, struct buf *result,
                     struct err_detail *detail)
{
    struct str verb = js_get_string(request, "verb"), object = js_get_string(request, "object");

    for (size_t i = 0; i < COUNTOF(COMMANDS); i++)
        if (str_equal(verb, str_of(COMMANDS[i].verb)) &&
            str_equal(object, str_of(COMMANDS[i].object)))
            return COMMANDS[i].run(writer, json_object_get(request, "args"), result, detail);
    return err_set(detail, ERR_INVALID, "the server does not know this command; is it older?");
}
