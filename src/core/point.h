/* SPDX-License-Identifier: MIT */
/* Classes of Unicode code points that rules speak of. Any thread. */
#ifndef CONTACTD_CORE_POINT_H
#define CONTACTD_CORE_POINT_H

#include <stdbool.h>
#include <stdint.h>

/* C0, DEL and C1. */
static inline bool point_is_control(int32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f);
}

/* The property White_Space, and the two zero-width code points that people paste unseen. */
bool point_is_space(int32_t point);

/* The property Bidi_Control: what can make a text look like another one. */
bool point_is_bidi_control(int32_t point);

#endif
