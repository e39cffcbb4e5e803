/* SPDX-License-Identifier: MIT */
/* A name server's answer: whatever it is, as many lines come out as are counted, all printable. */
#include <assert.h>

#include "core/dns_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str answer, enum dns_type type)
{
    struct buf out = buf_new(256 * 1024);
    int count = dns_answer_read(answer, type, &out), lines = 0;

    assert(buf_status(&out) == ERR_OK);
    for (size_t i = 0; i < out.len; i++) {
        lines += out.ptr[i] == '\n';
        assert(out.ptr[i] == '\n' || (out.ptr[i] >= 0x20 && out.ptr[i] < 0x7f));
    }
    assert(count == -1 || count == lines);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str answer = {(const char *)data, size};

    check(answer, DNS_TXT);
    check(answer, DNS_MX);
    return 0;
}
