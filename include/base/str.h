/* SPDX-License-Identifier: MIT */
/*
 * A view of bytes that somebody else owns: pointer and length, not
 * NUL-terminated. Everything here is pure; any thread.
 */
#ifndef CONTACTD_BASE_STR_H
#define CONTACTD_BASE_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct str {
    const char *ptr; /* never read when len is 0; NULL means "absent" where a header says so */
    size_t len;
};

#define STR(literal) ((struct str){.ptr = "" literal, .len = sizeof(literal) - 1})

static inline struct str str_of(const char *text)
{
    return (struct str){.ptr = text, .len = text ? strlen(text) : 0};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII letters compare without case; everything else byte by byte. */
bool str_equal_nocase(struct str a, struct str b);
bool str_starts_with_nocase(struct str text, struct str prefix);

static inline bool str_starts_with(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_equal((struct str){text.ptr, prefix.len}, prefix);
}

static inline bool str_ends_with(struct str text, struct str suffix)
{
    return text.len >= suffix.len &&
           str_equal((struct str){text.ptr + text.len - suffix.len, suffix.len}, suffix);
}

/* Without the spaces and tabs at both ends. */
struct str str_trim(struct str text);

/*
 * Cuts `*rest` at the first `separator`: returns what stands before it and
 * leaves what follows in `*rest`. Without a separator it returns everything
 * and makes `rest->ptr` NULL, so that a loop runs `while (rest.ptr)`.
 */
struct str str_cut(struct str *rest, char separator);

/* Decimal digits only, no sign; false when empty, malformed or above `max`. */
MUST_CHECK bool str_to_u64(struct str text, uint64_t max, uint64_t *ret_value);

/*
 * The length of what `text` starts with of printable ASCII (0x20..0x7e) other
 * than '"' and '\\': most of most texts, looked at eight bytes at a time.
 */
size_t str_plain_length(struct str text);

/* Bytes that are visible ASCII (0x21..0x7e). */
bool str_is_visible_ascii(struct str text);

#endif
