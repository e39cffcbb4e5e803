/* SPDX-License-Identifier: MIT */
/* The commands, one small function each, and the table that finds them. */
#include "command.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/encode.h"
#include "core/scope.h"
#include "resend.h"
#include "service/forms.h"
#include "transfer.h"

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

/* "a,b" or "*", as the command line has it; not given: `scope` as it is, if it is anything. */
static enum err get_scope(const json_t *args, struct scope *scope, struct err_detail *detail)
{
    struct str text = js_get_string(args, "forms");
    char stored[SCOPE_TEXT_MAX + 1];

    if (!text.ptr && !scope->len)
        return err_set(detail, ERR_INVALID,
                       "say which forms: --forms shop,jobs, or --forms '*' for all of them");
    if (!text.ptr)
        return ERR_OK;
    for (size_t i = 0; i < text.len && i < sizeof stored; i++)
        stored[i] = text.ptr[i] == ',' ? ' ' : text.ptr[i];
    if (text.len > SCOPE_TEXT_MAX || memchr(text.ptr, ' ', text.len) ||
        !scope_parse((struct str){stored, text.len}, scope))
        return err_set(detail, ERR_INVALID,
                       "--forms %.64s: not a list of forms; use a,b (up to %d names) or *",
                       text.ptr, SCOPE_FORMS_MAX);
    return ERR_OK;
}

static enum err get_role(const json_t *args, enum role *ret_role, struct err_detail *detail)
{
    struct str role = js_get_string(args, "role");

    if (!role_parse(role, ret_role))
        return err_set(detail, ERR_INVALID,
                       "--role %.32s: not a role; use owner, manager or reader",
                       role.ptr ? role.ptr : "");
    return ERR_OK;
}

static enum err check_owner_scope(enum role role, const struct scope *scope,
                                  struct err_detail *detail)
{
    if (role == ROLE_OWNER && !scope->is_all)
        return err_set(detail, ERR_INVALID, "--forms: an owner always has all forms");
    return ERR_OK;
}

/* --- users --------------------------------------------------------------- */

static enum err user_add(struct store *writer, const json_t *args, struct buf *result,
                         struct err_detail *detail)
{
    struct user user = {.password_hash = js_get_string(args, "passwordHash"),
                        .created_at_ms = clock_wall_ms()};
    struct scope scope = {.len = 0};

    TRY(get_name(args, &user.name, detail));
    TRY(get_role(args, &user.role, detail));
    if (user.role == ROLE_OWNER)
        scope = scope_all();
    TRY(get_scope(args, &scope, detail));
    TRY(check_owner_scope(user.role, &scope, detail));
    user.forms = scope_text(&scope);
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
    TRY(store_session_delete_user(writer, name, NULL));
    return done(result, "changed", name);
}

struct owners {
    struct str leaving;
    bool is_leaving_owner, is_another_there;
};

static enum err see_owner(void *arg, const struct user *user)
{
    struct owners *owners = arg;

    if (user->role != ROLE_OWNER)
        return ERR_OK;
    if (str_equal(user->name, owners->leaving))
        owners->is_leaving_owner = true;
    else
        owners->is_another_there = true;
    return ERR_OK;
}

/* Without an owner the next start would make one, and print its password into some log. */
static enum err check_owner_stays(struct store *writer, struct str name, struct err_detail *detail)
{
    struct owners owners = {.leaving = name};

    TRY(store_user_list(writer, see_owner, &owners));
    if (owners.is_leaving_owner && !owners.is_another_there)
        return err_set(detail, ERR_INVALID,
                       "%.*s is the last owner; first add another: contactd user add NAME --role "
                       "owner",
                       (int)name.len, name.ptr);
    return ERR_OK;
}

static enum err user_remove(struct store *writer, const json_t *args, struct buf *result,
                            struct err_detail *detail)
{
    struct str name;

