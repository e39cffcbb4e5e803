/* SPDX-License-Identifier: MIT */
/*
 * Answers that were given a moment ago and still hold: a dashboard that asks
 * the same question every second is not worth a query each time. An answer
 * holds while nothing was committed since its question was asked. Any thread.
 */
#ifndef CONTACTD_SERVICE_CACHE_H
#define CONTACTD_SERVICE_CACHE_H

#include "base/buf.h"

struct cache;

enum {
    CACHE_SLOTS = 16,
    CACHE_KEY_MAX = 2048,          /* bytes; longer questions are not kept */
    CACHE_ANSWER_MAX = 256 * 1024, /* bytes; larger answers are not kept */
};

MUST_CHECK enum err cache_new(struct cache **ret_cache);
void cache_free(struct cache *cache); /* NULL is allowed */

/*
 * Appends the answer to `key` to `out` when there is one of this `generation`
 * (of the store: a number that every commit changes).
 */
MUST_CHECK bool cache_get(struct cache *cache, struct str key, uint64_t generation,
                          struct buf *out);

/* `generation` is that from before the question was asked. Without memory nothing is kept. */
void cache_put(struct cache *cache, struct str key, uint64_t generation, struct str answer);

#endif
