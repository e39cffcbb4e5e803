/* SPDX-License-Identifier: MIT */
/*
 * A set-associative table like the limiter's. Half of a content's digest is
 * kept: 128 bits are compared, 64 others choose the set, so that equal means
 * equal for all that chance can do. The digest is keyed by the caller.
 */
#include "service/recent.h"

#include <assert.h>
#include <stdlib.h>

enum { WAYS = 4, NAME_BYTES = 16 };

struct entry {
    uint8_t name[NAME_BYTES];
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

static size_t set_of(const struct recent *recent, const struct digest *content)
{
    uint64_t word;

    memcpy(&word, content->bytes + NAME_BYTES, sizeof word);
    return word % recent->sets * WAYS;
}

static bool is_named(const struct entry *entry, const struct digest *content)
{
    return entry->at_ms && memcmp(entry->name, content->bytes, NAME_BYTES) == 0;
}

/* The content's entry, or SIZE_MAX. */
static size_t place_of(const struct recent *recent, const struct digest *content)
{
    size_t first = set_of(recent, content);

    for (size_t i = first; i < first + WAYS; i++)
        if (is_named(&recent->entries[i], content))
            return i;
    return SIZE_MAX;
}

bool recent_find(const struct recent *recent, const struct digest *content, int64_t now_ms,
                 struct id *ret_id)
{
    size_t place = place_of(recent, content);

    if (place == SIZE_MAX || now_ms - recent->entries[place].at_ms >= RECENT_KEPT_MS)
        return false;
    *ret_id = recent->entries[place].id;
    return true;
}

void recent_put(struct recent *recent, const struct digest *content, const struct id *id)
{
    size_t first = set_of(recent, content), place = place_of(recent, content);

    if (place == SIZE_MAX) {
        place = first;
        for (size_t i = first + 1; i < first + WAYS; i++)
            if (recent->entries[i].at_ms < recent->entries[place].at_ms)
                place = i;
    }
    struct entry *entry = &recent->entries[place];
    memcpy(entry->name, content->bytes, NAME_BYTES);
    entry->id = *id;
    entry->at_ms = id_wall_ms(id);
}

void recent_forget(struct recent *recent, const struct digest *content, const struct id *id)
{
    size_t place = place_of(recent, content);

    if (place != SIZE_MAX && memcmp(&recent->entries[place].id, id, sizeof *id) == 0)
        recent->entries[place].at_ms = 0;
}
