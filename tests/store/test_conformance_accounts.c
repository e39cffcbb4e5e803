/* SPDX-License-Identifier: MIT */
/* What every backend must do with users, tokens and the program's own small values. */
#include "conformance.h"

static void a_user_comes_back_and_its_password_changes(void **state)
{
    struct fixture *fix = *state;
    struct user user = ADA;

    assert_ok(store_begin(fix->store));
    assert_ok(store_user_insert(fix->store, &user));
    assert_err(store_user_insert(fix->store, &user), ERR_EXISTS);
    assert_ok(store_user_get(fix->store, user.name, compare_users, &user));
    user.password_hash = STR("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA");
    assert_ok(store_user_set_password(fix->store, user.name, user.password_hash));
    assert_ok(store_commit(fix->store));
    assert_ok(store_user_get(fix->store, user.name, compare_users, &user));
}

static void names_of_nobody_are_not_found(void **state)
{
    struct fixture *fix = *state;

    assert_ok(store_begin(fix->store));
    assert_ok(store_user_insert(fix->store, &ADA));
    assert_err(store_user_get(fix->store, STR("Ada"), no_user, NULL), ERR_NOT_FOUND);
    assert_err(store_user_get(fix->store, STR("ad"), no_user, NULL), ERR_NOT_FOUND);
    assert_err(store_user_set_password(fix->store, STR("bob"), STR("x")), ERR_NOT_FOUND);
    assert_err(store_user_delete(fix->store, STR("bob")), ERR_NOT_FOUND);
    assert_err(store_token_delete(fix->store, STR("ada")), ERR_NOT_FOUND);
    store_rollback(fix->store);
}

static void users_are_listed_by_name(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf names = buf_new(1000);
    static const char *const NAMES[] = {"zoe", "Bob", "ab", "a", "bob"};

    assert_ok(store_begin(fix->store));
    for (size_t i = 0; i < COUNTOF(NAMES); i++) {
        struct user user = ADA;
        user.name = str_of(NAMES[i]);
        assert_ok(store_user_insert(fix->store, &user));
    }
    assert_ok(store_user_delete(fix->store, STR("ab")));
    assert_ok(store_commit(fix->store));
    assert_ok(store_user_list(fix->store, put_user, &names));
    assert_true(str_equal(buf_str(&names), STR("Bob a bob zoe ")));
}

static void a_token_is_found_by_its_hash(void **state)
{
    struct fixture *fix = *state;
    struct token one = sample_token("ci", 1), two = sample_token("export", 2);
    struct digest unknown = sample_token("", 3).hash;

    one.expires_at_ms = 0;
    assert_ok(store_begin(fix->store));
    assert_ok(store_token_insert(fix->store, &one));
    assert_ok(store_token_insert(fix->store, &two));
    assert_ok(store_commit(fix->store));
    assert_ok(store_token_get(fix->store, &one.hash, compare_tokens, &one));
    assert_ok(store_token_get(fix->store, &two.hash, compare_tokens, &two));
    assert_err(store_token_get(fix->store, &unknown, compare_tokens, &two), ERR_NOT_FOUND);
}

static void a_tokens_name_and_hash_are_its_own(void **state)
{
    struct fixture *fix = *state;
    struct token one = sample_token("ci", 1), same_name = sample_token("ci", 2);
    struct token same_hash = sample_token("other", 3);

    same_hash.hash = one.hash;
    assert_ok(store_begin(fix->store));
    assert_ok(store_token_insert(fix->store, &one));
    assert_err(store_token_insert(fix->store, &same_name), ERR_EXISTS);
    assert_err(store_token_insert(fix->store, &same_hash), ERR_EXISTS);
    assert_ok(store_token_delete(fix->store, STR("ci")));
    assert_ok(store_token_insert(fix->store, &same_name));
    assert_ok(store_token_insert(fix->store, &same_hash));
    assert_ok(store_commit(fix->store));
    CLEANUP(buf_done) struct buf names = buf_new(1000);
    assert_ok(store_token_list(fix->store, put_token, &names));
    assert_true(str_equal(buf_str(&names), STR("ci other ")));
}

static void a_meta_value_is_replaced(void **state)
{
    struct fixture *fix = *state;

    assert_meta(fix->store, "k", NULL);
    assert_ok(store_begin(fix->store));
    assert_ok(store_meta_put(fix->store, STR("k"), STR("1")));
    assert_ok(store_meta_put(fix->store, STR("k"), STR("")));
    assert_ok(store_commit(fix->store));
    assert_meta(fix->store, "k", "");
}

static void a_meta_value_is_appended_up_to_the_ceiling(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf out = buf_new(4);

    assert_ok(store_begin(fix->store));
    assert_ok(store_meta_put(fix->store, STR("k"), STR("ab")));
    assert_ok(store_commit(fix->store));
    assert_ok(store_meta_get(fix->store, STR("k"), &out));
    assert_ok(store_meta_get(fix->store, STR("k"), &out));
    assert_true(str_equal(buf_str(&out), STR("abab")));
    assert_err(store_meta_get(fix->store, STR("k"), &out), ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_user_comes_back_and_its_password_changes),
        CASE(names_of_nobody_are_not_found),
        CASE(users_are_listed_by_name),
        CASE(a_token_is_found_by_its_hash),
        CASE(a_tokens_name_and_hash_are_its_own),
        CASE(a_meta_value_is_replaced),
        CASE(a_meta_value_is_appended_up_to_the_ceiling),
    };
    int failed = 0;

    if (secret_start() != ERR_OK)
        return 1;
    for (size_t i = 0; STORE_BACKENDS[i]; i++) {
        backend = STORE_BACKENDS[i];
        failed += cmocka_run_group_tests_name(backend->name, tests, NULL, NULL);
    }
    return failed;
}
