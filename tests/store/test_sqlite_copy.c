/* SPDX-License-Identifier: MIT */
/* Copies of SQLite databases: made beside the writer, verified, put back, and made before a
 * migration. */
#include "sqlite_case.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/backup.h"

enum { ROWS = 8000 };

struct paths {
    char copy[100], part[110];
};

static struct paths paths_in(const struct fixture *fix)
{
    struct paths paths;

    snprintf(paths.copy, sizeof paths.copy, "%s/copy.db", fix->place.dir);
    snprintf(paths.part, sizeof paths.part, "%s.part", paths.copy);
    return paths;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Removes whatever a case has made. */
static int empty_and_tear_down(void **state)
{
    struct fixture *fix = *state;
    DIR *dir = opendir(fix->place.dir);
    struct dirent *entry;

    close_store(fix);
    assert_non_null(dir);
    while ((entry = readdir(dir)))
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return tear_down(state);
}

static void fill(struct fixture *fix, int first, int rows)
{
    assert_ok(store_begin(fix->store));
    for (int i = first; i < first + rows; i++) {
        struct submission row = sample(id_at(T0, i, 1), "a");
        assert_ok(store_submission_insert(fix->store, &row));
    }
    assert_ok(store_commit(fix->store));
}

static void open_filled(struct fixture *fix)
{
    assert_ok(open_store(fix));
    fill(fix, 0, ROWS);
}

static int64_t ask(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

/* --- making and verifying ------------------------------------------------ */

static void a_copy_is_whole_private_and_named_last(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct backup_check check, again;
    struct stat info;

    open_filled(fix);
    mode_t before = umask(0);
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, &fix->detail));
    umask(before);
    assert_int_equal(check.messages, ROWS);
    assert_true(check.schema > 0 && check.schema == check.schema_known);
    assert_int_equal(stat(paths.copy, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, check.bytes);
    assert_false(is_there(paths.part));
    assert_ok(backup_verify(paths.copy, NULL, &again, &fix->detail));
    assert_memory_equal(&check, &again, sizeof check);
    assert_ok(backup_verify(fix->place.path, NULL, &again, &fix->detail)); /* beside its writer */
    assert_int_equal(again.rows, check.rows);
}

struct writing {
    struct fixture *fix;
    const char *part;
    int steps, checks, most;
};

/* Messages come between any two steps. */
static bool write_meanwhile(void *arg, const struct backup_progress *progress)
{
    struct writing *writing = arg;

    assert_true(progress->done <= progress->all && progress->step_us >= 0);
    assert_true(is_there(writing->part));
    writing->steps += !progress->is_check;
    writing->checks += progress->is_check;
    if (!progress->is_check)
        fill(writing->fix, ROWS + 10 * writing->steps, 10);
    return writing->steps < writing->most;
}

static void a_copy_is_of_one_moment_while_the_writer_goes_on(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct writing writing = {.fix = fix, .part = paths.part, .most = 100000};
    const struct backup_pace pace = {write_meanwhile, &writing};
    struct backup_check check;

    open_filled(fix);
    assert_ok(backup_make(fix->place.path, paths.copy, &pace, &check, &fix->detail));
    assert_true(writing.steps >= 2 && writing.checks >= 1);
    assert_int_equal(check.messages, ROWS);
    assert_ok(backup_verify(fix->place.path, NULL, &check, &fix->detail));
    assert_int_equal(check.messages, ROWS + 10 * writing.steps);
}

static void a_copy_that_is_broken_off_leaves_nothing(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct writing writing = {.fix = fix, .part = paths.part, .most = 1};
    const struct backup_pace pace = {write_meanwhile, &writing};
    struct backup_check check;

    open_filled(fix);
    assert_err(backup_make(fix->place.path, paths.copy, &pace, &check, &fix->detail), ERR_STOPPING);
    assert_false(is_there(paths.copy) || is_there(paths.part));
}

static void an_earlier_copy_is_replaced_by_a_whole_one_only(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct rlimit limit, small;
    struct backup_check check;

    open_filled(fix);
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, &fix->detail));
    fill(fix, ROWS, 10);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 128 * 1024; /* as a full disk */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err err = backup_make(fix->place.path, paths.copy, NULL, &check, &fix->detail);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_err(err, ERR_DISK_FULL);
    assert_non_null(strstr(fix->detail.text, "free some space"));
    assert_false(is_there(paths.part));
    assert_ok(backup_verify(paths.copy, NULL, &check, NULL));
    assert_int_equal(check.messages, ROWS);
    fix->detail.text[0] = '\0';
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, &fix->detail));
    assert_int_equal(check.messages, ROWS + 10);
}

