/* SPDX-License-Identifier: MIT */
/* The program's own table of routes: every row says what a description of the API needs. */
#include "handler/routes.h"

#include "check.h"

static void every_row_is_described(void **state)
{
    size_t missing = 0;

    (void)state;
    for (size_t i = 0; i < ROUTES.count; i++) {
        const struct route *route = ROUTES.routes[i];
        bool has_all = route->help && route_is_described(route) && !!route->media == !!route->body;
        if (!has_all)
            print_error("%s %s (%s) lacks help, replies, or the body's shape\n", route->method,
                        route->path, route->name);
        missing += !has_all;
    }
    assert_int_equal(missing, 0);
}

static void parameters_have_all_that_their_kind_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROUTES.count; i++) {
        struct parameter_walk walk = {.table = ROUTES.routes[i]->query};
        const struct parameter *row;
        size_t count = 0;
        while ((row = parameter_next(&walk))) {
            count++;
            CHECK_ROW(row->help && row->help[0], row->name);
            CHECK_ROW((row->kind == PARAMETER_WORD) == !!row->words, row->name);
            CHECK_ROW(!row->fits == !row->expected, row->name);
            CHECK_ROW(row->kind != PARAMETER_NUMBER || row->min < row->max, row->name);
        }
        CHECK_ROW(count <= PARAMETERS_MAX, ROUTES.routes[i]->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("every row is described", every_row_is_described),
        CASE("parameters have all that their kind needs",
             parameters_have_all_that_their_kind_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
