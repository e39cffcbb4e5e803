/* SPDX-License-Identifier: MIT */
/*
 * What the process gives away once it has what it needs, so that whoever takes it over gets little.
 * Main thread only. Whatever the kernel does not offer is left out and told in
 * one line of the log; only SANDBOX_REQUIRED makes that a failure.
 */
#ifndef CONTACTD_APP_SANDBOX_H
#define CONTACTD_APP_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"

enum sandbox_mode { SANDBOX_OFF, SANDBOX_ON, SANDBOX_REQUIRED }; /* as the option's words */

enum { SANDBOX_PATHS_MAX = 4 };

struct sandbox_options {
    enum sandbox_mode mode;
    const char *database;                       /* may be no file, as "memory:" */
    const char *listen;                         /* as configured */
    const char *readable[SANDBOX_PATHS_MAX];    /* files read anew at times; "", NULL: none */
    const char *directories[SANDBOX_PATHS_MAX]; /* written to, beside the database's */
    unsigned max_fds;                           /* that will ever be open; 0: as they are */
};

struct sandbox {
    enum sandbox_mode mode;
    int landlock_abi; /* 0: files are open as far as their modes let them */
    int calls;        /* that are allowed; 0: all */
    char missing[200];
    bool has_kept_files; /* root's rights over files, since the database is somebody else's */
};

/*
 * The first half: privileges, files and limits. Before the first thread starts, since files are
 * closed to the calling thread and those that it starts; after the database and the
 * sockets are open. ERR_DENIED: required, and not to be had.
 */
MUST_CHECK enum err sandbox_enter(const struct sandbox_options *options,
                                  struct sandbox *ret_sandbox, struct err_detail *detail);

/* The second: system calls, of all threads; and the line in the log. Before strangers are served.
 */
MUST_CHECK enum err sandbox_seal(struct sandbox *sandbox, struct err_detail *detail);

#endif
