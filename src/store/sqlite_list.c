/* SPDX-License-Identifier: MIT */
/*
 * One page of submissions in SQLite, about as many steps as it has rows. What is
 * asked for over all forms is mostly near: a short walk over the newest rows
 * fills the page. Else every form tells the newest row numbers of every state, which
 * are merged, and only what the page shows is read; SQLite by itself would walk
 * all rows instead.
 */
#include <assert.h>

#include "core/scope.h"
#include "store/sqlite.h"

enum { NEAR_ROWS = 1000 };

struct list {
    struct sqlite_store *store;
    const struct submission_filter *filter;
    struct seq_range range;
    unsigned states;
    store_submission_fn fn;
    void *arg;
    int left; /* rows that the page has room for */
};

static enum err tell(struct list *self, const struct submission *row)
{
    self->left--;
    return self->fn(self->arg, row);
}

static void bind_range(struct query *query, struct seq_range range, int limit)
{
    query_bind_i64(query, 1, range.low);
    query_bind_i64(query, 2, range.high);
    query_bind_i64(query, 3, limit);
}

/* --- what is starred ----------------------------------------------------- */

static enum err list_starred(struct list *self)
{
    struct submission row;
    CLEANUP(query_done)
    struct query query = query_start(self->store, SQL_SUBMISSION_LIST_STARRED);

    query_bind_i64(&query, 1, self->range.low);
    query_bind_i64(&query, 2, self->range.high);
    query_bind_i64(&query, 3, (int64_t)self->states);
    while (self->left && query_next(&query)) {
        TRY(sqlite_submission_read(&query, &row));
        if (store_fits(self->filter, &row))
            TRY(tell(self, &row));
    }
    return query_status(&query);
}

/* --- what is near -------------------------------------------------------- */

/* Passes over the newest rows of the range, and leaves the rest of it. */
static enum err list_near(struct list *self)
{
    int passed = 0;
    struct submission row;
    CLEANUP(query_done) struct query query = query_start(self->store, SQL_SUBMISSION_LIST);

    bind_range(&query, self->range, NEAR_ROWS);
    while (self->left && query_next(&query)) {
        TRY(sqlite_submission_read(&query, &row));
        self->range.high = id_seq(&row.id);
        passed++;
        if (self->states >> row.state & 1)
            TRY(tell(self, &row));
    }
    if (self->left && passed < NEAR_ROWS)
        self->left = 0; /* these were all */
    return query_status(&query);
}

/* --- one state that has an index over all forms --------------------------- */

static enum err list_state(struct list *self, enum submission_state state)
{
    CLEANUP(query_done)
    struct query query =
        query_start(self->store, STATES_FLAGGED >> state & 1 ? SQL_SUBMISSION_LIST_FLAGGED
                                                             : SQL_SUBMISSION_LIST_HANDLED);

    bind_range(&query, self->range, self->left);
    query_bind_i64(&query, 4, (int64_t)state);
    return sqlite_tell_rows(&query, self->fn, self->arg);
}

/* --- several forms and states --------------------------------------------- */

/* The newest row numbers so far, newest first. */
struct pick {
    int64_t seqs[SUBMISSION_LIST_MAX + 1];
    int count, max;
};

/* False: it is too old, and so is what follows it. */
static bool pick_put(struct pick *pick, int64_t seq)
{
    bool is_full = pick->count == pick->max;

    if (is_full && seq < pick->seqs[pick->max - 1])
        return false;
    int at = is_full ? pick->max - 1 : pick->count++;
    for (; at > 0 && pick->seqs[at - 1] < seq; at--)
        pick->seqs[at] = pick->seqs[at - 1];
    pick->seqs[at] = seq;
    return true;
}

/* Once the pick is full, only what is newer than its last is of use. */
static enum err pick_state(const struct list *list, struct str form, enum submission_state state,
                           struct pick *pick)
{
    struct seq_range range = list->range;
    CLEANUP(query_done) struct query query = query_start(list->store, SQL_SUBMISSION_SEQS);

