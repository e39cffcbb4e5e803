/* SPDX-License-Identifier: MIT */
/*
 * What every backend must do, run over every backend in the table: one that is
 * added there is tested without being asked. Here: transactions, marks,
 * readers, and whole histories.
 */
#include "conformance.h"

#include <pthread.h>
#include <stddef.h>

/* --- transactions and marks --------------------------------------------- */

static void a_bad_row_fails_alone(void **state)
{
    struct fixture *fix = *state;

    assert_ok(store_begin(fix->store));
    for (int i = 0; i < 10; i++) {
        struct submission row = sample(id_at(T0, i == 6 ? 2 : i, 1), "a");
        assert_ok(store_mark(fix->store));
        enum err err = store_submission_insert(fix->store, &row);
        assert_err(err, i == 6 ? ERR_EXISTS : ERR_OK);
        assert_ok(err == ERR_OK ? store_mark_keep(fix->store) : store_mark_undo(fix->store));
    }
    assert_ok(store_commit(fix->store));
    assert_int_equal(count(fix->store), 9);
}

static void an_undone_mark_takes_back_every_kind_of_change(void **state)
{
    struct fixture *fix = *state;
    struct submission before = sample(id_at(T0, 0, 1), "a"), after = sample(id_at(T0, 1, 1), "a");

    assert_ok(store_begin(fix->store));
    assert_ok(store_submission_insert(fix->store, &before));
    assert_ok(store_user_insert(fix->store, &ADA));
    assert_ok(store_meta_put(fix->store, STR("k"), STR("old")));
    assert_ok(store_mark(fix->store));
    assert_ok(store_submission_insert(fix->store, &after));
    assert_ok(store_meta_put(fix->store, STR("k"), STR("new")));
    assert_ok(store_meta_put(fix->store, STR("k2"), STR("new")));
    assert_ok(store_user_delete(fix->store, ADA.name));
    assert_ok(store_mark_undo(fix->store));
    assert_ok(store_commit(fix->store));
    assert_int_equal(count(fix->store), 1);
    assert_ok(store_user_get(fix->store, ADA.name, no_user, NULL));
    assert_meta(fix->store, "k", "old");
    assert_meta(fix->store, "k2", NULL);
}

static void a_row_made_and_removed_in_one_transaction_is_gone(void **state)
{
    struct fixture *fix = *state;

    assert_ok(store_begin(fix->store));
    assert_ok(store_user_insert(fix->store, &ADA));
    assert_ok(store_user_delete(fix->store, ADA.name));
    assert_ok(store_user_insert(fix->store, &ADA));
    assert_ok(store_user_delete(fix->store, ADA.name));
    assert_ok(store_commit(fix->store));
    assert_err(store_user_get(fix->store, ADA.name, no_user, NULL), ERR_NOT_FOUND);
}

static void a_rollback_leaves_nothing_and_the_store_goes_on(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 1), "a");

    for (int i = 0; i < 3; i++) {
        assert_ok(store_begin(fix->store));
        assert_ok(store_submission_insert(fix->store, &row));
        assert_ok(store_mark(fix->store));
        assert_ok(store_user_insert(fix->store, &ADA));
        store_rollback(fix->store);
        store_rollback(fix->store);
        assert_int_equal(count(fix->store), 0);
        assert_err(store_user_get(fix->store, ADA.name, no_user, NULL), ERR_NOT_FOUND);
    }
    insert_committed(fix->store, &row);
    assert_int_equal(count(fix->store), 1);
}

static void an_empty_transaction_commits(void **state)
{
    struct fixture *fix = *state;

    assert_ok(store_begin(fix->store));
    assert_ok(store_commit(fix->store));
    assert_ok(store_checkpoint(fix->store, 0));
    assert_ok(store_begin(fix->store));
    assert_ok(store_mark(fix->store));
    assert_ok(store_mark_undo(fix->store));
    assert_ok(store_commit(fix->store));
}

