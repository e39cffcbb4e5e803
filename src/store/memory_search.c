/* SPDX-License-Identifier: MIT */
/*
 * Counts and ages in memory, by walking the rows: there is no index to feed.
 * Searching is a list's matter, see memory_submission.c.
 */
#include <stdlib.h>

#include "store/memory.h"

enum err memory_index_step(struct store *store, int max, int *ret_rows)
{
    (void)store;
    (void)max;
    *ret_rows = 0;
    return ERR_OK;
}

enum err memory_index_tidy(struct store *store, int pages, bool *ret_has_more)
{
    (void)store;
    (void)pages;
    *ret_has_more = false;
    return ERR_OK;
}

/* --- counts -------------------------------------------------------------- */

/* One for every row, and one more for its share in all days; equal ones are added up later. */
struct counts {
    struct tally *list;
    struct row **held; /* whose form names are borrowed */
    size_t count, rows, room;
};

static enum err make_room(struct counts *counts)
{
    if (counts->rows < counts->room)
        return ERR_OK;
    size_t room = counts->room ? counts->room * 2 : 64;
    struct row **held = realloc(counts->held, room * sizeof(struct row *));
    if (!held)
        return ERR_MEMORY;
    counts->held = held;
    struct tally *list = realloc(counts->list, 2 * room * sizeof *list);
    if (!list)
        return ERR_MEMORY;
    counts->list = list;
    counts->room = room;
    return ERR_OK;
}

static enum err count_row(struct counts *counts, struct row *row, int64_t first_day)
{
    struct tally tally = {TALLY_ALL_DAYS, row->submission.form, row->submission.state, 1};

    TRY(make_room(counts));
    row_hold(row);
    counts->held[counts->rows++] = row;
    counts->list[counts->count++] = tally;
    tally.day = id_wall_ms(&row->submission.id) / TALLY_DAY_MS;
    if (tally.day >= first_day)
        counts->list[counts->count++] = tally;
    return ERR_OK;
}

static enum err count_rows(struct memory_store *self, struct counts *counts, int64_t first_day,
                           struct str form)
{
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_SUBMISSION, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        if (!form.ptr || str_equal(row->submission.form, form))
            TRY(count_row(counts, row, first_day));
    return ERR_OK;
}

static int compare(const void *a, const void *b)
{
    const struct tally *left = a, *right = b;

    if (left->day != right->day)
        return left->day > right->day ? -1 : 1;
    size_t common = left->form.len < right->form.len ? left->form.len : right->form.len;
    int order = common ? memcmp(left->form.ptr, right->form.ptr, common) : 0;
    if (order || left->form.len != right->form.len)
        return order ? order : left->form.len < right->form.len ? -1 : 1;
    return (left->state > right->state) - (left->state < right->state);
}

static enum err tell_counts(struct counts *counts, store_tally_fn fn, void *arg)
{
    if (counts->count)
        qsort(counts->list, counts->count, sizeof *counts->list, compare);
    for (size_t i = 0; i < counts->count;) {
        struct tally tally = counts->list[i++];
        while (i < counts->count && compare(&tally, &counts->list[i]) == 0)
            tally.count += counts->list[i++].count;
        TRY(fn(arg, &tally));
    }
    return ERR_OK;
}

enum err memory_tally_list(struct store *store, int64_t first_day, struct str form,
                           store_tally_fn fn, void *arg)
{
    struct counts counts = {0};

    enum err err = count_rows(memory_of(store), &counts, first_day, form);
    if (err == ERR_OK)
        err = tell_counts(&counts, fn, arg);
    for (size_t i = 0; i < counts.rows; i++)
        row_drop(counts.held[i]);
    free(counts.held);
    free(counts.list);
    return err;
}

/* --- ages ---------------------------------------------------------------- */

static bool is_asked(const struct aged_filter *filter, const struct submission *row)
{
    if (filter->form.ptr)
        return str_equal(filter->form, row->form);
    return row->state == STATE_SPAM && id_seq(&row->id) > filter->above_seq;
}

/* Spam counts from when it became that. */
static int64_t since_ms(const struct aged_filter *filter, const struct submission *row)
{
    int64_t arrived_ms = id_wall_ms(&row->id);

    return !filter->form.ptr && row->state_at_ms > arrived_ms ? row->state_at_ms : arrived_ms;
}

enum err memory_submission_aged(struct store *store, const struct aged_filter *filter,
                                store_aged_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    int left = filter->limit;
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_SUBMISSION, (struct str){0});

    for (; row && left && id_seq(&row->submission.id) < id_seq_at(filter->until_ms);
         memory_advance(self, rows_after, &row)) {
        const struct aged aged = {row->submission.id, row->submission.form,
                                  since_ms(filter, &row->submission)};
        if (!is_asked(filter, &row->submission))
            continue;
        TRY(fn(arg, &aged));
        left--;
    }
    return ERR_OK;
}
