/* SPDX-License-Identifier: MIT */
/*
 * Addresses as sixteen bytes, and the walk through X-Forwarded-For. Each proxy
 * appends the peer that it saw, so the list is believed from the right, and
 * only as far as the hop that wrote an entry is one of ours: what a visitor
 * sent in that header himself stands further left and is never reached.
 */
#include "core/address.h"

#include <arpa/inet.h>

enum { V4_BITS_AT = 96 };

static const uint8_t V4_PREFIX[12] = {[10] = 0xff, [11] = 0xff};

bool address_is_v4(const struct address *address)
{
    return memcmp(address->bytes, V4_PREFIX, sizeof V4_PREFIX) == 0;
}

bool address_parse(struct str text, struct address *ret_address)
{
    char copy[ADDRESS_TEXT_LEN + 1] = "";
    struct address address;

    bool has_brackets = text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']';
    if (has_brackets)
        text = (struct str){text.ptr + 1, text.len - 2};
    if (text.len == 0 || text.len > ADDRESS_TEXT_LEN || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(copy, text.ptr, text.len);
    if (inet_pton(AF_INET6, copy, address.bytes) != 1) {
        memcpy(address.bytes, V4_PREFIX, sizeof V4_PREFIX);
        if (has_brackets || inet_pton(AF_INET, copy, address.bytes + sizeof V4_PREFIX) != 1)
            return false;
    }
    *ret_address = address;
    return true;
}

void address_format(const struct address *address, char ret_text[ADDRESS_TEXT_LEN + 1])
{
    bool is_v4 = address_is_v4(address);

    inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? sizeof V4_PREFIX : 0), ret_text,
              ADDRESS_TEXT_LEN + 1);
}

/* `address` with everything behind its first `bits` cleared. */
static struct address prefix_of(const struct address *address, unsigned bits)
{
    struct address prefix = {{0}};

    memcpy(prefix.bytes, address->bytes, bits / 8);
    if (bits % 8)
        prefix.bytes[bits / 8] = (uint8_t)(address->bytes[bits / 8] & 0xff << (8 - bits % 8));
    return prefix;
}

static bool is_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool cidr_parse(struct str text, struct cidr *ret_cidr)
{
    struct str bits_text = text;
    struct str base_text = str_cut(&bits_text, '/');
    struct address base;

    if (!address_parse(base_text, &base))
        return false;
    unsigned first = memchr(base_text.ptr, ':', base_text.len) ? 0 : V4_BITS_AT;
    uint64_t bits = 128 - first;
    if (bits_text.ptr && !str_to_u64(bits_text, bits, &bits))
        return false;
    ret_cidr->bits = first + (unsigned)bits;
    ret_cidr->base = prefix_of(&base, ret_cidr->bits);
    return true;
}

bool cidr_contains(const struct cidr *cidr, const struct address *address)
{
    struct address prefix = prefix_of(address, cidr->bits);

    return is_equal(&prefix, &cidr->base);
}

struct address address_source_key(const struct address *address)
{
    return address_is_v4(address) ? *address : prefix_of(address, 64);
}

static bool is_trusted(const struct address *address, const struct cidr *trusted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cidr_contains(&trusted[i], address))
            return true;
    return false;
}

/* What stands behind the last `separator`, which it takes off `*rest` with it. */
static struct str cut_last(struct str *rest, char separator)
{
    struct str tail = *rest;
    const char *at = rest->len ? memrchr(rest->ptr, separator, rest->len) : NULL;

    if (!at) {
        *rest = (struct str){0};
        return tail;
    }
    rest->len = (size_t)(at - rest->ptr);
    tail.len -= rest->len + 1;
    tail.ptr = at + 1;
    return tail;
}

/* An address, perhaps with a port: some proxies append "192.0.2.1:4711" or "[2001:db8::1]:4711". */
static bool parse_hop(struct str text, struct address *ret_address)
{
    uint64_t port;

    if (address_parse(text, ret_address))
        return true;
    struct str port_text = cut_last(&text, ':');
    if (!text.ptr || !str_to_u64(port_text, 65535, &port))
        return false;
    bool has_brackets = text.len && text.ptr[text.len - 1] == ']';
    if (!has_brackets && text.len && memchr(text.ptr, ':', text.len))
        return false;
    return address_parse(text, ret_address);
}

struct address address_client(const struct address *peer, struct str forwarded_for,
                              const struct cidr *trusted, size_t trusted_count)
{
    struct address client = *peer;

    while (forwarded_for.len && is_trusted(&client, trusted, trusted_count)) {
        struct str entry = str_trim(cut_last(&forwarded_for, ','));
        if (!parse_hop(entry, &client))
            break;
    }
    return client;
}

struct str address_source_text(struct str source, char room[ADDRESS_TEXT_LEN + 1])
{
    struct address address;

    if (!address_parse(source, &address))
        return source;
    address = address_source_key(&address);
    address_format(&address, room);
    return str_of(room);
}
