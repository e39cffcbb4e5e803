/* SPDX-License-Identifier: MIT */
/*
 * Names, roles and scopes as they are written and read. What a role may do is
 * the third column of ROLE_LIST, nothing else knows it.
 */
#include "core/account.h"

struct role_row {
    const char *text;
    enum access access;
};

static const struct role_row ROLES[] = {
#define ROLE_AS_ROW(id, text, access) [id] = {text, access},
    ROLE_LIST(ROLE_AS_ROW)
#undef ROLE_AS_ROW
};

static const char *const SCOPES[] = {
    [ACCESS_NONE] = "none",
    [ACCESS_READ] = "read",
    [ACCESS_WRITE] = "write",
    [ACCESS_MANAGE] = "manage",
};

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("._-@+", c));
}

bool account_name_is_valid(struct str name)
{
    if (name.len == 0 || name.len > ACCOUNT_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_char(name.ptr[i]))
            return false;
    /* In a path these would mean the folder itself and the one above. */
    return !str_equal(name, STR(".")) && !str_equal(name, STR(".."));
}

const char *role_text(enum role role)
{
    return ROLES[role].text;
}

bool role_parse(struct str text, enum role *ret_role)
{
    for (size_t i = 0; i < COUNTOF(ROLES); i++)
        if (str_equal(text, str_of(ROLES[i].text))) {
            *ret_role = (enum role)i;
            return true;
        }
    return false;
}

enum access role_access(enum role role)
{
    return ROLES[role].access;
}

const char *access_text(enum access access)
{
    return SCOPES[access];
}

bool access_parse(struct str text, enum access *ret_access)
{
    for (size_t i = ACCESS_READ; i < COUNTOF(SCOPES); i++)
        if (str_equal(text, str_of(SCOPES[i]))) {
            *ret_access = (enum access)i;
            return true;
        }
    return false;
}