static void a_database_or_a_directory_is_never_written_over(void **state)
{
    struct fixture *fix = *state;
    struct backup_check check;

    open_filled(fix);
    assert_err(backup_make(fix->place.path, fix->place.path, NULL, &check, NULL), ERR_EXISTS);
    assert_err(backup_make(fix->place.path, fix->place.dir, NULL, &check, NULL), ERR_EXISTS);
    assert_err(backup_make(fix->place.path, "/dev/null", NULL, &check, NULL), ERR_EXISTS);
    assert_err(backup_make("memory:", "/tmp/x", NULL, &check, NULL), ERR_INVALID);
    assert_err(backup_make("postgres://a/b", "/tmp/x", NULL, &check, NULL), ERR_INVALID);
    assert_ok(backup_verify(fix->place.path, NULL, &check, NULL));
}

static void names_with_odd_characters_are_names(void **state)
{
    struct fixture *fix = *state;
    char path[120];
    struct backup_check check;

    open_filled(fix);
    snprintf(path, sizeof path, "%s/a?mode=rw#100%%25 'b", fix->place.dir);
    assert_ok(backup_make(fix->place.path, path, NULL, &check, NULL));
    assert_true(is_there(path));
    assert_ok(backup_verify(path, NULL, &check, NULL));
}

/* Wherever a page is spoilt: told, or not part of what SQLite reads; never a crash. */
static void damage_is_found(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct backup_check check;
    char noise[4096];
    int found = 0, pages;

    open_filled(fix);
    memset(noise, 0xa5, sizeof noise);
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, NULL));
    pages = (int)(check.bytes / 4096);
    assert_true(pages > 40);
    for (int page = 0; page < pages; page += pages / 20) {
        assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, NULL));
        int fd = open(paths.copy, O_WRONLY);
        assert_int_equal(pwrite(fd, noise, sizeof noise, page * 4096L), sizeof noise);
        close(fd);
        fix->detail.text[0] = '\0';
        enum err err = backup_verify(paths.copy, NULL, &check, &fix->detail);
        found += err == ERR_CORRUPT;
        assert_true(err == ERR_OK || strstr(fix->detail.text, paths.copy));
    }
    assert_true(found >= 18);
    assert_int_equal(truncate(paths.copy, 4096 * 10), 0);
    assert_err(backup_verify(paths.copy, NULL, &check, NULL), ERR_CORRUPT);
}

static void what_is_no_backup_is_refused_and_left_alone(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct backup_check check;
    FILE *file;

    assert_err(backup_verify(paths.copy, NULL, &check, NULL), ERR_NOT_FOUND);
    assert_err(backup_verify(fix->place.dir, NULL, &check, NULL), ERR_INVALID);
    file = fopen(paths.copy, "w");
    fclose(file);
    assert_err(backup_verify(paths.copy, NULL, &check, NULL), ERR_INVALID);
    file = fopen(paths.copy, "w");
    for (int i = 0; i < 2000; i++)
        fputs("no database", file);
    fclose(file);
    assert_err(backup_verify(paths.copy, NULL, &check, NULL), ERR_CORRUPT);
    unlink(paths.copy);
    run_foreign(paths.copy, "CREATE TABLE t (x)");
    assert_err(backup_verify(paths.copy, NULL, &check, NULL), ERR_INVALID);
    open_filled(fix);
    unlink(paths.copy);
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, NULL));
    run_foreign(paths.copy, "PRAGMA user_version = 7000");
    assert_err(backup_verify(paths.copy, NULL, &check, &fix->detail), ERR_NEWER);
}

