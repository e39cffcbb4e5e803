/* SPDX-License-Identifier: MIT */
/* One process per database. Room-private. */
#ifndef CONTACTD_STORE_LOCK_H
#define CONTACTD_STORE_LOCK_H

#include "base/err.h"

/*
 * Takes the lock of the database at `path`: flock(2) on "<path>.lock", which
 * the kernel gives up when the process ends, however it ends. `*ret_fd` is
 * the lock. ERR_BUSY: somebody else has it; the detail says who.
 */
MUST_CHECK enum err lock_take(const char *path, int *ret_fd, struct err_detail *detail);

/* -1 is allowed. */
void lock_release(int fd);

#endif
