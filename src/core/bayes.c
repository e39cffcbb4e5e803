/* SPDX-License-Identifier: MIT */
/*
 * Words are hashed into buckets, each bucket counts the messages of either
 * kind that hold one of its words. The odds of a bucket are shrunk towards even
 * by an imagined sighting (Robinson's way), so that a word seen once says little; only the buckets
 * that say most are heard. Everything is integer arithmetic: the same model gives the same score on
 * every machine.
 */
#include "core/bayes.h"

#include "base/secret.h"
#include "core/bayes_features.h"

enum {
    HEARD_MAX = 15,        /* buckets that are heard */
    IMAGINED = 1,          /* even sightings that are added to each bucket's */
    BUCKET_ODDS_MAX = 350, /* centinats: no word says more */
};

void bayes_start(struct bayes *model, uint64_t seed)
{
    memset(model, 0, sizeof *model);
    model->seed = seed;
}

/* --- teaching -------------------------------------------------------------- */

static uint8_t *count_of(struct bayes_bucket *bucket, bool is_spam)
{
    return is_spam ? &bucket->spam : &bucket->good;
}

/* Of one kind alone: who only ever marks spam must not make the filter forget the rest. */
static void halve(struct bayes *model, bool is_spam)
{
    *(is_spam ? &model->spam_total : &model->good_total) /= 2;
    for (size_t i = 0; i < BAYES_BUCKETS; i++)
        *count_of(&model->buckets[i], is_spam) /= 2;
}

void bayes_teach(struct bayes *model, const struct bayes_text *text, bool is_spam)
{
    struct bayes_features features;
    uint32_t *total = is_spam ? &model->spam_total : &model->good_total;

    bayes_read(text, model->seed, &features);
    for (size_t i = 0; i < features.count; i++) {
        uint8_t *count = count_of(&model->buckets[features.list[i]], is_spam);
        if (*count < BAYES_TAUGHT_MAX)
            (*count)++;
    }
    if (++*total >= BAYES_TAUGHT_MAX)
        halve(model, is_spam);
}

void bayes_unteach(struct bayes *model, const struct bayes_text *text, bool is_spam)
{
    struct bayes_features features;
    uint32_t *total = is_spam ? &model->spam_total : &model->good_total;

    bayes_read(text, model->seed, &features);
    for (size_t i = 0; i < features.count; i++) {
        uint8_t *count = count_of(&model->buckets[features.list[i]], is_spam);
        if (*count)
            (*count)--;
    }
    if (*total)
        --*total;
}

/* --- judging --------------------------------------------------------------- */

/* Binary logarithm in 1/1024: a parabola between the powers of two, exact to 0.01. `x` is not 0. */
static int log2_1024(uint64_t x)
{
    const int power = 63 - __builtin_clzll(x);
    const int fraction = (int)((x << (63 - power) >> 53) & 1023);

    return power * 1024 + fraction + fraction * (1024 - fraction) * 352 / (1024 * 1024);
}

/* What one bucket says, in centinats. */
static int bucket_log_odds(const struct bayes *model, struct bayes_bucket bucket)
{
    const uint64_t seen = (uint64_t)bucket.spam + bucket.good;
    const uint64_t spam = (uint64_t)bucket.spam * model->good_total;
    const uint64_t good = (uint64_t)bucket.good * model->spam_total;

    if (!seen)
        return 0;
    const uint64_t even = IMAGINED * (spam + good);
    const int bits = log2_1024(even + 2 * seen * spam) - log2_1024(even + 2 * seen * good);
    const int odds = bits * 693 / 10240; /* ln 2 */
    return odds > BUCKET_ODDS_MAX    ? BUCKET_ODDS_MAX
           : odds < -BUCKET_ODDS_MAX ? -BUCKET_ODDS_MAX
                                     : odds;
}

/* What is heard first: the louder one, and of equals the one that speaks for the text. */
static int loudness(int odds)
{
    return odds < 0 ? -2 * odds + 1 : 2 * odds;
}

