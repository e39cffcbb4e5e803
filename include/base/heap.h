/* SPDX-License-Identifier: MIT */
/*
 * Memory that was freed goes back to the system when there is a rest after work: malloc() by
 * itself keeps what lies between pieces that are still in use.
 */
#ifndef CONTACTD_BASE_HEAP_H
#define CONTACTD_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/* All zero at first. */
struct heap_watch {
    int64_t looked_ms;      /* when the last look was */
    int64_t looked_cpu_us;  /* what the process had worked by then */
    int64_t settled_cpu_us; /* and by the last time that true was said */
};

/*
 * Whether this is such a rest, by how long all threads have worked. Asked as
 * often as one likes; says true once after each work that is worth it.
 */
bool heap_is_at_rest(struct heap_watch *watch, int64_t mono_ms, int64_t cpu_us);

/* Any thread; whoever allocates meanwhile may wait for a moment. */
void heap_give_back(void);

#endif
