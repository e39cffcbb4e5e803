/* SPDX-License-Identifier: MIT */
/*
 * An event thread. libmicrohttpd runs in its external mode, so the thread is
 * ours: between two runs of the library it resumes the exchanges that services
 * have finished with (one nudge per batch, no lock shared with the library)
 * and cuts the connections whose deadline has passed. The library's own
 * timeout measures idleness only, which a client that drips a byte every
 * second never shows.
 *
 * Everything in a loop belongs to its thread, except the wake list, which
 * `wake_lock` guards. No callback is made under that lock.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "internal.h"

enum {
    SWEEP_MS = 250,
    CROWDED_HEAD_MS = 2000, /* for a head or between two requests, when places are scarce */
    CROWDED_BODY_MS = 5000, /* for head and body together */
    ENDS_BATCH = 256,
};

/* --- connections --------------------------------------------------------- */

static void set_peer(struct connection *connection, const struct sockaddr *address)
{
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;
    char *text = connection->peer;

    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, text, CLIENT_ADDRESS_MAX);
    else if (address && address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, CLIENT_ADDRESS_MAX);
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &v6->sin6_addr, text, CLIENT_ADDRESS_MAX);
    else
        memcpy(text, "unix", sizeof "unix");
}

static void connection_open(struct loop *loop, struct MHD_Connection *mhd, void **context)
{
    const union MHD_ConnectionInfo *info;
    struct connection *self = calloc(1, sizeof *self);

    *context = self;
    if (!self)
        return; /* its requests are refused for lack of a record */
    /* The library may answer both questions in the same place: use one before asking the next. */
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    self->fd = info->connect_fd;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    set_peer(self, info ? info->client_addr : NULL);
    self->loop = loop;
    self->mhd = mhd;
    handshake_begin(self);
    self->deadline_ms = loop->now_ms + loop->server->options.header_timeout_ms;
    self->since_ms = loop->now_ms;
    self->is_reading = true;
    loop->open++;
    self->older = loop->connections.older;
    self->newer = &loop->connections;
    self->older->newer = self;
    loop->connections.older = self;
    metric_add(METRIC_CONNECTIONS, 1);
}

static void connection_close(struct loop *loop, void **context)
{
    struct connection *self = *context;

    if (!self)
        return;
    loop->open--;
    self->older->newer = self->newer;
    self->newer->older = self->older;
    handshake_end(self);
    free(self);
    *context = NULL;
    metric_add(METRIC_CONNECTIONS, -1);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        connection_open(arg, mhd, context);
    else
        connection_close(arg, context);
}

/* The library notices at its next read or write, and closes; the fd stays its own till then. */
static void cut(struct connection *connection)
{
    connection->is_cut = true;
    shutdown(connection->fd, SHUT_RDWR);
}

/* Seven eighths of the places or of the memory are taken: who keeps us waiting is sent away sooner.
 */
static bool is_crowded(const struct loop *loop)
{
    size_t places = loop->server->options.max_connections / loop->server->options.threads;

    return loop->open >= places - places / 8 || memory_is_scarce(loop);
}

static bool is_late(const struct loop *loop, const struct connection *c, bool is_crowded_now)
{
    int64_t patience_ms = c->is_busy ? CROWDED_BODY_MS : CROWDED_HEAD_MS;

    if (c->deadline_ms && c->deadline_ms <= loop->now_ms)
        return true;
    return is_crowded_now && c->is_reading && loop->now_ms - c->since_ms >= patience_ms;
}

/* A stream that waits, maybe for long, while the library does not look at its socket. */
static bool is_waiting_stream(const struct connection *c)
{
    return c->stream && c->stream->http->is_waiting && c->stream->hurry;
}

/* When the server stops. Whoever has not taken the last piece by the next sweep is cut. */
static void stop_stream(struct connection *c)
{
    if (c->stream->http->is_deserted && !c->stream->http->is_waiting)
        cut(c);
    else
        stream_desert(c->stream);
}

static void end_connection(struct connection *c)
{
    if (is_waiting_stream(c))
        stream_desert(c->stream);
    else
        cut(c);
}

/*
 * Whoever closes right behind the first bytes may escape the library, whose
 * epoll is edge-triggered. A request that is not complete then never will be,
 * and a stream that has no reader left need not go on.
 * Seen at two sweeps in a row, so that the library has had its turn.
 */
