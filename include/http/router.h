/* SPDX-License-Identifier: MIT */
/* Finding the row of the route table that a request is for. Pure; any thread. */
#ifndef CONTACTD_HTTP_ROUTER_H
#define CONTACTD_HTTP_ROUTER_H

#include "base/err.h"
#include "http/exchange.h"

struct route_table {
    const struct route *const *routes;
    size_t count;
};

enum { ALLOW_TEXT_MAX = 80 };

struct route_match {
    const struct route *route;           /* NULL: no row has this method */
    const struct reply_style *style;     /* of the first row that has the path */
    struct str params[ROUTE_PARAMS_MAX]; /* undecoded, views into the path */
    char allow[ALLOW_TEXT_MAX];          /* methods that the path takes; empty: no such path */
};

void router_match(const struct route_table *table, struct str method, struct str path,
                  struct route_match *ret_match);

/*
 * Checks the table before it is served: names are unique and every row has a
 * guard before its handler. `detail` names the row.
 */
MUST_CHECK enum err router_check(const struct route_table *table, struct err_detail *detail);

#endif
