/* SPDX-License-Identifier: MIT */
/* Form tokens and proofs of work: given out to pages, and taken back with messages. */
#ifndef CONTACTD_HANDLER_PROOFS_H
#define CONTACTD_HANDLER_PROOFS_H

#include "core/altcha.h"
#include "post.h"

/*
 * Looks at the token and the proof that came with a post and sets their
 * verdicts, and what must be spent. What is costly is left: a proof of v2 is
 * FINE until proofs_check() has said so. ERR_MEMORY.
 */
MUST_CHECK enum err proofs_read(struct post *post);

/* Whether the costly part is due. */
bool proofs_need_check(const struct post *post);

/* That part, for a worker's thread: the verdict of the proof. A spent one costs nothing. */
enum verdict proofs_check(const struct post *post, struct store *reader);

#endif