static void check_ends(struct connection *const batch[], size_t count)
{
    struct pollfd fds[ENDS_BATCH];

    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = batch[i]->fd, .events = POLLRDHUP};
    if (poll(fds, count, 0) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        bool is_ended = fds[i].revents != 0;
        if (is_ended && batch[i]->is_ended)
            end_connection(batch[i]);
        batch[i]->is_ended = is_ended;
    }
}

static void sweep_ends(struct loop *loop)
{
    struct connection *batch[ENDS_BATCH];
    size_t count = 0;

    for (struct connection *c = loop->connections.newer; c != &loop->connections; c = c->newer) {
        if (c->is_cut || !(c->is_reading || is_waiting_stream(c)))
            continue;
        batch[count++] = c;
        if (count == ENDS_BATCH) {
            check_ends(batch, count);
            count = 0;
        }
    }
    check_ends(batch, count);
}

static void sweep(struct loop *loop)
{
    bool is_stopping = atomic_load(&loop->server->is_stopping);
    bool is_silence_over =
        is_stopping && loop->now_ms >= atomic_load(&loop->server->silent_until_ms);
    bool is_crowded_now = is_crowded(loop);

    loop->swept_ms = loop->now_ms;
    linger_sweep(loop);
    for (struct connection *c = loop->connections.newer; c != &loop->connections; c = c->newer) {
        bool was_late = is_late(loop, c, is_crowded_now);
        if (is_stopping && c->stream)
            stop_stream(c);
        if (c->is_cut || !(was_late || (is_silence_over && !c->is_busy)))
            continue;
        if (was_late)
            metric_add(METRIC_CONNECTIONS_CUT, 1);
        cut(c);
    }
    sweep_ends(loop);
}

/* --- the loop ------------------------------------------------------------ */

void loop_nudge(struct loop *loop)
{
    const uint64_t one = 1;

    if (!atomic_exchange(&loop->needs_nudge, false))
        return;
    ssize_t written = write(loop->wake_fd, &one, sizeof one);
    (void)written; /* EAGAIN: it is awake already */
}

static void resume_woken(struct loop *loop)
{
    uint64_t nudges;

    if (read(loop->wake_fd, &nudges, sizeof nudges) < 0)
        return;
    pthread_mutex_lock(&loop->wake_lock);
    struct exchange *x = loop->wake_head;
    loop->wake_head = NULL;
    loop->wake_tail = &loop->wake_head;
    pthread_mutex_unlock(&loop->wake_lock);
    while (x) {
        struct exchange *next = x->http->wake_next;
        loop->waiting--;
        x->http->is_waiting = false;
        MHD_resume_connection(x->http->mhd);
        x = next;
    }
}

static int time_to_sleep(struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG library_ms;
    int64_t sleep_ms = loop->swept_ms + SWEEP_MS - loop->now_ms;

    if (MHD_get_timeout(loop->daemon, &library_ms) == MHD_YES && (int64_t)library_ms < sleep_ms)
        sleep_ms = (int64_t)library_ms;
    return sleep_ms < 0 ? 0 : (int)sleep_ms;
}

static void loop_once(struct loop *loop)
{
    struct pollfd fds[] = {{.fd = loop->epoll_fd, .events = POLLIN},
                           {.fd = loop->wake_fd, .events = POLLIN},
                           {.fd = loop->shake_fd, .events = POLLIN}};

    if (poll(fds, COUNTOF(fds), time_to_sleep(loop)) < 0 && errno != EINTR)
        LOG(LOG_ERROR, "poll_failed", LOG_INT("errno", errno));
    loop->now_ms = clock_mono_ms();
    if (fds[1].revents)
        resume_woken(loop);
    if (fds[2].revents)
        handshake_wake(loop);
    MHD_run(loop->daemon);
    loop->server->options.before_sleep(loop->server->options.ctx);
    if (loop->now_ms - loop->swept_ms >= SWEEP_MS)
        sweep(loop);
}

static bool has_busy(const struct loop *loop)
{
    for (struct connection *c = loop->connections.newer; c != &loop->connections; c = c->newer)
        if (c->is_busy)
            return true;
    return false;
}

/*
 * Who has connected is about to send, and nobody else could answer him: he has a moment. New ones
 * wait in the socket's backlog, for our successor if somebody keeps the socket.
 */
static void drain(struct loop *loop)
{
    int64_t stop_by = atomic_load(&loop->server->stop_by_ms);
    int64_t silent_until = atomic_load(&loop->server->silent_until_ms);

    MHD_quiesce_daemon(loop->daemon);
    sweep(loop);
    while (loop->open > 0 && loop->now_ms < silent_until)
        loop_once(loop);
    sweep(loop);
    while (has_busy(loop) && loop->now_ms < stop_by)
        loop_once(loop);
}

