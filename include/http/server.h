/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server: event threads over libmicrohttpd. It parses, guards,
 * matches, collects the body, runs a route's steps and sends the reply; what
 * the steps mean is none of its business.
 */
#ifndef CONTACTD_HTTP_SERVER_H
#define CONTACTD_HTTP_SERVER_H

#include "http/redirect.h"
#include "http/router.h"

struct server;

struct server_options {
    int listen_fd; /* listening socket, TCP or unix; stays the caller's */
    unsigned threads;
    unsigned max_connections;  /* over all threads */
    size_t connection_memory;  /* bytes per connection for its request head */
    size_t request_memory;     /* bytes for all bodies, and for replies on their way */
    size_t max_body;           /* bytes */
    int64_t header_timeout_ms; /* from connect, or the reply before, to a complete head */
    int64_t body_timeout_ms;   /* for the body, plus one second per KiB announced */
    int64_t reply_timeout_ms;  /* for taking the reply */
    int64_t idle_timeout_ms;   /* between two requests */
    const struct route_table *routes;
    const struct reply_style *stray_style; /* of replies on paths that no row has; NULL: plain */
    struct app_ctx *ctx;
    struct tls *tls;                 /* borrowed until server_free(); NULL: it speaks without TLS */
    const struct redirect *redirect; /* for paths that no row has; borrowed likewise; NULL: 404 */
    const char *hsts;                /* Strict-Transport-Security, for every reply; NULL: none */

    /*
     * The client's address as text: `peer` is the socket's ("unix" for a unix
     * socket), `forwarded` the X-Forwarded-For header or absent. Writes to `room`.
     */
    struct str (*client_address)(struct app_ctx *ctx, struct str peer, struct str forwarded,
                                 char *room, size_t room_bytes);

    /*
     * Whether `peer`, as above, may have one more handshake of TLS; HTTP threads. NULL: everybody.
     */
    bool (*may_shake)(struct app_ctx *ctx, struct str peer);

    /*
     * Called on an HTTP thread when it has run every step that it could, before
     * it sleeps: what the steps have gathered may be sent on its way together.
     */
    void (*before_sleep)(struct app_ctx *ctx);
};

enum { CLIENT_ADDRESS_MAX = 64 };

/*
 * Checks the route table and makes a server that does not run yet. `options` is copied;
 * routes and ctx are borrowed until server_free().
 */
MUST_CHECK enum err server_new(const struct server_options *options, struct server **ret_server,
                               struct err_detail *detail);

/*
 * Frees a server that was not started or has been stopped, when no service can
 * wake an exchange of it any more: a wake may still be on its way out when the
 * exchange itself is long answered. NULL is allowed.
 */
void server_free(struct server *server);

/* Starts the threads. After a failure server_stop() ends those that had started. */
MUST_CHECK enum err server_start(struct server *server, struct err_detail *detail);

/*
 * Stops accepting, finishes the requests that are under way, closes the rest
 * when they have said nothing for a tenth of `timeout_ms`, and ends the threads. The services
 * behind the steps must still run. ERR_BUSY after `timeout_ms`: requests still wait for a service,
 * the server must not be freed, and the process should end. NULL is allowed.
 */
MUST_CHECK enum err server_stop(struct server *server, int64_t timeout_ms);

/*
 * Appends the request counters and durations by route of the server that `x`
 * came in on, in Prometheus text format.
 */
void server_metrics(const struct exchange *x, struct buf *out);

#endif
