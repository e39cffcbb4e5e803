/* SPDX-License-Identifier: MIT */
/*
 * Reading the clocks, and RFC 3339 in both directions. The calendar arithmetic
 * is the proleptic Gregorian one, without the C library's time zone machinery.
 */
#include "base/clock.h"

#include <time.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static const int64_t LAST_MS = 253402300799999; /* 9999-12-31T23:59:59.999Z */

static int64_t read_us(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_cpu_us(void)
{
    return read_us(CLOCK_PROCESS_CPUTIME_ID);
}

/* Days since 1970-01-01 of a date; March-based years make February the last month. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

static void put_digits(char *at, int count, int64_t value)
{
    while (count--) {
        at[count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_LEN + 1])
{
    int year, month, day;

    wall_ms = wall_ms < 0 ? 0 : wall_ms > LAST_MS ? LAST_MS : wall_ms;
    int64_t in_day = wall_ms % DAY_MS;
    civil_from_days(wall_ms / DAY_MS, &year, &month, &day);
    memcpy(ret_text, "0000-00-00T00:00:00.000Z", CLOCK_TEXT_LEN + 1);
    put_digits(ret_text, 4, year);
    put_digits(ret_text + 5, 2, month);
    put_digits(ret_text + 8, 2, day);
    put_digits(ret_text + 11, 2, in_day / 3600000);
    put_digits(ret_text + 14, 2, in_day / 60000 % 60);
    put_digits(ret_text + 17, 2, in_day / 1000 % 60);
    put_digits(ret_text + 20, 3, in_day % 1000);
}

static bool take_number(struct str *text, size_t digits, uint64_t low, uint64_t high, int *ret)
{
    uint64_t value;

    if (text->len < digits || !str_to_u64((struct str){text->ptr, digits}, high, &value) ||
        value < low)
        return false;
    text->ptr += digits;
    text->len -= digits;
    *ret = (int)value;
    return true;
}

static bool take_char(struct str *text, const char *allowed)
{
    if (!text->len || !*text->ptr || !strchr(allowed, *text->ptr))
        return false;
    text->ptr++;
    text->len--;
    return true;
}

static int days_in_month(int year, int month)
{
    static const char DAYS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : DAYS[month - 1];
}

static bool take_date(struct str *text, int64_t *ret_ms)
{
    int year, month, day;

    if (!take_number(text, 4, 1970, 9999, &year) || !take_char(text, "-") ||
        !take_number(text, 2, 1, 12, &month) || !take_char(text, "-") ||
        !take_number(text, 2, 1, 31, &day) || day > days_in_month(year, month))
        return false;
    *ret_ms = days_from_civil(year, month, day) * DAY_MS;
    return true;
}

/* A fraction of any length; digits beyond milliseconds are cut. */
static bool take_fraction(struct str *text, int *ret_ms)
{
    int scale = 100, ms = 0;
    size_t digits = 0;

    if (!take_char(text, "."))
        return true;
    for (; text->len && *text->ptr >= '0' && *text->ptr <= '9'; digits++) {
        ms += (*text->ptr - '0') * scale;
        scale /= 10;
        text->ptr++;
        text->len--;
    }
    *ret_ms = ms;
    return digits > 0;
}

static bool take_offset(struct str *text, int64_t *ret_ms)
{
    int hours, minutes;

    if (take_char(text, "Zz"))
        return true;
    if (!text->len)
        return false;
    int sign = *text->ptr == '-' ? -1 : 1;
    /* A '+' that came through a query string unescaped is a space by now. */
    if (!take_char(text, "+- ") || !take_number(text, 2, 0, 23, &hours) || !take_char(text, ":") ||
        !take_number(text, 2, 0, 59, &minutes))
        return false;
    *ret_ms = sign * (int64_t)(hours * 60 + minutes) * 60000;
    return true;
}

bool clock_parse(struct str text, int64_t *ret_wall_ms)
{
    int hour, minute, second, ms = 0;
    int64_t date_ms, offset_ms = 0;

    if (!take_date(&text, &date_ms))
        return false;
    if (!text.len) {
        *ret_wall_ms = date_ms;
        return true;
    }
    if (!take_char(&text, "Tt ") || !take_number(&text, 2, 0, 23, &hour) ||
        !take_char(&text, ":") || !take_number(&text, 2, 0, 59, &minute) ||
        !take_char(&text, ":") || !take_number(&text, 2, 0, 60, &second) ||
        !take_fraction(&text, &ms) || !take_offset(&text, &offset_ms) || text.len)
        return false;
    *ret_wall_ms = date_ms + ((int64_t)(hour * 60 + minute) * 60 + second) * 1000 + ms - offset_ms;
    return true;
}

/* Where the stamp's characters stand in the long form; the last one is both forms' Z. */
static const uint8_t STAMP_PLACES[CLOCK_STAMP_LEN] = {0,  1,  2,  3,  5,  6,  8,  9,
                                                      10, 11, 12, 14, 15, 17, 18, 23};

void clock_stamp(int64_t wall_ms, char ret_text[CLOCK_STAMP_LEN + 1])
{
    char text[CLOCK_TEXT_LEN + 1];

    clock_format(wall_ms, text);
    for (size_t i = 0; i < CLOCK_STAMP_LEN; i++)
        ret_text[i] = text[STAMP_PLACES[i]];
    ret_text[CLOCK_STAMP_LEN] = '\0';
}

bool clock_parse_stamp(struct str text, int64_t *ret_wall_ms)
{
    char full[] = "0000-00-00T00:00:00.000Z";

    if (text.len != CLOCK_STAMP_LEN || text.ptr[8] != 'T' || text.ptr[CLOCK_STAMP_LEN - 1] != 'Z')
        return false;
    for (size_t i = 0; i < CLOCK_STAMP_LEN; i++)
        full[STAMP_PLACES[i]] = text.ptr[i];
    return clock_parse(str_of(full), ret_wall_ms);
}
