/* SPDX-License-Identifier: MIT */
/* A form token: foreign bytes are never genuine, and a changed one is never taken for the original.
 */
#include <assert.h>

#include "base/encode.h"
#include "core/form_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOKEN_BYTES = 45, NOW = 100000000 };

/*
 * With one key tokens are made, with the other they are not: the fuzzer sees
 * what is compared, and would soon post a genuine token of the first.
 */
static const uint8_t KEY[DIGEST_KEY_BYTES] = {1}, NEVER_USED[DIGEST_KEY_BYTES] = {2};
static const struct form_token_limits LIMITS = {FORM_TOKEN_AGE_MIN_MS, FORM_TOKEN_AGE_MAX_MS};

static enum verdict check(const uint8_t *key, struct str text, struct form_token *token)
{
    return form_token_check(key, STR("shop"), text, NOW, &LIMITS, token);
}

/* The bytes as they are, and as a text that gets as far as the signature. */
static void check_foreign(struct str bytes)
{
    char text[FORM_TOKEN_TEXT_LEN + 1];
    struct form_token token;
    enum verdict verdict = check(NEVER_USED, bytes, &token);

    assert(verdict == (bytes.len ? VERDICT_MALFORMED : VERDICT_ABSENT) ||
           verdict == VERDICT_FORGED);
    if (bytes.len < TOKEN_BYTES)
        return;
    base64url_encode(bytes.ptr, TOKEN_BYTES, text);
    assert(check(NEVER_USED, str_of(text), &token) ==
           (bytes.ptr[0] == 1 ? VERDICT_FORGED : VERDICT_MALFORMED));
}

/* A token of ours with one character replaced. */
static void check_changed(const uint8_t *data)
{
    char text[FORM_TOKEN_TEXT_LEN + 1], original[FORM_TOKEN_TEXT_LEN + 1];
    struct form_token token = {0};
    int64_t issued_at_ms = data[0] << 20 | data[1] << 12 | data[2] << 4;

    form_token_make(KEY, STR("shop"), issued_at_ms, data + 3, text);
    memcpy(original, text, sizeof text);
    text[data[15] % FORM_TOKEN_TEXT_LEN] = (char)data[16];
    enum verdict verdict = check(KEY, (struct str){text, FORM_TOKEN_TEXT_LEN}, &token);
    bool is_original = memcmp(text, original, sizeof text) == 0;
    bool is_genuine =
        verdict == VERDICT_FINE || verdict == VERDICT_TOO_YOUNG || verdict == VERDICT_EXPIRED;
    assert(is_genuine == is_original);
    assert(is_genuine ? token.expires_at_ms == issued_at_ms + LIMITS.age_max_ms
                      : token.expires_at_ms == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_foreign((struct str){(const char *)data, size});
    if (size >= 17)
        check_changed(data);
    return 0;
}
