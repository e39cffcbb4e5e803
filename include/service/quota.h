/* SPDX-License-Identifier: MIT */
/*
 * How much of something each account has under way, so that one of them cannot
 * have all of it. The first QUOTA_ACCOUNTS that come have a counter of their own each; who
 * comes after so many shares one.
 */
#ifndef CONTACTD_SERVICE_QUOTA_H
#define CONTACTD_SERVICE_QUOTA_H

#include <stdatomic.h>

#include "base/str.h"

enum { QUOTA_ACCOUNTS = 4096 };

/* All zero: nobody has anything. */
struct quota {
    atomic_uint_least64_t names[QUOTA_ACCOUNTS]; /* hashes; 0: the place is free */
    atomic_uint counters[QUOTA_ACCOUNTS];
};

/* What was taken, to be given back once: NULL when `name` has `max` already. Any thread. */
atomic_uint *quota_take(struct quota *quota, struct str name, unsigned max);

/* NULL is allowed. Any thread. */
void quota_give_back(atomic_uint *taken);

#endif
