/* SPDX-License-Identifier: MIT */
#include "base/pause.h"

#include "base/clock.h"
#include "check.h"

enum { LONG_MS = 10 * 60 * 1000 };

static void test_a_rest_lasts_as_long_as_it_is_told(void **state)
{
    struct pause pause;
    int64_t start_us = clock_mono_us();

    (void)state;
    assert_int_equal(pause_init(&pause), ERR_OK);
    assert_true(pause_us(&pause, 3000));
    assert_true(pause_ms(&pause, 3));
    assert_true(clock_mono_us() - start_us >= 6000);
    assert_true(pause_us(&pause, 0));
    assert_true(pause_us(&pause, -1));
    pause_done(&pause);
}

static void test_nobody_rests_behind_the_end(void **state)
{
    struct pause pause;

    (void)state;
    assert_int_equal(pause_init(&pause), ERR_OK);
    pause_end(&pause);
    assert_false(pause_ms(&pause, LONG_MS));
    assert_false(pause_us(&pause, 0));
    pause_done(&pause);
}

static void *rest_long(void *arg)
{
    return pause_ms(arg, LONG_MS) ? arg : NULL;
}

/* Whether they rest already or are about to: they come back, long before their time. */
static void test_the_end_wakes_everybody_who_rests(void **state)
{
    struct pause pause;
    pthread_t threads[3];
    void *went_on;

    (void)state;
    assert_int_equal(pause_init(&pause), ERR_OK);
    for (size_t i = 0; i < COUNTOF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rest_long, &pause), 0);
    assert_true(pause_ms(&pause, 20));
    pause_end(&pause);
    for (size_t i = 0; i < COUNTOF(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &went_on), 0);
        assert_null(went_on);
    }
    pause_done(&pause);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rest_lasts_as_long_as_it_is_told),
        cmocka_unit_test(test_nobody_rests_behind_the_end),
        cmocka_unit_test(test_the_end_wakes_everybody_who_rests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
