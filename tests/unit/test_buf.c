/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <limits.h>
#include <stdlib.h>

#include "check.h"

static void grows_as_it_is_written(void **state)
{
    CLEANUP(buf_done) struct buf buf = buf_new(1 << 20);

    (void)state;
    for (int i = 0; i < 10000; i++)
        buf_put(&buf, STR("0123456789"));
    assert_int_equal(buf_status(&buf), ERR_OK);
    assert_int_equal(buf.len, 100000);
    assert_memory_equal(buf.ptr + 99990, "0123456789", 10);
}

static void holds_exactly_its_ceiling(void **state)
{
    CLEANUP(buf_done) struct buf buf = buf_new(10);

    (void)state;
    buf_put(&buf, STR("0123456789"));
    assert_int_equal(buf_status(&buf), ERR_OK);
    buf_put(&buf, STR(""));
    assert_int_equal(buf_status(&buf), ERR_OK);
    buf_put_char(&buf, 'x');
    assert_int_equal(buf_status(&buf), ERR_FULL);
    check_str(buf_str(&buf), "0123456789");
}

static void the_first_failure_sticks(void **state)
{
    CLEANUP(buf_done) struct buf buf = buf_new(5);

    (void)state;
    buf_put(&buf, STR("123"));
    buf_put(&buf, STR("456"));
    buf_put(&buf, STR("7")); /* would fit, but then there would be a hole */
    assert_int_equal(buf_status(&buf), ERR_FULL);
    check_str(buf_str(&buf), "123");
    assert_null(buf_reserve(&buf, 1));
    buf_done(&buf);
    assert_int_equal(buf_status(&buf), ERR_OK);
    assert_int_equal(buf.max, 5);
}

static void writes_numbers(void **state)
{
    CLEANUP(buf_done) struct buf buf = buf_new(1000);

    (void)state;
    buf_put_u64(&buf, 0);
    buf_put_char(&buf, ' ');
    buf_put_u64(&buf, UINT64_MAX);
    buf_put_char(&buf, ' ');
    buf_put_i64(&buf, INT64_MIN);
    buf_put_char(&buf, ' ');
    buf_put_i64(&buf, INT64_MAX);
    check_str(buf_str(&buf), "0 18446744073709551615 -9223372036854775808 9223372036854775807");
}

static void formats_short_and_long_texts(void **state)
{
    CLEANUP(buf_done) struct buf buf = buf_new(2000);

    (void)state;
    buf_printf(&buf, "%s-%d", "a", 7);
    check_str(buf_str(&buf), "a-7");
    buf_printf(&buf, "%0255d", 1);
    buf_printf(&buf, "%0256d", 2);
    buf_printf(&buf, "%01000d", 3);
    assert_int_equal(buf_status(&buf), ERR_OK);
    assert_int_equal(buf.len, 3 + 255 + 256 + 1000);
    assert_int_equal(buf.ptr[buf.len - 1], '3');
}

static void a_long_formatted_text_may_reach_the_ceiling(void **state)
{
    CLEANUP(buf_done) struct buf buf = buf_new(300);

    (void)state;
    buf_printf(&buf, "%0300d", 1);
    assert_int_equal(buf_status(&buf), ERR_OK);
    assert_int_equal(buf.len, 300);
}

static void reserved_room_is_written_in_place(void **state)
{
    CLEANUP(buf_done) struct buf buf = buf_new(1000);

    (void)state;
    char *at = buf_reserve(&buf, 600);
    assert_non_null(at);
    memset(at, 'x', 600);
    buf.len += 600;
    buf_put_char(&buf, 'y');
    assert_int_equal(buf.len, 601);
    assert_null(buf_reserve(&buf, 400));
}

static void taking_leaves_an_empty_buf(void **state)
{
    struct buf buf = buf_new(100);

    (void)state;
    buf_put(&buf, STR("abc"));
    char *bytes = buf_take(&buf);
    assert_memory_equal(bytes, "abc", 3);
    assert_int_equal(buf.len, 0);
    assert_null(buf.ptr);
    free(bytes);
    assert_null(buf_take(&buf));
    buf_done(&buf);
    buf_done(NULL);
}

static void hundredths_are_decimal_numbers(void **state)
{
    static const struct {
        int hundredths;
        const char *text;
    } ROWS[] = {{0, "0"},      {5, "0.05"},       {-5, "-0.05"},
                {150, "1.50"}, {-1234, "-12.34"}, {INT_MIN, "-21474836.48"}};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf out = buf_new(32);
        buf_put_hundredths(&out, ROWS[i].hundredths);
        buf_put_char(&out, '\0');
        assert_int_equal(buf_status(&out), ERR_OK);
        assert_string_equal(out.ptr, ROWS[i].text);
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("grows as it is written", grows_as_it_is_written),
        CASE("holds exactly its ceiling", holds_exactly_its_ceiling),
        CASE("the first failure sticks until it is done", the_first_failure_sticks),
        CASE("writes numbers", writes_numbers),
        CASE("hundredths are decimal numbers", hundredths_are_decimal_numbers),
        CASE("formats short and long texts", formats_short_and_long_texts),
        CASE("a long formatted text may reach the ceiling",
             a_long_formatted_text_may_reach_the_ceiling),
        CASE("reserved room is written in place", reserved_room_is_written_in_place),
        CASE("taking leaves an empty buf", taking_leaves_an_empty_buf),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
