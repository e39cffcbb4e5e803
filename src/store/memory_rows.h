/* SPDX-License-Identifier: MIT */
/*
 * The memory backend's rows: one ordered list of all kinds, with what one open
 * transaction has made and removed. Functions on `struct rows` need the
 * owner's lock; a row that one holds is read and dropped without it.
 * Room-private.
 */
#ifndef CONTACTD_STORE_MEMORY_ROWS_H
#define CONTACTD_STORE_MEMORY_ROWS_H

#include <stdatomic.h>

#include "core/account.h"
#include "core/delivery.h"
#include "core/form.h"
#include "core/session.h"

/* Submissions come last, so that appending them moves nothing. */
enum row_kind {
    ROW_ALARM,
    ROW_DESTINATION,
    ROW_FORM,
    ROW_INVITATION,
    ROW_META,
    ROW_MODEL,
    ROW_NOTE,
    ROW_REFUSAL,
    ROW_SESSION,
    ROW_SPENT,
    ROW_TOKEN,
    ROW_USER,
    ROW_AUDIT,
    ROW_ATTEMPT,
    ROW_DELIVERY,
    ROW_SUBMISSION
};

enum { ROWS_BYTES_MAX = 256 * 1024 * 1024, SEQ_KEY_BYTES = 8 };

/* Something the open transaction did; they form a stack. */
struct row_change {
    struct row_change *older;
    struct row *row;
    bool is_birth; /* else a removal */
};

struct row {
    enum row_kind kind;
    struct str key;
    bool is_new;         /* made by the open transaction: readers do not see it */
    bool is_gone;        /* removed by the open transaction: the writer does not see it */
    atomic_size_t holds; /* by the list, and by those who read it */
    size_t bytes;
    struct row_change birth, removal;
    union {
        struct submission submission;
        struct user user;
        struct token token;
        struct form form;
        struct refusal refusal;
        struct submission_note note;
        struct session session;
        struct invitation invitation;
        struct audit_entry audit;
        struct delivery delivery;
        struct delivery_attempt attempt;
        struct destination_tally destination;
        struct alarm alarm;
        struct str value;
    };
    char seq_key[SEQ_KEY_BYTES];
    char note_key[2 * SEQ_KEY_BYTES]; /* a submission's or delivery's, then its own */
    char text[];                      /* what the strs above point to */
};

struct rows {
    struct row **list; /* by kind and key; versions of one key: the older first */
    size_t count, room;
    size_t bytes;               /* of all rows */
    struct row_change *changes; /* the newest first; NULL: nothing to commit */
};

void rows_done(struct rows *rows);

/* The key that orders submissions, big-endian so that bytes compare like numbers. */
struct str rows_seq_key(int64_t seq, char bytes[SEQ_KEY_BYTES]);

/*
 * A row that holds copies of `texts`, which are changed to point to them; it
 * belongs to the caller until rows_insert(). NULL: no memory.
 */
MUST_CHECK struct row *row_new(enum row_kind kind, struct str *const texts[], size_t count);

/* Visible rows: to the writer, or to readers. NULL: there is none. */
struct row *rows_find(const struct rows *rows, bool is_writer, enum row_kind kind, struct str key);
/* The first row behind `key`; `key.ptr` NULL: the first of all. */
struct row *rows_after(const struct rows *rows, bool is_writer, enum row_kind kind, struct str key);
/* The last row before `key`. */
struct row *rows_before(const struct rows *rows, bool is_writer, enum row_kind kind,
                        struct str key);

/* Takes the row; its key is set. ERR_FULL, ERR_MEMORY: it has been freed. */
MUST_CHECK enum err rows_insert(struct rows *rows, struct row *row);
void rows_remove(struct rows *rows, struct row *row);

/* Undoes what came after `mark`, a former value of rows->changes. */
void rows_undo(struct rows *rows, const struct row_change *mark);
void rows_commit(struct rows *rows);

/* Keeps a row from being freed. Dropping NULL is allowed. */
void row_hold(struct row *row);
void row_drop(struct row *row);
void row_dropp(struct row **row); /* for CLEANUP() */

#endif
