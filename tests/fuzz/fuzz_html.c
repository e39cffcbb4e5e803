/* SPDX-License-Identifier: MIT */
/* What was escaped holds no markup, and reads back as what it was, or as U+FFFD. */
#include <assert.h>

#include "base/html.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    struct str reference;
    int32_t point;
} ROWS[] = {{{"&amp;", 5}, '&'},
            {{"&lt;", 4}, '<'},
            {{"&gt;", 4}, '>'},
            {{"&quot;", 6}, '"'},
            {{"&#39;", 5}, '\''}};

/* The next character that a browser sees. */
static int32_t see(struct str *html)
{
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct str reference = ROWS[i].reference;
        if (html->len < reference.len || memcmp(html->ptr, reference.ptr, reference.len) != 0)
            continue;
        html->ptr += reference.len;
        html->len -= reference.len;
        return ROWS[i].point;
    }
    int32_t point = utf8_next(html);
    assert(point >= 0 && point != '&' && point != '<' && point != '>' && point != '"' &&
           point != '\'');
    return point;
}

static bool is_shown(int32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' ||
           (point >= 0x20 && !(point >= 0x7f && point < 0xa0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf out = buf_new(size * 6 + 1);
    struct str text = {(const char *)data, size};

    html_put(&out, text);
    assert(buf_status(&out) == ERR_OK);
    struct str html = buf_str(&out);
    while (text.len) {
        int32_t point = utf8_next(&text);
        if (point < 0) {
            text.ptr++;
            text.len--;
        }
        assert(see(&html) == (is_shown(point) ? point : 0xfffd));
    }
    assert(!html.len);
    return 0;
}
