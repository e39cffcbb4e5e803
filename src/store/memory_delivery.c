/* SPDX-License-Identifier: MIT */
/*
 * Deliveries in memory: found by their row number; everything else is a walk. Attempts
 * stand together behind their delivery's number.
 */
#include <stdlib.h>

#include "store/memory.h"

/* --- rows ---------------------------------------------------------------- */

static struct row *delivery_row(const struct delivery *from)
{
    struct delivery copy = *from;
    struct str *texts[] = {&copy.form,  &copy.destination, &copy.address,
                           &copy.error, &copy.text,        &copy.via};
    struct row *row = row_new(ROW_DELIVERY, texts, COUNTOF(texts));

    if (row) {
        row->delivery = copy;
        row->key = rows_seq_key(id_seq(&copy.id), row->seq_key);
    }
    return row;
}

static bool is_same(const struct id *a, const struct id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The row with exactly this id, held for the caller, or NULL. */
static struct row *fetch(struct memory_store *self, const struct id *id)
{
    char key[SEQ_KEY_BYTES];
    struct row *row = memory_fetch(self, rows_find, ROW_DELIVERY, rows_seq_key(id_seq(id), key));

    if (!row || is_same(&row->delivery.id, id))
        return row;
    row_drop(row);
    return NULL;
}

static struct row *fetch_first(struct memory_store *self)
{
    return memory_fetch(self, rows_after, ROW_DELIVERY, (struct str){0});
}

/* --- the writer's -------------------------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum err memory_delivery_insert(struct store *store, const struct delivery *from)
{
    struct memory_store *self = memory_of(store);
    struct delivery fresh = *from;
    char key[SEQ_KEY_BYTES];

    if (memory_is_taken(self, ROW_DELIVERY, rows_seq_key(id_seq(&from->id), key)))
        return ERR_EXISTS;
    fresh.is_leased = false;
    fresh.attempts = fresh.cuts = 0;
    fresh.since_ms = later(from->due_at_ms, from->changed_at_ms);
    fresh.batch = (struct id){{0}};
    fresh.error = (struct str){0};
    if (!fresh.form.ptr)
        fresh.form = STR("");
    return memory_put(self, delivery_row(&fresh), NULL);
}

enum err memory_delivery_claim(struct store *store, const struct id *id, int64_t now_ms,
                               int64_t until_ms, const struct id *batch)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = fetch(self, id);

    if (!old || old->delivery.state != DELIVERY_WAITING || old->delivery.due_at_ms > now_ms)
        return ERR_NOT_FOUND;
    struct delivery changed = old->delivery;
    changed.is_leased = true;
    changed.attempts++;
    changed.due_at_ms = until_ms;
    if (batch && id_is_none(&changed.batch))
        changed.batch = *batch;
    return memory_put(self, delivery_row(&changed), old);
}

static struct str attempt_key(int64_t seq, int64_t number, char key[2 * SEQ_KEY_BYTES])
{
    rows_seq_key(seq, key);
    rows_seq_key(number, key + SEQ_KEY_BYTES);
    return (struct str){key, 2 * SEQ_KEY_BYTES};
}

/* The last attempt before `number`, held for the caller, or NULL. */
static struct row *fetch_attempt(struct memory_store *self, int64_t seq, int64_t number)
{
    char key[2 * SEQ_KEY_BYTES];
    struct row *row = memory_fetch(self, rows_before, ROW_ATTEMPT, attempt_key(seq, number, key));

    if (!row || memcmp(row->key.ptr, key, SEQ_KEY_BYTES) == 0)
        return row;
    row_drop(row);
    return NULL;
}

static int64_t attempt_number(const struct row *row)
{
    int64_t number = 0;

    for (size_t i = 0; i < SEQ_KEY_BYTES; i++)
        number = number << 8 | (unsigned char)row->key.ptr[SEQ_KEY_BYTES + i];
    return number;
}

static enum err add_attempt(struct memory_store *self, const struct delivery_outcome *outcome)
{
    int64_t seq = id_seq(&outcome->id);
    CLEANUP(row_dropp) struct row *last = fetch_attempt(self, seq, INT64_MAX);
    struct delivery_attempt copy = outcome->attempt;
    struct str *texts[] = {&copy.error};
    struct row *row = row_new(ROW_ATTEMPT, texts, COUNTOF(texts));
    int64_t number = last ? attempt_number(last) + 1 : 1;
    char key[2 * SEQ_KEY_BYTES];

    if (row) {
        row->attempt = copy;
        row->key = attempt_key(seq, number, row->note_key);
    }
    TRY(memory_put(self, row, NULL));
    enum err err =
        memory_delete(self, ROW_ATTEMPT, attempt_key(seq, number - DELIVERY_HISTORY_MAX, key));
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* "form", 0, "name" */
static void pair_key(struct str form, struct str name, struct buf *key)
{
    buf_put(key, form);
    buf_put_char(key, '\0');
    buf_put(key, name);
}

static struct row *destination_row(const struct destination_tally *from)
{
    CLEANUP(buf_done) struct buf pair = buf_new(1000);
    struct destination_tally copy = *from;

    pair_key(from->form, from->name, &pair);
    struct str key = buf_str(&pair);
    struct str *texts[] = {&copy.form, &copy.name, &copy.error, &key};
    struct row *row =
        buf_status(&pair) == ERR_OK ? row_new(ROW_DESTINATION, texts, COUNTOF(texts)) : NULL;
    if (row) {
        row->destination = copy;
        row->key = key;
    }
    return row;
}

static struct row *fetch_destination(struct memory_store *self, struct str form, struct str name)
{
    CLEANUP(buf_done) struct buf pair = buf_new(1000);

    pair_key(form, name, &pair);
    return memory_fetch(self, rows_find, ROW_DESTINATION, buf_str(&pair));
}

static enum err count_outcome(struct memory_store *self, const struct delivery_outcome *outcome)
{
    CLEANUP(row_dropp)
    struct row *old = fetch_destination(self, outcome->form, outcome->destination);
    struct destination_tally tally = {.form = outcome->form.ptr ? outcome->form : STR(""),
                                      .name = outcome->destination};

    if (old)
        tally = old->destination;
    if (outcome->attempt.error.ptr && outcome->sign == SIGN_REACHED) {
        tally.failing_since_ms = 0;
    } else if (outcome->attempt.error.ptr) {
        tally.failed_at_ms = outcome->attempt.at_ms;
        tally.error = outcome->attempt.error;
        if (!tally.failing_since_ms)
            tally.failing_since_ms = outcome->attempt.at_ms;
    } else {
        tally.delivered++;
        tally.delivered_at_ms = outcome->attempt.at_ms;
        tally.failing_since_ms = 0;
    }
    return memory_put(self, destination_row(&tally), old);
}

static bool is_hastened(const struct delivery *it, const struct delivery_outcome *outcome,
                        int64_t now_ms)
{
    return it->state == DELIVERY_WAITING && !it->is_leased && it->attempts > 0 &&
           it->due_at_ms > now_ms + DELIVERY_SPREAD_MS &&
           it->changed_at_ms <= now_ms - DELIVERY_JUST_NOW_MS &&
           it->since_ms > now_ms - DELIVERY_HURRIED_MS && str_equal(it->form, outcome->form) &&
           str_equal(it->destination, outcome->destination);
}

/* Before the destination is known to work again. */
static enum err hasten(struct memory_store *self, const struct delivery_outcome *outcome)
{
    int64_t now_ms = outcome->attempt.at_ms + outcome->attempt.took_ms;
    CLEANUP(row_dropp)
    struct row *tally = fetch_destination(self, outcome->form, outcome->destination);
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; tally && tally->destination.failing_since_ms && row;
         memory_advance(self, rows_after, &row)) {
        struct delivery changed = row->delivery;
        if (!is_hastened(&changed, outcome, now_ms))
            continue;
        changed.attempts--;
        changed.due_at_ms =
            now_ms + (id_is_none(&changed.batch) ? id_seq(&changed.id) % DELIVERY_SPREAD_MS : 0);
        TRY(memory_put(self, delivery_row(&changed), row));
    }
    return ERR_OK;
}

enum err memory_delivery_settle(struct store *store, const struct delivery_outcome *outcome)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = fetch(self, &outcome->id);

    if (!old)
        return ERR_NOT_FOUND;
    struct delivery changed = old->delivery;
    bool is_kept = changed.state == DELIVERY_HELD || changed.state == DELIVERY_WITHDRAWN;
    if (!is_kept || outcome->state != DELIVERY_WAITING)
        changed.state = outcome->state;
    changed.is_leased = false;
    changed.cuts = 0;
    changed.due_at_ms = outcome->due_at_ms;
    changed.changed_at_ms = outcome->attempt.at_ms + outcome->attempt.took_ms;
    changed.error = outcome->attempt.error;
    if (!id_is_none(&outcome->batch))
        changed.batch = outcome->batch;
    TRY(memory_put(self, delivery_row(&changed), old));
    TRY(add_attempt(self, outcome));
    if (outcome->state == DELIVERY_DONE)
        TRY(hasten(self, outcome));
    return outcome->state == DELIVERY_WITHDRAWN || outcome->sign == SIGN_NONE
               ? ERR_OK
               : count_outcome(self, outcome);
}

