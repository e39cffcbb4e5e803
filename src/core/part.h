/* SPDX-License-Identifier: MIT */
/* One part of a multipart/form-data body: its head and what it says. */
#ifndef CONTACTD_CORE_PART_H
#define CONTACTD_CORE_PART_H

#include "base/arena.h"

enum { PART_HEAD_MAX = 4096 }; /* bytes */

/* Views into the part, but for a name with escapes, which is in the arena. */
struct part {
    struct str name;
    struct str content;
    bool is_file;
    bool is_absent_file; /* what a browser sends where nobody chose a file */
};

/*
 * Reads what stands between two boundaries (RFC 7578, section 4). ERR_INVALID
 * with the rest of a sentence in `*ret_flaw`, static: "has no name". ERR_MEMORY.
 */
MUST_CHECK enum err part_read(struct str text, struct arena *arena, struct part *ret_part,
                              const char **ret_flaw);

#endif
