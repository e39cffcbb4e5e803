/* SPDX-License-Identifier: MIT */
#include "core/email.h"

#include "check.h"

static void addresses_are_known(void **state)
{
    static const char *const ROWS[] = {
        "a@b",
        "ada@example.org",
        "ada.lovelace+form@sub.example.co.uk",
        "!#$%&'*+-/=?^_`{|}~.@example.org",
        ".a..b.@example.org", /* the HTML standard lets them pass */
        "123@456.789",
        "a@xn--bcher-kva.example",
        "a@b-c",
        "a@1",
        "j\u00f6rg@b\u00fccher.example",
        "\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.\xe6\xb5\x8b\xe8\xaf\x95",
        "\xf0\x9f\x98\x80@\xf0\x9f\x98\x80",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(email_is_valid(str_of(ROWS[i])), ROWS[i]);
}

static void other_texts_are_refused(void **state)
{
    static const char *const ROWS[] = {
        "",
        "a",
        "@",
        "a@",
        "@b",
        "a@b@c",
        "a b@c",
        " a@b",
        "a@b ",
        "a@b c",
        "a@b.",
        "a@.b",
        "a@b..c",
        "a@-b",
        "a@b-",
        "a@b-.c",
        "a@b_c",
        "a@[127.0.0.1]",
        "\"a b\"@c",
        "a(comment)@b",
        "a,b@c",
        "a:b@c",
        "a;b@c",
        "a<b@c",
        "a\\b@c",
        "Ada <a@b>",
        "a@b\n",
        "a\r\nBcc: x@y@b",
        "a\tb@c",
        "a\x7f@b",
        "a@b\x1f",
        "a\xc2\x80@b",     /* C1 */
        "a\xc2\xa0@b",     /* no-break space */
        "a@b\u2003c",      /* em space */
        "a@b\u2028c",      /* line separator */
        "a@b\u3000c",      /* ideographic space */
        "a\xe2\x80\xae@b", /* right-to-left override */
        "a@b\u061cc",      /* Arabic letter mark */
        "\ufeffa@b",       /* byte order mark */
        "a\xff@b",
        "a\xc3@b",
        "a@\xed\xa0\x80",
        "a@\xc0\xae",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!email_is_valid(str_of(ROWS[i])), ROWS[i]);
    assert_false(email_is_valid((struct str){"a\0@b", 4}));
    assert_false(email_is_valid((struct str){"a@b\0", 4}));
}

/* An address from a local part and labels of given lengths. */
static bool is_valid_with(size_t local, size_t label, size_t labels, size_t last)
{
    char text[600];
    size_t len = local;

    memset(text, 'a', sizeof text);
    text[len++] = '@';
    for (size_t i = 0; i < labels; i++) {
        len += label;
        text[len++] = '.';
    }
    return email_is_valid((struct str){text, len + last});
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    assert_true(is_valid_with(64, 0, 0, 1));
    assert_false(is_valid_with(65, 0, 0, 1));
    assert_true(is_valid_with(1, 0, 0, 63));
    assert_false(is_valid_with(1, 0, 0, 64));
    assert_true(is_valid_with(1, 63, 3, 60)); /* 2 + 3 * 64 + 60 = 254 */
    assert_false(is_valid_with(1, 63, 3, 61));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("addresses are known", addresses_are_known),
        CASE("other texts are refused", other_texts_are_refused),
        CASE("lengths are bounded", lengths_are_bounded),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
