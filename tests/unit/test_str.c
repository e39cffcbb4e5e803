/* SPDX-License-Identifier: MIT */
#include "check.h"

static void trims_spaces_and_tabs(void **state)
{
    (void)state;
    check_str(str_trim(STR(" \t a b\t ")), "a b");
    check_str(str_trim(STR("a")), "a");
    check_str(str_trim(STR(" \t ")), "");
    check_str(str_trim((struct str){0}), "");
    check_str(str_trim(STR("\na\n")), "\na\n");
}

static void compares_ascii_without_case(void **state)
{
    (void)state;
    assert_true(str_equal_nocase(STR("Content-Type"), STR("content-tYPE")));
    assert_false(str_equal_nocase(STR("abc"), STR("abcd")));
    assert_false(str_equal_nocase(STR("["), STR("{"))); /* 0x20 apart, but no letters */
    assert_false(str_equal_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
    assert_true(str_starts_with_nocase(STR("Basic abc"), STR("basic ")));
    assert_false(str_starts_with_nocase(STR("Bas"), STR("basic ")));
    assert_true(str_starts_with_nocase((struct str){0}, STR("")));
}

static void absent_and_empty_are_equal(void **state)
{
    (void)state;
    assert_true(str_equal((struct str){0}, STR("")));
    assert_true(str_equal(str_of(NULL), str_of("")));
    assert_false(str_equal(STR("a"), STR("b")));
}

static void cuts_until_nothing_is_left(void **state)
{
    struct str rest = STR("a,,b,");
    static const char *const PARTS[] = {"a", "", "b", ""};
    size_t count = 0;

    (void)state;
    while (rest.ptr) {
        assert_true(count < COUNTOF(PARTS));
        check_str(str_cut(&rest, ','), PARTS[count++]);
    }
    assert_int_equal(count, COUNTOF(PARTS));
}

static void cutting_without_separator_gives_everything(void **state)
{
    struct str rest = STR("abc");

    (void)state;
    check_str(str_cut(&rest, ','), "abc");
    assert_null(rest.ptr);
    assert_int_equal(rest.len, 0);
    assert_null(str_cut(&rest, ',').ptr);
}

static void reads_decimal_numbers_up_to_the_maximum(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool is_ok;
        uint64_t value;
    } ROWS[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"007", 10, true, 7},
        {"200", 200, true, 200},
        {"201", 200, false, 0},
        {"999", 200, false, 0},
        {"12", 5, false, 0},
        {"", 9, false, 0},
        {"-1", 9, false, 0},
        {"+1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1x", 9, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999", UINT64_MAX, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        uint64_t value = 0;
        CHECK_ROW(str_to_u64(str_of(ROWS[i].text), ROWS[i].max, &value) == ROWS[i].is_ok,
                  ROWS[i].text);
        CHECK_ROW(value == ROWS[i].value, ROWS[i].text);
    }
}

static void knows_visible_ascii(void **state)
{
    (void)state;
    assert_true(str_is_visible_ascii(STR("!az~")));
    assert_false(str_is_visible_ascii(STR("a b")));
    assert_false(str_is_visible_ascii(STR("a\x7f")));
    assert_false(str_is_visible_ascii(STR("\xc3\xa4")));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("trims spaces and tabs at both ends and nothing else", trims_spaces_and_tabs),
        CASE("compares ASCII letters without case", compares_ascii_without_case),
        CASE("an absent and an empty text are equal", absent_and_empty_are_equal),
        CASE("cuts until nothing is left", cuts_until_nothing_is_left),
        CASE("cutting without a separator gives everything",
             cutting_without_separator_gives_everything),
        CASE("reads decimal numbers up to the maximum", reads_decimal_numbers_up_to_the_maximum),
        CASE("knows visible ASCII", knows_visible_ascii),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
