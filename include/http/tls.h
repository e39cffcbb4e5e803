/* SPDX-License-Identifier: MIT */
/*
 * The certificate and key that a server speaks TLS with. They are exchanged as a
 * pair: connections that are open keep the one they began with, later ones get the
 * newer. What cannot be used is refused as a whole, and the pair before stays.
 */
#ifndef CONTACTD_HTTP_TLS_H
#define CONTACTD_HTTP_TLS_H

#include "base/err.h"
#include "base/str.h"

struct tls;

enum { TLS_NAMES_MAX = 256 };

/* What can be told of a certificate. */
struct tls_facts {
    int64_t begins_at_ms, expires_at_ms;
    size_t chain;      /* certificates in the file */
    unsigned rsa_bits; /* of its key; 0: that is of another kind */
    bool is_self_signed;
    bool is_chain_whole;       /* each one is issued by the next */
    char names[TLS_NAMES_MAX]; /* "a.example, *.b.example, 192.0.2.1"; cut when it is longer */
};

/*
 * Reads a chain and its key, both PEM; the names of the files are borrowed until tls_close().
 * ERR_NOT_FOUND, ERR_DENIED, ERR_IO: a file cannot be read. ERR_INVALID: no certificate, no
 * key, or a key that is not the certificate's. `detail` names file, reason and remedy.
 */
MUST_CHECK enum err tls_open(const char *cert_file, const char *key_file, struct tls **ret_tls,
                             struct err_detail *detail);

/* When no server uses it any more. NULL is allowed. */
void tls_close(struct tls *tls);

/*
 * Reads both files anew, for connections from now on. Fails like tls_open(), and everything is as
 * before; so it is also (ERR_INVALID) when the new certificate has expired or is not valid yet and
 * the one in force is valid. One thread at a time, while servers run.
 */
MUST_CHECK enum err tls_reload(struct tls *tls, struct err_detail *detail);

/*
 * Whether the files are others than those that were read last, and were already so at the call
 * before, so that nobody is in the middle of writing them. Also when they could not be opened and
 * now can, or were too early and no longer are. The thread that reloads.
 */
bool tls_has_changed(struct tls *tls);

/* When the certificate that is in force expires, as Unix time. Any thread. */
int64_t tls_expires_at_ms(struct tls *tls);

/* Is the certificate that is in force for this name or address? IPv6 without brackets. Any thread.
 */
bool tls_is_for(struct tls *tls, struct str host);

void tls_describe(struct tls *tls, struct tls_facts *ret_facts);

/*
 * Asks a server on this machine, over a connected, blocking socket that stays the caller's:
 * sends `request`, reads until `room` - 1 bytes or the end have come, and ends them with a NUL. The
 * server need not prove who it is. False: it does not speak TLS, or says nothing.
 */
bool tls_ask(int fd, struct str request, char *ret_reply, size_t room);

#endif
