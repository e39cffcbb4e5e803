/* SPDX-License-Identifier: MIT */
/*
 * A set-associative table whose sets fill a line of the processor's cache each:
 * every post looks here once. Forms are bits of a word. `lock` guards the table.
 */
#include "service/echo.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { WAYS = 4, LINE_BYTES = 64 };

struct entry {
    uint64_t text;
    uint32_t forms; /* bits; 0: unused */
    uint32_t at_s;
};

struct echo {
    pthread_mutex_t lock;
    size_t sets;
    struct entry *entries; /* in `memory`, from the start of a line on */
    char memory[];
};

enum err echo_new(size_t texts, struct echo **ret_echo)
{
    assert(texts);
    _Static_assert(WAYS * sizeof(struct entry) == LINE_BYTES, "a set fills a line");
    size_t sets = (texts + WAYS - 1) / WAYS;
    struct echo *echo = calloc(1, sizeof *echo + LINE_BYTES - 1 + sets * LINE_BYTES);

    if (!echo)
        return ERR_MEMORY;
    echo->sets = sets;
    uintptr_t start = (uintptr_t)echo->memory;
    echo->entries = (void *)(echo->memory + (LINE_BYTES - start % LINE_BYTES) % LINE_BYTES);
    pthread_mutex_init(&echo->lock, NULL);
    *ret_echo = echo;
    return ERR_OK;
}

void echo_free(struct echo *echo)
{
    if (!echo)
        return;
    pthread_mutex_destroy(&echo->lock);
    free(echo);
}

static struct entry *set_of(const struct echo *echo, uint64_t text)
{
    return &echo->entries[text % echo->sets * WAYS];
}

void echo_expect(const struct echo *echo, uint64_t text)
{
    __builtin_prefetch(set_of(echo, text));
}

/* FNV-1a's upper bits: names that differ a little fall on different bits. */
static uint32_t bit_of(struct str form)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < form.len; i++)
        hash = (hash ^ (unsigned char)form.ptr[i]) * 16777619u;
    return UINT32_C(1) << (hash >> 27);
}

/* The text's entry; a new one in place of the quietest. */
static struct entry *find(struct echo *echo, uint64_t text, uint32_t now_s)
{
    struct entry *ways = set_of(echo, text), *quietest = ways;

    for (size_t i = 0; i < WAYS; i++) {
        bool is_kept = ways[i].forms && now_s - ways[i].at_s < ECHO_KEPT_MS / 1000;
        if (is_kept && ways[i].text == text)
            return &ways[i];
        if (!is_kept || (quietest->forms && ways[i].at_s < quietest->at_s))
            quietest = &ways[i];
        if (!is_kept)
            ways[i].forms = 0;
    }
    *quietest = (struct entry){.text = text};
    return quietest;
}

unsigned echo_count(struct echo *echo, uint64_t text, struct str form, int64_t now_ms)
{
    uint32_t bit = bit_of(form), now_s = (uint32_t)(now_ms / 1000);

    pthread_mutex_lock(&echo->lock);
    struct entry *entry = find(echo, text, now_s);
    entry->forms |= bit;
    entry->at_s = now_s;
    unsigned forms = (unsigned)__builtin_popcount(entry->forms);
    pthread_mutex_unlock(&echo->lock);
    return forms - 1;
}