enum err memory_delivery_release(struct store *store, int64_t now_ms, uint64_t chance)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; row; memory_advance(self, rows_after, &row)) {
        struct delivery changed = row->delivery;
        if (changed.state != DELIVERY_WAITING || !changed.is_leased)
            continue;
        delivery_cut(&changed, now_ms, chance);
        TRY(memory_put(self, delivery_row(&changed), row));
    }
    return ERR_OK;
}

enum err memory_delivery_set_state(struct store *store, const struct id *id,
                                   enum delivery_state state, int64_t due_at_ms, int64_t now_ms)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = fetch(self, id);

    if (!old)
        return ERR_NOT_FOUND;
    struct delivery changed = old->delivery;
    changed.state = state;
    changed.due_at_ms = due_at_ms;
    changed.changed_at_ms = now_ms;
    changed.since_ms = later(due_at_ms, now_ms);
    changed.batch = (struct id){{0}};
    return memory_put(self, delivery_row(&changed), old);
}

enum err memory_delivery_withdraw_form(struct store *store, struct str form, int64_t now_ms)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; row; memory_advance(self, rows_after, &row)) {
        struct delivery changed = row->delivery;
        bool is_open = changed.state == DELIVERY_WAITING || changed.state == DELIVERY_HELD;
        if (changed.state == DELIVERY_DONE || !str_equal(changed.form, form))
            continue;
        changed.via = STR("");
        if (is_open) {
            changed.state = DELIVERY_WITHDRAWN;
            changed.changed_at_ms = now_ms;
            changed.error = STR(DELIVERY_FORM_REMOVED);
        }
        TRY(memory_put(self, delivery_row(&changed), row));
    }
    return ERR_OK;
}

