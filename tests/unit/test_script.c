/* SPDX-License-Identifier: MIT */
#include "core/script.h"

#include <locale.h>
#include <wctype.h>

#include "check.h"

static void letters_have_their_script(void **state)
{
    static const struct {
        int32_t point;
        enum script script;
    } ROWS[] = {
        {'a', SCRIPT_LATIN},       {'Z', SCRIPT_LATIN},      {'7', SCRIPT_NONE},
        {'@', SCRIPT_NONE},        {'[', SCRIPT_NONE},       {0xd7, SCRIPT_NONE},
        {0xdf, SCRIPT_LATIN},      {0x131, SCRIPT_LATIN},    {0x1ea1, SCRIPT_LATIN},
        {0x3b1, SCRIPT_GREEK},     {0x1f00, SCRIPT_GREEK},   {0x416, SCRIPT_CYRILLIC},
        {0x52f, SCRIPT_CYRILLIC},  {0x561, SCRIPT_ARMENIAN}, {0x5d0, SCRIPT_HEBREW},
        {0x627, SCRIPT_ARABIC},    {0x660, SCRIPT_NONE},     {0x915, SCRIPT_DEVANAGARI},
        {0x995, SCRIPT_BENGALI},   {0xa15, SCRIPT_GURMUKHI}, {0xa95, SCRIPT_GUJARATI},
        {0xb95, SCRIPT_TAMIL},     {0xc15, SCRIPT_TELUGU},   {0xc95, SCRIPT_KANNADA},
        {0xd15, SCRIPT_MALAYALAM}, {0xd9a, SCRIPT_SINHALA},  {0xe01, SCRIPT_THAI},
        {0xe81, SCRIPT_LAO},       {0x1000, SCRIPT_MYANMAR}, {0x10d0, SCRIPT_GEORGIAN},
        {0x1200, SCRIPT_ETHIOPIC}, {0x1780, SCRIPT_KHMER},   {0xac00, SCRIPT_HANGUL},
        {0x3042, SCRIPT_KANA},     {0x30a2, SCRIPT_KANA},    {0x3001, SCRIPT_NONE},
        {0x4e2d, SCRIPT_HAN},      {0x20000, SCRIPT_HAN},    {0x1f600, SCRIPT_NONE},
        {0x10ffff, SCRIPT_NONE},   {0, SCRIPT_NONE},         {0xff21, SCRIPT_LATIN},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(script_of(ROWS[i].point) == ROWS[i].script, script_text(ROWS[i].script));
}

/* The C library is the other opinion; what it folds and we do not is allowed, a difference is not.
 */
static void folding_agrees_with_the_c_library(void **state)
{
    unsigned folded = 0;

    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    for (int32_t point = 0; point < 0x11000; point++) {
        int32_t lower = script_fold(point);
        if (lower == point || point == 0x3c2 || point == 0x130)
            continue;
        folded++;
        if (lower != (int32_t)towlower((wint_t)point))
            fail_msg("U+%04X folds to U+%04X", (unsigned)point, (unsigned)lower);
    }
    assert_true(folded > 500);
}

static void alphabets_in_use_fold_entirely(void **state)
{
    static const int32_t RANGES[][2] = {
        {'A', 'Z'}, {0xc0, 0xd6}, {0xd8, 0xde}, {0x391, 0x3a1}, {0x3a3, 0x3ab}, {0x400, 0x42f},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(RANGES); i++)
        for (int32_t point = RANGES[i][0]; point <= RANGES[i][1]; point++)
            assert_int_not_equal(script_fold(point), point);
    assert_int_equal(script_fold(0x130), 'i');
    assert_int_equal(script_fold(0x3c2), script_fold(0x3a3));
    assert_int_equal(script_fold('a'), 'a');
    assert_int_equal(script_fold(0x4e2d), 0x4e2d);
}

static void languages_have_their_scripts(void **state)
{
    (void)state;
    assert_int_equal(script_of_language(STR("de")), SCRIPT_BIT(SCRIPT_LATIN));
    assert_int_equal(script_of_language(STR("PT-br")), SCRIPT_BIT(SCRIPT_LATIN));
    assert_int_equal(script_of_language(STR("ru")), SCRIPT_BIT(SCRIPT_CYRILLIC));
    assert_int_equal(script_of_language(STR("ja")),
                     SCRIPT_BIT(SCRIPT_KANA) | SCRIPT_BIT(SCRIPT_HAN));
    assert_int_equal(script_of_language(STR("xx")), 0);
    assert_int_equal(script_of_language(STR("")), 0);
    assert_int_equal(script_of_language(STR("deu")), 0);
    assert_int_equal(script_of_language(STR("  ")), 0);
}

static void letters_are_counted_and_disguises_seen(void **state)
{
    static const struct {
        const char *text;
        enum script script;
        uint32_t letters, total, mixed;
    } ROWS[] = {
        {"", SCRIPT_LATIN, 0, 0, 0},
        {"abc 123!", SCRIPT_LATIN, 3, 3, 0},
        {"да нет", SCRIPT_CYRILLIC, 5, 5, 0},
        {"Wi-Fi есть", SCRIPT_CYRILLIC, 4, 8, 0},
        {"kазино", SCRIPT_CYRILLIC, 5, 6, 1},
        {"kазино kaзино", SCRIPT_CYRILLIC, 9, 12, 2},
        {"iPhoneを買う", SCRIPT_KANA, 2, 9, 0},
        {"ab\xff"
         "cd",
         SCRIPT_LATIN, 2, 2, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct script_count count = {.total = 0};
        script_count(str_of(ROWS[i].text), &count);
        CHECK_ROW(count.letters[ROWS[i].script] == ROWS[i].letters, ROWS[i].text);
        CHECK_ROW(count.total == ROWS[i].total, ROWS[i].text);
        CHECK_ROW(count.mixed_words == ROWS[i].mixed, ROWS[i].text);
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("letters have their script", letters_have_their_script),
        CASE("folding agrees with the C library", folding_agrees_with_the_c_library),
        CASE("alphabets in use fold entirely", alphabets_in_use_fold_entirely),
        CASE("languages have their scripts", languages_have_their_scripts),
        CASE("letters are counted and disguises seen", letters_are_counted_and_disguises_seen),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
