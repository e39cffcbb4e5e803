/* SPDX-License-Identifier: MIT */
/*
 * Submissions as a file: CSV for spreadsheets, NDJSON and JSON for programs.
 * Written row by row, so that nothing but the names of columns is kept. Pure.
 */
#ifndef CONTACTD_CORE_EXPORT_H
#define CONTACTD_CORE_EXPORT_H

#include "base/arena.h"
#include "base/json.h"
#include "core/submission.h"

enum {
    EXPORT_COLUMNS_MAX = 500, /* of further fields */
    EXPORT_NAME_MAX = 255,    /* bytes of a name that may be a column */
    EXPORT_COLUMNS_BYTES_MAX = 256 * 1024,
};

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

/*
 * The names of further fields, each a column of a CSV file, in order of first
 * appearance. What has no column of its own is in the last one, furtherFields, as
 * a JSON object.
 */
struct export_columns {
    struct str names[EXPORT_COLUMNS_MAX]; /* in the arena */
    size_t count;
    bool has_surplus; /* there are names without a column */
    json_t *places;   /* by name, which of them it is */
    struct arena arena;
};

MUST_CHECK enum err export_columns_new(struct export_columns **ret_columns);
void export_columns_free(struct export_columns *columns); /* NULL is allowed */

/* Adds a name that is not there yet: a column while there is room, else to the surplus. */
MUST_CHECK enum err export_columns_add(struct export_columns *columns, struct str name);

/* Adds every field of a row. ERR_CORRUPT: its fields are no JSON object. */
MUST_CHECK enum err export_columns_note(struct export_columns *columns,
                                        const struct submission *row);

/*
 * A further field cannot have this name as a column's: it is one of ours, however
 * it is spelt, or reads like one behind "fields.", which then goes before it.
 */
bool export_name_is_taken(struct str name);

/* The field's name, from its column's as it was written. Part of `column`. */
struct str export_name_of_column(struct str column);

/* What comes before the first row and after the last. `columns` is for CSV; `has_bom` too. */
void export_head(struct buf *out, enum export_format format, const struct export_columns *columns,
                 bool has_bom);
void export_tail(struct buf *out, enum export_format format, bool has_rows);

/*
 * One row. ERR_NOT_FOUND: it has a field that is no column, and there is no surplus.
 * ERR_CORRUPT as above.
 */
MUST_CHECK enum err export_row(struct buf *out, enum export_format format,
                               const struct export_columns *columns, const struct submission *row,
                               bool is_first);

#endif
