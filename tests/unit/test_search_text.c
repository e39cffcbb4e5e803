/* SPDX-License-Identifier: MIT */
/* What is found by what: words, beginnings, phrases, in the scripts of the world. */
#include <stdlib.h>

#include "check.h"
#include "core/search_text.h"

static void assert_words(const char *message, const char *want)
{
    CLEANUP(buf_done) struct buf words = buf_new(SEARCH_TEXT_MAX);
    struct submission row = {.form = STR("a"), .message = str_of(message)};

    assert_int_equal(search_text_make(&row, &words), ERR_OK);
    struct str got = buf_str(&words);
    if (got.len > 4) /* without the border */
        got.len -= 4;
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.ptr, want, got.len);
}

static bool finds(const char *query, const char *message)
{
    CLEANUP(buf_done) struct buf words = buf_new(SEARCH_TEXT_MAX);
    struct submission row = {.form = STR("a"), .message = str_of(message)};
    struct search search;

    assert_int_equal(search_text_make(&row, &words), ERR_OK);
    assert_true(search_parse(str_of(query), &search));
    return search_fits(&search, buf_str(&words));
}

static void words_lose_case_accents_and_signs(void **state)
{
    (void)state;
    assert_words("", " ");
    assert_words("--- !!!", " ");
    assert_words("Hello, World: it's 42!", " hello world it s 42 ");
    assert_words("Žofie Müller STRASSE straße", " zofie muller strasse strasse ");
    assert_words("Zo\xCC\x8C", " zo ");
    assert_words("Łódź Ørsted Çelik İstanbul ırmak", " lodz orsted celik istanbul irmak ");
    assert_words("ΑΘΗΝΑ Αθήνα σοφός", " αθηνα αθηνα σοφοσ ");
    assert_words("Ёлка МОЙ", " елка мои ");
    assert_words("أَهْلاً وَسَهْلاً", " اهلا وسهلا ");
    assert_words("शिक्षा", " शिक्षा ");
    assert_words("ﬁn Ｆｕｌｌ ①", " fin full ① ");
    assert_words("a\xC2\xADz a\xE2\x80\x8Dz", " az az ");
}

static void scripts_without_blanks_fall_into_characters(void **state)
{
    (void)state;
    assert_words("东京iPhone手机", " 东 京 iphone 手 机 ");
    assert_words("こんにちは、世界", " こ ん に ち は 世 界 ");
    assert_words("ｶﾞ", " カ ");
    assert_words("한국어 문의", " 한국어 문의 ");
    assert_true(finds("京都", "東京都庁"));
    assert_false(finds("都京", "東京都庁"));
    assert_true(finds("ยินดี", "ยินดีต้อนรับ"));
    assert_true(finds("ต้อนรับ", "ยินดีต้อนรับ"));
}

static void every_word_must_be_there_and_the_last_may_go_on(void **state)
{
    (void)state;
    static const char TEXT[] = "The quick brown fox, ada@example.org";

    assert_true(finds("quick fox", TEXT));
    assert_true(finds("fox QUI", TEXT));
    assert_false(finds("qui fox", TEXT));
    assert_true(finds("qui* fox", TEXT));
    assert_false(finds("ick", TEXT));
    assert_false(finds("quick cat", TEXT));
    assert_true(finds("ada@example.org", TEXT));
    assert_true(finds("ada@exam", TEXT));
    assert_false(finds("ada@org", TEXT));
    assert_true(finds("\"quick brown\"", TEXT));
    assert_false(finds("\"quick bro\"", TEXT));
    assert_true(finds("\"quick bro\"*", TEXT));
    assert_false(finds("\"brown quick\"", TEXT));
    assert_true(finds("\"brown fox", TEXT));
    assert_false(finds("\"brown\"fox\"ad\"", TEXT));
    assert_true(finds("\"brown\"fox ad", TEXT));
    assert_true(finds("- quick !", TEXT));
    assert_false(finds("", TEXT));
    assert_false(finds("***", TEXT));
}

