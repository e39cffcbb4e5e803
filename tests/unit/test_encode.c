/* SPDX-License-Identifier: MIT */
#include "base/encode.h"

#include "check.h"

static const char *const PLAIN[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};

static void the_vectors_of_rfc_4648_hold(void **state)
{
    static const char *const CLASSIC[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                          "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    static const char *const URL[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    char text[16], bytes[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < COUNTOF(PLAIN); i++) {
        base64url_encode(PLAIN[i], strlen(PLAIN[i]), text);
        assert_string_equal(text, URL[i]);
        assert_int_equal(strlen(text), BASE64URL_LEN(strlen(PLAIN[i])));
        assert_true(base64url_decode(str_of(URL[i]), bytes, sizeof bytes, &len));
        check_str((struct str){bytes, len}, PLAIN[i]);
        base64_encode(PLAIN[i], strlen(PLAIN[i]), text);
        assert_string_equal(text, CLASSIC[i]);
        assert_int_equal(strlen(text), BASE64_LEN(strlen(PLAIN[i])));
        assert_true(base64_decode(str_of(CLASSIC[i]), bytes, sizeof bytes, &len));
        check_str((struct str){bytes, len}, PLAIN[i]);
    }
}

static void the_alphabets_differ(void **state)
{
    uint8_t bytes[3];
    size_t len;

    (void)state;
    assert_true(base64url_decode(STR("-_-_"), bytes, sizeof bytes, &len));
    assert_true(base64_decode(STR("+/+/"), bytes, sizeof bytes, &len));
    assert_false(base64url_decode(STR("+/+/"), bytes, sizeof bytes, &len));
    assert_false(base64_decode(STR("-_-_"), bytes, sizeof bytes, &len));
}

static void loose_base64_is_refused(void **state)
{
    static const char *const URL[] = {"Z",   "Zg==", "Zg=",     "Zh",    " Zg",
                                      "Zg ", "Z\ng", "Zm9vYmF", "Zm9v!", "Zm9v="};
    static const char *const CLASSIC[] = {"Zg",           "Zg=",      "Zh==",  "Zg===",
                                          "=Zg=",         "Z===",     "Zg= =", "Zg==\n",
                                          "Zm9vYg==Zm8=", "Zm9v====", "===="};
    uint8_t bytes[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < COUNTOF(URL); i++)
        CHECK_ROW(!base64url_decode(str_of(URL[i]), bytes, sizeof bytes, &len), URL[i]);
    for (size_t i = 0; i < COUNTOF(CLASSIC); i++)
        CHECK_ROW(!base64_decode(str_of(CLASSIC[i]), bytes, sizeof bytes, &len), CLASSIC[i]);
}

/* libsodium 1.0.18 reads each of them as the last letter of the alphabet. */
static void bytes_beyond_ascii_are_refused(void **state)
{
    uint8_t bytes[3];
    size_t len;

    (void)state;
    for (int c = 0x80; c < 0x100; c++) {
        char text[] = {'A', 'A', 'A', (char)c};
        assert_false(base64url_decode((struct str){text, sizeof text}, bytes, sizeof bytes, &len));
        assert_false(base64_decode((struct str){text, sizeof text}, bytes, sizeof bytes, &len));
    }
}

static void decoding_keeps_to_its_room(void **state)
{
    char bytes[4] = "abc";
    size_t len;

    (void)state;
    assert_false(base64url_decode(STR("Zm9vYg"), bytes, 3, &len));
    assert_int_equal(bytes[3], '\0');
    assert_true(base64url_decode(STR("Zm9v"), bytes, 3, &len));
    assert_int_equal(len, 3);
}

static void an_absent_text_decodes_to_nothing(void **state)
{
    char bytes[4];
    size_t len = 9;

    (void)state;
    assert_true(base64url_decode((struct str){0}, bytes, sizeof bytes, &len));
    assert_int_equal(len, 0);
}

static void percent_escapes_are_decoded(void **state)
{
    static const struct {
        const char *text, *plain, *form;
    } ROWS[] = {
        {"", "", ""},
        {"abc", "abc", "abc"},
        {"a%20b+c", "a b+c", "a b c"},
        {"%41%5a%c3%A4", "AZ\xc3\xa4", "AZ\xc3\xa4"},
        {"%2B%25", "+%", "+%"},
        {"%252B", "%2B", "%2B"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char text[32];
        size_t len;
        CHECK_ROW(percent_decode(str_of(ROWS[i].text), false, text, &len), ROWS[i].text);
        check_str((struct str){text, len}, ROWS[i].plain);
        CHECK_ROW(percent_decode(str_of(ROWS[i].text), true, text, &len), ROWS[i].text);
        check_str((struct str){text, len}, ROWS[i].form);
    }
}

static void broken_escapes_and_nul_are_refused(void **state)
{
    static const char *const ROWS[] = {"%",    "a%",   "%4",  "%4g", "%g4",
                                       "%%41", "% 41", "%00", "a%00"};
    char text[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!percent_decode(str_of(ROWS[i]), true, text, &len), ROWS[i]);
    assert_false(percent_decode((struct str){"a\0b", 3}, true, text, &len));
}

static void a_form_is_decoded_whatever_it_holds(void **state)
{
    static const struct {
        const char *text, *decoded;
    } ROWS[] = {
        {"", ""},         {"a+b", "a b"},   {"a%2Bb", "a+b"},     {"%c3%A4", "\xc3\xa4"},
        {"%", "%"},       {"100%", "100%"}, {"%4", "%4"},         {"%4g", "%4g"},
        {"%g4", "%g4"},   {"%%41", "%A"},   {"% 41", "% 41"},     {"%2541", "%41"},
        {"%+41", "% 41"}, {"%ff", "\xff"},  {"%-1%0x", "%-1%0x"},
    };
    char text[16];

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        size_t len = percent_decode_form(str_of(ROWS[i].text), text);
        CHECK_ROW(str_equal((struct str){text, len}, str_of(ROWS[i].decoded)), ROWS[i].text);
    }
    assert_int_equal(percent_decode_form(STR("a%00b"), text), 3);
    assert_memory_equal(text, "a\0b", 3);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the vectors of RFC 4648 hold", the_vectors_of_rfc_4648_hold),
        CASE("the alphabets differ", the_alphabets_differ),
        CASE("loose base64 is refused", loose_base64_is_refused),
        CASE("bytes beyond ASCII are refused", bytes_beyond_ascii_are_refused),
        CASE("decoding keeps to its room", decoding_keeps_to_its_room),
        CASE("an absent text decodes to nothing", an_absent_text_decodes_to_nothing),
        CASE("percent escapes are decoded", percent_escapes_are_decoded),
        CASE("broken escapes and NUL are refused", broken_escapes_and_nul_are_refused),
        CASE("a form is decoded whatever it holds", a_form_is_decoded_whatever_it_holds),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
