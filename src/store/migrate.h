/* SPDX-License-Identifier: MIT */
/* Bringing a database's schema up to date. Room-private; called while starting. */
#ifndef CONTACTD_STORE_MIGRATE_H
#define CONTACTD_STORE_MIGRATE_H

#include "store/sqlite.h"

/* Written into the file's header (PRAGMA application_id): the letters "ctcd". */
enum { APPLICATION_ID = 0x63746364 };

/*
 * Whether the file is ours, or empty, and not from the future; changes nothing.
 * ERR_INVALID: another program's database. ERR_NEWER: a later version made it.
 * ERR_CORRUPT: nobody made it so.
 */
MUST_CHECK enum err migrate_check(struct sqlite_store *self, struct err_detail *detail);

/* Runs the steps that are missing, each in one transaction. */
MUST_CHECK enum err migrate_run(struct sqlite_store *self);
/* Those alone up to `schema`, which is none of the future. */
MUST_CHECK enum err migrate_to(struct sqlite_store *self, int64_t schema);

#endif
