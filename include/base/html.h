/* SPDX-License-Identifier: MIT */
/* Text into HTML. Any thread. */
#ifndef CONTACTD_BASE_HTML_H
#define CONTACTD_BASE_HTML_H

#include "base/buf.h"

/*
 * Appends `text` so that it is nothing but text, between tags and inside
 * quoted attributes alike: & < > " ' become references; what is not UTF-8, and
 * control characters but tab and line breaks, become U+FFFD.
 */
void html_put(struct buf *out, struct str text);

#endif
