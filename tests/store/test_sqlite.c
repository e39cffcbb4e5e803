/* SPDX-License-Identifier: MIT */
/* What is true of SQLite alone: settings, schema, queries, the write-ahead log, time. */
#include "sqlite_case.h"

#include <time.h>

#include "fault.h"

/* --- settings ----------------------------------------------------------- */

struct setting {
    const char *sql;
    int64_t value;
};

static void assert_settings(struct store *store, const struct setting settings[], size_t number)
{
    for (size_t i = 0; i < number; i++) {
        int64_t value = -1;
        assert_ok(sqlite_ask(sqlite_of(store), settings[i].sql, &value));
        if (value != settings[i].value)
            fail_msg("%s: %lld", settings[i].sql, (long long)value);
    }
}

static void the_writer_syncs_fully_and_trusts_nobody(void **state)
{
    struct fixture *fix = *state;
    static const struct setting WANTED[] = {
        {"PRAGMA synchronous", 2},
        {"SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1},
        {"PRAGMA application_id", APPLICATION_ID},
        {"PRAGMA user_version", COUNTOF(SQL_MIGRATIONS)},
        {"PRAGMA foreign_keys", 1},
        {"PRAGMA trusted_schema", 0},
        {"PRAGMA cell_size_check", 1},
        {"PRAGMA mmap_size", 0},
        {"PRAGMA temp_store", 2},
        {"PRAGMA cache_size", -2000},
        {"PRAGMA secure_delete", 1},
        {"PRAGMA busy_timeout", 2000},
        {"PRAGMA journal_size_limit", 16777216},
    };

    assert_ok(open_store(fix));
    assert_settings(fix->store, WANTED, COUNTOF(WANTED));
    int is_on = -1;
    sqlite3 *db = sqlite_of(fix->store)->db;
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, -1, &is_on);
    assert_int_equal(is_on, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1, &is_on);
    assert_int_equal(is_on, 0);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, -1, &is_on);
    assert_int_equal(is_on, 0);
    assert_int_equal(sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, -1), 0);
}

static void a_reader_cannot_write_nor_checkpoint(void **state)
{
    struct fixture *fix = *state;
    static const struct setting WANTED[] = {{"PRAGMA query_only", 1}, {"PRAGMA cache_size", -1000}};
    struct store *reader = NULL;
    int is_on = -1;

    assert_ok(open_store(fix));
    assert_ok(store_open_reader(fix->store, &reader, NULL));
    assert_settings(reader, WANTED, COUNTOF(WANTED));
    assert_err(sqlite_run_text(sqlite_of(reader), "DELETE FROM user"), ERR_DENIED);
    sqlite3_db_config(sqlite_of(reader)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &is_on);
    assert_int_equal(is_on, 1);
    store_close(reader);
}

static void every_commit_syncs_the_log_before_it_returns(void **state)
{
    struct fixture *fix = *state;

    assert_ok(open_store(fix));
    for (int i = 0; i < 10; i++) {
        struct submission row = sample(id_at(T0, i, 1), "a");
        int before = fault.wal_syncs;
        insert_committed(fix->store, &row);
        assert_true(fault.wal_syncs > before);
    }
}

/* --- schema and queries ------------------------------------------------- */

static int append_sql(void *arg, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    buf_put(arg, str_of(values[0] ? values[0] : ""));
    buf_put_char(arg, '\n');
    return 0;
}

static char *schema_of(const char *path)
{
    struct buf text = buf_new(1000000);
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT sql FROM sqlite_schema ORDER BY type, name",
                                  append_sql, &text, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    buf_put_char(&text, '\0');
    assert_ok(buf_status(&text));
    return buf_take(&text);
}

static uint64_t big_endian(const uint8_t bytes[8])
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* Makes the file that a binary with only the first `steps` migrations would have left. */
static void make_old(const char *path, size_t steps)
{
    char stamp[100];

    for (size_t i = 0; i < steps; i++)
        run_foreign(path, SQL_MIGRATIONS[i]);
    if (steps == 0)
        return;
    snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %zu",
             APPLICATION_ID, steps);
    run_foreign(path, stamp);
}

/* Every row of the first schema, as it was, in the state that it must have had. */
static enum err check_old_row(void *arg, const struct submission *row)
{
    int *left = arg;
    char message[32];

    snprintf(message, sizeof message, "message %d", --*left);
    assert_true(str_equal(row->message, str_of(message)));
    assert_true(str_equal(row->form, STR("a")) && str_equal(row->email, STR("e")));
    assert_true(str_equal(row->fields, STR("{}")) && str_equal(row->page, STR("p")));
    assert_null(row->name.ptr);
    assert_int_equal(row->state, STATE_NEW);
    assert_int_equal(row->spam_score, 0);
    return ERR_OK;
}