static enum err restart(struct memory_store *self, struct row *old, int64_t now_ms,
                        bool keeps_batch, const struct id *batch)
{
    struct delivery changed = old->delivery;

    changed.state = DELIVERY_WAITING;
    changed.attempts = changed.cuts = 0;
    changed.due_at_ms = changed.changed_at_ms = changed.since_ms = now_ms;
    if (!keeps_batch)
        changed.batch = batch ? *batch : (struct id){{0}};
    return memory_put(self, delivery_row(&changed), old);
}

enum err memory_delivery_restart(struct store *store, const struct id *id, int64_t now_ms,
                                 const struct id *batch)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *old = fetch(self, id);

    return old ? restart(self, old, now_ms, false, batch) : ERR_NOT_FOUND;
}

enum err memory_delivery_restart_all(struct store *store, struct str form, struct str destination,
                                     int64_t now_ms, int64_t *ret_count)
{
    struct memory_store *self = memory_of(store);
    int64_t count = 0;
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; row; memory_advance(self, rows_after, &row)) {
        const struct delivery *it = &row->delivery;
        bool is_waiting = it->state == DELIVERY_WAITING && !it->is_leased;
        if ((!is_waiting && it->state != DELIVERY_FAILED) || !str_equal(it->form, form) ||
            !str_equal(it->destination, destination))
            continue;
        TRY(restart(self, row, now_ms, is_waiting, NULL));
        count++;
    }
    *ret_count = count;
    return ERR_OK;
}

