/* SPDX-License-Identifier: MIT */
/* Sending on to https whoever asks by http. Any thread. */
#ifndef CONTACTD_HTTP_REDIRECT_H
#define CONTACTD_HTTP_REDIRECT_H

#include "base/buf.h"
#include "http/tls.h"

struct redirect {
    struct str
        origin;      /* where to, "https://forms.example"; empty: to the name that was asked for */
    struct tls *tls; /* whose certificate must be for that name; with an origin it may be NULL */
    unsigned port;   /* of https; 443 goes without saying */
};

/*
 * Appends the URL under which `target`, a path in visible ASCII, is to be had by https. `host` is a
 * Host header, or empty. False: it is no name that we answer for, and nothing is appended.
 */
bool redirect_put(const struct redirect *redirect, struct str host, struct str target,
                  struct buf *out);

#endif
