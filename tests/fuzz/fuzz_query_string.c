/* SPDX-License-Identifier: MIT */
/* The query string and the router: bounded, in order, and never a NUL or bad UTF-8. */
#include <assert.h>

#include "base/utf8.h"
#include "http/query_string.h"
#include "http/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct route ROWS[] = {{.name = "a", .method = "GET", .path = "/a/{x}/b"},
                                    {.name = "b", .method = "POST", .path = "/a/{x}/{y}"},
                                    {.name = "c", .method = "GET", .path = "/"}};

static void match(struct str path)
{
    const struct route *rows[] = {&ROWS[0], &ROWS[1], &ROWS[2]};
    const struct route_table table = {rows, COUNTOF(rows)};
    struct route_match found;

    router_match(&table, STR("GET"), path, &found);
    for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
        assert(!found.params[i].ptr ||
               (found.params[i].ptr >= path.ptr &&
                found.params[i].ptr + found.params[i].len <= path.ptr + path.len));
    assert(!found.route || found.route->method[0] == 'G');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct query_string query = query_string_of(text);
    struct arena arena;
    struct str key, value;
    size_t pairs = 0, points;

    arena_init(&arena, 64 * 1024, NULL, 0);
    while (query_string_next(&query, &arena, &key, &value) == ERR_OK) {
        assert(++pairs <= QUERY_PAIRS_MAX);
        assert(utf8_length(key, &points) && !memchr(key.ptr, '\0', key.len));
        assert(utf8_length(value, &points) && !memchr(value.ptr, '\0', value.len));
    }
    arena_done(&arena);
    match(text);
    return 0;
}