static void a_reader_sees_what_is_committed_and_nothing_else(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(store_closep) struct store *reader = reader_of(fix);
    struct submission row = sample(id_at(T0, 0, 1), "a");

    assert_ok(store_begin(fix->store));
    assert_ok(store_submission_insert(fix->store, &row));
    assert_ok(store_user_insert(fix->store, &ADA));
    assert_ok(store_meta_put(fix->store, STR("k"), STR("1")));
    assert_int_equal(count(fix->store), 1);
    assert_int_equal(count(reader), 0);
    assert_err(store_user_get(reader, ADA.name, no_user, NULL), ERR_NOT_FOUND);
    assert_ok(store_commit(fix->store));
    assert_int_equal(count(reader), 1);
    assert_ok(store_user_get(reader, ADA.name, no_user, NULL));

    assert_ok(store_begin(fix->store));
    assert_ok(store_user_delete(fix->store, ADA.name));
    assert_ok(store_meta_put(fix->store, STR("k"), STR("2")));
    assert_ok(store_user_get(reader, ADA.name, no_user, NULL));
    assert_meta(reader, "k", "1");
    assert_meta(fix->store, "k", "2");
    assert_ok(store_commit(fix->store));
    assert_err(store_user_get(reader, ADA.name, no_user, NULL), ERR_NOT_FOUND);
    assert_meta(reader, "k", "2");
}

/* --- the whole ---------------------------------------------------------- */

static void everything_survives_closing_and_opening(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 1), "a");
    struct token token = sample_token("ci", 1);
    struct user user = ADA;

    if (!fix->is_durable)
        return;
    assert_ok(store_begin(fix->store));
    assert_ok(store_submission_insert(fix->store, &row));
    assert_ok(store_token_insert(fix->store, &token));
    assert_ok(store_user_insert(fix->store, &user));
    assert_ok(store_meta_put(fix->store, STR("k"), STR("v")));
    assert_ok(store_commit(fix->store));
    reopen(fix);
    assert_ok(store_submission_get(fix->store, &row.id, compare_rows, &row));
    assert_ok(store_token_get(fix->store, &token.hash, compare_tokens, &token));
    assert_ok(store_user_get(fix->store, user.name, compare_users, &user));
    assert_meta(fix->store, "k", "v");
}

static void a_missing_database_is_not_made_unasked(void **state)
{
    struct fixture *fix = *state;
    struct err_detail detail = {.text = ""};
    struct store *store = NULL;
    char url[120];

    snprintf(url, sizeof url, "%s%s", fix->url, fix->is_durable ? "2" : "");
    assert_err(store_open(url, false, &store, &detail), ERR_NOT_FOUND);
    assert_null(store);
    assert_string_not_equal(detail.text, "");
    if (fix->is_durable)
        assert_int_not_equal(access(url, F_OK), 0);
}

static enum err put_row(void *arg, const struct submission *row)
{
    submission_render(arg, row);
    return ERR_OK;
}

static enum err put_whole_user(void *arg, const struct user *user)
{
    put_user(arg, user);
    buf_put(arg, user->password_hash);
    return ERR_OK;
}

static void dump(struct store *store, struct buf *out)
{
    struct submission_filter filter = {.limit = SUBMISSION_LIST_MAX};

    assert_ok(store_submission_list(store, &filter, put_row, out));
    assert_ok(store_user_list(store, put_whole_user, out));
    assert_ok(store_token_list(store, put_token, out));
    for (int i = 0; i < 4; i++) {
        enum err err = store_meta_get(store, (struct str){&"k0k1k2k3"[2 * i], 2}, out);
        assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    }
    assert_ok(buf_status(out));
}

/* One random step; its result is part of the history. */
static enum err random_step(struct store *store, uint32_t *seed)
{
    uint32_t pick = dice(seed) % 6, what = dice(seed) % 4;
    char name[8], value[24];

    snprintf(name, sizeof name, "k%u", what);
    snprintf(value, sizeof value, "v%u", dice(seed));
    struct submission row = sample(id_at(T0, (int)(dice(seed) % 150), 1), FORMS[what % 3]);
    struct user user = {.name = str_of(name), .password_hash = str_of(value)};
    struct token token = sample_token(name, (uint8_t)(dice(seed) % 4));
    switch (pick) {
    case 0:
        return store_submission_insert(store, &row);
    case 1:
        return store_user_insert(store, &user);
    case 2:
        return store_user_delete(store, user.name);
    case 3:
        return store_user_set_password(store, user.name, user.password_hash);
    case 4:
        return what ? store_token_insert(store, &token) : store_token_delete(store, token.name);
    default:
        return store_meta_put(store, user.name, user.password_hash);
    }
}

