/* SPDX-License-Identifier: MIT */
/*
 * Views of bytes: comparing, trimming, cutting, reading numbers. Locale plays
 * no part: on the wire, ASCII is ASCII.
 */
#include "base/str.h"

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_starts_with_nocase(struct str text, struct str prefix)
{
    if (text.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++)
        if (lower(text.ptr[i]) != lower(prefix.ptr[i]))
            return false;
    return true;
}

bool str_equal_nocase(struct str a, struct str b)
{
    return a.len == b.len && str_starts_with_nocase(a, b);
}

struct str str_trim(struct str text)
{
    while (text.len && (*text.ptr == ' ' || *text.ptr == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

struct str str_cut(struct str *rest, char separator)
{
    struct str head = *rest;
    const char *at = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;

    if (!at) {
        *rest = (struct str){0};
        return head;
    }
    head.len = (size_t)(at - rest->ptr);
    rest->len -= head.len + 1;
    rest->ptr = at + 1;
    return head;
}

bool str_to_u64(struct str text, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

bool str_is_visible_ascii(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7e)
            return false;
    return true;
}

/* Whether any of eight bytes is below 0x20, above 0x7e, a quote or a backslash. */
static bool has_special(uint64_t word)
{
    const uint64_t ones = UINT64_MAX / 255;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\', del = word ^ ones * 0x7f;

    return ((word - ones * 0x20) | (quote - ones) | (backslash - ones) | (del - ones) | word) &
           ones << 7;
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

size_t str_plain_length(struct str text)
{
    size_t len = 0;
    uint64_t word;

    for (; len + sizeof word <= text.len; len += sizeof word) {
        memcpy(&word, text.ptr + len, sizeof word);
        if (has_special(word))
            break;
    }
    while (len < text.len && is_plain(text.ptr[len]))
        len++;
    return len;
}
