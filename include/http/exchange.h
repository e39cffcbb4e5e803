/* SPDX-License-Identifier: MIT */
/*
 * One request and its reply: what the steps of a route work on. An exchange
 * belongs to one HTTP thread; while it waits, only exchange_wake() may touch
 * it from elsewhere. Everything in its arena lives until the reply is sent.
 */
#ifndef CONTACTD_HTTP_EXCHANGE_H
#define CONTACTD_HTTP_EXCHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/job.h"
#include "base/log.h"
#include "http/problem.h"

struct app_ctx; /* handler's: the services that steps work with */
struct exchange;
struct principal; /* handler's: who asks */

enum flow {
    FLOW_NEXT, /* go on to the next step of the route */
    FLOW_DONE, /* the reply is ready */
    FLOW_WAIT, /* somebody will wake the exchange; the step given to exchange_wait() is next */
};

typedef enum flow (*step_fn)(struct app_ctx *ctx, struct exchange *x);

/* Request headers that somebody here reads. X(NAME, "lower-case name") */
#define HEADER_LIST(X)                                                                             \
    X(ACCEPT, "accept")                                                                            \
    X(ACCEPT_ENCODING, "accept-encoding")                                                          \
    X(ACCEPT_LANGUAGE, "accept-language")                                                          \
    X(ACCESS_CONTROL_REQUEST_HEADERS, "access-control-request-headers")                            \
    X(AUTHORIZATION, "authorization")                                                              \
    X(CONTENT_LENGTH, "content-length")                                                            \
    X(CONTENT_TYPE, "content-type")                                                                \
    X(COOKIE, "cookie")                                                                            \
    X(EXPECT, "expect")                                                                            \
    X(FORMSPREE_SESSION_DATA, "formspree-session-data")                                            \
    X(HOST, "host")                                                                                \
    X(IDEMPOTENCY_KEY, "idempotency-key")                                                          \
    X(IF_NONE_MATCH, "if-none-match")                                                              \
    X(ORIGIN, "origin")                                                                            \
    X(REFERER, "referer")                                                                          \
    X(SEC_FETCH_DEST, "sec-fetch-dest")                                                            \
    X(SEC_FETCH_MODE, "sec-fetch-mode")                                                            \
    X(SEC_FETCH_SITE, "sec-fetch-site")                                                            \
    X(TRANSFER_ENCODING, "transfer-encoding")                                                      \
    X(USER_AGENT, "user-agent")                                                                    \
    X(X_CSRF_TOKEN, "x-csrf-token")                                                                \
    X(X_FORWARDED_FOR, "x-forwarded-for")                                                          \
    X(X_REQUESTED_WITH, "x-requested-with")

#define HEADER_AS_ENUM(name, text) HEADER_##name,
enum header { HEADER_LIST(HEADER_AS_ENUM) HEADER__COUNT };
#undef HEADER_AS_ENUM

/* Accepted kinds of bodies, as bits. */
enum media { MEDIA_NONE = 0, MEDIA_JSON = 1, MEDIA_URLENCODED = 2, MEDIA_MULTIPART = 4 };

enum { ROUTE_STEPS_MAX = 6, ROUTE_PARAMS_MAX = 2, REPLY_HEADERS_MAX = 16, REQUEST_ID_LEN = 16 };

/*
 * What the replies on a route have in common: also those that the server makes
 * itself, such as a refusal before the body or the answer to OPTIONS. Both may
 * find a request whose body never came. Either may be NULL.
 */
struct reply_style {
    /* Adds headers, right before a reply is sent. */
    void (*dress)(struct app_ctx *ctx, struct exchange *x);

    /* Writes the reply of reply_problem(); `message` and `errors` may be absent. */
    enum flow (*problem)(struct exchange *x, enum problem problem, const char *message,
                         struct str errors);
};

/* A row of the route table. */
struct route {
    const char *name;                /* snake_case, unique: in logs and metrics */
    const char *method;              /* "GET" also answers HEAD */
    const char *path;                /* "/contact/{form}": a {name} takes one segment */
    step_fn steps[ROUTE_STEPS_MAX];  /* guards first, the handler last; unused ones NULL */
    unsigned media;                  /* enum media bits; MEDIA_NONE: no body is taken */
    const struct reply_style *style; /* NULL: replies are plain */
    const char *help;                /* one line */
};

struct reply_header {
    const char *name;
    const char *value; /* static or in the arena */
};

struct reply {
    unsigned status;
    const char *content_type; /* static */
    bool is_cacheable;        /* it has a Cache-Control of its own */
    struct buf body;
    struct reply_header headers[REPLY_HEADERS_MAX];
    size_t header_count;
};

struct exchange {
    /* For steps to read. */
    const struct route *route;
    const struct reply_style *style; /* the route's, or that of the path under another method */
    struct arena arena;
    struct str method, path, query;      /* as sent; path without the query */
    struct str params[ROUTE_PARAMS_MAX]; /* of the path, decoded */
    struct str headers[HEADER__COUNT];   /* trimmed; ptr NULL: not sent */
    enum media media;                    /* what the body is, of those that the route takes */
    struct str body;                     /* complete when steps run; NUL-terminated */
    struct str source;                   /* the client's address as text */
    char request_id[REQUEST_ID_LEN + 1];
    int64_t started_us; /* clock_mono_us() */

    /* For steps to write. */
    struct reply reply;
    const char *decision;            /* static: why the answer is what it is, for the access log */
    struct principal *principal;     /* set by the guard that knows */
    struct job *job;                 /* what is being waited for, found again by the next step */
    void (*end)(struct exchange *x); /* called last of all, whatever became of it; may be NULL */

    struct http_state *http; /* the http room's own */
};

/*
 * Suspends the exchange and makes `next` the step that runs when it is woken.
 * Call it, then give the job away, then return FLOW_WAIT; never the other way round.
 */
void exchange_wait(struct exchange *x, step_fn next);

/* Any thread, once per wait. `more`: another wake follows at once from this thread. */
void exchange_wake(struct exchange *x, bool more);

#endif
