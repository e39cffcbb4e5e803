/* SPDX-License-Identifier: MIT */
/*
 * Submissions in SQLite. The row number is id_seq() of the id, so "newest
 * first", "since" and "the page after" are ranges of the primary key.
 */
#include "store/sqlite.h"

enum err sqlite_submission_insert(struct store *store, const struct submission *row)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_SUBMISSION_INSERT);

    query_bind_i64(&query, 1, id_seq(&row->id));
    query_bind_bytes(&query, 2, row->id.bytes, sizeof row->id.bytes);
    query_bind_i64(&query, 3, (int64_t)row->state);
    query_bind_i64(&query, 4, row->spam_score);
    query_bind_str(&query, 5, row->form);
    query_bind_str(&query, 6, row->name);
    query_bind_str(&query, 7, row->email);
    query_bind_str(&query, 8, row->message);
    query_bind_str(&query, 9, row->fields);
    query_bind_str(&query, 10, row->source);
    query_bind_str(&query, 11, row->user_agent);
    query_bind_str(&query, 12, row->page);
    query_bind_str(&query, 13, row->spam_reasons);
    query_bind_str(&query, 14, row->idempotency_key);
    query_bind_i64(&query, 15, row->is_starred);
    query_bind_i64(&query, 16, row->state_at_ms);
    TRY(query_write(&query));
    return sqlite_search_inserted(sqlite_of(store), row);
}

enum err sqlite_submission_read(struct query *query, struct submission *ret_row)
{
    struct submission row = {
        .spam_score = (int)query_i64(query, 2),
        .form = query_str(query, 3),
        .name = query_str(query, 4),
        .email = query_str(query, 5),
        .message = query_str(query, 6),
        .fields = query_str(query, 7),
        .source = query_str(query, 8),
        .user_agent = query_str(query, 9),
        .page = query_str(query, 10),
        .spam_reasons = query_str(query, 11),
        .idempotency_key = query_str(query, 12),
        .is_starred = query_i64(query, 14) != 0,
        .state_at_ms = query_i64(query, 15),
    };
    int64_t state = query_i64(query, 1), taught = query_i64(query, 13);

    TRY(query_status(query));
    if (state < STATE_NEW || state > STATE_TRASH || taught < 0 || taught > TAUGHT_SPAM)
        return query_corrupt(query);
    row.state = (enum submission_state)state;
    row.taught = (enum submission_taught)taught;
    TRY(query_bytes(query, 0, row.id.bytes, sizeof row.id.bytes));
    *ret_row = row;
    return ERR_OK;
}

enum err sqlite_submission_get(struct store *store, const struct id *id, store_submission_fn fn,
                               void *arg)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_SUBMISSION_GET);
    struct submission row;

    query_bind_i64(&query, 1, id_seq(id));
    if (!query_next(&query)) {
        TRY(query_status(&query));
        return ERR_NOT_FOUND;
    }
    TRY(sqlite_submission_read(&query, &row));
    /* The row number leaves out the random bits, and they are what makes an id unguessable. */
    if (memcmp(row.id.bytes, id->bytes, sizeof id->bytes) != 0)
        return ERR_NOT_FOUND;
    return fn(arg, &row);
}

enum err sqlite_tell_rows(struct query *query, store_submission_fn fn, void *arg)
{
    struct submission row;

    while (query_next(query)) {
        TRY(sqlite_submission_read(query, &row));
        TRY(fn(arg, &row));
    }
    return query_status(query);
}

enum err sqlite_submission_newest(struct store *store, int64_t since_ms, int64_t max,
                                  store_submission_fn fn, void *arg)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_SUBMISSION_NEWEST);

    query_bind_i64(&query, 1, id_seq_at(since_ms));
    query_bind_i64(&query, 2, max);
    return sqlite_tell_rows(&query, fn, arg);
}

enum err sqlite_submission_find_key(struct store *store, struct str form, struct str key,
                                    int64_t since_ms, store_submission_fn fn, void *arg)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_SUBMISSION_FIND_KEY);
    struct submission row;

    query_bind_str(&query, 1, form);
    query_bind_str(&query, 2, key);
    query_bind_i64(&query, 3, id_seq_at(since_ms));
    if (!query_next(&query)) {
        TRY(query_status(&query));
        return ERR_NOT_FOUND;
    }
    TRY(sqlite_submission_read(&query, &row));
    return fn(arg, &row);
}

enum err sqlite_submission_scan(struct store *store, int64_t below_seq, int64_t max,
                                store_submission_fn fn, void *arg)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_SUBMISSION_SCAN);

    query_bind_i64(&query, 1, below_seq);
    query_bind_i64(&query, 2, max);
    while (query_next(&query)) {
        struct submission row = {.form = query_str(&query, 1),
                                 .email = query_str(&query, 2),
                                 .fields = query_str(&query, 3)};
        TRY(query_status(&query));
        TRY(query_bytes(&query, 0, row.id.bytes, sizeof row.id.bytes));
        TRY(fn(arg, &row));
    }
    return query_status(&query);
}

/* --- changes: every one of a state, and every end of a row, comes through here ------------ */

enum err sqlite_submission_set_state(struct store *store, const struct id *id,
                                     enum submission_state state, enum submission_taught taught,
                                     int64_t at_ms)
{
    TRY(sqlite_search_moves(sqlite_of(store), id, state));
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_SUBMISSION_SET_STATE);

    query_bind_i64(&query, 1, id_seq(id));
    query_bind_i64(&query, 2, (int64_t)state);
    query_bind_bytes(&query, 3, id->bytes, sizeof id->bytes);
    query_bind_i64(&query, 4, (int64_t)taught);
    query_bind_i64(&query, 5, at_ms);
    return query_write_one(&query);
}

enum err sqlite_submission_set_starred(struct store *store, const struct id *id, bool is_starred)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_SUBMISSION_SET_STARRED);

    query_bind_i64(&query, 1, id_seq(id));
    query_bind_i64(&query, 2, is_starred);
    query_bind_bytes(&query, 3, id->bytes, sizeof id->bytes);
    return query_write_one(&query);
}

/* The one place where a row ends; what is known of it elsewhere ends here, too. */
enum err sqlite_submission_delete(struct store *store, const struct id *id)
{
    TRY(sqlite_search_deletes(sqlite_of(store), id));
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_SUBMISSION_DELETE);

    query_bind_i64(&query, 1, id_seq(id));
    query_bind_bytes(&query, 2, id->bytes, sizeof id->bytes);
    TRY(query_write_one(&query));
    TRY(sqlite_delivery_delete_all(store, id));
    return sqlite_note_delete_all(store, id_seq(id));
}
