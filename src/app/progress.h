/* SPDX-License-Identifier: MIT */
/* A line on stderr that tells how far a long verb has come, on a terminal only. */
#ifndef CONTACTD_APP_PROGRESS_H
#define CONTACTD_APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; /* "read", as in "12,345 read" */
    bool is_shown, is_there;
    int64_t told_ms; /* monotonic */
};

void progress_start(struct progress *progress, const char *what);
/* Draws it anew, not too often. `percent` below 0: it is not known. */
void progress_tell(struct progress *progress, uint64_t count, int percent);
/* Removes the line, before something else is printed. */
void progress_clear(struct progress *progress);

/* "12,345" into `room`, which has 32 bytes. */
const char *progress_number(uint64_t number, char room[32]);

#endif
