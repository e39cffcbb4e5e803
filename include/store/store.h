/* SPDX-License-Identifier: MIT */
/*
 * Where rows live. A store is one connection; a backend is a table of
 * functions (struct store_ops) chosen by the URL once, and nobody outside this
 * room asks which one it is.
 *
 * Exactly one writer exists per database, in one process (a lock file says
 * so); any number of readers hang from it. One thread at a time per store.
 * Stores never log: failures come back as `enum err`, with the backend's own
 * words in store_error().
 */
#ifndef CONTACTD_STORE_STORE_H
#define CONTACTD_STORE_STORE_H

#include "core/account.h"
#include "core/delivery.h"
#include "core/form.h"
#include "core/session.h"
#include "core/submission.h"

struct store;

/*
 * Opens the database at `url` for writing: a path (SQLite) or "memory:". Makes
 * it when it is missing, and brings an older schema up to date, after a copy
 * beside it ("<path>.schema-<version>"). With `may_create` false a missing database is
 * ERR_NOT_FOUND. ERR_BUSY: another process owns it. ERR_NEWER: a later version made it.
 * ERR_CORRUPT, ERR_DENIED, ERR_IO, ERR_DISK_FULL, ERR_MEMORY: as they say.
 * `detail` gets one line with the path, the reason and the remedy.
 */
MUST_CHECK enum err store_open(const char *url, bool may_create, struct store **ret_store,
                               struct err_detail *detail);

/* What store_examine() finds. */
struct store_health {
    int64_t bytes;                /* of the file; 0 in memory */
    int64_t schema, schema_known; /* steps that it has, and that this program has */
    bool is_damaged, is_whole;    /* neither: not all of it was seen in time */
    char complaint[200];          /* about the damage, in the backend's words */
    int64_t alarms, given_up;     /* that stand; deliveries */
    int64_t failing;              /* destinations that fail and have something to be told */
    char worst[200];              /* of these: which fails for longest, and why; "": none */
};

/*
 * Looks at a database beside whoever owns it, changes nothing, and takes about `budget_ms` at most.
 * ERR_NOT_FOUND: there is none yet. Others as store_open(). Any thread.
 */
MUST_CHECK enum err store_examine(const char *url, int64_t budget_ms,
                                  struct store_health *ret_health, struct err_detail *detail);

/* A read-only connection to the writer's database. Must be closed before the writer. */
MUST_CHECK enum err store_open_reader(struct store *writer, struct store **ret_reader,
                                      struct err_detail *detail);

/*
 * From any thread: the reader's query ends soon with an error, and so does each that
 * follows, for good. Meant for a reader that is to be closed.
 */
void store_interrupt(struct store *reader);

/* Frees everything; NULL is allowed. Closing the writer checkpoints and gives up the lock. */
void store_close(struct store *store);
void store_closep(struct store **store); /* for CLEANUP() */

/* Name of the backend: "sqlite", "memory". */
const char *store_backend(const struct store *store);

/* The backend's own words about the last failure on this connection; never NULL. */
const char *store_error(const struct store *store);

/* --- the writer alone ------------------------------------------------- */

/* A transaction. After a failed commit nothing of it is there, and begin may be tried again. */
MUST_CHECK enum err store_begin(struct store *store);
MUST_CHECK enum err store_commit(struct store *store); /* ERR_OK: it is on disk (fsynced) */
void store_rollback(struct store *store);

/* One level inside a transaction: what came after the mark is kept or undone. */
MUST_CHECK enum err store_mark(struct store *store);
MUST_CHECK enum err store_mark_keep(struct store *store);
MUST_CHECK enum err store_mark_undo(struct store *store);

/*
 * Moves what the write-ahead log holds into the database, if it has grown
 * beyond `min_bytes`. Outside a transaction. Never blocks on readers.
 */
MUST_CHECK enum err store_checkpoint(struct store *store, uint64_t min_bytes);

/* The next id in commit order: later ids sort after earlier ones. Valid inside a transaction. */
struct id store_next_id(struct store *store, int64_t wall_ms);

