/* SPDX-License-Identifier: MIT */
/* The hosts that something is under way to, or that have failed: everybody else is forgotten. */
#include <stdlib.h>

#include "outbox_load.h"

static size_t bucket_of(struct str name)
{
    size_t hash = 5381;

    for (size_t i = 0; i < name.len; i++)
        hash = hash * 33 + (unsigned char)name.ptr[i];
    return hash % HOST_BUCKETS;
}

struct host *hosts_find(struct hosts *hosts, struct str name)
{
    struct host **bucket = &hosts->buckets[bucket_of(name)];

    for (struct host *host = *bucket; host; host = host->next)
        if (str_equal(str_of(host->name), name))
            return host;
    struct host *host = calloc(1, sizeof *host + name.len + 1);
    if (!host)
        return NULL;
    memcpy(host->name, name.ptr, name.len);
    host->next = *bucket;
    *bucket = host;
    return host;
}

void host_enter(struct host *host)
{
    host->under_way++;
}

void host_leave(struct hosts *hosts, struct host *host)
{
    struct host **at = &hosts->buckets[bucket_of(str_of(host->name))];

    if (--host->under_way > 0 || host->breaker.failures > 0)
        return;
    while (*at != host)
        at = &(*at)->next;
    *at = host->next;
    free(host);
}

void hosts_hurry(struct hosts *hosts)
{
    for (size_t i = 0; i < HOST_BUCKETS; i++)
        for (struct host *host = hosts->buckets[i]; host; host = host->next)
            host->breaker.until_ms = 0;
}

void hosts_done(struct hosts *hosts)
{
    for (size_t i = 0; i < HOST_BUCKETS; i++)
        while (hosts->buckets[i]) {
            struct host *host = hosts->buckets[i];
            hosts->buckets[i] = host->next;
            free(host);
        }
}
