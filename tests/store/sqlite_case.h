/* SPDX-License-Identifier: MIT */
/* A case about SQLite: a place for a database, opened or refused. */
#ifndef CONTACTD_TESTS_STORE_SQLITE_CASE_H
#define CONTACTD_TESTS_STORE_SQLITE_CASE_H

#include "support.h"

#include <sys/stat.h>

#include "store/migrate.h"

struct fixture {
    struct place place;
    struct store *store;
    struct err_detail detail;
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

    store_close(fix->store);
    place_clean(&fix->place);
    free(fix);
    return 0;
}

static inline enum err open_store(struct fixture *fix)
{
    fix->detail.text[0] = '\0';
    return store_open(fix->place.path, true, &fix->store, &fix->detail);
}

static inline void close_store(struct fixture *fix)
{
    store_close(fix->store);
    fix->store = NULL;
}

/* Refused, with a line that names the file and says what matters. */
static inline void assert_refused(struct fixture *fix, enum err want, const char *reason)
{
    enum err err = open_store(fix);

    if (err != want || !strstr(fix->detail.text, reason) ||
        !strstr(fix->detail.text, fix->place.path))
        fail_msg("%s: %s", err_text(err), fix->detail.text);
    assert_null(fix->store);
}

/* Runs SQL on the file as any other program would. */
static inline void run_foreign(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
