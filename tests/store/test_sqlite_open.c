/* SPDX-License-Identifier: MIT */
/* Which files SQLite's backend opens, which it refuses and in what words, and the lock. */
#include "sqlite_case.h"

#include <signal.h>
#include <sys/wait.h>

static void write_file(const char *path, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        fputc("garbage"[i % 7], file);
    assert_int_equal(fclose(file), 0);
}

static uint64_t hash_file(const char *path)
{
    FILE *file = fopen(path, "r");
    uint64_t hash = 14695981039346656037u;
    int c;

    assert_non_null(file);
    while ((c = fgetc(file)) != EOF)
        hash = (hash ^ (uint64_t)c) * 1099511628211u;
    fclose(file);
    return hash;
}

static void the_database_is_for_its_owner_alone(void **state)
{
    struct fixture *fix = *state;
    static const char *const ENDS[] = {"", "-wal", "-shm", ".lock"};
    struct submission row = sample(id_at(T0, 0, 1), "a");
    mode_t before = umask(0);

    assert_ok(open_store(fix));
    insert_committed(fix->store, &row);
    for (size_t i = 0; i < COUNTOF(ENDS); i++) {
        struct stat info;
        char path[100];
        snprintf(path, sizeof path, "%s%s", fix->place.path, ENDS[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0600);
    }
    umask(before);
}

static void a_second_opening_is_refused_and_told_who_was_first(void **state)
{
    struct fixture *fix = *state;
    struct store *second = NULL;
    struct err_detail detail = {.text = ""};
    char pid[32];

    assert_ok(open_store(fix));
    snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_err(store_open(fix->place.path, true, &second, &detail), ERR_BUSY);
    assert_non_null(strstr(detail.text, pid));
    pid_t child = fork();
    if (child == 0)
        _exit(store_open(fix->place.path, true, &second, NULL) == ERR_BUSY ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_link_to_the_database_does_not_get_around_the_lock(void **state)
{
    struct fixture *fix = *state;
    struct store *second = NULL;
    char link_path[100];

    assert_ok(open_store(fix));
    snprintf(link_path, sizeof link_path, "%s.link", fix->place.path);
    assert_int_equal(symlink(fix->place.path, link_path), 0);
    assert_err(store_open(link_path, true, &second, NULL), ERR_BUSY);
    unlink(link_path);
}

static void the_lock_ends_with_its_owner(void **state)
{
    struct fixture *fix = *state;
    int fds[2];
    char byte;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        if (open_store(fix) == ERR_OK && write(fds[1], "+", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(fds[0], &byte, 1), 1);
    assert_refused(fix, ERR_BUSY, "owned by another contactd");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_ok(open_store(fix));
    close(fds[0]);
    close(fds[1]);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *fix = *state;

    assert_ok(open_store(fix));
    close_store(fix);
    run_foreign(fix->place.path, "PRAGMA user_version = 7000");
    assert_refused(fix, ERR_NEWER, "schema 7000");
}

static void another_programs_database_is_refused_and_left_alone(void **state)
{
    struct fixture *fix = *state;
    static const char *const FOREIGN[] = {
        "CREATE TABLE t (x)",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 5; CREATE TABLE submission (x)",
    };

    for (size_t i = 0; i < COUNTOF(FOREIGN); i++) {
        unlink(fix->place.path);
        run_foreign(fix->place.path, FOREIGN[i]);
        uint64_t before = hash_file(fix->place.path);
        assert_refused(fix, ERR_INVALID, "another program");
        assert_true(hash_file(fix->place.path) == before);
    }
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
    struct fixture *fix = *state;
    static const size_t SIZES[] = {1, 100, 511, 5000, 100000};

    for (size_t i = 0; i < COUNTOF(SIZES); i++) {
        write_file(fix->place.path, SIZES[i]);
        uint64_t before = hash_file(fix->place.path);
        assert_refused(fix, ERR_CORRUPT, "file is not a database");
        assert_true(hash_file(fix->place.path) == before);
    }
}

static void an_empty_file_becomes_a_database(void **state)
{
    struct fixture *fix = *state;

    write_file(fix->place.path, 0);
    assert_ok(store_open(fix->place.path, false, &fix->store, NULL));
    assert_int_equal(count(fix->store), 0);
}

static void a_path_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *url;
        enum err err;
        const char *reason;
    } CASES[] = {
        {"", ERR_INVALID, "empty"},
        {"/tmp", ERR_INVALID, "not a regular file"},
        {"/dev/null", ERR_INVALID, "not a regular file"},
        {"/dev/null/t.db", ERR_INVALID, "not a directory"},
        {"/nowhere/at/all/t.db", ERR_NOT_FOUND, "make the directory first"},
        {"postgres://user:hidden@host/db", ERR_INVALID, "no backend"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(CASES); i++) {
        struct store *store = NULL;
        struct err_detail detail = {.text = ""};
        assert_err(store_open(CASES[i].url, true, &store, &detail), CASES[i].err);
        if (!strstr(detail.text, CASES[i].reason))
            fail_msg("%s", detail.text);
        assert_null(strstr(detail.text, "hidden"));
        assert_null(store);
    }
}

/* Opens as somebody who is not root, in a child; what it was told comes back. */
static enum err open_unprivileged(const struct fixture *fix, struct err_detail *detail)
{
    struct {
        enum err err;
        struct err_detail detail;
    } told = {.err = ERR_OK};
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        if (geteuid() == 0 && (setgid(65532) != 0 || setuid(65532) != 0))
            _exit(2);
        told.err = store_open(fix->place.path, true, &store, &told.detail);
        store_close(store);
        _exit(write(fds[1], &told, sizeof told) == sizeof told ? 0 : 1);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(read(fds[0], &told, sizeof told), sizeof told);
    close(fds[0]);
    close(fds[1]);
    *detail = told.detail;
    return told.err;
}

static void a_directory_that_we_may_not_write_is_told(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(chmod(fix->place.dir, 0555), 0);
    assert_err(open_unprivileged(fix, &fix->detail), ERR_DENIED);
    assert_non_null(strstr(fix->detail.text, "permission denied; make the file and its directory "
                                             "writable for uid"));
    chmod(fix->place.dir, 0700);
}

static void a_database_that_we_may_not_write_is_told(void **state)
{
    struct fixture *fix = *state;

    assert_ok(open_store(fix));
    close_store(fix);
    assert_int_equal(chmod(fix->place.path, 0444), 0);
    assert_int_equal(chmod(fix->place.dir, 0777), 0);
    char lock[100];
    snprintf(lock, sizeof lock, "%s.lock", fix->place.path);
    unlink(lock);
    assert_err(open_unprivileged(fix, &fix->detail), ERR_DENIED);
    assert_non_null(strstr(fix->detail.text, fix->place.path));
    assert_non_null(strstr(fix->detail.text, "permission denied"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_database_is_for_its_owner_alone),
        CASE(a_second_opening_is_refused_and_told_who_was_first),
        CASE(a_link_to_the_database_does_not_get_around_the_lock),
        CASE(the_lock_ends_with_its_owner),
        CASE(a_newer_schema_is_refused),
        CASE(another_programs_database_is_refused_and_left_alone),
        CASE(a_file_that_is_no_database_is_refused_and_left_alone),
        CASE(an_empty_file_becomes_a_database),
        CASE(a_path_that_cannot_be_is_refused),
        CASE(a_directory_that_we_may_not_write_is_told),
        CASE(a_database_that_we_may_not_write_is_told),
    };

    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests_name("sqlite: opening", tests, NULL, NULL);
}
