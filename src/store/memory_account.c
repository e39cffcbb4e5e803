/* SPDX-License-Identifier: MIT */
/*
 * Users, tokens and the program's own small values in memory. The writer is
 * alone in changing rows, so what it looked up still holds when it puts.
 */
#include "store/memory.h"

static struct row *user_row(const struct user *from)
{
    struct user copy = *from;
    struct str *texts[] = {&copy.name, &copy.password_hash, &copy.forms};

    if (!copy.forms.ptr)
        copy.forms = STR("*");
    struct row *row = row_new(ROW_USER, texts, COUNTOF(texts));

    if (row) {
        row->user = copy;
        row->key = copy.name;
    }
    return row;
}

enum err memory_user_insert(struct store *store, const struct user *user)
{
    struct memory_store *self = memory_of(store);

    return memory_is_taken(self, ROW_USER, user->name) ? ERR_EXISTS
                                                       : memory_put(self, user_row(user), NULL);
}

enum err memory_user_set_password(struct store *store, struct str name, struct str password_hash)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = memory_fetch(self, rows_find, ROW_USER, name);

    if (!old)
        return ERR_NOT_FOUND;
    struct user user = old->user;
    user.password_hash = password_hash;
    return memory_put(self, user_row(&user), old);
}

enum err memory_user_update(struct store *store, const struct user *user)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = memory_fetch(self, rows_find, ROW_USER, user->name);

    if (!old)
        return ERR_NOT_FOUND;
    struct user changed = old->user;
    changed.role = user->role;
    changed.forms = user->forms;
    return memory_put(self, user_row(&changed), old);
}

enum err memory_user_delete(struct store *store, struct str name)
{
    return memory_delete(memory_of(store), ROW_USER, name);
}

enum err memory_user_get(struct store *store, struct str name, store_user_fn fn, void *arg)
{
    CLEANUP(row_dropp) struct row *row = memory_fetch(memory_of(store), rows_find, ROW_USER, name);

    return row ? fn(arg, &row->user) : ERR_NOT_FOUND;
}

enum err memory_user_list(struct store *store, store_user_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = memory_fetch(self, rows_after, ROW_USER, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        TRY(fn(arg, &row->user));
    return ERR_OK;
}

/* Tokens are few: a walk finds the one with this hash. Held for the caller. */
static struct row *fetch_token(struct memory_store *self, const struct digest *hash)
{
    struct row *row = memory_fetch(self, rows_after, ROW_TOKEN, (struct str){0});

    while (row && !digest_equal(&row->token.hash, hash))
        memory_advance(self, rows_after, &row);
    return row;
}

static struct row *token_row(const struct token *from)
{
    struct token copy = *from;
    struct str *texts[] = {&copy.name, &copy.forms};

    if (!copy.forms.ptr)
        copy.forms = STR("*");
    struct row *row = row_new(ROW_TOKEN, texts, COUNTOF(texts));
    if (row) {
        row->token = copy;
        row->key = copy.name;
    }
    return row;
}

enum err memory_token_insert(struct store *store, const struct token *token)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *same = fetch_token(self, &token->hash);

    if (same || memory_is_taken(self, ROW_TOKEN, token->name))
        return ERR_EXISTS;
    return memory_put(self, token_row(token), NULL);
}

enum err memory_token_touch(struct store *store, const struct digest *hash, int64_t used_at_ms)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = fetch_token(self, hash);

    if (!old)
        return ERR_NOT_FOUND;
    struct token touched = old->token;
    touched.used_at_ms = used_at_ms;
    return memory_put(self, token_row(&touched), old);
}

enum err memory_token_delete(struct store *store, struct str name)
{
    return memory_delete(memory_of(store), ROW_TOKEN, name);
}

enum err memory_token_get(struct store *store, const struct digest *hash, store_token_fn fn,
                          void *arg)
{
    CLEANUP(row_dropp) struct row *row = fetch_token(memory_of(store), hash);

    return row ? fn(arg, &row->token) : ERR_NOT_FOUND;
}

enum err memory_token_list(struct store *store, store_token_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = memory_fetch(self, rows_after, ROW_TOKEN, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        TRY(fn(arg, &row->token));
    return ERR_OK;
}

enum err memory_meta_put(struct store *store, struct str key, struct str value)
{
    struct memory_store *self = memory_of(store);
    struct str *texts[] = {&key, &value};
    CLEANUP(row_dropp) struct row *old = memory_fetch(self, rows_find, ROW_META, key);
    struct row *row = row_new(ROW_META, texts, COUNTOF(texts));

    if (row) {
        row->value = value;
        row->key = key;
    }
    return memory_put(self, row, old);
}

enum err memory_meta_get(struct store *store, struct str key, struct buf *out)
{
    CLEANUP(row_dropp) struct row *row = memory_fetch(memory_of(store), rows_find, ROW_META, key);

    if (!row)
        return ERR_NOT_FOUND;
    buf_put(out, row->value);
    return buf_status(out);
}
