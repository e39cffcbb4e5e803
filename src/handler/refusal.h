/* SPDX-License-Identifier: MIT */
/* Pages that may not post: the decision, and a note for the form's owner. */
#ifndef CONTACTD_HANDLER_REFUSAL_H
#define CONTACTD_HANDLER_REFUSAL_H

#include "post.h"

/*
 * Whether the page that `post` comes from is none of its form's origins. Who
 * names no page (curl, or a page that hides itself) is not refused: a list of
 * origins keeps other people's pages out, not programs.
 */
bool refusal_is_due(struct post *post);

/* Answers it, and has the refusal written down, once the committer finds the time. */
enum flow refusal_answer(struct post *post);

#endif
