/* SPDX-License-Identifier: MIT */
/*
 * Submissions in memory: found by their row number, listed by walking back
 * from the newest. Locks are taken by memory.c, one step at a time.
 */
#include "core/search_text.h"
#include "store/memory.h"

static struct row *submission_row(const struct submission *from)
{
    struct submission copy = *from;
    struct str *texts[] = {
        &copy.form,   &copy.name,       &copy.email, &copy.message,      &copy.fields,
        &copy.source, &copy.user_agent, &copy.page,  &copy.spam_reasons, &copy.idempotency_key};
    struct row *row = row_new(ROW_SUBMISSION, texts, COUNTOF(texts));

    if (row) {
        row->submission = copy;
        row->key = rows_seq_key(id_seq(&copy.id), row->seq_key);
    }
    return row;
}

enum err memory_submission_insert(struct store *store, const struct submission *from)
{
    struct memory_store *self = memory_of(store);
    char seq_key[SEQ_KEY_BYTES];

    if (memory_is_taken(self, ROW_SUBMISSION, rows_seq_key(id_seq(&from->id), seq_key)))
        return ERR_EXISTS;
    return memory_put(self, submission_row(from), NULL);
}

/* The row with exactly this id, held for the caller, or NULL. */
static struct row *fetch(struct memory_store *self, const struct id *id)
{
    char seq_key[SEQ_KEY_BYTES];
    struct row *row =
        memory_fetch(self, rows_find, ROW_SUBMISSION, rows_seq_key(id_seq(id), seq_key));

    if (!row || memcmp(row->submission.id.bytes, id->bytes, sizeof id->bytes) == 0)
        return row;
    row_drop(row);
    return NULL;
}

enum err memory_submission_set_state(struct store *store, const struct id *id,
                                     enum submission_state state, enum submission_taught taught,
                                     int64_t at_ms)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = fetch(self, id);

    if (!old)
        return ERR_NOT_FOUND;
    struct submission changed = old->submission;
    if (changed.state != state)
        changed.state_at_ms = at_ms;
    changed.state = state;
    changed.taught = taught;
    return memory_put(self, submission_row(&changed), old);
}

enum err memory_submission_set_starred(struct store *store, const struct id *id, bool is_starred)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = fetch(self, id);

    if (!old)
        return ERR_NOT_FOUND;
    struct submission changed = old->submission;
    changed.is_starred = is_starred;
    return memory_put(self, submission_row(&changed), old);
}

enum err memory_submission_delete(struct store *store, const struct id *id)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch(self, id);

    if (!row)
        return ERR_NOT_FOUND;
    TRY(memory_note_delete_all(store, id_seq(id)));
    TRY(memory_delivery_delete_all(store, id));
    return memory_delete(self, ROW_SUBMISSION, row->key);
}

enum err memory_submission_get(struct store *store, const struct id *id, store_submission_fn fn,
                               void *arg)
{
    CLEANUP(row_dropp) struct row *row = fetch(memory_of(store), id);

    return row ? fn(arg, &row->submission) : ERR_NOT_FOUND;
}

/* What the index of another backend would say. */
static enum err says(const struct search *query, const struct submission *row, struct buf *words,
                     bool *ret_says)
{
    *ret_says = true;
    if (!query)
        return ERR_OK;
    TRY(search_text_make(row, words));
    *ret_says = search_fits(query, buf_str(words));
    return ERR_OK;
}

enum err memory_submission_list(struct store *store, const struct submission_filter *filter,
                                store_submission_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    struct seq_range range = store_range(filter);
    int left = filter->limit;
    char seq_key[SEQ_KEY_BYTES];
    bool is_found;
    CLEANUP(buf_done) struct buf words = buf_new(SEARCH_TEXT_MAX);
    CLEANUP(row_dropp)
    struct row *row =
        memory_fetch(self, rows_before, ROW_SUBMISSION, rows_seq_key(range.high, seq_key));

    for (; row && left && id_seq(&row->submission.id) >= range.low;
         memory_advance(self, rows_before, &row)) {
        if (atomic_load(&self->is_interrupted))
            return ERR_STORE;
        if (!store_fits(filter, &row->submission))
            continue;
        TRY(says(filter->query, &row->submission, &words, &is_found));
        if (!is_found)
            continue;
        TRY(fn(arg, &row->submission));
        left--;
    }
    return ERR_OK;
}

enum err memory_submission_scan(struct store *store, int64_t below_seq, int64_t max,
                                store_submission_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    char seq_key[SEQ_KEY_BYTES];
    CLEANUP(row_dropp)
    struct row *row =
        memory_fetch(self, rows_before, ROW_SUBMISSION, rows_seq_key(below_seq, seq_key));

    for (; row && max > 0; memory_advance(self, rows_before, &row), max--) {
        const struct submission *whole = &row->submission;
        const struct submission part = {
            .id = whole->id, .form = whole->form, .email = whole->email, .fields = whole->fields};
        TRY(fn(arg, &part));
    }
    return ERR_OK;
}

enum err memory_submission_newest(struct store *store, int64_t since_ms, int64_t max,
                                  store_submission_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    char seq_key[SEQ_KEY_BYTES];
    CLEANUP(row_dropp)
    struct row *row =
        memory_fetch(self, rows_before, ROW_SUBMISSION, rows_seq_key(INT64_MAX, seq_key));

    for (; row && max > 0 && id_seq(&row->submission.id) >= id_seq_at(since_ms);
         memory_advance(self, rows_before, &row), max--)
        TRY(fn(arg, &row->submission));
    return ERR_OK;
}

enum err memory_submission_find_key(struct store *store, struct str form, struct str key,
                                    int64_t since_ms, store_submission_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    char seq_key[SEQ_KEY_BYTES];
    CLEANUP(row_dropp)
    struct row *row =
        memory_fetch(self, rows_before, ROW_SUBMISSION, rows_seq_key(INT64_MAX, seq_key));

    for (; row && id_seq(&row->submission.id) >= id_seq_at(since_ms);
         memory_advance(self, rows_before, &row))
        if (row->submission.idempotency_key.ptr && str_equal(row->submission.form, form) &&
            str_equal(row->submission.idempotency_key, key))
            return fn(arg, &row->submission);
    return ERR_NOT_FOUND;
}
