/* SPDX-License-Identifier: MIT */
/*
 * The door of the room: finds the backend by its URL and passes calls on. What
 * is the same for every backend is done here: ids, checking arguments, and
 * asserting that writers write inside a transaction and readers not at all.
 * One thread at a time per store, no locks.
 */
#include "store/backend.h"

#include <assert.h>

#include "core/scope.h"

const struct store_ops *const STORE_BACKENDS[] = {&MEMORY_OPS, &SQLITE_OPS, NULL};

static enum err find_backend(const char *url, const struct store_ops **ret_ops,
                             struct err_detail *detail)
{
    const struct store_ops *const *ops = STORE_BACKENDS;

    while ((*ops)->scheme[0] && strncmp(url, (*ops)->scheme, strlen((*ops)->scheme)) != 0)
        ops++;
    if (!(*ops)->scheme[0] && strstr(url, "://"))
        return err_set(detail, ERR_INVALID,
                       "cannot open the database: no backend knows its URL; give the path of a "
                       "file, or memory:");
    *ret_ops = *ops;
    return ERR_OK;
}

enum err store_open(const char *url, bool may_create, struct store **ret_store,
                    struct err_detail *detail)
{
    const struct store_ops *ops;

    TRY(find_backend(url, &ops, detail));
    return ops->open(url, may_create, ret_store, detail);
}

enum err store_examine(const char *url, int64_t budget_ms, struct store_health *ret_health,
                       struct err_detail *detail)
{
    const struct store_ops *ops;

    TRY(find_backend(url, &ops, detail));
    return ops->examine(url, budget_ms, ret_health, detail);
}

enum err store_open_reader(struct store *writer, struct store **ret_reader,
                           struct err_detail *detail)
{
    assert(!writer->is_reader);
    TRY(writer->ops->open_reader(writer, ret_reader, detail));
    (*ret_reader)->is_reader = true;
    return ERR_OK;
}

void store_interrupt(struct store *reader)
{
    reader->ops->interrupt(reader);
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

void store_closep(struct store **store)
{
    store_close(*store);
    *store = NULL;
}

const char *store_backend(const struct store *store)
{
    return store->ops->name;
}

const char *store_error(const struct store *store)
{
    return store->words[0] ? store->words : "nothing has failed yet";
}

enum err store_begin(struct store *store)
{
    assert(!store->is_reader && store->depth == STORE_IDLE);
    TRY(store->ops->begin(store));
    store->depth = STORE_IN_TXN;
    return ERR_OK;
}

enum err store_commit(struct store *store)
{
    assert(store->depth == STORE_IN_TXN);
    store->depth = STORE_IDLE;
    return store->ops->commit(store);
}

void store_rollback(struct store *store)
{
    if (store->depth != STORE_IDLE)
        store->ops->rollback(store);
    store->depth = STORE_IDLE;
}

enum err store_mark(struct store *store)
{
    assert(store->depth == STORE_IN_TXN);
    TRY(store->ops->mark(store));
    store->depth = STORE_IN_MARK;
    return ERR_OK;
}

enum err store_mark_keep(struct store *store)
{
    assert(store->depth == STORE_IN_MARK);
    TRY(store->ops->mark_keep(store));
    store->depth = STORE_IN_TXN;
    return ERR_OK;
}

enum err store_mark_undo(struct store *store)
{
    assert(store->depth == STORE_IN_MARK);
    TRY(store->ops->mark_undo(store));
    store->depth = STORE_IN_TXN;
    return ERR_OK;
}

enum err store_checkpoint(struct store *store, uint64_t min_bytes)
{
    assert(!store->is_reader);
    return store->ops->checkpoint(store, min_bytes);
}

struct id store_next_id(struct store *store, int64_t wall_ms)
{
    assert(store->depth != STORE_IDLE);
    if (store->random_left == 0) {
        secret_random(store->random, sizeof store->random);
        store->random_left = ID_RANDOM_COUNT;
    }
    return id_next(&store->ids, wall_ms, store->random[--store->random_left]);
}

enum err store_submission_insert(struct store *store, const struct submission *row)
{
    assert(store->depth != STORE_IDLE);
    if (!row->form.ptr)
        return ERR_INVALID;
    return store->ops->submission_insert(store, row);
}

enum err store_submission_get(struct store *store, const struct id *id, store_submission_fn fn,
                              void *arg)
{
    return store->ops->submission_get(store, id, fn, arg);
}

struct seq_range store_range(const struct submission_filter *filter)
{
    struct seq_range range = {.high = INT64_MAX};

    if (filter->since_ms)
        range.low = id_seq_at(filter->since_ms);
    if (filter->until_ms)
        range.high = id_seq_at(filter->until_ms);
    if (filter->below_seq && filter->below_seq < range.high)
        range.high = filter->below_seq;
    return range;
}

bool store_fits(const struct submission_filter *filter, const struct submission *row)
{
    return store_states(filter) & 1u << row->state &&
           (!filter->form.ptr || str_equal(filter->form, row->form)) &&
           (!filter->scope || scope_has(filter->scope, row->form)) &&
           (!filter->must_be_starred || row->is_starred);
}

/*
 * Leaves backends a scope only where there are several forms to choose from.
 * False: nothing can be seen.
 */
static bool narrow_scope(struct submission_filter *filter)
{
    const struct scope *scope = filter->scope;
    struct str rest, form;

    filter->scope = NULL;
    if (!scope || scope->is_all)
        return true;
    if (filter->form.ptr)
        return scope_has(scope, filter->form);
    rest = scope_text(scope);
    if (!scope_next(&rest, &form))
        return false;
    if (rest.len)
        filter->scope = scope;
    else
        filter->form = form;
    return true;
}

enum err store_submission_list(struct store *store, const struct submission_filter *filter,
                               store_submission_fn fn, void *arg)
{
    struct submission_filter narrow = *filter;

    /* One row more than a page tells whether another page follows. */
    if (filter->limit < 1 || filter->limit > SUBMISSION_LIST_MAX + 1)
        return ERR_INVALID;
    if (!narrow_scope(&narrow))
        return ERR_OK;
    return store->ops->submission_list(store, &narrow, fn, arg);
}

enum err store_submission_newest(struct store *store, int64_t since_ms, int64_t max,
                                 store_submission_fn fn, void *arg)
{
    return store->ops->submission_newest(store, since_ms, max, fn, arg);
}

enum err store_submission_find_key(struct store *store, struct str form, struct str key,
                                   int64_t since_ms, store_submission_fn fn, void *arg)
{
    return store->ops->submission_find_key(store, form, key, since_ms, fn, arg);
}

enum err store_submission_set_state(struct store *store, const struct id *id,
                                    enum submission_state state, enum submission_taught taught,
                                    int64_t at_ms)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->submission_set_state(store, id, state, taught, at_ms);
}

