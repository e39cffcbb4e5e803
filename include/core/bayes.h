/* SPDX-License-Identifier: MIT */
/*
 * A naive Bayes filter of fixed size (32 KiB), one per form: what its admin
 * calls spam and what not. It knows hashes of words and of pairs of words, never the
 * words. A person's name plays no part. Pure; a model has one owner at a time.
 */
#ifndef CONTACTD_CORE_BAYES_H
#define CONTACTD_CORE_BAYES_H

#include "core/fields.h"

enum {
    BAYES_BUCKETS = 16384,
    BAYES_TEXT_MAX = 4096,  /* bytes of a message that are read */
    BAYES_TAUGHT_MIN = 5,   /* messages of each kind before it says anything */
    BAYES_TAUGHT_MAX = 255, /* of one kind; then its counts are halved: the old fades */
    BAYES_LOG_ODDS_MAX = 3000,
    BAYES_PACKED_BYTES = 32 + BAYES_BUCKETS * 2,
};

/* How many of the taught messages hold a word of this bucket. */
struct bayes_bucket {
    uint8_t spam, good;
};

struct bayes {
    uint64_t seed;
    uint32_t spam_total, good_total; /* messages taught */
    struct bayes_bucket buckets[BAYES_BUCKETS];
};

/* What it learns from: as stored, without special fields, so that both sides see the same. */
struct bayes_text {
    struct str email, message; /* may be empty */
    const struct fields
        *fields; /* further ones; name, email and message are passed over. NULL: none */
};

/* `seed` is random, so that nobody outside can aim at buckets. */
void bayes_start(struct bayes *model, uint64_t seed);

void bayes_teach(struct bayes *model, const struct bayes_text *text, bool is_spam);

/* Takes back what bayes_teach() did with the same text, when somebody has changed their mind. */
void bayes_unteach(struct bayes *model, const struct bayes_text *text, bool is_spam);

/* Whether enough was taught; if not, the log-odds are 0 and need not be asked for. */
static inline bool bayes_is_trained(const struct bayes *model)
{
    return model->spam_total >= BAYES_TAUGHT_MIN && model->good_total >= BAYES_TAUGHT_MIN;
}

/* Natural log-odds that the text is spam, in hundredths, within +-BAYES_LOG_ODDS_MAX. */
int bayes_log_odds(const struct bayes *model, const struct bayes_text *text);

/* The model as bytes, the same on every machine. */
void bayes_pack(const struct bayes *model, uint8_t ret_bytes[BAYES_PACKED_BYTES]);

/* ERR_CORRUPT: not what bayes_pack() wrote. ERR_NEWER: a later version did. */
MUST_CHECK enum err bayes_unpack(struct str bytes, struct bayes *ret_model);

#endif
