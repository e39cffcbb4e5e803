/* SPDX-License-Identifier: MIT */
/*
 * Work that nobody waits for: feeding search and counts, deleting what is too
 * old. One thread hands it to the committer in pieces of a few milliseconds and
 * rests between them, the longer the more messages come.
 */
#ifndef CONTACTD_SERVICE_JANITOR_H
#define CONTACTD_SERVICE_JANITOR_H

#include "service/commit.h"
#include "service/forms.h"

struct janitor;

/* Both stay the caller's and outlive the janitor. */
MUST_CHECK enum err janitor_start(struct commit *commit, struct forms *forms,
                                  struct janitor **ret_janitor);

/* Ends within one piece of work, and frees. NULL is allowed. */
void janitor_stop(struct janitor *janitor);

#endif
