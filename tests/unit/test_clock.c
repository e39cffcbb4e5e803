/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

#include "check.h"

static const int64_t DAY = 86400000;

static void formats_known_times(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } ROWS[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {1795253400123, "2026-11-21T09:30:00.123Z"},
        {2147483648000, "2038-01-19T03:14:08.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"}, /* no 29 February */
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"}, /* clamped */
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {-1, "1970-01-01T00:00:00.000Z"},
        {INT64_MIN, "1970-01-01T00:00:00.000Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char text[CLOCK_TEXT_LEN + 1];
        clock_format(ROWS[i].ms, text);
        assert_string_equal(text, ROWS[i].text);
    }
}

static void every_day_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = 0; day * DAY <= 253402300799999; day++) {
        char text[CLOCK_TEXT_LEN + 1], expected[32];
        int64_t ms;
        time_t seconds = (time_t)(day * 86400);
        struct tm parts;
        gmtime_r(&seconds, &parts);
        strftime(expected, sizeof expected, "%Y-%m-%dT00:00:00.000Z", &parts);
        clock_format(day * DAY, text);
        if (strcmp(text, expected) != 0 || !clock_parse(str_of(text), &ms) || ms != day * DAY)
            fail_msg("%s is written as %s", expected, text);
    }
}

static void reads_what_rfc_3339_allows(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } ROWS[] = {
        {"1970-01-01", 0},
        {"2026-11-21", 1795219200000},
        {"2026-11-21T09:30:00Z", 1795253400000},
        {"2026-11-21t09:30:00z", 1795253400000},
        {"2026-11-21 09:30:00Z", 1795253400000},
        {"2026-11-21T09:30:00.5Z", 1795253400500},
        {"2026-11-21T09:30:00.123456789Z", 1795253400123},
        {"2026-11-21T10:30:00+01:00", 1795253400000},
        {"2026-11-21T10:30:00 01:00", 1795253400000}, /* '+' from a query string */
        {"2026-11-21T04:00:00-05:30", 1795253400000},
        {"2026-11-21T09:30:00-00:00", 1795253400000},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second is the next one's start */
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        int64_t ms = -1;
        CHECK_ROW(clock_parse(str_of(ROWS[i].text), &ms), ROWS[i].text);
        CHECK_ROW(ms == ROWS[i].ms, ROWS[i].text);
    }
}

static void refuses_everything_else(void **state)
{
    static const char *const ROWS[] = {
        "",
        "2026",
        "2026-11",
        "2026-1-1",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2100-02-29",
        "2026-04-31",
        "2026-11-00",
        "1969-12-31",
        "10000-01-01",
        "2026-11-21T",
        "2026-11-21T09:30",
        "2026-11-21T09:30:00",
        "2026-11-21T24:00:00Z",
        "2026-11-21T09:60:00Z",
        "2026-11-21T09:30:61Z",
        "2026-11-21T09:30:00.Z",
        "2026-11-21T09:30:00,5Z",
        "2026-11-21T09:30:00+1:00",
        "2026-11-21T09:30:00+0100",
        "2026-11-21T09:30:00+24:00",
        "2026-11-21T09:30:00Zx",
        "2026-11-21X09:30:00Z",
        " 2026-11-21",
        "2026-11-21 ",
        "+026-11-21",
        "2026/11/21",
    };
    int64_t ms = 42;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!clock_parse(str_of(ROWS[i]), &ms), ROWS[i]);
    assert_int_equal(ms, 42);
    assert_false(clock_parse((struct str){"2026-11-21\0", 11}, &ms));
}

static void both_clocks_run(void **state)
{
    int64_t mono_us = clock_mono_us(), mono_ms = clock_mono_ms();

    (void)state;
    assert_true(clock_wall_ms() > 1700000000000);
    assert_true(clock_mono_ms() >= mono_ms);
    assert_true(clock_mono_us() >= mono_us);
    assert_in_range(mono_ms - mono_us / 1000, 0, 1000);
}

static void stamps_go_there_and_back(void **state)
{
    static const char *const WRONG[] = {"",
                                        "20261121T093000",
                                        "20261121T093000Z0",
                                        "20261121 093000Z",
                                        "20261321T093000Z",
                                        "2026112aT093000Z",
                                        "20261121T093000+",
                                        "part0121T093000Z"};
    char text[CLOCK_STAMP_LEN + 1];
    int64_t ms;

    (void)state;
    clock_stamp(1795253400123, text);
    assert_string_equal(text, "20261121T093000Z");
    assert_true(clock_parse_stamp(str_of(text), &ms));
    assert_int_equal(ms, 1795253400000);
    for (size_t i = 0; i < COUNTOF(WRONG); i++)
        CHECK_ROW(!clock_parse_stamp(str_of(WRONG[i]), &ms), WRONG[i]);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("formats known times, clamped at both ends", formats_known_times),
        CASE("every day until 9999 agrees with the C library", every_day_agrees_with_the_c_library),
        CASE("reads what RFC 3339 allows", reads_what_rfc_3339_allows),
        CASE("refuses everything else", refuses_everything_else),
        CASE("stamps go there and back", stamps_go_there_and_back),
        CASE("both clocks run forward", both_clocks_run),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
