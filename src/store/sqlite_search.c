/* SPDX-License-Identifier: MIT */
/*
 * Search and counts in SQLite. Both know the rows up to one row number, their
 * place, which moves on behind the commits; whoever changes or removes a row
 * below it changes them in the same transaction, so they are never wrong about
 * what they know. FTS5 keeps no texts, and must be told a row's words again to
 * forget them.
 *
 * A search walks three paths, each from where the one before ended: the newest
 * rows themselves, which finds what is common and what is not indexed yet; the
 * index without words that may go on, which finds what is common among few;
 * and the index with all of them. Every row is compared once more, so the paths
 * may be rough.
 */
#include "core/scope.h"
#include "core/search_text.h"
#include "store/sqlite.h"

enum {
    LOOK_MAX = 1000,       /* rows of the first path */
    ROUGH_LOOK_MAX = 2000, /* and of the second */
    MATCH_MAX = 64 * 1024,
    NOWHERE = -1, /* the place before the first step, and when the rules are others */
};

static const struct str RULES = {"1", 1};
_Static_assert(SEARCH_RULES == 1, "RULES says the same");

/* --- the place ----------------------------------------------------------- */

static enum err read_place(struct sqlite_store *self)
{
    CLEANUP(query_done) struct query query = query_start(self, SQL_SEARCH_PLACE);

    query_bind_str(&query, 1, RULES);
    self->indexed_seq = query_next(&query) ? query_i64(&query, 0) : NOWHERE;
    TRY(query_status(&query));
    self->is_indexed_known = true;
    return ERR_OK;
}

static enum err find_place(struct sqlite_store *self)
{
    return self->is_indexed_known ? ERR_OK : read_place(self);
}

static enum err put_place(struct sqlite_store *self, int64_t seq)
{
    CLEANUP(query_done) struct query query = query_start(self, SQL_SEARCH_PLACE_PUT);

    self->is_indexed_known = false;
    query_bind_str(&query, 1, RULES);
    query_bind_i64(&query, 2, seq);
    return query_write(&query);
}

/* --- single rows --------------------------------------------------------- */

static enum err change_index(struct sqlite_store *self, const struct submission *row,
                             enum sql_query name)
{
    CLEANUP(buf_done) struct buf words = buf_new(SEARCH_TEXT_MAX);
    CLEANUP(buf_done) struct buf form = buf_new(SEARCH_FORM_MAX);

    TRY(search_text_make(row, &words));
    search_put_form(&form, row->form);
    TRY(buf_status(&form));
    CLEANUP(query_done) struct query query = query_start(self, name);
    query_bind_i64(&query, 1, id_seq(&row->id));
    query_bind_str(&query, 2, buf_str(&words));
    query_bind_str(&query, 3, buf_str(&form));
    return query_write(&query);
}

static enum err trim_tally(struct sqlite_store *self, int64_t day, struct str form,
                           enum submission_state state)
{
    CLEANUP(query_done) struct query query = query_start(self, SQL_TALLY_TRIM);

    query_bind_i64(&query, 1, day);
    query_bind_str(&query, 2, form);
    query_bind_i64(&query, 3, (int64_t)state);
    return query_write(&query);
}

static enum err count_row(struct sqlite_store *self, const struct id *id, struct str form,
                          enum submission_state state, int by)
{
    CLEANUP(query_done) struct query query = query_start(self, SQL_TALLY_ADD);
    int64_t day = id_wall_ms(id) / TALLY_DAY_MS;

    query_bind_i64(&query, 1, day);
    query_bind_str(&query, 2, form);
    query_bind_i64(&query, 3, (int64_t)state);
    query_bind_i64(&query, 4, by);
    TRY(query_write(&query));
    return by < 0 ? trim_tally(self, day, form, state) : ERR_OK;
}

static enum err add_row(void *arg, const struct submission *row)
{
    struct sqlite_store *self = arg;

    TRY(change_index(self, row, SQL_SEARCH_ADD));
    return count_row(self, &row->id, row->form, row->state, 1);
}

static enum err remove_row(void *arg, const struct submission *row)
{
    struct sqlite_store *self = arg;

    TRY(change_index(self, row, SQL_SEARCH_REMOVE));
    return count_row(self, &row->id, row->form, row->state, -1);
}

/* Whether the row with this id, if there is one, is in search and tally. */
static enum err is_indexed(struct sqlite_store *self, const struct id *id, bool *ret_is_indexed)
{
    TRY(find_place(self));
    *ret_is_indexed = id_seq(id) <= self->indexed_seq;
    return ERR_OK;
}

/* Only what is older than what has come lately, such as a row from elsewhere. */
enum err sqlite_search_inserted(struct sqlite_store *self, const struct submission *row)
{
    bool is_behind;

    TRY(is_indexed(self, &row->id, &is_behind));
    return is_behind ? add_row(self, row) : ERR_OK;
}

enum err sqlite_search_deletes(struct sqlite_store *self, const struct id *id)
{
    bool is_known;

    TRY(is_indexed(self, id, &is_known));
    return is_known ? sqlite_submission_get(&self->base, id, remove_row, self) : ERR_OK;
}

