/* SPDX-License-Identifier: MIT */
#include "core/breaker.h"

#include "check.h"

static void it_stays_closed_while_failures_are_few(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    assert_int_equal(breaker_room(&breaker, 0, 0, 4), 4);
    assert_int_equal(breaker_room(&breaker, 0, 3, 4), 1);
    assert_int_equal(breaker_room(&breaker, 0, 4, 4), 0);
    assert_int_equal(breaker_room(&breaker, 0, 9, 4), 0);
    for (int i = 1; i < BREAKER_FAILURES; i++)
        breaker_failed(&breaker, 1000, 7);
    assert_int_equal(breaker_room(&breaker, 1000, 0, 4), 4);
    breaker_worked(&breaker);
    for (int i = 1; i < BREAKER_FAILURES; i++)
        breaker_failed(&breaker, 1000, 7);
    assert_int_equal(breaker_room(&breaker, 1000, 1, 4), 3);
}

static void open_it_lets_one_through_at_growing_distance(void **state)
{
    static const uint64_t CHANCES[] = {0, UINT64_MAX, 12345678};

    (void)state;
    for (size_t i = 0; i < COUNTOF(CHANCES); i++) {
        struct breaker breaker = {0};
        int64_t now_ms = 5000, last_ms = 0;
        for (int n = 1; n < BREAKER_FAILURES; n++)
            breaker_failed(&breaker, now_ms, CHANCES[i]);
        for (int n = 0; n < 100; n++) {
            breaker_failed(&breaker, now_ms, CHANCES[i]);
            int64_t wait_ms = breaker.until_ms - now_ms;
            assert_true(wait_ms >= 30000 && wait_ms <= BREAKER_WAIT_MAX_MS && wait_ms >= last_ms);
            assert_int_equal(breaker_room(&breaker, breaker.until_ms - 1, 0, 4), 0);
            assert_int_equal(breaker_room(&breaker, now_ms, 0, 4), 0);
            assert_int_equal(breaker_room(&breaker, breaker.until_ms, 0, 4), 1);
            assert_int_equal(breaker_room(&breaker, breaker.until_ms, 1, 4), 0);
            now_ms = breaker.until_ms;
            last_ms = wait_ms;
        }
        assert_int_equal(last_ms, BREAKER_WAIT_MAX_MS);
        assert_int_equal(breaker_room(&breaker, now_ms - 2 * BREAKER_WAIT_MAX_MS, 0, 4), 1);
        breaker_worked(&breaker);
        assert_int_equal(breaker_room(&breaker, now_ms, 0, 4), 4);
    }
}

static void it_is_down_when_nothing_has_gone_well_for_an_hour(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    for (int i = 1; i < BREAKER_FAILURES; i++)
        breaker_failed(&breaker, 1000 + i, 7);
    assert_false(breaker_is_down(&breaker, 1001 + BREAKER_DOWN_MS));
    breaker_failed(&breaker, 5000, 7);
    assert_false(breaker_is_down(&breaker, 1000 + BREAKER_DOWN_MS));
    assert_true(breaker_is_down(&breaker, 1001 + BREAKER_DOWN_MS));
    breaker_worked(&breaker);
    assert_false(breaker_is_down(&breaker, 1001 + BREAKER_DOWN_MS));
    for (int i = 0; i < BREAKER_FAILURES; i++)
        breaker_failed(&breaker, 9000, 7);
    assert_false(breaker_is_down(&breaker, 1001 + BREAKER_DOWN_MS));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        cmocka_unit_test(it_stays_closed_while_failures_are_few),
        cmocka_unit_test(open_it_lets_one_through_at_growing_distance),
        cmocka_unit_test(it_is_down_when_nothing_has_gone_well_for_an_hour),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