    TRY(get_name(args, &name, detail));
    TRY(check_owner_stays(writer, name, detail));
    TRY(explain(store_user_delete(writer, name), "user", name, detail));
    TRY(store_session_delete_user(writer, name, NULL));
    TRY(store_invitation_delete_of(writer, name));
    return done(result, "removed", name);
}

struct standing {
    enum role role;
    struct scope scope;
};

static enum err see_standing(void *arg, const struct user *user)
{
    struct standing *standing = arg;

    standing->role = user->role;
    return scope_parse(user->forms, &standing->scope) ? ERR_OK : ERR_CORRUPT;
}

static enum err end_ownership(struct store *writer, struct str name, struct err_detail *detail)
{
    TRY(check_owner_stays(writer, name, detail));
    return store_invitation_delete_of(writer, name);
}

static enum err user_set(struct store *writer, const json_t *args, struct buf *result,
                         struct err_detail *detail)
{
    struct standing standing;
    struct str name;

    TRY(get_name(args, &name, detail));
    TRY(explain(store_user_get(writer, name, see_standing, &standing), "user", name, detail));
    if (json_object_get(args, "role"))
        TRY(get_role(args, &standing.role, detail));
    if (standing.role == ROLE_OWNER)
        standing.scope = scope_all();
    else
        TRY(end_ownership(writer, name, detail));
    TRY(get_scope(args, &standing.scope, detail));
    TRY(check_owner_scope(standing.role, &standing.scope, detail));
    const struct user user = {
        .name = name, .role = standing.role, .forms = scope_text(&standing.scope)};
    TRY(store_user_update(writer, &user));
    return done(result, "changed", name);
}

static enum err render_user(void *arg, const struct user *user)
{
    struct buf *out = arg;

    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", user->name);
    js_field_string(out, "role", str_of(role_text(user->role)));
    js_key(out, "forms");
    scope_render(out, user->forms);
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
    struct scope forms = {.len = 0};
    size_t hash_len;

    TRY(get_name(args, &token.name, detail));
    if (!access_parse(scope, &token.scope))
        return err_set(detail, ERR_INVALID, "--scope %.32s: not a scope; use read, write or manage",
                       scope.ptr ? scope.ptr : "");
    if (!base64url_decode(hash, token.hash.bytes, DIGEST_BYTES, &hash_len) ||
        hash_len != DIGEST_BYTES)
        return err_set(detail, ERR_INVALID, "the token's hash is malformed");
    TRY(get_scope(args, &forms, detail));
    token.forms = scope_text(&forms);
    token.expires_at_ms = json_integer_value(json_object_get(args, "expiresAtMs"));
    token.id = store_next_id(writer, token.created_at_ms);
    TRY(explain(store_token_insert(writer, &token), "token", token.name, detail));
    return done(result, "added", token.name);
}

static enum err token_revoke(struct store *writer, const json_t *args, struct buf *result,
                             struct err_detail *detail)
{
    char actor[ACCOUNT_NAME_MAX + 8];
    struct str name;

    TRY(get_name(args, &name, detail));
    TRY(explain(store_token_delete(writer, name), "token", name, detail));
    snprintf(actor, sizeof actor, "token:%.*s", (int)name.len, name.ptr);
    TRY(store_invitation_delete_of(writer, str_of(actor)));
    return done(result, "revoked", name);
}

static enum err render_token(void *arg, const struct token *token)
{
    struct buf *out = arg;

    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", token->name);
    js_field_string(out, "scope", str_of(access_text(token->scope)));
    js_key(out, "forms");
    scope_render(out, token->forms);
    js_field_time(out, "createdAt", token->created_at_ms);
    js_field_time(out, "expiresAt", token->expires_at_ms);
    js_field_time(out, "usedAt", token->used_at_ms);
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

/* --- forms --------------------------------------------------------------- */

static enum err get_form(const json_t *args, struct str *ret_name, struct err_detail *detail)
{
    struct str name = js_get_string(args, "name");

