/* SPDX-License-Identifier: MIT */
/* The UTF-8 reader: written back it is the same, and jansson's reader is of one mind with it. */
#include <assert.h>
#include <jansson.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t encode(int32_t point, uint8_t text[4])
{
    static const uint8_t FIRST[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 0; point >>= 6)
        text[i] =
            (uint8_t)(i || len == 1 ? (len == 1 ? 0 : 0x80) | (point & (len == 1 ? 0x7f : 0x3f))
                                    : FIRST[len] | point);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size}, rest = text;
    size_t length = 0, count = 0;
    bool is_valid = utf8_length(text, &length);

    while (rest.len) {
        struct str before = rest;
        uint8_t written[4];
        int32_t point = utf8_next(&rest);
        if (point < 0) {
            assert(rest.ptr == before.ptr && rest.len == before.len);
            break;
        }
        size_t len = encode(point, written);
        assert(before.len - rest.len == len && memcmp(before.ptr, written, len) == 0);
        assert(point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
        count++;
    }
    assert(is_valid == (rest.len == 0));
    assert(!is_valid || count == length);
    json_t *other = json_stringn(size ? text.ptr : "", size);
    assert((other != NULL) == is_valid);
    json_decref(other);
    return 0;
}