static void random_transaction(struct store *store, uint32_t *seed, struct buf *history)
{
    assert_ok(store_begin(store));
    for (uint32_t i = dice(seed) % 6; i > 0; i--) {
        assert_ok(store_mark(store));
        for (uint32_t j = dice(seed) % 4; j > 0; j--)
            buf_put_u64(history, random_step(store, seed));
        assert_ok(dice(seed) % 3 ? store_mark_keep(store) : store_mark_undo(store));
    }
    if (dice(seed) % 4 == 0)
        store_rollback(store);
    else
        assert_ok(store_commit(store));
}

/* The first backend's history; the others must tell the same one. */
static char *first_history;

static void random_histories_end_alike_on_every_backend(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf history = buf_new(64 * 1024 * 1024);
    CLEANUP(store_closep) struct store *reader = reader_of(fix);
    uint32_t seed = 42;

    for (int i = 0; i < 400; i++) {
        random_transaction(fix->store, &seed, &history);
        if (i % 20 == 0)
            dump(i % 40 ? reader : fix->store, &history);
    }
    buf_put_char(&history, '\0');
    assert_ok(buf_status(&history));
    assert_true(history.len > 10000);
    if (first_history)
        assert_string_equal(history.ptr, first_history);
    else
        first_history = buf_take(&history);
}

struct watch {
    struct store *reader;
    pthread_t thread;
    int lists, disorder;
};

enum { WATCHED_ROWS = 150 };

static void *watch_main(void *arg)
{
    struct watch *watch = arg;
    struct submission_filter filter = {.limit = SUBMISSION_LIST_MAX};
    struct seen seen = {0};

    while (seen.count < WATCHED_ROWS) {
        seen.count = 0;
        if (store_submission_list(watch->reader, &filter, see, &seen) != ERR_OK)
            watch->disorder++;
        for (int i = 1; i < seen.count; i++)
            watch->disorder += seen.seqs[i] >= seen.seqs[i - 1];
        watch->lists++;
    }
    return NULL;
}

static void readers_on_other_threads_read_while_the_writer_commits(void **state)
{
    struct fixture *fix = *state;
    struct watch watches[2] = {{0}};

    for (size_t i = 0; i < COUNTOF(watches); i++) {
        watches[i].reader = reader_of(fix);
        pthread_create(&watches[i].thread, NULL, watch_main, &watches[i]);
    }
    for (int i = 0; i < WATCHED_ROWS; i++) {
        struct submission row = sample(id_at(T0, i, 1), "a");
        insert_committed(fix->store, &row);
        assert_ok(store_checkpoint(fix->store, 65536));
    }
    for (size_t i = 0; i < COUNTOF(watches); i++) {
        pthread_join(watches[i].thread, NULL);
        store_close(watches[i].reader);
        assert_int_equal(watches[i].disorder, 0);
        assert_true(watches[i].lists > 0);
    }
}

static void no_slot_of_the_backend_is_empty(void **state)
{
    const void *slots[sizeof *backend / sizeof(void *)];

    (void)state;
    memcpy(slots, backend, sizeof slots);
    for (size_t i = 0; i < COUNTOF(slots); i++)
        if (i != offsetof(struct store_ops, copies) / sizeof(void *))
            assert_non_null(slots[i]);
    for (size_t i = 0; backend->copies && i < sizeof *backend->copies / sizeof(void *); i++)
        assert_non_null(((const void *const *)(const void *)backend->copies)[i]);
}

static void a_failure_has_words_and_success_needs_none(void **state)
{
    struct fixture *fix = *state;

    assert_non_null(store_error(fix->store));
    assert_string_not_equal(store_error(fix->store), "");
    store_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_bad_row_fails_alone),
        CASE(an_undone_mark_takes_back_every_kind_of_change),
        CASE(a_row_made_and_removed_in_one_transaction_is_gone),
        CASE(a_rollback_leaves_nothing_and_the_store_goes_on),
        CASE(an_empty_transaction_commits),
        CASE(a_reader_sees_what_is_committed_and_nothing_else),
        CASE(everything_survives_closing_and_opening),
        CASE(a_missing_database_is_not_made_unasked),
        CASE(random_histories_end_alike_on_every_backend),
        CASE(readers_on_other_threads_read_while_the_writer_commits),
        CASE(no_slot_of_the_backend_is_empty),
        CASE(a_failure_has_words_and_success_needs_none),
    };
    int failed = 0;

    if (secret_start() != ERR_OK)
        return 1;
    for (size_t i = 0; STORE_BACKENDS[i]; i++) {
        backend = STORE_BACKENDS[i];
        failed += cmocka_run_group_tests_name(backend->name, tests, NULL, NULL);
    }
    free(first_history);
    return failed;
}
