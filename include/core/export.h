/* SPDX-License-Identifier: MIT */
/*
 * Submissions as a file: CSV for spreadsheets, NDJSON and JSON for programs.
 * Written row by row, so that nothing but the names of columns is kept. Pure.
 */
#ifndef CONTACTD_CORE_EXPORT_H
#define CONTACTD_CORE_EXPORT_H

#include "base/arena.h"
#include "core/submission.h"

enum { EXPORT_COLUMNS_MAX = 500, EXPORT_COLUMNS_BYTES_MAX = 256 * 1024 };

/* X(enum value, "as it is written", "content type") */
#define EXPORT_FORMAT_LIST(X)                                                                      \
    X(EXPORT_CSV, "csv", "text/csv; charset=utf-8")                                                \
    X(EXPORT_NDJSON, "ndjson", "application/x-ndjson")                                             \
    X(EXPORT_JSON, "json", "application/json")

enum export_format {
#define FORMAT_AS_ENUM(id, text, type) id,
    EXPORT_FORMAT_LIST(FORMAT_AS_ENUM)
#undef FORMAT_AS_ENUM
};

const char *export_format_text(enum export_format format);
const char *export_format_type(enum export_format format);
MUST_CHECK bool export_format_parse(struct str text, enum export_format *ret_format);

/* The names of further fields, each a column of a CSV file, in order of first appearance. */
struct export_columns {
    struct str names[EXPORT_COLUMNS_MAX]; /* in the arena */
    size_t count;
    size_t guess; /* where the next name is likely to be found */
    struct arena arena;
};

MUST_CHECK enum err export_columns_new(struct export_columns **ret_columns);
void export_columns_free(struct export_columns *columns); /* NULL is allowed */

/* Adds a name that is not there yet. ERR_FULL: there are too many, or they are too long. */
MUST_CHECK enum err export_columns_add(struct export_columns *columns, struct str name);

/* Adds every field of a row. ERR_FULL likewise; ERR_CORRUPT: its fields are no JSON object. */
MUST_CHECK enum err export_columns_note(struct export_columns *columns,
                                        const struct submission *row);

/* What comes before the first row and after the last. `columns` is for CSV; `has_bom` too. */
void export_head(struct buf *out, enum export_format format, const struct export_columns *columns,
                 bool has_bom);
void export_tail(struct buf *out, enum export_format format, bool has_rows);

/* One row. ERR_NOT_FOUND: it has a field that is no column. ERR_CORRUPT as above. */
MUST_CHECK enum err export_row(struct buf *out, enum export_format format,
                               struct export_columns *columns, const struct submission *row,
                               bool is_first);

#endif
