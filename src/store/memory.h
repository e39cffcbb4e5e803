/* SPDX-License-Identifier: MIT */
/* What the memory backend's files share. Room-private. */
#ifndef CONTACTD_STORE_MEMORY_H
#define CONTACTD_STORE_MEMORY_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/backend.h"
#include "store/memory_rows.h"

struct memory {
    pthread_mutex_t lock; /* guards the rows */
    struct rows rows;
};

struct memory_store {
    struct store base;
    struct memory *memory; /* the writer's; readers borrow it */
    const struct row_change *mark;
    atomic_bool is_interrupted; /* a reader's: no walk goes on */
};

static inline struct memory_store *memory_of(struct store *store)
{
    return CONTAINER_OF(store, struct memory_store, base);
}

/* --- memory.c ----------------------------------------------------------- */

/* rows_find, rows_after or rows_before */
typedef struct row *(*rows_step_fn)(const struct rows *rows, bool is_writer, enum row_kind kind,
                                    struct str key);

/* What the step finds, held for the caller, who drops it. NULL: nothing. */
struct row *memory_fetch(struct memory_store *self, rows_step_fn step, enum row_kind kind,
                         struct str key);
/* Drops `*row` for the one that the step finds from it. */
void memory_advance(struct memory_store *self, rows_step_fn step, struct row **row);
bool memory_is_taken(struct memory_store *self, enum row_kind kind, struct str key);

/* Takes a new row (NULL: ERR_MEMORY) and puts it in; `old`, unless NULL, makes room for it. */
MUST_CHECK enum err memory_put(struct memory_store *self, struct row *row, struct row *old);
MUST_CHECK enum err memory_delete(struct memory_store *self, enum row_kind kind, struct str key);

/* --- memory_submission.c ------------------------------------------------ */

enum err memory_submission_insert(struct store *store, const struct submission *row);
enum err memory_submission_get(struct store *store, const struct id *id, store_submission_fn fn,
                               void *arg);
enum err memory_submission_list(struct store *store, const struct submission_filter *filter,
                                store_submission_fn fn, void *arg);
enum err memory_submission_newest(struct store *store, int64_t since_ms, int64_t max,
                                  store_submission_fn fn, void *arg);
enum err memory_submission_find_key(struct store *store, struct str form, struct str key,
                                    int64_t since_ms, store_submission_fn fn, void *arg);
enum err memory_submission_set_state(struct store *store, const struct id *id,
                                     enum submission_state state, enum submission_taught taught,
                                     int64_t at_ms);
enum err memory_submission_set_starred(struct store *store, const struct id *id, bool is_starred);
enum err memory_submission_delete(struct store *store, const struct id *id);
enum err memory_submission_scan(struct store *store, int64_t below_seq, int64_t max,
                                store_submission_fn fn, void *arg);

/* --- memory_note.c -------------------------------------------------------- */

enum err memory_note_insert(struct store *store, const struct id *submission,
                            const struct submission_note *note);
enum err memory_note_delete(struct store *store, const struct id *submission, int64_t note_id);
enum err memory_note_list(struct store *store, const struct id *submission, store_note_fn fn,
                          void *arg);
/* All of one submission. */
MUST_CHECK enum err memory_note_delete_all(struct store *store, int64_t seq);

/* --- memory_search.c ---------------------------------------------------- */

enum err memory_submission_aged(struct store *store, const struct aged_filter *filter,
                                store_aged_fn fn, void *arg);
enum err memory_index_step(struct store *store, int max, int *ret_rows);
enum err memory_index_tidy(struct store *store, int pages, bool *ret_has_more);
enum err memory_tally_list(struct store *store, int64_t first_day, struct str form,
                           store_tally_fn fn, void *arg);

/* --- memory_form.c ------------------------------------------------------ */

enum err memory_form_put(struct store *store, const struct form *form);
enum err memory_form_delete(struct store *store, struct str name);
enum err memory_form_get(struct store *store, struct str name, store_form_fn fn, void *arg);
enum err memory_form_list(struct store *store, store_form_fn fn, void *arg);
enum err memory_refusal_add(struct store *store, const struct refusal *refusal);
enum err memory_refusal_delete(struct store *store, struct str form, struct str origin);
enum err memory_refusal_list(struct store *store, store_refusal_fn fn, void *arg);
enum err memory_spent_add(struct store *store, int64_t expires_at_ms, const struct digest *digest);
enum err memory_spent_find(struct store *store, int64_t expires_at_ms, const struct digest *digest);
enum err memory_spent_purge(struct store *store, int64_t now_ms);
enum err memory_model_put(struct store *store, struct str form, struct str bytes);
enum err memory_model_get(struct store *store, struct str form, struct buf *out);

/* --- memory_account.c --------------------------------------------------- */

