/* SPDX-License-Identifier: MIT */
/*
 * The process-wide counters. Relaxed atomics: each number is right by itself,
 * and nobody may draw conclusions from two of them together.
 */
#include "base/metrics.h"

#include <stdatomic.h>

struct metric_row {
    const char *name, *kind, *help;
};

#define METRIC_AS_ROW(id, text, kind_, help_) [METRIC_##id] = {text, kind_, help_},
static const struct metric_row ROWS[METRIC__COUNT] = {METRIC_LIST(METRIC_AS_ROW)};
#undef METRIC_AS_ROW

static atomic_int_least64_t values[METRIC__COUNT];

void metric_add(enum metric metric, int64_t amount)
{
    atomic_fetch_add_explicit(&values[metric], amount, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
    atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_get(enum metric metric)
{
    return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

void metrics_render(struct buf *out)
{
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", ROWS[i].name, ROWS[i].help, ROWS[i].name,
                   ROWS[i].kind, ROWS[i].name);
        buf_put_i64(out, metric_get((enum metric)i));
        buf_put_char(out, '\n');
    }
}
