/* SPDX-License-Identifier: MIT */
/*
 * CSV (RFC 4180), written so that a spreadsheet takes no cell for a formula,
 * and read as spreadsheets and other services write it. Pure; any thread.
 */
#ifndef CONTACTD_CORE_CSV_H
#define CONTACTD_CORE_CSV_H

#include "base/arena.h"
#include "base/buf.h"

enum { CSV_CELLS_MAX = 1024 };

/* --- writing: cells with commas between them, each row ended by CRLF ------- */

/*
 * A text. One that a spreadsheet might run (it begins with = + - @ TAB CR LF or
 * a full-width form of the first four, maybe behind apostrophes) gets an apostrophe
 * in front: csv_unguard() takes that away again.
 */
void csv_text(struct buf *out, struct str text);

/* A text without a character, which reads as another thing than csv_text() of it: nothing. */
void csv_empty_text(struct buf *out);

/* What we know to be a number or the like: as it stands. */
void csv_number(struct buf *out, struct str number);

/* Ends the row: the comma behind its last cell gives way. */
void csv_end_row(struct buf *out);

/* What csv_text() was given, from what it wrote. */
struct str csv_unguard(struct str text);

/* --- reading --------------------------------------------------------------- */

struct csv_reader {
    struct str rest;
    size_t line; /* where the rest begins, from 1 */
    char separator;
};

struct csv_row {
    struct str cells[CSV_CELLS_MAX]; /* in the text, or unescaped in the arena; ptr NULL: nothing */
    size_t count;
    size_t line; /* where it begins */
};

/* Skips a byte order mark and looks in the first line for what separates: , ; or TAB. */
struct csv_reader csv_open(struct str text);

/*
 * The next row that is not empty. ERR_NOT_FOUND: there is none. ERR_INVALID: a
 * quoted cell has no end; nothing is left. ERR_FULL: more than CSV_CELLS_MAX
 * cells; the row is skipped. ERR_MEMORY: the arena is full.
 */
MUST_CHECK enum err csv_next(struct csv_reader *reader, struct arena *arena,
                             struct csv_row *ret_row);

#endif
