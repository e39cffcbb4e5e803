/* SPDX-License-Identifier: MIT */
/* Forms in memory, and what is kept around them. The writer is alone in changing rows. */
#include "store/memory.h"

enum err memory_form_put(struct store *store, const struct form *form)
{
    struct memory_store *self = memory_of(store);
    struct form copy = *form;
    struct str *texts[] = {&copy.name, &copy.settings};
    CLEANUP(row_dropp) struct row *old = memory_fetch(self, rows_find, ROW_FORM, form->name);
    struct row *row = row_new(ROW_FORM, texts, COUNTOF(texts));

    if (row) {
        if (old)
            copy.created_at_ms = old->form.created_at_ms;
        row->form = copy;
        row->key = copy.name;
    }
    return memory_put(self, row, old);
}

enum err memory_form_delete(struct store *store, struct str name)
{
    return memory_delete(memory_of(store), ROW_FORM, name);
}

enum err memory_form_get(struct store *store, struct str name, store_form_fn fn, void *arg)
{
    CLEANUP(row_dropp) struct row *row = memory_fetch(memory_of(store), rows_find, ROW_FORM, name);

    return row ? fn(arg, &row->form) : ERR_NOT_FOUND;
}

enum err memory_form_list(struct store *store, store_form_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = memory_fetch(self, rows_after, ROW_FORM, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        TRY(fn(arg, &row->form));
    return ERR_OK;
}

/* --- refused pages: ordered by when they were last seen ------------------ */

static bool is_same_page(const struct refusal *a, struct str form, struct str origin)
{
    return str_equal(a->form, form) && str_equal(a->origin, origin);
}

/* The row of this page and reason, held for the caller, or NULL; and how many rows there are. */
static struct row *fetch_refusal(struct memory_store *self, const struct refusal *refusal,
                                 size_t *ret_count)
{
    struct row *found = NULL;
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_REFUSAL, (struct str){0});

    *ret_count = 0;
    for (; row; memory_advance(self, rows_after, &row), ++*ret_count) {
        if (found || !is_same_page(&row->refusal, refusal->form, refusal->origin) ||
            !str_equal(row->refusal.reason, refusal->reason))
            continue;
        found = row;
        row_hold(found);
    }
    return found;
}

static enum err put_refusal(struct memory_store *self, const struct refusal *refusal,
                            struct row *old)
{
    struct refusal copy = *refusal;
    char seq_key[SEQ_KEY_BYTES];
    struct str key = rows_seq_key(copy.last_at_ms, seq_key);
    /* The key's bytes are followed by the rest, so that equal times do not meet. */
    struct str *texts[] = {&key, &copy.form, &copy.origin, &copy.reason};
    struct row *row = row_new(ROW_REFUSAL, texts, COUNTOF(texts));

    if (row) {
        row->refusal = copy;
        row->key =
            (struct str){key.ptr, key.len + copy.form.len + copy.origin.len + copy.reason.len};
    }
    return memory_put(self, row, old);
}

static enum err trim_refusals(struct memory_store *self, size_t count)
{
    if (count <= REFUSALS_MAX)
        return ERR_OK;
    CLEANUP(row_dropp)
    struct row *quietest = memory_fetch(self, rows_after, ROW_REFUSAL, (struct str){0});
    return quietest ? memory_delete(self, ROW_REFUSAL, quietest->key) : ERR_OK;
}

enum err memory_refusal_add(struct store *store, const struct refusal *refusal)
{
    struct memory_store *self = memory_of(store);
    struct refusal sum = *refusal;
    size_t count;
    CLEANUP(row_dropp) struct row *old = fetch_refusal(self, refusal, &count);

    if (!old) {
        TRY(put_refusal(self, &sum, NULL));
        return trim_refusals(self, count + 1);
    }
    sum.count += old->refusal.count;
    sum.first_at_ms = old->refusal.first_at_ms;
    if (sum.last_at_ms < old->refusal.last_at_ms)
        sum.last_at_ms = old->refusal.last_at_ms;
    return put_refusal(self, &sum, old);
}

enum err memory_refusal_delete(struct store *store, struct str form, struct str origin)
{
    struct memory_store *self = memory_of(store);
    enum err err = ERR_NOT_FOUND;
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_REFUSAL, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        if (is_same_page(&row->refusal, form, origin))
            err = memory_delete(self, ROW_REFUSAL, row->key);
    return err;
}

enum err memory_refusal_list(struct store *store, store_refusal_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    static const char LAST[] = "\377\377\377\377\377\377\377\377\377";
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_before, ROW_REFUSAL, str_of(LAST));

    for (; row; memory_advance(self, rows_before, &row))
        TRY(fn(arg, &row->refusal));
    return ERR_OK;
}

/* --- spent tokens, models ------------------------------------------------ */

enum { SPENT_KEY_BYTES = SEQ_KEY_BYTES + DIGEST_BYTES };

static struct str spent_key(int64_t expires_at_ms, const struct digest *digest,
                            char key[SPENT_KEY_BYTES])
{
    rows_seq_key(expires_at_ms, key);
    memcpy(key + SEQ_KEY_BYTES, digest->bytes, DIGEST_BYTES);
    return (struct str){key, SPENT_KEY_BYTES};
}

enum err memory_spent_find(struct store *store, int64_t expires_at_ms, const struct digest *digest)
{
    char key[SPENT_KEY_BYTES];

    return memory_is_taken(memory_of(store), ROW_SPENT, spent_key(expires_at_ms, digest, key))
               ? ERR_OK
               : ERR_NOT_FOUND;
}

enum err memory_spent_add(struct store *store, int64_t expires_at_ms, const struct digest *digest)
{
    struct memory_store *self = memory_of(store);
    char key[SPENT_KEY_BYTES];
    struct str text = spent_key(expires_at_ms, digest, key);
    struct str *texts[] = {&text};

    if (memory_is_taken(self, ROW_SPENT, text))
        return ERR_EXISTS;
    struct row *row = row_new(ROW_SPENT, texts, COUNTOF(texts));
    if (row)
        row->key = text;
    return memory_put(self, row, NULL);
}

enum err memory_spent_purge(struct store *store, int64_t now_ms)
{
    struct memory_store *self = memory_of(store);
    char now_key[SEQ_KEY_BYTES];
    struct str now = rows_seq_key(now_ms, now_key);
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_SPENT, (struct str){0});

    for (; row && memcmp(row->key.ptr, now.ptr, now.len) < 0;
         memory_advance(self, rows_after, &row))
        TRY(memory_delete(self, ROW_SPENT, row->key));
    return ERR_OK;
}

enum err memory_model_put(struct store *store, struct str form, struct str bytes)
{
    struct memory_store *self = memory_of(store);
    struct str *texts[] = {&form, &bytes};
    CLEANUP(row_dropp) struct row *old = memory_fetch(self, rows_find, ROW_MODEL, form);
    struct row *row = row_new(ROW_MODEL, texts, COUNTOF(texts));

    if (row) {
        row->value = bytes;
        row->key = form;
    }
    return memory_put(self, row, old);
}

enum err memory_model_get(struct store *store, struct str form, struct buf *out)
{
    CLEANUP(row_dropp) struct row *row = memory_fetch(memory_of(store), rows_find, ROW_MODEL, form);

    if (!row)
        return ERR_NOT_FOUND;
    buf_put(out, row->value);
    return buf_status(out);
}
