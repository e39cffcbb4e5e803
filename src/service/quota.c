/* SPDX-License-Identifier: MIT */
/* One counter is all that there is to an account: no lock, no list, nothing to clean up. */
#include "service/quota.h"

static size_t place_of(struct str name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    return (hash ^ hash >> 16) % QUOTA_COUNTERS;
}

atomic_uint *quota_take(struct quota *quota, struct str name, unsigned max)
{
    atomic_uint *counter = &quota->counters[place_of(name)];
    unsigned count = atomic_load(counter);

    do {
        if (count >= max)
            return NULL;
    } while (!atomic_compare_exchange_weak(counter, &count, count + 1));
    return counter;
}

void quota_give_back(atomic_uint *taken)
{
    if (taken)
        atomic_fetch_sub(taken, 1);
}
