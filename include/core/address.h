/* SPDX-License-Identifier: MIT */
/*
 * IP addresses, ranges of them, and which one a request came from when proxies
 * stand between. IPv4 is kept as its mapped form, ::ffff:a.b.c.d, so that both
 * ways of writing one are equal. Pure; any thread.
 */
#ifndef CONTACTD_CORE_ADDRESS_H
#define CONTACTD_CORE_ADDRESS_H

#include "base/str.h"

struct address {
    uint8_t bytes[16];
};

enum { ADDRESS_TEXT_LEN = 45 };

/* A range; bits of `base` behind the first `bits` are zero. */
struct cidr {
    struct address base;
    unsigned bits; /* 0 to 128, also for IPv4: 10.0.0.0/8 has 104 */
};

/* Strict: a dotted quad, or IPv6 with or without brackets. No zone, no port. */
MUST_CHECK bool address_parse(struct str text, struct address *ret_address);

/* IPv4 as a dotted quad, IPv6 as in RFC 5952; NUL-terminated. */
void address_format(const struct address *address, char ret_text[ADDRESS_TEXT_LEN + 1]);

bool address_is_v4(const struct address *address);

/* "10.0.0.0/8", "fd00::/8", or one address alone. Bits behind the prefix are cleared. */
MUST_CHECK bool cidr_parse(struct str text, struct cidr *ret_cidr);
bool cidr_contains(const struct cidr *cidr, const struct address *address);

/*
 * What limits are counted by: an IPv4 address as it is, of an IPv6 address the
 * first 64 bits, since one subscriber has at least that many.
 */
struct address address_source_key(const struct address *address);

/*
 * The same as a text: for an address in `room`, and what is no address (a unix
 * socket) is `source` itself.
 */
struct str address_source_text(struct str source, char room[ADDRESS_TEXT_LEN + 1]);

/*
 * The right-most address that is not a trusted proxy, starting from `peer` and
 * going left through `forwarded_for` (the X-Forwarded-For values joined by
 * commas; ports are allowed). At an entry that is no address it stops and
 * stays with the last hop known. If all are trusted, the left-most.
 */
struct address address_client(const struct address *peer, struct str forwarded_for,
                              const struct cidr *trusted, size_t trusted_count);

#endif
