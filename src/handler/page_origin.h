/* SPDX-License-Identifier: MIT */
/* Which page a request comes from, and to where, as far as the request tells. */
#ifndef CONTACTD_HANDLER_PAGE_ORIGIN_H
#define CONTACTD_HANDLER_PAGE_ORIGIN_H

#include "http/exchange.h"

/*
 * The page's origin, "https://example.org" (RFC 6454, section 6.1): the Origin
 * header or, without one or with "null", the beginning of the Referer. ptr
 * NULL: it is not known. Points into the headers.
 */
struct str page_origin(const struct exchange *x);

/*
 * The page's URL: what it says of itself in its form (`told`) unless the
 * browser says otherwise, for browsers tell other sites only where it begins;
 * else the Referer. ptr NULL: it is not known.
 */
struct str page_url(const struct exchange *x, struct str told);

/*
 * Appends where we are for whoever asks, "https://forms.example"; nothing if that is
 * not known. Our own page says how it reaches us; else it is https, without which
 * browsers keep nobody signed in, but for a host that is the machine itself, without TLS of our
 * own.
 */
void page_own_origin(const struct exchange *x, struct buf *out);

#endif
