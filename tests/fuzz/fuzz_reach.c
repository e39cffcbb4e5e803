/* SPDX-License-Identifier: MIT */
/* Whatever a stranger's server answers: there are words for it, and none of its own control
 * characters. */
#include <assert.h>

#include "core/reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = buf_new(1024), remedy = buf_new(1024);

    if (size < 2)
        return 0;
    const struct reach_answer answer = {.status = 100 + (data[0] << 8 | data[1]) % 500,
                                        .body = {(const char *)data + 2, size - 2}};
    reach_explain(&answer, &text, &remedy);
    assert(buf_status(&text) == ERR_OK && buf_status(&remedy) == ERR_OK);
    assert(text.len && remedy.len);
    for (size_t i = 0; i < text.len; i++)
        assert(text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f);
    buf_done(&text);
    buf_done(&remedy);
    return 0;
}