enum err store_submission_set_starred(struct store *store, const struct id *id, bool is_starred)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->submission_set_starred(store, id, is_starred);
}

enum err store_submission_delete(struct store *store, const struct id *id)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->submission_delete(store, id);
}

enum err store_submission_scan(struct store *store, int64_t below_seq, int64_t max,
                               store_submission_fn fn, void *arg)
{
    return store->ops->submission_scan(store, below_seq, max, fn, arg);
}

enum err store_note_insert(struct store *store, const struct id *submission,
                           const struct submission_note *note)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->note_insert(store, submission, note);
}

enum err store_note_delete(struct store *store, const struct id *submission, int64_t note_id)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->note_delete(store, submission, note_id);
}

enum err store_note_list(struct store *store, const struct id *submission, store_note_fn fn,
                         void *arg)
{
    return store->ops->note_list(store, submission, fn, arg);
}

enum err store_submission_aged(struct store *store, const struct aged_filter *filter,
                               store_aged_fn fn, void *arg)
{
    return store->ops->submission_aged(store, filter, fn, arg);
}

enum err store_index_step(struct store *store, int max, int *ret_rows)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->index_step(store, max, ret_rows);
}

enum err store_index_tidy(struct store *store, int pages, bool *ret_has_more)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->index_tidy(store, pages, ret_has_more);
}

enum err store_tally_list(struct store *store, int64_t first_day, struct str form,
                          store_tally_fn fn, void *arg)
{
    return store->ops->tally_list(store, first_day, form, fn, arg);
}

enum err store_form_put(struct store *store, const struct form *form)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->form_put(store, form);
}

enum err store_form_delete(struct store *store, struct str name)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->form_delete(store, name);
}

enum err store_form_get(struct store *store, struct str name, store_form_fn fn, void *arg)
{
    return store->ops->form_get(store, name, fn, arg);
}

enum err store_form_list(struct store *store, store_form_fn fn, void *arg)
{
    return store->ops->form_list(store, fn, arg);
}

enum err store_refusal_add(struct store *store, const struct refusal *refusal)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->refusal_add(store, refusal);
}

enum err store_refusal_delete(struct store *store, struct str form, struct str origin)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->refusal_delete(store, form, origin);
}

enum err store_refusal_list(struct store *store, store_refusal_fn fn, void *arg)
{
    return store->ops->refusal_list(store, fn, arg);
}

