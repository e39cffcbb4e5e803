/* SPDX-License-Identifier: MIT */
/* Codecs: bytes come back, and a text that decodes is the only one that means its bytes. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bytes_come_back(struct str bytes)
{
    char *text = malloc(BASE64URL_LEN(bytes.len) + 1), *back = malloc(bytes.len + 1);
    size_t len;

    base64url_encode(bytes.ptr, bytes.len, text);
    assert(strlen(text) == BASE64URL_LEN(bytes.len));
    assert(base64url_decode(str_of(text), back, bytes.len, &len));
    assert(str_equal((struct str){back, len}, bytes));
    if (bytes.len)
        assert(!base64url_decode(str_of(text), back, bytes.len - 1, &len));
    free(text);
    free(back);
}

static void check_base64_is_canonical(struct str text)
{
    char *bytes = malloc(text.len + 1), *again = malloc(2 * text.len + 8);
    size_t len;

    if (base64url_decode(text, bytes, text.len, &len)) {
        base64url_encode(bytes, len, again);
        assert(str_equal(str_of(again), text));
    }
    if (base64_decode(text, bytes, text.len, &len)) {
        sodium_bin2base64(again, 2 * text.len + 8, (unsigned char *)bytes, len,
                          sodium_base64_VARIANT_ORIGINAL);
        assert(str_equal(str_of(again), text));
    }
    free(bytes);
    free(again);
}

static void check_percent(struct str text)
{
    char *escaped = malloc(3 * text.len + 1), *plain = malloc(3 * text.len + 1);
    bool has_nul = text.len && memchr(text.ptr, '\0', text.len);
    size_t len;

    if (percent_decode(text, true, plain, &len)) {
        assert(len <= text.len && !has_nul);
        assert(!memchr(plain, '\0', len) && (memchr(text.ptr, '%', text.len) || len == text.len));
    }
    for (size_t i = 0; i < text.len; i++)
        snprintf(escaped + 3 * i, 4, "%%%02x", (unsigned char)text.ptr[i]);
    assert(percent_decode((struct str){escaped, 3 * text.len}, true, plain, &len) == !has_nul);
    assert(has_nul || str_equal((struct str){plain, len}, text));
    free(escaped);
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = {(const char *)data, size};

    check_bytes_come_back(input);
    check_base64_is_canonical(input);
    if (size)
        check_percent(input);
    return 0;
}
