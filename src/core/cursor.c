/* SPDX-License-Identifier: MIT */
/*
 * A cursor is 12 bytes as base64url: a version, the row number (big-endian)
 * and three bytes of a digest over both. A shortened, mistyped or foreign text
 * is refused instead of showing a wrong page.
 */
#include "core/cursor.h"

#include <assert.h>

#include "base/encode.h"
#include "base/secret.h"

enum { VERSION = 1, SEQ_AT = 1, CHECK_AT = 9, CHECK_BYTES = 3, CURSOR_BYTES = 12 };

_Static_assert(CURSOR_TEXT_LEN == BASE64URL_LEN(CURSOR_BYTES), "as base64url");

static struct digest checksum(const uint8_t *bytes)
{
    return digest_of((struct str){(const char *)bytes, CHECK_AT}, NULL);
}

void cursor_format(int64_t seq, char ret_text[CURSOR_TEXT_LEN + 1])
{
    uint8_t bytes[CURSOR_BYTES] = {VERSION};

    assert(seq > 0);
    for (int i = 0; i < 8; i++)
        bytes[SEQ_AT + i] = (uint8_t)((uint64_t)seq >> (56 - 8 * i));
    struct digest check = checksum(bytes);
    memcpy(bytes + CHECK_AT, check.bytes, CHECK_BYTES);
    base64url_encode(bytes, sizeof bytes, ret_text);
}

bool cursor_parse(struct str text, int64_t *ret_seq)
{
    uint8_t bytes[CURSOR_BYTES];
    size_t len;
    uint64_t seq = 0;

    if (text.len != CURSOR_TEXT_LEN || !base64url_decode(text, bytes, sizeof bytes, &len) ||
        bytes[0] != VERSION)
        return false;
    struct digest check = checksum(bytes);
    if (memcmp(bytes + CHECK_AT, check.bytes, CHECK_BYTES) != 0)
        return false;
    for (int i = 0; i < 8; i++)
        seq = seq << 8 | bytes[SEQ_AT + i];
    if (seq == 0 || seq > INT64_MAX)
        return false;
    *ret_seq = (int64_t)seq;
    return true;
}

bool cursor_is_valid(struct str text)
{
    int64_t seq;

    return cursor_parse(text, &seq);
}
