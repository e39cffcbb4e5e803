/* SPDX-License-Identifier: MIT */
/*
 * One row and one small reader per format. Dates are of the proleptic
 * Gregorian calendar, as RFC 3339 has them; a leap second is taken where one
 * may be.
 */
#include "format.h"

#include "core/address.h"
#include "core/email.h"
#include "core/web.h"

enum { DATE_LEN = 10, TIME_LEN = 8, UUID_LEN = 36 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `digits` digits at `at`; -1: something else. */
static int number_at(struct str text, size_t at, size_t digits)
{
    int number = 0;

    if (text.len < at + digits)
        return -1;
    for (size_t i = at; i < at + digits; i++) {
        if (!is_digit(text.ptr[i]))
            return -1;
        number = number * 10 + text.ptr[i] - '0';
    }
    return number;
}

static int days_in(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return DAYS[month - 1] + (month == 2 && is_leap);
}

static bool is_date(struct str text)
{
    int year = number_at(text, 0, 4), month = number_at(text, 5, 2), day = number_at(text, 8, 2);

    return text.len == DATE_LEN && text.ptr[4] == '-' && text.ptr[7] == '-' && year >= 0 &&
           month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, month);
}

/* "Z", "+01:00"; minutes east of UTC. */
static bool read_offset(struct str text, int *ret_minutes)
{
    if (text.len == 1 && (text.ptr[0] == 'Z' || text.ptr[0] == 'z')) {
        *ret_minutes = 0;
        return true;
    }
    int hours = number_at(text, 1, 2), minutes = number_at(text, 4, 2);
    if (text.len != 6 || text.ptr[3] != ':' || hours < 0 || hours > 23 || minutes < 0 ||
        minutes > 59 || (text.ptr[0] != '+' && text.ptr[0] != '-'))
        return false;
    *ret_minutes = (hours * 60 + minutes) * (text.ptr[0] == '-' ? -1 : 1);
    return true;
}

/* full-time of RFC 3339, section 5.6; :60 is the last second of a UTC day. */
static bool is_time(struct str text)
{
    int hour = number_at(text, 0, 2), minute = number_at(text, 3, 2),
        second = number_at(text, 6, 2);
    size_t end = TIME_LEN;
    int offset;

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
        text.ptr[2] != ':' || text.ptr[5] != ':')
        return false;
    if (end < text.len && text.ptr[end] == '.') {
        end++;
        while (end < text.len && is_digit(text.ptr[end]))
            end++;
        if (end == TIME_LEN + 1)
            return false;
    }
    if (!read_offset((struct str){text.ptr + end, text.len - end}, &offset))
        return false;
    int utc = ((hour * 60 + minute - offset) % 1440 + 1440) % 1440;
    return second < 60 || utc == 1439;
}

static bool is_date_time(struct str text)
{
    if (text.len <= DATE_LEN + 1 || (text.ptr[DATE_LEN] != 'T' && text.ptr[DATE_LEN] != 't'))
        return false;
    return is_date((struct str){text.ptr, DATE_LEN}) &&
           is_time((struct str){text.ptr + DATE_LEN + 1, text.len - DATE_LEN - 1});
}

static bool is_uuid(struct str text)
{
    if (text.len != UUID_LEN)
        return false;
    for (size_t i = 0; i < UUID_LEN; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text.ptr[i] != '-'
                    : !text.ptr[i] || !strchr("0123456789abcdefABCDEF", text.ptr[i]))
            return false;
    }
    return true;
}

static bool is_ipv4(struct str text)
{
    struct address address;

    return text.len && !memchr(text.ptr, ':', text.len) && address_parse(text, &address);
}

static bool is_ipv6(struct str text)
{
    struct address address;

    return text.len && text.ptr[0] != '[' && memchr(text.ptr, ':', text.len) &&
           address_parse(text, &address);
}

/* An address that a browser would open: http or https with a host. */
static bool is_web_url(struct str text)
{
    return web_url_host(text).len > 0;
}

const struct format FORMAT_EMAIL = {"email", email_is_valid,
                                    "an e-mail address such as ada@example.org"};

static const struct format FORMATS[] = {
    {"idn-email", email_is_valid, "an e-mail address such as ada@example.org"},
    {"date", is_date, "a date such as 2026-01-31"},
    {"time", is_time, "a time such as 09:30:00Z"},
    {"date-time", is_date_time, "a date and time such as 2026-01-31T09:30:00Z"},
    {"uri", is_web_url, "a web address such as https://example.org"},
    {"uuid", is_uuid, "a UUID"},
    {"ipv4", is_ipv4, "an IPv4 address"},
    {"ipv6", is_ipv6, "an IPv6 address"},
};

const struct format *format_find(struct str name)
{
    if (str_equal(name, str_of(FORMAT_EMAIL.name)))
        return &FORMAT_EMAIL;
    for (size_t i = 0; i < COUNTOF(FORMATS); i++)
        if (str_equal(name, str_of(FORMATS[i].name)))
            return &FORMATS[i];
    return NULL;
}
