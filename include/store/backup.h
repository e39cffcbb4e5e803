/* SPDX-License-Identifier: MIT */
/*
 * Whole databases as files: copied while they are in use, looked at page by page, and put
 * back. For backends that are files; with others all of this is ERR_INVALID. Any
 * thread; nothing here needs a store that is open, and nothing is kept between calls.
 */
#ifndef CONTACTD_STORE_BACKUP_H
#define CONTACTD_STORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* How far a copy has come; behind it, its check. */
struct backup_progress {
    bool is_check;
    int64_t done, all;  /* bytes; a check does not know them: 0 */
    int64_t step_us;    /* what the last step took */
    int64_t held_bytes; /* the log that the database must keep until the copy is made */
};

/* After every few hundred kilobytes; it may sleep. False: give up, with ERR_STOPPING. NULL is none.
 */
typedef bool (*backup_pace_fn)(void *arg, const struct backup_progress *progress);

struct backup_pace {
    backup_pace_fn fn; /* may be NULL */
    void *arg;
};

/* What was found when all of a database was looked at. */
struct backup_check {
    int64_t bytes;
    int64_t schema, schema_known; /* steps that it has, and that this program has */
    int64_t tables, rows;         /* of all tables together */
    int64_t messages;
};

/*
 * Looks at every page, index and row of the database `url`, which may be in use, and changes
 * nothing. ERR_CORRUPT: it is damaged, `detail` says how. ERR_NEWER, ERR_INVALID
 * (another program's), ERR_NOT_FOUND, ERR_DENIED, ERR_IO.
 */
MUST_CHECK enum err backup_verify(const char *url, const struct backup_pace *pace,
                                  struct backup_check *ret_check, struct err_detail *detail);

/*
 * Copies the database `url`, which may be in use by a server, to the file `path`. The copy is as of
 * one moment, has mode 0600, and gets its name when it is whole: written, on
 * disk, verified, and compared with the original. A file of that name is replaced. Memory is flat.
 * On failure there is nothing new. ERR_EXISTS: `path` is a database in use, or no file.
 */
MUST_CHECK enum err backup_make(const char *url, const char *path, const struct backup_pace *pace,
                                struct backup_check *ret_check, struct err_detail *detail);

struct restore_options {
    bool may_send; /* what waited for delivery when the copy was made is sent after all */
    const struct backup_pace *pace;
};

enum { RESTORE_PATH_MAX = 4096 };

struct restored {
    struct backup_check check;
    int64_t sessions, invitations; /* that were ended */
    int64_t deliveries;            /* that waited: given up, unless may_send */
    char aside[RESTORE_PATH_MAX];  /* where the database went that was there; "": none was */
};

/*
 * Puts a copy of the file `path` in the place of the database `url`. The lock is taken, and the
 * copy verified, before anything is touched; there is no moment without a database, and
 * the old one is kept aside. Sessions and invitations end, deliveries that waited are given up.
 * Root's process becomes, for good, the user who owns the database's directory, keeps the right
 * to read if that user cannot come there by himself, and opens only his files; ERR_DENIED: he could
 * have made the backup's name lead to somebody else's. ERR_BUSY: a server owns the database. Others
 * as backup_verify().
 */
MUST_CHECK enum err backup_restore(const char *url, const char *path,
                                   const struct restore_options *options,
                                   struct restored *ret_restored, struct err_detail *detail);

#endif
