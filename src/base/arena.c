/* SPDX-License-Identifier: MIT */
/*
 * A bump allocator: pieces are cut from blocks, blocks are freed together.
 * A request lives in one; nothing in it is freed alone, so nothing in it can
 * leak alone.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4096, ALIGN = alignof(max_align_t) };

struct arena_block {
    struct arena_block *older;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t max_bytes, void *first, size_t first_bytes)
{
    *arena = (struct arena){.next = first, .left = first ? first_bytes : 0, .max = max_bytes};
}

void arena_done(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->older;
        free(block);
    }
    *arena = (struct arena){0};
}

static bool arena_grow(struct arena *arena, size_t bytes)
{
    size_t left = arena->max - arena->total;
    size_t payload = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

    if (left < sizeof(struct arena_block) || left - sizeof(struct arena_block) < bytes)
        return false;
    if (payload > left - sizeof(struct arena_block))
        payload = left - sizeof(struct arena_block);
    size_t size = sizeof(struct arena_block) + payload;
    struct arena_block *block = malloc(size);
    if (!block)
        return false;
    block->older = arena->blocks;
    arena->blocks = block;
    arena->total += size;
    arena->next = block->bytes;
    arena->left = payload;
    return true;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > arena->max && bytes > arena->left)
        return NULL;
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes > arena->left && !arena_grow(arena, bytes))
        return NULL;
    void *piece = arena->next;
    arena->next += bytes;
    arena->left -= bytes;
    return piece;
}

char *arena_copy(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);

    if (!copy)
        return NULL;
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

enum err arena_keep(struct arena *arena, struct str text, struct str *ret_kept)
{
    char *copy = arena_copy(arena, text);

    if (!copy)
        return ERR_MEMORY;
    *ret_kept = (struct str){copy, text.len};
    return ERR_OK;
}
