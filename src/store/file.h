/* SPDX-License-Identifier: MIT */
/*
 * The database as a file: made, found, and its troubles told. Nothing here
 * ever opens the database itself. Room-private; called while starting.
 */
#ifndef CONTACTD_STORE_FILE_H
#define CONTACTD_STORE_FILE_H

#include <stdbool.h>

#include "base/err.h"

/*
 * Makes sure that a regular file is at `path`: an empty one of mode 0600 when
 * there is none and `may_create` allows it, else ERR_NOT_FOUND. `*ret_path` is
 * the caller's (free): absolute, without symbolic links.
 */
MUST_CHECK enum err file_find(const char *path, bool may_create, char **ret_path,
                              struct err_detail *detail);

/* Whether something has this name, be it a link to nothing. Unlike access(2) it uses all rights. */
bool file_is_there(const char *path);

/* "cannot <verb> <path>: <reason>; <remedy that belongs to err>" */
enum err file_refuse(struct err_detail *detail, enum err err, const char *verb, const char *path,
                     const char *reason);

/* The same for a system call's error number. */
enum err file_refuse_errno(struct err_detail *detail, int number, const char *verb,
                           const char *path);

/* Which error an error number is: ERR_DENIED, ERR_DISK_FULL, ..., ERR_IO for the rest. */
enum err file_err_of(int number);

#endif
