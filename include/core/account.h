/* SPDX-License-Identifier: MIT */
/* Who may read: users with a password, and tokens for scripts. */
#ifndef CONTACTD_CORE_ACCOUNT_H
#define CONTACTD_CORE_ACCOUNT_H

#include "base/id.h"
#include "base/secret.h"

enum { ACCOUNT_NAME_MAX = 64, PASSWORD_MIN = 8, PASSWORD_MAX = 256 };

/* What somebody may do. Each step includes the ones before it. */
enum access { ACCESS_NONE, ACCESS_READ, ACCESS_WRITE, ACCESS_MANAGE };

/* X(enum value, "as it is written") */
#define ROLE_LIST(X)                                                                               \
    X(ROLE_READER, "reader", ACCESS_READ)                                                          \
    X(ROLE_MANAGER, "manager", ACCESS_WRITE)                                                       \
    X(ROLE_OWNER, "owner", ACCESS_MANAGE)

enum role {
#define ROLE_AS_ENUM(id, text, access) id,
    ROLE_LIST(ROLE_AS_ENUM)
#undef ROLE_AS_ENUM
};

struct user {
    struct str name;
    struct str password_hash; /* argon2id in its text form */
    enum role role;
    struct str forms; /* as scope_parse() takes them; ptr NULL on insert: all */
    int64_t created_at_ms;
};

struct token {
    struct id id;
    struct str name;
    struct digest hash; /* of the token's text; the text itself is never stored */
    enum access scope;
    int64_t created_at_ms;
    int64_t expires_at_ms; /* 0: never */
    struct str forms;      /* as scope_parse() takes them; ptr NULL on insert: all */
    int64_t used_at_ms;    /* about when it was used last; 0: never */
};

/* Names of users and tokens: 1 to ACCOUNT_NAME_MAX bytes of letters, digits and . _ - @ + */
bool account_name_is_valid(struct str name);

const char *role_text(enum role role);
MUST_CHECK bool role_parse(struct str text, enum role *ret_role);
enum access role_access(enum role role);

const char *access_text(enum access access); /* "read", "write", "manage" */
MUST_CHECK bool access_parse(struct str text, enum access *ret_access);

#endif
