/* SPDX-License-Identifier: MIT */
/* Strict UTF-8: RFC 3629, no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef CONTACTD_BASE_UTF8_H
#define CONTACTD_BASE_UTF8_H

#include "base/str.h"

/*
 * Counts the code points of `text`. False when it is not valid UTF-8;
 * `*ret_length` is written only on success. Any thread.
 */
MUST_CHECK bool utf8_length(struct str text, size_t *ret_length);

/*
 * Takes the first code point off `*text`, which must hold at least one byte.
 * Returns it, or -1 when the bytes are not valid (nothing is taken then).
 */
int32_t utf8_next(struct str *text);

/* As much of `text` as fits into `bytes`, cut between code points. */
struct str utf8_fit(struct str text, size_t bytes);

#endif
