/* SPDX-License-Identifier: MIT */
/* What each account may have: of its own, no more, and again when it was given back. */
#include "service/quota.h"

#include <stdio.h>

#include "check.h"

static struct quota quota;

static void what_is_given_back_may_be_taken_again(void **state)
{
    (void)state;
    quota = (struct quota){0};
    atomic_uint *first = quota_take(&quota, STR("ada"), 2);
    assert_non_null(first);
    assert_non_null(quota_take(&quota, STR("ada"), 2));
    assert_null(quota_take(&quota, STR("ada"), 2));
    quota_give_back(NULL);
    quota_give_back(first);
    assert_non_null(quota_take(&quota, STR("ada"), 2));
    assert_null(quota_take(&quota, STR("ada"), 2));
}

static void a_user_and_a_token_of_one_name_are_two(void **state)
{
    (void)state;
    quota = (struct quota){0};
    assert_non_null(quota_take(&quota, STR("ci"), 1));
    assert_non_null(quota_take(&quota, STR("token:ci"), 1));
    assert_non_null(quota_take(&quota, STR("token:ci2"), 1));
    assert_null(quota_take(&quota, STR("ci"), 1));
    assert_null(quota_take(&quota, STR("token:ci"), 1));
}

static struct str name_of(unsigned number, char room[16])
{
    snprintf(room, 16, "user%u", number);
    return str_of(room);
}

/* As many as there are places: no two share, and nobody has more than one, whoever else leaves. */
static void accounts_neither_share_nor_escape(void **state)
{
    static atomic_uint *taken[QUOTA_ACCOUNTS];
    char room[16];

    (void)state;
    quota = (struct quota){0};
    for (unsigned i = 0; i < QUOTA_ACCOUNTS; i++) {
        taken[i] = quota_take(&quota, name_of(i, room), 1);
        assert_non_null(taken[i]);
    }
    for (unsigned i = 0; i < QUOTA_ACCOUNTS; i += 2)
        quota_give_back(taken[i]);
    for (unsigned i = 0; i < QUOTA_ACCOUNTS; i++)
        assert_int_equal(quota_take(&quota, name_of(i, room), 1) != NULL, i % 2 == 0);
    /* One more than there are places shares one. */
    assert_null(quota_take(&quota, STR("late"), 1));
    atomic_uint *shared = quota_take(&quota, STR("late"), 2);
    assert_non_null(shared);
    quota_give_back(shared);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("what is given back may be taken again", what_is_given_back_may_be_taken_again),
        CASE("a user and a token of one name are two", a_user_and_a_token_of_one_name_are_two),
        CASE("accounts neither share nor escape", accounts_neither_share_nor_escape),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
