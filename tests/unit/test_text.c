/* SPDX-License-Identifier: MIT */
#include "core/text.h"

#include "base/utf8.h"
#include "check.h"

static void every_language_has_every_sentence(void **state)
{
    size_t points;

    (void)state;
    for (int text = 0; text < TEXT__COUNT; text++)
        for (int i = 0; i < LANGUAGE__COUNT; i++) {
            struct str said = str_of(text_say((enum language)i, (enum text)text));
            if (!said.len || !utf8_length(said, &points) || points > 120)
                fail_msg("text %d in %s: \"%s\"", text, language_code((enum language)i),
                         said.ptr ? said.ptr : "(none)");
        }
}

/* A sentence that was copied and not translated is the same in two languages. */
static void sentences_are_translated(void **state)
{
    (void)state;
    for (int text = 0; text < TEXT__COUNT; text++)
        for (int i = 1; i < LANGUAGE__COUNT; i++) {
            const char *said = text_say((enum language)i, (enum text)text);
            if (strchr(said, ' ') && strcmp(said, text_say(LANGUAGE_EN, (enum text)text)) == 0)
                fail_msg("text %d is English in %s", text, language_code((enum language)i));
        }
}

static void tags_are_read(void **state)
{
    static const struct {
        const char *tag, *code; /* code NULL: none of ours */
    } ROWS[] = {
        {"en", "en"},    {"de", "de"},  {"DE", "de"},  {"de-AT", "de"}, {"pt-BR", "pt"},
        {"zh-Hans", ""}, {"", ""},      {"*", ""},     {"d", ""},       {"deu", ""},
        {"-de", ""},     {"pl-", "pl"}, {"en_US", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        enum language language;
        bool is_ours = language_parse(str_of(ROWS[i].tag), &language);
        CHECK_ROW(is_ours == (ROWS[i].code[0] != '\0'), ROWS[i].tag);
        CHECK_ROW(!is_ours || strcmp(language_code(language), ROWS[i].code) == 0, ROWS[i].tag);
    }
    enum language language;
    assert_false(language_parse((struct str){0}, &language));
}

static void the_favourite_language_is_found(void **state)
{
    static const struct {
        const char *header, *code;
    } ROWS[] = {
        {"", "en"},
        {"de", "de"},
        {"de-CH,de;q=0.9,en;q=0.8", "de"},
        {"en;q=0.8, fr;q=0.9", "fr"},
        {"zh-CN,zh;q=0.9,pl;q=0.1", "pl"},
        {"zh-CN,zh;q=0.9", "en"},
        {"it,es", "it"}, /* equal weights: the first */
        {"it;q=0.5,es;q=0.500", "it"},
        {"it;q=0.5,es;q=0.501", "es"},
        {"nl;q=0, pt", "pt"},
        {"ja", "en"},
        {"deutsch", "en"},
        {",,;;,=", "en"},
        {"fr;q=0.800,de;q=0.8", "fr"},
        {"de;q=0", "en"}, /* not acceptable */
        {"de;q=0.0, nl;q=0.001", "nl"},
        {"*", "en"},
        {"*, nl;q=0.5", "nl"},
        {" ,, ; , pt ; q=1", "pt"},
        {"de;Q=0.2,fr;q=0.1", "de"},
        {"de;q=abc, fr;q=0.9", "de"},
        {"de;q=7, fr", "de"}, /* no weight is above 1 */
        {"fr, de;q=7", "fr"},
        {"de;q=0.9999999999999, fr;q=0.9", "de"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(strcmp(language_code(language_negotiate(str_of(ROWS[i].header))), ROWS[i].code) ==
                      0,
                  ROWS[i].header);
    assert_int_equal(language_negotiate((struct str){0}), LANGUAGE_EN);
}

static void field_codes_have_their_sentences(void **state)
{
    static const struct {
        enum field_code code;
        enum text text;
    } ROWS[] = {
        {FIELD_CODE_REQUIRED, TEXT_REQUIRED},
        {FIELD_CODE_EMPTY, TEXT_EMPTY},
        {FIELD_CODE_EMAIL, TEXT_EMAIL},
        {FIELD_CODE_TOO_LONG, TEXT_TOO_LONG},
        {FIELD_CODE_TOO_SHORT, TEXT_TOO_SHORT},
        {FIELD_CODE_TOO_LARGE, TEXT_NUMBER},
        {FIELD_CODE_FIELDS_TOO_LARGE, TEXT_TOO_LARGE},
        {FIELD_CODE_ENUM, TEXT_CHOICE},
        {FIELD_CODE_PATTERN, TEXT_FORMAT},
        {FIELD_CODE_NO_FILE_UPLOADS, TEXT_FILE},
        {FIELD_CODE_UNKNOWN_FIELD, TEXT_UNKNOWN_FIELD},
        {FIELD_CODE_TYPE, TEXT_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(text_of_field_code(ROWS[i].code) == ROWS[i].text, field_code_text(ROWS[i].code));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every language has every sentence", every_language_has_every_sentence),
        CASE("sentences are translated", sentences_are_translated),
        CASE("tags are read", tags_are_read),
        CASE("the favourite language is found", the_favourite_language_is_found),
        CASE("field codes have their sentences", field_codes_have_their_sentences),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
