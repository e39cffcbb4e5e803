/* SPDX-License-Identifier: MIT */
/*
 * The bucket counts what is used rather than what is left, in units of which a
 * whole number comes back every millisecond at any rate: nothing is rounded,
 * so asking often neither gains nor loses.
 */
#include "core/bucket.h"

#include <assert.h>

static const int64_t TOKEN = 3600000; /* units of one token: milliseconds of an hour */

/* Brings the bucket to `now_ms`. */
static void settle(struct bucket *bucket, const struct bucket_limit *limit, int64_t now_ms)
{
    if (now_ms > bucket->at_ms) {
        uint64_t elapsed = (uint64_t)now_ms - (uint64_t)bucket->at_ms;
        if (elapsed > (uint64_t)bucket->used / limit->per_hour)
            bucket->used = 0;
        else
            bucket->used -= (int64_t)elapsed * limit->per_hour;
    }
    bucket->at_ms = now_ms;
}

int64_t bucket_wait_ms(struct bucket *bucket, const struct bucket_limit *limit, int64_t now_ms)
{
    assert(limit->burst && limit->per_hour);
    settle(bucket, limit, now_ms);
    int64_t missing = bucket->used - (limit->burst - INT64_C(1)) * TOKEN;
    return missing <= 0 ? 0 : (missing + limit->per_hour - 1) / limit->per_hour;
}

int64_t bucket_take(struct bucket *bucket, const struct bucket_limit *limit, int64_t now_ms)
{
    int64_t wait_ms = bucket_wait_ms(bucket, limit, now_ms);

    if (wait_ms == 0)
        bucket->used += TOKEN;
    return wait_ms;
}

void bucket_give_back(struct bucket *bucket)
{
    bucket->used = bucket->used > TOKEN ? bucket->used - TOKEN : 0;
}

uint32_t bucket_left(const struct bucket *bucket, const struct bucket_limit *limit)
{
    int64_t used = (bucket->used + TOKEN - 1) / TOKEN;

    return used >= limit->burst ? 0 : (uint32_t)(limit->burst - used);
}
