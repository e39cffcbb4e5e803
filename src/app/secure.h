/* SPDX-License-Identifier: MIT */
/* What the options say of TLS, checked together and put into force. Main thread. */
#ifndef CONTACTD_APP_SECURE_H
#define CONTACTD_APP_SECURE_H

#include "config/config.h"
#include "http/redirect.h"

enum { HSTS_MAX = 32 };

/*
 * Reads the certificate; *ret_tls is NULL when TLS is off. ERR_INVALID: options that do not go
 * together. Else as tls_open(). `detail` names the remedy.
 */
MUST_CHECK enum err secure_open(const struct config *config, struct tls **ret_tls,
                                struct err_detail *detail);

/* The header's value, in `room`; NULL: none is to be sent. */
const char *secure_hsts(const struct config *config, char room[HSTS_MAX]);

/* Where the redirecting listener leads to when TLS listens on `port`. */
struct redirect secure_redirect(const struct config *config, struct tls *tls, unsigned port);

/*
 * Reads the files anew and tells the log and the metrics how that went; `why` is for the log.
 * NULL: there is nothing to read.
 */
void secure_reload(struct tls *tls, const char *why);

/* Tells of the certificate that is in force. */
void secure_tell(struct tls *tls, const char *why);

/*
 * Asks the server of this configuration, with TLS if it has that; what it says within 5 s is ended
 * by a NUL. False: nothing takes a connection there.
 */
bool secure_ask(const struct config *config, struct str request, char *ret_reply, size_t room);

#endif
