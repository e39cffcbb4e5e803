/* SPDX-License-Identifier: MIT */
/*
 * Deliveries in SQLite. What waits has an index of its own by destination, so that
 * neither what is done nor one destination's thousands stand before another's one.
 */
#include <stdlib.h>

#include "core/scope.h"
#include "store/sqlite.h"

/* --- rows ---------------------------------------------------------------- */

static void bind_id(struct query *query, int at, const struct id *id)
{
    if (!id || id_is_none(id))
        query_bind_str(query, at, (struct str){0});
    else
        query_bind_bytes(query, at, id->bytes, sizeof id->bytes);
}

/* NULL is the id that is none. */
static enum err read_id(struct query *query, int column, struct id *ret_id)
{
    *ret_id = (struct id){{0}};
    if (!query_blob(query, column).ptr)
        return ERR_OK;
    return query_bytes(query, column, ret_id->bytes, sizeof ret_id->bytes);
}

static enum err read_row(struct query *query, struct delivery *ret_row)
{
    struct delivery row = {
        .form = query_str(query, 2),
        .destination = query_str(query, 3),
        .is_leased = query_i64(query, 5) != 0,
        .attempts = (int)query_i64(query, 6),
        .due_at_ms = query_i64(query, 7),
        .changed_at_ms = query_i64(query, 8),
        .address = query_str(query, 10),
        .error = query_str(query, 11),
        .text = query_str(query, 12),
        .since_ms = query_i64(query, 13),
        .via = query_str(query, 14),
    };
    int64_t state = query_i64(query, 4);

    TRY(query_status(query));
    if (state < DELIVERY_WAITING || state > DELIVERY_WITHDRAWN)
        return query_corrupt(query);
    row.state = (enum delivery_state)state;
    TRY(query_bytes(query, 0, row.id.bytes, sizeof row.id.bytes));
    TRY(read_id(query, 1, &row.submission));
    TRY(read_id(query, 9, &row.batch));
    *ret_row = row;
    return ERR_OK;
}

static enum err tell_rows(struct query *query, store_delivery_fn fn, void *arg)
{
    struct delivery row;

    while (query_next(query)) {
        TRY(read_row(query, &row));
        TRY(fn(arg, &row));
    }
    return query_status(query);
}

static enum err ask(struct query *query, int64_t *ret_value)
{
    *ret_value = query_next(query) ? query_i64(query, 0) : 0;
    return query_status(query);
}

/* --- the writer's -------------------------------------------------------- */

enum err sqlite_delivery_insert(struct store *store, const struct delivery *row)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_DELIVERY_INSERT);

    query_bind_i64(&query, 1, id_seq(&row->id));
    bind_id(&query, 2, &row->id);
    bind_id(&query, 3, &row->submission);
    query_bind_str(&query, 4, row->form.len ? row->form : STR(""));
    query_bind_str(&query, 5, row->destination);
    query_bind_i64(&query, 6, (int64_t)row->state);
    query_bind_i64(&query, 7, row->due_at_ms);
    query_bind_i64(&query, 8, row->changed_at_ms);
    query_bind_str(&query, 9, row->address);
    query_bind_str(&query, 10, row->text);
    query_bind_str(&query, 11, row->via);
    return query_write(&query);
}

static struct query start_change(struct store *store, enum sql_query name, const struct id *id)
{
    struct query query = query_start(sqlite_of(store), name);

    query_bind_i64(&query, 1, id_seq(id));
    bind_id(&query, 2, id);
    return query;
}

enum err sqlite_delivery_claim(struct store *store, const struct id *id, int64_t now_ms,
                               int64_t until_ms, const struct id *batch)
{
    CLEANUP(query_done) struct query query = start_change(store, SQL_DELIVERY_CLAIM, id);

    query_bind_i64(&query, 3, until_ms);
    bind_id(&query, 4, batch);
    query_bind_i64(&query, 5, now_ms);
    return query_write_one(&query);
}

