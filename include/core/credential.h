/* SPDX-License-Identifier: MIT */
/* Who a request says it is: the value of an Authorization header. Pure; any thread. */
#ifndef CONTACTD_CORE_CREDENTIAL_H
#define CONTACTD_CORE_CREDENTIAL_H

#include "core/account.h"

enum credential_kind { CREDENTIAL_BASIC, CREDENTIAL_BEARER };

enum { CREDENTIAL_ROOM = ACCOUNT_NAME_MAX + 1 + PASSWORD_MAX };

struct credential {
    enum credential_kind kind;
    struct str user;   /* BASIC: up to ACCOUNT_NAME_MAX bytes, may be empty; BEARER: ptr NULL */
    struct str secret; /* the password or the token: up to PASSWORD_MAX bytes */
};

/*
 * Reads "Basic ..." (RFC 7617, strict base64) or "Bearer ..." (RFC 6750).
 * User and secret are views into `scratch` without control characters; wipe
 * that when they have served. False for everything else.
 */
MUST_CHECK bool credential_parse(struct str value, char scratch[CREDENTIAL_ROOM],
                                 struct credential *ret_credential);

#endif