/* ERR_EXISTS when the id's row number is taken. ERR_INVALID without a form. */
MUST_CHECK enum err store_submission_insert(struct store *store, const struct submission *row);

/*
 * ERR_NOT_FOUND when there is none with this id. `at_ms` (wall) is kept as the time
 * of the change if it is one.
 */
MUST_CHECK enum err store_submission_set_state(struct store *store, const struct id *id,
                                               enum submission_state state,
                                               enum submission_taught taught, int64_t at_ms);
MUST_CHECK enum err store_submission_set_starred(struct store *store, const struct id *id,
                                                 bool is_starred);
/* For a submission that the caller has seen in this transaction. ERR_EXISTS: note->id is taken. */
MUST_CHECK enum err store_note_insert(struct store *store, const struct id *submission,
                                      const struct submission_note *note);
/* ERR_NOT_FOUND when this submission has no such note. */
MUST_CHECK enum err store_note_delete(struct store *store, const struct id *submission,
                                      int64_t note_id);

/*
 * For good, with its notes, its deliveries and with what search and counts know of it.
 * ERR_NOT_FOUND when there is none with this id. Several changes: its job needs a mark.
 */
MUST_CHECK enum err store_submission_delete(struct store *store, const struct id *id);

/*
 * Messages are found and counted some time after they are stored: this takes the
 * next `max` into the index, oldest first. `*ret_rows`: how many it took; fewer
 * than `max` when all are in. The memory backend has no index and is always done.
 */
MUST_CHECK enum err store_index_step(struct store *store, int max, int *ret_rows);

/* Merges about `pages` of the index's parts, which speeds up searches; false: nothing to do. */
MUST_CHECK enum err store_index_tidy(struct store *store, int pages, bool *ret_has_more);

/* Makes the form or replaces its settings; then created_at_ms stays as it was. */
MUST_CHECK enum err store_form_put(struct store *store, const struct form *form);
MUST_CHECK enum err store_form_delete(struct store *store, struct str name);

/* Adds refusal->count to what is known of this page; beyond REFUSALS_MAX the quietest goes. */
MUST_CHECK enum err store_refusal_add(struct store *store, const struct refusal *refusal);
/* All reasons of this form and origin; ERR_NOT_FOUND when there are none. */
MUST_CHECK enum err store_refusal_delete(struct store *store, struct str form, struct str origin);

/* A token or proof is used up. ERR_EXISTS: it was before. */
MUST_CHECK enum err store_spent_add(struct store *store, int64_t expires_at_ms,
                                    const struct digest *digest);
/* Forgets those that expired before `now_ms`. */
MUST_CHECK enum err store_spent_purge(struct store *store, int64_t now_ms);

/* What a form's spam filter has learnt; any bytes. */
MUST_CHECK enum err store_model_put(struct store *store, struct str form, struct str bytes);

/* ERR_EXISTS when the name is taken. */
MUST_CHECK enum err store_user_insert(struct store *store, const struct user *user);
/* ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err store_user_set_password(struct store *store, struct str name,
                                            struct str password_hash);
MUST_CHECK enum err store_user_delete(struct store *store, struct str name);
/* Sets role and forms of the user `user->name`; the rest stays. ERR_NOT_FOUND. */
MUST_CHECK enum err store_user_update(struct store *store, const struct user *user);

/* ERR_EXISTS when the name or the hash is taken. */
MUST_CHECK enum err store_token_insert(struct store *store, const struct token *token);
MUST_CHECK enum err store_token_delete(struct store *store, struct str name);
/* It was used. ERR_NOT_FOUND. */
MUST_CHECK enum err store_token_touch(struct store *store, const struct digest *hash,
                                      int64_t used_at_ms);

/* ERR_EXISTS. Beyond SESSIONS_PER_USER_MAX the user's session that was seen first goes. */
MUST_CHECK enum err store_session_insert(struct store *store, const struct session *session);
/* ERR_NOT_FOUND, both. */
MUST_CHECK enum err store_session_touch(struct store *store, const struct digest *hash,
                                        int64_t seen_at_ms);