static void an_upgrade_keeps_every_message(void **state)
{
    struct fixture *fix = *state;
    struct submission_filter filter = {.limit = SUBMISSION_LIST_MAX, .form = STR("a")};
    int left = 50;

    make_old(fix->place.path, 1);
    for (int i = 0; i < left; i++) {
        struct id id = id_at(T0 + i, 0, 1);
        char sql[300];
        snprintf(sql, sizeof sql,
                 "INSERT INTO submission VALUES (%lld, x'%016llx%016llx', 'a', NULL, 'e', "
                 "'message %d', '{}', 's', 'u', 'p')",
                 (long long)id_seq(&id), (unsigned long long)big_endian(id.bytes),
                 (unsigned long long)big_endian(id.bytes + 8), i);
        run_foreign(fix->place.path, sql);
    }
    assert_ok(open_store(fix));
    assert_ok(store_submission_list(fix->store, &filter, check_old_row, &left));
    assert_int_equal(left, 0);
    struct id first = id_at(T0, 0, 1);
    left = 1;
    assert_ok(store_submission_get(fix->store, &first, check_old_row, &left));
}

static void an_upgraded_schema_is_the_fresh_one(void **state)
{
    struct fixture *fix = *state;

    assert_ok(open_store(fix));
    close_store(fix);
    char *fresh = schema_of(fix->place.path);
    assert_non_null(strstr(fresh, "submission_by_form_state"));
    for (size_t steps = 0; steps <= COUNTOF(SQL_MIGRATIONS); steps++) {
        unlink(fix->place.path);
        make_old(fix->place.path, steps);
        assert_ok(open_store(fix));
        close_store(fix);
        char *upgraded = schema_of(fix->place.path);
        assert_string_equal(upgraded, fresh);
        free(upgraded);
    }
    free(fresh);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
    struct fixture *fix = *state;

    /* Ours by its header, but a table of the first step is in the way. */
    run_foreign(fix->place.path, "CREATE TABLE token (x)");
    run_foreign(fix->place.path, "PRAGMA application_id = 0x63746364");
    char *before = schema_of(fix->place.path);
    assert_refused(fix, ERR_STORE, "table token already exists");
    char *after = schema_of(fix->place.path);
    assert_string_equal(after, before);
    free(before);
    free(after);
}

static void every_query_prepares_and_none_is_more_than_one_statement(void **state)
{
    struct fixture *fix = *state;

    assert_ok(open_store(fix));
    for (size_t i = 0; i < SQL__COUNT; i++) {
        sqlite3_stmt *stmt = NULL;
        const char *rest = NULL;
        int code = sqlite3_prepare_v2(sqlite_of(fix->store)->db, SQL_QUERIES[i], -1, &stmt, &rest);
        if (code != SQLITE_OK || rest[strspn(rest, " \n")])
            fail_msg("%s", SQL_QUERIES[i]);
        sqlite3_finalize(stmt);
    }
}

static int append_plan(void *arg, int columns, char **values, char **names)
{
    (void)names;
    return append_sql(arg, 1, values + columns - 1, NULL);
}

static void no_query_sorts_and_no_submission_is_searched_row_by_row(void **state)
{
    struct fixture *fix = *state;

    assert_ok(open_store(fix));
    for (size_t i = 0; i < SQL__COUNT; i++) {
        CLEANUP(buf_done) struct buf plan = buf_new(10000);
        char sql[2000];
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", SQL_QUERIES[i]);
        assert_int_equal(sqlite3_exec(sqlite_of(fix->store)->db, sql, append_plan, &plan, NULL),
                         SQLITE_OK);
        buf_put_char(&plan, '\0');
        if (i == SQL_REFUSAL_LIST || i == SQL_REFUSAL_TRIM)
            continue; /* at most REFUSALS_MAX rows */
        if (i == SQL_TALLY_LIST)
            continue; /* counts are few, and of late rows TALLY_LATE_MAX */
        if (i == SQL_SESSION_LIST || i == SQL_SESSION_TRIM)
            continue; /* at most SESSIONS_PER_USER_MAX rows of a user */
        if (i == SQL_DESTINATION_LIST)
            continue; /* of those that are not done, and destinations are few */
        if (i == SQL_DELIVERY_NEXT)
            assert_non_null(strstr(plan.ptr, "delivery_due (form=? AND destination>?)"));
        if (i == SQL_DELIVERY_NEXT_FORM)
            assert_non_null(strstr(plan.ptr, "delivery_due (form>?)"));
        if (i == SQL_DELIVERY_DUE)
            assert_non_null(
                strstr(plan.ptr, "delivery_due (form=? AND destination=? AND due_at<?)"));
        if (i == SQL_DELIVERY_LATE)
            assert_non_null(strstr(plan.ptr, "delivery_open (state=? AND seq<?)"));
        if (strstr(plan.ptr, "SCAN delivery\n") || strstr(plan.ptr, "SCAN attempt"))
            fail_msg("%s%s", SQL_QUERIES[i], plan.ptr);
        if (strstr(plan.ptr, "TEMP B-TREE") || strstr(plan.ptr, "SCAN submission"))
            fail_msg("%s%s", SQL_QUERIES[i], plan.ptr);
        if (i == SQL_SUBMISSION_LIST_FLAGGED)
            assert_non_null(
                strstr(plan.ptr, "submission_flagged (state=? AND rowid>? AND rowid<?)"));
        if (i == SQL_SUBMISSION_LIST_HANDLED)
            assert_non_null(
                strstr(plan.ptr, "submission_handled (state=? AND rowid>? AND rowid<?)"));
        if (i == SQL_SUBMISSION_SEQS)
            assert_non_null(strstr(plan.ptr, "submission_by_form_state (form=? AND state=? AND "
                                             "rowid>? AND rowid<?)"));
    }
}

