/* SPDX-License-Identifier: MIT */
/*
 * Forms in SQLite, and what is kept around them: refused pages, spent tokens,
 * and what spam filters have learnt. See the contracts in store/store.h.
 */
#include "store/sqlite.h"

enum err sqlite_form_put(struct store *store, const struct form *form)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_FORM_PUT);

    query_bind_str(&query, 1, form->name);
    query_bind_str(&query, 2, form->settings);
    query_bind_i64(&query, 3, form->created_at_ms);
    query_bind_i64(&query, 4, form->updated_at_ms);
    return query_write(&query);
}

enum err sqlite_form_delete(struct store *store, struct str name)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_FORM_DELETE);

    query_bind_str(&query, 1, name);
    return query_write_one(&query);
}

static enum err tell_form(struct query *query, store_form_fn fn, void *arg)
{
    const struct form form = {
        .name = query_str(query, 0),
        .settings = query_str(query, 1),
        .created_at_ms = query_i64(query, 2),
        .updated_at_ms = query_i64(query, 3),
    };

    TRY(query_status(query));
    return fn(arg, &form);
}

enum err sqlite_form_get(struct store *store, struct str name, store_form_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_FORM_GET);

    query_bind_str(&query, 1, name);
    if (query_next(&query))
        return tell_form(&query, fn, arg);
    TRY(query_status(&query));
    return ERR_NOT_FOUND;
}

enum err sqlite_form_list(struct store *store, store_form_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_FORM_LIST);

    while (query_next(&query))
        TRY(tell_form(&query, fn, arg));
    return query_status(&query);
}

/* --- refused pages ------------------------------------------------------- */

static enum err trim_refusals(struct store *store)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_REFUSAL_TRIM);

    query_bind_i64(&query, 1, REFUSALS_MAX);
    return query_write(&query);
}

enum err sqlite_refusal_add(struct store *store, const struct refusal *refusal)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_REFUSAL_ADD);

    query_bind_str(&query, 1, refusal->form);
    query_bind_str(&query, 2, refusal->origin);
    query_bind_str(&query, 3, refusal->reason);
    query_bind_i64(&query, 4, refusal->count);
    query_bind_i64(&query, 5, refusal->first_at_ms);
    query_bind_i64(&query, 6, refusal->last_at_ms);
    TRY(query_write(&query));
    return trim_refusals(store);
}

enum err sqlite_refusal_delete(struct store *store, struct str form, struct str origin)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_REFUSAL_DELETE);

    query_bind_str(&query, 1, form);
    query_bind_str(&query, 2, origin);
    return query_write_one(&query);
}

enum err sqlite_refusal_list(struct store *store, store_refusal_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_REFUSAL_LIST);

    while (query_next(&query)) {
        const struct refusal refusal = {
            .form = query_str(&query, 0),
            .origin = query_str(&query, 1),
            .reason = query_str(&query, 2),
            .count = query_i64(&query, 3),
            .first_at_ms = query_i64(&query, 4),
            .last_at_ms = query_i64(&query, 5),
        };
        TRY(query_status(&query));
        TRY(fn(arg, &refusal));
    }
    return query_status(&query);
}

/* --- spent tokens, models ------------------------------------------------ */

enum err sqlite_spent_add(struct store *store, int64_t expires_at_ms, const struct digest *digest)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SPENT_ADD);

    query_bind_i64(&query, 1, expires_at_ms);
    query_bind_bytes(&query, 2, digest->bytes, sizeof digest->bytes);
    return query_write(&query);
}

enum err sqlite_spent_find(struct store *store, int64_t expires_at_ms, const struct digest *digest)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SPENT_FIND);

    query_bind_i64(&query, 1, expires_at_ms);
    query_bind_bytes(&query, 2, digest->bytes, sizeof digest->bytes);
    if (query_next(&query))
        return ERR_OK;
    TRY(query_status(&query));
    return ERR_NOT_FOUND;
}

enum err sqlite_spent_purge(struct store *store, int64_t now_ms)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SPENT_PURGE);

    query_bind_i64(&query, 1, now_ms);
    return query_write(&query);
}

enum err sqlite_model_put(struct store *store, struct str form, struct str bytes)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_MODEL_PUT);

    query_bind_str(&query, 1, form);
    query_bind_bytes(&query, 2, bytes.ptr, bytes.len);
    return query_write(&query);
}

enum err sqlite_model_get(struct store *store, struct str form, struct buf *out)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_MODEL_GET);

    query_bind_str(&query, 1, form);
    if (query_next(&query)) {
        buf_put(out, query_blob(&query, 0));
        return buf_status(out);
    }
    TRY(query_status(&query));
    return ERR_NOT_FOUND;
}
