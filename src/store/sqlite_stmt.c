/* SPDX-License-Identifier: MIT */
/*
 * Statements: every SQL text of the program is a row of sql/sqlite/queries.sql,
 * prepared once per connection and reused. Values are bound without copying;
 * they outlive the step that reads them. And the translation of SQLite's
 * result codes, which no other file looks at.
 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/file.h"
#include "store/sqlite.h"

enum { QUERY_BUDGET_US = 2000 * 1000 };

static const struct {
    int code; /* extended codes before the primary ones that contain them */
    enum err err;
} CODES[] = {
    {SQLITE_CONSTRAINT_UNIQUE, ERR_EXISTS},
    {SQLITE_CONSTRAINT_PRIMARYKEY, ERR_EXISTS},
    {SQLITE_FULL, ERR_DISK_FULL},
    {SQLITE_IOERR_NOMEM, ERR_MEMORY},
    {SQLITE_IOERR, ERR_IO},
    {SQLITE_CORRUPT, ERR_CORRUPT},
    {SQLITE_NOTADB, ERR_CORRUPT},
    {SQLITE_BUSY, ERR_BUSY},
    {SQLITE_NOMEM, ERR_MEMORY},
    {SQLITE_CANTOPEN, ERR_DENIED},
    {SQLITE_PERM, ERR_DENIED},
    {SQLITE_READONLY, ERR_DENIED},
};

static enum err err_of(int code)
{
    for (size_t i = 0; i < COUNTOF(CODES); i++)
        if (CODES[i].code == code || CODES[i].code == (code & 0xff))
            return CODES[i].err;
    return ERR_STORE;
}

static void keep_words(struct sqlite_store *self, int code, int number)
{
    char *words = self->base.words;

    if (atomic_load(&self->is_interrupted))
        snprintf(words, STORE_WORDS_MAX, "the query was broken off");
    else if (code == SQLITE_INTERRUPT)
        snprintf(words, STORE_WORDS_MAX, "the query took longer than %d ms",
                 QUERY_BUDGET_US / 1000);
    else if (!self->db)
        snprintf(words, STORE_WORDS_MAX, "the database could not be opened again");
    else if (number)
        snprintf(words, STORE_WORDS_MAX, "%s: %s (SQLite code %d)", sqlite3_errmsg(self->db),
                 strerror(number), code);
    else
        snprintf(words, STORE_WORDS_MAX, "%s (SQLite code %d)", sqlite3_errmsg(self->db), code);
}

enum err sqlite_err(struct sqlite_store *self, int code)
{
    /* Not sqlite3_system_errno(): a COMMIT that fails does not set it. */
    int number = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN ? errno : 0;
    enum err err = err_of(code);

    if (code == SQLITE_OK)
        return ERR_OK;
    keep_words(self, code, number);
    return err == ERR_IO && file_err_of(number) == ERR_DISK_FULL ? ERR_DISK_FULL : err;
}

enum err sqlite_run_text(struct sqlite_store *self, const char *sql)
{
    return sqlite_err(self, sqlite3_exec(self->db, sql, NULL, NULL, NULL));
}

