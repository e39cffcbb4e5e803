/* SPDX-License-Identifier: MIT */
/*
 * Memory with one lifetime: many small pieces, freed together. One owner, no
 * locking. Every arena has a ceiling.
 */
#ifndef CONTACTD_BASE_ARENA_H
#define CONTACTD_BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* the newest first */
    char *next;                 /* free bytes of the newest block */
    size_t left;
    size_t total; /* bytes taken from malloc, at most max */
    size_t max;
};

/*
 * Starts an arena that may take up to `max_bytes` from malloc. `first` (may be
 * NULL) is memory of the caller that is used up before anything is allocated;
 * it must outlive the arena and be aligned like malloc's.
 */
void arena_init(struct arena *arena, size_t max_bytes, void *first, size_t first_bytes);
void arena_done(struct arena *arena);

/* Aligned for any type, not cleared. NULL when memory or the ceiling is exhausted. */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t bytes);

/* A copy, NUL-terminated behind its length. NULL as above. */
MUST_CHECK char *arena_copy(struct arena *arena, struct str text);

/* The same as a view: ERR_MEMORY when it cannot be made. */
MUST_CHECK enum err arena_keep(struct arena *arena, struct str text, struct str *ret_kept);

#endif