enum err store_spent_add(struct store *store, int64_t expires_at_ms, const struct digest *digest)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->spent_add(store, expires_at_ms, digest);
}

enum err store_spent_find(struct store *store, int64_t expires_at_ms, const struct digest *digest)
{
    return store->ops->spent_find(store, expires_at_ms, digest);
}

enum err store_spent_purge(struct store *store, int64_t now_ms)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->spent_purge(store, now_ms);
}

enum err store_model_put(struct store *store, struct str form, struct str bytes)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->model_put(store, form, bytes);
}

enum err store_model_get(struct store *store, struct str form, struct buf *out)
{
    return store->ops->model_get(store, form, out);
}

enum err store_user_insert(struct store *store, const struct user *user)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->user_insert(store, user);
}

enum err store_user_set_password(struct store *store, struct str name, struct str password_hash)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->user_set_password(store, name, password_hash);
}

enum err store_user_delete(struct store *store, struct str name)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->user_delete(store, name);
}

enum err store_user_get(struct store *store, struct str name, store_user_fn fn, void *arg)
{
    return store->ops->user_get(store, name, fn, arg);
}

enum err store_user_list(struct store *store, store_user_fn fn, void *arg)
{
    return store->ops->user_list(store, fn, arg);
}

enum err store_token_insert(struct store *store, const struct token *token)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->token_insert(store, token);
}

enum err store_token_delete(struct store *store, struct str name)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->token_delete(store, name);
}

enum err store_token_get(struct store *store, const struct digest *hash, store_token_fn fn,
                         void *arg)
{
    return store->ops->token_get(store, hash, fn, arg);
}

enum err store_token_list(struct store *store, store_token_fn fn, void *arg)
{
    return store->ops->token_list(store, fn, arg);
}

enum err store_meta_put(struct store *store, struct str key, struct str value)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->meta_put(store, key, value);
}

enum err store_meta_get(struct store *store, struct str key, struct buf *out)
{
    return store->ops->meta_get(store, key, out);
}

enum err store_user_update(struct store *store, const struct user *user)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->user_update(store, user);
}

enum err store_token_touch(struct store *store, const struct digest *hash, int64_t used_at_ms)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->token_touch(store, hash, used_at_ms);
}

enum err store_session_insert(struct store *store, const struct session *session)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->session_insert(store, session);
}

enum err store_session_touch(struct store *store, const struct digest *hash, int64_t seen_at_ms)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->session_touch(store, hash, seen_at_ms);
}

enum err store_session_delete(struct store *store, const struct digest *hash)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->session_delete(store, hash);
}

enum err store_session_delete_user(struct store *store, struct str user, const struct digest *kept)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->session_delete_user(store, user, kept);
}

enum err store_session_purge(struct store *store, int64_t now_ms, int64_t seen_by_ms)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->session_purge(store, now_ms, seen_by_ms);
}

enum err store_session_get(struct store *store, const struct digest *hash, store_session_fn fn,
                           void *arg)
{
    return store->ops->session_get(store, hash, fn, arg);
}

enum err store_session_list(struct store *store, struct str user, store_session_fn fn, void *arg)
{
    return store->ops->session_list(store, user, fn, arg);
}

enum err store_invitation_put(struct store *store, const struct invitation *invitation)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->invitation_put(store, invitation);
}

enum err store_invitation_delete(struct store *store, struct str name)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->invitation_delete(store, name);
}

enum err store_invitation_delete_of(struct store *store, struct str created_by)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->invitation_delete_of(store, created_by);
}

enum err store_invitation_purge(struct store *store, int64_t now_ms)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->invitation_purge(store, now_ms);
}

enum err store_invitation_get(struct store *store, const struct digest *hash,
                              store_invitation_fn fn, void *arg)
{
    return store->ops->invitation_get(store, hash, fn, arg);
}

enum err store_invitation_list(struct store *store, store_invitation_fn fn, void *arg)
{
    return store->ops->invitation_list(store, fn, arg);
}

enum err store_audit_add(struct store *store, const struct audit_entry *entry)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->audit_add(store, entry);
}

enum err store_audit_list(struct store *store, int64_t below_id, int limit, store_audit_fn fn,
                          void *arg)
{
    if (limit < 1 || limit > AUDIT_LIST_MAX + 1)
        return ERR_INVALID;
    return store->ops->audit_list(store, below_id, limit, fn, arg);
}

enum err store_delivery_insert(struct store *store, const struct delivery *row)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->delivery_insert(store, row);
}

enum err store_delivery_claim(struct store *store, const struct id *id, int64_t now_ms,
                              int64_t until_ms, const struct id *batch)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->delivery_claim(store, id, now_ms, until_ms, batch);
}

