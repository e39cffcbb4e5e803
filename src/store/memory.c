/* SPDX-License-Identifier: MIT */
/*
 * A store without a disk: the fast double of the tests, and the proof that the
 * interface hides the database. Nothing survives the writer. It refuses to
 * grow beyond ROWS_BYTES_MAX.
 *
 * The writer's thread and the readers' threads share the rows under one lock,
 * held for one step at a time and never while a callback runs: rows are held
 * by count instead. A list therefore sees commits that happen while it walks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/memory.h"

static struct rows *enter(struct memory_store *self)
{
    pthread_mutex_lock(&self->memory->lock);
    return &self->memory->rows;
}

static void leave(struct memory_store *self)
{
    pthread_mutex_unlock(&self->memory->lock);
}

static void memory_close(struct store *store)
{
    struct memory_store *self = memory_of(store);

    if (!store->is_reader) {
        rows_done(&self->memory->rows);
        pthread_mutex_destroy(&self->memory->lock);
        free(self->memory);
    }
    free(self);
}

static enum err memory_open(const char *url, bool may_create, struct store **ret_store,
                            struct err_detail *detail)
{
    (void)url;
    if (!may_create)
        return err_set(detail, ERR_NOT_FOUND, "a database in memory is always a new one");
    struct memory_store *self = calloc(1, sizeof *self);
    struct memory *memory = calloc(1, sizeof *memory);
    if (!self || !memory || pthread_mutex_init(&memory->lock, NULL)) {
        free(self);
        free(memory);
        return ERR_MEMORY;
    }
    self->base.ops = &MEMORY_OPS;
    self->memory = memory;
    *ret_store = &self->base;
    return ERR_OK;
}

static enum err memory_open_reader(struct store *writer, struct store **ret_reader,
                                   struct err_detail *detail)
{
    struct memory_store *self = calloc(1, sizeof *self);

    (void)detail;
    if (!self)
        return ERR_MEMORY;
    self->base.ops = &MEMORY_OPS;
    self->memory = memory_of(writer)->memory;
    *ret_reader = &self->base;
    return ERR_OK;
}

static enum err memory_examine(const char *url, int64_t budget_ms, struct store_health *ret_health,
                               struct err_detail *detail)
{
    (void)url, (void)budget_ms, (void)detail;
    *ret_health = (struct store_health){.is_whole = true};
    return ERR_OK;
}

static enum err memory_begin(struct store *store)
{
    (void)store;
    return ERR_OK;
}

static enum err memory_commit(struct store *store)
{
    struct memory_store *self = memory_of(store);

    rows_commit(enter(self));
    leave(self);
    return ERR_OK;
}

static void memory_rollback(struct store *store)
{
    struct memory_store *self = memory_of(store);

    rows_undo(enter(self), NULL);
    leave(self);
}

static enum err memory_mark(struct store *store)
{
    struct memory_store *self = memory_of(store);

    self->mark = enter(self)->changes;
    leave(self);
    return ERR_OK;
}

static enum err memory_mark_keep(struct store *store)
{
    (void)store;
    return ERR_OK;
}

static enum err memory_mark_undo(struct store *store)
{
    struct memory_store *self = memory_of(store);

    rows_undo(enter(self), self->mark);
    leave(self);
    return ERR_OK;
}

static enum err memory_checkpoint(struct store *store, uint64_t min_bytes)
{
    (void)store;
    (void)min_bytes;
    return ERR_OK;
}

struct row *memory_fetch(struct memory_store *self, rows_step_fn step, enum row_kind kind,
                         struct str key)
{
    struct row *row = step(enter(self), !self->base.is_reader, kind, key);

    if (row)
        row_hold(row);
    leave(self);
    return row;
}

void memory_advance(struct memory_store *self, rows_step_fn step, struct row **row)
{
    struct row *next = memory_fetch(self, step, (*row)->kind, (*row)->key);

    row_drop(*row);
    *row = next;
}

static enum err keep_words(struct memory_store *self, enum err err)
{
    if (err == ERR_FULL || err == ERR_MEMORY)
        snprintf(self->base.words, STORE_WORDS_MAX, "%s: rows take at most %d bytes", err_text(err),
                 (int)ROWS_BYTES_MAX);
    return err;
}

enum err memory_put(struct memory_store *self, struct row *row, struct row *old)
{
    if (!row)
        return keep_words(self, ERR_MEMORY);
    struct rows *rows = enter(self);
    enum err err = rows_insert(rows, row);
    if (err == ERR_OK && old)
        rows_remove(rows, old);
    leave(self);
    return keep_words(self, err);
}

bool memory_is_taken(struct memory_store *self, enum row_kind kind, struct str key)
{
    CLEANUP(row_dropp) struct row *row = memory_fetch(self, rows_find, kind, key);

    return row != NULL;
}

enum err memory_delete(struct memory_store *self, enum row_kind kind, struct str key)
{
    CLEANUP(row_dropp) struct row *row = memory_fetch(self, rows_find, kind, key);

    if (!row)
        return ERR_NOT_FOUND;
    rows_remove(enter(self), row);
    leave(self);
    return ERR_OK;
}

/* Lists are the walks that may be long: they look at every message's words. */
static void memory_interrupt(struct store *reader)
{
    atomic_store(&memory_of(reader)->is_interrupted, true);
}

