/* SPDX-License-Identifier: MIT */
/* Which forms a text came to. Time is an argument; nothing waits. */
#include "service/echo.h"

#include <stdio.h>

#include "check.h"

enum { HOUR_MS = 3600 * 1000 };

static void echo_freep(struct echo **echo)
{
    echo_free(*echo);
}

static struct echo *echo_of(size_t texts)
{
    struct echo *echo = NULL;

    assert_int_equal(echo_new(texts, &echo), ERR_OK);
    return echo;
}

static void other_forms_are_counted(void **state)
{
    CLEANUP(echo_freep) struct echo *echo = echo_of(100);

    (void)state;
    assert_int_equal(echo_count(echo, 7, STR("spring"), 0), 0);
    assert_int_equal(echo_count(echo, 7, STR("spring"), 1000), 0);
    assert_int_equal(echo_count(echo, 7, STR("bakery"), 2000), 1);
    assert_int_equal(echo_count(echo, 7, STR("spring"), 3000), 1);
    assert_int_equal(echo_count(echo, 7, STR("dentist"), 4000), 2);
    assert_int_equal(echo_count(echo, 8, STR("dentist"), 5000), 0);
}

static void a_text_is_forgotten_a_day_after_it_came_last(void **state)
{
    CLEANUP(echo_freep) struct echo *echo = echo_of(1);

    (void)state;
    assert_int_equal(echo_count(echo, 7, STR("spring"), 0), 0);
    assert_int_equal(echo_count(echo, 7, STR("bakery"), 23 * HOUR_MS), 1);
    assert_int_equal(echo_count(echo, 7, STR("dentist"), 46 * HOUR_MS), 2);
    assert_int_equal(echo_count(echo, 7, STR("spring"), 70 * HOUR_MS), 0);
}

static void the_quietest_gives_way(void **state)
{
    CLEANUP(echo_freep) struct echo *echo = echo_of(4);

    (void)state;
    for (uint64_t text = 1; text <= 4; text++)
        assert_int_equal(echo_count(echo, text, STR("spring"), (int64_t)text * 1000), 0);
    assert_int_equal(echo_count(echo, 1, STR("bakery"), 5000), 1); /* now 2 is the quietest */
    assert_int_equal(echo_count(echo, 5, STR("spring"), 6000), 0);
    assert_int_equal(echo_count(echo, 1, STR("spring"), 7000), 1);
    assert_int_equal(echo_count(echo, 3, STR("bakery"), 7000), 1);
    assert_int_equal(echo_count(echo, 4, STR("bakery"), 7000), 1);
    assert_int_equal(echo_count(echo, 2, STR("bakery"), 8000), 0);
}

static void forms_are_counted_up_to_a_ceiling(void **state)
{
    CLEANUP(echo_freep) struct echo *echo = echo_of(1);
    unsigned most = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "form-%d", i);
        unsigned count = echo_count(echo, 7, str_of(name), i);
        assert_true(count >= most && count <= 31);
        most = count;
    }
    assert_int_equal(most, 31);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("other forms are counted", other_forms_are_counted),
        CASE("a text is forgotten a day after it came last",
             a_text_is_forgotten_a_day_after_it_came_last),
        CASE("the quietest gives way", the_quietest_gives_way),
        CASE("forms are counted up to a ceiling", forms_are_counted_up_to_a_ceiling),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