static enum err delete_attempts(struct memory_store *self, int64_t seq)
{
    for (;;) {
        CLEANUP(row_dropp) struct row *row = fetch_attempt(self, seq, INT64_MAX);
        if (!row)
            return ERR_OK;
        TRY(memory_delete(self, ROW_ATTEMPT, row->key));
    }
}

enum err memory_delivery_delete_all(struct store *store, const struct id *submission)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; row; memory_advance(self, rows_after, &row)) {
        if (!is_same(&row->delivery.submission, submission))
            continue;
        TRY(delete_attempts(self, id_seq(&row->delivery.id)));
        TRY(memory_delete(self, ROW_DELIVERY, row->key));
    }
    return ERR_OK;
}

/* --- lists --------------------------------------------------------------- */

enum err memory_delivery_get(struct store *store, const struct id *id, store_delivery_fn fn,
                             void *arg)
{
    CLEANUP(row_dropp) struct row *row = fetch(memory_of(store), id);

    return row ? fn(arg, &row->delivery) : ERR_NOT_FOUND;
}

enum err memory_delivery_list(struct store *store, const struct delivery_filter *filter,
                              store_delivery_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    int left = filter->limit;
    char key[SEQ_KEY_BYTES];
    CLEANUP(row_dropp)
    struct row *row =
        memory_fetch(self, rows_before, ROW_DELIVERY, rows_seq_key(filter->below_seq, key));

    for (; row && left; memory_advance(self, rows_before, &row)) {
        if (!store_delivery_fits(filter, &row->delivery))
            continue;
        TRY(fn(arg, &row->delivery));
        left--;
    }
    return ERR_OK;
}

enum err memory_attempt_list(struct store *store, const struct id *delivery, store_attempt_fn fn,
                             void *arg)
{
    struct memory_store *self = memory_of(store);
    int64_t before = INT64_MAX;

    for (;;) {
        CLEANUP(row_dropp) struct row *row = fetch_attempt(self, id_seq(delivery), before);
        if (!row)
            return ERR_OK;
        TRY(fn(arg, &row->attempt));
        before = attempt_number(row);
    }
}

/* --- what waits ---------------------------------------------------------- */

static int compare_str(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_places(struct str form, struct str name, struct str other_form,
                          struct str other_name)
{
    int order = compare_str(form, other_form);

    return order ? order : compare_str(name, other_name);
}

/* Whether `a` is the one to show before `b`: by destination, then by time. */
static int compare_due(const struct delivery *a, const struct delivery *b)
{
    int order = compare_places(a->form, a->destination, b->form, b->destination);

    if (order)
        return order;
    if (a->due_at_ms != b->due_at_ms)
        return a->due_at_ms < b->due_at_ms ? -1 : 1;
    return id_seq(&a->id) < id_seq(&b->id) ? -1 : id_seq(&a->id) > id_seq(&b->id);
}

/* The first that waits for a later destination or, with `last`, for this one and behind that. */
static struct row *fetch_waiting(struct memory_store *self, struct str form, struct str destination,
                                 const struct delivery *last)
{
    struct row *best = NULL;
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; row; memory_advance(self, rows_after, &row)) {
        const struct delivery *it = &row->delivery;
        int order = compare_places(it->form, it->destination, form, destination);
        if (it->state != DELIVERY_WAITING || (last ? order != 0 : order <= 0) ||
            (last && compare_due(it, last) <= 0) || (best && compare_due(it, &best->delivery) >= 0))
            continue;
        row_drop(best);
        best = row;
        row_hold(best);
    }
    return best;
}

