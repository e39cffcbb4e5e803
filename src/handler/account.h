/* SPDX-License-Identifier: MIT */
/*
 * What the topics about accounts share: a job that reads or changes the
 * database for one exchange, arguments out of JSON, and failures as answers.
 */
#ifndef CONTACTD_HANDLER_ACCOUNT_H
#define CONTACTD_HANDLER_ACCOUNT_H

#include "base/json.h"
#include "handler/ctx.h"

/* Lives in the exchange's arena; a topic's own job starts with it. */
struct account_job {
    struct job job;
    struct exchange *x;
    struct app_ctx *ctx;
    enum problem problem; /* what ERR_INVALID means: see account_refuse() */
    struct str user;      /* whose account is changed, which signin forgets then; empty: nobody's */
    struct str token;     /* the same of tokens */
    struct err_detail detail;
    struct signin_hashing hashing;
    struct secret password;
};

/* NULL: no memory, and the exchange has the reply. `bytes`: of the topic's struct. Cleared. */
MUST_CHECK void *account_job_new(struct app_ctx *ctx, struct exchange *x, size_t bytes);
struct account_job *account_job_of(struct exchange *x);

/* Each gives the job away; `next` finds job.result. */
enum flow account_read(struct account_job *self, enum err (*run)(struct job *, struct store *),
                       step_fn next);
enum flow account_write(struct account_job *self, enum err (*run)(struct job *, struct store *),
                        step_fn next);
/* Answers 200 with what run() writes, which ought to be a list. */
enum flow account_list(struct account_job *self, enum err (*run)(struct job *, struct store *));

/* Hashes self->password, which is wiped then, into self->hashing.hash. */
enum flow account_hash(struct account_job *self, step_fn next);

/* For run(): the job fails with ERR_INVALID, which is answered with this problem. */
PRINTF_LIKE(3, 4)
enum err account_refuse(struct account_job *self, enum problem problem, const char *format, ...);

/* The answer to job.result, which is not ERR_OK. */
enum flow account_failed(struct account_job *self);

/* 204 */
enum flow account_no_content(struct exchange *x, const char *decision);

/* The step behind account_write() of a job that deletes: 204, or why it did not. */
enum flow account_deleted(struct app_ctx *ctx, struct exchange *x);

/* --- arguments ----------------------------------------------------------- */

/*
 * The body as an object with none but the `members` (ended by NULL); the caller's.
 * NULL: the exchange has the reply.
 */
MUST_CHECK json_t *account_parse(struct exchange *x, const char *const members[]);

/* The reply when a member is wrong. */
enum flow account_bad_value(struct exchange *x, enum err err, const struct err_detail *detail);

/* What is set wrongly is ERR_INVALID with a detail; texts are kept in the arena. */
MUST_CHECK enum err account_get_name(const json_t *object, struct arena *arena,
                                     struct str *ret_name, struct err_detail *detail);
MUST_CHECK enum err account_get_role(const json_t *object, enum role *ret_role,
                                     struct err_detail *detail);
/* The list "forms" as scope_parse() takes it, which must be given: nobody gets all by a slip. */
MUST_CHECK enum err account_get_forms(const json_t *object, struct arena *arena,
                                      struct str *ret_forms, struct err_detail *detail);
/* The same for this role; owners, who have all forms, need not say so. */
MUST_CHECK enum err account_get_forms_of(enum role role, const json_t *object, struct arena *arena,
                                         struct str *ret_forms, struct err_detail *detail);
/* Owners have all forms. */
MUST_CHECK enum err account_check_owner_forms(enum role role, struct str forms,
                                              struct err_detail *detail);
/* The member `key` as a password to be. */
MUST_CHECK enum err account_get_password(const json_t *object, const char *key,
                                         struct secret *ret_password, struct err_detail *detail);

/* --- results ------------------------------------------------------------- */

/* {"key":[ and ]}, for run() of account_list(). */
void account_open_list(struct buf *out, const char *key);
MUST_CHECK enum err account_close_list(struct buf *out);

/* "forms": an array of names, or of "*" alone. */
void account_put_forms(struct buf *out, struct str forms);

/* --- owners -------------------------------------------------------------- */

/* For run(): whether there is an owner other than `name`. */
MUST_CHECK enum err account_check_other_owner(struct account_job *self, struct store *writer,
                                              struct str name);

#endif
