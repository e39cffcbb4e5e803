/* SPDX-License-Identifier: MIT */
/*
 * What admins teach the forms' spam filters, within one of the committer's jobs: models are
 * read when they are needed and written back once. The committer's thread.
 */
#ifndef CONTACTD_HANDLER_LESSON_H
#define CONTACTD_HANDLER_LESSON_H

#include "handler/ctx.h"

enum { LESSON_MODELS_MAX = 8 }; /* of 64 KiB each, held at a time */

struct lesson_model;

struct lessons {
    struct app_ctx *ctx;
    struct store *writer;
    struct lesson_model *models[LESSON_MODELS_MAX]; /* the oldest first */
    size_t count;
    bool has_taught; /* something: forms must be read anew when it is on disk */
};

void lessons_init(struct lessons *lessons, struct app_ctx *ctx, struct store *writer);

/*
 * A message is moved to a state: teaches its form's filter, or takes back what it was
 * taught. `ret_taught` is what is to be kept with the row.
 */
MUST_CHECK enum err lessons_take(struct lessons *lessons, const struct submission *row,
                                 enum submission_state state, enum submission_taught *ret_taught);

/* Writes what was taught, in the job's own transaction. */
MUST_CHECK enum err lessons_keep(struct lessons *lessons);

void lessons_done(struct lessons *lessons); /* for CLEANUP(); forgets what was not kept */

#endif