static void *loop_main(void *arg)
{
    struct loop *loop = arg;

    while (!atomic_load(&loop->server->is_stopping))
        loop_once(loop);
    drain(loop);
    /* The library aborts the process when it is stopped with a suspended connection. */
    handshake_wake_all(loop);
    linger_end(loop);
    if (loop->waiting == 0) {
        MHD_stop_daemon(loop->daemon);
        loop->daemon = NULL;
    }
    return NULL;
}

/* --- start --------------------------------------------------------------- */

/* Paths and queries are decoded by us, where a NUL can be refused. */
static size_t keep_escapes(void *arg, struct MHD_Connection *mhd, char *text)
{
    (void)arg;
    (void)mhd;
    return strlen(text);
}

PRINTF_LIKE(2, 0)
static void on_library_log(void *arg, const char *format, va_list args)
{
    char text[256];

    (void)arg;
    if (!log_is_on(LOG_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, args);
    LOG(LOG_DEBUG, "microhttpd", LOG_STR("text", str_trim(str_of(text))));
}

/*
 * TLS 1.3, and 1.2 with forward secrecy and authenticated ciphers alone. X25519 comes first: most
 * clients bring a key for it, and with another they would have to begin anew. Of tickets there are
 * none, since nobody enables them.
 */
#define TLS_PRIORITIES                                                                             \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-AES-256-CBC:-AES-128-CBC:"          \
    "-AES-256-CCM:-AES-128-CCM:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-GROUP-ALL:"                        \
    "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:+GROUP-X448:"                \
    "%SERVER_PRECEDENCE"

static struct MHD_Daemon *daemon_start(struct loop *loop)
{
    const struct server_options *options = &loop->server->options;
    unsigned limit = options->max_connections / options->threads;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

    return MHD_start_daemon(
        options->tls ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, request_on_access, loop,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET, loop->listen_fd,
        MHD_OPTION_CONNECTION_LIMIT, limit ? limit : 1u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        options->connection_memory, MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, loop, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, loop, MHD_OPTION_URI_LOG_CALLBACK, request_on_target, loop,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        options->tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, TLS_PRIORITIES,
        MHD_OPTION_HTTPS_CERT_CALLBACK, handshake_no_certificate, MHD_OPTION_END);
}

static void close_fds(struct loop *loop)
{
    if (loop->listen_fd >= 0)
        close(loop->listen_fd);
    close(loop->wake_fd);
    if (loop->shake_fd >= 0)
        close(loop->shake_fd);
}

enum err loop_init(struct loop *loop, struct server *server)
{
    loop->connections.older = loop->connections.newer = &loop->connections;
    loop->wake_tail = &loop->wake_head;
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0)
        return ERR_IO;
    loop->shake_fd = server->options.tls ? epoll_create1(EPOLL_CLOEXEC) : -1;
    loop->listen_fd = fcntl(server->options.listen_fd, F_DUPFD_CLOEXEC, 0);
    bool has_all = loop->listen_fd >= 0 && (loop->shake_fd >= 0 || !server->options.tls);
    if (!has_all || pthread_mutex_init(&loop->wake_lock, NULL)) {
        close_fds(loop);
        return has_all ? ERR_MEMORY : ERR_IO;
    }
    loop->server = server;
    return ERR_OK;
}

void loop_done(struct loop *loop)
{
    if (!loop->server)
        return;
    while (loop->spare) {
        struct http_exchange *spare = loop->spare;
        loop->spare = spare->spare_next;
        free(spare);
    }
    close_fds(loop);
    pthread_mutex_destroy(&loop->wake_lock);
}

enum err loop_start(struct loop *loop, struct err_detail *detail)
{
    loop->now_ms = loop->swept_ms = clock_mono_ms();
    loop->daemon = daemon_start(loop);
    if (!loop->daemon) {
        /* 1.0.10 has closed it, 0.9.75 has not; the others go on with theirs. */
        loop->listen_fd = -1;
        return err_set(detail, ERR_IO, "libmicrohttpd refused to start");
    }
    loop->epoll_fd = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (pthread_create(&loop->thread, NULL, loop_main, loop)) {
        MHD_quiesce_daemon(loop->daemon); /* so that the socket is ours again */
        MHD_stop_daemon(loop->daemon);
        loop->daemon = NULL;
        return err_set(detail, ERR_MEMORY, "cannot start an HTTP thread");
    }
    return ERR_OK;
}
