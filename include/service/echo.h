/* SPDX-License-Identifier: MIT */
/*
 * Which forms the same text came to lately: one bot writes to many. A table of
 * fixed size; when a set is full, the text that was quiet longest gives way.
 * Any thread.
 */
#ifndef CONTACTD_SERVICE_ECHO_H
#define CONTACTD_SERVICE_ECHO_H

#include "base/err.h"
#include "base/str.h"

struct echo;

enum { ECHO_KEPT_MS = 24 * 3600 * 1000 };

/* Room for at least `texts` (1 or more) of 16 bytes. */
MUST_CHECK enum err echo_new(size_t texts, struct echo **ret_echo);
void echo_free(struct echo *echo); /* NULL is allowed */

/* The text will be counted soon: brings its place into the processor's cache. */
void echo_expect(const struct echo *echo, uint64_t text);

/*
 * Notes that the text with this keyed hash came to `form` at `now_ms` (any
 * clock that only grows), and tells how many other forms got it within
 * ECHO_KEPT_MS of each other. At most 31; two forms in 32 pass for one.
 */
unsigned echo_count(struct echo *echo, uint64_t text, struct str form, int64_t now_ms);

#endif
