/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include "check.h"

static size_t encode(int32_t point, char text[4])
{
    if (point < 0x80) {
        text[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        text[0] = (char)(0xc0 | point >> 6);
        text[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        text[0] = (char)(0xe0 | point >> 12);
        text[1] = (char)(0x80 | (point >> 6 & 0x3f));
        text[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    text[0] = (char)(0xf0 | point >> 18);
    text[1] = (char)(0x80 | (point >> 12 & 0x3f));
    text[2] = (char)(0x80 | (point >> 6 & 0x3f));
    text[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

static void every_code_point_is_read_back(void **state)
{
    (void)state;
    for (int32_t point = 0; point <= 0x110010; point++) {
        char text[4];
        struct str rest = {text, encode(point, text)};
        bool is_scalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        size_t len = rest.len;
        int32_t read = utf8_next(&rest);
        if (read != (is_scalar ? point : -1) || rest.len != (is_scalar ? 0 : len))
            fail_msg("U+%04X is read as %d", (unsigned)point, read);
    }
}

static void every_pair_of_bytes_is_judged(void **state)
{
    (void)state;
    for (int a = 0x80; a < 0x100; a++)
        for (int b = 0; b < 0x100; b++) {
            char text[2] = {(char)a, (char)b};
            struct str rest = {text, 2};
            bool is_pair = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
            if ((utf8_next(&rest) >= 0) != is_pair)
                fail_msg("%02x %02x", (unsigned)a, (unsigned)b);
        }
}

static void malformed_sequences_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } ROWS[] = {
        {"\x80", "a continuation alone"},
        {"\xc3", "cut after one of two"},
        {"\xe2\x82", "cut after two of three"},
        {"\xf0\x9f\x98", "cut after three of four"},
        {"\xc0\xaf", "overlong, two bytes"},
        {"\xc1\xbf", "overlong, two bytes, the last"},
        {"\xe0\x9f\xbf", "overlong, three bytes"},
        {"\xf0\x8f\xbf\xbf", "overlong, four bytes"},
        {"\xed\xa0\x80", "the first surrogate"},
        {"\xed\xbf\xbf", "the last surrogate"},
        {"\xf4\x90\x80\x80", "U+110000"},
        {"\xf5\x80\x80\x80", "beyond"},
        {"\xf8\x88\x80\x80\x80", "five bytes"},
        {"\xff", "no first byte"},
        {"\xe2(\xa1", "no continuation in the middle"},
        {"abc\xe4xyz", "Latin-1"},
    };
    size_t length = 77;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!utf8_length(str_of(ROWS[i].text), &length), ROWS[i].why);
    assert_int_equal(length, 77);
}

static void counts_code_points(void **state)
{
    size_t length;

    (void)state;
    assert_true(utf8_length(STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), &length));
    assert_int_equal(length, 4);
    assert_true(utf8_length((struct str){0}, &length));
    assert_int_equal(length, 0);
    assert_true(utf8_length((struct str){"a\0b", 3}, &length));
    assert_int_equal(length, 3);
}

static void cuts_between_code_points(void **state)
{
    static const char TEXT[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t ENDS[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    (void)state;
    for (size_t bytes = 0; bytes < COUNTOF(ENDS); bytes++) {
        struct str fit = utf8_fit((struct str){TEXT, sizeof TEXT - 1}, bytes);
        assert_ptr_equal(fit.ptr, TEXT);
        assert_int_equal(fit.len, ENDS[bytes]);
    }
    /* What is no UTF-8 is not eaten up. */
    assert_int_equal(utf8_fit(STR("\x80\x80\x80\x80\x80\x80\x80\x80"), 7).len, 4);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every code point is read back, and no surrogate", every_code_point_is_read_back),
        CASE("every pair of bytes is judged rightly", every_pair_of_bytes_is_judged),
        CASE("malformed sequences are refused", malformed_sequences_are_refused),
        CASE("counts code points", counts_code_points),
        CASE("cuts between code points", cuts_between_code_points),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
