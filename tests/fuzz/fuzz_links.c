/* SPDX-License-Identifier: MIT */
/* Links of any bytes: each lies in the text, behind the one before, with its host inside. */
#include <assert.h>

#include "core/links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct link_scan scan = {.text = {(const char *)data, size}};
    const char *at = scan.text.ptr;
    struct link link;

    while (link_next(&scan, &link)) {
        assert(link.kind < LINK__COUNT);
        assert(link.whole.len && link.whole.ptr >= at);
        at = link.whole.ptr + link.whole.len;
        assert(at <= scan.text.ptr + size && scan.at <= size);
        if (link.host.len)
            assert(link.host.ptr >= link.whole.ptr && link.host.ptr + link.host.len <= at);
    }
    return 0;
}
