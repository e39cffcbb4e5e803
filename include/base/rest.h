/* SPDX-License-Identifier: MIT */
/*
 * What a process does not need while it rests after work: memory that was freed, which malloc() by
 * itself keeps when it lies between pieces that are still in use, and the pages of its own program,
 * which are in the system's cache of files anyway.
 */
#ifndef CONTACTD_BASE_REST_H
#define CONTACTD_BASE_REST_H

#include <stdbool.h>
#include <stdint.h>

/* All zero at first. */
struct rest_watch {
    int64_t looked_ms;      /* when the last look was */
    int64_t looked_cpu_us;  /* what the process had worked by then */
    int64_t settled_cpu_us; /* and by the last time that true was said */
};

/*
 * Whether this is such a rest, by how long all threads have worked. Asked as
 * often as one likes; says true once after each work that is worth it.
 */
bool rest_begins(struct rest_watch *watch, int64_t mono_ms, int64_t cpu_us);

/* Gives both back. Any thread; whoever allocates meanwhile may wait for a moment. */
void rest_give_back(void);

#endif
