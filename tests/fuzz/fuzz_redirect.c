/* SPDX-License-Identifier: MIT */
/*
 * Where http leads to, when the certificate were for every name: to a name or an address, with
 * nothing in it that could be anything else, and to the path that was asked for.
 */
#include <assert.h>

#include "http/redirect.c" /* with a certificate of our own, below */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

bool tls_is_for(struct tls *tls, struct str host)
{
    (void)tls;
    assert(host.len > 0);
    return true;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._:[]", c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct redirect redirect = {.port = 8443};
    const struct str target = STR("/a?b=c"), end = STR(":8443/a?b=c"), begin = STR("https://");
    struct buf out = buf_new(64 * 1024);

    if (redirect_put(&redirect, (struct str){(const char *)data, size}, target, &out)) {
        assert(out.len > begin.len + end.len && str_starts_with(buf_str(&out), begin));
        assert(memcmp(out.ptr + out.len - end.len, end.ptr, end.len) == 0);
        for (size_t i = begin.len; i < out.len - end.len; i++)
            assert(is_plain(out.ptr[i]));
        for (size_t i = begin.len; i < out.len - end.len && out.ptr[begin.len] != '['; i++)
            assert(out.ptr[i] != ':' && out.ptr[i] != ']');
    } else {
        assert(out.len == 0);
    }
    buf_done(&out);
    return 0;
}
