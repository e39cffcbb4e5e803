/* SPDX-License-Identifier: MIT */
#include "core/point.h"

#include "check.h"

static void controls_are_c0_del_and_c1(void **state)
{
    (void)state;
    for (int32_t point = 0; point < 0x200; point++)
        assert_int_equal(point_is_control(point), point < 0x20 || (point >= 0x7f && point < 0xa0));
}

static void spaces_are_known(void **state)
{
    static const int32_t SPACES[] = {'\t',   '\n',   '\v',   '\f',   '\r',   ' ',
                                     0x85,   0xa0,   0x1680, 0x2000, 0x200a, 0x200b,
                                     0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff};
    static const int32_t OTHERS[] = {0, 8, 0x0e, '!', 'a', 0x9f, 0xa1, 0x200c, 0x2030, 0x3001};

    (void)state;
    for (size_t i = 0; i < COUNTOF(SPACES); i++)
        assert_true(point_is_space(SPACES[i]));
    for (size_t i = 0; i < COUNTOF(OTHERS); i++)
        assert_false(point_is_space(OTHERS[i]));
    int count = 0;
    for (int32_t point = 0; point <= 0x10ffff; point++)
        count += point_is_space(point);
    assert_int_equal(count, 27); /* 25 with the property, U+200B and U+FEFF */
}

static void bidi_controls_are_known(void **state)
{
    int count = 0;

    (void)state;
    for (int32_t point = 0; point <= 0x10ffff; point++)
        count += point_is_bidi_control(point);
    assert_int_equal(count, 12);
    assert_true(point_is_bidi_control(0x061c));
    assert_true(point_is_bidi_control(0x202e));
    assert_true(point_is_bidi_control(0x2069));
    assert_false(point_is_bidi_control(0x200d));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("controls are C0, DEL and C1", controls_are_c0_del_and_c1),
        CASE("spaces are those of Unicode and two without width", spaces_are_known),
        CASE("bidi controls are the twelve of Unicode", bidi_controls_are_known),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
