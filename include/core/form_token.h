/* SPDX-License-Identifier: MIT */
/*
 * Form tokens: a page fetches one when it is shown and sends it along, which
 * tells when the form was opened and that the page was really there. Signed,
 * not secret, and bound to one form. Pure; any thread.
 */
#ifndef CONTACTD_CORE_FORM_TOKEN_H
#define CONTACTD_CORE_FORM_TOKEN_H

#include "base/secret.h"
#include "core/verdict.h"

enum {
    FORM_TOKEN_NONCE_BYTES = 12,
    FORM_TOKEN_TEXT_LEN = 60,
    FORM_TOKEN_AGE_MIN_MS = 2000,         /* nobody fills in a form faster */
    FORM_TOKEN_AGE_MAX_MS = 24 * 3600000, /* tabs stay open over night */
};

struct form_token {
    int64_t expires_at_ms;
    struct digest digest; /* for the list of what is spent */
};

/* How old a token may be; a clock that was set back makes it too young, not older. */
struct form_token_limits {
    int64_t age_min_ms, age_max_ms;
};

/* The token's text, NUL-terminated: base64url. `key` is the server's, `issued_at_ms` wall time. */
void form_token_make(const uint8_t key[DIGEST_KEY_BYTES], struct str form, int64_t issued_at_ms,
                     const uint8_t nonce[FORM_TOKEN_NONCE_BYTES],
                     char ret_text[FORM_TOKEN_TEXT_LEN + 1]);

/*
 * ABSENT (empty), MALFORMED, FORGED, OTHER_FORM, TOO_YOUNG, EXPIRED or FINE.
 * `*ret_token` is written for the last three: a genuine token of this form.
 */
MUST_CHECK enum verdict form_token_check(const uint8_t key[DIGEST_KEY_BYTES], struct str form,
                                         struct str text, int64_t now_ms,
                                         const struct form_token_limits *limits,
                                         struct form_token *ret_token);

#endif
