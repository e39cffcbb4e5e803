/* SPDX-License-Identifier: MIT */
/* Query parameters by their table: what is taken, and what is said of the rest. */
#include "http/parameters.h"

#include "check.h"
#include "http/exchange.h"

static bool is_lower(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 'a' || text.ptr[i] > 'z')
            return false;
    return text.len > 0;
}

static const char *const WORDS[] = {"new", "read", "all", NULL};

static const struct parameter FIRST[] = {
    {"limit", PARAMETER_NUMBER, .min = 1, .max = 200, .fallback = 50},
    {"state", PARAMETER_WORD, .words = WORDS},
    {0},
};

static const struct parameter SECOND[] = {
    {"form", PARAMETER_TEXT, .fits = is_lower, .expected = "a form's name"},
    {"starred", PARAMETER_BOOLEAN, .help = ""},
    {"since", PARAMETER_TIME, .help = ""},
    {"q", PARAMETER_TEXT, .help = ""},
    {0},
};

static const struct parameters MORE = {SECOND, NULL};
static const struct parameters TABLE = {FIRST, &MORE};
static const struct route ROUTE = {.name = "test", .query = &TABLE};
static const struct route BARE = {.name = "bare"};

static struct exchange exchange_of(const struct route *route, const char *query)
{
    struct exchange x = {.route = route, .query = str_of(query)};

    arena_init(&x.arena, 64 * 1024, NULL, 0);
    return x;
}

static void values_are_found_by_name(void **state)
{
    struct exchange x =
        exchange_of(&ROUTE, "since=2026-11-21&state=read&q=a+b%21&limit=7&starred=true&form=shop");

    (void)state;
    assert_null(parameters_read(&x));
    assert_int_equal(parameter_number(&x, "limit"), 7);
    assert_int_equal(parameter_number(&x, "state"), 1);
    assert_int_equal(parameter_number(&x, "starred"), 1);
    assert_int_equal(parameter_number(&x, "since"), 1795219200000);
    check_str(parameter_text(&x, "q"), "a b!");
    check_str(parameter_text(&x, "form"), "shop");
    arena_done(&x.arena);
}

static void what_was_not_sent_is_absent_or_the_fallback(void **state)
{
    struct exchange x = exchange_of(&ROUTE, NULL);

    (void)state;
    assert_null(parameters_read(&x));
    assert_int_equal(parameter_number(&x, "limit"), 50);
    assert_int_equal(parameter_number(&x, "since"), 0);
    assert_null(parameter_text(&x, "form").ptr);
    arena_done(&x.arena);
}

static void what_breaks_a_rule_is_told_with_the_rule(void **state)
{
    static const struct {
        const char *query, *sentence;
    } ROWS[] = {
        {"limit=0", "limit must be a whole number from 1 to 200"},
        {"limit=201", "limit must be a whole number from 1 to 200"},
        {"limit=", "limit must be a whole number from 1 to 200"},
        {"limit=-1", "limit must be a whole number from 1 to 200"},
        {"state=old", "state must be new, read or all"},
        {"starred=yes", "starred must be true or false"},
        {"form=UPPER", "form must be a form's name"},
        {"since=x", "since must be an RFC 3339 time such as 2026-01-31T09:00:00Z or a date"},
        {"limit=1&limit=1", "a parameter was sent twice"},
        {"x=1", "unknown parameter; known are limit, state, form, starred, since, q"},
        {"q=%zz", "the query string is not valid percent-encoded UTF-8"},
        {"q=%ff", "the query string is not valid percent-encoded UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct exchange x = exchange_of(&ROUTE, ROWS[i].query);
        const char *said = parameters_read(&x);
        CHECK_ROW(said && strcmp(said, ROWS[i].sentence) == 0, ROWS[i].query);
        arena_done(&x.arena);
    }
}

static void a_route_without_a_table_takes_nothing(void **state)
{
    struct exchange none = exchange_of(&BARE, ""), some = exchange_of(&BARE, "a=1");

    (void)state;
    assert_null(parameters_read(&none));
    assert_string_equal(parameters_read(&some), "this address takes no parameters");
    arena_done(&none.arena);
    arena_done(&some.arena);
}

static void leniently_what_is_wrong_was_not_sent(void **state)
{
    struct exchange x = exchange_of(&ROUTE, "x=1&limit=0&form=a&form=b&q=last");

    (void)state;
    parameters_read_leniently(&x);
    assert_int_equal(parameter_number(&x, "limit"), 50);
    check_str(parameter_text(&x, "form"), "b");
    check_str(parameter_text(&x, "q"), "last");
    arena_done(&x.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("values are found by name", values_are_found_by_name),
        CASE("what was not sent is absent, or the fallback",
             what_was_not_sent_is_absent_or_the_fallback),
        CASE("what breaks a rule is told with the rule", what_breaks_a_rule_is_told_with_the_rule),
        CASE("a route without a table takes nothing", a_route_without_a_table_takes_nothing),
        CASE("leniently, what is wrong was not sent", leniently_what_is_wrong_was_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
