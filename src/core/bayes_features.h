/* SPDX-License-Identifier: MIT */
/* The buckets that a text falls into. */
#ifndef CONTACTD_CORE_BAYES_FEATURES_H
#define CONTACTD_CORE_BAYES_FEATURES_H

#include "core/bayes.h"

enum { BAYES_FEATURES_MAX = 512 };

/* Each bucket once, in the order of the text; what comes after the list is full is left out. */
struct bayes_features {
    size_t count;
    uint16_t list[BAYES_FEATURES_MAX];
    uint64_t seen[BAYES_BUCKETS / 64]; /* a bit per bucket */
};

void bayes_read(const struct bayes_text *text, uint64_t seed, struct bayes_features *ret_features);

#endif
