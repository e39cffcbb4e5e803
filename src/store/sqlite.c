/* SPDX-License-Identifier: MIT */
/*
 * SQLite: transactions, marks and the write-ahead log of the one writer.
 *
 * SQLite may drop a transaction by itself (disk full, I/O error, no memory).
 * `lost` remembers that, so that whatever the job does next is refused instead
 * of being committed row by row. After a failed commit the log keeps frames
 * that count for nothing; the next commit writes over them and syncs them
 * anew, so going on with the same connection is safe. Closing it is not better:
 * a recovery might find such frames whole. Hence only a rollback that fails
 * makes us reconnect.
 */
#include "store/sqlite_copy.h"

#include <stdio.h>

static enum err begin(struct store *store)
{
    struct sqlite_store *self = sqlite_of(store);

    if (self->is_broken)
        TRY(sqlite_reconnect(self));
    self->lost = ERR_OK;
    return sqlite_run(self, SQL_TXN_BEGIN);
}

static void rollback(struct store *store)
{
    struct sqlite_store *self = sqlite_of(store);

    self->is_indexed_known = false;
    if (!self->db || sqlite3_get_autocommit(self->db))
        return;
    if (sqlite_run(self, SQL_TXN_ROLLBACK) != ERR_OK)
        self->is_broken = true;
}

/* What was committed to a file that has lost its name is not safe, whatever fsync says. */
static enum err check_place(struct sqlite_store *self)
{
    const char *missing = whereabouts_missing(&self->where);

    if (!missing)
        return ERR_OK;
    snprintf(self->base.words, STORE_WORDS_MAX,
             "%.160s was moved, removed or replaced while it was in use; put it back, or stop the "
             "service",
             missing);
    return ERR_IO;
}

static enum err commit(struct store *store)
{
    struct sqlite_store *self = sqlite_of(store);
    enum err err = self->lost ? self->lost : sqlite_run(self, SQL_TXN_COMMIT);

    if (err != ERR_OK)
        rollback(store);
    return err == ERR_OK ? check_place(self) : err;
}

static enum err write_plain(struct sqlite_store *self, enum sql_query name)
{
    CLEANUP(query_done) struct query query = query_start(self, name);

    return query_write(&query);
}

static enum err mark(struct store *store)
{
    return write_plain(sqlite_of(store), SQL_MARK_SET);
}

static enum err mark_keep(struct store *store)
{
    return write_plain(sqlite_of(store), SQL_MARK_KEEP);
}

static enum err mark_undo(struct store *store)
{
    sqlite_of(store)->is_indexed_known = false;
    /* Rolling back to a savepoint leaves it open. */
    TRY(write_plain(sqlite_of(store), SQL_MARK_UNDO));
    return write_plain(sqlite_of(store), SQL_MARK_KEEP);
}

static enum err checkpoint(struct store *store, uint64_t min_bytes)
{
    struct sqlite_store *self = sqlite_of(store);
    int in_log = 0, moved = 0;

    if ((uint64_t)((self->wal_frames - self->moved_frames) * self->frame_bytes) <= min_bytes)
        return ERR_OK;
    if (!self->db)
        return ERR_OK; /* the next begin reconnects, and that tells what is wrong */
    TRY(sqlite_err(self, sqlite3_wal_checkpoint_v2(self->db, "main", SQLITE_CHECKPOINT_PASSIVE,
                                                   &in_log, &moved)));
    self->wal_frames = in_log;
    self->moved_frames = moved;
    return ERR_OK;
}

const struct store_ops SQLITE_OPS = {
    .name = "sqlite",
    .scheme = "",
    .copies = &SQLITE_COPIES,
    .open = sqlite_open,
    .examine = sqlite_examine,
    .open_reader = sqlite_open_reader,
    .interrupt = sqlite_interrupt,
    .close = sqlite_close,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .mark = mark,
    .mark_keep = mark_keep,
    .mark_undo = mark_undo,
    .checkpoint = checkpoint,
    .submission_insert = sqlite_submission_insert,
    .submission_get = sqlite_submission_get,
    .submission_list = sqlite_submission_list,
    .submission_newest = sqlite_submission_newest,
    .submission_find_key = sqlite_submission_find_key,
    .submission_set_state = sqlite_submission_set_state,
    .submission_set_starred = sqlite_submission_set_starred,
    .submission_delete = sqlite_submission_delete,
    .submission_scan = sqlite_submission_scan,
    .note_insert = sqlite_note_insert,
    .note_delete = sqlite_note_delete,
    .note_list = sqlite_note_list,
    .submission_aged = sqlite_submission_aged,
    .index_step = sqlite_index_step,
    .index_tidy = sqlite_index_tidy,
    .tally_list = sqlite_tally_list,
    .form_put = sqlite_form_put,
    .form_delete = sqlite_form_delete,
    .form_get = sqlite_form_get,
    .form_list = sqlite_form_list,
    .refusal_add = sqlite_refusal_add,
    .refusal_delete = sqlite_refusal_delete,
    .refusal_list = sqlite_refusal_list,
    .spent_add = sqlite_spent_add,
    .spent_find = sqlite_spent_find,
    .spent_purge = sqlite_spent_purge,
    .model_put = sqlite_model_put,
    .model_get = sqlite_model_get,
    .user_insert = sqlite_user_insert,
    .user_set_password = sqlite_user_set_password,
    .user_delete = sqlite_user_delete,
    .user_get = sqlite_user_get,
    .user_list = sqlite_user_list,
    .token_insert = sqlite_token_insert,
    .token_delete = sqlite_token_delete,
    .token_get = sqlite_token_get,
    .token_list = sqlite_token_list,
    .meta_put = sqlite_meta_put,
    .meta_get = sqlite_meta_get,
    .user_update = sqlite_user_update,
    .token_touch = sqlite_token_touch,
    .session_insert = sqlite_session_insert,
    .session_touch = sqlite_session_touch,
    .session_delete = sqlite_session_delete,
    .session_delete_user = sqlite_session_delete_user,
    .session_purge = sqlite_session_purge,
    .session_get = sqlite_session_get,
    .session_list = sqlite_session_list,
    .invitation_put = sqlite_invitation_put,
    .invitation_delete = sqlite_invitation_delete,
    .invitation_delete_of = sqlite_invitation_delete_of,
    .invitation_purge = sqlite_invitation_purge,
    .invitation_get = sqlite_invitation_get,
    .invitation_list = sqlite_invitation_list,
    .audit_add = sqlite_audit_add,
    .audit_list = sqlite_audit_list,
    .delivery_insert = sqlite_delivery_insert,
    .delivery_claim = sqlite_delivery_claim,
    .delivery_settle = sqlite_delivery_settle,
    .delivery_release = sqlite_delivery_release,
    .delivery_set_state = sqlite_delivery_set_state,
    .delivery_withdraw_form = sqlite_delivery_withdraw_form,
    .delivery_restart = sqlite_delivery_restart,
    .delivery_restart_all = sqlite_delivery_restart_all,
    .alarm_add = sqlite_alarm_add,
    .alarm_delete = sqlite_alarm_delete,
    .delivery_get = sqlite_delivery_get,
    .delivery_list = sqlite_delivery_list,
    .delivery_queues = sqlite_delivery_queues,
    .delivery_due = sqlite_delivery_due,
    .delivery_late = sqlite_delivery_late,
    .delivery_waiting = sqlite_delivery_waiting,
    .delivery_replies = sqlite_delivery_replies,
    .attempt_list = sqlite_attempt_list,
    .destination_list = sqlite_destination_list,
    .alarm_list = sqlite_alarm_list,
};
