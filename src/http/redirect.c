/* SPDX-License-Identifier: MIT */
/*
 * Where http leads to. The host is either the one that the owner has named, or one
 * that our own certificate is for: so nobody is led to a stranger, whatever Host
 * says. Its port is not looked at, since it is that of http.
 */
#include "http/redirect.h"

#include <string.h>

enum { HTTPS_PORT = 443 };

static bool is_of(struct str text, const char *more)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && !(c && strchr(more, c)))
            return false;
    }
    return text.len > 0;
}

/* The name or address in a Host header, without port and brackets. */
static bool take_name(struct str host, struct str *ret_name)
{
    bool is_literal = host.len && host.ptr[0] == '[';
    const char *end = host.len ? memchr(host.ptr, is_literal ? ']' : ':', host.len) : NULL;

    if (is_literal && !end)
        return false;
    *ret_name = (struct str){host.ptr + is_literal,
                             (end ? (size_t)(end - host.ptr) : host.len) - is_literal};
    return is_of(*ret_name, is_literal ? ":." : ".-_") &&
           is_literal == (memchr(ret_name->ptr, ':', ret_name->len) != NULL);
}

bool redirect_put(const struct redirect *redirect, struct str host, struct str target,
                  struct buf *out)
{
    struct str name;

    if (redirect->origin.len) {
        buf_put(out, redirect->origin);
        buf_put(out, target);
        return true;
    }
    if (!take_name(host, &name) || !tls_is_for(redirect->tls, name))
        return false;
    bool is_literal = host.ptr[0] == '[';
    buf_printf(out, is_literal ? "https://[%.*s]" : "https://%.*s", (int)name.len, name.ptr);
    if (redirect->port != HTTPS_PORT)
        buf_printf(out, ":%u", redirect->port);
    buf_put(out, target);
    return true;
}
