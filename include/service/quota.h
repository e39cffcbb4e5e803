/* SPDX-License-Identifier: MIT */
/*
 * How much of something each account has under way, so that one of them cannot
 * have all of it. Accounts share a fixed number of counters by hash: two that meet in
 * one share what one may have, which is rare and harms nobody.
 */
#ifndef CONTACTD_SERVICE_QUOTA_H
#define CONTACTD_SERVICE_QUOTA_H

#include <stdatomic.h>

#include "base/str.h"

enum { QUOTA_COUNTERS = 4096 };

/* All zero: nobody has anything. */
struct quota {
    atomic_uint counters[QUOTA_COUNTERS];
};

/* What was taken, to be given back once: NULL when `name` has `max` already. Any thread. */
atomic_uint *quota_take(struct quota *quota, struct str name, unsigned max);

/* NULL is allowed. Any thread. */
void quota_give_back(atomic_uint *taken);

#endif
