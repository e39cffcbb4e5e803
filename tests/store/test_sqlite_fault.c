/* SPDX-License-Identifier: MIT */
/*
 * SQLite when the disk is full or fails: every system call that writes fails
 * once, in turn. What was acknowledged must be there, what was refused must
 * not, and the store must work again as soon as the trouble is over.
 */
#include "batches.h"

#include <sys/resource.h>

/* Lets the k-th system call of `act` fail, for every k there is, in every way. */
static void with_every_fault(struct fixture *fix, enum err (*act)(struct fixture *fix))
{
    static const struct {
        int number;
        bool is_lasting;
        enum err err;
    } WAYS[] = {
        {EIO, false, ERR_IO},
        {EIO, true, ERR_IO},
        {ENOSPC, false, ERR_DISK_FULL},
        {ENOSPC, true, ERR_DISK_FULL},
    };

    for (size_t i = 0; i < COUNTOF(WAYS); i++) {
        int failures = 0;
        fault.has_hit = true;
        for (int k = 1; fault.has_hit; k++) {
            fault_set(k, WAYS[i].number, WAYS[i].is_lasting);
            enum err err = act(fix);
            fault_clear();
            failures += err != ERR_OK;
            if (err != ERR_OK && err != WAYS[i].err)
                fail_msg("call %d, %s: %s", k, strerror(WAYS[i].number),
                         fix->store ? store_error(fix->store) : err_text(err));
            assert_goes_on(fix);
        }
        assert_true(failures > 0);
    }
}

static void a_commit_that_fails_leaves_nothing_behind(void **state)
{
    struct fixture *fix = *state;

    open_store(fix);
    with_every_fault(fix, write_batch);
}

static enum err write_and_checkpoint(struct fixture *fix)
{
    TRY(write_batch(fix));
    return store_checkpoint(fix->store, 0);
}

static void a_checkpoint_that_fails_loses_nothing(void **state)
{
    struct fixture *fix = *state;

    open_store(fix);
    with_every_fault(fix, write_and_checkpoint);
}

static enum err open_anew(struct fixture *fix)
{
    struct err_detail detail = {.text = ""};

    close_store(fix);
    place_clean(&fix->place);
    mkdir(fix->place.dir, 0700);
    fix->acknowledged = fix->tried = 0;
    enum err err = store_open(fix->place.path, true, &fix->store, &detail);
    assert_int_equal(err == ERR_OK, fix->store != NULL);
    assert_int_equal(err == ERR_OK, detail.text[0] == '\0');
    fault_clear();
    if (!fix->store)
        open_store(fix);
    return err;
}

static void opening_a_new_database_may_fail_at_any_call(void **state)
{
    with_every_fault(*state, open_anew);
}

