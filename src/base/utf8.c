/* SPDX-License-Identifier: MIT */
/*
 * The only reader of UTF-8. It accepts exactly the well-formed sequences of
 * the Unicode Standard, table 3-7: the second byte's range depends on the
 * first, which is what rules out overlong forms and surrogates.
 */
#include "base/utf8.h"

static bool is_continuation(unsigned char byte, unsigned char low, unsigned char high)
{
    return byte >= low && byte <= high;
}

int32_t utf8_next(struct str *text)
{
    const unsigned char *p = (const unsigned char *)text->ptr;
    unsigned char low = 0x80, high = 0xbf;
    size_t more;
    int32_t point;

    if (p[0] < 0x80) {
        text->ptr++;
        text->len--;
        return p[0];
    }
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return -1;
    if (p[0] < 0xe0) {
        more = 1;
        point = p[0] & 0x1f;
    } else if (p[0] < 0xf0) {
        more = 2;
        point = p[0] & 0x0f;
        if (p[0] == 0xe0)
            low = 0xa0; /* shorter forms exist below */
        if (p[0] == 0xed)
            high = 0x9f; /* surrogates start above */
    } else {
        more = 3;
        point = p[0] & 0x07;
        if (p[0] == 0xf0)
            low = 0x90;
        if (p[0] == 0xf4)
            high = 0x8f;
    }
    if (text->len <= more)
        return -1;
    for (size_t i = 1; i <= more; i++) {
        if (!is_continuation(p[i], low, high))
            return -1;
        point = (point << 6) | (p[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    text->ptr += more + 1;
    text->len -= more + 1;
    return point;
}

bool utf8_length(struct str text, size_t *ret_length)
{
    size_t count = 0;

    while (text.len) {
        if (utf8_next(&text) < 0)
            return false;
        count++;
    }
    *ret_length = count;
    return true;
}

struct str utf8_fit(struct str text, size_t bytes)
{
    enum { FOLLOWING_MAX = 3 }; /* bytes behind the first of a code point */

    if (text.len <= bytes)
        return text;
    for (int i = 0; i < FOLLOWING_MAX && bytes && (text.ptr[bytes] & 0xc0) == 0x80; i++)
        bytes--;
    return (struct str){text.ptr, bytes};
}