static enum err settle_row(struct store *store, const struct delivery_outcome *outcome)
{
    const struct delivery_attempt *attempt = &outcome->attempt;
    CLEANUP(query_done)
    struct query query = start_change(store, SQL_DELIVERY_SETTLE, &outcome->id);

    query_bind_i64(&query, 3, (int64_t)outcome->state);
    query_bind_i64(&query, 4, outcome->due_at_ms);
    query_bind_i64(&query, 5, attempt->at_ms + attempt->took_ms);
    query_bind_str(&query, 6, attempt->error);
    bind_id(&query, 7, &outcome->batch);
    return query_write_one(&query);
}

static enum err add_attempt(struct store *store, const struct delivery_outcome *outcome)
{
    const struct delivery_attempt *attempt = &outcome->attempt;
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_ATTEMPT_ADD);

    query_bind_i64(&query, 1, id_seq(&outcome->id));
    query_bind_i64(&query, 2, attempt->at_ms);
    query_bind_i64(&query, 3, attempt->took_ms);
    query_bind_i64(&query, 4, attempt->status);
    query_bind_str(&query, 5, attempt->error);
    TRY(query_write(&query));
    CLEANUP(query_done) struct query trim = query_start(sqlite_of(store), SQL_ATTEMPT_TRIM);
    query_bind_i64(&trim, 1, id_seq(&outcome->id));
    query_bind_i64(&trim, 2, DELIVERY_HISTORY_MAX);
    return query_write(&trim);
}

static enum err count_outcome(struct store *store, const struct delivery_outcome *outcome)
{
    bool has_failed = outcome->attempt.error.ptr != NULL;
    bool is_reached = has_failed && outcome->sign == SIGN_REACHED;
    enum sql_query name = has_failed ? SQL_DESTINATION_FAILED : SQL_DESTINATION_DELIVERED;
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), is_reached ? SQL_DESTINATION_REACHED : name);

    query_bind_str(&query, 1, outcome->form.len ? outcome->form : STR(""));
    query_bind_str(&query, 2, outcome->destination);
    if (!is_reached)
        query_bind_i64(&query, 3, outcome->attempt.at_ms);
    if (has_failed && !is_reached)
        query_bind_str(&query, 4, outcome->attempt.error);
    return query_write(&query);
}

static enum err hasten(struct store *store, const struct delivery_outcome *outcome)
{
    int64_t now_ms = outcome->attempt.at_ms + outcome->attempt.took_ms;
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_HASTEN);

    query_bind_str(&query, 1, outcome->form.len ? outcome->form : STR(""));
    query_bind_str(&query, 2, outcome->destination);
    query_bind_i64(&query, 3, now_ms);
    query_bind_i64(&query, 4, now_ms - DELIVERY_JUST_NOW_MS);
    query_bind_i64(&query, 5, now_ms - DELIVERY_HURRIED_MS);
    query_bind_i64(&query, 6, DELIVERY_SPREAD_MS);
    return query_write(&query);
}

/* Before the destination is known to work again. */
static enum err hasten_if_failing(struct store *store, const struct delivery_outcome *outcome)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DESTINATION_FAILING);
    int64_t since_ms;

    query_bind_str(&query, 1, outcome->form.len ? outcome->form : STR(""));
    query_bind_str(&query, 2, outcome->destination);
    TRY(ask(&query, &since_ms));
    return since_ms ? hasten(store, outcome) : ERR_OK;
}

enum err sqlite_delivery_settle(struct store *store, const struct delivery_outcome *outcome)
{
    TRY(settle_row(store, outcome));
    TRY(add_attempt(store, outcome));
    if (outcome->state == DELIVERY_DONE)
        TRY(hasten_if_failing(store, outcome));
    return outcome->state == DELIVERY_WITHDRAWN || outcome->sign == SIGN_NONE
               ? ERR_OK
               : count_outcome(store, outcome);
}

