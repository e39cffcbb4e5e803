/* SPDX-License-Identifier: MIT */
/* What the store's tests share: a place for a database, rows, and looking at rows. */
#ifndef CONTACTD_TESTS_STORE_SUPPORT_H
#define CONTACTD_TESTS_STORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/backend.h"

#define assert_ok(expression)        assert_int_equal((expression), ERR_OK)
#define assert_err(expression, want) assert_int_equal((expression), (want))

static const int64_t T0 = 1790000000000; /* a day in 2026 */

/* A directory of its own for every case, and the path of a database in it. */
struct place {
    char dir[64];
    char path[80];
};

static inline void place_make(struct place *place)
{
    strcpy(place->dir, "/tmp/contactd-store-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    snprintf(place->path, sizeof place->path, "%s/t.db", place->dir);
}

static inline void place_clean(const struct place *place)
{
    static const char *const ENDS[] = {"", "-wal", "-shm", "-journal", ".lock"};
    char path[96];

    for (size_t i = 0; i < COUNTOF(ENDS); i++) {
        snprintf(path, sizeof path, "%s%s", place->path, ENDS[i]);
        unlink(path);
    }
    rmdir(place->dir);
}

/* Ids that a test chooses: any millisecond, any counter, any random bits. */
static inline struct id id_at(int64_t wall_ms, int counter, uint8_t chance)
{
    struct id_source source = {.last_seq = id_seq_at(wall_ms) + counter - 1};
    uint8_t random[8] = {chance, chance, chance, chance, chance, chance, chance, chance};

    return id_next(&source, wall_ms, random);
}

static inline struct submission sample(struct id id, const char *form)
{
    return (struct submission){
        .id = id,
        .form = str_of(form),
        .name = STR("Ada Lovelace"),
        .email = STR("ada@example.com"),
        .message = STR("The engine weaves algebraical patterns."),
        .source = STR("203.0.113.7"),
    };
}

static inline void insert_committed(struct store *store, const struct submission *row)
{
    assert_ok(store_begin(store));
    assert_ok(store_submission_insert(store, row));
    assert_ok(store_commit(store));
}

/* The row numbers of a list, in its order. */
struct seen {
    int count;
    int64_t seqs[SUBMISSION_LIST_MAX + 1];
};

static inline enum err see(void *arg, const struct submission *row)
{
    struct seen *seen = arg;

    seen->seqs[seen->count++] = id_seq(&row->id);
    return ERR_OK;
}

static inline struct seen list(struct store *store, struct submission_filter filter)
{
    struct seen seen = {0};

    if (!filter.limit)
        filter.limit = SUBMISSION_LIST_MAX;
    assert_ok(store_submission_list(store, &filter, see, &seen));
    return seen;
}

static inline int count(struct store *store)
{
    return list(store, (struct submission_filter){0}).count;
}

#endif
