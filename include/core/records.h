/* SPDX-License-Identifier: MIT */
/*
 * The records of a file that somebody exported, one after the other, each as a
 * JSON object: rows of CSV, lines of NDJSON, or the elements of an array, bare or
 * inside of an object as APIs send it. Pure; any thread.
 */
#ifndef CONTACTD_CORE_RECORDS_H
#define CONTACTD_CORE_RECORDS_H

#include "base/json.h"
#include "core/csv.h"

struct records {
    bool is_csv;
    struct csv_reader csv;
    struct csv_row head, row; /* CSV */
    struct arena head_arena;
    struct str rest; /* JSON: what is not yet read */
    size_t line;     /* where the rest begins */
    size_t column;   /* and how many bytes are before it in this line */
    bool is_array;
};

/*
 * `text` stays where it is while records are read. ERR_INVALID: it is neither, or
 * has no head; ERR_MEMORY. Free with records_done(), also after a failure.
 */
MUST_CHECK enum err records_open(struct records *records, struct str text,
                                 struct err_detail *detail);
void records_done(struct records *records);

/*
 * The next record, the caller's (json_decref), and the line it begins in. Cells
 * of CSV with nothing in them, not even quotes, are left out, repeated names become lists.
 * ERR_NOT_FOUND: that was all. ERR_INVALID: this one is broken, see detail; the next call goes on
 * behind it, or, if it has no end, with the next line that looks like a record's beginning.
 */
MUST_CHECK enum err records_next(struct records *records, json_t **ret_record, size_t *ret_line,
                                 struct err_detail *detail);

/* How many bytes are not yet read. */
size_t records_left(const struct records *records);

#endif
