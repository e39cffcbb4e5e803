/* SPDX-License-Identifier: MIT */
/* Addresses that pass are short, have one @, and hold nothing that a mail header minds. */
#include <assert.h>

#include "base/utf8.h"
#include "core/email.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bytes(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        assert(c > 0x20 && c != 0x7f && !strchr("\"(),:;<>[\\]", c));
    }
}

static void check_domain(struct str domain)
{
    assert(domain.ptr && domain.len);
    while (domain.ptr) {
        struct str label = str_cut(&domain, '.');
        assert(label.len >= 1 && label.len <= EMAIL_LABEL_MAX);
        assert(label.ptr[0] != '-' && label.ptr[label.len - 1] != '-');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size}, domain = text;
    char longer[EMAIL_MAX + 1] = "x";
    size_t points;

    if (!email_is_valid(text))
        return 0;
    struct str local = str_cut(&domain, '@');
    assert(size <= EMAIL_MAX && utf8_length(text, &points));
    assert(local.len >= 1 && local.len <= EMAIL_LOCAL_MAX);
    assert(!memchr(domain.ptr, '@', domain.len));
    check_bytes(text);
    check_domain(domain);
    memcpy(longer + 1, data, size);
    assert(email_is_valid((struct str){longer, size + 1}) ==
           (local.len < EMAIL_LOCAL_MAX && size < EMAIL_MAX));
    return 0;
}
