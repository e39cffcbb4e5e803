/* SPDX-License-Identifier: MIT */
/* The query string, one decoded pair after the other. */
#ifndef CONTACTD_HTTP_QUERY_STRING_H
#define CONTACTD_HTTP_QUERY_STRING_H

#include "base/arena.h"
#include "base/err.h"

enum { QUERY_PAIRS_MAX = 32 };

struct query_string {
    struct str rest;
    size_t pairs;
};

static inline struct query_string query_string_of(struct str text)
{
    return (struct query_string){.rest = text};
}

/*
 * The next pair, decoded into the arena (percent and '+'), valid UTF-8. ERR_NOT_FOUND at
 * the end; ERR_INVALID for a broken escape, NUL, bad UTF-8 or more than
 * QUERY_PAIRS_MAX pairs.
 */
MUST_CHECK enum err query_string_next(struct query_string *query, struct arena *arena,
                                      struct str *ret_key, struct str *ret_value);

#endif
