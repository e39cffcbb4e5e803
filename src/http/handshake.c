/* SPDX-License-Identifier: MIT */
/*
 * TLS begins. The session is libmicrohttpd's, but before it says a word it gets
 * the certificate that is in force now, which the connection holds to its end.
 *
 * While a handshake waits for the client, libmicrohttpd (0.9.75 and 1.0.10, with
 * epoll) looks at it again and again without sleeping: a byte and silence would
 * cost the whole thread. So until the first request a connection that has nothing to
 * read is suspended and watched by an epoll of ours, which wakes it when something has come.
 * Its deadline is that of the first head, so a handshake has no time of its own.
 *
 * To sign is what costs: a thousand who say hello and go could hold up everybody for
 * seconds. So nothing is signed for who has closed already, nor for an address that
 * begins too many.
 *
 * One that fails is counted by how far it had come, since the library that sees why says nothing of
 * it; and not logged, or a flood would fill the log.
 *
 * What follows is read as without TLS: the guard sees heads behind the decryption.
 * Loop's thread only.
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metrics.h"
#include "internal.h"
#include "tls_pair.h"

enum { WAKES_MAX = 64, RECORD_HANDSHAKE = 22 };

static void watch(struct connection *self)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};

    if (self->loop->is_over || epoll_ctl(self->loop->shake_fd, EPOLL_CTL_ADD, self->fd, &event))
        return;
    self->is_watched = true;
    MHD_suspend_connection(self->mhd);
}

static void unwatch(struct connection *self)
{
    (void)epoll_ctl(self->loop->shake_fd, EPOLL_CTL_DEL, self->fd, NULL);
    self->is_watched = false;
    MHD_resume_connection(self->mhd);
}

/* What a read says of how the handshake goes. */
static void follow(struct connection *self, const uint8_t *bytes, ssize_t got, int error)
{
    if (got == 0 || (got < 0 && error != EAGAIN && error != EINTR))
        self->has_left = true;
    else if (got > 0 && self->shake == SHAKE_NONE)
        self->shake = bytes[0] == RECORD_HANDSHAKE ? SHAKE_BEGUN : SHAKE_NOT_TLS;
    else if (got > 0 && self->shake == SHAKE_GREETED)
        self->shake = SHAKE_REPLIED;
}

/* GnuTLS reads through this. */
static ssize_t pull(gnutls_transport_ptr_t connection, void *bytes, size_t len)
{
    struct connection *self = connection;
    ssize_t got = recv(self->fd, bytes, len, 0);
    int error = errno;

    if (self->shake < SHAKE_DONE)
        follow(self, bytes, got, error);
    if (got < 0 && error == EAGAIN && self->is_new && !self->is_watched)
        watch(self);
    errno = error;
    return got;
}

/* Who has closed his side cannot finish a handshake any more. */
static bool is_gone(const struct connection *self)
{
    struct pollfd look = {.fd = self->fd, .events = POLLRDHUP};

    return poll(&look, 1, 0) > 0;
}

/* Called by GnuTLS between the client's hello and our answer; after a retry once more. */
static int on_hello(gnutls_session_t session)
{
    struct connection *self = gnutls_transport_get_ptr(session);
    const struct server_options *options = &self->loop->server->options;

    if (is_gone(self)) {
        self->shake = SHAKE_DECLINED;
        metric_add(METRIC_TLS_DESERTED, 1);
        return GNUTLS_E_PREMATURE_TERMINATION;
    }
    if (self->shake >= SHAKE_GREETED)
        return 0;
    if (options->may_shake && !options->may_shake(options->ctx, str_of(self->peer))) {
        self->shake = SHAKE_DECLINED;
        metric_add(METRIC_TLS_REFUSED, 1);
        return GNUTLS_E_USER_ERROR;
    }
    self->shake = SHAKE_GREETED;
    metric_add(METRIC_TLS_HANDSHAKES, 1);
    return 0;
}

/* The client's last word, in both versions. */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned is_incoming,
                       const gnutls_datum_t *message)
{
    struct connection *self = gnutls_transport_get_ptr(session);

    (void)type;
    (void)when;
    (void)message;
    if (is_incoming)
        self->shake = SHAKE_DONE;
    return 0;
}

static void count_failure(const struct connection *self)
{
    static const enum metric REASONS[] = {
        [SHAKE_NOT_TLS] = METRIC_TLS_NOT_TLS,
        [SHAKE_BEGUN] = METRIC_TLS_NO_HELLO,
        [SHAKE_GREETED] = METRIC_TLS_NO_CIPHER,
        [SHAKE_REPLIED] = METRIC_TLS_NO_CLIENT,
    };

    if (self->shake == SHAKE_NONE || self->shake >= SHAKE_DONE)
        return;
    /* Whoever has gone may be cut for it, and whoever is cut looks as if he had gone. */
    if (self->is_cut ? self->is_ended : self->has_left)
        metric_add(METRIC_TLS_CLOSED, 1);
    else
        metric_add(self->is_cut ? METRIC_TLS_LATE : REASONS[self->shake], 1);
}

void handshake_begin(struct connection *self)
{
    struct tls *tls = self->loop->server->options.tls;
    const union MHD_ConnectionInfo *info =
        tls ? MHD_get_connection_info(self->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION) : NULL;

    if (!info)
        return;
    self->session = info->tls_session;
    self->pair = tls_take(tls);
    /* Should this fail, no_certificate() ends the handshake. */
    (void)gnutls_credentials_set(self->session, GNUTLS_CRD_CERTIFICATE,
                                 tls_credentials(self->pair));
    gnutls_transport_set_ptr2(self->session, self, (gnutls_transport_ptr_t)(intptr_t)self->fd);
    gnutls_transport_set_pull_function(self->session, pull);
    gnutls_handshake_set_post_client_hello_function(self->session, on_hello);
    gnutls_handshake_set_hook_function(self->session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
                                       on_finished);
    self->is_new = true;
}

void handshake_end(struct connection *self)
{
    count_failure(self);
    tls_give(self->pair);
}

void handshake_wake(struct loop *loop)
{
    struct epoll_event events[WAKES_MAX];
    int count = epoll_wait(loop->shake_fd, events, WAKES_MAX, 0);

    for (int i = 0; i < count; i++)
        unwatch(events[i].data.ptr);
}

void handshake_wake_all(struct loop *loop)
{
    loop->is_over = true;
    for (struct connection *c = loop->connections.newer; c != &loop->connections; c = c->newer)
        if (c->is_watched)
            unwatch(c);
}

int handshake_no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
                             int authority_count, const gnutls_pk_algorithm_t *algorithms,
                             int algorithm_count, gnutls_pcert_st **certificate,
                             unsigned *certificate_count, gnutls_privkey_t *key)
{
    (void)session;
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    (void)certificate;
    (void)certificate_count;
    (void)key;
    return -1;
}
