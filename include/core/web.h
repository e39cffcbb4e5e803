/* SPDX-License-Identifier: MIT */
/*
 * Origins, hosts and targets, as far as deciding about them goes. Strict on
 * purpose: whatever two readers could take for different places is no place
 * (backslashes, user names, control characters, a missing scheme). Pure.
 */
#ifndef CONTACTD_CORE_WEB_H
#define CONTACTD_CORE_WEB_H

#include "base/str.h"

/* "example.org": letters, digits, '-' and '.', or an IP address in brackets; no port. */
bool web_is_host(struct str text);

/* A host as a certificate has it: an IPv6 address without its brackets. */
struct str web_host_bare(struct str host);

/* "https://example.org", "http://localhost:8080" or "https://" + "*.example.org"; no path. */
bool web_is_origin_pattern(struct str text);

/*
 * Whether an Origin header (RFC 6454, section 7) is meant by a pattern. A
 * wildcard stands for one or more labels. Default ports may be written or not.
 */
bool web_origin_fits(struct str pattern, struct str origin);

/* Whether a host, whatever its port and scheme, is meant by a pattern. */
bool web_host_fits(struct str pattern, struct str host);

/* A path on some site: '/' and no second '/' or '\' behind it; visible ASCII only. */
bool web_is_path(struct str text);

/*
 * The host of an absolute http or https URL without user name; empty when it
 * is not one, or is not written in visible ASCII.
 */
struct str web_url_host(struct str url);

/* The origin of such a URL, as it is written there: "https://example.org:8443"; likewise. */
struct str web_url_origin(struct str url);

#endif
