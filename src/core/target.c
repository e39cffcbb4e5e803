/* SPDX-License-Identifier: MIT */
/*
 * The special-purpose ranges of IANA's registries
 * (https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry)
 * as one table. Of IPv6 only 2000::/3 is handed out at all, so everything else is refused by
 * what it is not. Addresses that carry an IPv4 address are judged by it where a gateway that
 * follows the standards would take the packet there (NAT64's well-known prefix), and refused
 * where the way was given up (6to4, Teredo, compatible and translated addresses, ISATAP).
 */
#include "core/target.h"

#include "core/web.h"

struct range {
    const char *cidr, *what;
};

static const struct range RANGES[] = {
    {"0.0.0.0/8", "this network (RFC 791)"},
    {"10.0.0.0/8", "private (RFC 1918)"},
    {"100.64.0.0/10", "shared by carriers (RFC 6598)"},
    {"127.0.0.0/8", "loopback (RFC 1122)"},
    {"169.254.0.0/16", "link-local (RFC 3927), where clouds keep their metadata"},
    {"172.16.0.0/12", "private (RFC 1918)"},
    {"192.0.0.0/24", "of protocols (RFC 6890)"},
    {"192.0.2.0/24", "for documentation (RFC 5737)"},
    {"192.31.196.0/24", "AS112 (RFC 7535)"},
    {"192.52.193.0/24", "AMT (RFC 7450)"},
    {"192.88.99.0/24", "6to4 relays (RFC 7526)"},
    {"192.168.0.0/16", "private (RFC 1918)"},
    {"192.175.48.0/24", "AS112 (RFC 7534)"},
    {"198.18.0.0/15", "for benchmarks (RFC 2544)"},
    {"198.51.100.0/24", "for documentation (RFC 5737)"},
    {"203.0.113.0/24", "for documentation (RFC 5737)"},
    {"224.0.0.0/4", "multicast (RFC 5771)"},
    {"240.0.0.0/4", "reserved or broadcast (RFC 1112, RFC 919)"},
    {"168.63.129.16/32", "the host of Azure's machines"},
    {"::/128", "unspecified (RFC 4291)"},
    {"::1/128", "loopback (RFC 4291)"},
    {"::/96", "IPv4-compatible (RFC 4291)"},
    {"::ffff:0:0:0/96", "IPv4-translated (RFC 2765)"},
    {"64:ff9b:1::/48", "local NAT64 (RFC 8215)"},
    {"100::/64", "discarded (RFC 6666)"},
    {"2001::/32", "Teredo (RFC 4380)"},
    {"2001::/23", "of protocols (RFC 2928)"},
    {"2001:db8::/32", "for documentation (RFC 3849)"},
    {"2002::/16", "6to4 (RFC 3056)"},
    {"2620:4f:8000::/48", "AS112 (RFC 7534)"},
    {"3ffe::/16", "6bone (RFC 3701)"},
    {"3fff::/20", "for documentation (RFC 9637)"},
    {"5f00::/16", "segment routing (RFC 9602)"},
    {"fc00::/7", "private (RFC 4193)"},
    {"fe80::/10", "link-local (RFC 4291)"},
    {"fec0::/10", "site-local (RFC 3879)"},
    {"ff00::/8", "multicast (RFC 4291)"},
};

/* Ports of services that take a post for commands: https://fetch.spec.whatwg.org/#port-blocking */
static const uint16_t BAD_PORTS[] = {
    0,    1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,    25,
    37,   42,   43,   53,   69,   77,   79,   87,   95,   101,  102,  103,  104,   109,
    110,  111,  113,  115,  117,  119,  123,  135,  137,  139,  143,  161,  179,   389,
    427,  465,  512,  513,  514,  515,  526,  530,  531,  532,  540,  548,  554,   556,
    563,  587,  601,  636,  989,  990,  993,  995,  1719, 1720, 1723, 2049, 3659,  4045,
    4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
};

/* --- addresses ----------------------------------------------------------- */

