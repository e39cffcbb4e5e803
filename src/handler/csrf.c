/* SPDX-License-Identifier: MIT */
/*
 * Two checks that fail independently of each other. Sec-Fetch-Site is written
 * by the browser and cannot be set by a page; browsers from before it send
 * Origin with every change.
 */
#include "csrf.h"

#include "base/secret.h"
#include "core/web.h"

/* An Origin's host and port as the Host header would have them. */
static struct str host_of(struct str origin)
{
    struct str whole = web_url_origin(origin), rest = whole;

    if (!whole.ptr || whole.len != origin.len)
        return (struct str){0};
    (void)str_cut(&rest, ':');
    rest.ptr += 2; /* "//" */
    rest.len -= 2;
    return rest;
}

static bool is_same_origin(const struct exchange *x)
{
    struct str site = x->headers[HEADER_SEC_FETCH_SITE];
    struct str host = host_of(x->headers[HEADER_ORIGIN]);

    if (site.ptr)
        return str_equal(site, STR("same-origin"));
    return host.len && str_equal_nocase(host, x->headers[HEADER_HOST]);
}

bool csrf_is_passed(const struct exchange *x, const char *token)
{
    struct str sent = x->headers[HEADER_X_CSRF_TOKEN], wanted = str_of(token);

    return is_same_origin(x) && wanted.len && sent.len == wanted.len &&
           secret_equal(sent.ptr, wanted.ptr, wanted.len);
}

bool csrf_is_foreign(const struct exchange *x)
{
    struct str site = x->headers[HEADER_SEC_FETCH_SITE];

    if (site.ptr)
        return !str_equal(site, STR("same-origin")) && !str_equal(site, STR("none"));
    return x->headers[HEADER_ORIGIN].ptr && !is_same_origin(x);
}