    if (!form_name_is_valid(name))
        return err_set(detail, ERR_INVALID,
                       "not a form's name; use 1 to %d of a-z, 0-9, '-' and '_', beginning with a "
                       "letter or digit",
                       FORM_NAME_MAX);
    *ret_name = name;
    return ERR_OK;
}

static enum err append_settings(void *arg, const struct form *form)
{
    buf_put(arg, form->settings);
    return buf_status(arg);
}

static enum err load_settings(struct store *writer, struct str name, json_t **ret_settings,
                              struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf text = buf_new(FORM_SETTINGS_MAX);

    TRY(explain(store_form_get(writer, name, append_settings, &text), "form", name, detail));
    return js_parse_object(buf_str(&text), ret_settings, detail);
}

/* null removes a setting; "add" appends to lists. */
static enum err merge_changes(json_t *settings, const json_t *args)
{
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(args, "set"), key, value)
    {
        if (json_is_null(value))
            json_object_del(settings, key);
        else if (json_object_set(settings, key, value))
            return ERR_MEMORY;
    }
    json_object_foreach(json_object_get(args, "add"), key, value)
    {
        json_t *list = json_object_get(settings, key);
        if (json_is_array(list) ? json_array_extend(list, value)
                                : json_object_set(settings, key, value))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* What is given as `form show` has shown it keeps the secrets that are stored. */
static enum err merge(json_t *settings, const json_t *args, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *stored = json_deep_copy(settings);

    if (!stored)
        return ERR_MEMORY;
    TRY(merge_changes(settings, args));
    return form_settings_unmask(settings, stored, detail);
}

static enum err put_form(struct store *writer, struct str name, const json_t *settings,
                         struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf text = buf_new(FORM_SETTINGS_MAX);
    struct form_rules *rules = NULL;
    int64_t now_ms = clock_wall_ms();

    TRY(form_compile(settings, &rules, detail));
    form_rules_free(rules); /* it was only to be seen that they are right */
    js_value(&text, settings);
    if (buf_status(&text) == ERR_FULL)
        return err_set(detail, ERR_INVALID, "the settings are larger than %d bytes",
                       FORM_SETTINGS_MAX);
    TRY(buf_status(&text));
    const struct form form = {
        .name = name, .settings = buf_str(&text), .created_at_ms = now_ms, .updated_at_ms = now_ms};
    TRY(forms_check_ids(writer, &form, detail));
    return store_form_put(writer, &form);
}

static enum err ignore_form(void *arg, const struct form *form)
{
    (void)arg;
    (void)form;
    return ERR_OK;
}

/* {"added":"shop","aliases":[...]} */
static enum err done_form(struct buf *result, struct str name, const json_t *settings)
{
    const json_t *aliases = json_object_get(settings, "aliases");

    js_open(result, '{');
    js_field_string(result, "added", name);
    js_key(result, "aliases");
    if (json_is_array(aliases))
        js_value(result, aliases);
    else
        buf_put(result, STR("[]"));
    js_close(result, '}');
    return buf_status(result);
}

static enum err form_add(struct store *writer, const json_t *args, struct buf *result,
                         struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *settings = json_object();
    struct str name;

    TRY(get_form(args, &name, detail));
    enum err err = store_form_get(writer, name, ignore_form, NULL);
    if (err != ERR_NOT_FOUND)
        return err == ERR_OK ? explain(ERR_EXISTS, "form", name, detail) : err;
    TRY(merge(settings, args, detail));
    TRY(put_form(writer, name, settings, detail));
    return done_form(result, name, settings);
}

static enum err form_set(struct store *writer, const json_t *args, struct buf *result,
                         struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *settings = NULL;
    struct str name;

    TRY(get_form(args, &name, detail));
    TRY(load_settings(writer, name, &settings, detail));
    TRY(merge(settings, args, detail));
    TRY(put_form(writer, name, settings, detail));
    return done(result, "changed", name);
}

static enum err form_show(struct store *writer, const json_t *args, struct buf *result,
                          struct err_detail *detail)
{
    struct str name;

    TRY(get_form(args, &name, detail));
    return explain(store_form_get(writer, name, append_settings, result), "form", name, detail);
}

static enum err form_remove(struct store *writer, const json_t *args, struct buf *result,
                            struct err_detail *detail)
{
    struct str name;

    TRY(get_form(args, &name, detail));
    TRY(explain(store_form_delete(writer, name), "form", name, detail));
    TRY(store_delivery_withdraw_form(writer, name, clock_wall_ms()));
    return done(result, "removed", name);
}

static enum err render_form(void *arg, const struct form *form)
{
    struct buf *out = arg;
    CLEANUP(js_decref) json_t *settings = NULL;

    TRY(js_parse_object(form->settings, &settings, NULL));
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", form->name);
    js_field_time(out, "createdAt", form->created_at_ms);
    js_field_time(out, "updatedAt", form->updated_at_ms);
    js_field_string(out, "title", js_get_string(settings, "title"));
    js_close(out, '}');
    return buf_status(out);
}

static enum err form_list(struct store *writer, const json_t *args, struct buf *result,
                          struct err_detail *detail)
{
    (void)args;
    (void)detail;
    js_open(result, '[');
    TRY(store_form_list(writer, render_form, result));
    js_close(result, ']');
    return buf_status(result);
}

/* --- the table ----------------------------------------------------------- */

static const struct command {
    const char *verb, *object;
    enum err (*run)(struct store *writer, const json_t *args, struct buf *result,
                    struct err_detail *detail);
    bool is_change; /* what the audit log is told of */
} COMMANDS[] = {
    {"user", "add", user_add, true},
    {"user", "list", user_list, false},
    {"user", "passwd", user_passwd, true},
    {"user", "set", user_set, true},
    {"user", "remove", user_remove, true},
    {"token", "add", token_add, true},
    {"token", "list", token_list, false},
    {"token", "revoke", token_revoke, true},
    {"form", "add", form_add, true},
    {"form", "set", form_set, true},
    {"form", "show", form_show, false},
    {"form", "list", form_list, false},
    {"form", "remove", form_remove, true},
    {"delivery", "list", resend_list, false},
    {"delivery", "retry", resend_retry, true},
    {"delivery", "replay", resend_replay, true},
    {"export", "page", transfer_export, false},
    {"import", "rows", transfer_import, false}, /* tells once for a whole file */
};

/* Whoever may use the command line may also write to the file itself: there are no names here. */
static enum err tell_audit(struct store *writer, const struct command *command, const json_t *args)
{
    CLEANUP(buf_done) struct buf action = buf_new(64);

    buf_printf(&action, "%s.%s", command->verb, command->object);
    TRY(buf_status(&action));
    const struct audit_entry entry = {.at_ms = clock_wall_ms(),
                                      .actor = STR("cli:local"),
                                      .action = buf_str(&action),
                                      .target = js_get_string(args, "name"),
                                      .detail = js_get_string(args, "to")};
    return store_audit_add(writer, &entry);
}

static enum err run(const struct command *command, struct store *writer, const json_t *args,
                    struct buf *result, struct err_detail *detail)
{
    TRY(command->run(writer, args, result, detail));
    return command->is_change ? tell_audit(writer, command, args) : ERR_OK;
}

enum err command_run(struct store *writer, const json_t *request, struct buf *result,
                     struct err_detail *detail)
{
    struct str verb = js_get_string(request, "verb"), object = js_get_string(request, "object");

    for (size_t i = 0; i < COUNTOF(COMMANDS); i++)
        if (str_equal(verb, str_of(COMMANDS[i].verb)) &&
            str_equal(object, str_of(COMMANDS[i].object)))
            return run(&COMMANDS[i], writer, json_object_get(request, "args"), result, detail);
    return err_set(detail, ERR_INVALID, "the server does not know this command; is it older?");
}