const struct store_ops MEMORY_OPS = {
    .name = "memory",
    .scheme = "memory:",
    .open = memory_open,
    .examine = memory_examine,
    .open_reader = memory_open_reader,
    .close = memory_close,
    .interrupt = memory_interrupt,
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .mark = memory_mark,
    .mark_keep = memory_mark_keep,
    .mark_undo = memory_mark_undo,
    .checkpoint = memory_checkpoint,
    .submission_insert = memory_submission_insert,
    .submission_get = memory_submission_get,
    .submission_list = memory_submission_list,
    .submission_newest = memory_submission_newest,
    .submission_find_key = memory_submission_find_key,
    .submission_set_state = memory_submission_set_state,
    .submission_set_starred = memory_submission_set_starred,
    .submission_delete = memory_submission_delete,
    .submission_scan = memory_submission_scan,
    .note_insert = memory_note_insert,
    .note_delete = memory_note_delete,
    .note_list = memory_note_list,
    .submission_aged = memory_submission_aged,
    .index_step = memory_index_step,
    .index_tidy = memory_index_tidy,
    .tally_list = memory_tally_list,
    .form_put = memory_form_put,
    .form_delete = memory_form_delete,
    .form_get = memory_form_get,
    .form_list = memory_form_list,
    .refusal_add = memory_refusal_add,
    .refusal_delete = memory_refusal_delete,
    .refusal_list = memory_refusal_list,
    .spent_add = memory_spent_add,
    .spent_find = memory_spent_find,
    .spent_purge = memory_spent_purge,
    .model_put = memory_model_put,
    .model_get = memory_model_get,
    .user_insert = memory_user_insert,
    .user_set_password = memory_user_set_password,
    .user_delete = memory_user_delete,
    .user_get = memory_user_get,
    .user_list = memory_user_list,
    .token_insert = memory_token_insert,
    .token_delete = memory_token_delete,
    .token_get = memory_token_get,
    .token_list = memory_token_list,
    .meta_put = memory_meta_put,
    .meta_get = memory_meta_get,
    .user_update = memory_user_update,
    .token_touch = memory_token_touch,
    .session_insert = memory_session_insert,
    .session_touch = memory_session_touch,
    .session_delete = memory_session_delete,
    .session_delete_user = memory_session_delete_user,
    .session_purge = memory_session_purge,
    .session_get = memory_session_get,
    .session_list = memory_session_list,
    .invitation_put = memory_invitation_put,
    .invitation_delete = memory_invitation_delete,
    .invitation_delete_of = memory_invitation_delete_of,
    .invitation_purge = memory_invitation_purge,
    .invitation_get = memory_invitation_get,
    .invitation_list = memory_invitation_list,
    .audit_add = memory_audit_add,
    .audit_list = memory_audit_list,
    .delivery_insert = memory_delivery_insert,
    .delivery_claim = memory_delivery_claim,
    .delivery_settle = memory_delivery_settle,
    .delivery_release = memory_delivery_release,
    .delivery_set_state = memory_delivery_set_state,
    .delivery_withdraw_form = memory_delivery_withdraw_form,
    .delivery_restart = memory_delivery_restart,
    .delivery_restart_all = memory_delivery_restart_all,
    .alarm_add = memory_alarm_add,
    .alarm_delete = memory_alarm_delete,
    .delivery_get = memory_delivery_get,
    .delivery_list = memory_delivery_list,
    .delivery_queues = memory_delivery_queues,
    .delivery_due = memory_delivery_due,
    .delivery_late = memory_delivery_late,
    .delivery_waiting = memory_delivery_waiting,
    .delivery_replies = memory_delivery_replies,
    .attempt_list = memory_attempt_list,
    .destination_list = memory_destination_list,
    .alarm_list = memory_alarm_list,
};
