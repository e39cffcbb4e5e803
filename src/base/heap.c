/* SPDX-License-Identifier: MIT */
/*
 * Work is what the process has had of the CPUs, so nothing needs to be counted
 * anywhere else, and reading counts as much as writing.
 */
#include "base/heap.h"

#include <malloc.h>

enum {
    LOOK_MS = 1000,
    REST_PARTS = 20,     /* at rest: less than one part in so many of a CPU */
    WORTH_US = 20 * 1000 /* of work, before it is worth looking for what was left behind */
};

bool heap_is_at_rest(struct heap_watch *watch, int64_t mono_ms, int64_t cpu_us)
{
    int64_t passed_ms = mono_ms - watch->looked_ms;
    int64_t worked_us = cpu_us - watch->looked_cpu_us;

    if (passed_ms < LOOK_MS)
        return false;
    watch->looked_ms = mono_ms;
    watch->looked_cpu_us = cpu_us;
    if (worked_us > passed_ms * 1000 / REST_PARTS || cpu_us - watch->settled_cpu_us < WORTH_US)
        return false;
    watch->settled_cpu_us = cpu_us;
    return true;
}

void heap_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
