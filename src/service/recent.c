/* SPDX-License-Identifier: MIT */
/*
 * A set-associative table like the limiter's. Contents are hashes with a key,
 * so all 128 bits are as good as random: some choose the set, all are compared.
 */
#include "service/recent.h"

#include <assert.h>
#include <stdlib.h>

enum { WAYS = 4 };

struct entry {
    struct content content;
    struct id id;
    int64_t at_ms; /* 0: unused */
};

struct recent {
    size_t sets;
    struct entry entries[];
};

enum err recent_new(size_t rows, struct recent **ret_recent)
{
    assert(rows);
    size_t sets = (rows + WAYS - 1) / WAYS;
    struct recent *recent = calloc(1, sizeof *recent + sets * WAYS * sizeof(struct entry));

    if (!recent)
        return ERR_MEMORY;
    recent->sets = sets;
    *ret_recent = recent;
    return ERR_OK;
}

void recent_free(struct recent *recent)
{
    free(recent);
}

static size_t set_of(const struct recent *recent, const struct content *content)
{
    return content->words[0] % recent->sets * WAYS;
}

static bool is_named(const struct entry *entry, const struct content *content)
{
    return entry->at_ms && content_equal(&entry->content, content);
}

/* The content's entry, or SIZE_MAX. */
static size_t place_of(const struct recent *recent, const struct content *content)
{
    size_t first = set_of(recent, content);

    for (size_t i = first; i < first + WAYS; i++)
        if (is_named(&recent->entries[i], content))
            return i;
    return SIZE_MAX;
}

void recent_expect(const struct recent *recent, const struct content *content)
{
    const struct entry *first = &recent->entries[set_of(recent, content)];

    __builtin_prefetch(first);
    __builtin_prefetch(first + WAYS - 1);
}

bool recent_find(const struct recent *recent, const struct content *content, int64_t now_ms,
                 struct id *ret_id)
{
    size_t place = place_of(recent, content);

    if (place == SIZE_MAX || now_ms - recent->entries[place].at_ms >= RECENT_KEPT_MS)
        return false;
    *ret_id = recent->entries[place].id;
    return true;
}

void recent_put(struct recent *recent, const struct content *content, const struct id *id)
{
    size_t first = set_of(recent, content), place = place_of(recent, content);

    if (place == SIZE_MAX) {
        place = first;
        for (size_t i = first + 1; i < first + WAYS; i++)
            if (recent->entries[i].at_ms < recent->entries[place].at_ms)
                place = i;
    }
    struct entry *entry = &recent->entries[place];
    entry->content = *content;
    entry->id = *id;
    entry->at_ms = id_wall_ms(id);
}

void recent_forget(struct recent *recent, const struct content *content, const struct id *id)
{
    size_t place = place_of(recent, content);

    if (place != SIZE_MAX && memcmp(&recent->entries[place].id, id, sizeof *id) == 0)
        recent->entries[place].at_ms = 0;
}
