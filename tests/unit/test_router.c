/* SPDX-License-Identifier: MIT */
/* Matching paths and methods, and the table's own check. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "http/router.h"

static enum flow step(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    (void)x;
    return FLOW_DONE;
}

static const struct route LIST = {
    .name = "list", .method = "GET", .path = "/a", .steps = {step, step}};
static const struct route MAKE = {
    .name = "make", .method = "POST", .path = "/a", .steps = {step, step}};
static const struct route ONE = {
    .name = "one", .method = "GET", .path = "/a/{id}", .steps = {step, step}};
static const struct route BARE = {.name = "bare", .method = "GET", .path = "/b", .steps = {step}};

static struct route_match match(const char *method, const char *path)
{
    const struct route *rows[] = {&LIST, &MAKE, &ONE};
    const struct route_table table = {rows, COUNTOF(rows)};
    struct route_match found;

    router_match(&table, str_of(method), str_of(path), &found);
    return found;
}

static void the_row_with_path_and_method_is_found(void **state)
{
    (void)state;
    assert_ptr_equal(match("GET", "/a").route, &LIST);
    assert_ptr_equal(match("HEAD", "/a").route, &LIST);
    assert_ptr_equal(match("POST", "/a").route, &MAKE);
}

static void a_parameter_takes_one_segment(void **state)
{
    struct route_match found = match("GET", "/a/42");

    (void)state;
    assert_ptr_equal(found.route, &ONE);
    assert_true(str_equal(found.params[0], STR("42")));
    assert_null(match("GET", "/a/").route);
    assert_null(match("GET", "/a/42/").route);
    assert_null(match("GET", "/a/4/2").route);
}

static void another_method_yields_the_allowed_ones(void **state)
{
    struct route_match found = match("PUT", "/a");

    (void)state;
    assert_null(found.route);
    assert_string_equal(found.allow, "GET, HEAD, POST, OPTIONS");
    assert_string_equal(match("GET", "/b").allow, "");
    assert_string_equal(match("GET", "").allow, "");
}

static void a_row_without_a_guard_does_not_start(void **state)
{
    const struct route *rows[] = {&LIST, &BARE};
    const struct route_table table = {rows, COUNTOF(rows)};
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(router_check(&table, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, "bare"));
}

static void two_rows_of_one_name_do_not_start(void **state)
{
    const struct route *rows[] = {&LIST, &MAKE, &LIST};
    const struct route_table table = {rows, COUNTOF(rows)};

    (void)state;
    assert_int_equal(router_check(&table, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_row_with_path_and_method_is_found),
        cmocka_unit_test(a_parameter_takes_one_segment),
        cmocka_unit_test(another_method_yields_the_allowed_ones),
        cmocka_unit_test(a_row_without_a_guard_does_not_start),
        cmocka_unit_test(two_rows_of_one_name_do_not_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
