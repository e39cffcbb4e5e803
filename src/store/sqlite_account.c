/* SPDX-License-Identifier: MIT */
/*
 * Users, tokens and the program's own small values in SQLite. Roles and scopes
 * are stored as the words people know, so that the order of an enum may change.
 */
#include "store/sqlite.h"

enum err sqlite_user_insert(struct store *store, const struct user *user)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_USER_INSERT);

    query_bind_str(&query, 1, user->name);
    query_bind_str(&query, 2, user->password_hash);
    query_bind_str(&query, 3, str_of(role_text(user->role)));
    query_bind_i64(&query, 4, user->created_at_ms);
    query_bind_str(&query, 5, user->forms);
    return query_write(&query);
}

enum err sqlite_user_set_password(struct store *store, struct str name, struct str password_hash)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_USER_SET_PASSWORD);

    query_bind_str(&query, 1, name);
    query_bind_str(&query, 2, password_hash);
    return query_write_one(&query);
}

enum err sqlite_user_delete(struct store *store, struct str name)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_USER_DELETE);

    query_bind_str(&query, 1, name);
    return query_write_one(&query);
}

enum err sqlite_user_update(struct store *store, const struct user *user)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_USER_UPDATE);

    query_bind_str(&query, 1, user->name);
    query_bind_str(&query, 2, str_of(role_text(user->role)));
    query_bind_str(&query, 3, user->forms);
    return query_write_one(&query);
}

static enum err tell_user(struct query *query, store_user_fn fn, void *arg)
{
    struct user user = {
        .name = query_str(query, 0),
        .password_hash = query_str(query, 1),
        .created_at_ms = query_i64(query, 3),
        .forms = query_str(query, 4),
    };
    struct str role = query_str(query, 2);

    TRY(query_status(query));
    if (!role_parse(role, &user.role))
        return query_corrupt(query);
    return fn(arg, &user);
}

enum err sqlite_user_get(struct store *store, struct str name, store_user_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_USER_GET);

    query_bind_str(&query, 1, name);
    if (query_next(&query))
        return tell_user(&query, fn, arg);
    TRY(query_status(&query));
    return ERR_NOT_FOUND;
}

enum err sqlite_user_list(struct store *store, store_user_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_USER_LIST);

    while (query_next(&query))
        TRY(tell_user(&query, fn, arg));
    return query_status(&query);
}

enum err sqlite_token_insert(struct store *store, const struct token *token)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_TOKEN_INSERT);

    query_bind_bytes(&query, 1, token->id.bytes, sizeof token->id.bytes);
    query_bind_str(&query, 2, token->name);
    query_bind_bytes(&query, 3, token->hash.bytes, sizeof token->hash.bytes);
    query_bind_str(&query, 4, str_of(access_text(token->scope)));
    query_bind_i64(&query, 5, token->created_at_ms);
    query_bind_i64(&query, 6, token->expires_at_ms);
    query_bind_str(&query, 7, token->forms);
    return query_write(&query);
}

enum err sqlite_token_delete(struct store *store, struct str name)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_TOKEN_DELETE);

    query_bind_str(&query, 1, name);
    return query_write_one(&query);
}

enum err sqlite_token_touch(struct store *store, const struct digest *hash, int64_t used_at_ms)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_TOKEN_TOUCH);

    query_bind_bytes(&query, 1, hash->bytes, sizeof hash->bytes);
    query_bind_i64(&query, 2, used_at_ms);
    return query_write_one(&query);
}

static enum err tell_token(struct query *query, store_token_fn fn, void *arg)
{
    struct token token = {
        .name = query_str(query, 1),
        .created_at_ms = query_i64(query, 4),
        .expires_at_ms = query_i64(query, 5),
        .forms = query_str(query, 6),
        .used_at_ms = query_i64(query, 7),
    };
    struct str scope = query_str(query, 3);

    TRY(query_status(query));
    TRY(query_bytes(query, 0, token.id.bytes, sizeof token.id.bytes));
    TRY(query_bytes(query, 2, token.hash.bytes, sizeof token.hash.bytes));
    if (!access_parse(scope, &token.scope))
        return query_corrupt(query);
    return fn(arg, &token);
}

enum err sqlite_token_get(struct store *store, const struct digest *hash, store_token_fn fn,
                          void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_TOKEN_GET);

    query_bind_bytes(&query, 1, hash->bytes, sizeof hash->bytes);
    if (query_next(&query))
        return tell_token(&query, fn, arg);
    TRY(query_status(&query));
    return ERR_NOT_FOUND;
}

enum err sqlite_token_list(struct store *store, store_token_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_TOKEN_LIST);

    while (query_next(&query))
        TRY(tell_token(&query, fn, arg));
    return query_status(&query);
}

enum err sqlite_meta_put(struct store *store, struct str key, struct str value)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_META_PUT);

    query_bind_str(&query, 1, key);
    query_bind_str(&query, 2, value);
    return query_write(&query);
}

enum err sqlite_meta_get(struct store *store, struct str key, struct buf *out)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_META_GET);

    query_bind_str(&query, 1, key);
    if (query_next(&query)) {
        buf_put(out, query_str(&query, 0));
        TRY(query_status(&query));
        return buf_status(out);
    }
    TRY(query_status(&query));
    return ERR_NOT_FOUND;
}
