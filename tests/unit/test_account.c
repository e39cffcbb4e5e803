/* SPDX-License-Identifier: MIT */
#include "core/account.h"

#include "check.h"

static void names_are_short_and_plain(void **state)
{
    static const char *const GOOD[] = {"a", "admin", "ada.lovelace", "Ada-L_2",
                                       "ada+ci@example.org"};
    static const char *const BAD[] = {"",     "a b",      "a:b", "a/b", "a\n",
                                      "\x7f", "\xc3\xa4", "a\"", "<a>"};
    char name[ACCOUNT_NAME_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNTOF(GOOD); i++)
        CHECK_ROW(account_name_is_valid(str_of(GOOD[i])), GOOD[i]);
    for (size_t i = 0; i < COUNTOF(BAD); i++)
        CHECK_ROW(!account_name_is_valid(str_of(BAD[i])), BAD[i]);
    memset(name, 'a', sizeof name);
    assert_true(account_name_is_valid((struct str){name, ACCOUNT_NAME_MAX}));
    assert_false(account_name_is_valid((struct str){name, ACCOUNT_NAME_MAX + 1}));
    assert_false(account_name_is_valid((struct str){"a\0", 2}));
}

static void roles_are_read_as_they_are_written(void **state)
{
    enum role role;

    (void)state;
    for (int i = ROLE_READER; i <= ROLE_OWNER; i++) {
        assert_true(role_parse(str_of(role_text((enum role)i)), &role));
        assert_int_equal(role, i);
    }
    assert_string_equal(role_text(ROLE_OWNER), "owner");
    assert_false(role_parse(STR("Owner"), &role));
    assert_false(role_parse(STR(""), &role));
}

static void roles_include_the_ones_before(void **state)
{
    (void)state;
    assert_int_equal(role_access(ROLE_READER), ACCESS_READ);
    assert_int_equal(role_access(ROLE_MANAGER), ACCESS_WRITE);
    assert_int_equal(role_access(ROLE_OWNER), ACCESS_MANAGE);
    assert_true(ACCESS_NONE < ACCESS_READ && ACCESS_READ < ACCESS_WRITE &&
                ACCESS_WRITE < ACCESS_MANAGE);
}

static void scopes_are_read_as_they_are_written(void **state)
{
    enum access access = ACCESS_NONE;

    (void)state;
    for (int i = ACCESS_READ; i <= ACCESS_MANAGE; i++) {
        assert_true(access_parse(str_of(access_text((enum access)i)), &access));
        assert_int_equal(access, i);
    }
    assert_false(access_parse(STR("none"), &access)); /* nothing to be given to anybody */
    assert_false(access_parse(STR("admin"), &access));
    assert_int_equal(access, ACCESS_MANAGE);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("names are short and plain", names_are_short_and_plain),
        CASE("roles are read as they are written", roles_are_read_as_they_are_written),
        CASE("roles include the ones before", roles_include_the_ones_before),
        CASE("scopes are read as they are written", scopes_are_read_as_they_are_written),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
