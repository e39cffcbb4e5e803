/* SPDX-License-Identifier: MIT */
/* The program's own table of routes: every row says what a description of the API needs. */
#include "handler/routes.h"

#include "check.h"
#include "handler/describe.h"

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

static void the_description_can_be_made(void **state)
{
    struct description *description = NULL;
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(description_new(&ROUTES, &description, &detail), ERR_OK);
    assert_string_equal(detail.text, "");
    assert_true(str_starts_with(buf_str(&description->openapi), STR("{\"openapi\":\"3.1.0\"")));
    assert_true(str_ends_with(buf_str(&description->page), STR("</html>\n")));
    assert_string_not_equal(description->openapi_tag, description->page_tag);
    description_free(description);
}

/* Else a description would call open what is not. */
static void every_row_begins_with_a_known_guard(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROUTES.count; i++)
        CHECK_ROW(guards_know(ROUTES.routes[i]->steps[0]), ROUTES.routes[i]->name);
}

static void every_path_parameter_is_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROUTES.count; i++) {
        struct str rest = str_of(ROUTES.routes[i]->path), name;
        while (describe_path_next(&rest, &name))
            CHECK_ROW(describe_path_help(ROUTES.routes[i], name), ROUTES.routes[i]->path);
    }
}

static void problems_follow_from_guards_and_bodies(void **state)
{
    static const struct route OPEN = {.method = "GET", .steps = {guard_open}, .path = "/"};
    static const struct route CHANGE = {.method = "PUT",
                                        .steps = {guard_manage},
                                        .path = "/",
                                        .media = MEDIA_JSON,
                                        .problems = PROBLEM_BIT(NOT_FOUND)};
    uint64_t open = describe_problems(&OPEN), change = describe_problems(&CHANGE);

    (void)state;
    assert_false(describe_has_problem(open, PROBLEM_UNAUTHORIZED));
    assert_false(describe_has_problem(open, PROBLEM_UNSUPPORTED_MEDIA));
    assert_true(describe_has_problem(open, PROBLEM_INTERNAL));
    assert_true(describe_has_problem(change, PROBLEM_UNAUTHORIZED));
    assert_true(describe_has_problem(change, PROBLEM_FORBIDDEN));
    assert_true(describe_has_problem(change, PROBLEM_CSRF));
    assert_true(describe_has_problem(change, PROBLEM_UNSUPPORTED_MEDIA));
    assert_true(describe_has_problem(change, PROBLEM_NOT_FOUND));
    assert_int_equal(guards_demand(&OPEN).access, ACCESS_NONE);
    assert_int_equal(guards_demand(&CHANGE).access, ACCESS_MANAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("every row is described", every_row_is_described),
        CASE("the description can be made", the_description_can_be_made),
        CASE("every row begins with a known guard", every_row_begins_with_a_known_guard),
        CASE("every path parameter is explained", every_path_parameter_is_explained),
        CASE("problems follow from guards and bodies", problems_follow_from_guards_and_bodies),
        CASE("parameters have all that their kind needs",
             parameters_have_all_that_their_kind_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
