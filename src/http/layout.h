/* SPDX-License-Identifier: MIT */
/*
 * Finding bytes that the library hides. Before 1.0, libmicrohttpd hands out
 * the pieces of a request's head as C strings: whatever follows a NUL inside a
 * value is invisible, to us, but not to a proxy before us ("Content-Length: 0",
 * NUL, "64"). It also splits the head in place, so the pieces lie next to each
 * other in memory, exactly a CRLF apart: any other gap hides something or was a bare LF. Folded
 * lines are joined elsewhere and show as a gap as well, which is right: they
 * must be refused (RFC 9112, section 5.2).
 */
#ifndef CONTACTD_HTTP_LAYOUT_H
#define CONTACTD_HTTP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

struct layout {
    const char *end; /* of the piece before; NULL: this library does not need the check */
    bool has_gap;
};

/* `method` and `version` as the access handler gets them; `target_len` as it was sent. */
struct layout layout_begin(const char *method, size_t target_len, const char *version);

/* One header field, in the order of the head. */
void layout_header(struct layout *layout, const char *name, const char *value, size_t value_len);

/* After the last one; `head_bytes` is the length of the whole head, `method` its start. */
void layout_end(struct layout *layout, const char *method, size_t head_bytes);

#endif
