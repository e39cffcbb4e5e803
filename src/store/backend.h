/* SPDX-License-Identifier: MIT */
/*
 * What a backend is: a table of functions behind the wrappers of store.c, with
 * the same contracts as in store/store.h. Room-private.
 */
#ifndef CONTACTD_STORE_BACKEND_H
#define CONTACTD_STORE_BACKEND_H

#include "store/backup.h"
#include "store/store.h"

/* Copies of whole databases, of backends that are files; see store/backup.h. */
struct copy_ops {
    enum err (*verify)(const char *url, const struct backup_pace *pace,
                       struct backup_check *ret_check, struct err_detail *detail);
    enum err (*make)(const char *url, const char *path, const struct backup_pace *pace,
                     struct backup_check *ret_check, struct err_detail *detail);
    enum err (*restore)(const char *url, const char *path, const struct restore_options *options,
                        struct restored *ret_restored, struct err_detail *detail);
};

struct store_ops {
    const char *name;
    const char *scheme; /* a URL that starts with it is this backend's; "": whatever is left */
    const struct copy_ops *copies; /* NULL: it has no file */

    enum err (*open)(const char *url, bool may_create, struct store **ret_store,
                     struct err_detail *detail);
    enum err (*examine)(const char *url, int64_t budget_ms, struct store_health *ret_health,
                        struct err_detail *detail);
    enum err (*open_reader)(struct store *writer, struct store **ret_reader,
                            struct err_detail *detail);
    void (*interrupt)(struct store *reader);
    void (*close)(struct store *store);

    enum err (*begin)(struct store *store);
    enum err (*commit)(struct store *store);
    void (*rollback)(struct store *store);
    enum err (*mark)(struct store *store);
    enum err (*mark_keep)(struct store *store);
    enum err (*mark_undo)(struct store *store);
    enum err (*checkpoint)(struct store *store, uint64_t min_bytes);

    enum err (*submission_insert)(struct store *store, const struct submission *row);
    enum err (*submission_get)(struct store *store, const struct id *id, store_submission_fn fn,
                               void *arg);
    enum err (*submission_list)(struct store *store, const struct submission_filter *filter,
                                store_submission_fn fn, void *arg);

    enum err (*submission_newest)(struct store *store, int64_t since_ms, int64_t max,
                                  store_submission_fn fn, void *arg);
    enum err (*submission_find_key)(struct store *store, struct str form, struct str key,
                                    int64_t since_ms, store_submission_fn fn, void *arg);
    enum err (*submission_set_state)(struct store *store, const struct id *id,
                                     enum submission_state state, enum submission_taught taught,
                                     int64_t at_ms);
    enum err (*submission_set_starred)(struct store *store, const struct id *id, bool is_starred);
    enum err (*submission_delete)(struct store *store, const struct id *id);
    enum err (*submission_scan)(struct store *store, int64_t below_seq, int64_t max,
                                store_submission_fn fn, void *arg);
    enum err (*note_insert)(struct store *store, const struct id *submission,
                            const struct submission_note *note);
    enum err (*note_delete)(struct store *store, const struct id *submission, int64_t note_id);
    enum err (*note_list)(struct store *store, const struct id *submission, store_note_fn fn,
                          void *arg);
    enum err (*submission_aged)(struct store *store, const struct aged_filter *filter,
                                store_aged_fn fn, void *arg);
    enum err (*index_step)(struct store *store, int max, int *ret_rows);
    enum err (*index_tidy)(struct store *store, int pages, bool *ret_has_more);
    enum err (*tally_list)(struct store *store, int64_t first_day, struct str form,
                           store_tally_fn fn, void *arg);

    enum err (*form_put)(struct store *store, const struct form *form);
    enum err (*form_delete)(struct store *store, struct str name);
    enum err (*form_get)(struct store *store, struct str name, store_form_fn fn, void *arg);
    enum err (*form_list)(struct store *store, store_form_fn fn, void *arg);
    enum err (*refusal_add)(struct store *store, const struct refusal *refusal);
    enum err (*refusal_delete)(struct store *store, struct str form, struct str origin);
    enum err (*refusal_list)(struct store *store, store_refusal_fn fn, void *arg);
    enum err (*spent_add)(struct store *store, int64_t expires_at_ms, const struct digest *digest);
    enum err (*spent_find)(struct store *store, int64_t expires_at_ms, const struct digest *digest);
    enum err (*spent_purge)(struct store *store, int64_t now_ms);
    enum err (*model_put)(struct store *store, struct str form, struct str bytes);
    enum err (*model_get)(struct store *store, struct str form, struct buf *out);

    enum err (*user_insert)(struct store *store, const struct user *user);
    enum err (*user_set_password)(struct store *store, struct str name, struct str password_hash);
    enum err (*user_delete)(struct store *store, struct str name);
    enum err (*user_get)(struct store *store, struct str name, store_user_fn fn, void *arg);
    enum err (*user_list)(struct store *store, store_user_fn fn, void *arg);

    enum err (*token_insert)(struct store *store, const struct token *token);
    enum err (*token_delete)(struct store *store, struct str name);
    enum err (*token_get)(struct store *store, const struct digest *hash, store_token_fn fn,
                          void *arg);
    enum err (*token_list)(struct store *store, store_token_fn fn, void *arg);

    enum err (*meta_put)(struct store *store, struct str key, struct str value);
    enum err (*meta_get)(struct store *store, struct str key, struct buf *out);

