/* SPDX-License-Identifier: MIT */
/*
 * A handful of slots, chosen by a keyed hash: two questions that share one push
 * each other out, and nobody but the admins who ask can fill them. `lock` guards
 * the slots; answers are copied under it, which is quicker than counting who
 * still reads.
 */
#include "service/cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/secret.h"

struct slot {
    uint64_t generation;
    struct buf key, answer;
};

struct cache {
    pthread_mutex_t lock;
    uint8_t hash_key[TABLE_KEY_BYTES];
    struct slot slots[CACHE_SLOTS];
};

enum err cache_new(struct cache **ret_cache)
{
    struct cache *cache = calloc(1, sizeof *cache);

    if (!cache)
        return ERR_MEMORY;
    pthread_mutex_init(&cache->lock, NULL);
    secret_random(cache->hash_key, sizeof cache->hash_key);
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        cache->slots[i].key = buf_new(CACHE_KEY_MAX);
        cache->slots[i].answer = buf_new(CACHE_ANSWER_MAX);
    }
    *ret_cache = cache;
    return ERR_OK;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        buf_done(&cache->slots[i].key);
        buf_done(&cache->slots[i].answer);
    }
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static struct slot *slot_of(struct cache *cache, struct str key)
{
    uint64_t words[2];

    table_hash(key, cache->hash_key, words);
    return &cache->slots[words[0] % CACHE_SLOTS];
}

bool cache_get(struct cache *cache, struct str key, uint64_t generation, struct buf *out)
{
    struct slot *slot = slot_of(cache, key);

    pthread_mutex_lock(&cache->lock);
    bool is_known =
        slot->answer.len && slot->generation == generation && str_equal(buf_str(&slot->key), key);
    if (is_known)
        buf_put(out, buf_str(&slot->answer));
    pthread_mutex_unlock(&cache->lock);
    return is_known;
}

void cache_put(struct cache *cache, struct str key, uint64_t generation, struct str answer)
{
    struct slot *slot = slot_of(cache, key);

    if (key.len > CACHE_KEY_MAX || answer.len > CACHE_ANSWER_MAX)
        return;
    pthread_mutex_lock(&cache->lock);
    slot->generation = generation;
    slot->key.len = slot->answer.len = 0;
    buf_put(&slot->key, key);
    buf_put(&slot->answer, answer);
    if (buf_status(&slot->key) != ERR_OK || buf_status(&slot->answer) != ERR_OK) {
        buf_done(&slot->key);
        buf_done(&slot->answer);
    }
    pthread_mutex_unlock(&cache->lock);
}