/* --- restoring ----------------------------------------------------------- */

static enum err restore(struct fixture *fix, const char *from, bool may_send,
                        struct restored *restored)
{
    const struct restore_options options = {.may_send = may_send};

    fix->detail.text[0] = '\0';
    return backup_restore(fix->place.path, from, &options, restored, &fix->detail);
}

static struct id next_id(struct fixture *fix, int64_t wall_ms)
{
    assert_ok(store_begin(fix->store));
    struct id id = store_next_id(fix->store, wall_ms);
    store_rollback(fix->store);
    return id;
}

static void add_session(struct fixture *fix)
{
    const struct session session = {.user = STR("eve"),
                                    .csrf = STR("x"),
                                    .source = STR("::1"),
                                    .created_at_ms = T0,
                                    .seen_at_ms = T0,
                                    .expires_at_ms = T0 * 2};

    assert_ok(store_begin(fix->store));
    assert_ok(store_session_insert(fix->store, &session));
    assert_ok(store_commit(fix->store));
}

static void a_restore_brings_back_the_copy_and_keeps_what_was_there(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct backup_check check;
    struct restored restored;

    open_filled(fix);
    add_session(fix);
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, NULL));
    fill(fix, ROWS, 77);
    struct id before = next_id(fix, T0 + 1000);
    assert_err(restore(fix, paths.copy, false, &restored), ERR_BUSY);
    close_store(fix);
    assert_ok(restore(fix, paths.copy, false, &restored));
    assert_int_equal(restored.check.messages, ROWS);
    assert_int_equal(restored.sessions, 1);
    assert_ok(backup_verify(restored.aside, NULL, &check, NULL));
    assert_int_equal(check.messages, ROWS + 77);
    assert_int_equal(ask(paths.copy, "SELECT count(*) FROM session"), 1); /* untouched */
    assert_ok(open_store(fix));
    assert_ok(backup_verify(fix->place.path, NULL, &check, NULL));
    assert_int_equal(check.messages, ROWS);
    struct id after = next_id(fix, T0 + 2000);
    assert_true(memcmp(before.bytes, after.bytes, sizeof before.bytes) < 0);
    close_store(fix);
    assert_int_equal(ask(fix->place.path, "SELECT count(*) FROM session"), 0);
    assert_int_equal(ask(fix->place.path, "SELECT count(*) FROM audit WHERE action = 'restore'"),
                     1);
}

/* As killed: what was committed is in the log alone, and must be in the file that is kept. */
static void the_log_of_what_was_there_is_kept_with_it(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct backup_check check;
    struct restored restored;

    open_filled(fix);
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, NULL));
    close_store(fix);
    pid_t child = fork();
    if (child == 0) {
        assert_ok(open_store(fix));
        fill(fix, ROWS, 33);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(restore(fix, paths.copy, false, &restored));
    assert_ok(backup_verify(restored.aside, NULL, &check, NULL));
    assert_int_equal(check.messages, ROWS + 33);
    assert_ok(backup_verify(fix->place.path, NULL, &check, NULL));
    assert_int_equal(check.messages, ROWS);
}

static void a_damaged_or_missing_database_can_be_replaced(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct backup_check check;
    struct restored restored;

    open_filled(fix);
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, NULL));
    close_store(fix);
    FILE *file = fopen(fix->place.path, "w");
    fputs("a stump", file);
    fclose(file);
    assert_ok(restore(fix, paths.copy, false, &restored));
    assert_true(is_there(restored.aside));
    assert_int_equal(unlink(fix->place.path), 0);
    assert_ok(restore(fix, paths.copy, false, &restored));
    assert_string_equal(restored.aside, "");
    assert_ok(open_store(fix));
}

