/* SPDX-License-Identifier: MIT */
/*
 * A set-associative table: a keyed hash chooses the set, so that nobody can
 * aim at one, and names the bucket within it. `lock` guards the table.
 */
#include "service/limiter.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { WAYS = 8 };

struct entry {
    uint64_t name; /* 0: unused */
    struct bucket bucket;
};

struct limiter {
    pthread_mutex_t lock;
    uint8_t key[TABLE_KEY_BYTES];
    size_t sets;
    struct entry entries[];
};

enum err limiter_new(size_t buckets, struct limiter **ret_limiter)
{
    assert(buckets);
    size_t sets = (buckets + WAYS - 1) / WAYS;
    struct limiter *limiter = calloc(1, sizeof *limiter + sets * WAYS * sizeof(struct entry));

    if (!limiter)
        return ERR_MEMORY;
    pthread_mutex_init(&limiter->lock, NULL);
    secret_random(limiter->key, sizeof limiter->key);
    limiter->sets = sets;
    *ret_limiter = limiter;
    return ERR_OK;
}

void limiter_free(struct limiter *limiter)
{
    if (!limiter)
        return;
    pthread_mutex_destroy(&limiter->lock);
    free(limiter);
}

/* The one that was quiet longer; of two from the same moment the one less used. */
static bool gives_way(const struct bucket *a, const struct bucket *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->used < b->used);
}

static struct entry *find(struct limiter *limiter, uint64_t set, uint64_t name)
{
    struct entry *ways = &limiter->entries[set % limiter->sets * WAYS];
    struct entry *oldest = ways;

    for (size_t i = 0; i < WAYS; i++) {
        if (ways[i].name == name)
            return &ways[i];
        if (gives_way(&ways[i].bucket, &oldest->bucket))
            oldest = &ways[i];
    }
    *oldest = (struct entry){.name = name};
    return oldest;
}

/* The key's bucket, with the lock held: see unlock(). */
static struct bucket *lock(struct limiter *limiter, char kind, struct str key)
{
    char text[256] NOT_CLEARED;
    uint64_t words[2];

    text[0] = kind;
    if (key.len > sizeof text - 1)
        key.len = sizeof text - 1;
    if (key.len)
        memcpy(text + 1, key.ptr, key.len);
    table_hash((struct str){text, key.len + 1}, limiter->key, words);
    pthread_mutex_lock(&limiter->lock);
    return &find(limiter, words[0], words[1] | 1)->bucket;
}

static void unlock(struct limiter *limiter)
{
    pthread_mutex_unlock(&limiter->lock);
}

struct limiter_answer limiter_ask(struct limiter *limiter, char kind, struct str key,
                                  const struct bucket_limit *limit, int64_t now_ms)
{
    struct limiter_answer answer;
    struct bucket *bucket = lock(limiter, kind, key);

    answer.wait_ms = bucket_take(bucket, limit, now_ms);
    answer.left = bucket_left(bucket, limit);
    unlock(limiter);
    return answer;
}

int64_t limiter_take(struct limiter *limiter, char kind, struct str key,
                     const struct bucket_limit *limit, int64_t now_ms)
{
    return limiter_ask(limiter, kind, key, limit, now_ms).wait_ms;
}

uint32_t limiter_used(struct limiter *limiter, char kind, struct str key,
                      const struct bucket_limit *limit, int64_t now_ms)
{
    struct bucket *bucket = lock(limiter, kind, key);

    (void)bucket_wait_ms(bucket, limit, now_ms);
    uint32_t used = limit->burst - bucket_left(bucket, limit);
    unlock(limiter);
    return used;
}

void limiter_give_back(struct limiter *limiter, char kind, struct str key)
{
    bucket_give_back(lock(limiter, kind, key));
    unlock(limiter);
}
