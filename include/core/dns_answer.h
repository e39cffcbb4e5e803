/* SPDX-License-Identifier: MIT */
/* A name server's answer, read (RFC 1035): the records of one type, as texts. Pure; any thread. */
#ifndef CONTACTD_CORE_DNS_ANSWER_H
#define CONTACTD_CORE_DNS_ANSWER_H

#include "base/buf.h"

enum dns_type { DNS_MX = 15, DNS_TXT = 16 };

/*
 * Appends a line for each record of this type in the answer: a TXT's strings joined, bytes that are
 * not printable ASCII as '?'; an MX's preference. Returns how many; -1: malformed. An answer that
 * was cut short (TC) is read as far as it goes.
 */
int dns_answer_read(struct str answer, enum dns_type type, struct buf *out);

#endif