enum err memory_delivery_queues(struct store *store, const struct delivery_queue *after,
                                store_queue_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *row = fetch_waiting(self, after ? after->form : STR(""),
                                    after ? after->destination : STR(""), NULL);

    while (row) {
        const struct delivery *it = &row->delivery;
        const struct delivery_queue queue = {it->form, it->destination, it->due_at_ms};
        TRY(fn(arg, &queue));
        struct row *next = fetch_waiting(self, it->form, it->destination, NULL);
        row_drop(row);
        row = next;
    }
    return ERR_OK;
}

enum err memory_delivery_due(struct store *store, const struct delivery_queue *queue,
                             int64_t now_ms, int max, store_delivery_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    const struct delivery before = {
        .form = queue->form, .destination = queue->destination, .due_at_ms = INT64_MIN};
    CLEANUP(row_dropp)
    struct row *row = fetch_waiting(self, queue->form, queue->destination, &before);

    for (; row && row->delivery.due_at_ms <= now_ms && max > 0; max--) {
        TRY(fn(arg, &row->delivery));
        struct row *next = fetch_waiting(self, queue->form, queue->destination, &row->delivery);
        row_drop(row);
        row = next;
    }
    return ERR_OK;
}

enum err memory_delivery_late(struct store *store, const struct delivery_queue *queue,
                              int64_t now_ms, int64_t before_ms, int max, store_delivery_fn fn,
                              void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; row && max > 0; memory_advance(self, rows_after, &row)) {
        const struct delivery *it = &row->delivery;
        if (it->state != DELIVERY_WAITING || it->due_at_ms > now_ms || it->since_ms > before_ms ||
            id_wall_ms(&it->id) > before_ms || !str_equal(it->form, queue->form) ||
            !str_equal(it->destination, queue->destination))
            continue;
        TRY(fn(arg, it));
        max--;
    }
    return ERR_OK;
}

enum err memory_delivery_waiting(struct store *store, int64_t *ret_count, int64_t *ret_oldest_ms)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    *ret_count = *ret_oldest_ms = 0;
    for (; row; memory_advance(self, rows_after, &row)) {
        if (row->delivery.state != DELIVERY_WAITING)
            continue;
        if (!(*ret_count)++)
            *ret_oldest_ms = id_wall_ms(&row->delivery.id);
    }
    return ERR_OK;
}

static bool goes_by(const struct delivery *delivery, struct str via)
{
    return !via.ptr || str_equal(delivery->via.len ? delivery->via : delivery->form, via);
}

enum err memory_delivery_replies(struct store *store, struct str via, struct str address,
                                 int64_t since_ms, int64_t *ret_count)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    *ret_count = 0;
    for (; row; memory_advance(self, rows_after, &row))
        *ret_count += row->delivery.address.ptr && str_equal(row->delivery.address, address) &&
                      goes_by(&row->delivery, via) &&
                      id_seq(&row->delivery.id) >= id_seq_at(since_ms);
    return ERR_OK;
}

/* --- destinations and alarms --------------------------------------------- */

