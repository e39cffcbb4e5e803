/* SPDX-License-Identifier: MIT */
/*
 * Copying SQLite databases, and what restoring and migrating need of it.
 * Room-private; any thread.
 */
#ifndef CONTACTD_STORE_SQLITE_COPY_H
#define CONTACTD_STORE_SQLITE_COPY_H

#include "store/sqlite.h"

extern const struct copy_ops SQLITE_COPIES;

/*
 * Copies what the connection `from` sees to `path`, which was not there; its mode is 0600.
 * It is on disk, verified, and has as many rows as the original. On failure there is
 * no such file.
 */
MUST_CHECK enum err copy_make(struct sqlite_store *from, const char *path,
                              const struct backup_pace *pace, struct backup_check *ret_check,
                              struct err_detail *detail);

/*
 * A connection for that, to the database at `path`, which may be in use; `path` is the caller's and
 * outlives it. All its files are open then, and stay so whoever the process becomes.
 */
MUST_CHECK enum err copy_open(struct sqlite_store *self, const char *path,
                              struct err_detail *detail);
void copy_close(struct sqlite_store *self);

/* Before a database is migrated: a copy beside it, "<path>.schema-<version>". */
MUST_CHECK enum err copy_before_migration(struct sqlite_store *self, struct err_detail *detail);

/* Gives the file its name for good: on disk even if the power fails. */
MUST_CHECK enum err copy_rename(const char *from, const char *to, struct err_detail *detail);
MUST_CHECK enum err copy_sync(const char *path, int flags, struct err_detail *detail);
MUST_CHECK enum err copy_sync_directory(const char *path, struct err_detail *detail);

/* Whether the database at `path` is, or was, served from there. */
bool copy_is_owned(const char *path);

/* sqlite_restore.c */
enum err sqlite_restore(const char *url, const char *path, const struct restore_options *options,
                        struct restored *ret_restored, struct err_detail *detail);

#endif