static void phrases_stay_within_one_text(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf words = buf_new(SEARCH_TEXT_MAX);
    struct submission row = {
        .name = STR("Ada Lovelace"),
        .email = STR("ada@example.org"),
        .message = STR("hello"),
        .fields = STR("{\"a\":\"one\",\"b\":[\"two\",{\"c\":\"Drei \\u00e4\"}],\"n\":7}")};
    struct search search;

    assert_int_equal(search_text_make(&row, &words), ERR_OK);
    static const char *const FOUND[] = {"lovelace", "\"example org\"", "one",
                                        "two",      "\"drei a\"",      "LOV hel*"};
    static const char *const NOT_FOUND[] = {"\"lovelace ada\"", "\"one two\"", "\"org hello\""};
    for (size_t i = 0; i < COUNTOF(FOUND) - 1; i++) {
        assert_true(search_parse(str_of(FOUND[i]), &search));
        assert_true(search_fits(&search, buf_str(&words)));
    }
    for (size_t i = 0; i < COUNTOF(NOT_FOUND); i++) {
        assert_true(search_parse(str_of(NOT_FOUND[i]), &search));
        assert_false(search_fits(&search, buf_str(&words)));
    }
    row.fields = STR("{broken");
    assert_int_equal(search_text_make(&row, &words), ERR_OK);
    assert_true(search_parse(STR("hello"), &search) && search_fits(&search, buf_str(&words)));
}

static void assert_match(const char *query, const char *form, bool is_rough, const char *want)
{
    CLEANUP(buf_done) struct buf match = buf_new(16384);
    struct search search;

    assert_true(search_parse(str_of(query), &search));
    if (form) {
        search_put_form_match(&match, str_of(form), true);
        search_put_form_match(&match, STR("0"), false);
        buf_put(&match, STR(") AND "));
    }
    bool has_match = search_put_match(&match, &search, is_rough);
    assert_int_equal(has_match, want != NULL);
    if (want)
        assert_true(str_equal(buf_str(&match), str_of(want)));
}

static void nothing_that_is_looked_for_can_be_syntax(void **state)
{
    (void)state;
    assert_match("a", "ab", false, "form:(\"x6162\" OR \"x30\") AND text:(\"a\"*)");
    assert_match("foo OR \"x y\" bar", NULL, false,
                 "text:(\"foo\" AND \"or\" AND \"x y\" AND \"bar\"*)");
    assert_match("a\" OR form:b) NEAR(", NULL, false, "text:(\"a\" AND \"or form b near\")");
    assert_match("foo-ba", NULL, true, "text:(\"foo\")");
    assert_match("foo", NULL, true, NULL);
    assert_match("!", NULL, false, NULL);
    assert_match("東京", NULL, true, "text:(\"東 京\")");
}

static void there_are_ceilings(void **state)
{
    (void)state;
    char text[SEARCH_QUERY_MAX + 2];
    struct search search;

    memset(text, 'a', sizeof text);
    assert_true(search_parse((struct str){text, SEARCH_QUERY_MAX}, &search));
    assert_int_equal(search.terms[0].len, SEARCH_WORD_MAX + 2);
    assert_false(search_parse((struct str){text, SEARCH_QUERY_MAX + 1}, &search));
    assert_true(search_parse(STR("a b c d e f g h i j k l m n o p ! ?"), &search));
    assert_false(search_parse(STR("a b c d e f g h i j k l m n o p q"), &search));

    CLEANUP(buf_done) struct buf words = buf_new(SEARCH_TEXT_MAX);
    enum { MUCH = 300 * 1024 };
    char *much = malloc(MUCH);
    assert_non_null(much);
    for (int i = 0; i < MUCH; i++)
        much[i] = "ab "[i % 3];
    struct submission row = {.name = STR("Ada"), .message = {much, MUCH}};
    assert_int_equal(search_text_make(&row, &words), ERR_OK);
    assert_true(words.len <= SEARCH_TEXT_MAX && words.len > SEARCH_TEXT_MAX - 16);
    free(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_lose_case_accents_and_signs),
        cmocka_unit_test(scripts_without_blanks_fall_into_characters),
        cmocka_unit_test(every_word_must_be_there_and_the_last_may_go_on),
        cmocka_unit_test(phrases_stay_within_one_text),
        cmocka_unit_test(nothing_that_is_looked_for_can_be_syntax),
        cmocka_unit_test(there_are_ceilings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