/* What a crash leaves: the log is full of rows, and nobody closed anything. */
static void crash_with_rows(struct fixture *fix)
{
    pid_t child = fork();

    if (child == 0) {
        open_store(fix);
        for (int i = 0; i < 4; i++)
            assert_ok(write_batch(fix));
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    fix->tried += 4 * BATCH;
    fix->acknowledged += 4 * BATCH;
}

static enum err open_after_crash(struct fixture *fix)
{
    struct err_detail detail = {.text = ""};
    int countdown = fault.countdown;

    fault_clear();
    close_store(fix);
    crash_with_rows(fix);
    fault.countdown = countdown;
    enum err err = store_open(fix->place.path, false, &fix->store, &detail);
    fault_clear();
    if (err != ERR_OK)
        open_store(fix);
    return err;
}

static void recovery_may_fail_at_any_call_and_loses_nothing(void **state)
{
    with_every_fault(*state, open_after_crash);
}

static void a_full_disk_is_told_and_survived(void **state)
{
    struct fixture *fix = *state;
    struct rlimit before, small;

    signal(SIGXFSZ, SIG_IGN);
    open_store(fix);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (int round = 1; round <= 5; round++) {
        small = (struct rlimit){.rlim_cur = (rlim_t)round * 200000, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        enum err err = ERR_OK;
        for (int i = 0; i < 500 && err == ERR_OK; i++)
            err = write_batch(fix);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_err(err, ERR_DISK_FULL);
        assert_all_and_only_acknowledged(fix);
        assert_ok(write_batch(fix));
    }
    assert_goes_on(fix);
}

/* SQLite gives up the whole transaction when a page cannot be had in mid-statement. */
static void a_job_cannot_write_after_its_transaction_was_lost(void **state)
{
    struct fixture *fix = *state;
    int64_t pages;

    open_store(fix);
    struct sqlite_store *self = sqlite_of(fix->store);
    assert_ok(write_batch(fix));
    assert_ok(sqlite_ask(self, "PRAGMA max_page_count = 1", &pages)); /* as many as there are */
    assert_ok(store_begin(fix->store));
    assert_err(insert_batch(fix->store, 100), ERR_DISK_FULL);
    assert_int_not_equal(sqlite3_get_autocommit(self->db), 0);
    assert_err(store_meta_put(fix->store, STR("k"), STR("v")), ERR_DISK_FULL);
    assert_err(store_mark_undo(fix->store), ERR_DISK_FULL);
    store_rollback(fix->store);
    assert_ok(sqlite_ask(self, "PRAGMA max_page_count = 1000000", &pages));
    assert_goes_on(fix);
}

static void make_rollback_fail(struct sqlite_store *self)
{
    sqlite3_finalize(self->stmts[SQL_TXN_ROLLBACK]);
    assert_int_equal(
        sqlite3_prepare_v2(self->db, "RELEASE absent", -1, &self->stmts[SQL_TXN_ROLLBACK], NULL),
        SQLITE_OK);
}

static void a_rollback_that_fails_makes_the_next_begin_reconnect(void **state)
{
    struct fixture *fix = *state;
    struct sqlite_store *self;

    open_store(fix);
    self = sqlite_of(fix->store);
    assert_ok(write_batch(fix));
    assert_ok(store_begin(fix->store));
    struct id before = store_next_id(fix->store, T0 + 1000);
    assert_ok(store_meta_put(fix->store, STR("k"), STR("v")));
    make_rollback_fail(self);
    store_rollback(fix->store);
    assert_true(self->is_broken);
    assert_ok(store_begin(fix->store));
    struct id after = store_next_id(fix->store, T0);
    store_rollback(fix->store);
    assert_false(self->is_broken);
    assert_true(id_seq(&after) > id_seq(&before));
    assert_goes_on(fix);
}

/* As a foreign key that is checked late would do it: COMMIT fails, the transaction stays open. */
static void a_commit_that_is_refused_is_rolled_back(void **state)
{
    struct fixture *fix = *state;

    open_store(fix);
    struct sqlite_store *self = sqlite_of(fix->store);
    assert_ok(sqlite_run_text(self, "CREATE TABLE child (name REFERENCES user (name)"
                                    " DEFERRABLE INITIALLY DEFERRED)"));
    assert_ok(store_begin(fix->store));
    assert_ok(sqlite_run_text(self, "INSERT INTO child VALUES ('nobody')"));
    assert_err(store_commit(fix->store), ERR_STORE);
    assert_non_null(strstr(store_error(fix->store), "FOREIGN KEY constraint failed"));
    assert_int_not_equal(sqlite3_get_autocommit(self->db), 0);
    assert_goes_on(fix);
}

static void a_reconnection_that_fails_is_tried_again(void **state)
{
    struct fixture *fix = *state;
    char away[100];

    open_store(fix);
    assert_ok(write_batch(fix));
    sqlite_of(fix->store)->is_broken = true;
    snprintf(away, sizeof away, "%s.away", fix->place.path);
    assert_int_equal(rename(fix->place.path, away), 0);
    assert_err(store_begin(fix->store), ERR_DENIED);
    assert_err(store_begin(fix->store), ERR_DENIED);
    struct submission_filter filter = {.limit = 1};
    assert_err(store_submission_list(fix->store, &filter, see, NULL), ERR_STORE);
    assert_ok(store_checkpoint(fix->store, 0));
    assert_int_equal(rename(away, fix->place.path), 0);
    assert_ok(write_batch(fix));
    assert_goes_on(fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_commit_that_fails_leaves_nothing_behind),
        CASE(a_checkpoint_that_fails_loses_nothing),
        CASE(opening_a_new_database_may_fail_at_any_call),
        CASE(recovery_may_fail_at_any_call_and_loses_nothing),
        CASE(a_full_disk_is_told_and_survived),
        CASE(a_job_cannot_write_after_its_transaction_was_lost),
        CASE(a_rollback_that_fails_makes_the_next_begin_reconnect),
        CASE(a_commit_that_is_refused_is_rolled_back),
        CASE(a_reconnection_that_fails_is_tried_again),
    };

    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests_name("sqlite: failing disks", tests, NULL, NULL);
}
