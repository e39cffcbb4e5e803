/* SPDX-License-Identifier: MIT */
/*
 * Mails and posts on their way, many at once, over libcurl: nothing here blocks but
 * transport_poll(), and that for as long as it is told. Owner only: one
 * thread opens, sends, polls and closes; transport_wake() is for any thread. libcurl is loaded with
 * the first parcel. Mails share a few threads that the transport makes (and up to four
 * connections, which are kept for a few seconds); they are where libcurl waits.
 */
#ifndef CONTACTD_NOTIFY_TRANSPORT_H
#define CONTACTD_NOTIFY_TRANSPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "core/reach.h"

struct transport;

struct transport_options {
    const char *ca_file; /* PEM, beside the system's; NULL: the system's alone; borrowed */
    /*
     * Whether a connection to this address (16 bytes, IPv4 as ::ffff:a.b.c.d) may be made;
     * asked after names are resolved, before every connect(). Mail servers are not asked about:
     * the operator has named them.
     */
    bool (*may_connect)(void *arg, const uint8_t address[16], uint16_t port);
    void *arg;
};

enum parcel_result {
    PARCEL_DELIVERED, /* SMTP: 250 after the data; HTTP: 2xx, whatever becomes of its body */
    /*
     * Worth trying again: no answer, 4xx of SMTP, 408, 425, 429 and 5xx of HTTP; also what the
     * operator can mend: 5xx of SMTP to the greeting, the password, the sender, or to a recipient
     * by the server's own rules (5.7.x), certificates.
     */
    PARCEL_LATER,
    /*
     * It will not get better as it is: 5xx of SMTP to the data, or to the recipient's address
     * (is_gone), other 4xx, 3xx, a forbidden address.
     */
    PARCEL_REFUSED
};

/* Where it ended, if it did not arrive. */
enum parcel_end {
    /* Nobody was reached: no name, no connection, no TLS. SMTP: also until the server has let us
       in, and when it closes (421) or falls silent until it has taken the sender. */
    PARCEL_AT_DOOR,
    PARCEL_AT_RECIPIENT, /* SMTP: the answer to the recipient's address, or none */
    PARCEL_AT_ANSWER     /* any other answer, or none from whoever took the connection (HTTP), or
                            the recipient (SMTP) */
};

/* One mail or post. Everything is the caller's and stays as it is until done(). */
struct parcel {
    bool is_smtp;
    const char *url;
    const char *user, *password; /* SMTP AUTH; NULL: none */
    bool may_be_plain;           /* smtp:// without STARTTLS, http:// */
    const char *from, *to;       /* SMTP's envelope; `to` NULL: sign in, and send nothing */
    const char *headers;         /* HTTP: lines, each ended by '\n' */
    struct str body;
    bool is_get;       /* HTTP: asks, and sends no body */
    struct buf *reply; /* HTTP: gets of the reply's body what it has room for, or where a 3xx leads;
                          NULL: nobody reads it */
    int64_t timeout_ms; /* for all of it; at most 5 s to connect, 15 s until a mail server has let
                           us in */

    /* On the owner's thread, from within transport_poll() or transport_close(), exactly once. */
    void (*done)(struct parcel *parcel);

    enum parcel_result result;
    bool is_gone; /* refused: there is nobody at this address, whatever is sent */
    enum parcel_end end;
    int status;                  /* the HTTP status or SMTP code; 0: there was none */
    int64_t retry_after_ms;      /* what the other side asked for; 0: nothing */
    char error[300];             /* one line for people; empty when delivered */
    enum reach reach;            /* HTTP */
    int64_t certificate_ends_ms; /* with a `reply`: the other side's, wall; 0: unknown */
    void *own;                   /* the transport's */
};

MUST_CHECK enum err transport_open(const struct transport_options *options,
                                   struct transport **ret_transport, struct err_detail *detail);

/* done() follows, whatever happens. */
void transport_send(struct transport *transport, struct parcel *parcel);

/* Moves everything on; returns after `timeout_ms`, earlier when something happened or is awake. */
void transport_poll(struct transport *transport, int64_t timeout_ms);
void transport_wake(struct transport *transport);

/* Ends what is under way as PARCEL_LATER, at once, and frees; never waits for a name's lookup. NULL
 * is allowed. */
void transport_close(struct transport *transport);

#endif
