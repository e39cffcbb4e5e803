/* SPDX-License-Identifier: MIT */
/*
 * The two schemes that are understood, the cookie, nothing else. Length and characters are
 * settled here, so that whoever looks up a user or hashes a password is never
 * given a megabyte or a control character.
 */
#include "core/credential.h"

#include "base/encode.h"
#include "core/session.h"

/* Takes "Scheme" and the blanks behind it off the value. */
static bool take_scheme(struct str *value, struct str scheme)
{
    if (!str_starts_with_nocase(*value, scheme))
        return false;
    value->ptr += scheme.len;
    value->len -= scheme.len;
    *value = str_trim(*value);
    return true;
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    return false;
}

static bool parse_basic(struct str encoded, char *scratch, struct credential *ret_credential)
{
    struct str secret = {.ptr = scratch};

    if (!base64_decode(encoded, scratch, CREDENTIAL_ROOM, &secret.len) || has_control(secret))
        return false;
    struct str user = str_cut(&secret, ':');
    if (!secret.ptr || user.len > ACCOUNT_NAME_MAX || secret.len > PASSWORD_MAX)
        return false;
    *ret_credential = (struct credential){CREDENTIAL_BASIC, user, secret};
    return true;
}

/* Copies, so that whoever gave them may forget them. */
bool credential_from_password(struct str user, struct str password, char scratch[CREDENTIAL_ROOM],
                              struct credential *ret_credential)
{
    if (user.len > ACCOUNT_NAME_MAX || password.len > PASSWORD_MAX || has_control(user) ||
        has_control(password) || (user.len && memchr(user.ptr, ':', user.len)))
        return false;
    if (user.len)
        memcpy(scratch, user.ptr, user.len);
    if (password.len)
        memcpy(scratch + user.len, password.ptr, password.len);
    *ret_credential = (struct credential){
        CREDENTIAL_BASIC, {scratch, user.len}, {scratch + user.len, password.len}};
    return true;
}

void credential_from_session(struct str value, char scratch[CREDENTIAL_ROOM],
                             struct credential *ret_credential)
{
    memcpy(scratch, value.ptr, SESSION_TEXT_LEN);
    *ret_credential =
        (struct credential){.kind = CREDENTIAL_SESSION, .secret = {scratch, SESSION_TEXT_LEN}};
}

bool credential_password_is_valid(struct str password)
{
    return password.len >= PASSWORD_MIN && password.len <= PASSWORD_MAX && !has_control(password);
}

static bool parse_bearer(struct str token, char *scratch, struct credential *ret_credential)
{
    if (token.len == 0 || token.len > PASSWORD_MAX || !str_is_visible_ascii(token))
        return false;
    memcpy(scratch, token.ptr, token.len);
    *ret_credential = (struct credential){.kind = CREDENTIAL_BEARER,
                                          .secret = {.ptr = scratch, .len = token.len}};
    return true;
}

bool credential_parse(struct str value, char scratch[CREDENTIAL_ROOM],
                      struct credential *ret_credential)
{
    value = str_trim(value);
    if (take_scheme(&value, STR("Basic ")))
        return parse_basic(value, scratch, ret_credential);
    if (take_scheme(&value, STR("Bearer ")))
        return parse_bearer(value, scratch, ret_credential);
    return false;
}
