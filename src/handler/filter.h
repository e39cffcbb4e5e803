/* SPDX-License-Identifier: MIT */
/* Query parameters that say which submissions are meant. */
#ifndef CONTACTD_HANDLER_FILTER_H
#define CONTACTD_HANDLER_FILTER_H

#include "core/submission.h"

/*
 * Sets what the parameter `key` stands for. NULL, or what is wrong with it, as a
 * sentence. `seen` starts as 0 and has a bit for each parameter that was there
 * already. Texts in the filter point into `value`.
 */
const char *filter_set(struct submission_filter *filter, struct str key, struct str value,
                       unsigned *seen);

/* Whether it is about pages of a list rather than about submissions. */
bool filter_is_paging(struct str key);

#endif
