/* SPDX-License-Identifier: MIT */
#include "core/token.h"

#include "check.h"

static void a_token_is_prefix_and_base64url(void **state)
{
    uint8_t random[TOKEN_RANDOM_BYTES] = {0};
    char text[TOKEN_TEXT_LEN + 1];

    (void)state;
    token_format(random, text);
    assert_string_equal(text, "ctd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_int_equal(strlen(text), TOKEN_TEXT_LEN);
    memset(random, 0xff, sizeof random);
    token_format(random, text);
    assert_string_equal(text, "ctd___________________________________________8");
    assert_true(token_is_well_formed(str_of(text)));
}

static void other_texts_are_not_well_formed(void **state)
{
    static const char *const ROWS[] = {
        "",
        "ctd_",
        "ctd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "ctd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "ctd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* a stray bit */
        "ctd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "ctd_AAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAAA",
        "ctd_AAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA",
        "CTD_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "ghp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!token_is_well_formed(str_of(ROWS[i])), ROWS[i]);
    assert_false(token_is_well_formed((struct str){0}));
}

static void the_digest_is_of_the_whole_text(void **state)
{
    struct digest a = token_digest(STR("ctd_a")), b = token_digest(STR("ctd_b"));
    struct digest plain = digest_of(STR("ctd_a"), NULL);

    (void)state;
    assert_true(digest_equal(&a, &plain));
    assert_false(digest_equal(&a, &b));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a token is its prefix and base64url", a_token_is_prefix_and_base64url),
        CASE("other texts are not well-formed", other_texts_are_not_well_formed),
        CASE("the digest is of the whole text", the_digest_is_of_the_whole_text),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
