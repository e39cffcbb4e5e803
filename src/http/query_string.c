/* SPDX-License-Identifier: MIT */
/* Reading application/x-www-form-urlencoded pairs (WHATWG URL, section 5.1) off a query string. */
#include "http/query_string.h"

#include "base/encode.h"
#include "base/utf8.h"

static enum err decode(struct str raw, struct arena *arena, struct str *ret_text)
{
    size_t points;
    struct str text = {.len = 0};
    char *room = arena_alloc(arena, raw.len + 1);

    if (!room)
        return ERR_FULL;
    if (!percent_decode(raw, true, room, &text.len))
        return ERR_INVALID;
    room[text.len] = '\0';
    text.ptr = room;
    if (!utf8_length(text, &points))
        return ERR_INVALID;
    *ret_text = text;
    return ERR_OK;
}

enum err query_string_next(struct query_string *query, struct arena *arena, struct str *ret_key,
                           struct str *ret_value)
{
    struct str pair = {0};

    while (query->rest.ptr && pair.len == 0)
        pair = str_cut(&query->rest, '&');
    if (pair.len == 0)
        return ERR_NOT_FOUND;
    if (++query->pairs > QUERY_PAIRS_MAX)
        return ERR_INVALID;
    struct str key = str_cut(&pair, '=');
    TRY(decode(key, arena, ret_key));
    return decode(pair, arena, ret_value);
}