enum err sqlite_search_moves(struct sqlite_store *self, const struct id *id,
                             enum submission_state state)
{
    CLEANUP(query_done) struct query query = query_start(self, SQL_SUBMISSION_STATE);
    bool is_known;

    TRY(is_indexed(self, id, &is_known));
    if (!is_known)
        return ERR_OK;
    query_bind_i64(&query, 1, id_seq(id));
    query_bind_bytes(&query, 2, id->bytes, sizeof id->bytes);
    if (!query_next(&query))
        return query_status(&query);
    struct str form = query_str(&query, 0);
    int64_t former = query_i64(&query, 1);
    TRY(query_status(&query));
    if (former < STATE_NEW || former > STATE_TRASH)
        return query_corrupt(&query);
    TRY(count_row(self, id, form, (enum submission_state)former, -1));
    return count_row(self, id, form, state, 1);
}

/* --- the janitor's steps ------------------------------------------------- */

static enum err run(struct sqlite_store *self, enum sql_query name)
{
    CLEANUP(query_done) struct query query = query_start(self, name);

    return query_write(&query);
}

static enum err start_anew(struct sqlite_store *self)
{
    TRY(run(self, SQL_SEARCH_CLEAR));
    TRY(run(self, SQL_TALLY_CLEAR));
    TRY(put_place(self, 0));
    return read_place(self);
}

static enum err index_rows(struct sqlite_store *self, int max, int *ret_rows, int64_t *ret_seq)
{
    CLEANUP(query_done) struct query query = query_start(self, SQL_SEARCH_NEXT);
    struct id id;

    query_bind_i64(&query, 1, self->indexed_seq);
    query_bind_i64(&query, 2, max);
    for (*ret_rows = 0; query_next(&query); ++*ret_rows) {
        TRY(query_bytes(&query, 0, id.bytes, sizeof id.bytes));
        TRY(sqlite_submission_get(&self->base, &id, add_row, self));
        *ret_seq = id_seq(&id);
    }
    return query_status(&query);
}

enum err sqlite_index_step(struct store *store, int max, int *ret_rows)
{
    struct sqlite_store *self = sqlite_of(store);
    int64_t seq = 0;

    *ret_rows = 0;
    TRY(find_place(self));
    if (self->indexed_seq == NOWHERE)
        TRY(start_anew(self));
    TRY(index_rows(self, max, ret_rows, &seq));
    return *ret_rows ? put_place(self, seq) : ERR_OK;
}

enum err sqlite_index_tidy(struct store *store, int pages, bool *ret_has_more)
{
    struct sqlite_store *self = sqlite_of(store);
    CLEANUP(query_done) struct query query = query_start(self, SQL_SEARCH_MERGE);
    int before = sqlite3_total_changes(self->db);

    query_bind_i64(&query, 1, pages);
    TRY(query_write(&query));
    /* FTS5's own word for it: fewer than two changes are none. */
    *ret_has_more = sqlite3_total_changes(self->db) - before >= 2;
    return ERR_OK;
}

/* --- searching ----------------------------------------------------------- */

struct hunt {
    struct sqlite_store *self;
    const struct submission_filter *filter;
    store_submission_fn fn;
    void *arg;
    struct buf words;
    struct seq_range range; /* what is still to be looked at */
    int left;               /* rows that are still wanted */
    int looks;              /* rows that may still be looked at on this path */
    bool is_over;           /* the walk ended before the rows did */
};

static enum err look_at(void *arg, const struct submission *row)
{
    struct hunt *hunt = arg;

    hunt->range.high = id_seq(&row->id);
    hunt->looks--;
    if (!store_fits(hunt->filter, row))
        return ERR_OK;
    TRY(search_text_make(row, &hunt->words));
    if (!search_fits(hunt->filter->query, buf_str(&hunt->words)))
        return ERR_OK;
    hunt->left--;
    return hunt->fn(hunt->arg, row);
}

static enum err look_until_full(void *arg, const struct submission *row)
{
    struct hunt *hunt = arg;

    TRY(look_at(hunt, row));
    hunt->is_over = hunt->left == 0;
    return hunt->is_over ? ERR_STOPPING : ERR_OK;
}

/* One page of the list of all that could be meant. */
static enum err hunt_page(struct hunt *hunt)
{
    struct submission_filter filter = *hunt->filter;
    int looks = hunt->looks;

    filter.query = NULL;
    filter.below_seq = hunt->range.high;
    filter.limit = looks < SUBMISSION_LIST_MAX ? looks : SUBMISSION_LIST_MAX;
    enum err err = sqlite_submission_list(&hunt->self->base, &filter, look_until_full, hunt);
    if (err == ERR_STOPPING && hunt->is_over)
        return ERR_OK;
    hunt->is_over = looks - hunt->looks < filter.limit;
    return err;
}

static enum err hunt_newest(struct hunt *hunt)
{
    /* Rows of several forms are merged, which takes longer. */
    hunt->looks = hunt->filter->scope ? SUBMISSION_LIST_MAX : LOOK_MAX;
    while (hunt->looks && !hunt->is_over)
        TRY(hunt_page(hunt));
    return ERR_OK;
}