/* The first one behind `after_seq`; ERR_NOT_FOUND: there are no more. */
static enum err find_leased(struct store *store, int64_t after_seq, int64_t *ret_seq,
                            struct delivery *ret_row)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_LEASED);

    query_bind_i64(&query, 1, after_seq);
    if (!query_next(&query)) {
        TRY(query_status(&query));
        return ERR_NOT_FOUND;
    }
    *ret_seq = query_i64(&query, 0);
    *ret_row =
        (struct delivery){.attempts = (int)query_i64(&query, 1), .cuts = (int)query_i64(&query, 2)};
    return query_status(&query);
}

static enum err cut(struct store *store, int64_t seq, const struct delivery *row)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_CUT);

    query_bind_i64(&query, 1, seq);
    query_bind_i64(&query, 2, (int64_t)row->state);
    query_bind_i64(&query, 3, row->attempts);
    query_bind_i64(&query, 4, row->cuts);
    query_bind_i64(&query, 5, row->due_at_ms);
    query_bind_str(&query, 6, row->error);
    return query_write(&query);
}

enum err sqlite_delivery_release(struct store *store, int64_t now_ms, uint64_t chance)
{
    struct delivery row;
    int64_t seq = INT64_MIN;

    for (;;) {
        enum err err = find_leased(store, seq, &seq, &row);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        delivery_cut(&row, now_ms, chance);
        TRY(cut(store, seq, &row));
    }
}

enum err sqlite_delivery_set_state(struct store *store, const struct id *id,
                                   enum delivery_state state, int64_t due_at_ms, int64_t now_ms)
{
    CLEANUP(query_done) struct query query = start_change(store, SQL_DELIVERY_SET_STATE, id);

    query_bind_i64(&query, 3, (int64_t)state);
    query_bind_i64(&query, 4, due_at_ms);
    query_bind_i64(&query, 5, now_ms);
    return query_write_one(&query);
}

enum err sqlite_delivery_withdraw_form(struct store *store, struct str form, int64_t now_ms)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_DELIVERY_WITHDRAW_FORM);

    query_bind_str(&query, 1, form);
    query_bind_i64(&query, 2, now_ms);
    query_bind_str(&query, 3, STR(DELIVERY_FORM_REMOVED));
    return query_write(&query);
}

enum err sqlite_delivery_restart(struct store *store, const struct id *id, int64_t now_ms,
                                 const struct id *batch)
{
    CLEANUP(query_done) struct query query = start_change(store, SQL_DELIVERY_RESTART, id);

    query_bind_i64(&query, 3, now_ms);
    bind_id(&query, 4, batch);
    return query_write_one(&query);
}

static enum err restart_some(struct store *store, enum sql_query name, struct str form,
                             struct str destination, int64_t now_ms, int64_t *count)
{
    struct sqlite_store *self = sqlite_of(store);
    CLEANUP(query_done) struct query query = query_start(self, name);

    query_bind_str(&query, 1, form.len ? form : STR(""));
    query_bind_str(&query, 2, destination);
    query_bind_i64(&query, 3, now_ms);
    TRY(query_write(&query));
    *count += sqlite3_changes64(self->db);
    return ERR_OK;
}

enum err sqlite_delivery_restart_all(struct store *store, struct str form, struct str destination,
                                     int64_t now_ms, int64_t *ret_count)
{
    *ret_count = 0;
    TRY(restart_some(store, SQL_DELIVERY_RESTART_WAITING, form, destination, now_ms, ret_count));
    return restart_some(store, SQL_DELIVERY_RESTART_FAILED, form, destination, now_ms, ret_count);
}

static enum err delete_of(struct store *store, enum sql_query name, const struct id *submission)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), name);

    bind_id(&query, 1, submission);
    return query_write(&query);
}

enum err sqlite_delivery_delete_all(struct store *store, const struct id *submission)
{
    TRY(delete_of(store, SQL_ATTEMPT_DELETE_ALL, submission));
    return delete_of(store, SQL_DELIVERY_DELETE_ALL, submission);
}

/* --- lists --------------------------------------------------------------- */

