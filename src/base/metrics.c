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

static struct str name_of(size_t row)
{
    return (struct str){ROWS[row].name, strcspn(ROWS[row].name, "{")};
}

static void render_head(size_t row, struct buf *out)
{
    struct str name = name_of(row);

    if (row && str_equal(name, name_of(row - 1)))
        return;
    buf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)name.len, name.ptr, ROWS[row].help,
               (int)name.len, name.ptr, ROWS[row].kind);
}

void metrics_render(struct buf *out)
{
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        render_head(i, out);
        buf_printf(out, "%s ", ROWS[i].name);
        buf_put_i64(out, metric_get((enum metric)i));
        buf_put_char(out, '\n');
    }
}