/* The row that the index means; one that was deleted meanwhile is none. */
static enum err look_up(struct hunt *hunt, int64_t seq)
{
    CLEANUP(query_done) struct query query = query_start(hunt->self, SQL_SEARCH_GET);
    struct id id;

    query_bind_i64(&query, 1, seq);
    if (!query_next(&query))
        return query_status(&query);
    TRY(query_bytes(&query, 0, id.bytes, sizeof id.bytes));
    enum err err = sqlite_submission_get(&hunt->self->base, &id, look_at, hunt);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The forms that may be in the answer, so that the index passes over the others. */
static void put_forms(struct buf *match, const struct submission_filter *filter)
{
    struct str rest = filter->scope ? scope_text(filter->scope) : (struct str){0};
    struct str form = filter->form;

    if (form.ptr)
        search_put_form_match(match, form, true);
    else
        for (bool is_first = true; scope_next(&rest, &form); is_first = false)
            search_put_form_match(match, form, is_first);
    if (match->len)
        buf_put(match, STR(") AND "));
}

static enum err hunt_index(struct hunt *hunt, bool is_rough)
{
    CLEANUP(buf_done) struct buf match = buf_new(MATCH_MAX);
    CLEANUP(query_done) struct query query = query_start(hunt->self, SQL_SEARCH_FIND);
    int64_t deadline_us = hunt->self->deadline_us;

    put_forms(&match, hunt->filter);
    if (!search_put_match(&match, hunt->filter->query, is_rough))
        return ERR_OK;
    TRY(buf_status(&match));
    query_bind_str(&query, 1, buf_str(&match));
    query_bind_i64(&query, 2, hunt->range.low);
    query_bind_i64(&query, 3, hunt->range.high);
    while (hunt->left && hunt->looks && query_next(&query)) {
        TRY(look_up(hunt, query_i64(&query, 0)));
        hunt->self->deadline_us = deadline_us; /* looking up a row is no query of its own */
    }
    hunt->is_over = !hunt->left || hunt->looks;
    return query_status(&query);
}

static bool has_prefix(const struct search *search)
{
    for (size_t i = 0; i < search->count; i++)
        if (search->terms[i].is_prefix)
            return true;
    return false;
}

static enum err hunt_all(struct hunt *hunt)
{
    TRY(hunt_newest(hunt));
    if (!hunt->is_over && has_prefix(hunt->filter->query)) {
        hunt->looks = ROUGH_LOOK_MAX;
        TRY(hunt_index(hunt, true));
    }
    hunt->looks = INT32_MAX;
    return hunt->is_over ? ERR_OK : hunt_index(hunt, false);
}

enum err sqlite_submission_search(struct store *store, const struct submission_filter *filter,
                                  store_submission_fn fn, void *arg)
{
    struct hunt hunt = {.self = sqlite_of(store),
                        .filter = filter,
                        .fn = fn,
                        .arg = arg,
                        .words = buf_new(SEARCH_TEXT_MAX),
                        .range = store_range(filter),
                        .left = filter->limit};

    if (!filter->query->count)
        return ERR_OK;
    enum err err = hunt_all(&hunt);
    buf_done(&hunt.words);
    return err;
}

/* --- counts and ages ----------------------------------------------------- */

enum err sqlite_tally_list(struct store *store, int64_t first_day, struct str form,
                           store_tally_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_TALLY_LIST);

    query_bind_i64(&query, 1, first_day);
    query_bind_i64(&query, 2, TALLY_LATE_MAX);
    query_bind_str(&query, 3, form);
    while (query_next(&query)) {
        int64_t state = query_i64(&query, 2);
        const struct tally tally = {.day = query_i64(&query, 0),
                                    .form = query_str(&query, 1),
                                    .state = (enum submission_state)state,
                                    .count = query_i64(&query, 3)};
        TRY(query_status(&query));
        if (state < STATE_NEW || state > STATE_TRASH)
            return query_corrupt(&query);
        TRY(fn(arg, &tally));
    }
    return query_status(&query);
}

enum err sqlite_submission_aged(struct store *store, const struct aged_filter *filter,
                                store_aged_fn fn, void *arg)
{
    bool is_spam = !filter->form.ptr;
    CLEANUP(query_done)
    struct query query =
        query_start(sqlite_of(store), is_spam ? SQL_SUBMISSION_AGED_SPAM : SQL_SUBMISSION_AGED);
    struct aged row;

    if (is_spam)
        query_bind_i64(&query, 1, filter->above_seq);
    else
        query_bind_str(&query, 1, filter->form);
    query_bind_i64(&query, 2, id_seq_at(filter->until_ms));
    query_bind_i64(&query, 3, filter->limit);
    while (query_next(&query)) {
        row.form = query_str(&query, 1);
        row.since_ms = query_i64(&query, 2);
        TRY(query_status(&query));
        TRY(query_bytes(&query, 0, row.id.bytes, sizeof row.id.bytes));
        TRY(fn(arg, &row));
    }
    return query_status(&query);
}
