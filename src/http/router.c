/* SPDX-License-Identifier: MIT */
/*
 * Matching by walking the table: a few dozen rows, compared segment by
 * segment. The first row that fits wins; a path that fits rows of other
 * methods only yields their names for the Allow header.
 */
#include "http/router.h"

#include <stdio.h>

static bool is_param(struct str segment)
{
    return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

static bool path_fits(const char *pattern, struct str path, struct str params[])
{
    struct str want = str_of(pattern);
    size_t count = 0;

    while (want.ptr && path.ptr) {
        struct str expected = str_cut(&want, '/');
        struct str segment = str_cut(&path, '/');
        if (is_param(expected)) {
            if (!segment.len || count == ROUTE_PARAMS_MAX)
                return false;
            params[count++] = segment;
        } else if (!str_equal(expected, segment)) {
            return false;
        }
    }
    return !want.ptr && !path.ptr;
}

static struct str without_slash(struct str path)
{
    if (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    return path;
}

static bool method_fits(const char *want, struct str method)
{
    return str_equal(str_of(want), method) ||
           (strcmp(want, "GET") == 0 && str_equal(method, STR("HEAD")));
}

static void allow_add(char allow[ALLOW_TEXT_MAX], const char *method)
{
    size_t len = strlen(allow);
    const char *with_head = strcmp(method, "GET") == 0 ? ", HEAD" : "";

    snprintf(allow + len, ALLOW_TEXT_MAX - len, "%s%s%s", len ? ", " : "", method, with_head);
}

void router_match(const struct route_table *table, struct str method, struct str path,
                  struct route_match *ret_match)
{
    *ret_match = (struct route_match){0};
    for (size_t i = 0; i < table->count; i++) {
        const struct route *route = table->routes[i];
        struct str params[ROUTE_PARAMS_MAX] = {{0}};
        if (!path_fits(route->path, path, params) &&
            !(route->may_end_with_slash && path_fits(route->path, without_slash(path), params)))
            continue;
        if (!ret_match->style)
            ret_match->style = route->style;
        if (method_fits(route->method, method)) {
            ret_match->route = route;
            ret_match->style = route->style;
            memcpy(ret_match->params, params, sizeof params);
            return;
        }
        allow_add(ret_match->allow, route->method);
    }
    if (ret_match->allow[0])
        allow_add(ret_match->allow, "OPTIONS");
}

enum err router_check(const struct route_table *table, struct err_detail *detail)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct route *route = table->routes[i];
        if (!route->steps[0] || !route->steps[1])
            return err_set(detail, ERR_INVALID, "route %s has no guard before its handler",
                           route->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(table->routes[j]->name, route->name) == 0)
                return err_set(detail, ERR_INVALID, "two routes are named %s", route->name);
    }
    return ERR_OK;
}