enum err sqlite_delivery_get(struct store *store, const struct id *id, store_delivery_fn fn,
                             void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_GET);
    struct delivery row;

    query_bind_i64(&query, 1, id_seq(id));
    if (!query_next(&query)) {
        TRY(query_status(&query));
        return ERR_NOT_FOUND;
    }
    TRY(read_row(&query, &row));
    return memcmp(row.id.bytes, id->bytes, sizeof id->bytes) == 0 ? fn(arg, &row) : ERR_NOT_FOUND;
}

static bool is_one_state(unsigned states)
{
    return states && !(states & (states - 1));
}

static struct query list_query(struct store *store, enum sql_query name,
                               const struct delivery_filter *filter)
{
    struct query query = query_start(sqlite_of(store), name);

    query_bind_i64(&query, 1, filter->below_seq);
    query_bind_i64(&query, 2, (int64_t)filter->states);
    query_bind_str(&query, 3, filter->destination);
    query_bind_i64(&query, 4, filter->limit);
    return query;
}

/* Of one state that is not the usual one. */
static enum err list_open(struct store *store, const struct delivery_filter *filter,
                          store_delivery_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_LIST_OPEN);
    struct delivery row;
    int left = filter->limit;

    query_bind_i64(&query, 1, filter->below_seq);
    query_bind_i64(&query, 2, __builtin_ctz(filter->states));
    query_bind_str(&query, 3, filter->destination);
    query_bind_str(&query, 4, filter->form);
    while (left && query_next(&query)) {
        TRY(read_row(&query, &row));
        if (!store_delivery_fits(filter, &row))
            continue;
        TRY(fn(arg, &row));
        left--;
    }
    return query_status(&query);
}

static enum err list_form(struct store *store, const struct delivery_filter *filter,
                          struct str form, store_delivery_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = list_query(store, SQL_DELIVERY_LIST_FORM, filter);

    query_bind_str(&query, 5, form);
    return tell_rows(&query, fn, arg);
}

struct picked {
    int64_t *seqs;
    size_t count;
};

static enum err pick(void *arg, const struct delivery *row)
{
    struct picked *picked = arg;

    picked->seqs[picked->count++] = id_seq(&row->id);
    return ERR_OK;
}

static int newest_first(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left < right) - (left > right);
}

static enum err tell_one(struct store *store, int64_t seq, store_delivery_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_GET);

    query_bind_i64(&query, 1, seq);
    return tell_rows(&query, fn, arg);
}

/* Each form tells its newest, of which the newest of all are shown. */
static enum err merge_forms(struct store *store, const struct delivery_filter *filter,
                            struct picked *picked, store_delivery_fn fn, void *arg)
{
    struct str rest = scope_text(filter->scope), form;

    while (scope_next(&rest, &form))
        TRY(list_form(store, filter, form, pick, picked));
    qsort(picked->seqs, picked->count, sizeof *picked->seqs, newest_first);
    for (size_t i = 0; i < picked->count && i < (size_t)filter->limit; i++)
        TRY(tell_one(store, picked->seqs[i], fn, arg));
    return ERR_OK;
}

static enum err list_scope(struct store *store, const struct delivery_filter *filter,
                           store_delivery_fn fn, void *arg)
{
    struct sqlite_store *self = sqlite_of(store);
    struct picked picked = {calloc(SCOPE_FORMS_MAX * (size_t)filter->limit, sizeof *picked.seqs),
                            0};
    enum err err = picked.seqs ? ERR_OK : ERR_MEMORY;

    if (err == ERR_OK && store->is_reader)
        err = sqlite_view_begin(self);
    if (err == ERR_OK) {
        err = merge_forms(store, filter, &picked, fn, arg);
        enum err ended = store->is_reader ? sqlite_view_end(self) : ERR_OK;
        err = err == ERR_OK ? ended : err;
    }
    free(picked.seqs);
    return err;
}