    if (pick->count == pick->max)
        range.low = pick->seqs[pick->max - 1] + 1;
    bind_range(&query, range, pick->max);
    query_bind_i64(&query, 4, (int64_t)state);
    query_bind_str(&query, 5, form);
    while (query_next(&query) && pick_put(pick, query_i64(&query, 0)))
        ;
    return query_status(&query);
}

static enum err pick_form(const struct list *list, struct str form, struct pick *pick)
{
    for (enum submission_state state = STATE_NEW; state <= STATE_TRASH; state++)
        if (list->states >> state & 1)
            TRY(pick_state(list, form, state, pick));
    return ERR_OK;
}

/* The form behind `after`, its name in `room`. ERR_NOT_FOUND: that was the last. */
static enum err next_form(struct sqlite_store *store, struct str after, char room[FORM_NAME_MAX],
                          struct str *ret_form)
{
    CLEANUP(query_done) struct query query = query_start(store, SQL_SUBMISSION_NEXT_FORM);

    query_bind_str(&query, 1, after);
    if (!query_next(&query)) {
        TRY(query_status(&query));
        return ERR_NOT_FOUND;
    }
    struct str form = query_str(&query, 0);
    TRY(query_status(&query));
    if (form.len > FORM_NAME_MAX)
        return ERR_CORRUPT;
    memcpy(room, form.ptr, form.len);
    *ret_form = (struct str){room, form.len};
    return ERR_OK;
}

static enum err pick_all(const struct list *list, struct pick *pick)
{
    char room[FORM_NAME_MAX];
    struct str form = STR("");
    enum err err;

    while ((err = next_form(list->store, form, room, &form)) == ERR_OK)
        TRY(pick_form(list, form, pick));
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err tell_picked(struct list *self, const struct pick *pick)
{
    for (int i = 0; i < pick->count; i++) {
        CLEANUP(query_done) struct query query = query_start(self->store, SQL_SUBMISSION_GET);
        query_bind_i64(&query, 1, pick->seqs[i]);
        TRY(sqlite_tell_rows(&query, self->fn, self->arg));
    }
    return ERR_OK;
}

static enum err list_picked_rows(struct list *self)
{
    struct pick pick = {.max = self->left};
    struct str form = self->filter->form, rest;

    assert(pick.max <= (int)COUNTOF(pick.seqs));
    if (form.ptr) {
        TRY(pick_form(self, form, &pick));
    } else if (self->filter->scope) {
        rest = scope_text(self->filter->scope);
        while (scope_next(&rest, &form))
            TRY(pick_form(self, form, &pick));
    } else {
        TRY(pick_all(self, &pick));
    }
    return tell_picked(self, &pick);
}

/* One view, so that what was picked is still there to be read. */
static enum err list_picked(struct list *self)
{
    if (!self->store->base.is_reader)
        return list_picked_rows(self);
    TRY(sqlite_view_begin(self->store));
    enum err err = list_picked_rows(self);
    enum err ended = sqlite_view_end(self->store);
    return err == ERR_OK ? ended : err;
}

/* --- all of it ------------------------------------------------------------ */

/* The one state that is asked for, if it has an index of its own; else STATE_NEW. */
static enum submission_state only_state(unsigned states)
{
    enum submission_state state = STATE_TRASH;

    while (state > STATE_NEW && states != 1u << state)
        state--;
    return state;
}

static enum err list_rows(struct list *self)
{
    enum submission_state only = only_state(self->states);

    if (self->filter->must_be_starred)
        return list_starred(self);
    if (!self->filter->form.ptr && !self->filter->scope) {
        if (only != STATE_NEW)
            return list_state(self, only);
        TRY(list_near(self));
    }
    return self->left ? list_picked(self) : ERR_OK;
}

enum err sqlite_submission_list(struct store *store, const struct submission_filter *filter,
                                store_submission_fn fn, void *arg)
{
    struct list list = {.store = sqlite_of(store),
                        .filter = filter,
                        .range = store_range(filter),
                        .states = store_states(filter),
                        .fn = fn,
                        .arg = arg,
                        .left = filter->limit};

    if (filter->query)
        return sqlite_submission_search(store, filter, fn, arg);
    return list_rows(&list);
}
