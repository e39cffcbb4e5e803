/* SPDX-License-Identifier: MIT */
/* Rules of thumb that must not cry wolf: who hears of every quiet weekend stops listening. */
#include "core/alarm.h"

enum {
    FAILING_MS = 60 * 60 * 1000,
    MESSAGES_MIN = 10,
    SILENCE_TIMES = 4,
    SILENCE_DAYS_MIN = 3,
    MIB = 1024 * 1024,
};

bool alarm_destination(const struct destination_tally *tally, int64_t now_ms)
{
    return tally->failing_since_ms && now_ms - tally->failing_since_ms >= FAILING_MS &&
           tally->waiting + tally->failed > 0;
}

/* The days from the newest message to the one before, and so on: the longest of these. */
static uint32_t longest_gap(const struct alarm_history *history, uint32_t newest)
{
    uint32_t longest = 0, last = newest;

    for (uint32_t day = newest + 1; day < ALARM_HISTORY_DAYS; day++) {
        if (!history->days[day])
            continue;
        if (day - last > longest)
            longest = day - last;
        last = day;
    }
    return longest;
}

bool alarm_silence(const struct alarm_history *history, uint32_t silence_days, uint32_t *ret_days)
{
    uint64_t count = 0;
    uint32_t newest = 0;

    for (size_t i = 0; i < ALARM_HISTORY_DAYS; i++)
        count += history->days[i];
    while (newest < ALARM_HISTORY_DAYS && !history->days[newest])
        newest++;
    *ret_days = newest;
    if (silence_days)
        return newest >= silence_days;
    uint32_t limit = longest_gap(history, newest) * SILENCE_TIMES;
    return count >= MESSAGES_MIN && newest >= (limit > SILENCE_DAYS_MIN ? limit : SILENCE_DAYS_MIN);
}

bool alarm_disk(uint64_t free_bytes, uint64_t total_bytes, bool is_raised)
{
    uint64_t least = is_raised ? UINT64_C(320) * MIB : UINT64_C(256) * MIB;
    uint64_t part = is_raised ? total_bytes / 100 * 6 : total_bytes / 100 * 5;

    return total_bytes && (free_bytes < least || free_bytes < part);
}
