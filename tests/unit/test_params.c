/* SPDX-License-Identifier: MIT */
#include "core/params.h"

#include "check.h"

static void parameters_are_found_by_their_name(void **state)
{
    static const struct {
        const char *text, *a, *b; /* NULL: not there */
    } ROWS[] = {
        {"", NULL, NULL},
        {";", NULL, NULL},
        {" ; ;\t", NULL, NULL},
        {"a=1", "1", NULL},
        {"; a=1; b=2;", "1", "2"},
        {"b=2;A=1", "1", "2"},
        {" a = 1 ; b\t=\t2 ", "1", "2"},
        {"a=\"1\"; b=\"2\"", "1", "2"},
        {"a=\"\"", "", NULL},
        {"a=\"x;b=2\"", "x;b=2", NULL},
        {"a=\"x\\\"y\"; b=2", "x\\\"y", "2"},
        {"a=\"x\\\\\"; b=2", "x\\\\", "2"},
        {"a=\"C:\\dir\\file\"", "C:\\dir\\file", NULL},
        {"c=3; a=1; cc=4", "1", NULL},
        {"aa=1; ab=2", NULL, NULL},
        {"a=x=y", "x=y", NULL},
        {"a=x y", "x y", NULL},
        {"a=\"\xc3\xa4\"", "\xc3\xa4", NULL},
        {"c=\"1\"; c=\"2\"", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct param list[] = {{.name = "a"}, {.name = "b"}};
        CHECK_ROW(params_read(str_of(ROWS[i].text), list, 2), ROWS[i].text);
        CHECK_ROW((list[0].value.ptr != NULL) == (ROWS[i].a != NULL), ROWS[i].text);
        CHECK_ROW((list[1].value.ptr != NULL) == (ROWS[i].b != NULL), ROWS[i].text);
        CHECK_ROW(str_equal(list[0].value, str_of(ROWS[i].a)), ROWS[i].text);
        CHECK_ROW(str_equal(list[1].value, str_of(ROWS[i].b)), ROWS[i].text);
    }
}

static void what_two_readers_could_understand_differently_is_refused(void **state)
{
    static const char *const ROWS[] = {
        "a",       "a;",       "=1",        "a=",        "a=;b=2",      "a=1; a=1",
        "a=1;A=2", "a=\"1",    "a=\"1\\\"", "a=\"",      "a=\"1\"2",    "a=\"1\" b=2",
        "c; a=1",  "a=1\"2\"", "a=1 \"",    "a=\"1\";b", "a=\"\"; a=1",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct param list[] = {{.name = "a"}, {.name = "b"}};
        CHECK_ROW(!params_read(str_of(ROWS[i]), list, 2), ROWS[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("parameters are found by their name", parameters_are_found_by_their_name),
        CASE("what two readers could understand differently is refused",
             what_two_readers_could_understand_differently_is_refused),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