static void values_that_we_never_write_are_told_as_damage(void **state)
{
    struct fixture *fix = *state;
    struct submission_filter filter = {.limit = 10};
    struct seen seen = {0};
    static const char SPOIL[] =
        "INSERT INTO submission (seq, id, state, spam_score, form) VALUES (1, x'0102', 0, 0, 'a');"
        "INSERT INTO user (name, password_hash, role, created_at) VALUES ('ada', 'h', 'emperor', "
        "1);"
        "INSERT INTO token (id, name, hash, scope, created_at, expires_at) VALUES (zeroblob(16), "
        "'a', zeroblob(3), 'read', 1, 0);"
        "INSERT INTO token (id, name, hash, scope, created_at, expires_at) VALUES (zeroblob(17), "
        "'b', zeroblob(32), 'read', 1, 0);";

    assert_ok(open_store(fix));
    assert_ok(sqlite_run_text(sqlite_of(fix->store), SPOIL));
    assert_err(store_submission_list(fix->store, &filter, see, &seen), ERR_CORRUPT);
    assert_err(store_user_list(fix->store, NULL, NULL), ERR_CORRUPT);
    assert_err(store_token_list(fix->store, NULL, NULL), ERR_CORRUPT);
    assert_non_null(strstr(store_error(fix->store), "never written"));
}

static void an_undone_mark_leaves_no_savepoint_open(void **state)
{
    struct fixture *fix = *state;

    assert_ok(open_store(fix));
    assert_ok(store_begin(fix->store));
    assert_ok(store_mark(fix->store));
    assert_ok(store_mark_undo(fix->store));
    assert_err(sqlite_run_text(sqlite_of(fix->store), "RELEASE mark"), ERR_STORE);
    store_rollback(fix->store);
}

