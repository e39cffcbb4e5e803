/* SPDX-License-Identifier: MIT */
/* A token bucket: so many at once, so many per hour in the long run. Pure; owner only. */
#ifndef CONTACTD_CORE_BUCKET_H
#define CONTACTD_CORE_BUCKET_H

#include <stdint.h>

#include "base/attr.h"

/* Both at least 1. */
struct bucket_limit {
    uint32_t burst;    /* tokens of a full bucket */
    uint32_t per_hour; /* tokens that come back */
};

/* All zero is a full bucket, whatever the time. */
struct bucket {
    int64_t used; /* taken and not yet come back, in 3,600,000ths of a token */
    int64_t at_ms;
};

/*
 * Takes a token at `now_ms` (of any clock, always the same one). Returns 0
 * when there was one, else the milliseconds after which there will be. A clock
 * that goes back brings no tokens, and waiting starts anew from there.
 */
MUST_CHECK int64_t bucket_take(struct bucket *bucket, const struct bucket_limit *limit,
                               int64_t now_ms);

/* What bucket_take() would say, without taking. */
int64_t bucket_wait_ms(struct bucket *bucket, const struct bucket_limit *limit, int64_t now_ms);

/* Puts one token back, if one is missing. */
void bucket_give_back(struct bucket *bucket);

/* Whole tokens in the bucket as of its last use. */
uint32_t bucket_left(const struct bucket *bucket, const struct bucket_limit *limit);

#endif
