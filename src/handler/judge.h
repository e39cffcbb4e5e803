/* SPDX-License-Identifier: MIT */
/* How much a post looks like spam, from everything that the request tells. */
#ifndef CONTACTD_HANDLER_JUDGE_H
#define CONTACTD_HANDLER_JUDGE_H

#include "post.h"

/*
 * Scores the post, whose row is made, and sets the row's state, score and
 * reasons. `posted` is the whole list, special fields included. ERR_MEMORY.
 */
MUST_CHECK enum err judge_post(struct post *post, const struct fields *posted);

/*
 * The committer's correction, when it has seen that a token or proof was used
 * before. Post's owner at that time.
 */
void judge_reused(struct post *post, enum spam_part part);

/* A post of this source was refused; the next ones are looked at more closely. */
void judge_note_refusal(struct app_ctx *ctx, struct exchange *x);

#endif
