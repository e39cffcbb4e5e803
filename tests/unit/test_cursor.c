/* SPDX-License-Identifier: MIT */
#include "core/cursor.h"

#include "base/encode.h"
#include "check.h"

static void numbers_come_back(void **state)
{
    static const int64_t ROWS[] = {1, 2, 255, 256, INT64_C(1795253400123) << 15, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char text[CURSOR_TEXT_LEN + 1];
        int64_t seq = 0;
        cursor_format(ROWS[i], text);
        assert_int_equal(strlen(text), CURSOR_TEXT_LEN);
        assert_true(cursor_parse(str_of(text), &seq));
        assert_int_equal(seq, ROWS[i]);
    }
}

static void every_changed_character_is_noticed(void **state)
{
    char text[CURSOR_TEXT_LEN + 1];
    int64_t seq = 7;

    (void)state;
    cursor_format(INT64_C(1795253400123) << 15, text);
    for (int i = 0; i < CURSOR_TEXT_LEN; i++)
        for (int c = 0; c < 256; c++) {
            char kept = text[i];
            text[i] = (char)c;
            if (c != (unsigned char)kept && cursor_parse((struct str){text, CURSOR_TEXT_LEN}, &seq))
                fail_msg("character %d changed to %d", i, c);
            text[i] = kept;
        }
    assert_int_equal(seq, 7);
}

static void other_texts_are_refused(void **state)
{
    static const char *const ROWS[] = {"",
                                       "0",
                                       "AAAAAAAAAAAAAAAA",
                                       "AQAAAAAAAAAAAAAA",
                                       "null",
                                       "AAAAAAAAAAAAAAAAA",
                                       "AAAAAAAAAAAAAA=="};
    char text[CURSOR_TEXT_LEN + 2];
    int64_t seq;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!cursor_parse(str_of(ROWS[i]), &seq), ROWS[i]);
    cursor_format(5, text);
    assert_false(cursor_parse((struct str){text, CURSOR_TEXT_LEN - 1}, &seq));
    text[CURSOR_TEXT_LEN] = 'A';
    assert_false(cursor_parse((struct str){text, CURSOR_TEXT_LEN + 1}, &seq));
    assert_false(cursor_parse((struct str){0}, &seq));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("numbers come back", numbers_come_back),
        CASE("every changed character is noticed", every_changed_character_is_noticed),
        CASE("other texts are refused", other_texts_are_refused),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
