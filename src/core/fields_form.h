/* SPDX-License-Identifier: MIT */
/*
 * How a reader makes a list: fields_begin(), then for form bodies any number
 * of additions, then fields_end(). In between the list is of no use to others.
 */
#ifndef CONTACTD_CORE_FIELDS_FORM_H
#define CONTACTD_CORE_FIELDS_FORM_H

#include "core/fields.h"

/* Empties a list that may never have been written to; frees nothing. */
void fields_begin(struct fields *fields);

/*
 * Adds a value where its name says. Both must live as long as the list.
 * ERR_INVALID: not UTF-8, a NUL, or too many values; the detail names the field. ERR_MEMORY.
 */
MUST_CHECK enum err fields_add(struct fields *fields, struct str name, struct str text,
                               struct arena *arena, struct err_detail *detail);

/* Notes that the field `name` carried a file. Errors as above. */
MUST_CHECK enum err fields_add_file(struct fields *fields, struct str name, struct arena *arena,
                                    struct err_detail *detail);

/*
 * Brings what was added into its final shape and returns ERR_OK; or, when
 * adding ended with an error or this does, frees everything and returns that.
 */
MUST_CHECK enum err fields_end(struct fields *fields, enum err err);

/* Whether texts in this charset (its label) can be read: UTF-8, or windows-1252. */
bool charset_is_known(struct str label);

#endif
