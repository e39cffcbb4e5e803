/* SPDX-License-Identifier: MIT */
/*
 * One page of submissions in SQLite. Every filter has an index that yields its
 * rows newest first, so a page costs about as many steps as it has rows. Of
 * several forms, each tells its newest row numbers, which are merged, and only
 * what the page shows is read; SQLite by itself would walk all rows instead.
 */
#include <assert.h>

#include "core/scope.h"
#include "store/sqlite.h"

struct list {
    struct sqlite_store *store;
    const struct submission_filter *filter;
    struct seq_range range;
    unsigned states;
    enum submission_state only; /* the one state that is asked for; STATE_NEW: that, or several */
};

/* States have an index of their own, but for what is new, which is most and costs every post. */
static enum submission_state only_state(unsigned states)
{
    enum submission_state state = STATE_TRASH;

    while (state > STATE_NEW && states != 1u << state)
        state = (enum submission_state)(state - 1);
    return state;
}

/* The parameters that the queries of a list have in common, with these rows at most. */
static struct query list_query(const struct list *self, enum sql_query name, struct str form,
                               int limit)
{
    struct query query = query_start(self->store, name);

    query_bind_i64(&query, 1, self->range.low);
    query_bind_i64(&query, 2, self->range.high);
    query_bind_i64(&query, 3, limit);
    query_bind_i64(&query, 4, self->only ? (int64_t)self->only : (int64_t)self->states);
    if (form.ptr)
        query_bind_str(&query, 5, form);
    return query;
}

/* --- one form, or all ---------------------------------------------------- */

static enum err list_plain(const struct list *self, store_submission_fn fn, void *arg)
{
    static const enum sql_query OF_ALL[] = {
        [STATE_NEW] = SQL_SUBMISSION_LIST,
        [STATE_READ] = SQL_SUBMISSION_LIST_HANDLED,
        [STATE_ARCHIVED] = SQL_SUBMISSION_LIST_HANDLED,
        [STATE_SPAM] = SQL_SUBMISSION_LIST_FLAGGED,
        [STATE_TRASH] = SQL_SUBMISSION_LIST_FLAGGED,
    };
    struct str form = self->filter->form;
    enum sql_query of_form = self->only ? SQL_SUBMISSION_LIST_STATE_FORM : SQL_SUBMISSION_LIST_FORM;
    CLEANUP(query_done)
    struct query query =
        list_query(self, form.ptr ? of_form : OF_ALL[self->only], form, self->filter->limit);

    return sqlite_tell_rows(&query, fn, arg);
}

/* --- what is starred ----------------------------------------------------- */

static enum err list_starred(const struct list *self, store_submission_fn fn, void *arg)
{
    int left = self->filter->limit;
    struct submission row;
    CLEANUP(query_done)
    struct query query = query_start(self->store, SQL_SUBMISSION_LIST_STARRED);

    query_bind_i64(&query, 1, self->range.low);
    query_bind_i64(&query, 2, self->range.high);
    query_bind_i64(&query, 3, (int64_t)self->states);
    while (left && query_next(&query)) {
        TRY(sqlite_submission_read(&query, &row));
        if (!store_fits(self->filter, &row))
            continue;
        TRY(fn(arg, &row));
        left--;
    }
    return query_status(&query);
}

/* --- several forms ------------------------------------------------------- */

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
static enum err pick_form(const struct list *list, struct str form, struct pick *pick)
{
    struct list rest = *list;

    if (pick->count == pick->max)
        rest.range.low = pick->seqs[pick->max - 1] + 1;
    CLEANUP(query_done)
    struct query query =
        list_query(&rest, rest.only ? SQL_SUBMISSION_SEQS_STATE_FORM : SQL_SUBMISSION_SEQS_FORM,
                   form, pick->max);
    while (query_next(&query) && pick_put(pick, query_i64(&query, 0)))
        ;
    return query_status(&query);
}

static enum err tell_row(struct sqlite_store *store, int64_t seq, store_submission_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(store, SQL_SUBMISSION_GET);

    query_bind_i64(&query, 1, seq);
    return sqlite_tell_rows(&query, fn, arg);
}

static enum err list_forms(const struct list *self, store_submission_fn fn, void *arg)
{
    struct pick pick = {.max = self->filter->limit};
    struct str rest = scope_text(self->filter->scope), form;

    assert(pick.max <= (int)COUNTOF(pick.seqs));
    while (scope_next(&rest, &form))
        TRY(pick_form(self, form, &pick));
    for (int i = 0; i < pick.count; i++)
        TRY(tell_row(self->store, pick.seqs[i], fn, arg));
    return ERR_OK;
}

/* One view, so that what was picked is still there to be read. */
static enum err list_scope(const struct list *self, store_submission_fn fn, void *arg)
{
    if (!self->store->base.is_reader)
        return list_forms(self, fn, arg);
    TRY(sqlite_view_begin(self->store));
    enum err err = list_forms(self, fn, arg);
    enum err ended = sqlite_view_end(self->store);
    return err == ERR_OK ? ended : err;
}

enum err sqlite_submission_list(struct store *store, const struct submission_filter *filter,
                                store_submission_fn fn, void *arg)
{
    unsigned states = store_states(filter);
    const struct list list = {.store = sqlite_of(store),
                              .filter = filter,
                              .range = store_range(filter),
                              .states = states,
                              .only = only_state(states)};

    if (filter->query)
        return sqlite_submission_search(store, filter, fn, arg);
    if (filter->must_be_starred)
        return list_starred(&list, fn, arg);
    return filter->scope ? list_scope(&list, fn, arg) : list_plain(&list, fn, arg);
}
