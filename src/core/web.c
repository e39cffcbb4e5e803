/* SPDX-License-Identifier: MIT */
/* One small reader of "scheme://host[:port]", and the comparisons that stand on it. */
#include "core/web.h"

struct place {
    bool is_https, has_wildcard;
    struct str host; /* without the wildcard's "*." */
    uint64_t port;
};

static bool take_prefix(struct str *text, struct str prefix)
{
    if (!str_starts_with_nocase(*text, prefix))
        return false;
    text->ptr += prefix.len;
    text->len -= prefix.len;
    return true;
}

static bool take_scheme(struct str *text, bool *ret_is_https)
{
    *ret_is_https = take_prefix(text, STR("https://"));
    return *ret_is_https || take_prefix(text, STR("http://"));
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool is_literal(struct str text)
{
    if (text.len < 4 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < text.len; i++)
        if (!strchr("0123456789abcdefABCDEF:.", text.ptr[i]))
            return false;
    return true;
}

bool web_is_host(struct str text)
{
    size_t label = 0;

    if (is_literal(text))
        return true;
    for (size_t i = 0; i < text.len; i++) {
        bool is_dot = text.ptr[i] == '.';
        if (is_dot ? label == 0 : !is_host_char(text.ptr[i]))
            return false;
        label = is_dot ? 0 : label + 1;
    }
    return label > 0 && text.len <= 253; /* neither empty nor ending with a dot */
}

struct str web_host_bare(struct str host)
{
    return is_literal(host) ? (struct str){host.ptr + 1, host.len - 2} : host;
}

/* Where the host ends: at the colon of a port; an address in brackets has colons of its own. */
static size_t host_end(struct str text)
{
    const char *close = text.len ? memchr(text.ptr, ']', text.len) : NULL;
    size_t end = close ? (size_t)(close - text.ptr) + 1 : 0;

    while (end < text.len && text.ptr[end] != ':')
        end++;
    return end;
}

/* Splits "host" or "host:port". */
static bool split_port(struct str text, uint64_t standard, struct place *place)
{
    size_t end = host_end(text);

    place->host = (struct str){text.ptr, end};
    place->port = standard;
    if (!web_is_host(place->host))
        return false;
    return end == text.len ||
           str_to_u64((struct str){text.ptr + end + 1, text.len - end - 1}, 65535, &place->port);
}

static bool read_place(struct str text, bool may_have_wildcard, struct place *place)
{
    *place = (struct place){.port = 0};
    if (!take_scheme(&text, &place->is_https))
        return false;
    place->has_wildcard = may_have_wildcard && take_prefix(&text, STR("*."));
    return split_port(text, place->is_https ? 443 : 80, place);
}

bool web_is_origin_pattern(struct str text)
{
    struct place place;

    return read_place(text, true, &place);
}

static bool hosts_fit(const struct place *pattern, struct str host)
{
    if (!pattern->has_wildcard)
        return str_equal_nocase(pattern->host, host);
    if (host.len <= pattern->host.len + 1)
        return false;
    size_t cut = host.len - pattern->host.len;
    return host.ptr[cut - 1] == '.' &&
           str_equal_nocase(pattern->host, (struct str){host.ptr + cut, pattern->host.len});
}

bool web_origin_fits(struct str pattern, struct str origin)
{
    struct place want, got;

    return read_place(pattern, true, &want) && read_place(origin, false, &got) &&
           want.is_https == got.is_https && want.port == got.port && hosts_fit(&want, got.host);
}

bool web_host_fits(struct str pattern, struct str host)
{
    struct place want;

    return read_place(pattern, true, &want) && hosts_fit(&want, host);
}

bool web_is_path(struct str text)
{
    if (!text.len || text.ptr[0] != '/' || !str_is_visible_ascii(text) ||
        memchr(text.ptr, '\\', text.len))
        return false;
    return text.len == 1 || text.ptr[1] != '/';
}

/* What stands before path and query; false when it is no URL of ours to use. */
static bool read_url(struct str url, struct str *ret_origin, struct place *place)
{
    struct str rest = url;
    size_t end = 0;

    if (!take_scheme(&rest, &place->is_https) || !str_is_visible_ascii(url) ||
        memchr(url.ptr, '\\', url.len))
        return false;
    while (end < rest.len && !strchr("/?#", rest.ptr[end]))
        end++;
    *ret_origin = (struct str){url.ptr, url.len - rest.len + end};
    /* Everything up to there must be host and port; '@' is in neither. */
    return split_port((struct str){rest.ptr, end}, 0, place);
}

struct str web_url_host(struct str url)
{
    struct place place = {.port = 0};
    struct str origin;

    return read_url(url, &origin, &place) ? place.host : (struct str){0};
}

struct str web_url_origin(struct str url)
{
    struct place place = {.port = 0};
    struct str origin;

    return read_url(url, &origin, &place) ? origin : (struct str){0};
}