enum err memory_user_insert(struct store *store, const struct user *user);
enum err memory_user_set_password(struct store *store, struct str name, struct str password_hash);
enum err memory_user_delete(struct store *store, struct str name);
enum err memory_user_get(struct store *store, struct str name, store_user_fn fn, void *arg);
enum err memory_user_list(struct store *store, store_user_fn fn, void *arg);
enum err memory_token_insert(struct store *store, const struct token *token);
enum err memory_token_delete(struct store *store, struct str name);
enum err memory_token_get(struct store *store, const struct digest *hash, store_token_fn fn,
                          void *arg);
enum err memory_token_list(struct store *store, store_token_fn fn, void *arg);
enum err memory_meta_put(struct store *store, struct str key, struct str value);
enum err memory_meta_get(struct store *store, struct str key, struct buf *out);
enum err memory_user_update(struct store *store, const struct user *user);
enum err memory_token_touch(struct store *store, const struct digest *hash, int64_t used_at_ms);

/* --- memory_session.c ------------------------------------------ */

enum err memory_session_insert(struct store *store, const struct session *session);
enum err memory_session_touch(struct store *store, const struct digest *hash, int64_t seen_at_ms);
enum err memory_session_delete(struct store *store, const struct digest *hash);
enum err memory_session_delete_user(struct store *store, struct str user,
                                    const struct digest *kept);
enum err memory_session_purge(struct store *store, int64_t now_ms, int64_t seen_by_ms);
enum err memory_session_get(struct store *store, const struct digest *hash, store_session_fn fn,
                            void *arg);
enum err memory_session_list(struct store *store, struct str user, store_session_fn fn, void *arg);
enum err memory_invitation_put(struct store *store, const struct invitation *invitation);
enum err memory_invitation_delete(struct store *store, struct str name);
enum err memory_invitation_delete_of(struct store *store, struct str created_by);
enum err memory_invitation_purge(struct store *store, int64_t now_ms);
enum err memory_invitation_get(struct store *store, const struct digest *hash,
                               store_invitation_fn fn, void *arg);
enum err memory_invitation_list(struct store *store, store_invitation_fn fn, void *arg);
enum err memory_audit_add(struct store *store, const struct audit_entry *entry);
enum err memory_audit_list(struct store *store, int64_t below_id, int limit, store_audit_fn fn,
                           void *arg);

/* --- memory_delivery.c ------------------------------------------ */

enum err memory_delivery_insert(struct store *store, const struct delivery *row);
enum err memory_delivery_claim(struct store *store, const struct id *id, int64_t now_ms,
                               int64_t until_ms, const struct id *batch);
enum err memory_delivery_settle(struct store *store, const struct delivery_outcome *outcome);
enum err memory_delivery_release(struct store *store, int64_t now_ms, uint64_t chance);
enum err memory_delivery_set_state(struct store *store, const struct id *id,
                                   enum delivery_state state, int64_t due_at_ms, int64_t now_ms);
enum err memory_delivery_withdraw_form(struct store *store, struct str form, int64_t now_ms);
enum err memory_delivery_restart(struct store *store, const struct id *id, int64_t now_ms,
                                 const struct id *batch);
enum err memory_delivery_restart_all(struct store *store, struct str form, struct str destination,
                                     int64_t now_ms, int64_t *ret_count);
enum err memory_alarm_add(struct store *store, const struct alarm *alarm);
enum err memory_alarm_delete(struct store *store, struct str kind, struct str form,
                             struct str name);
enum err memory_delivery_get(struct store *store, const struct id *id, store_delivery_fn fn,
                             void *arg);
enum err memory_delivery_list(struct store *store, const struct delivery_filter *filter,
                              store_delivery_fn fn, void *arg);
enum err memory_delivery_queues(struct store *store, const struct delivery_queue *after,
                                store_queue_fn fn, void *arg);
enum err memory_delivery_due(struct store *store, const struct delivery_queue *queue,
                             int64_t now_ms, int max, store_delivery_fn fn, void *arg);
enum err memory_delivery_late(struct store *store, const struct delivery_queue *queue,
                              int64_t now_ms, int64_t before_ms, int max, store_delivery_fn fn,
                              void *arg);
enum err memory_delivery_waiting(struct store *store, int64_t *ret_count, int64_t *ret_oldest_ms);
enum err memory_delivery_replies(struct store *store, struct str via, struct str address,
                                 int64_t since_ms, int64_t *ret_count);
enum err memory_attempt_list(struct store *store, const struct id *delivery, store_attempt_fn fn,
                             void *arg);
enum err memory_destination_list(struct store *store, store_destination_fn fn, void *arg);
enum err memory_alarm_list(struct store *store, store_alarm_fn fn, void *arg);
/* All of one submission. */
MUST_CHECK enum err memory_delivery_delete_all(struct store *store, const struct id *submission);

#endif
