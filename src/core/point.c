/* SPDX-License-Identifier: MIT */
/*
 * Code points by class, as ranges from the Unicode Character Database
 * (PropList.txt). Only the classes that a rule of this room needs.
 */
#include "core/point.h"

#include <stddef.h>

#include "base/attr.h"

struct range {
    int32_t first, last;
};

static const struct range SPACES[] = {
    {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
    {0x1680, 0x1680}, {0x2000, 0x200b}, {0x2028, 0x2029}, {0x202f, 0x202f},
    {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff},
};

static const struct range BIDI_CONTROLS[] = {
    {0x061c, 0x061c},
    {0x200e, 0x200f},
    {0x202a, 0x202e},
    {0x2066, 0x2069},
};

static bool is_within(const struct range *ranges, size_t count, int32_t point)
{
    for (size_t i = 0; i < count && point >= ranges[i].first; i++)
        if (point <= ranges[i].last)
            return true;
    return false;
}

bool point_is_space(int32_t point)
{
    return is_within(SPACES, COUNTOF(SPACES), point);
}

bool point_is_bidi_control(int32_t point)
{
    return is_within(BIDI_CONTROLS, COUNTOF(BIDI_CONTROLS), point);
}
