/* SPDX-License-Identifier: MIT */
/*
 * What the SQLite files share: the connection, and a query under way. Only
 * files that include this one know that sqlite3.h exists.
 */
#ifndef CONTACTD_STORE_SQLITE_H
#define CONTACTD_STORE_SQLITE_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "sql_sqlite.h"
#include "store/backend.h"
#include "store/whereabouts.h"

struct sqlite_store {
    struct store base;
    sqlite3 *db;                     /* NULL after a reconnection that failed */
    char *path;                      /* absolute, without symbolic links */
    int lock_fd;                     /* the writer's, else -1 */
    struct whereabouts where;        /* the writer's */
    sqlite3_stmt *stmts[SQL__COUNT]; /* prepared once, kept until the connection closes */

    bool is_broken;             /* a rollback failed: reconnect before the next transaction */
    enum err lost;              /* why SQLite has dropped the open transaction by itself */
    bool has_view;              /* a reader's: see sqlite_view_begin() */
    bool is_indexed_known;      /* the next one is what the open transaction sees */
    int64_t indexed_seq;        /* rows up to this one are in search and tally */
    atomic_bool is_interrupted; /* a reader's: no query goes on */
    int64_t deadline_us;        /* a reader's query ends by then */
    int64_t frame_bytes;        /* the write-ahead log counts in frames: a page and its header */
    int64_t wal_frames;         /* in the log */
    int64_t moved_frames;       /* of those, already in the database too */
};

static inline struct sqlite_store *sqlite_of(struct store *store)
{
    return CONTAINER_OF(store, struct sqlite_store, base);
}

/* --- sqlite_stmt.c ------------------------------------------------------ */

/* What a result code means to the rest of the program; keeps SQLite's words for store_error(). */
enum err sqlite_err(struct sqlite_store *self, int code);

/* Runs SQL that has no parameters and no result. For start-up only. */
MUST_CHECK enum err sqlite_run_text(struct sqlite_store *self, const char *sql);

/* The first number that `sql` yields. For start-up only. */
MUST_CHECK enum err sqlite_ask(struct sqlite_store *self, const char *sql, int64_t *ret_value);

MUST_CHECK enum err sqlite_prepare_all(struct sqlite_store *self);
void sqlite_finalize_all(struct sqlite_store *self);

/*
 * One execution of a named statement. The first failure sticks, and
 * query_status() or query_write() tells it; end with query_done().
 */
struct query {
    struct sqlite_store *store;
    sqlite3_stmt *stmt; /* NULL when `code` tells why */
    int code;
};

struct query query_start(struct sqlite_store *self, enum sql_query name);
void query_done(struct query *query); /* for CLEANUP() */

/* Parameters count from 1. What is bound is borrowed until query_done(). */
void query_bind_i64(struct query *query, int at, int64_t value);
void query_bind_str(struct query *query, int at, struct str text); /* ptr NULL: NULL */
void query_bind_bytes(struct query *query, int at, const void *bytes, size_t len);

/* Goes to the next row; false when there is none or something failed. */
MUST_CHECK bool query_next(struct query *query);
MUST_CHECK enum err query_status(struct query *query);

/* Columns count from 0. Texts are borrowed until the next row. */
int64_t query_i64(const struct query *query, int column);
struct str query_str(struct query *query, int column);
struct str query_blob(const struct query *query, int column);
/* ERR_CORRUPT when the value is not exactly `len` bytes. */
MUST_CHECK enum err query_bytes(struct query *query, int column, void *ret_bytes, size_t len);
/* A row that contradicts what we write. */
enum err query_corrupt(struct query *query);

/* Runs a statement without parameters and rows, such as COMMIT. */
MUST_CHECK enum err sqlite_run(struct sqlite_store *self, enum sql_query name);

/*
 * A reader's queries between these see the same rows, and have the time of one
 * query all together. The view is over whatever the end says.
 */
MUST_CHECK enum err sqlite_view_begin(struct sqlite_store *self);
MUST_CHECK enum err sqlite_view_end(struct sqlite_store *self);

/* Runs a statement that writes, and ends it. Refused when its transaction is gone. */
MUST_CHECK enum err query_write(struct query *query);
/* The same for one that must hit a row: ERR_NOT_FOUND when it did not. */
MUST_CHECK enum err query_write_one(struct query *query);

/* --- sqlite_open.c ------------------------------------------------------ */

enum err sqlite_open(const char *url, bool may_create, struct store **ret_store,
                     struct err_detail *detail);
enum err sqlite_open_reader(struct store *writer, struct store **ret_reader,
                            struct err_detail *detail);
/* sqlite_examine.c */
enum err sqlite_examine(const char *url, int64_t budget_ms, struct store_health *ret_health,
                        struct err_detail *detail);