enum err sqlite_ask(struct sqlite_store *self, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(self->db, sql, -1, &stmt, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(stmt, 0);
    enum err err = sqlite_err(self, code == SQLITE_ROW ? SQLITE_OK : code);
    sqlite3_finalize(stmt);
    return err;
}

static int prepare(struct sqlite_store *self, enum sql_query name)
{
    if (!self->db)
        return SQLITE_ERROR;
    return sqlite3_prepare_v3(self->db, SQL_QUERIES[name], -1, SQLITE_PREPARE_PERSISTENT,
                              &self->stmts[name], NULL);
}

/*
 * But for those of the deliveries, which come last: a server whose forms tell nobody needs
 * none of them, and each takes some kilobytes.
 */
enum err sqlite_prepare_all(struct sqlite_store *self)
{
    for (size_t i = 0; i < SQL_DELIVERY_INSERT; i++)
        TRY(sqlite_err(self, prepare(self, (enum sql_query)i)));
    return ERR_OK;
}

void sqlite_finalize_all(struct sqlite_store *self)
{
    for (size_t i = 0; i < SQL__COUNT; i++) {
        sqlite3_finalize(self->stmts[i]);
        self->stmts[i] = NULL;
    }
}

struct query query_start(struct sqlite_store *self, enum sql_query name)
{
    struct query query = {.store = self};

    if (self->base.is_reader && !self->has_view)
        self->deadline_us = clock_mono_us() + QUERY_BUDGET_US;
    /* Readers prepare what they are asked for: most of them need two statements. */
    if (!self->stmts[name])
        query.code = prepare(self, name);
    query.stmt = self->stmts[name];
    return query;
}

void query_done(struct query *query)
{
    sqlite3_reset(query->stmt); /* its failure was told by the step before */
    query->stmt = NULL;
}

void query_bind_i64(struct query *query, int at, int64_t value)
{
    if (query->code == SQLITE_OK)
        query->code = sqlite3_bind_int64(query->stmt, at, value);
}

void query_bind_str(struct query *query, int at, struct str text)
{
    if (query->code == SQLITE_OK)
        query->code =
            sqlite3_bind_text64(query->stmt, at, text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

void query_bind_bytes(struct query *query, int at, const void *bytes, size_t len)
{
    if (query->code == SQLITE_OK)
        query->code = sqlite3_bind_blob64(query->stmt, at, bytes, len, SQLITE_STATIC);
}

bool query_next(struct query *query)
{
    if (query->code != SQLITE_OK)
        return false;
    errno = 0;
    int code =
        atomic_load(&query->store->is_interrupted) ? SQLITE_INTERRUPT : sqlite3_step(query->stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        query->code = code;
    return code == SQLITE_ROW;
}

enum err query_status(struct query *query)
{
    return sqlite_err(query->store, query->code);
}

int64_t query_i64(const struct query *query, int column)
{
    return sqlite3_column_int64(query->stmt, column);
}

struct str query_str(struct query *query, int column)
{
    if (sqlite3_column_type(query->stmt, column) == SQLITE_NULL)
        return (struct str){0};
    const unsigned char *text = sqlite3_column_text(query->stmt, column);
    if (!text)
        query->code = SQLITE_NOMEM;
    return (struct str){.ptr = (const char *)text,
                        .len = (size_t)sqlite3_column_bytes(query->stmt, column)};
}

struct str query_blob(const struct query *query, int column)
{
    const void *bytes = sqlite3_column_blob(query->stmt, column);

    return (struct str){.ptr = bytes, .len = (size_t)sqlite3_column_bytes(query->stmt, column)};
}

enum err query_bytes(struct query *query, int column, void *ret_bytes, size_t len)
{
    const void *bytes = sqlite3_column_blob(query->stmt, column);

    if (!bytes || (size_t)sqlite3_column_bytes(query->stmt, column) != len)
        return query_corrupt(query);
    memcpy(ret_bytes, bytes, len);
    return ERR_OK;
}

enum err query_corrupt(struct query *query)
{
    snprintf(query->store->base.words, STORE_WORDS_MAX, "a row has a value that was never written");
    return ERR_CORRUPT;
}

enum err sqlite_run(struct sqlite_store *self, enum sql_query name)
{
    CLEANUP(query_done) struct query query = query_start(self, name);

    while (query_next(&query))
        ;
    return query_status(&query);
}

enum err sqlite_view_begin(struct sqlite_store *self)
{
    TRY(sqlite_run(self, SQL_VIEW_BEGIN));
    self->has_view = true;
    return ERR_OK;
}

enum err sqlite_view_end(struct sqlite_store *self)
{
    self->has_view = false;
    enum err err = sqlite_run(self, SQL_VIEW_END);
    /* A view that stays open would show its rows for ever. */
    if (err != ERR_OK && !sqlite3_get_autocommit(self->db))
        (void)!sqlite_run(self, SQL_TXN_ROLLBACK);
    return err;
}

enum err query_write(struct query *query)
{
    struct sqlite_store *self = query->store;

    /* Without its transaction the row would be committed by itself. */
    if (self->lost)
        return self->lost;
    while (query_next(query))
        ;
    enum err err = query_status(query);
    query_done(query);
    if (err != ERR_OK && self->db && sqlite3_get_autocommit(self->db))
        self->lost = err;
    return err;
}

enum err query_write_one(struct query *query)
{
    TRY(query_write(query));
    return sqlite3_changes(query->store->db) ? ERR_OK : ERR_NOT_FOUND;
}
