/* SPDX-License-Identifier: MIT */
/* One escape for every place where we put a text, so that no place gets the wrong one. */
#include "base/html.h"

#include "base/utf8.h"

static struct str escape_of(int32_t point)
{
    switch (point) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    case '\t':
    case '\n':
    case '\r':
        return (struct str){0};
    default:
        return point < 0x20 || (point >= 0x7f && point < 0xa0) ? STR("\xef\xbf\xbd")
                                                               : (struct str){0};
    }
}

void html_put(struct buf *out, struct str text)
{
    while (text.len) {
        const char *from = text.ptr;
        int32_t point = utf8_next(&text);
        if (point < 0) {
            text.ptr++;
            text.len--;
            point = 0; /* as any other character that cannot be shown */
        }
        struct str escape = escape_of(point);
        buf_put(out, escape.len ? escape : (struct str){from, (size_t)(text.ptr - from)});
    }
}
