/* SPDX-License-Identifier: MIT */
/*
 * Forward-only migrations. The file's user_version says how many steps it has
 * seen; a step and its new number are committed together, so a crash leaves
 * the schema before it or after it. There is no way back: a binary that meets
 * a newer schema refuses to start.
 */
#include "store/migrate.h"

#include <stdio.h>

enum { STEP_COUNT = COUNTOF(SQL_MIGRATIONS) };

enum err migrate_check(struct sqlite_store *self, struct err_detail *detail)
{
    int64_t application, version, objects;

    TRY(sqlite_ask(self, "SELECT count(*) FROM sqlite_schema", &objects));
    TRY(sqlite_ask(self, "PRAGMA application_id", &application));
    TRY(sqlite_ask(self, "PRAGMA user_version", &version));
    bool is_empty = application == 0 && version == 0 && objects == 0;
    if (application != APPLICATION_ID && !is_empty)
        return err_set(detail, ERR_INVALID,
                       "cannot open %s: it is the SQLite database of another program; give the "
                       "path of another file",
                       self->path);
    if (version < 0)
        return err_set(detail, ERR_CORRUPT,
                       "cannot open %s: it is damaged, schema %lld; restore a backup", self->path,
                       (long long)version);
    if (version > STEP_COUNT)
        return err_set(detail, ERR_NEWER,
                       "cannot open %s: it was made by a newer contactd (schema %lld, this one "
                       "knows %d); upgrade contactd",
                       self->path, (long long)version, (int)STEP_COUNT);
    return ERR_OK;
}

static enum err run_in_txn(struct sqlite_store *self, int64_t step)
{
    char stamp[96];

    snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %lld",
             (int)APPLICATION_ID, (long long)step + 1);
    TRY(sqlite_run_text(self, SQL_MIGRATIONS[step]));
    TRY(sqlite_run_text(self, stamp));
    return sqlite_run_text(self, "COMMIT");
}

static enum err run_step(struct sqlite_store *self, int64_t step)
{
    TRY(sqlite_run_text(self, "BEGIN IMMEDIATE"));
    enum err err = run_in_txn(self, step);
    /* The words of the failure stay: a rollback that works has none of its own. */
    if (err != ERR_OK && !sqlite3_get_autocommit(self->db))
        (void)sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

enum err migrate_to(struct sqlite_store *self, int64_t schema)
{
    int64_t version;

    TRY(sqlite_ask(self, "PRAGMA user_version", &version));
    for (int64_t step = version; step < schema; step++)
        TRY(run_step(self, step));
    return ERR_OK;
}

enum err migrate_run(struct sqlite_store *self)
{
    return migrate_to(self, STEP_COUNT);
}
