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

static bool is_this_machine(struct str host)
{
    struct str name = host;

    if (str_starts_with(host, STR("[::1]")))
        return true;
    name = str_cut(&name, ':');
    bool is_address = name.len;
    for (size_t i = 0; i < name.len; i++)
        is_address = is_address && strchr("0123456789.", name.ptr[i]);
    return str_equal_nocase(name, STR("localhost")) ||
           (is_address && str_starts_with(name, STR("127.")));
}

void page_own_origin(const struct exchange *x, struct buf *out)
{
    struct str host = x->headers[HEADER_HOST], origin = x->headers[HEADER_ORIGIN], rest = origin;

    if (!host.len)
        return;
    (void)str_cut(&rest, ':');
    bool is_own_page = str_starts_with(rest, STR("//")) &&
                       str_equal_nocase((struct str){rest.ptr + 2, rest.len - 2}, host) &&
                       web_url_origin(origin).len == origin.len;
    if (is_own_page) {
        buf_put(out, origin);
        return;
    }
    buf_put(out, !x->is_secure && is_this_machine(host) ? STR("http://") : STR("https://"));
    buf_put(out, host);
}
