/* SPDX-License-Identifier: MIT */
/*
 * A scanner that rushes from one telling byte to the next: a colon may follow
 * a scheme, a dot may stand in a host, brackets may open markup. Every byte is
 * passed at most twice, whatever the text. A dot between words that merely
 * lacks its blank is kept apart from a host by a list of top-level domains.
 */
#include "core/links.h"

#include <stdlib.h>

enum { SCHEME_MAX = 5, TLD_MAX = 8 };

/* Under which bare names are links; sorted. No file suffixes that people write (.md, .sh, .zip). */
static const char *const TLDS[] = {
    "ae",     "agency", "ai",
    "app",    "art",    "at",
    "au",     "be",     "bet",
    "bg",     "bid",    "biz",
    "blog",   "br",     "buzz",
    "by",     "ca",     "cam",
    "casino", "cc",     "cfd",
    "ch",     "cl",     "click",
    "cloud",  "club",   "cn",
    "co",     "com",    "cyou",
    "cz",     "date",   "de",
    "design", "dev",    "digital",
    "dk",     "edu",    "es",
    "eu",     "fi",     "fr",
    "fun",    "fyi",    "gg",
    "gl",     "gov",    "gr",
    "hk",     "homes",  "hr",
    "hu",     "icu",    "ie",
    "il",     "in",     "info",
    "ink",    "io",     "ir",
    "it",     "jp",     "kr",
    "kz",     "life",   "link",
    "live",   "loan",   "lol",
    "ltd",    "lv",     "ly",
    "me",     "media",  "men",
    "mobi",   "mx",     "net",
    "news",   "nl",     "no",
    "nz",     "one",    "online",
    "org",    "page",   "ph",
    "pk",     "pl",     "pro",
    "pt",     "pw",     "quest",
    "ro",     "rs",     "ru",
    "sbs",    "se",     "shop",
    "si",     "site",   "sk",
    "space",  "store",  "stream",
    "su",     "tech",   "tk",
    "to",     "today",  "tokyo",
    "top",    "tr",     "trade",
    "travel", "tv",     "tw",
    "ua",     "uk",     "us",
    "vip",    "vn",     "win",
    "work",   "world",  "ws",
    "xyz",    "za",     "\xd1\x80\xd1\x84",
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

static bool is_host(char c)
{
    return is_alnum(c) || c == '-' || c == '.';
}

/* Bytes that no link holds as people paste it. */
static bool ends_link(char c)
{
    return (unsigned char)c <= ' ' || strchr("<>\"[]", c);
}

static int compare_tld(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

static bool is_upper(char c)
{
    return c != lower(c);
}

/* "like it.It is" lacks a blank; nobody writes a domain like that. */
static bool is_tld(struct str label)
{
    char key[TLD_MAX + 1] = "";

    if (label.len < 2 || label.len > TLD_MAX || (is_upper(label.ptr[0]) && !is_upper(label.ptr[1])))
        return false;
    for (size_t i = 0; i < label.len; i++)
        key[i] = lower(label.ptr[i]);
    return bsearch(key, TLDS, COUNTOF(TLDS), sizeof TLDS[0], compare_tld);
}

static struct str last_label(struct str host)
{
    size_t at = host.len;

    while (at && host.ptr[at - 1] != '.')
        at--;
    return (struct str){host.ptr + at, host.len - at};
}

static struct str without_www(struct str host)
{
    if (!str_starts_with_nocase(host, STR("www.")))
        return host;
    return (struct str){host.ptr + 4, host.len - 4};
}

static size_t skip_host(struct str text, size_t at)
{
    while (at < text.len && is_host(text.ptr[at]))
        at++;
    return at;
}

/* Where the link ends whose host ends at `from`, without the sentence's own punctuation. */
static size_t link_end(struct str text, size_t from)
{
    size_t at = from;

    while (at < text.len && !ends_link(text.ptr[at]))
        at++;
    while (at > from && strchr(".,;:!?')", text.ptr[at - 1]))
        at--;
    return at;
}

static struct str slice(struct str text, size_t from, size_t to)
{
    return (struct str){text.ptr + from, to - from};
}

/* The colon at `at`: does a scheme stand before it and "//" behind? */
static bool read_url(struct link_scan *scan, size_t at, struct link *ret_link)
{
    static const char *const SCHEMES[] = {"http", "https", "ftp", "hxxp", "hxxps", "ldap"};
    const struct str text = scan->text;
    size_t from = at;

    if (at + 3 >= text.len || text.ptr[at + 1] != '/' || text.ptr[at + 2] != '/')
        return false;
    while (from > scan->at && at - from < SCHEME_MAX && is_alnum(text.ptr[from - 1]))
        from--;
    size_t host_end = skip_host(text, at + 3);
    for (size_t i = 0; i < COUNTOF(SCHEMES); i++)
        if (str_equal_nocase(slice(text, from, at), str_of(SCHEMES[i])) && host_end > at + 3) {
            scan->at = link_end(text, host_end);
            *ret_link = (struct link){LINK_URL, without_www(slice(text, at + 3, host_end)),
                                      slice(text, from, scan->at)};
            return true;
        }
    return false;
}

/*
 * The dot at `at`: does it stand in a host? Either way the scan goes on behind
 * the word, which is what keeps it linear.
 */
static bool read_bare(struct link_scan *scan, size_t at, struct link *ret_link)
{
    const struct str text = scan->text;
    size_t from = at, end = skip_host(text, at);

    while (from > scan->at && is_host(text.ptr[from - 1]))
        from--;
    bool is_address =
        (from && text.ptr[from - 1] == '@') || (end < text.len && text.ptr[end] == '@');
    scan->at = end;
    while (end > from && !is_alnum(text.ptr[end - 1]))
        end--;
    struct str host = slice(text, from, end);
    if (is_address || from == at || end <= at || !is_alnum(host.ptr[0]) ||
        !(is_tld(last_label(host)) || str_starts_with_nocase(host, STR("www."))))
        return false;
    if (end == scan->at && end < text.len && strchr("/:?#", text.ptr[end]))
        scan->at = end = link_end(text, end);
    *ret_link = (struct link){LINK_BARE, without_www(host), slice(text, from, end)};
    return true;
}

struct mark_row {
    struct str text;
    enum link_kind kind;
};

#define MARK(text, kind)                                                                           \
    {                                                                                              \
        {text, sizeof text - 1}, kind                                                              \
    }

/* What may follow an opening bracket; an element's name ends at a blank, a slash or '>'. */
static const struct mark_row BBCODES[] = {
    MARK("url=", LINK_BBCODE),  MARK("url]", LINK_BBCODE), MARK("link=", LINK_BBCODE),
    MARK("link]", LINK_BBCODE), MARK("img]", LINK_BBCODE), MARK("email=", LINK_BBCODE),
};

static const struct mark_row ELEMENTS[] = {
    MARK("a", LINK_ANCHOR),     MARK("script", LINK_ACTIVE), MARK("iframe", LINK_ACTIVE),
    MARK("img", LINK_ACTIVE),   MARK("svg", LINK_ACTIVE),    MARK("object", LINK_ACTIVE),
    MARK("embed", LINK_ACTIVE), MARK("form", LINK_ACTIVE),   MARK("meta", LINK_ACTIVE),
    MARK("link", LINK_ACTIVE),  MARK("video", LINK_ACTIVE),  MARK("details", LINK_ACTIVE),
    MARK("body", LINK_ACTIVE),  MARK("b", LINK_TAG),         MARK("strong", LINK_TAG),
    MARK("i", LINK_TAG),        MARK("em", LINK_TAG),        MARK("u", LINK_TAG),
    MARK("p", LINK_TAG),        MARK("br", LINK_TAG),        MARK("div", LINK_TAG),
    MARK("span", LINK_TAG),     MARK("font", LINK_TAG),      MARK("center", LINK_TAG),
    MARK("h1", LINK_TAG),       MARK("h2", LINK_TAG),        MARK("h3", LINK_TAG),
    MARK("ul", LINK_TAG),       MARK("li", LINK_TAG),        MARK("table", LINK_TAG),
    MARK("style", LINK_TAG),
};

/* Whether an element's name ends at `at`; "a <b or c" is arithmetic, not bold. */
static bool name_ends(struct str rest, size_t at, enum link_kind kind)
{
    if (at >= rest.len)
        return false;
    if (at == 1 && kind == LINK_TAG)
        return rest.ptr[at] == '>';
    return (unsigned char)rest.ptr[at] <= ' ' || strchr("/>", rest.ptr[at]);
}

static bool read_mark(struct link_scan *scan, size_t at, struct link *ret_link)
{
    const bool is_element = scan->text.ptr[at] == '<';
    const struct mark_row *rows = is_element ? ELEMENTS : BBCODES;
    const size_t count = is_element ? COUNTOF(ELEMENTS) : COUNTOF(BBCODES);
    struct str rest = slice(scan->text, at + 1, scan->text.len);

    for (size_t i = 0; i < count && rest.len && is_alnum(rest.ptr[0]); i++)
        if (lower(rest.ptr[0]) == rows[i].text.ptr[0] &&
            str_starts_with_nocase(rest, rows[i].text) &&
            (!is_element || name_ends(rest, rows[i].text.len, rows[i].kind))) {
            scan->at = at + 1 + rows[i].text.len;
            *ret_link = (struct link){rows[i].kind, STR(""), slice(scan->text, at, scan->at)};
            return true;
        }
    return false;
}

/* The readers of the telling bytes. */
static bool (*const READERS[256])(struct link_scan *, size_t, struct link *) = {
    [':'] = read_url,
    ['.'] = read_bare,
    ['['] = read_mark,
    ['<'] = read_mark,
};

bool link_next(struct link_scan *scan, struct link *ret_link)
{
    const struct str text = scan->text;

    for (size_t at = scan->at; at < text.len;) {
        if (!READERS[(unsigned char)text.ptr[at]]) {
            at++;
            continue;
        }
        if (READERS[(unsigned char)text.ptr[at]](scan, at, ret_link))
            return true;
        at = scan->at > at ? scan->at : at + 1;
    }
    scan->at = text.len;
    return false;
}

bool link_host_is_within(struct str host, struct str domain)
{
    if (!domain.len || host.len < domain.len)
        return false;
    size_t above = host.len - domain.len;
    struct str tail = {host.ptr + above, domain.len};
    return str_equal_nocase(tail, domain) && (above == 0 || host.ptr[above - 1] == '.');
}