/* Adds what has not been done to what is known of the attempts. */
static void count_open(struct memory_store *self, struct destination_tally *tally)
{
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; row; memory_advance(self, rows_after, &row)) {
        const struct delivery *it = &row->delivery;
        if (!str_equal(it->form, tally->form) || !str_equal(it->destination, tally->name))
            continue;
        tally->waiting += it->state == DELIVERY_WAITING;
        tally->held += it->state == DELIVERY_HELD;
        tally->failed += it->state == DELIVERY_FAILED;
        tally->withdrawn += it->state == DELIVERY_WITHDRAWN;
    }
}

/* A row of one that comes behind this one, if it does so before `best`; takes the place of that. */
static void choose(struct row **best, struct row *row, struct str form, struct str name)
{
    bool is_known = row->kind == ROW_DESTINATION;
    struct str own_form = is_known ? row->destination.form : row->delivery.form;
    struct str own_name = is_known ? row->destination.name : row->delivery.destination;

    if (compare_places(own_form, own_name, form, name) <= 0)
        return;
    if (*best) {
        bool has_known = (*best)->kind == ROW_DESTINATION;
        struct str its_form = has_known ? (*best)->destination.form : (*best)->delivery.form;
        struct str its_name = has_known ? (*best)->destination.name : (*best)->delivery.destination;
        if (compare_places(own_form, own_name, its_form, its_name) >= 0)
            return;
    }
    row_drop(*best);
    *best = row;
    row_hold(row);
}

/* The destination behind this one: a row of its own, or of a delivery that is not done. */
static struct row *fetch_behind(struct memory_store *self, struct str form, struct str name)
{
    struct row *best = NULL;
    CLEANUP(row_dropp)
    struct row *known = memory_fetch(self, rows_after, ROW_DESTINATION, (struct str){0});
    CLEANUP(row_dropp) struct row *row = fetch_first(self);

    for (; known; memory_advance(self, rows_after, &known))
        choose(&best, known, form, name);
    for (; row; memory_advance(self, rows_after, &row))
        if (row->delivery.state != DELIVERY_DONE)
            choose(&best, row, form, name);
    return best;
}

enum err memory_destination_list(struct store *store, store_destination_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch_behind(self, STR(""), STR(""));

    while (row) {
        struct destination_tally tally = {0};
        if (row->kind == ROW_DESTINATION)
            tally = row->destination;
        else
            tally = (struct destination_tally){.form = row->delivery.form,
                                               .name = row->delivery.destination};
        count_open(self, &tally);
        TRY(fn(arg, &tally));
        struct row *next = fetch_behind(self, tally.form, tally.name);
        row_drop(row);
        row = next;
    }
    return ERR_OK;
}

static enum err alarm_key(struct str kind, struct str form, struct str name, struct buf *key)
{
    buf_put(key, kind);
    buf_put_char(key, '\0');
    pair_key(form, name, key);
    return buf_status(key);
}

enum err memory_alarm_add(struct store *store, const struct alarm *alarm)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(buf_done) struct buf triple = buf_new(1000);
    struct alarm copy = *alarm;

    TRY(alarm_key(alarm->kind, alarm->form, alarm->name, &triple));
    struct str key = buf_str(&triple);
    if (memory_is_taken(self, ROW_ALARM, key))
        return ERR_EXISTS;
    struct str *texts[] = {&copy.kind, &copy.form, &copy.name, &copy.text, &key};
    struct row *row = row_new(ROW_ALARM, texts, COUNTOF(texts));
    if (row) {
        row->alarm = copy;
        row->key = key;
    }
    return memory_put(self, row, NULL);
}

enum err memory_alarm_delete(struct store *store, struct str kind, struct str form, struct str name)
{
    CLEANUP(buf_done) struct buf key = buf_new(1000);

    TRY(alarm_key(kind, form, name, &key));
    return memory_delete(memory_of(store), ROW_ALARM, buf_str(&key));
}

enum err memory_alarm_list(struct store *store, store_alarm_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_ALARM, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        TRY(fn(arg, &row->alarm));
    return ERR_OK;
}
