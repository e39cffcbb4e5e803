/* SPDX-License-Identifier: MIT */
/*
 * One counter is all that there is to an account: no lock, no list, nothing to clean up. A
 * place once taken is kept: if it were given away while its account has places further on,
 * that one could come back to it and have its share twice.
 */
#include "service/quota.h"

/* FNV-1a, and never 0. */
static uint64_t hash_of(struct str name)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 1099511628211u;
    return hash ? hash : 1;
}

static size_t place_of(struct quota *quota, struct str name)
{
    uint64_t hash = hash_of(name);
    size_t home = (hash ^ hash >> 32) % QUOTA_ACCOUNTS;

    for (size_t i = 0; i < QUOTA_ACCOUNTS; i++) {
        size_t place = (home + i) % QUOTA_ACCOUNTS;
        uint_least64_t found = 0;
        if (atomic_compare_exchange_strong(&quota->names[place], &found, hash) || found == hash)
            return place;
    }
    return home;
}

atomic_uint *quota_take(struct quota *quota, struct str name, unsigned max)
{
    atomic_uint *counter = &quota->counters[place_of(quota, name)];
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
