/* SPDX-License-Identifier: MIT */
/* Links and markup in a plain text, found in one pass. Any thread. */
#ifndef CONTACTD_CORE_LINKS_H
#define CONTACTD_CORE_LINKS_H

#include "base/str.h"

enum link_kind {
    LINK_URL,    /* with a scheme: http://example.org/x */
    LINK_BARE,   /* without one: www.example.org, example.com/x */
    LINK_BBCODE, /* the start of a forum's link: [url=, [link], [img] */
    LINK_ANCHOR, /* the start of an HTML link */
    LINK_ACTIVE, /* an HTML element that loads or runs something: <script, <img */
    LINK_TAG,    /* any other HTML element of running text */
    LINK__COUNT
};

struct link {
    enum link_kind kind;
    struct str host;  /* of the first two kinds, without "www."; else empty */
    struct str whole; /* from its first byte to its last */
};

struct link_scan {
    struct str text;
    size_t at; /* starts at 0 */
};

/*
 * Finds the next one; false at the end of the text. What a [url= or an anchor
 * points to is found as a link of its own after it. E-mail addresses are none.
 */
bool link_next(struct link_scan *scan, struct link *ret_link);

/* Whether `host` is `domain` or lies below it, without regard to case. */
bool link_host_is_within(struct str host, struct str domain);

#endif
