/* SPDX-License-Identifier: MIT */
/* Batches of rows as the committer writes them, and keeping count of what was acknowledged. */
#ifndef CONTACTD_TESTS_STORE_BATCHES_H
#define CONTACTD_TESTS_STORE_BATCHES_H

#include "support.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "fault.h"
#include "store/sqlite.h"

enum { BATCH = 5 };

struct fixture {
    struct place place;
    struct store *store;
    int acknowledged;
    int tried;
};

static inline int set_up(void **state)
{
    struct fixture *fix = calloc(1, sizeof *fix);

    assert_non_null(fix);
    place_make(&fix->place);
    *state = fix;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fix = *state;

    fault_clear();
    store_close(fix->store);
    place_clean(&fix->place);
    free(fix);
    return 0;
}

static inline void open_store(struct fixture *fix)
{
    struct err_detail detail = {.text = ""};

    if (store_open(fix->place.path, true, &fix->store, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
}

static inline void close_store(struct fixture *fix)
{
    store_close(fix->store);
    fix->store = NULL;
}

static inline enum err insert_batch(struct store *store, int first)
{
    static char text[3000];

    memset(text, 'x', sizeof text);
    for (int i = 0; i < BATCH; i++) {
        struct submission row = sample(id_at(T0, first + i, 1), "a");
        row.message = (struct str){text, sizeof text};
        TRY(store_mark(store));
        TRY(store_submission_insert(store, &row));
        TRY(store_mark_keep(store));
    }
    return store_commit(store);
}

/* One batch as the committer does it; counts it when it was acknowledged. */
static inline enum err write_batch(struct fixture *fix)
{
    int first = fix->tried;

    fix->tried += BATCH;
    enum err err = store_begin(fix->store);
    if (err == ERR_OK)
        err = insert_batch(fix->store, first);
    if (err == ERR_OK)
        fix->acknowledged += BATCH;
    else
        store_rollback(fix->store);
    return err;
}

static inline void assert_all_and_only_acknowledged(struct fixture *fix)
{
    int64_t rows = -1;

    assert_ok(sqlite_ask(sqlite_of(fix->store), "SELECT count(*) FROM submission", &rows));
    assert_int_equal(rows, fix->acknowledged);
}

static inline void assert_sound(struct fixture *fix)
{
    int64_t faults = -1;

    assert_ok(sqlite_ask(sqlite_of(fix->store),
                         "SELECT count(*) FROM pragma_integrity_check"
                         " WHERE integrity_check <> 'ok'",
                         &faults));
    assert_int_equal(faults, 0);
    assert_all_and_only_acknowledged(fix);
}

static inline void assert_goes_on(struct fixture *fix)
{
    assert_all_and_only_acknowledged(fix);
    assert_ok(write_batch(fix));
    assert_all_and_only_acknowledged(fix);
    close_store(fix);
    open_store(fix);
    assert_sound(fix);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