static enum err list_submission(struct store *store, const struct delivery_filter *filter,
                                store_delivery_fn fn, void *arg)
{
    CLEANUP(query_done)
    struct query query = list_query(store, SQL_DELIVERY_LIST_SUBMISSION, filter);
    struct delivery row;

    bind_id(&query, 5, filter->submission);
    while (query_next(&query)) {
        TRY(read_row(&query, &row));
        if (store_delivery_fits(filter, &row))
            TRY(fn(arg, &row));
    }
    return query_status(&query);
}

enum err sqlite_delivery_list(struct store *store, const struct delivery_filter *filter,
                              store_delivery_fn fn, void *arg)
{
    if (filter->submission)
        return list_submission(store, filter, fn, arg);
    if (is_one_state(filter->states) && filter->states != 1u << DELIVERY_DONE)
        return list_open(store, filter, fn, arg);
    if (filter->form.ptr)
        return list_form(store, filter, filter->form, fn, arg);
    if (filter->scope)
        return list_scope(store, filter, fn, arg);
    CLEANUP(query_done) struct query query = list_query(store, SQL_DELIVERY_LIST, filter);
    return tell_rows(&query, fn, arg);
}

enum err sqlite_attempt_list(struct store *store, const struct id *delivery, store_attempt_fn fn,
                             void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_ATTEMPT_LIST);

    query_bind_i64(&query, 1, id_seq(delivery));
    while (query_next(&query)) {
        const struct delivery_attempt attempt = {.at_ms = query_i64(&query, 0),
                                                 .took_ms = query_i64(&query, 1),
                                                 .status = (int)query_i64(&query, 2),
                                                 .error = query_str(&query, 3)};
        TRY(query_status(&query));
        TRY(fn(arg, &attempt));
    }
    return query_status(&query);
}

/* --- what waits ---------------------------------------------------------- */

/* The place of a destination in the walk over all of them. */
struct queue_place {
    char form[FORM_NAME_MAX], destination[DESTINATION_NAME_MAX];
    struct delivery_queue queue;
};

static enum err keep_text(char *room, size_t room_bytes, struct str text, struct str *ret_text)
{
    if (text.len > room_bytes)
        return ERR_CORRUPT;
    if (text.len)
        memcpy(room, text.ptr, text.len);
    *ret_text = (struct str){room, text.len};
    return ERR_OK;
}

/* The place after which to look is what the query asks for; ERR_NOT_FOUND: nothing is there. */
static enum err step_queue(struct store *store, enum sql_query name, struct queue_place *place)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), name);
    struct delivery_queue *queue = &place->queue;

    query_bind_str(&query, 1, queue->form);
    if (name == SQL_DELIVERY_NEXT)
        query_bind_str(&query, 2, queue->destination);
    if (!query_next(&query)) {
        TRY(query_status(&query));
        return ERR_NOT_FOUND;
    }
    struct str form = query_str(&query, 0), destination = query_str(&query, 1);
    TRY(query_status(&query));
    queue->due_at_ms = query_i64(&query, 2);
    TRY(keep_text(place->form, sizeof place->form, form, &queue->form));
    return keep_text(place->destination, sizeof place->destination, destination,
                     &queue->destination);
}

/* Of the same form, else of a later one; ERR_NOT_FOUND: there are no more. */
static enum err next_queue(struct store *store, struct queue_place *place)
{
    enum err err = step_queue(store, SQL_DELIVERY_NEXT, place);

    return err == ERR_NOT_FOUND ? step_queue(store, SQL_DELIVERY_NEXT_FORM, place) : err;
}

enum err sqlite_delivery_queues(struct store *store, const struct delivery_queue *after,
                                store_queue_fn fn, void *arg)
{
    struct queue_place place = {.queue = {.form = STR(""), .destination = STR("")}};

    if (after)
        place.queue = *after;
    for (;;) {
        enum err err = next_queue(store, &place);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        TRY(fn(arg, &place.queue));
    }
}

enum err sqlite_delivery_due(struct store *store, const struct delivery_queue *queue,
                             int64_t now_ms, int max, store_delivery_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_DUE);

    query_bind_str(&query, 1, queue->form.len ? queue->form : STR(""));
    query_bind_str(&query, 2, queue->destination);
    query_bind_i64(&query, 3, now_ms);
    query_bind_i64(&query, 4, max);
    return tell_rows(&query, fn, arg);
}

