/* SPDX-License-Identifier: MIT */
/* Whether a database has the tables that its schema's number promises. Room-private; any thread. */
#ifndef CONTACTD_STORE_SQLITE_SHAPE_H
#define CONTACTD_STORE_SQLITE_SHAPE_H

#include "store/sqlite.h"

/*
 * Compares with a database of that schema, made for this in memory: each table, and each column's
 * type, must be there; further ones do no harm. ERR_CORRUPT: one is not, and `detail` names it.
 */
MUST_CHECK enum err shape_check(struct sqlite_store *self, int64_t schema,
                                struct err_detail *detail);

#endif