void sqlite_interrupt(struct store *reader);
void sqlite_close(struct store *store);

/* Closes the connection, keeping the lock, and opens it anew. */
MUST_CHECK enum err sqlite_reconnect(struct sqlite_store *self);

/* --- sqlite_submission.c ------------------------------------------------ */

/* A row of the queries that yield whole submissions, and all rows that one yields. */
MUST_CHECK enum err sqlite_submission_read(struct query *query, struct submission *ret_row);
MUST_CHECK enum err sqlite_tell_rows(struct query *query, store_submission_fn fn, void *arg);

enum err sqlite_submission_insert(struct store *store, const struct submission *row);
enum err sqlite_submission_get(struct store *store, const struct id *id, store_submission_fn fn,
                               void *arg);
enum err sqlite_submission_list(struct store *store, const struct submission_filter *filter,
                                store_submission_fn fn, void *arg);

/* --- sqlite_account.c --------------------------------------------------- */

enum err sqlite_submission_newest(struct store *store, int64_t since_ms, int64_t max,
                                  store_submission_fn fn, void *arg);
enum err sqlite_submission_find_key(struct store *store, struct str form, struct str key,
                                    int64_t since_ms, store_submission_fn fn, void *arg);
enum err sqlite_submission_set_state(struct store *store, const struct id *id,
                                     enum submission_state state, enum submission_taught taught,
                                     int64_t at_ms);
enum err sqlite_submission_set_starred(struct store *store, const struct id *id, bool is_starred);
enum err sqlite_submission_delete(struct store *store, const struct id *id);
enum err sqlite_submission_scan(struct store *store, int64_t below_seq, int64_t max,
                                store_submission_fn fn, void *arg);

/* --- sqlite_note.c -------------------------------------------------------- */

enum err sqlite_note_insert(struct store *store, const struct id *submission,
                            const struct submission_note *note);
enum err sqlite_note_delete(struct store *store, const struct id *submission, int64_t note_id);
enum err sqlite_note_list(struct store *store, const struct id *submission, store_note_fn fn,
                          void *arg);
/* All of one submission. */
MUST_CHECK enum err sqlite_note_delete_all(struct store *store, int64_t seq);

/* --- sqlite_search.c ---------------------------------------------------- */

/* Keep index and counts right; what is not in them yet is left to index_step. */
MUST_CHECK enum err sqlite_search_inserted(struct sqlite_store *self, const struct submission *row);
MUST_CHECK enum err sqlite_search_moves(struct sqlite_store *self, const struct id *id,
                                        enum submission_state state);
MUST_CHECK enum err sqlite_search_deletes(struct sqlite_store *self, const struct id *id);

enum err sqlite_submission_search(struct store *store, const struct submission_filter *filter,
                                  store_submission_fn fn, void *arg);
enum err sqlite_submission_aged(struct store *store, const struct aged_filter *filter,
                                store_aged_fn fn, void *arg);
enum err sqlite_index_step(struct store *store, int max, int *ret_rows);
enum err sqlite_index_tidy(struct store *store, int pages, bool *ret_has_more);
enum err sqlite_tally_list(struct store *store, int64_t first_day, struct str form,
                           store_tally_fn fn, void *arg);

/* --- sqlite_form.c ------------------------------------------------------ */

enum err sqlite_form_put(struct store *store, const struct form *form);
enum err sqlite_form_delete(struct store *store, struct str name);
enum err sqlite_form_get(struct store *store, struct str name, store_form_fn fn, void *arg);
enum err sqlite_form_list(struct store *store, store_form_fn fn, void *arg);
enum err sqlite_refusal_add(struct store *store, const struct refusal *refusal);
enum err sqlite_refusal_delete(struct store *store, struct str form, struct str origin);
enum err sqlite_refusal_list(struct store *store, store_refusal_fn fn, void *arg);
enum err sqlite_spent_add(struct store *store, int64_t expires_at_ms, const struct digest *digest);
enum err sqlite_spent_find(struct store *store, int64_t expires_at_ms, const struct digest *digest);
enum err sqlite_spent_purge(struct store *store, int64_t now_ms);
enum err sqlite_model_put(struct store *store, struct str form, struct str bytes);
enum err sqlite_model_get(struct store *store, struct str form, struct buf *out);

enum err sqlite_user_insert(struct store *store, const struct user *user);
enum err sqlite_user_set_password(struct store *store, struct str name, struct str password_hash);
enum err sqlite_user_delete(struct store *store, struct str name);
enum err sqlite_user_get(struct store *store, struct str name, store_user_fn fn, void *arg);
enum err sqlite_user_list(struct store *store, store_user_fn fn, void *arg);
enum err sqlite_token_insert(struct store *store, const struct token *token);
enum err sqlite_token_delete(struct store *store, struct str name);
enum err sqlite_token_get(struct store *store, const struct digest *hash, store_token_fn fn,
                          void *arg);