MUST_CHECK enum err store_session_delete(struct store *store, const struct digest *hash);
/* Ends the user's sessions, but not `kept` (may be NULL). */
MUST_CHECK enum err store_session_delete_user(struct store *store, struct str user,
                                              const struct digest *kept);
/* Forgets those that ended by `now_ms`, or were seen by `seen_by_ms` the last time. */
MUST_CHECK enum err store_session_purge(struct store *store, int64_t now_ms, int64_t seen_by_ms);

/* Takes the place of an earlier one for the same name. */
MUST_CHECK enum err store_invitation_put(struct store *store, const struct invitation *invitation);
MUST_CHECK enum err store_invitation_delete(struct store *store,
                                            struct str name); /* ERR_NOT_FOUND */
/* Takes back those that this actor (as in the audit log) has made. */
MUST_CHECK enum err store_invitation_delete_of(struct store *store, struct str created_by);
/* Forgets those that ended by `now_ms`. */
MUST_CHECK enum err store_invitation_purge(struct store *store, int64_t now_ms);

/*
 * In the transaction of its message. Of the row, is_leased, attempts, batch, error and
 * since_ms are not looked at. ERR_EXISTS when the id's row number is taken.
 */
MUST_CHECK enum err store_delivery_insert(struct store *store, const struct delivery *row);
/*
 * It is being tried until `until_ms`, which counts as an attempt. `batch` (or NULL) is kept
 * unless it has one. ERR_NOT_FOUND: it is gone, or does not wait, or is not due at `now_ms`.
 */
MUST_CHECK enum err store_delivery_claim(struct store *store, const struct id *id, int64_t now_ms,
                                         int64_t until_ms, const struct id *batch);
/*
 * How the attempt ended, with its history and its destination's. What is held by
 * now stays so unless it was delivered. After the first that is delivered again, what has waited
 * there is due within DELIVERY_SPREAD_MS, without an attempt less to be made. ERR_NOT_FOUND: it is
 * gone.
 */
MUST_CHECK enum err store_delivery_settle(struct store *store,
                                          const struct delivery_outcome *outcome);
/* What was under way when the process ended, as delivery_cut() says; `chance` is for all of it. */
MUST_CHECK enum err store_delivery_release(struct store *store, int64_t now_ms, uint64_t chance);
/*
 * ERR_NOT_FOUND, both. Starting again means: waiting, due at `now_ms`, with no attempt so far.
 * Either takes it out of its digest; `batch` (or NULL) is one that it makes alone.
 */
MUST_CHECK enum err store_delivery_set_state(struct store *store, const struct id *id,
                                             enum delivery_state state, int64_t due_at_ms,
                                             int64_t now_ms);
MUST_CHECK enum err store_delivery_restart(struct store *store, const struct id *id, int64_t now_ms,
                                           const struct id *batch);
/*
 * Its form is removed: what waits or is held is withdrawn (what is under way may arrive all the
 * same), and no later form of this name sends what is not delivered.
 */
MUST_CHECK enum err store_delivery_withdraw_form(struct store *store, struct str form,
                                                 int64_t now_ms);
/*
 * All that were given up for this destination, and that wait for it without being under way: those
 * stay in their digests, since all of one come along.
 */
MUST_CHECK enum err store_delivery_restart_all(struct store *store, struct str form,
                                               struct str destination, int64_t now_ms,
                                               int64_t *ret_count);

/* ERR_EXISTS: there is one of this kind, form and name. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err store_alarm_add(struct store *store, const struct alarm *alarm);
MUST_CHECK enum err store_alarm_delete(struct store *store, struct str kind, struct str form,
                                       struct str name);

/* Adds to the audit log; `entry->id` is not looked at. Beyond AUDIT_MAX the oldest go. */
MUST_CHECK enum err store_audit_add(struct store *store, const struct audit_entry *entry);

/* A small named value of the program itself, e.g. the last readiness probe. */
MUST_CHECK enum err store_meta_put(struct store *store, struct str key, struct str value);

/* --- writer and readers ----------------------------------------------- */

