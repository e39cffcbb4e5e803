/* SPDX-License-Identifier: MIT */
/*
 * What was stored lately, by its content: who presses the button twice, or
 * whose page tries again, gets the id of the first time. A table of fixed
 * size; when a set is full the oldest gives way, and its repetition is stored
 * a second time, never lost. One thread: the committer's.
 */
#ifndef CONTACTD_SERVICE_RECENT_H
#define CONTACTD_SERVICE_RECENT_H

#include "core/submission.h"

struct recent;

enum { RECENT_KEPT_MS = 10 * 60 * 1000 };

/* Room for at least `rows` (1 or more) of 40 bytes. */
MUST_CHECK enum err recent_new(size_t rows, struct recent **ret_recent);
void recent_free(struct recent *recent); /* NULL is allowed */

/* True when `content` was put within RECENT_KEPT_MS before `now_ms` (wall). */
MUST_CHECK bool recent_find(const struct recent *recent, const struct content *content,
                            int64_t now_ms, struct id *ret_id);

/* `content` will be looked for soon: brings its place into the processor's cache. Any thread. */
void recent_expect(const struct recent *recent, const struct content *content);

/* `id` carries the time; it takes the place of an earlier one with the same content. */
void recent_put(struct recent *recent, const struct content *content, const struct id *id);

/* Takes back what recent_put() did: the row did not reach the disk after all. */
void recent_forget(struct recent *recent, const struct content *content, const struct id *id);

#endif