/* The loudest so far, loudest first. */
struct heard {
    int odds[HEARD_MAX];
    size_t count;
};

static void hear(struct heard *heard, int odds)
{
    size_t at = heard->count;

    if (at == HEARD_MAX && loudness(odds) <= loudness(heard->odds[at - 1]))
        return;
    at = at == HEARD_MAX ? at - 1 : heard->count++;
    for (; at && loudness(heard->odds[at - 1]) < loudness(odds); at--)
        heard->odds[at] = heard->odds[at - 1];
    heard->odds[at] = odds;
}

int bayes_log_odds(const struct bayes *model, const struct bayes_text *text)
{
    struct bayes_features features;
    struct heard heard = {.count = 0};
    int sum = 0;

    if (!bayes_is_trained(model))
        return 0;
    bayes_read(text, model->seed, &features);
    for (size_t i = 0; i < features.count; i++)
        hear(&heard, bucket_log_odds(model, model->buckets[features.list[i]]));
    for (size_t i = 0; i < heard.count; i++)
        sum += heard.odds[i];
    return sum > BAYES_LOG_ODDS_MAX    ? BAYES_LOG_ODDS_MAX
           : sum < -BAYES_LOG_ODDS_MAX ? -BAYES_LOG_ODDS_MAX
                                       : sum;
}

/* --- as bytes -------------------------------------------------------------- */

/*
 * Little-endian: "bays", version (4), seed (8), totals (4 each), digest (8) of
 * everything else, then the buckets.
 */
enum { VERSION = 1, AT_VERSION = 4, AT_SEED = 8, AT_TOTALS = 16, AT_DIGEST = 24, AT_BUCKETS = 32 };

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* With the digest's own place as zeros. */
static uint64_t checksum(const uint8_t bytes[BAYES_PACKED_BYTES])
{
    struct digest head = digest_of((struct str){(const char *)bytes, AT_DIGEST}, NULL);
    struct str buckets = {(const char *)bytes + AT_BUCKETS, BAYES_PACKED_BYTES - AT_BUCKETS};
    struct digest digest = digest_of(buckets, head.bytes);

    return get(digest.bytes, 8);
}

void bayes_pack(const struct bayes *model, uint8_t ret_bytes[BAYES_PACKED_BYTES])
{
    memcpy(ret_bytes, "bays", 4);
    put(ret_bytes + AT_VERSION, VERSION, 4);
    put(ret_bytes + AT_SEED, model->seed, 8);
    put(ret_bytes + AT_TOTALS, model->spam_total, 4);
    put(ret_bytes + AT_TOTALS + 4, model->good_total, 4);
    for (size_t i = 0; i < BAYES_BUCKETS; i++) {
        ret_bytes[AT_BUCKETS + 2 * i] = model->buckets[i].spam;
        ret_bytes[AT_BUCKETS + 2 * i + 1] = model->buckets[i].good;
    }
    put(ret_bytes + AT_DIGEST, checksum(ret_bytes), 8);
}

enum err bayes_unpack(struct str bytes, struct bayes *ret_model)
{
    const uint8_t *at = (const uint8_t *)bytes.ptr;

    if (bytes.len < AT_SEED || memcmp(at, "bays", 4) != 0)
        return ERR_CORRUPT;
    if (get(at + AT_VERSION, 4) != VERSION)
        return ERR_NEWER;
    if (bytes.len != BAYES_PACKED_BYTES || get(at + AT_DIGEST, 8) != checksum(at))
        return ERR_CORRUPT;
    ret_model->seed = get(at + AT_SEED, 8);
    ret_model->spam_total = (uint32_t)get(at + AT_TOTALS, 4);
    ret_model->good_total = (uint32_t)get(at + AT_TOTALS + 4, 4);
    for (size_t i = 0; i < BAYES_BUCKETS; i++) {
        ret_model->buckets[i].spam = at[AT_BUCKETS + 2 * i];
        ret_model->buckets[i].good = at[AT_BUCKETS + 2 * i + 1];
    }
    return ERR_OK;
}
