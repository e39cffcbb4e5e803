/* SPDX-License-Identifier: MIT */
/*
 * Codecs of the wire. Base64 is libsodium's, which refuses stray bits and is
 * constant-time; percent-decoding is ours.
 */
#include "base/encode.h"

#include <sodium.h>

void base64url_encode(const void *bytes, size_t len, char *ret_text)
{
    sodium_bin2base64(ret_text,
                      sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                      bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void base64_encode(const void *bytes, size_t len, char *ret_text)
{
    sodium_bin2base64(ret_text, sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL),
                      bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

static bool decode(struct str text, void *ret_bytes, size_t room, size_t *ret_len, int variant)
{
    const char *end = NULL;

    if (!text.ptr)
        text.ptr = "";
    /* libsodium 1.0.18 takes bytes beyond ASCII for letters. */
    return str_is_visible_ascii(text) &&
           sodium_base642bin(ret_bytes, room, text.ptr, text.len, NULL, ret_len, &end, variant) ==
               0 &&
           end == text.ptr + text.len;
}

bool base64url_decode(struct str text, void *ret_bytes, size_t room, size_t *ret_len)
{
    return decode(text, ret_bytes, room, ret_len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool base64_decode(struct str text, void *ret_bytes, size_t room, size_t *ret_len)
{
    return decode(text, ret_bytes, room, ret_len, sodium_base64_VARIANT_ORIGINAL);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* The byte that an escape at the start of `text` stands for, or -1. */
static int escaped_byte(struct str text)
{
    if (text.len < 3 || text.ptr[0] != '%')
        return -1;
    int high = hex_digit(text.ptr[1]), low = hex_digit(text.ptr[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool percent_decode(struct str text, bool plus_is_space, char *ret_text, size_t *ret_len)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int byte = escaped_byte((struct str){text.ptr + i, text.len - i});
            if (byte < 0)
                return false;
            c = (char)byte;
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        ret_text[len++] = c;
    }
    *ret_len = len;
    return true;
}

size_t percent_decode_form(struct str text, char *ret_text)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        int byte = c == '%' ? escaped_byte((struct str){text.ptr + i, text.len - i}) : -1;
        if (byte >= 0) {
            c = (char)byte;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        ret_text[len++] = c;
    }
    return len;
}