static bool is_within(const char *text, const struct address *address)
{
    struct cidr cidr;

    return cidr_parse(str_of(text), &cidr) && cidr_contains(&cidr, address);
}

static bool is_allowed(const struct target_rules *rules, const struct address *address)
{
    for (size_t i = 0; rules && i < rules->allowed_count; i++)
        if (cidr_contains(&rules->allowed[i], address))
            return true;
    return false;
}

/* 64:ff9b::a.b.c.d (RFC 6052) leads to a.b.c.d. */
static struct address behind_nat64(const struct address *address)
{
    struct address inner = *address;

    if (is_within("64:ff9b::/96", address))
        memcpy(inner.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    return inner;
}

/* ...:0:5efe:a.b.c.d behind any prefix (RFC 5214). */
static bool is_isatap(const struct address *address)
{
    return (address->bytes[8] & 0xfc) == 0 && address->bytes[9] == 0 &&
           address->bytes[10] == 0x5e && address->bytes[11] == 0xfe;
}

static const char *refusal_of_address(const struct address *address)
{
    for (size_t i = 0; i < COUNTOF(RANGES); i++)
        if (is_within(RANGES[i].cidr, address))
            return RANGES[i].what;
    if (address_is_v4(address))
        return NULL;
    if (is_isatap(address))
        return "ISATAP (RFC 5214)";
    return (address->bytes[0] & 0xe0) == 0x20 ? NULL : "not handed out to anybody (RFC 4291)";
}

const char *target_refusal(const struct target_rules *rules, const uint8_t address[16],
                           uint16_t port)
{
    struct address outer;

    memcpy(outer.bytes, address, sizeof outer.bytes);
    for (size_t i = 0; i < COUNTOF(BAD_PORTS); i++)
        if (BAD_PORTS[i] == port)
            return "a port of other services";
    struct address inner = behind_nat64(&outer);
    if (is_allowed(rules, &outer) || is_allowed(rules, &inner))
        return NULL;
    return refusal_of_address(&inner);
}

bool target_may_connect(void *rules, const uint8_t address[16], uint16_t port)
{
    return !target_refusal(rules, address, port);
}

/* --- URLs ---------------------------------------------------------------- */

/*
 * What readers of numbers take for an IPv4 address: 127.1, 0x7f.0.0.1, 2130706433. The URL
 * Standard's rule: the last label is a number.
 */
static bool ends_in_number(struct str host)
{
    size_t start = host.len;

    while (start > 0 && host.ptr[start - 1] != '.')
        start--;
    struct str label = {host.ptr + start, host.len - start};
    if (label.len >= 2 && label.ptr[0] == '0' && (label.ptr[1] | 0x20) == 'x')
        return true;
    for (size_t i = 0; i < label.len; i++)
        if (label.ptr[i] < '0' || label.ptr[i] > '9')
            return false;
    return true;
}

static bool is_sound_host(struct str host)
{
    struct address address;

    if (!host.len)
        return false;
    return (host.ptr[0] != '[' && !ends_in_number(host)) || address_parse(host, &address);
}

/* Where "https://host:port" ends. */
static size_t origin_length(struct str url)
{
    return web_url_origin(url).len;
}

static bool has_port_zero(struct str url)
{
    struct str origin = {url.ptr, origin_length(url)};
    struct str host = web_url_host(url);
    const char *behind = host.ptr + host.len;
    struct str port = {behind, (size_t)(origin.ptr + origin.len - behind)};
    uint64_t number;

    if (!port.len)
        return false;
    return !str_to_u64((struct str){port.ptr + 1, port.len - 1}, 65535, &number) || number == 0;
}

bool target_url_is_sound(struct str url)
{
    return url.len <= TARGET_URL_MAX && is_sound_host(web_url_host(url)) && !has_port_zero(url) &&
           !memchr(url.ptr, '#', url.len);
}

bool target_url_is_https(struct str url)
{
    return str_starts_with_nocase(url, STR("https://"));
}

struct str target_url_path(struct str url)
{
    size_t origin = origin_length(url);

    return (struct str){url.ptr + origin, url.len - origin};
}