static void a_restore_that_fails_changes_nothing(void **state)
{
    struct fixture *fix = *state;
    struct paths paths = paths_in(fix);
    struct backup_check check;
    struct restored restored;

    assert_err(restore(fix, paths.copy, false, &restored), ERR_NOT_FOUND);
    assert_false(is_there(fix->place.path));
    open_filled(fix);
    assert_ok(backup_make(fix->place.path, paths.copy, NULL, &check, NULL));
    close_store(fix);
    assert_int_equal(truncate(paths.copy, 4096 * 20), 0);
    assert_err(restore(fix, paths.copy, false, &restored), ERR_CORRUPT);
    assert_err(restore(fix, fix->place.path, false, &restored), ERR_INVALID);
    assert_ok(backup_verify(fix->place.path, NULL, &check, NULL));
    assert_int_equal(check.messages, ROWS);
}

/* --- before a migration -------------------------------------------------- */

static void make_old(const char *path, int version)
{
    char stamp[100];

    for (int i = 0; i < version; i++)
        run_foreign(path, SQL_MIGRATIONS[i]);
    snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             (int)APPLICATION_ID, version);
    run_foreign(path, stamp);
}

static void a_migration_leaves_a_copy_of_what_was_before(void **state)
{
    struct fixture *fix = *state;
    char name[120];
    struct backup_check check;

    for (int version = 1; version < (int)COUNTOF(SQL_MIGRATIONS); version++) {
        make_old(fix->place.path, version);
        assert_ok(open_store(fix));
        close_store(fix);
        snprintf(name, sizeof name, "%s.schema-%d", fix->place.path, version);
        assert_ok(backup_verify(name, NULL, &check, &fix->detail));
        assert_int_equal(check.schema, version);
        snprintf(name, sizeof name, "%s.schema-%d", fix->place.path, version - 3);
        assert_false(is_there(name));
        unlink(fix->place.path);
    }
}

static void a_new_database_and_one_of_today_are_not_copied(void **state)
{
    struct fixture *fix = *state;
    DIR *dir;
    struct dirent *entry;

    assert_ok(open_store(fix));
    close_store(fix);
    assert_ok(open_store(fix));
    dir = opendir(fix->place.dir);
    while ((entry = readdir(dir)))
        assert_null(strstr(entry->d_name, "schema"));
    closedir(dir);
}

static void without_room_for_the_copy_nothing_is_migrated(void **state)
{
    struct fixture *fix = *state;
    char name[120];

    make_old(fix->place.path, 1);
    snprintf(name, sizeof name, "%s.schema-1.part", fix->place.path);
    assert_int_equal(mkdir(name, 0700), 0); /* in the way */
    assert_refused(fix, ERR_IO, "schema-1");
    assert_int_equal(ask(fix->place.path, "PRAGMA user_version"), 1);
    assert_int_equal(rmdir(name), 0);
    assert_ok(open_store(fix));
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, empty_and_tear_down)

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE(a_copy_is_whole_private_and_named_last),
        CASE(a_copy_is_of_one_moment_while_the_writer_goes_on),
        CASE(a_copy_that_is_broken_off_leaves_nothing),
        CASE(an_earlier_copy_is_replaced_by_a_whole_one_only),
        CASE(a_database_or_a_directory_is_never_written_over),
        CASE(names_with_odd_characters_are_names),
        CASE(damage_is_found),
        CASE(what_is_no_backup_is_refused_and_left_alone),
        CASE(a_restore_brings_back_the_copy_and_keeps_what_was_there),
        CASE(the_log_of_what_was_there_is_kept_with_it),
        CASE(a_damaged_or_missing_database_can_be_replaced),
        CASE(a_restore_that_fails_changes_nothing),
        CASE(a_migration_leaves_a_copy_of_what_was_before),
        CASE(a_new_database_and_one_of_today_are_not_copied),
        CASE(without_room_for_the_copy_nothing_is_migrated),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
