/* SPDX-License-Identifier: MIT */
/*
 * Token buckets by key in a table of fixed size: a million strangers cost no
 * more memory than ten. When a set is full, the bucket that has been quiet
 * longest gives way. Any thread.
 */
#ifndef CONTACTD_SERVICE_LIMITER_H
#define CONTACTD_SERVICE_LIMITER_H

#include "base/secret.h"
#include "core/bucket.h"

struct limiter;

/* At least `buckets` (1 or more) buckets of 32 bytes. */
MUST_CHECK enum err limiter_new(size_t buckets, struct limiter **ret_limiter);
void limiter_free(struct limiter *limiter); /* NULL is allowed */

struct limiter_answer {
    int64_t wait_ms; /* 0: a token was taken; else there will be one in so long */
    uint32_t left;   /* tokens that can still be taken at once */
};

/*
 * Takes a token from the bucket of `kind` and `key` at `now_ms`. `kind` keeps
 * buckets of different rules apart.
 */
struct limiter_answer limiter_ask(struct limiter *limiter, char kind, struct str key,
                                  const struct bucket_limit *limit, int64_t now_ms);

/* The same, for those who only want to know how long to wait. */
MUST_CHECK int64_t limiter_take(struct limiter *limiter, char kind, struct str key,
                                const struct bucket_limit *limit, int64_t now_ms);

/* Gives a token back: what it was taken for did not happen. */
void limiter_give_back(struct limiter *limiter, char kind, struct str key);

/* How many tokens were taken lately, without taking one. */
uint32_t limiter_used(struct limiter *limiter, char kind, struct str key,
                      const struct bucket_limit *limit, int64_t now_ms);

#endif
