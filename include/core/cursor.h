/* SPDX-License-Identifier: MIT */
/* Where the next page of a list begins, as a text that clients hand back unread. Any thread. */
#ifndef CONTACTD_CORE_CURSOR_H
#define CONTACTD_CORE_CURSOR_H

#include "base/str.h"

enum { CURSOR_TEXT_LEN = 16 };

/* `seq` is the id_seq() of a page's last row: above 0. URL-safe, NUL-terminated. */
void cursor_format(int64_t seq, char ret_text[CURSOR_TEXT_LEN + 1]);

/*
 * False for everything that cursor_format() does not write. The checksum is
 * against accidents, not forgery: a cursor opens nothing that its user may not see.
 */
MUST_CHECK bool cursor_parse(struct str text, int64_t *ret_seq);

/* Whether it can be parsed: for tables of rules. */
bool cursor_is_valid(struct str text);

#endif
