/* SPDX-License-Identifier: MIT */
/*
 * Tokens for scripts. The prefix lets people and secret scanners recognise a
 * leaked one; the rest is random, so its digest needs neither salt nor cost.
 */
#include "core/token.h"

#include "base/encode.h"

#define TOKEN_PREFIX "ctd_"

_Static_assert(TOKEN_TEXT_LEN == sizeof TOKEN_PREFIX - 1 + BASE64URL_LEN(TOKEN_RANDOM_BYTES),
               "prefix and base64url");

void token_format(const uint8_t random[TOKEN_RANDOM_BYTES], char ret_text[TOKEN_TEXT_LEN + 1])
{
    const struct str prefix = STR(TOKEN_PREFIX);

    memcpy(ret_text, prefix.ptr, prefix.len);
    base64url_encode(random, TOKEN_RANDOM_BYTES, ret_text + prefix.len);
}

bool token_is_well_formed(struct str text)
{
    const struct str prefix = STR(TOKEN_PREFIX);
    uint8_t random[TOKEN_RANDOM_BYTES];
    size_t len;

    if (text.len != TOKEN_TEXT_LEN || memcmp(text.ptr, prefix.ptr, prefix.len) != 0)
        return false;
    struct str rest = {text.ptr + prefix.len, text.len - prefix.len};
    bool is_decoded = base64url_decode(rest, random, sizeof random, &len);
    secret_wipe(random, sizeof random);
    return is_decoded;
}

struct digest token_digest(struct str text)
{
    return digest_of(text, NULL);
}
