/* SPDX-License-Identifier: MIT */
/*
 * Notes in memory: their keys start with the submission's, so that its notes
 * stand together, in the order of their making.
 */
#include "store/memory.h"

enum { NOTE_KEY_BYTES = 2 * SEQ_KEY_BYTES };

static struct str note_key(int64_t seq, int64_t note_id, char key[NOTE_KEY_BYTES])
{
    rows_seq_key(seq, key);
    rows_seq_key(note_id, key + SEQ_KEY_BYTES);
    return (struct str){key, NOTE_KEY_BYTES};
}

enum err memory_note_insert(struct store *store, const struct id *submission,
                            const struct submission_note *note)
{
    struct memory_store *self = memory_of(store);
    struct submission_note copy = *note;
    struct str *texts[] = {&copy.author, &copy.text};
    char key[NOTE_KEY_BYTES];

    if (memory_is_taken(self, ROW_NOTE, note_key(id_seq(submission), note->id, key)))
        return ERR_EXISTS;
    struct row *row = row_new(ROW_NOTE, texts, COUNTOF(texts));
    if (row) {
        row->note = copy;
        row->key = note_key(id_seq(submission), copy.id, row->note_key);
    }
    return memory_put(self, row, NULL);
}

enum err memory_note_delete(struct store *store, const struct id *submission, int64_t note_id)
{
    char key[NOTE_KEY_BYTES];

    return memory_delete(memory_of(store), ROW_NOTE, note_key(id_seq(submission), note_id, key));
}

/* The first note behind `note_id`, held for the caller, or NULL. */
static struct row *fetch_next(struct memory_store *self, int64_t seq, int64_t note_id)
{
    char key[NOTE_KEY_BYTES];
    struct row *row = memory_fetch(self, rows_after, ROW_NOTE, note_key(seq, note_id, key));

    if (!row || memcmp(row->key.ptr, key, SEQ_KEY_BYTES) == 0)
        return row;
    row_drop(row);
    return NULL;
}

enum err memory_note_delete_all(struct store *store, int64_t seq)
{
    struct memory_store *self = memory_of(store);

    for (;;) {
        CLEANUP(row_dropp) struct row *row = fetch_next(self, seq, 0);
        if (!row)
            return ERR_OK;
        TRY(memory_delete(self, ROW_NOTE, row->key));
    }
}

enum err memory_note_list(struct store *store, const struct id *submission, store_note_fn fn,
                          void *arg)
{
    struct memory_store *self = memory_of(store);
    int64_t last = 0;

    for (;;) {
        CLEANUP(row_dropp) struct row *row = fetch_next(self, id_seq(submission), last);
        if (!row)
            return ERR_OK;
        TRY(fn(arg, &row->note));
        last = row->note.id;
    }
}
