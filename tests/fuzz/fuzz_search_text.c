/* SPDX-License-Identifier: MIT */
/*
 * Whatever is looked for, FTS5 takes what we make of it; and it finds exactly
 * what search_fits() says, in a table that is fed like the real one.
 */
#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "core/search_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sqlite3 *db;
static sqlite3_stmt *add, *find, *clear;

static void start(void)
{
    assert(sqlite3_open(":memory:", &db) == SQLITE_OK);
    assert(sqlite3_exec(db,
                        "CREATE VIRTUAL TABLE search USING fts5 (text, form, content = '', "
                        "columnsize = 0, tokenize = 'ascii')",
                        NULL, NULL, NULL) == SQLITE_OK);
    assert(!sqlite3_prepare_v2(db, "INSERT INTO search (rowid, text, form) VALUES (1, ?1, ?2)", -1,
                               &add, NULL));
    assert(
        !sqlite3_prepare_v2(db, "SELECT rowid FROM search WHERE search MATCH ?1", -1, &find, NULL));
    assert(!sqlite3_prepare_v2(db, "INSERT INTO search (search) VALUES ('delete-all')", -1, &clear,
                               NULL));
}

static int step(sqlite3_stmt *stmt, struct str first, struct str second)
{
    sqlite3_bind_text64(stmt, 1, first.ptr, first.len, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_text64(stmt, 2, second.ptr, second.len, SQLITE_STATIC, SQLITE_UTF8);
    int code = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return code;
}

/* What is looked for: up to the first NUL; what is looked at: the rest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str query = {(const char *)data, strnlen((const char *)data, size)};
    struct str message = {query.ptr + query.len, size - query.len};
    struct submission row = {.form = STR("a"), .name = STR("Ada Lovelace"), .message = message};
    struct buf words = buf_new(SEARCH_TEXT_MAX), match = buf_new(16384), form = buf_new(200);
    struct search search;

    if (!db)
        start();
    assert(search_text_make(&row, &words) == ERR_OK);
    search_put_form(&form, row.form);
    assert(step(add, buf_str(&words), buf_str(&form)) == SQLITE_DONE);
    if (search_parse(query, &search) && search.count) {
        search_put_form_match(&match, STR("a"), true);
        search_put_form_match(&match, STR("b"), false);
        buf_put(&match, STR(") AND "));
        assert(search_put_match(&match, &search, false) && !buf_status(&match));
        int found = step(find, buf_str(&match), (struct str){0});
        assert(found == (search_fits(&search, buf_str(&words)) ? SQLITE_ROW : SQLITE_DONE));
        match.len = 0;
        if (search_put_match(&match, &search, true))
            assert(step(find, buf_str(&match), (struct str){0}) == SQLITE_ROW ||
                   found == SQLITE_DONE);
    }
    step(clear, (struct str){0}, (struct str){0});
    buf_done(&words);
    buf_done(&match);
    buf_done(&form);
    return 0;
}
