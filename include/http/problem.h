/* SPDX-License-Identifier: MIT */
/* Every error that this program answers with: its code, its status, and the sentence for people. */
#ifndef CONTACTD_HTTP_PROBLEM_H
#define CONTACTD_HTTP_PROBLEM_H

#include <stdint.h>

/* X(NAME, "code", status, "public sentence") */
#define PROBLEM_LIST(X)                                                                            \
    X(BAD_REQUEST, "bad_request", 400, "malformed HTTP request")                                   \
    X(INVALID_JSON, "invalid_json", 400, "invalid input")                                          \
    X(INVALID_FORM, "invalid_form", 400, "invalid input")                                          \
    X(KEY_REUSED, "idempotency_key_reused", 422,                                                   \
      "this Idempotency-Key was used for another message")                                         \
    X(INVALID_SETTINGS, "invalid_settings", 422, "these settings are not valid")                   \
    X(INVALID_QUERY, "invalid_query", 400, "invalid query parameter")                              \
    X(UNAUTHORIZED, "unauthorized", 401, "sign in with a user's password or a token")              \
    X(FORBIDDEN, "forbidden", 403, "not allowed for this user or token")                           \
    X(CSRF, "csrf", 403, "this change was not asked for by the panel's own page")                  \
    X(WRONG_PASSWORD, "wrong_password", 403, "the old password is wrong")                          \
    X(ALIAS_TAKEN, "alias_taken", 409, "this id is another form's")                                \
    X(NAME_TAKEN, "name_taken", 409, "this name is taken")                                         \
    X(LAST_OWNER, "last_owner", 409, "the last owner stays an owner")                              \
    X(DELIVERY_STATE, "delivery_state", 409, "this delivery is in another state")                  \
    X(ORIGIN_REFUSED, "origin_refused", 403, "this page may not post to this form")                \
    X(NOT_FOUND, "not_found", 404, "not found")                                                    \
    X(FORM_NOT_FOUND, "form_not_found", 404, "no form has this id")                                \
    X(METHOD_NOT_ALLOWED, "method_not_allowed", 405, "this address does not take that method")     \
    X(LENGTH_REQUIRED, "length_required", 411, "a Content-Length is required")                     \
    X(BODY_TOO_LARGE, "body_too_large", 413, "the body is too large")                              \
    X(UNSUPPORTED_MEDIA, "unsupported_media_type", 415, "this content type is not accepted here")  \
    X(EXPECTATION, "expectation_failed", 417, "only 'Expect: 100-continue' is understood")         \
    X(INVALID_FIELDS, "invalid_fields", 422, "invalid input")                                      \
    X(TOO_MANY_NOTES, "too_many_notes", 422, "there are as many notes here as there may be")       \
    X(TOO_MANY_ATTEMPTS, "too_many_attempts", 429, "too many attempts; try again later")           \
    X(ACCOUNT_BUSY, "account_busy", 429,                                                           \
      "too many requests of this account at once; try again in a moment")                          \
    X(HEAD_TOO_LARGE, "head_too_large", 431, "the request's head is too large")                    \
    X(RATE_LIMITED, "rate_limited", 429, "too many messages; try again later")                     \
    X(INTERNAL, "internal", 500, "something went wrong on our side")                               \
    X(NOT_IMPLEMENTED, "not_implemented", 501, "this method is not known here")                    \
    X(UNAVAILABLE, "unavailable", 503, "not possible right now; try again in a moment")

/* Before a code it is the problem's `type` (RFC 9457): where it is explained. */
#define PROBLEM_TYPE "/docs#problem-"

#define PROBLEM_AS_ENUM(name, code, status, text) PROBLEM_##name,
enum problem { PROBLEM_LIST(PROBLEM_AS_ENUM) PROBLEM__COUNT };
#undef PROBLEM_AS_ENUM

/* For sets of problems: PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(INVALID_JSON). */
#define PROBLEM_BIT(name) (UINT64_C(1) << PROBLEM_##name)
_Static_assert(PROBLEM__COUNT <= 64, "a set has a bit for each");

const char *problem_code(enum problem problem);
unsigned problem_status(enum problem problem);
const char *problem_text(enum problem problem);

#endif