    enum err (*user_update)(struct store *store, const struct user *user);
    enum err (*token_touch)(struct store *store, const struct digest *hash, int64_t used_at_ms);
    enum err (*session_insert)(struct store *store, const struct session *session);
    enum err (*session_touch)(struct store *store, const struct digest *hash, int64_t seen_at_ms);
    enum err (*session_delete)(struct store *store, const struct digest *hash);
    enum err (*session_delete_user)(struct store *store, struct str user,
                                    const struct digest *kept);
    enum err (*session_purge)(struct store *store, int64_t now_ms, int64_t seen_by_ms);
    enum err (*session_get)(struct store *store, const struct digest *hash, store_session_fn fn,
                            void *arg);
    enum err (*session_list)(struct store *store, struct str user, store_session_fn fn, void *arg);
    enum err (*invitation_put)(struct store *store, const struct invitation *invitation);
    enum err (*invitation_delete)(struct store *store, struct str name);
    enum err (*invitation_delete_of)(struct store *store, struct str created_by);
    enum err (*invitation_purge)(struct store *store, int64_t now_ms);
    enum err (*invitation_get)(struct store *store, const struct digest *hash,
                               store_invitation_fn fn, void *arg);
    enum err (*invitation_list)(struct store *store, store_invitation_fn fn, void *arg);
    enum err (*audit_add)(struct store *store, const struct audit_entry *entry);
    enum err (*audit_list)(struct store *store, int64_t below_id, int limit, store_audit_fn fn,
                           void *arg);

    enum err (*delivery_insert)(struct store *store, const struct delivery *row);
    enum err (*delivery_claim)(struct store *store, const struct id *id, int64_t now_ms,
                               int64_t until_ms, const struct id *batch);
    enum err (*delivery_settle)(struct store *store, const struct delivery_outcome *outcome);
    enum err (*delivery_release)(struct store *store, int64_t now_ms, uint64_t chance);
    enum err (*delivery_set_state)(struct store *store, const struct id *id,
                                   enum delivery_state state, int64_t due_at_ms, int64_t now_ms);
    enum err (*delivery_withdraw_form)(struct store *store, struct str form, int64_t now_ms);
    enum err (*delivery_restart)(struct store *store, const struct id *id, int64_t now_ms,
                                 const struct id *batch);
    enum err (*delivery_restart_all)(struct store *store, struct str form, struct str destination,
                                     int64_t now_ms, int64_t *ret_count);
    enum err (*alarm_add)(struct store *store, const struct alarm *alarm);
    enum err (*alarm_delete)(struct store *store, struct str kind, struct str form,
                             struct str name);
    enum err (*delivery_get)(struct store *store, const struct id *id, store_delivery_fn fn,
                             void *arg);
    enum err (*delivery_list)(struct store *store, const struct delivery_filter *filter,
                              store_delivery_fn fn, void *arg);
    enum err (*delivery_queues)(struct store *store, const struct delivery_queue *after,
                                store_queue_fn fn, void *arg);
    enum err (*delivery_due)(struct store *store, const struct delivery_queue *queue,
                             int64_t now_ms, int max, store_delivery_fn fn, void *arg);
    enum err (*delivery_late)(struct store *store, const struct delivery_queue *queue,
                              int64_t now_ms, int64_t before_ms, int max, store_delivery_fn fn,
                              void *arg);
    enum err (*delivery_waiting)(struct store *store, int64_t *ret_count, int64_t *ret_oldest_ms);
    enum err (*delivery_replies)(struct store *store, struct str via, struct str address,
                                 int64_t since_ms, int64_t *ret_count);
    enum err (*attempt_list)(struct store *store, const struct id *delivery, store_attempt_fn fn,
                             void *arg);
    enum err (*destination_list)(struct store *store, store_destination_fn fn, void *arg);
    enum err (*alarm_list)(struct store *store, store_alarm_fn fn, void *arg);
};

/* Every backend, ended by NULL; the one without a scheme comes last. */
extern const struct store_ops *const STORE_BACKENDS[];

extern const struct store_ops SQLITE_OPS;
extern const struct store_ops MEMORY_OPS;

enum { ID_RANDOM_BYTES = 8, ID_RANDOM_COUNT = 64, STORE_WORDS_MAX = 256 };

/* How deep the writer is; the wrappers assert it, so that backends need not. */
enum store_depth { STORE_IDLE, STORE_IN_TXN, STORE_IN_MARK };

/* What every connection has; a backend's own struct starts with it. */
struct store {
    const struct store_ops *ops;
    bool is_reader;
    enum store_depth depth;
    char words[STORE_WORDS_MAX]; /* about the last failure */
    struct id_source ids;        /* the backend fills it when it opens a writer */
    size_t random_left;
    uint8_t random[ID_RANDOM_COUNT][ID_RANDOM_BYTES]; /* fetched in bulk, one row per id */
};

/* The states that a filter asks for, as bits. */
static inline unsigned store_states(const struct submission_filter *filter)
{
    return filter->states ? filter->states : STATES_INBOX;
}

/* Whether a row is what a filter asks for, its time apart. */
bool store_fits(const struct submission_filter *filter, const struct submission *row);

/* Whether a delivery is what a filter asks for, its page apart. */
bool store_delivery_fits(const struct delivery_filter *filter, const struct delivery *row);

/* The row numbers that a filter's times and page allow: low <= seq < high. */
struct seq_range {
    int64_t low, high;
};
struct seq_range store_range(const struct submission_filter *filter);

#endif
