/* SPDX-License-Identifier: MIT */
/* A certificate and its key, as long as a connection or the server itself uses them. */
#ifndef CONTACTD_HTTP_TLS_PAIR_H
#define CONTACTD_HTTP_TLS_PAIR_H

#include <gnutls/gnutls.h>

#include "http/tls.h"

struct tls_pair;

/* The pair in force, which is the caller's too until tls_give(). Any thread. */
struct tls_pair *tls_take(struct tls *tls);
void tls_give(struct tls_pair *pair); /* NULL is allowed */

gnutls_certificate_credentials_t tls_credentials(const struct tls_pair *pair);

#endif
