/* SPDX-License-Identifier: MIT */
/*
 * Growing bytes with a mandatory ceiling. Writers append without looking; the
 * first failure sticks, and whoever uses the result asks buf_status() once.
 * One owner, no locking.
 */
#ifndef CONTACTD_BASE_BUF_H
#define CONTACTD_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct buf {
    char *ptr;
    size_t len;
    size_t room; /* allocated bytes */
    size_t max;  /* ceiling of len */
    enum err err;
};

/* Allocates nothing yet. `max_bytes` is the most that it will ever hold. */
static inline struct buf buf_new(size_t max_bytes)
{
    return (struct buf){.max = max_bytes};
}

/* Frees the bytes; the buf may be used again with the same ceiling. NULL is allowed. */
void buf_done(struct buf *buf);

void buf_put(struct buf *buf, struct str text);
void buf_put_char(struct buf *buf, char c);
void buf_put_u64(struct buf *buf, uint64_t value);
void buf_put_i64(struct buf *buf, int64_t value);
void buf_put_hundredths(struct buf *buf, int hundredths); /* -150 as -1.50, 0 as 0 */
PRINTF_LIKE(2, 3) void buf_printf(struct buf *buf, const char *format, ...);

/*
 * Makes room for `bytes` more and returns where they may be written, or NULL
 * (the error sticks). The caller adds to buf->len what it wrote.
 */
MUST_CHECK char *buf_reserve(struct buf *buf, size_t bytes);

/* ERR_OK, ERR_MEMORY or ERR_FULL: whether everything that was put is there. */
MUST_CHECK static inline enum err buf_status(const struct buf *buf)
{
    return buf->err;
}

/* Borrowed until the next put. */
static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){.ptr = buf->ptr, .len = buf->len};
}

/* Gives the bytes (malloc'ed, buf_str long, may be NULL when empty) to the caller. */
char *buf_take(struct buf *buf);

#endif
