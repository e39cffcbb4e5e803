/* SPDX-License-Identifier: MIT */
/* Who a request says it is: an Authorization header, a cookie, or a form to sign in. Pure; any
 * thread. */
#ifndef CONTACTD_CORE_CREDENTIAL_H
#define CONTACTD_CORE_CREDENTIAL_H

#include "core/account.h"

enum credential_kind { CREDENTIAL_BASIC, CREDENTIAL_BEARER, CREDENTIAL_SESSION };

enum { CREDENTIAL_ROOM = ACCOUNT_NAME_MAX + 1 + PASSWORD_MAX };

struct credential {
    enum credential_kind kind;
    struct str user;   /* BASIC: up to ACCOUNT_NAME_MAX bytes, may be empty; others: ptr NULL */
    struct str secret; /* the password, token or cookie's value: up to PASSWORD_MAX bytes */
};

/*
 * Reads "Basic ..." (RFC 7617, strict base64) or "Bearer ..." (RFC 6750).
 * User and secret are views into `scratch` without control characters; wipe
 * that when they have served. False for everything else.
 */
MUST_CHECK bool credential_parse(struct str value, char scratch[CREDENTIAL_ROOM],
                                 struct credential *ret_credential);

/* The same from a name and a password, with the same limits. */
MUST_CHECK bool credential_from_password(struct str user, struct str password,
                                         char scratch[CREDENTIAL_ROOM],
                                         struct credential *ret_credential);

/* From a session's secret as session_of_cookies() found it. */
void credential_from_session(struct str value, char scratch[CREDENTIAL_ROOM],
                             struct credential *ret_credential);

/* Whether somebody could sign in with it: PASSWORD_MIN to PASSWORD_MAX bytes, none of control. */
bool credential_password_is_valid(struct str password);

#endif
