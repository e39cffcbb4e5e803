/* SPDX-License-Identifier: MIT */
/*
 * Notes in SQLite. They belong to a row number; that the submission's whole id was
 * right is the caller's to know. See the contracts in store/store.h.
 */
#include "store/sqlite.h"

enum err sqlite_note_insert(struct store *store, const struct id *submission,
                            const struct submission_note *note)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_NOTE_INSERT);

    query_bind_i64(&query, 1, id_seq(submission));
    query_bind_i64(&query, 2, note->id);
    query_bind_str(&query, 3, note->author);
    query_bind_str(&query, 4, note->text);
    query_bind_i64(&query, 5, note->created_at_ms);
    return query_write(&query);
}

enum err sqlite_note_delete(struct store *store, const struct id *submission, int64_t note_id)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_NOTE_DELETE);

    query_bind_i64(&query, 1, id_seq(submission));
    query_bind_i64(&query, 2, note_id);
    return query_write_one(&query);
}

enum err sqlite_note_delete_all(struct store *store, int64_t seq)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_NOTE_DELETE_ALL);

    query_bind_i64(&query, 1, seq);
    return query_write(&query);
}

enum err sqlite_note_list(struct store *store, const struct id *submission, store_note_fn fn,
                          void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_NOTE_LIST);

    query_bind_i64(&query, 1, id_seq(submission));
    while (query_next(&query)) {
        const struct submission_note note = {.id = query_i64(&query, 0),
                                             .author = query_str(&query, 1),
                                             .text = query_str(&query, 2),
                                             .created_at_ms = query_i64(&query, 3)};
        TRY(query_status(&query));
        TRY(fn(arg, &note));
    }
    return query_status(&query);
}
