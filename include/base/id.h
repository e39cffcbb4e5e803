/* SPDX-License-Identifier: MIT */
/*
 * UUIDv7 (RFC 9562, section 5.7) whose first 63 variable bits are also a row
 * number: 48 bits of milliseconds and a 15-bit counter, so that one index
 * serves both "newest first" and "the one with this id".
 */
#ifndef CONTACTD_BASE_ID_H
#define CONTACTD_BASE_ID_H

#include <stdint.h>

#include "base/str.h"

struct id {
    uint8_t bytes[16];
};

enum { ID_TEXT_LEN = 36 };

/* Makes ids in strictly growing order, also when the clock stands or goes back. One owner. */
struct id_source {
    int64_t last_seq;
};

/* The next id at `wall_ms`; `random` is 8 random bytes. Never fails. */
struct id id_next(struct id_source *source, int64_t wall_ms, const uint8_t random[8]);

/* The 63-bit number that orders ids like time: milliseconds * 2^15 + counter. */
int64_t id_seq(const struct id *id);

/* The smallest number that an id made at `wall_ms` or later can have. */
int64_t id_seq_at(int64_t wall_ms);

/* The id's time, in milliseconds since 1970 UTC. */
int64_t id_wall_ms(const struct id *id);

/* Lower-case, NUL-terminated. */
void id_format(const struct id *id, char ret_text[ID_TEXT_LEN + 1]);

/* Any case; false when it is not a UUID of version 7 in the canonical form. */
MUST_CHECK bool id_parse(struct str text, struct id *ret_id);

#endif
