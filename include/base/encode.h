/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648), percent-encoding (RFC 3986). Pure; any thread. */
#ifndef CONTACTD_BASE_ENCODE_H
#define CONTACTD_BASE_ENCODE_H

#include <stdint.h>

#include "base/str.h"

/* Text bytes of `bytes` raw ones in base64url without padding. */
#define BASE64URL_LEN(bytes) (((bytes)*4 + 2) / 3)

/* The same of classic base64. */
#define BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)

/* Base64url without padding (RFC 4648, section 5), NUL-terminated. */
void base64url_encode(const void *bytes, size_t len, char *ret_text);

/*
 * Strict: no padding, no white space, no stray bits. Writes at most `room`
 * bytes; false when the text is malformed or longer.
 */
MUST_CHECK bool base64url_decode(struct str text, void *ret_bytes, size_t room, size_t *ret_len);

/* The same for classic base64 with padding (section 4), as in HTTP Basic and in mails. */
void base64_encode(const void *bytes, size_t len, char *ret_text);
MUST_CHECK bool base64_decode(struct str text, void *ret_bytes, size_t room, size_t *ret_len);

/*
 * Decodes %XX into `ret_text` (as long as the input at most) and, when
 * `plus_is_space`, '+' into ' '. False for a broken escape and for an escaped
 * or raw NUL.
 */
MUST_CHECK bool percent_decode(struct str text, bool plus_is_space, char *ret_text,
                               size_t *ret_len);

/*
 * Decodes %XX and '+' as the URL Standard does for forms: a '%' that begins no
 * escape stays. Writes at most `text.len` bytes, NUL among them if there is
 * one; returns how many.
 */
size_t percent_decode_form(struct str text, char *ret_text);

#endif
