/* SPDX-License-Identifier: MIT */
#include "core/form_token.h"

#include "base/encode.h"
#include "check.h"

static const uint8_t KEY[DIGEST_KEY_BYTES] = {1, 2, 3};
static const uint8_t NONCE[FORM_TOKEN_NONCE_BYTES] = {7};
static const struct form_token_limits LIMITS = {FORM_TOKEN_AGE_MIN_MS, FORM_TOKEN_AGE_MAX_MS};

static const int64_t ISSUED = INT64_C(1795253400123);

static void make(struct str form, char text[FORM_TOKEN_TEXT_LEN + 1])
{
    form_token_make(KEY, form, ISSUED, NONCE, text);
}

static enum verdict check(const char *text, int64_t now_ms, struct form_token *ret_token)
{
    return form_token_check(KEY, STR("shop"), str_of(text), now_ms, &LIMITS, ret_token);
}

static void a_token_has_its_time(void **state)
{
    static const struct {
        const char *about;
        int64_t age_ms;
        enum verdict verdict;
    } ROWS[] = {
        {"the clock was set back", -1, VERDICT_TOO_YOUNG},
        {"the clock was set back to the beginning", -INT64_C(1795253400123), VERDICT_TOO_YOUNG},
        {"at once", 0, VERDICT_TOO_YOUNG},
        {"just too early", 1999, VERDICT_TOO_YOUNG},
        {"just in time", 2000, VERDICT_FINE},
        {"at leisure", 60000, VERDICT_FINE},
        {"the last moment", 86400000, VERDICT_FINE},
        {"just too late", 86400001, VERDICT_EXPIRED},
        {"years later", INT64_C(86400000) * 4000, VERDICT_EXPIRED},
    };
    char text[FORM_TOKEN_TEXT_LEN + 1];

    (void)state;
    make(STR("shop"), text);
    assert_int_equal(strlen(text), FORM_TOKEN_TEXT_LEN);
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct form_token token = {0};
        CHECK_ROW(check(text, ISSUED + ROWS[i].age_ms, &token) == ROWS[i].verdict, ROWS[i].about);
        CHECK_ROW(token.expires_at_ms == ISSUED + 86400000, ROWS[i].about);
    }
}

static void other_limits_are_obeyed(void **state)
{
    const struct form_token_limits limits = {0, 10};
    struct form_token token;
    char text[FORM_TOKEN_TEXT_LEN + 1];

    (void)state;
    make(STR("shop"), text);
    assert_int_equal(form_token_check(KEY, STR("shop"), str_of(text), ISSUED, &limits, &token),
                     VERDICT_FINE);
    assert_int_equal(token.expires_at_ms, ISSUED + 10);
    assert_int_equal(form_token_check(KEY, STR("shop"), str_of(text), ISSUED + 11, &limits, &token),
                     VERDICT_EXPIRED);
}

static void a_token_is_of_one_form(void **state)
{
    struct form_token token = {.expires_at_ms = 7};
    char text[FORM_TOKEN_TEXT_LEN + 1];

    (void)state;
    make(STR("shop2"), text);
    assert_int_equal(check(text, ISSUED + 60000, &token), VERDICT_OTHER_FORM);
    make(STR(""), text);
    assert_int_equal(check(text, ISSUED + 60000, &token), VERDICT_OTHER_FORM);
    assert_int_equal(token.expires_at_ms, 7);
}

static void a_token_of_another_server_is_forged(void **state)
{
    static const uint8_t OTHER[DIGEST_KEY_BYTES] = {1, 2, 4};
    struct form_token token = {.expires_at_ms = 7};
    char text[FORM_TOKEN_TEXT_LEN + 1];

    (void)state;
    form_token_make(OTHER, STR("shop"), ISSUED, NONCE, text);
    assert_int_equal(check(text, ISSUED + 60000, &token), VERDICT_FORGED);
    assert_int_equal(token.expires_at_ms, 7);
}

static void every_changed_bit_is_noticed(void **state)
{
    uint8_t bytes[45];
    char text[FORM_TOKEN_TEXT_LEN + 1];
    struct form_token token;
    size_t len;

    (void)state;
    make(STR("shop"), text);
    assert_true(base64url_decode(str_of(text), bytes, sizeof bytes, &len));
    assert_int_equal(len, sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        base64url_encode(bytes, sizeof bytes, text);
        assert_int_equal(check(text, ISSUED + 60000, &token),
                         bit < 8 ? VERDICT_MALFORMED : VERDICT_FORGED);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void other_texts_are_malformed(void **state)
{
    static const char *const ROWS[] = {
        "x",
        "null",
        "AQAAAaH_WoR7BwAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* no version */
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    };
    struct form_token token;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(check(ROWS[i], ISSUED, &token) == VERDICT_MALFORMED, ROWS[i]);
    assert_int_equal(check("", ISSUED, &token), VERDICT_ABSENT);
    assert_int_equal(check(NULL, ISSUED, &token), VERDICT_ABSENT);
}

static void a_token_is_known_again_and_no_other_is(void **state)
{
    static const uint8_t OTHER[FORM_TOKEN_NONCE_BYTES] = {8};
    struct form_token first, again, other;
    char text[FORM_TOKEN_TEXT_LEN + 1];

    (void)state;
    make(STR("shop"), text);
    assert_int_equal(check(text, ISSUED + 2000, &first), VERDICT_FINE);
    assert_int_equal(check(text, ISSUED + 3000, &again), VERDICT_FINE);
    assert_true(digest_equal(&first.digest, &again.digest));
    form_token_make(KEY, STR("shop"), ISSUED, OTHER, text);
    assert_int_equal(check(text, ISSUED + 2000, &other), VERDICT_FINE);
    assert_false(digest_equal(&first.digest, &other.digest));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a token has its time", a_token_has_its_time),
        CASE("other limits are obeyed", other_limits_are_obeyed),
        CASE("a token is of one form", a_token_is_of_one_form),
        CASE("a token of another server is forged", a_token_of_another_server_is_forged),
        CASE("every changed bit is noticed", every_changed_bit_is_noticed),
        CASE("other texts are malformed", other_texts_are_malformed),
        CASE("a token is known again and no other is", a_token_is_known_again_and_no_other_is),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
