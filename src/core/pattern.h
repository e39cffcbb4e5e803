/* SPDX-License-Identifier: MIT */
/* Regular expressions for field rules: PCRE2, in the dialect of ECMAScript, with bounded work. */
#ifndef CONTACTD_CORE_PATTERN_H
#define CONTACTD_CORE_PATTERN_H

#include "base/err.h"
#include "base/str.h"

struct pattern;

/* ERR_INVALID: the detail says what is wrong and where. ERR_MEMORY. */
MUST_CHECK enum err pattern_compile(struct str text, struct pattern **ret_pattern,
                                    struct err_detail *detail);
void pattern_free(struct pattern *pattern); /* NULL is allowed */

/* What it was made from, NUL-terminated. */
const char *pattern_text(const struct pattern *pattern);

/*
 * Whether it is found anywhere in `text`, which is valid UTF-8. A search that
 * takes more than its share of work has found nothing. Any thread.
 */
bool pattern_matches(const struct pattern *pattern, struct str text);

#endif
