/* SPDX-License-Identifier: MIT */
/*
 * Where a webhook may go. Its URL is written by whoever may change a form, so it must not
 * become a way into the house that the server stands in: URLs have one reading, and no
 * connection is made to an address that is not of the public Internet. Pure; any thread.
 */
#ifndef CONTACTD_CORE_TARGET_H
#define CONTACTD_CORE_TARGET_H

#include "core/address.h"

enum { TARGET_URL_MAX = 2000 };

/*
 * An absolute https or http URL in visible ASCII, without user name and fragment, whose host is a
 * name or an address in its usual spelling (neither 127.1 nor 0x7f000001), its port, if any,
 * from 1.
 */
bool target_url_is_sound(struct str url);

/* Whether it is https; http is for those whom the operator allows plain posts. */
bool target_url_is_https(struct str url);

/* What follows host and port, query included: "/in?x=y"; empty when there is nothing. */
struct str target_url_path(struct str url);

struct target_rules {
    const struct cidr *allowed; /* may be reached, whatever they are */
    size_t allowed_count;
};

/*
 * Whether a connection may be made; `rules` is a struct target_rules (NULL: nothing is
 * allowed). To be given to the transport as its may_connect, which asks after names are
 * resolved.
 */
bool target_may_connect(void *rules, const uint8_t address[16], uint16_t port);

/* Why not: "loopback (RFC 1122)"; static; NULL when it may. */
const char *target_refusal(const struct target_rules *rules, const uint8_t address[16],
                           uint16_t port);

#endif
