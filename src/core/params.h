/* SPDX-License-Identifier: MIT */
/* The parameters of a header field such as Content-Type or Content-Disposition. */
#ifndef CONTACTD_CORE_PARAMS_H
#define CONTACTD_CORE_PARAMS_H

#include "base/str.h"

struct param {
    const char *name; /* compared without case */
    struct str value; /* without its quotes, escapes as they are; ptr NULL: not there */
};

/*
 * Reads `text`, a list of name=value or name="value" with ';' between them
 * (RFC 9110, section 5.6.6), and sets the values of `list`; other names are
 * passed over. False: malformed, or one of the list comes twice. Pure; any thread.
 */
MUST_CHECK bool params_read(struct str text, struct param *list, size_t count);

#endif
