/* SPDX-License-Identifier: MIT */
/* Cursors: every number comes back, and a text that is read is the one that is written. */
#include <assert.h>

#include "core/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[CURSOR_TEXT_LEN + 1];
    int64_t seq = 0, read = 0;

    if (cursor_parse((struct str){(const char *)data, size}, &seq)) {
        assert(seq > 0 && size == CURSOR_TEXT_LEN);
        cursor_format(seq, text);
        assert(memcmp(text, data, size) == 0);
    }
    memcpy(&seq, data, size < sizeof seq ? size : sizeof seq);
    seq = seq & INT64_MAX ? seq & INT64_MAX : 1;
    cursor_format(seq, text);
    assert(cursor_parse(str_of(text), &read) && read == seq);
    if (size > 9) { /* one byte changed */
        text[data[8] % CURSOR_TEXT_LEN] = (char)(text[data[8] % CURSOR_TEXT_LEN] ^ (data[9] | 1));
        assert(!cursor_parse((struct str){text, CURSOR_TEXT_LEN}, &read) || read != seq);
    }
    return 0;
}
