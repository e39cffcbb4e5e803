/* SPDX-License-Identifier: MIT */
/*
 * A file can be sound in every page and yet not be what the number in its header says: a
 * migration done by hand, a table that is a view. Columns are compared and not the
 * text that made them, for its spaces and comments may change from version to version.
 */
#include "store/sqlite_shape.h"

#include <stdio.h>

#include "store/file.h"
#include "store/migrate.h"

static const char EXPECTED[] =
    "SELECT m.name, m.type, p.name, p.type, p.\"notnull\", p.pk "
    "FROM sqlite_schema m, pragma_table_xinfo(m.name) p WHERE m.type IN ('table', 'view')";

static const char FOUND[] =
    "SELECT count(*) FROM sqlite_schema m, pragma_table_xinfo(m.name) p "
    "WHERE m.name = ?1 AND m.type = ?2 AND p.name = ?3 AND p.type = ?4 AND p.\"notnull\" = ?5 "
    "AND p.pk = ?6";

enum { COLUMNS = 6 };

static const char *column(sqlite3_stmt *stmt, int at)
{
    return (const char *)sqlite3_column_text(stmt, at);
}

static enum err refuse(const struct sqlite_store *self, sqlite3_stmt *expected,
                       struct err_detail *detail)
{
    char reason[208];

    snprintf(reason, sizeof reason,
             "it has no %.40s %.40s with the column %.40s as contactd makes it",
             column(expected, 1), column(expected, 0), column(expected, 2));
    return file_refuse(detail, ERR_CORRUPT, "trust", self->path, reason);
}

/* One column of the expected ones is looked for. */
static enum err find(struct sqlite_store *self, sqlite3_stmt *expected, sqlite3_stmt *found,
                     struct err_detail *detail)
{
    for (int i = 0; i < COLUMNS; i++)
        TRY(sqlite_err(self, sqlite3_bind_value(found, i + 1, sqlite3_column_value(expected, i))));
    if (sqlite3_step(found) != SQLITE_ROW)
        return sqlite_err(self, sqlite3_reset(found));
    bool is_there = sqlite3_column_int(found, 0) == 1;
    TRY(sqlite_err(self, sqlite3_reset(found)));
    return is_there ? ERR_OK : refuse(self, expected, detail);
}

static enum err find_all(struct sqlite_store *model, struct sqlite_store *self,
                         struct err_detail *detail)
{
    sqlite3_stmt *expected = NULL, *found = NULL;
    int code = SQLITE_DONE;

    enum err err = sqlite_err(model, sqlite3_prepare_v2(model->db, EXPECTED, -1, &expected, NULL));
    if (err == ERR_OK)
        err = sqlite_err(self, sqlite3_prepare_v2(self->db, FOUND, -1, &found, NULL));
    while (err == ERR_OK && (code = sqlite3_step(expected)) == SQLITE_ROW)
        err = find(self, expected, found, detail);
    if (err == ERR_OK)
        err = sqlite_err(model, code == SQLITE_DONE ? SQLITE_OK : code);
    sqlite3_finalize(found);
    sqlite3_finalize(expected);
    return err;
}

enum err shape_check(struct sqlite_store *self, int64_t schema, struct err_detail *detail)
{
    struct sqlite_store model = {.path = self->path};

    enum err err = sqlite_err(&model, sqlite3_open(":memory:", &model.db));
    if (err == ERR_OK)
        err = migrate_to(&model, schema);
    if (err == ERR_OK)
        err = find_all(&model, self, detail);
    sqlite3_close(model.db);
    return err;
}
