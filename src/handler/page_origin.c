/* SPDX-License-Identifier: MIT */
/* See the header: no state, no decision. */
#include "page_origin.h"

#include "core/web.h"

static struct str origin_of_url(struct str url)
{
    static const struct str MARK = {"://", 3};
    const char *mark = url.len ? memmem(url.ptr, url.len, MARK.ptr, MARK.len) : NULL;

    if (!mark)
        return (struct str){0};
    size_t start = (size_t)(mark - url.ptr) + MARK.len;
    size_t len = start;
    while (len < url.len && !strchr("/?#", url.ptr[len]))
        len++;
    return len > start ? (struct str){url.ptr, len} : (struct str){0};
}

struct str page_origin(const struct exchange *x)
{
    struct str origin = x->headers[HEADER_ORIGIN];

    if (origin.len && !str_equal(origin, STR("null")))
        return origin;
    return origin_of_url(x->headers[HEADER_REFERER]);
}

struct str page_url(const struct exchange *x, struct str told)
{
    struct str claimed = web_url_origin(told), seen = page_origin(x);

    if (claimed.ptr && (!seen.ptr || str_equal_nocase(claimed, seen)))
        return told;
    return x->headers[HEADER_REFERER];
}