enum err store_delivery_settle(struct store *store, const struct delivery_outcome *outcome)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->delivery_settle(store, outcome);
}

enum err store_delivery_release(struct store *store, int64_t now_ms, uint64_t chance)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->delivery_release(store, now_ms, chance);
}

enum err store_delivery_set_state(struct store *store, const struct id *id,
                                  enum delivery_state state, int64_t due_at_ms, int64_t now_ms)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->delivery_set_state(store, id, state, due_at_ms, now_ms);
}

enum err store_delivery_withdraw_form(struct store *store, struct str form, int64_t now_ms)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->delivery_withdraw_form(store, form, now_ms);
}

enum err store_delivery_restart(struct store *store, const struct id *id, int64_t now_ms,
                                const struct id *batch)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->delivery_restart(store, id, now_ms, batch);
}

enum err store_delivery_restart_all(struct store *store, struct str form, struct str destination,
                                    int64_t now_ms, int64_t *ret_count)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->delivery_restart_all(store, form, destination, now_ms, ret_count);
}

enum err store_alarm_add(struct store *store, const struct alarm *alarm)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->alarm_add(store, alarm);
}

enum err store_alarm_delete(struct store *store, struct str kind, struct str form, struct str name)
{
    assert(store->depth != STORE_IDLE);
    return store->ops->alarm_delete(store, kind, form, name);
}

enum err store_delivery_get(struct store *store, const struct id *id, store_delivery_fn fn,
                            void *arg)
{
    return store->ops->delivery_get(store, id, fn, arg);
}

bool store_delivery_fits(const struct delivery_filter *filter, const struct delivery *row)
{
    return filter->states & 1u << row->state &&
           (!filter->form.ptr || str_equal(filter->form, row->form)) &&
           (!filter->destination.ptr || str_equal(filter->destination, row->destination)) &&
           (!filter->submission || memcmp(filter->submission->bytes, row->submission.bytes,
                                          sizeof row->submission.bytes) == 0) &&
           (!filter->scope || scope_has(filter->scope, row->form));
}

/* Leaves backends a scope only where there are several forms. False: nothing can be seen. */
static bool narrow_deliveries(struct delivery_filter *filter)
{
    struct submission_filter same = {.form = filter->form, .scope = filter->scope};

    if (!narrow_scope(&same))
        return false;
    filter->form = same.form;
    filter->scope = same.scope;
    return true;
}

enum err store_delivery_list(struct store *store, const struct delivery_filter *filter,
                             store_delivery_fn fn, void *arg)
{
    struct delivery_filter narrow = *filter;

    if (filter->limit < 1 || filter->limit > DELIVERY_LIST_MAX + 1)
        return ERR_INVALID;
    if (!narrow_deliveries(&narrow))
        return ERR_OK;
    if (!narrow.states)
        narrow.states = ~0u;
    if (!narrow.below_seq)
        narrow.below_seq = INT64_MAX;
    return store->ops->delivery_list(store, &narrow, fn, arg);
}

enum err store_delivery_queues(struct store *store, const struct delivery_queue *after,
                               store_queue_fn fn, void *arg)
{
    return store->ops->delivery_queues(store, after, fn, arg);
}

enum err store_delivery_due(struct store *store, const struct delivery_queue *queue, int64_t now_ms,
                            int max, store_delivery_fn fn, void *arg)
{
    return store->ops->delivery_due(store, queue, now_ms, max, fn, arg);
}

enum err store_delivery_late(struct store *store, const struct delivery_queue *queue,
                             int64_t now_ms, int64_t before_ms, int max, store_delivery_fn fn,
                             void *arg)
{
    return store->ops->delivery_late(store, queue, now_ms, before_ms, max, fn, arg);
}

enum err store_delivery_waiting(struct store *store, int64_t *ret_count, int64_t *ret_oldest_ms)
{
    return store->ops->delivery_waiting(store, ret_count, ret_oldest_ms);
}

enum err store_delivery_replies(struct store *store, struct str via, struct str address,
                                int64_t since_ms, int64_t *ret_count)
{
    return store->ops->delivery_replies(store, via, address, since_ms, ret_count);
}

enum err store_attempt_list(struct store *store, const struct id *delivery, store_attempt_fn fn,
                            void *arg)
{
    return store->ops->attempt_list(store, delivery, fn, arg);
}

enum err store_destination_list(struct store *store, store_destination_fn fn, void *arg)
{
    return store->ops->destination_list(store, fn, arg);
}

enum err store_alarm_list(struct store *store, store_alarm_fn fn, void *arg)
{
    return store->ops->alarm_list(store, fn, arg);
}
