/* SPDX-License-Identifier: MIT */
/*
 * The two clocks, and times as text. Only edges read a clock; decisions are
 * given the time as an argument. Any thread.
 */
#ifndef CONTACTD_BASE_CLOCK_H
#define CONTACTD_BASE_CLOCK_H

#include "base/str.h"

/* Milliseconds since 1970 UTC: for showing and for storing, never for intervals. */
int64_t clock_wall_ms(void);

/* Milliseconds that only ever grow: for intervals and deadlines. */
int64_t clock_mono_ms(void);

/* Microseconds of the same clock. */
int64_t clock_mono_us(void);

/* Microseconds that all threads of the process have worked. */
int64_t clock_cpu_us(void);

/* "2026-11-21T09:30:00.123Z" */
enum { CLOCK_TEXT_LEN = 24 };

/* Writes RFC 3339 UTC with milliseconds, NUL-terminated. Years 1970 to 9999; clamped beyond. */
void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_LEN + 1]);

/*
 * Reads RFC 3339 (section 5.6): a date alone (midnight UTC), or date and time
 * with optional fraction and an offset or Z. False when it is anything else.
 */
MUST_CHECK bool clock_parse(struct str text, int64_t *ret_wall_ms);

/* "20261121T093000Z", for the names of files: they sort by time. */
enum { CLOCK_STAMP_LEN = 16 };
void clock_stamp(int64_t wall_ms, char ret_text[CLOCK_STAMP_LEN + 1]);
MUST_CHECK bool clock_parse_stamp(struct str text, int64_t *ret_wall_ms);

#endif