static void another_programs_write_lock_is_waited_for_and_told(void **state)
{
    struct fixture *fix = *state;
    sqlite3 *other = NULL;

    assert_ok(open_store(fix));
    assert_int_equal(sqlite3_open(fix->place.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_err(store_begin(fix->store), ERR_BUSY);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_ok(store_begin(fix->store));
    store_rollback(fix->store);
    sqlite3_close(other);
}

/* --- the write-ahead log and time --------------------------------------- */

static off_t size_of(const char *path, const char *end)
{
    struct stat info;
    char name[100];

    snprintf(name, sizeof name, "%s%s", path, end);
    return stat(name, &info) == 0 ? info.st_size : 0;
}

static void insert_many(struct store *store, int first, int number)
{
    assert_ok(store_begin(store));
    for (int i = 0; i < number; i++) {
        struct submission row = sample(id_at(T0, first + i, 1), "a");
        assert_ok(store_submission_insert(store, &row));
    }
    assert_ok(store_commit(store));
}

static void a_checkpoint_moves_the_log_into_the_database(void **state)
{
    struct fixture *fix = *state;
    struct sqlite_store *self;

    assert_ok(open_store(fix));
    self = sqlite_of(fix->store);
    off_t before = size_of(fix->place.path, "");
    for (int i = 0; i < 50; i++)
        insert_many(fix->store, i * 100, 100);
    assert_int_equal(size_of(fix->place.path, ""), before);
    off_t log = size_of(fix->place.path, "-wal");
    assert_int_equal(self->wal_frames * self->frame_bytes + 32, log);

    assert_ok(store_checkpoint(fix->store, (uint64_t)log));
    assert_int_equal(self->moved_frames, 0);
    assert_ok(store_checkpoint(fix->store, (uint64_t)log - 100));
    assert_int_equal(self->moved_frames, self->wal_frames);
    assert_true(size_of(fix->place.path, "") > before);
    for (int i = 50; i < 200; i++) {
        insert_many(fix->store, i * 100, 100);
        assert_ok(store_checkpoint(fix->store, 10000));
        assert_true(self->wal_frames * self->frame_bytes < 200000);
    }
    assert_int_equal(size_of(fix->place.path, "-wal"), log);
}

static void the_same_small_commit_is_seen_by_every_checkpoint(void **state)
{
    struct fixture *fix = *state;

    assert_ok(open_store(fix));
    struct sqlite_store *self = sqlite_of(fix->store);
    for (int i = 0; i < 10; i++) {
        insert_many(fix->store, i, 1);
        assert_int_equal(self->moved_frames, 0);
        assert_ok(store_checkpoint(fix->store, 1));
        assert_int_equal(self->moved_frames, self->wal_frames);
    }
}

static void closing_leaves_one_file_and_the_lock(void **state)
{
    struct fixture *fix = *state;
    struct store *reader = NULL;

    assert_ok(open_store(fix));
    assert_ok(store_open_reader(fix->store, &reader, NULL));
    insert_many(fix->store, 0, 10);
    assert_int_equal(count(reader), 10);
    store_close(reader);
    assert_true(size_of(fix->place.path, "-wal") > 0);
    close_store(fix);
    assert_int_equal(size_of(fix->place.path, "-wal"), 0);
    assert_int_equal(size_of(fix->place.path, "-shm"), 0);
    assert_ok(open_store(fix));
    assert_int_equal(count(fix->store), 10);
}

static enum err dawdle(void *arg, const struct submission *row)
{
    int *rows = arg;

    (void)row;
    if ((*rows)++ == 0)
        nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 50000000}, NULL);
    return ERR_OK;
}

static enum err interrupt(void *arg, const struct submission *row)
{
    struct store *reader = arg;

    (void)row;
    store_interrupt(reader);
    return ERR_OK;
}

static void an_interrupted_reader_reads_no_more(void **state)
{
    struct fixture *fix = *state;
    struct store *reader = NULL;
    struct submission_filter filter = {.limit = SUBMISSION_LIST_MAX};

    assert_ok(open_store(fix));
    insert_many(fix->store, 0, 10);
    assert_ok(store_open_reader(fix->store, &reader, NULL));
    assert_err(store_submission_list(reader, &filter, interrupt, reader), ERR_STORE);
    for (int i = 0; i < 2; i++) /* for good, and not for one query alone */
        assert_err(store_submission_list(reader, &filter, interrupt, reader), ERR_STORE);
    store_close(reader);
    assert_int_equal(count(fix->store), 10); /* the writer goes on */
}

static void a_reader_that_takes_too_long_is_stopped(void **state)
{
    struct fixture *fix = *state;
    struct store *reader = NULL;
    struct submission_filter filter = {.limit = SUBMISSION_LIST_MAX};
    int rows = 0;

    assert_ok(open_store(fix));
    insert_many(fix->store, 0, 300);
    assert_ok(store_open_reader(fix->store, &reader, NULL));
    assert_err(store_submission_list(reader, &filter, dawdle, &rows), ERR_STORE);
    assert_in_range(rows, 1, 150);
    assert_non_null(strstr(store_error(reader), "2000 ms"));
    assert_int_equal(count(reader), SUBMISSION_LIST_MAX);
    store_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_writer_syncs_fully_and_trusts_nobody),
        CASE(a_reader_cannot_write_nor_checkpoint),
        CASE(every_commit_syncs_the_log_before_it_returns),
        CASE(an_upgrade_keeps_every_message),
        CASE(an_upgraded_schema_is_the_fresh_one),
        CASE(a_migration_that_fails_changes_nothing),
        CASE(every_query_prepares_and_none_is_more_than_one_statement),
        CASE(no_query_sorts_and_no_submission_is_searched_row_by_row),
        CASE(values_that_we_never_write_are_told_as_damage),
        CASE(an_undone_mark_leaves_no_savepoint_open),
        CASE(another_programs_write_lock_is_waited_for_and_told),
        CASE(a_checkpoint_moves_the_log_into_the_database),
        CASE(the_same_small_commit_is_seen_by_every_checkpoint),
        CASE(closing_leaves_one_file_and_the_lock),
        CASE(an_interrupted_reader_reads_no_more),
        CASE(a_reader_that_takes_too_long_is_stopped),
    };

    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests_name("sqlite alone", tests, NULL, NULL);
}
