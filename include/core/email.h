/* SPDX-License-Identifier: MIT */
/* E-mail addresses as browsers understand them, bounded as mail servers bound them. */
#ifndef CONTACTD_CORE_EMAIL_H
#define CONTACTD_CORE_EMAIL_H

#include "base/str.h"

enum { EMAIL_MAX = 254, EMAIL_LOCAL_MAX = 64, EMAIL_DOMAIN_MAX = 255, EMAIL_LABEL_MAX = 63 };

/*
 * The "valid e-mail address" of the HTML standard (section 4.10.5.1.5) with
 * the lengths of RFC 5321, in bytes, and beyond ASCII as RFC 6531 has it: any
 * code point above U+009F in the local part and in domain labels but spaces,
 * bidi controls and the byte order mark. Never true for a text with a line
 * break, so it may stand in a mail header. Any thread.
 */
bool email_is_valid(struct str text);

#endif
