/* SPDX-License-Identifier: MIT */
#include "core/credential.h"

#include <sodium.h>

#include "check.h"

/* "Basic " and the base64 of user:password into `text`. */
static struct str basic(const char *user, const char *password, char text[1024])
{
    char plain[700];
    int len = snprintf(plain, sizeof plain, "%s:%s", user, password);

    memcpy(text, "Basic ", 6);
    sodium_bin2base64(text + 6, 1018, (const unsigned char *)plain, (size_t)len,
                      sodium_base64_VARIANT_ORIGINAL);
    return str_of(text);
}

static void basic_gives_user_and_password(void **state)
{
    static const struct {
        const char *user, *password;
    } ROWS[] = {
        {"ada", "correct horse"},
        {"ada", ""},
        {"", "ctd_key"}, /* curl -u :key */
        {"ada@example.org", "a:b:c"},
        {"ada", "p\xc3\xa4ssw\xc3\xb6rd"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char text[1024], scratch[CREDENTIAL_ROOM];
        struct credential credential;
        CHECK_ROW(
            credential_parse(basic(ROWS[i].user, ROWS[i].password, text), scratch, &credential),
            ROWS[i].password);
        assert_int_equal(credential.kind, CREDENTIAL_BASIC);
        check_str(credential.user, ROWS[i].user);
        check_str(credential.secret, ROWS[i].password);
    }
}

static void schemes_are_read_in_any_case(void **state)
{
    static const char *const ROWS[] = {"Bearer ctd_x", "bearer ctd_x", "BEARER   ctd_x ",
                                       " Bearer ctd_x\t"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char scratch[CREDENTIAL_ROOM];
        struct credential credential;
        CHECK_ROW(credential_parse(str_of(ROWS[i]), scratch, &credential), ROWS[i]);
        assert_int_equal(credential.kind, CREDENTIAL_BEARER);
        check_str(credential.secret, "ctd_x");
        assert_ptr_equal(credential.secret.ptr, scratch);
        assert_null(credential.user.ptr);
    }
}

static void everything_else_is_refused(void **state)
{
    static const char *const ROWS[] = {
        "",
        "Basic",
        "Basic ",
        "Basic YTpi YTpi",
        "Basic YTpi=",
        "Basic YTpiYw",   /* without its padding */
        "Basic YTpiYx==", /* a stray bit */
        "Basic YWI=",     /* no colon */
        "Basic !!!!",
        "BasicYTpi",
        "Basic\tYTpi",
        "Basic YQA6Yg==", /* a NUL in the user */
        "Basic YQo6Yg==", /* a line break in the user */
        "Basic YTpiAGM=", /* a NUL in the password */
        "Basic YTp/",     /* DEL in the password */
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a\x01",
        "Bearer \xc3\xa4",
        "Digest username=\"a\"",
        "Negotiate YTpi",
        "YTpi",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char scratch[CREDENTIAL_ROOM];
        struct credential credential;
        CHECK_ROW(!credential_parse(str_of(ROWS[i]), scratch, &credential), ROWS[i]);
    }
}

static bool is_taken(size_t user_len, size_t password_len)
{
    char user[400] = "", password[400] = "", text[1024], scratch[CREDENTIAL_ROOM];
    struct credential credential;

    memset(user, 'u', user_len);
    memset(password, 'p', password_len);
    return credential_parse(basic(user, password, text), scratch, &credential) &&
           credential.user.len == user_len && credential.secret.len == password_len;
}

static void lengths_are_bounded(void **state)
{
    char text[8 + PASSWORD_MAX + 1], scratch[CREDENTIAL_ROOM];
    struct credential credential;

    (void)state;
    assert_true(is_taken(ACCOUNT_NAME_MAX, PASSWORD_MAX));
    assert_false(is_taken(ACCOUNT_NAME_MAX + 1, 1));
    assert_false(is_taken(1, PASSWORD_MAX + 1));
    assert_false(is_taken(300, 300));
    memset(text, 'x', sizeof text);
    memcpy(text, "Bearer ", 7);
    assert_true(credential_parse((struct str){text, 7 + PASSWORD_MAX}, scratch, &credential));
    assert_false(credential_parse((struct str){text, 7 + PASSWORD_MAX + 1}, scratch, &credential));
}

static void a_name_and_a_password_have_the_same_limits(void **state)
{
    static const struct {
        const char *user, *password;
        bool is_taken;
    } ROWS[] = {
        {"ada", "correct horse", true}, {"", "", true},
        {"ada", "a:b", true},           {"a:b", "correct horse", false},
        {"a\nb", "x", false},           {"ada", "a\tb", false},
        {"ada", "\x7f", false},         {"ada", "\u00fcber", true},
    };
    char scratch[CREDENTIAL_ROOM], longest[PASSWORD_MAX + 2];
    struct credential credential;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CHECK_ROW(credential_from_password(str_of(ROWS[i].user), str_of(ROWS[i].password), scratch,
                                           &credential) == ROWS[i].is_taken,
                  ROWS[i].password);
        if (!ROWS[i].is_taken)
            continue;
        assert_int_equal(credential.kind, CREDENTIAL_BASIC);
        check_str(credential.user, ROWS[i].user);
        check_str(credential.secret, ROWS[i].password);
    }
    memset(longest, 'x', sizeof longest);
    struct str name = {longest, ACCOUNT_NAME_MAX}, password = {longest, PASSWORD_MAX};
    assert_true(credential_from_password(name, password, scratch, &credential));
    password.len++;
    assert_false(credential_from_password(name, password, scratch, &credential));
    name.len++;
    assert_false(credential_from_password(name, STR("x"), scratch, &credential));
}

static void a_password_to_be_is_long_enough_and_can_be_sent(void **state)
{
    char longest[PASSWORD_MAX + 1];

    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(credential_password_is_valid((struct str){longest, PASSWORD_MIN}));
    assert_false(credential_password_is_valid((struct str){longest, PASSWORD_MIN - 1}));
    assert_true(credential_password_is_valid((struct str){longest, PASSWORD_MAX}));
    assert_false(credential_password_is_valid((struct str){longest, PASSWORD_MAX + 1}));
    assert_false(credential_password_is_valid(STR("with\ta tab")));
    assert_false(credential_password_is_valid((struct str){0}));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("Basic gives user and password", basic_gives_user_and_password),
        CASE("schemes are read in any case", schemes_are_read_in_any_case),
        CASE("everything else is refused", everything_else_is_refused),
        CASE("lengths are bounded", lengths_are_bounded),
        CASE("a name and a password have the same limits",
             a_name_and_a_password_have_the_same_limits),
        CASE("a password to be is long enough and can be sent",
             a_password_to_be_is_long_enough_and_can_be_sent),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
