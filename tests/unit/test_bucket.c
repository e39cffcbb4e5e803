/* SPDX-License-Identifier: MIT */
#include "core/bucket.h"

#include "check.h"

static const struct bucket_limit FIVE_A_MINUTE = {.burst = 5, .per_hour = 300};
static const int64_t HOUR = 3600000;

static void a_new_bucket_is_full_at_any_time(void **state)
{
    static const int64_t TIMES[] = {INT64_MIN, -1, 0, 1, 1795253400123, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < COUNTOF(TIMES); i++) {
        struct bucket bucket = {0};
        for (int n = 0; n < 5; n++)
            assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, TIMES[i]), 0);
        assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, TIMES[i]), 12000);
    }
}

static void tokens_come_back_one_by_one(void **state)
{
    struct bucket bucket = {0};

    (void)state;
    for (int n = 0; n < 5; n++)
        assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, 1000), 0);
    assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, 1000 + 11999), 1);
    assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, 1000 + 12000), 0);
    assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, 1000 + 12000), 12000);
}

static void a_rested_bucket_is_full_and_no_fuller(void **state)
{
    struct bucket bucket = {0};

    (void)state;
    for (int n = 0; n < 5; n++)
        assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, 0), 0);
    for (int n = 0; n < 5; n++)
        assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, INT64_MAX), 0);
    assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, INT64_MAX), 12000);
}

static void asking_takes_nothing(void **state)
{
    struct bucket bucket = {0};

    (void)state;
    for (int n = 0; n < 100; n++)
        assert_int_equal(bucket_wait_ms(&bucket, &FIVE_A_MINUTE, 7), 0);
    for (int n = 0; n < 5; n++)
        assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, 7), 0);
    assert_int_equal(bucket_wait_ms(&bucket, &FIVE_A_MINUTE, 7), 12000);
}

static void asking_often_costs_nothing(void **state)
{
    struct bucket bucket = {0};
    int taken = 0;

    (void)state;
    for (int64_t now = 0; now < HOUR; now++) /* 0.083 of a token per step */
        taken += bucket_take(&bucket, &FIVE_A_MINUTE, now) == 0;
    assert_int_equal(taken, 5 + 299);
}

static void waiting_as_told_is_exactly_enough(void **state)
{
    static const struct bucket_limit LIMITS[] = {
        {1, 1},          {1, 7},      {3, 3600}, {10, 5400000}, {UINT32_MAX, UINT32_MAX},
        {2, UINT32_MAX}, {1, 3599999}};
    uint64_t seed = 42;

    (void)state;
    for (size_t i = 0; i < COUNTOF(LIMITS); i++) {
        struct bucket bucket = {.used = LIMITS[i].burst * HOUR, .at_ms = 5};
        int64_t now = 5;
        for (int n = 0; n < 1000; n++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            now += (int64_t)(seed >> 54);
            int64_t wait_ms = bucket_take(&bucket, &LIMITS[i], now);
            if (wait_ms == 0)
                continue;
            struct bucket later = bucket, sooner = bucket;
            assert_int_not_equal(bucket_take(&sooner, &LIMITS[i], now + wait_ms - 1), 0);
            assert_int_equal(bucket_take(&later, &LIMITS[i], now + wait_ms), 0);
        }
    }
}

static void a_clock_that_goes_back_grants_nothing_and_blocks_not_for_ever(void **state)
{
    struct bucket bucket = {0};
    const int64_t now = 100 * HOUR;

    (void)state;
    for (int n = 0; n < 5; n++)
        assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, now), 0);
    assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, now - 50 * HOUR), 12000);
    assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, INT64_MIN), 12000);
    assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, INT64_MIN + 12000), 0);
}

static void a_stricter_limit_holds_at_once(void **state)
{
    static const struct bucket_limit ONE_AN_HOUR = {.burst = 1, .per_hour = 1};
    struct bucket bucket = {0};

    (void)state;
    for (int n = 0; n < 3; n++)
        assert_int_equal(bucket_take(&bucket, &FIVE_A_MINUTE, 0), 0);
    assert_int_equal(bucket_take(&bucket, &ONE_AN_HOUR, 0), 3 * HOUR);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a new bucket is full at any time", a_new_bucket_is_full_at_any_time),
        CASE("tokens come back one by one", tokens_come_back_one_by_one),
        CASE("a rested bucket is full and no fuller", a_rested_bucket_is_full_and_no_fuller),
        CASE("asking takes nothing", asking_takes_nothing),
        CASE("asking often neither gains nor loses", asking_often_costs_nothing),
        CASE("waiting as told is exactly enough", waiting_as_told_is_exactly_enough),
        CASE("a clock that goes back grants nothing and blocks not for ever",
             a_clock_that_goes_back_grants_nothing_and_blocks_not_for_ever),
        CASE("a stricter limit holds at once", a_stricter_limit_holds_at_once),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