enum err sqlite_delivery_late(struct store *store, const struct delivery_queue *queue,
                              int64_t now_ms, int64_t before_ms, int max, store_delivery_fn fn,
                              void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_LATE);

    query_bind_str(&query, 1, queue->form.len ? queue->form : STR(""));
    query_bind_str(&query, 2, queue->destination);
    query_bind_i64(&query, 3, now_ms);
    query_bind_i64(&query, 4, before_ms);
    query_bind_i64(&query, 5, max);
    query_bind_i64(&query, 6, id_seq_at(before_ms + 1));
    return tell_rows(&query, fn, arg);
}

enum err sqlite_delivery_waiting(struct store *store, int64_t *ret_count, int64_t *ret_oldest_ms)
{
    CLEANUP(query_done) struct query count = query_start(sqlite_of(store), SQL_DELIVERY_COUNT);
    CLEANUP(query_done) struct query oldest = query_start(sqlite_of(store), SQL_DELIVERY_OLDEST);

    TRY(ask(&count, ret_count));
    return ask(&oldest, ret_oldest_ms);
}

enum err sqlite_delivery_replies(struct store *store, struct str via, struct str address,
                                 int64_t since_ms, int64_t *ret_count)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DELIVERY_REPLIES);

    query_bind_str(&query, 1, via);
    query_bind_str(&query, 2, address);
    query_bind_i64(&query, 3, id_seq_at(since_ms));
    return ask(&query, ret_count);
}

/* --- destinations and alarms --------------------------------------------- */

enum err sqlite_destination_list(struct store *store, store_destination_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_DESTINATION_LIST);

    while (query_next(&query)) {
        const struct destination_tally tally = {.form = query_str(&query, 0),
                                                .name = query_str(&query, 1),
                                                .waiting = query_i64(&query, 2),
                                                .held = query_i64(&query, 3),
                                                .failed = query_i64(&query, 4),
                                                .withdrawn = query_i64(&query, 5),
                                                .delivered = query_i64(&query, 6),
                                                .delivered_at_ms = query_i64(&query, 7),
                                                .failed_at_ms = query_i64(&query, 8),
                                                .failing_since_ms = query_i64(&query, 9),
                                                .error = query_str(&query, 10)};
        TRY(query_status(&query));
        TRY(fn(arg, &tally));
    }
    return query_status(&query);
}

static struct query start_alarm(struct store *store, enum sql_query name, struct str kind,
                                struct str form, struct str destination)
{
    struct query query = query_start(sqlite_of(store), name);

    query_bind_str(&query, 1, kind);
    query_bind_str(&query, 2, form.len ? form : STR(""));
    query_bind_str(&query, 3, destination.len ? destination : STR(""));
    return query;
}

enum err sqlite_alarm_add(struct store *store, const struct alarm *alarm)
{
    CLEANUP(query_done)
    struct query query = start_alarm(store, SQL_ALARM_ADD, alarm->kind, alarm->form, alarm->name);

    query_bind_i64(&query, 4, alarm->since_ms);
    query_bind_str(&query, 5, alarm->text);
    return query_write(&query);
}

enum err sqlite_alarm_delete(struct store *store, struct str kind, struct str form, struct str name)
{
    CLEANUP(query_done)
    struct query query = start_alarm(store, SQL_ALARM_DELETE, kind, form, name);

    return query_write_one(&query);
}

enum err sqlite_alarm_list(struct store *store, store_alarm_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_ALARM_LIST);

    while (query_next(&query)) {
        const struct alarm alarm = {.kind = query_str(&query, 0),
                                    .form = query_str(&query, 1),
                                    .name = query_str(&query, 2),
                                    .since_ms = query_i64(&query, 3),
                                    .text = query_str(&query, 4)};
        TRY(query_status(&query));
        TRY(fn(arg, &alarm));
    }
    return query_status(&query);
}
