/* SPDX-License-Identifier: MIT */
/* Request counters and durations by route: added to on HTTP threads, read by anyone. */
#include <stdlib.h>

#include "base/clock.h"
#include "internal.h"

/* Upper bounds in microseconds; the last bucket has none. */
static const int64_t BOUNDS_US[DURATION_BUCKETS - 1] = {500,    1000,   5000,   25000,
                                                        100000, 500000, 2500000};

enum err stats_new(size_t routes, struct route_stats **ret_stats)
{
    *ret_stats = calloc(routes + 1, sizeof **ret_stats);
    return *ret_stats ? ERR_OK : ERR_MEMORY;
}

static size_t route_index(const struct route_table *table, const struct route *route)
{
    size_t i = 0;

    while (i < table->count && table->routes[i] != route)
        i++;
    return i;
}

static void count(atomic_uint_least64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

void stats_count(struct exchange *x)
{
    const struct server *server = x->http->loop->server;
    struct route_stats *stats = &server->stats[route_index(server->options.routes, x->route)];
    int64_t us = clock_mono_us() - x->started_us;
    size_t bucket = 0;
    unsigned class = x->reply.status / 100;

    while (bucket < COUNTOF(BOUNDS_US) && us > BOUNDS_US[bucket])
        bucket++;
    count(&stats->by_class[class < STATUS_CLASSES ? class : 0], 1);
    count(&stats->by_duration[bucket], 1);
    count(&stats->total_us, (uint64_t)us);
}

static uint64_t value(const atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void render_requests(const char *route, const struct route_stats *stats, struct buf *out)
{
    for (int class = 0; class < STATUS_CLASSES; class ++) {
        uint64_t requests = value(&stats->by_class[class]);
        if (requests)
            buf_printf(out, "contactd_requests_total{route=\"%s\",code=\"%dxx\"} %llu\n", route,
                       class, (unsigned long long)requests);
    }
}

static void render_durations(const char *route, const struct route_stats *stats, struct buf *out)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < DURATION_BUCKETS; i++) {
        sum += value(&stats->by_duration[i]);
        if (i < COUNTOF(BOUNDS_US))
            buf_printf(out, "contactd_request_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", route,
                       (double)BOUNDS_US[i] / 1e6, (unsigned long long)sum);
    }
    buf_printf(out,
               "contactd_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n"
               "contactd_request_seconds_sum{route=\"%s\"} %.6f\n"
               "contactd_request_seconds_count{route=\"%s\"} %llu\n",
               route, (unsigned long long)sum, route, (double)value(&stats->total_us) / 1e6, route,
               (unsigned long long)sum);
}

void server_metrics(const struct exchange *x, struct buf *out)
{
    const struct server *server = x->http->loop->server;
    const struct route_table *table = server->options.routes;

    buf_put(out, STR("# HELP contactd_requests_total Requests by route and status class.\n"
                     "# TYPE contactd_requests_total counter\n"));
    for (size_t i = 0; i <= table->count; i++)
        render_requests(i < table->count ? table->routes[i]->name : "none", &server->stats[i], out);
    buf_put(out, STR("# HELP contactd_request_seconds Time from the request line to the reply.\n"
                     "# TYPE contactd_request_seconds histogram\n"));
    for (size_t i = 0; i <= table->count; i++)
        render_durations(i < table->count ? table->routes[i]->name : "none", &server->stats[i],
                         out);
}