enum err sqlite_token_list(struct store *store, store_token_fn fn, void *arg);
enum err sqlite_meta_put(struct store *store, struct str key, struct str value);
enum err sqlite_meta_get(struct store *store, struct str key, struct buf *out);
enum err sqlite_user_update(struct store *store, const struct user *user);
enum err sqlite_token_touch(struct store *store, const struct digest *hash, int64_t used_at_ms);

/* --- sqlite_session.c ------------------------------------------ */

enum err sqlite_session_insert(struct store *store, const struct session *session);
enum err sqlite_session_touch(struct store *store, const struct digest *hash, int64_t seen_at_ms);
enum err sqlite_session_delete(struct store *store, const struct digest *hash);
enum err sqlite_session_delete_user(struct store *store, struct str user,
                                    const struct digest *kept);
enum err sqlite_session_purge(struct store *store, int64_t now_ms, int64_t seen_by_ms);
enum err sqlite_session_get(struct store *store, const struct digest *hash, store_session_fn fn,
                            void *arg);
enum err sqlite_session_list(struct store *store, struct str user, store_session_fn fn, void *arg);
enum err sqlite_invitation_put(struct store *store, const struct invitation *invitation);
enum err sqlite_invitation_delete(struct store *store, struct str name);
enum err sqlite_invitation_delete_of(struct store *store, struct str created_by);
enum err sqlite_invitation_purge(struct store *store, int64_t now_ms);
enum err sqlite_invitation_get(struct store *store, const struct digest *hash,
                               store_invitation_fn fn, void *arg);
enum err sqlite_invitation_list(struct store *store, store_invitation_fn fn, void *arg);
enum err sqlite_audit_add(struct store *store, const struct audit_entry *entry);
enum err sqlite_audit_list(struct store *store, int64_t below_id, int limit, store_audit_fn fn,
                           void *arg);

/* --- sqlite_delivery.c ------------------------------------------ */

enum err sqlite_delivery_insert(struct store *store, const struct delivery *row);
enum err sqlite_delivery_claim(struct store *store, const struct id *id, int64_t now_ms,
                               int64_t until_ms, const struct id *batch);
enum err sqlite_delivery_settle(struct store *store, const struct delivery_outcome *outcome);
enum err sqlite_delivery_release(struct store *store, int64_t now_ms, uint64_t chance);
enum err sqlite_delivery_set_state(struct store *store, const struct id *id,
                                   enum delivery_state state, int64_t due_at_ms, int64_t now_ms);
enum err sqlite_delivery_withdraw_form(struct store *store, struct str form, int64_t now_ms);
enum err sqlite_delivery_restart(struct store *store, const struct id *id, int64_t now_ms,
                                 const struct id *batch);
enum err sqlite_delivery_restart_all(struct store *store, struct str form, struct str destination,
                                     int64_t now_ms, int64_t *ret_count);
enum err sqlite_alarm_add(struct store *store, const struct alarm *alarm);
enum err sqlite_alarm_delete(struct store *store, struct str kind, struct str form,
                             struct str name);
enum err sqlite_delivery_get(struct store *store, const struct id *id, store_delivery_fn fn,
                             void *arg);
enum err sqlite_delivery_list(struct store *store, const struct delivery_filter *filter,
                              store_delivery_fn fn, void *arg);
enum err sqlite_delivery_queues(struct store *store, const struct delivery_queue *after,
                                store_queue_fn fn, void *arg);
enum err sqlite_delivery_due(struct store *store, const struct delivery_queue *queue,
                             int64_t now_ms, int max, store_delivery_fn fn, void *arg);
enum err sqlite_delivery_late(struct store *store, const struct delivery_queue *queue,
                              int64_t now_ms, int64_t before_ms, int max, store_delivery_fn fn,
                              void *arg);
enum err sqlite_delivery_waiting(struct store *store, int64_t *ret_count, int64_t *ret_oldest_ms);
enum err sqlite_delivery_replies(struct store *store, struct str via, struct str address,
                                 int64_t since_ms, int64_t *ret_count);
enum err sqlite_attempt_list(struct store *store, const struct id *delivery, store_attempt_fn fn,
                             void *arg);
enum err sqlite_destination_list(struct store *store, store_destination_fn fn, void *arg);
enum err sqlite_alarm_list(struct store *store, store_alarm_fn fn, void *arg);
/* All of one submission. */
MUST_CHECK enum err sqlite_delivery_delete_all(struct store *store, const struct id *submission);

#endif
