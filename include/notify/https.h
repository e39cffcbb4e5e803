/* SPDX-License-Identifier: MIT */
/*
 * One request to somebody else's server, over libcurl. Blocks, so it is for
 * threads that may wait; any of them.
 */
#ifndef CONTACTD_NOTIFY_HTTPS_H
#define CONTACTD_NOTIFY_HTTPS_H

#include "base/buf.h"

enum { HTTPS_REPLY_MAX = 64 * 1024 };

/*
 * Posts `form` (application/x-www-form-urlencoded) to `url` and appends the
 * body of a 2xx reply to `reply`. Only https, and http to this machine; no
 * redirects; over after `timeout_ms` whatever happens. ERR_IO: it did not
 * answer so; ERR_FULL: with more than `reply` holds. The detail tells.
 */
MUST_CHECK enum err https_post_form(const char *url, struct str form, int64_t timeout_ms,
                                    struct buf *reply, struct err_detail *detail);

#endif
