/* SPDX-License-Identifier: MIT */
/* What the files of the http room share: server, loop, connection, and an exchange's inner half. */
#ifndef CONTACTD_HTTP_INTERNAL_H
#define CONTACTD_HTTP_INTERNAL_H

#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "base/secret.h"
#include "http/reply.h"
#include "http/server.h"

enum { DURATION_BUCKETS = 8, STATUS_CLASSES = 6, EXCHANGES_KEPT = 64, LINGER_MAX = 32 };

/* How far a handshake of TLS has come. */
enum shake {
    SHAKE_NONE, /* nothing was said */
    SHAKE_NOT_TLS,
    SHAKE_BEGUN,    /* a hello may become of it */
    SHAKE_GREETED,  /* the hello is there, and maybe our answer to it */
    SHAKE_REPLIED,  /* the client has said something to that */
    SHAKE_DONE,     /* it has succeeded */
    SHAKE_DECLINED, /* by us, and counted */
};

/* An open connection; lives from accept to close and belongs to its loop's thread. */
struct connection {
    struct connection *older, *newer; /* the loop's list */
    int fd;
    bool is_cut;             /* shutdown(2) was called, microhttpd will notice */
    bool is_busy;            /* a complete head was read and its reply is not yet sent */
    bool is_reading;         /* the next bytes must come from the client */
    bool is_ended;           /* and at the last sweep it had closed its side */
    int64_t since_ms;        /* monotonic; when waiting for the present request began */
    int64_t deadline_ms;     /* monotonic; 0: none, somebody else bounds the wait */
    struct exchange *stream; /* whose reply is being streamed; NULL: none is */
    struct loop *loop;
    struct MHD_Connection *mhd;
    gnutls_session_t session; /* NULL: it speaks without TLS, and what follows is zero */
    struct tls_pair *pair;
    bool is_new; /* no request has begun on it */
    enum shake shake;
    bool has_left;   /* the client, while it was shaking hands */
    bool is_watched; /* by the loop's shake_fd, and suspended meanwhile */
    char peer[CLIENT_ADDRESS_MAX];
};

/* Where a request is in its life. */
enum phase { PHASE_HEAD, PHASE_BODY, PHASE_STEPS, PHASE_REPLY };

struct http_state {
    struct loop *loop;
    struct connection *connection;
    struct MHD_Connection *mhd;
    enum phase phase;
    bool has_unread; /* the reply was made without the whole body: see linger.c */
    bool must_close; /* the reply says so, and the connection ends with it */
    bool is_refused; /* `problem` is the answer, whatever the body holds */
    enum problem problem;
    const char *refusal; /* static; why */
    step_fn woken;       /* the step to run when woken; NULL: steps[step] */
    size_t step;
    struct buf body;
    size_t held;                /* bytes, of the loop's */
    bool is_old;                /* HTTP/1.0: a stream is not chunked */
    bool is_waiting;            /* suspended, and not yet on the way back */
    bool is_deserted;           /* a stream that nobody takes any more */
    bool is_over;               /* a stream whose last bytes are in the body */
    size_t taken;               /* of the body: bytes of a stream that the library has */
    uint64_t streamed;          /* bytes in all */
    struct exchange *wake_next; /* the loop's wake list */
};

/* One allocation per request, recycled by the loop. */
struct http_exchange {
    struct exchange x;
    struct http_state http;
    struct http_exchange *spare_next;
    alignas(max_align_t) char first[1536]; /* the arena's first bytes */
};

struct route_stats {
    atomic_uint_least64_t by_class[STATUS_CLASSES]; /* [2]: 2xx; [0]: no reply was sent */
    atomic_uint_least64_t by_duration[DURATION_BUCKETS];
    atomic_uint_least64_t total_us;
};

/* A socket that microhttpd has closed, and that is still read from. */
struct lingering {
    int fd;
    int64_t until_ms; /* monotonic */
};

/* One event thread: its own microhttpd daemon on the shared listening socket. */
struct loop {
    struct server *server;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int epoll_fd;  /* microhttpd's; readable when it has something to do */
    int listen_fd; /* our own number of the shared socket; -1: it is gone */
    int wake_fd;   /* eventfd */
    int shake_fd;  /* epoll of connections whose TLS is new; -1: TLS is off */
    bool is_over;  /* nothing is watched any more */
    int64_t now_ms, swept_ms;
    struct connection connections; /* list head */
    struct http_exchange *spare;
    size_t spare_count;
    struct lingering lingering[LINGER_MAX];
    size_t linger_count;
    size_t waiting; /* suspended exchanges */
    size_t held;    /* bytes that exchanges have taken: memory.c */
    size_t open;    /* connections */
    uint64_t request_count;

    pthread_mutex_t wake_lock; /* guards the next two */
    struct exchange *wake_head, **wake_tail;
    atomic_bool needs_nudge; /* something was put on the wake list since the last nudge */
};

struct server {
    struct server_options options;
    struct route_stats *stats; /* one per route, and one for requests that match none */
    uint8_t request_id_key[TABLE_KEY_BYTES];
    atomic_bool is_stopping;
    _Atomic int64_t stop_by_ms;
    _Atomic int64_t silent_until_ms; /* monotonic; when stopping: who says nothing is cut then */
    size_t started;                  /* loops that run; main thread only */
    struct loop loops[];             /* options.threads of them */
};

/* request.c: libmicrohttpd's callbacks; loop's thread. */
void *request_on_target(void *loop, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_on_access(void *loop, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **exchange);
void request_on_completed(void *loop, struct MHD_Connection *mhd, void **exchange,
                          enum MHD_RequestTerminationCode why);

/* handshake.c; loop's thread. Without TLS the first two do nothing. */
void handshake_begin(struct connection *connection); /* before a byte was read */
void handshake_end(struct connection *connection);
void handshake_wake(struct loop *loop);     /* those for whom something has come */
void handshake_wake_all(struct loop *loop); /* for good */
gnutls_certificate_retrieve_function2 handshake_no_certificate;

/* send.c */
enum MHD_Result send_reply(struct exchange *x);
void send_raw_too_large(struct exchange *x);

/* stream.c; loop's thread. */
struct MHD_Response *stream_response(struct exchange *x);
void stream_desert(struct exchange *x); /* nobody wants it any more */

/*
 * memory.c; loop's thread. False: there is too little left for it. A body is taken
 * with all that will be made of it, by the length that its head says.
 */
MUST_CHECK bool memory_take_body(struct exchange *x, uint64_t length);
MUST_CHECK bool memory_take_reply(struct exchange *x);
void memory_give_back(struct exchange *x);
bool memory_is_scarce(const struct loop *loop);

/* linger.c; loop's thread. */
void linger_start(struct loop *loop, int fd);
void linger_sweep(struct loop *loop);
void linger_end(struct loop *loop);

/* stats.c */
MUST_CHECK enum err stats_new(size_t routes, struct route_stats **ret_stats);
void stats_count(struct exchange *x);

/* loop.c: main thread, but for loop_nudge(): any thread. */
MUST_CHECK enum err loop_init(struct loop *loop, struct server *server);
void loop_done(struct loop *loop); /* also of one that is all zero */
MUST_CHECK enum err loop_start(struct loop *loop, struct err_detail *detail);
void loop_nudge(struct loop *loop);

#endif
