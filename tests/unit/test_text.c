/* SPDX-License-Identifier: MIT */
#include "core/text.h"

#include "base/utf8.h"
#include "check.h"

static void every_language_has_every_sentence(void **state)
{
    size_t points;

    (void)state;
    for (int language = 0; language < LANGUAGE__COUNT; language++) {
        enum language parsed;
        assert_int_equal(strlen(language_code((enum language)language)), 2);
        assert_true(language_parse(str_of(language_code((enum language)language)), &parsed));
        assert_int_equal(parsed, language);
        for (int text = 0; text < TEXT__COUNT; text++) {
            const char *sentence = text_say((enum language)language, (enum text)text);
            assert_non_null(sentence);
            assert_true(sentence[0] && utf8_length(str_of(sentence), &points));
        }
    }
}

static void the_visitors_favourite_is_spoken(void **state)
{
    static const struct {
        const char *header;
        enum language language;
    } ROWS[] = {
        {NULL, LANGUAGE_EN},
        {"", LANGUAGE_EN},
        {"*", LANGUAGE_EN},
        {"de", LANGUAGE_DE},
        {"DE-at", LANGUAGE_DE},
        {"pl,en;q=0.5", LANGUAGE_PL},
        {"en;q=0.5, it;q=0.7, fr;q=0.6", LANGUAGE_IT},
        {"ja, ko;q=0.9, es;q=0.1", LANGUAGE_ES},
        {"nl;q=0, pt", LANGUAGE_PT},
        {"nl;q=0", LANGUAGE_EN},
        {"fr;q=0.800,de;q=0.8", LANGUAGE_FR},
        {"ja", LANGUAGE_EN},
        {"de;q=x", LANGUAGE_DE},
        {",,;;,=", LANGUAGE_EN},
        {"deutsch", LANGUAGE_EN},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(language_negotiate(str_of(ROWS[i].header)) == ROWS[i].language,
                  ROWS[i].header ? ROWS[i].header : "absent");
}

static void fields_get_their_sentence(void **state)
{
    (void)state;
    assert_int_equal(text_of_field_code(FIELD_CODE_REQUIRED), TEXT_REQUIRED);
    assert_int_equal(text_of_field_code(FIELD_CODE_EMAIL), TEXT_EMAIL);
    assert_int_equal(text_of_field_code(FIELD_CODE_NO_FILE_UPLOADS), TEXT_FILE);
    assert_int_equal(text_of_field_code(FIELD_CODE_PATTERN), TEXT_INVALID);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every language has every sentence", every_language_has_every_sentence),
        CASE("the visitor's favourite is spoken", the_visitors_favourite_is_spoken),
        CASE("fields get their sentence", fields_get_their_sentence),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
