/* SPDX-License-Identifier: MIT */
/*
 * A token is 45 bytes as base64url: a version, the wall time (big-endian), a
 * nonce, eight bytes of the form name's digest, and 16 of a keyed BLAKE2b over
 * all that. The form's digest is in it, instead of only under the signature, so
 * that a token of another form can be told from a forged one.
 */
#include "core/form_token.h"

#include <assert.h>

#include "base/encode.h"

enum {
    VERSION = 1,
    TIME_AT = 1,
    NONCE_AT = 9,
    FORM_AT = NONCE_AT + FORM_TOKEN_NONCE_BYTES,
    FORM_BYTES = 8,
    SIGNED_BYTES = FORM_AT + FORM_BYTES,
    MAC_BYTES = 16,
    TOKEN_BYTES = SIGNED_BYTES + MAC_BYTES,
};

_Static_assert(FORM_TOKEN_TEXT_LEN == BASE64URL_LEN(TOKEN_BYTES), "as base64url");

/* What else the same key signs begins differently. */
#define LABEL "contactd form token"

static struct digest sign(const uint8_t *key, const uint8_t *bytes)
{
    char text[sizeof LABEL - 1 + SIGNED_BYTES] = LABEL;

    memcpy(text + sizeof LABEL - 1, bytes, SIGNED_BYTES);
    return digest_of((struct str){text, sizeof text}, key);
}

void form_token_make(const uint8_t key[DIGEST_KEY_BYTES], struct str form, int64_t issued_at_ms,
                     const uint8_t nonce[FORM_TOKEN_NONCE_BYTES],
                     char ret_text[FORM_TOKEN_TEXT_LEN + 1])
{
    uint8_t bytes[TOKEN_BYTES] = {VERSION};

    assert(issued_at_ms >= 0);
    for (int i = 0; i < 8; i++)
        bytes[TIME_AT + i] = (uint8_t)((uint64_t)issued_at_ms >> (56 - 8 * i));
    memcpy(bytes + NONCE_AT, nonce, FORM_TOKEN_NONCE_BYTES);
    struct digest name = digest_of(form, NULL);
    memcpy(bytes + FORM_AT, name.bytes, FORM_BYTES);
    struct digest mac = sign(key, bytes);
    memcpy(bytes + SIGNED_BYTES, mac.bytes, MAC_BYTES);
    base64url_encode(bytes, sizeof bytes, ret_text);
}

/* Signed by us, so never negative. */
static int64_t issued_at(const uint8_t *bytes)
{
    uint64_t wall_ms = 0;

    for (int i = 0; i < 8; i++)
        wall_ms = wall_ms << 8 | bytes[TIME_AT + i];
    return (int64_t)wall_ms;
}

static bool is_of_form(const uint8_t *bytes, struct str form)
{
    struct digest name = digest_of(form, NULL);

    return memcmp(bytes + FORM_AT, name.bytes, FORM_BYTES) == 0;
}

enum verdict form_token_check(const uint8_t key[DIGEST_KEY_BYTES], struct str form, struct str text,
                              int64_t now_ms, const struct form_token_limits *limits,
                              struct form_token *ret_token)
{
    uint8_t bytes[TOKEN_BYTES];
    size_t len;

    if (text.len == 0)
        return VERDICT_ABSENT;
    if (text.len != FORM_TOKEN_TEXT_LEN || !base64url_decode(text, bytes, sizeof bytes, &len) ||
        bytes[0] != VERSION)
        return VERDICT_MALFORMED;
    struct digest mac = sign(key, bytes);
    if (!secret_equal(mac.bytes, bytes + SIGNED_BYTES, MAC_BYTES))
        return VERDICT_FORGED;
    if (!is_of_form(bytes, form))
        return VERDICT_OTHER_FORM;
    int64_t age_ms = now_ms - issued_at(bytes);
    *ret_token = (struct form_token){issued_at(bytes) + limits->age_max_ms, mac};
    if (age_ms < limits->age_min_ms)
        return VERDICT_TOO_YOUNG;
    return age_ms > limits->age_max_ms ? VERDICT_EXPIRED : VERDICT_FINE;
}
