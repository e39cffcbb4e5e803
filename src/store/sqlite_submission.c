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
    query_bind_str(&query, 3, row->form);
    query_bind_str(&query, 4, row->name);
    query_bind_str(&query, 5, row->email);
    query_bind_str(&query, 6, row->message);
    query_bind_str(&query, 7, row->fields);
    query_bind_str(&query, 8, row->source);
    query_bind_str(&query, 9, row->user_agent);
    query_bind_str(&query, 10, row->page);
    return query_write(&query);
}

static enum err read_row(struct query *query, struct submission *ret_row)
{
    struct submission row = {
        .form = query_str(query, 1),
        .name = query_str(query, 2),
        .email = query_str(query, 3),
        .message = query_str(query, 4),
        .fields = query_str(query, 5),
        .source = query_str(query, 6),
        .user_agent = query_str(query, 7),
        .page = query_str(query, 8),
    };

    TRY(query_status(query));
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
    TRY(read_row(&query, &row));
    /* The row number leaves out the random bits, and they are what makes an id unguessable. */
    if (memcmp(row.id.bytes, id->bytes, sizeof id->bytes) != 0)
        return ERR_NOT_FOUND;
    return fn(arg, &row);
}

enum err sqlite_submission_list(struct store *store, const struct submission_filter *filter,
                                store_submission_fn fn, void *arg)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), filter->form.ptr ? SQL_SUBMISSION_LIST_FORM
                                                                        : SQL_SUBMISSION_LIST);
    struct seq_range range = store_range(filter);
    struct submission row;

    query_bind_i64(&query, 1, range.low);
    query_bind_i64(&query, 2, range.high);
    query_bind_i64(&query, 3, filter->limit);
    if (filter->form.ptr)
        query_bind_str(&query, 4, filter->form);
    while (query_next(&query)) {
        TRY(read_row(&query, &row));
        TRY(fn(arg, &row));
    }
    return query_status(&query);
}
