/* SPDX-License-Identifier: MIT */
/*
 * A row never changes once it is in the list; an update removes one version
 * and adds another. Since there is one writer, two flags are all the
 * versioning that is needed, and the stack of changes is at once the undo log
 * and the list of what a commit has to settle. No locks here: see the header.
 */
#include "store/memory_rows.h"

#include <stdlib.h>

void row_hold(struct row *row)
{
    atomic_fetch_add(&row->holds, 1);
}

void row_drop(struct row *row)
{
    if (row && atomic_fetch_sub(&row->holds, 1) == 1)
        free(row);
}

void row_dropp(struct row **row)
{
    row_drop(*row);
}

void rows_done(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        row_drop(rows->list[i]);
    free(rows->list);
    *rows = (struct rows){0};
}

struct str rows_seq_key(int64_t seq, char bytes[SEQ_KEY_BYTES])
{
    for (int i = 0; i < SEQ_KEY_BYTES; i++)
        bytes[i] = (char)((uint64_t)seq >> (56 - 8 * i));
    return (struct str){.ptr = bytes, .len = SEQ_KEY_BYTES};
}

struct row *row_new(enum row_kind kind, struct str *const texts[], size_t count)
{
    size_t bytes = sizeof(struct row);

    for (size_t i = 0; i < count; i++)
        bytes += texts[i]->len;
    struct row *row = calloc(1, bytes);
    if (!row)
        return NULL;
    *row = (struct row){.kind = kind, .bytes = bytes, .birth = {.is_birth = true}};
    row->birth.row = row->removal.row = row;
    char *at = row->text;
    for (size_t i = 0; i < count; i++) {
        if (!texts[i]->ptr)
            continue;
        if (texts[i]->len)
            memcpy(at, texts[i]->ptr, texts[i]->len);
        texts[i]->ptr = at;
        at += texts[i]->len;
    }
    return row;
}

static int compare(const struct row *row, enum row_kind kind, struct str key)
{
    size_t common = row->key.len < key.len ? row->key.len : key.len;

    if (row->kind != kind)
        return row->kind < kind ? -1 : 1;
    int order = common ? memcmp(row->key.ptr, key.ptr, common) : 0;
    if (order != 0)
        return order;
    return row->key.len < key.len ? -1 : row->key.len > key.len;
}

/* How many rows stand before the first one that is not less (or, `is_behind`, is greater). */
static size_t position(const struct rows *rows, enum row_kind kind, struct str key, bool is_behind)
{
    size_t low = 0, high = rows->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(rows->list[middle], kind, key);
        if (order < 0 || (order == 0 && is_behind))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_visible(const struct row *row, bool is_writer)
{
    return is_writer ? !row->is_gone : !row->is_new;
}

struct row *rows_find(const struct rows *rows, bool is_writer, enum row_kind kind, struct str key)
{
    size_t at = position(rows, kind, key, false);

    for (; at < rows->count && compare(rows->list[at], kind, key) == 0; at++)
        if (is_visible(rows->list[at], is_writer))
            return rows->list[at];
    return NULL;
}

struct row *rows_after(const struct rows *rows, bool is_writer, enum row_kind kind, struct str key)
{
    size_t at = position(rows, kind, key, key.ptr != NULL);

    for (; at < rows->count && rows->list[at]->kind == kind; at++)
        if (is_visible(rows->list[at], is_writer))
            return rows->list[at];
    return NULL;
}

struct row *rows_before(const struct rows *rows, bool is_writer, enum row_kind kind, struct str key)
{
    size_t at = position(rows, kind, key, false);

    for (; at > 0 && rows->list[at - 1]->kind == kind; at--)
        if (is_visible(rows->list[at - 1], is_writer))
            return rows->list[at - 1];
    return NULL;
}

static bool make_room(struct rows *rows)
{
    size_t room = rows->room ? rows->room * 2 : 64;

    if (rows->count < rows->room)
        return true;
    struct row **list = calloc(room, sizeof(struct row *));
    if (!list)
        return false;
    if (rows->count)
        memcpy(list, rows->list, rows->count * sizeof(struct row *));
    free(rows->list);
    rows->list = list;
    rows->room = room;
    return true;
}

static void push(struct rows *rows, struct row_change *change)
{
    change->older = rows->changes;
    rows->changes = change;
}

enum err rows_insert(struct rows *rows, struct row *row)
{
    enum err err = row->bytes > ROWS_BYTES_MAX - rows->bytes ? ERR_FULL : ERR_OK;

    if (err == ERR_OK && !make_room(rows))
        err = ERR_MEMORY;
    if (err != ERR_OK) {
        free(row);
        return err;
    }
    size_t at = position(rows, row->kind, row->key, true);
    memmove(rows->list + at + 1, rows->list + at, (rows->count - at) * sizeof(struct row *));
    rows->list[at] = row;
    rows->count++;
    rows->bytes += row->bytes;
    row->is_new = true;
    row_hold(row);
    push(rows, &row->birth);
    return ERR_OK;
}

void rows_remove(struct rows *rows, struct row *row)
{
    row->is_gone = true;
    push(rows, &row->removal);
}

/* Takes the row out of the list; whoever still reads it keeps it alive. */
static void forget(struct rows *rows, struct row *row)
{
    size_t at = position(rows, row->kind, row->key, false);

    while (rows->list[at] != row)
        at++;
    rows->count--;
    memmove(rows->list + at, rows->list + at + 1, (rows->count - at) * sizeof(struct row *));
    rows->bytes -= row->bytes;
    row_drop(row);
}

void rows_undo(struct rows *rows, const struct row_change *mark)
{
    while (rows->changes != mark) {
        struct row_change *change = rows->changes;
        rows->changes = change->older;
        if (change->is_birth)
            forget(rows, change->row);
        else
            change->row->is_gone = false;
    }
}

void rows_commit(struct rows *rows)
{
    struct row_change *removals = NULL;

    /* A row may be born and removed in one transaction: free none before all are unlinked. */
    while (rows->changes) {
        struct row_change *change = rows->changes;
        rows->changes = change->older;
        change->row->is_new = false;
        if (change->is_birth)
            continue;
        change->older = removals;
        removals = change;
    }
    while (removals) {
        struct row *row = removals->row;
        removals = removals->older;
        forget(rows, row);
    }
}