/* Rows are borrowed until the function returns; anything but ERR_OK ends the walk with it. */
typedef enum err (*store_submission_fn)(void *arg, const struct submission *row);
typedef enum err (*store_note_fn)(void *arg, const struct submission_note *note);
typedef enum err (*store_tally_fn)(void *arg, const struct tally *tally);
typedef enum err (*store_aged_fn)(void *arg, const struct aged *row);
typedef enum err (*store_delivery_fn)(void *arg, const struct delivery *row);
typedef enum err (*store_attempt_fn)(void *arg, const struct delivery_attempt *attempt);
typedef enum err (*store_queue_fn)(void *arg, const struct delivery_queue *queue);
typedef enum err (*store_destination_fn)(void *arg, const struct destination_tally *tally);
typedef enum err (*store_alarm_fn)(void *arg, const struct alarm *alarm);
typedef enum err (*store_form_fn)(void *arg, const struct form *form);
typedef enum err (*store_refusal_fn)(void *arg, const struct refusal *refusal);
typedef enum err (*store_user_fn)(void *arg, const struct user *user);
typedef enum err (*store_token_fn)(void *arg, const struct token *token);
typedef enum err (*store_session_fn)(void *arg, const struct session *session);
typedef enum err (*store_invitation_fn)(void *arg, const struct invitation *invitation);
typedef enum err (*store_audit_fn)(void *arg, const struct audit_entry *entry);

/* ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err store_submission_get(struct store *store, const struct id *id,
                                         store_submission_fn fn, void *arg);
/*
 * Newest first; see struct submission_filter. A form that is outside the scope
 * has no rows. ERR_INVALID: a limit below 1 or above SUBMISSION_LIST_MAX + 1. A
 * reader's query has a time budget (2 s), the callbacks' time included: ERR_STORE.
 * With a query, rows are found about when store_index_step() has taken them; the
 * newest are found at once.
 */
MUST_CHECK enum err store_submission_list(struct store *store,
                                          const struct submission_filter *filter,
                                          store_submission_fn fn, void *arg);
/* The newest `max` that arrived at or after `since_ms`, whatever their state, newest first. */
MUST_CHECK enum err store_submission_newest(struct store *store, int64_t since_ms, int64_t max,
                                            store_submission_fn fn, void *arg);
/* The newest with this key on this form since `since_ms`; ERR_NOT_FOUND. */
MUST_CHECK enum err store_submission_find_key(struct store *store, struct str form, struct str key,
                                              int64_t since_ms, store_submission_fn fn, void *arg);
/*
 * The `max` rows (1 or more) below this row number, newest first, whatever their state: only
 * id, form, email and fields of each. For walks through all rows in bounded steps.
 */
MUST_CHECK enum err store_submission_scan(struct store *store, int64_t below_seq, int64_t max,
                                          store_submission_fn fn, void *arg);
/* The notes of one submission, oldest first. */
MUST_CHECK enum err store_note_list(struct store *store, const struct id *submission,
                                    store_note_fn fn, void *arg);
/*
 * Counts by day (from `first_day` on), form and state, in this order, the newest day
 * first; behind them those of TALLY_ALL_DAYS. None is 0. `form`: of this one
 * alone, unless its ptr is NULL. What the index has not taken yet is counted as
 * well, up to TALLY_LATE_MAX rows.
 */
enum { TALLY_LATE_MAX = 100000 };
MUST_CHECK enum err store_tally_list(struct store *store, int64_t first_day, struct str form,
                                     store_tally_fn fn, void *arg);
/* Of each state the oldest first; nothing may be changed before it returns. */
MUST_CHECK enum err store_submission_aged(struct store *store, const struct aged_filter *filter,
                                          store_aged_fn fn, void *arg);
/* ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err store_delivery_get(struct store *store, const struct id *id,
                                       store_delivery_fn fn, void *arg);
/* Newest first. ERR_INVALID: a limit below 1 or above DELIVERY_LIST_MAX + 1. */
MUST_CHECK enum err store_delivery_list(struct store *store, const struct delivery_filter *filter,
                                        store_delivery_fn fn, void *arg);
