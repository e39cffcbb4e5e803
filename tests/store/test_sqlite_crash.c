/* SPDX-License-Identifier: MIT */
/* SQLite when the process dies at the worst moment, and when the file is damaged. */
#include "batches.h"

#include <fcntl.h>

#include "core/search_text.h"

/* A few rows into search and counts, as the janitor does. */
static enum err index_some(struct store *store)
{
    bool has_more;
    int rows;

    TRY(store_begin(store));
    enum err err = store_index_step(store, 4, &rows);
    if (err == ERR_OK)
        err = store_index_tidy(store, 3, &has_more);
    if (err == ERR_OK)
        return store_commit(store);
    store_rollback(store);
    return err;
}

static enum err add_up(void *arg, const struct tally *tally)
{
    if (tally->day == TALLY_ALL_DAYS)
        *(int64_t *)arg += tally->count;
    return ERR_OK;
}

static void assert_counted(struct store *store, int64_t rows)
{
    int64_t counted = 0;

    assert_ok(store_tally_list(store, 0, (struct str){0}, add_up, &counted));
    assert_int_equal(counted, rows);
    assert_ok(sqlite_run_text(sqlite_of(store),
                              "INSERT INTO search (search) VALUES ('integrity-check')"));
}

static void write_until_killed(const struct fixture *fix, int pipe_fd)
{
    struct fixture mine = *fix;

    open_store(&mine);
    for (;;) {
        if (write_batch(&mine) != ERR_OK || write(pipe_fd, "+", 1) != 1)
            _exit(1);
        if (index_some(mine.store) != ERR_OK || store_checkpoint(mine.store, 30000) != ERR_OK)
            _exit(1);
    }
}

static void kill_after(struct fixture *fix, int acks)
{
    int fds[2];
    char byte;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0)
        write_until_killed(fix, fds[1]);
    close(fds[1]);
    for (int i = 0; i < acks; i++)
        assert_int_equal(read(fds[0], &byte, 1), 1);
    kill(child, SIGKILL);
    int told = acks;
    while (read(fds[0], &byte, 1) == 1)
        told++;
    close(fds[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    fix->acknowledged += told * BATCH;
}

static void kill_9_loses_nothing_that_was_acknowledged(void **state)
{
    struct fixture *fix = *state;

    for (int cycle = 0; cycle < 20; cycle++) {
        kill_after(fix, 1 + cycle * 3);
        open_store(fix);
        int64_t rows;
        assert_ok(sqlite_ask(sqlite_of(fix->store), "SELECT count(*) FROM submission", &rows));
        /* One batch may be on disk whose acknowledgement did not get out. */
        assert_true(rows == fix->acknowledged || rows == fix->acknowledged + BATCH);
        assert_counted(fix->store, rows);
        fix->acknowledged = fix->tried = (int)rows;
        assert_sound(fix);
        close_store(fix);
    }
}

static bool is_killed_while_opening(const struct fixture *fix, int call)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        struct store *store = NULL;
        fault_set(call, FAULT_KILL, false);
        _exit(store_open(fix->place.path, true, &store, NULL) == ERR_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

static void a_migration_may_be_killed_at_any_call(void **state)
{
    struct fixture *fix = *state;

    for (int call = 1; is_killed_while_opening(fix, call); call++) {
        open_store(fix);
        assert_goes_on(fix);
        close_store(fix);
        place_clean(&fix->place);
        mkdir(fix->place.dir, 0700);
        fix->acknowledged = fix->tried = 0;
        assert_true(call < 1000);
    }
}

static char *slurp(const char *path, size_t *ret_len)
{
    struct stat info;
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    char *bytes = malloc((size_t)info.st_size);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)info.st_size), info.st_size);
    close(fd);
    *ret_len = (size_t)info.st_size;
    return bytes;
}

static void spill(const char *path, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static enum err touch_text(void *arg, const struct submission *row)
{
    size_t *sum = arg;

    for (size_t i = 0; i < row->message.len; i++)
        *sum += (unsigned char)row->message.ptr[i];
    return ERR_OK;
}

/* Uses the store in every way; only the sanitizers and the next line judge. */
static void use_damaged(struct fixture *fix)
{
    static const char *const WANTED[] = {"a", "b"};
    struct submission_filter filter = {.limit = SUBMISSION_LIST_MAX};
    struct search search;
    size_t sum = 0;

    if (store_open(fix->place.path, false, &fix->store, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < COUNTOF(WANTED); i++) {
        enum err err = store_submission_list(fix->store, &filter, touch_text, &sum);
        filter.form = str_of(WANTED[i]);
        assert_in_range(err, ERR_OK, ERR__COUNT - 1);
    }
    (void)!write_batch(fix);
    (void)!index_some(fix->store);
    (void)!search_parse(STR("aaa b*"), &search);
    filter.query = &search;
    (void)!store_submission_list(fix->store, &filter, touch_text, &sum);
    (void)!store_checkpoint(fix->store, 0);
    close_store(fix);
}

static void a_damaged_file_never_crashes_us(void **state)
{
    struct fixture *fix = *state;
    size_t len;
    uint32_t seed = 1;

    open_store(fix);
    for (int i = 0; i < 20; i++) {
        assert_ok(write_batch(fix));
        assert_ok(index_some(fix->store));
    }
    close_store(fix);
    char *good = slurp(fix->place.path, &len), *bad = malloc(len);
    assert_non_null(bad);
    for (int i = 0; i < 300; i++) {
        memcpy(bad, good, len);
        for (int j = 0; j < 1 + i % 8; j++) {
            seed = seed * 1664525 + 1013904223;
            /* Half of the blows go to the page headers and the schema, where they hurt. */
            size_t at = i % 2 ? (seed >> 4) % len : (seed >> 4) % (len / 4096) * 4096 + seed % 120;
            bad[at] = (char)(seed >> 16);
        }
        spill(fix->place.path, bad, i % 10 ? len : (seed >> 5) % len);
        use_damaged(fix);
    }
    spill(fix->place.path, good, len);
    open_store(fix);
    fix->acknowledged = 20 * BATCH;
    assert_sound(fix);
    free(good);
    free(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(kill_9_loses_nothing_that_was_acknowledged),
        CASE(a_migration_may_be_killed_at_any_call),
        CASE(a_damaged_file_never_crashes_us),
    };

    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests_name("sqlite: crashes", tests, NULL, NULL);
}
