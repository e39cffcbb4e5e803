/* SPDX-License-Identifier: MIT */
/* Arithmetic on where the pieces of a head lie. */
#include "layout.h"

#include <microhttpd.h>
#include <string.h>

enum {
    GAP = 2,      /* CRLF, written over with NULs */
    HEAD_END = 4, /* the same, and the empty line */
};

static void expect(struct layout *layout, const char *next, const char *next_end, ptrdiff_t gap)
{
    if (!layout->end)
        return;
    if (next - layout->end != gap)
        layout->has_gap = true;
    layout->end = next_end;
}

struct layout layout_begin(const char *method, size_t target_len, const char *version)
{
    struct layout layout = {0};

    if (MHD_get_version()[0] != '0')
        return layout;
    layout.end = method + strlen(method);
    expect(&layout, layout.end + 1, layout.end + 1 + target_len, 1);
    expect(&layout, version, version + strlen(version), 1);
    return layout;
}

void layout_header(struct layout *layout, const char *name, const char *value, size_t value_len)
{
    expect(layout, name, value + value_len, GAP);
}

void layout_end(struct layout *layout, const char *method, size_t head_bytes)
{
    static const char LINE_ENDS[HEAD_END] = {0};
    const char *end = method + head_bytes, *last = layout->end;

    expect(layout, end, end, HEAD_END);
    /* A NUL, a byte and two bare LF are four bytes as well. */
    if (last && !layout->has_gap && memcmp(last, LINE_ENDS, HEAD_END) != 0)
        layout->has_gap = true;
}