/*
 * Every destination for which something waits, by form and name, those behind `after`
 * alone unless it is NULL. From the callback the other functions for readers may be called.
 */
MUST_CHECK enum err store_delivery_queues(struct store *store, const struct delivery_queue *after,
                                          store_queue_fn fn, void *arg);
/* The first `max` that wait for this destination and are due, in this order. */
MUST_CHECK enum err store_delivery_due(struct store *store, const struct delivery_queue *queue,
                                       int64_t now_ms, int max, store_delivery_fn fn, void *arg);
/* The first `max` of them that were made by `before_ms` and have waited since then. */
MUST_CHECK enum err store_delivery_late(struct store *store, const struct delivery_queue *queue,
                                        int64_t now_ms, int64_t before_ms, int max,
                                        store_delivery_fn fn, void *arg);
/* How many wait, and when the first of them was made (wall; 0: none waits). */
MUST_CHECK enum err store_delivery_waiting(struct store *store, int64_t *ret_count,
                                           int64_t *ret_oldest_ms);
/*
 * How many go to this address since then by the settings of the form `via`, or of any if its ptr
 * is NULL, whatever became of them.
 */
MUST_CHECK enum err store_delivery_replies(struct store *store, struct str via, struct str address,
                                           int64_t since_ms, int64_t *ret_count);
/* The last ones of a delivery, newest first. */
MUST_CHECK enum err store_attempt_list(struct store *store, const struct id *delivery,
                                       store_attempt_fn fn, void *arg);
/* Every destination that has ever had an attempt, or has deliveries not done; by form and name. */
MUST_CHECK enum err store_destination_list(struct store *store, store_destination_fn fn, void *arg);
MUST_CHECK enum err store_alarm_list(struct store *store, store_alarm_fn fn, void *arg);
MUST_CHECK enum err store_form_get(struct store *store, struct str name, store_form_fn fn,
                                   void *arg);
MUST_CHECK enum err store_form_list(struct store *store, store_form_fn fn, void *arg); /* by name */
/* Last seen first. */
MUST_CHECK enum err store_refusal_list(struct store *store, store_refusal_fn fn, void *arg);
/* ERR_OK: it is spent. ERR_NOT_FOUND: not by any commit so far. */
MUST_CHECK enum err store_spent_find(struct store *store, int64_t expires_at_ms,
                                     const struct digest *digest);
/* The bytes are appended to `out`; ERR_NOT_FOUND when there are none. */
MUST_CHECK enum err store_model_get(struct store *store, struct str form, struct buf *out);
MUST_CHECK enum err store_user_get(struct store *store, struct str name, store_user_fn fn,
                                   void *arg);
MUST_CHECK enum err store_user_list(struct store *store, store_user_fn fn, void *arg); /* by name */
MUST_CHECK enum err store_token_get(struct store *store, const struct digest *hash,
                                    store_token_fn fn, void *arg);
MUST_CHECK enum err store_token_list(struct store *store, store_token_fn fn, void *arg);
MUST_CHECK enum err store_session_get(struct store *store, const struct digest *hash,
                                      store_session_fn fn, void *arg);
/* Of one user, or of all when `user.ptr` is NULL; last seen first. */
MUST_CHECK enum err store_session_list(struct store *store, struct str user, store_session_fn fn,
                                       void *arg);
MUST_CHECK enum err store_invitation_get(struct store *store, const struct digest *hash,
                                         store_invitation_fn fn, void *arg);
MUST_CHECK enum err store_invitation_list(struct store *store, store_invitation_fn fn,
                                          void *arg); /* by name */
/*
 * The newest `limit` entries with an id below `below_id` (0: from the newest), newest first.
 * ERR_INVALID: a limit below 1 or above AUDIT_LIST_MAX + 1.
 */
MUST_CHECK enum err store_audit_list(struct store *store, int64_t below_id, int limit,
                                     store_audit_fn fn, void *arg);
/* `value` is appended to `out`; ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err store_meta_get(struct store *store, struct str key, struct buf *out);

#endif
