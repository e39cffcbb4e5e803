/* SPDX-License-Identifier: MIT */
/* Rules of thumb that must not cry wolf: who hears of every quiet weekend stops listening. */
#include "core/alarm.h"

#include "base/clock.h"

enum {
    FAILING_MS = 60 * 60 * 1000,
    MESSAGES_MIN = 10,
    SILENCE_TIMES = 4,
    SILENCE_DAYS_MIN = 3,
    MIB = 1024 * 1024,
    CERTIFICATE_NEAR_DAYS = 14,
    CERTIFICATE_URGENT_DAYS = 3,
};

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

bool alarm_destination(const struct destination_tally *tally, int64_t now_ms)
{
    return tally->failing_since_ms && now_ms - tally->failing_since_ms >= FAILING_MS &&
           tally->waiting + tally->failed > 0;
}

void alarm_destination_name(struct str form, struct str name, struct buf *out)
{
    buf_put(out, name);
    if (form.len) {
        buf_put(out, STR(" of "));
        buf_put(out, form);
    }
}

/* Servers end their sentences with a full stop, or with none. */
static struct str without_stop(struct str text)
{
    while (text.len && strchr(". \r\n", text.ptr[text.len - 1]))
        text.len--;
    return text;
}

void alarm_destination_render(const struct destination_tally *tally, struct buf *out)
{
    char since[CLOCK_TEXT_LEN + 1];

    clock_format(tally->failing_since_ms, since);
    buf_put(out, tally->name);
    if (tally->form.len) {
        buf_put(out, STR(" of the form "));
        buf_put(out, tally->form);
    }
    buf_printf(out, " has not been reached since %s; %lld wait, %lld were given up", since,
               (long long)tally->waiting, (long long)tally->failed);
    if (tally->error.ptr) {
        buf_put(out, STR(". The last answer: "));
        buf_put(out, without_stop(tally->error));
    }
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

bool alarm_silence(const struct alarm_history *history, uint32_t *ret_days)
{
    uint64_t count = 0;
    uint32_t newest = 0;

    for (size_t i = 0; i < ALARM_HISTORY_DAYS; i++)
        count += history->days[i];
    while (newest < ALARM_HISTORY_DAYS && !history->days[newest])
        newest++;
    *ret_days = newest;
    uint32_t limit = longest_gap(history, newest) * SILENCE_TIMES;
    return count >= MESSAGES_MIN && newest >= (limit > SILENCE_DAYS_MIN ? limit : SILENCE_DAYS_MIN);
}

bool alarm_disk(uint64_t free_bytes, uint64_t total_bytes, bool is_raised)
{
    uint64_t least = is_raised ? UINT64_C(320) * MIB : UINT64_C(256) * MIB;
    uint64_t part = is_raised ? total_bytes / 100 * 6 : total_bytes / 100 * 5;

    return total_bytes && (free_bytes < least || free_bytes < part);
}

enum certificate_state alarm_certificate(int64_t ends_ms, int64_t now_ms)
{
    int64_t left_ms = ends_ms - now_ms;

    if (left_ms <= 0)
        return CERTIFICATE_OVER;
    if (left_ms <= CERTIFICATE_URGENT_DAYS * DAY_MS)
        return CERTIFICATE_URGENT;
    return left_ms <= CERTIFICATE_NEAR_DAYS * DAY_MS ? CERTIFICATE_NEAR : CERTIFICATE_FINE;
}

void alarm_certificate_render(struct str host, int64_t ends_ms, int64_t now_ms, struct buf *text,
                              struct buf *remedy)
{
    static const struct {
        const char *before, *after, *remedy; /* before and after the time */
    } ROWS[] = {
        [CERTIFICATE_FINE] = {" is good until ", "", ""},
        [CERTIFICATE_NEAR] = {" ends at ", "",
                              "renew it, and see why that did not happen by itself"},
        [CERTIFICATE_URGENT] = {" ends in less than three days, at ",
                                ": from then on browsers show a warning instead, and no message "
                                "arrives",
                                "renew it now"},
        [CERTIFICATE_OVER] = {" has ended at ", ": browsers refuse it, and no message arrives",
                              "renew it now"},
    };
    enum certificate_state state = alarm_certificate(ends_ms, now_ms);
    char at[CLOCK_TEXT_LEN + 1];

    clock_format(ends_ms, at);
    buf_put(text, STR("the certificate of "));
    buf_put(text, host);
    buf_printf(text, "%s%s%s", ROWS[state].before, at, ROWS[state].after);
    buf_put(remedy, str_of(ROWS[state].remedy));
}
