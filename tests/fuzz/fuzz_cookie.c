/* SPDX-License-Identifier: MIT */
/* A Cookie header: what is taken lies within it, and is well formed. */
#include <assert.h>

#include "core/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str header = {(const char *)data, size};
    struct str found = session_of_cookies(header);

    if (!found.ptr)
        return 0;
    assert(found.len == SESSION_TEXT_LEN && session_text_is_well_formed(found));
    assert(found.ptr >= header.ptr && found.ptr + found.len <= header.ptr + header.len);
    assert(found.ptr - header.ptr >= (ptrdiff_t)sizeof SESSION_COOKIE);
    return 0;
}
