/* SPDX-License-Identifier: MIT */
/*
 * The log: JSON lines for machines, text for people. A value is whatever a
 * stranger sent, so everything that could move a cursor, end a line or turn
 * the reading direction is written as an escape, and bytes that are not UTF-8
 * become U+FFFD. Level and format are set once, before threads exist; `writing`
 * guards `dropped` and keeps lines apart.
 */
#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { LINE_MAX_BYTES = 4096, VALUE_MAX_BYTES = 512 };

static const char *const LEVELS[] = {"debug", "info", "warn", "error"};

static enum log_level log_level = LOG_INFO;
static bool is_json;

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static int64_t dropped; /* lines that could not be written since the last that could */

void log_start(enum log_level level, enum log_format format)
{
    log_level = level;
    is_json = format == LOG_AS_JSON || (format == LOG_AS_AUTO && !isatty(STDERR_FILENO));
}

bool log_is_on(enum log_level level)
{
    return level >= log_level;
}

/* A line under way: a fixed stack buffer, so that logging never allocates. */
struct line {
    char bytes[LINE_MAX_BYTES];
    size_t len;
};

static void put(struct line *line, const char *text, size_t len)
{
    /* One byte always stays for the newline. */
    if (len > sizeof line->bytes - 1 - line->len)
        len = sizeof line->bytes - 1 - line->len;
    memcpy(line->bytes + line->len, text, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_number(struct line *line, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    put(line, digits + at, sizeof digits - at);
}

static bool is_harmful(int32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c ||
           (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

static void put_escape(struct line *line, int32_t point)
{
    static const char HEX[] = "0123456789abcdef";
    char text[6] = {
        '\\',           'u', HEX[point >> 12 & 15], HEX[point >> 8 & 15], HEX[point >> 4 & 15],
        HEX[point & 15]};

    put(line, text, sizeof text);
}

static void put_quoted(struct line *line, struct str value)
{
    bool is_cut = value.len > VALUE_MAX_BYTES;

    value = utf8_fit(value, VALUE_MAX_BYTES);
    put(line, "\"", 1);
    while (value.len) {
        const char *from = value.ptr;
        int32_t point = utf8_next(&value);
        if (point < 0) {
            value.ptr++;
            value.len--;
            put_escape(line, 0xfffd);
        } else if (point == '"' || point == '\\') {
            put(line, "\\", 1);
            put(line, from, 1);
        } else if (is_harmful(point)) {
            put_escape(line, point);
        } else {
            put(line, from, (size_t)(value.ptr - from));
        }
    }
    put(line, is_cut ? "…\"" : "\"", is_cut ? sizeof "…\"" - 1 : 1);
}

static bool is_plain_word(struct str value)
{
    return value.len && value.len <= VALUE_MAX_BYTES && str_is_visible_ascii(value) &&
           !memchr(value.ptr, '"', value.len) && !memchr(value.ptr, '\\', value.len);
}

static void put_field(struct line *line, const struct log_field *field)
{
    size_t before = line->len;

    put_text(line, is_json ? ",\"" : " ");
    put_text(line, field->key);
    put_text(line, is_json ? "\":" : "=");
    if (!field->text.ptr)
        put_number(line, field->number);
    else if (!is_json && is_plain_word(field->text))
        put(line, field->text.ptr, field->text.len);
    else
        put_quoted(line, field->text);
    if (line->len + 2 >= sizeof line->bytes)
        line->len = before; /* a field that does not fit is left out whole */
}

static void fill(struct line *line, enum log_level level, const char *event,
                 const struct log_field *fields, size_t count)
{
    char now[CLOCK_TEXT_LEN + 1];

    clock_format(clock_wall_ms(), now);
    put_text(line, is_json ? "{\"time\":\"" : "");
    put(line, now, CLOCK_TEXT_LEN);
    put_text(line, is_json ? "\",\"level\":\"" : " ");
    put_text(line, LEVELS[level]);
    put_text(line, is_json ? "\",\"event\":\"" : " ");
    put_text(line, event);
    put_text(line, is_json ? "\"" : "");
    for (size_t i = 0; i < count; i++)
        put_field(line, &fields[i]);
    if (is_json)
        put(line, "}", 1);
    line->bytes[line->len++] = '\n';
}

/*
 * A pipe that is writable takes PIPE_BUF bytes at once (poll(2), pipe(7)), and
 * no line is longer: whoever reads the log too slowly loses lines, and never
 * stops the service.
 */
static bool is_writable(void)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&fd, 1, 0) == 1 && fd.revents & POLLOUT;
}

static bool write_line(const struct line *line)
{
    /* A log that cannot be written has nowhere to complain. */
    return is_writable() && write(STDERR_FILENO, line->bytes, line->len) > 0;
}

/* Says how many lines are missing, once one can be written again. */
static bool report_dropped(void)
{
    const struct log_field lines = LOG_INT("lines", dropped);
    struct line line = {.len = 0};

    if (dropped == 0)
        return true;
    fill(&line, LOG_WARN, "log_lines_dropped", &lines, 1);
    if (!write_line(&line))
        return false;
    dropped = 0;
    return true;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    struct line line = {.len = 0};

    if (!log_is_on(level))
        return;
    fill(&line, level, event, fields, count);
    pthread_mutex_lock(&writing);
    if (!report_dropped() || !write_line(&line))
        dropped++;
    pthread_mutex_unlock(&writing);
}
