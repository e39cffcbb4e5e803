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
 * A correction: what was taken for fine is not, as a worker found out or the
 * committer (then it was used before). For whoever owns the post at that time.
 */
void judge_correct(struct post *post, enum spam_part part, enum verdict verdict);

/* How busy this source and everybody are, for the price of a challenge. */
struct altcha_load judge_load(struct app_ctx *ctx, struct exchange *x);

/* A post of this source was refused; the next ones are looked at more closely. */
void judge_note_refusal(struct app_ctx *ctx, struct exchange *x);

#endif
