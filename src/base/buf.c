/* SPDX-License-Identifier: MIT */
/*
 * Growth by doubling, stopped by the ceiling that was given where the buffer
 * was made. Nothing else in this program calls realloc().
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BYTES = 256 };

void buf_done(struct buf *buf)
{
    if (!buf)
        return;
    free(buf->ptr);
    *buf = buf_new(buf->max);
}

char *buf_reserve(struct buf *buf, size_t bytes)
{
    if (buf->err)
        return NULL;
    if (bytes > buf->max - buf->len) {
        buf->err = ERR_FULL;
        return NULL;
    }
    if (buf->len + bytes > buf->room) {
        size_t room = buf->room ? buf->room : FIRST_BYTES;
        while (room < buf->len + bytes)
            room *= 2;
        if (room > buf->max)
            room = buf->max;
        char *ptr = realloc(buf->ptr, room);
        if (!ptr) {
            buf->err = ERR_MEMORY;
            return NULL;
        }
        buf->ptr = ptr;
        buf->room = room;
    }
    return buf->ptr + buf->len;
}

void buf_put(struct buf *buf, struct str text)
{
    char *at = text.len ? buf_reserve(buf, text.len) : NULL;

    if (!at)
        return;
    memcpy(at, text.ptr, text.len);
    buf->len += text.len;
}

void buf_put_char(struct buf *buf, char c)
{
    char *at = buf_reserve(buf, 1);

    if (!at)
        return;
    *at = c;
    buf->len++;
}

void buf_put_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_put(buf, (struct str){.ptr = digits + at, .len = sizeof digits - at});
}

void buf_put_i64(struct buf *buf, int64_t value)
{
    if (value < 0)
        buf_put_char(buf, '-');
    buf_put_u64(buf, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void buf_put_hundredths(struct buf *buf, int hundredths)
{
    unsigned size = hundredths < 0 ? -(unsigned)hundredths : (unsigned)hundredths;

    if (hundredths < 0)
        buf_put_char(buf, '-');
    buf_put_u64(buf, size / 100);
    if (!size)
        return;
    buf_put(buf,
            (struct str){(char[]){'.', (char)('0' + size / 10 % 10), (char)('0' + size % 10)}, 3});
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    char small[256];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (length < 0)
        return;
    if ((size_t)length < sizeof small) {
        buf_put(buf, (struct str){.ptr = small, .len = (size_t)length});
        return;
    }
    char *large = NULL; /* its NUL would not fit under the ceiling */
    va_start(args, format);
    length = vasprintf(&large, format, args);
    va_end(args);
    if (length >= 0)
        buf_put(buf, (struct str){.ptr = large, .len = (size_t)length});
    else if (!buf->err)
        buf->err = ERR_MEMORY;
    free(length >= 0 ? large : NULL);
}

char *buf_take(struct buf *buf)
{
    char *ptr = buf->ptr;

    *buf = buf_new(buf->max);
    return ptr;
}
