/* SPDX-License-Identifier: MIT */
/*
 * The files of an open database: whether they are still where they were. Rows
 * that are committed to a file without a name are lost with the process.
 * Room-private; the writer's thread.
 */
#ifndef CONTACTD_STORE_WHEREABOUTS_H
#define CONTACTD_STORE_WHEREABOUTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { WHEREABOUTS_FILES = 3 }; /* the database, its write-ahead log, its lock */

struct placed_file {
    char *path;
    dev_t device;
    ino_t inode; /* 0: not yet seen */
};

struct whereabouts {
    struct placed_file files[WHEREABOUTS_FILES];
};

/* Of the database at `path`. ERR_MEMORY. */
MUST_CHECK enum err whereabouts_init(struct whereabouts *where, const char *path);
void whereabouts_done(struct whereabouts *where); /* also of one that is all zero */

/* Whatever is there from now on is right: the database was opened anew. */
void whereabouts_look_again(struct whereabouts *where);

/*
 * NULL while every file that was seen before is there; else the path of one
 * that was moved, removed or replaced. Costs three system calls.
 */
const char *whereabouts_missing(struct whereabouts *where);

#endif
