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
#include "http/parameters.h"
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
    X(LAST_EVENT_ID, "last-event-id")                                                              \
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

/* As Content-Type says it. */
const char *media_type(enum media media);

enum {
    ROUTE_STEPS_MAX = 6,
    ROUTE_PARAMS_MAX = 2,
    ROUTE_REPLIES_MAX = 4,
    REPLY_HEADERS_MAX = 16,
    REQUEST_ID_LEN = 16,
};

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

/* An answer that a route gives when all goes well. */
struct route_reply {
    unsigned status;
    const char *shape; /* of assets/shapes.json; NULL: JSON has no part in it */
    const char *type;  /* the media type where it is not JSON; with no shape and no type: no body */
};

/*
 * A row of the route table. What follows `help` describes it to the world (see
 * handler/describe): nothing is said there that the rest of the row says. The
 * path has the path parameters, the guard who may ask, `media` what a body comes
 * as, and all of them the problems that follow from them.
 */
struct route {
    const char *name;                /* snake_case, unique: in logs and metrics */
    const char *method;              /* "GET" also answers HEAD */
    const char *path;                /* "/contact/{form}": a {name} takes one segment */
    step_fn steps[ROUTE_STEPS_MAX];  /* guards first, the handler last; unused ones NULL */
    unsigned media;                  /* enum media bits; MEDIA_NONE: no body is taken */
    bool may_lack_body;              /* then it needs no Content-Type either */
    const struct reply_style *style; /* NULL: replies are plain */
    bool may_end_with_slash;         /* "/f/shop/" is "/f/shop" */
    const char *help;                /* one line */

    const struct parameters *query;                /* NULL: it takes none */
    const char *body;                              /* the body's shape; NULL: it has none */
    struct route_reply replies[ROUTE_REPLIES_MAX]; /* unused ones are zero */
    uint64_t problems;                             /* PROBLEM_BIT()s that are its own */
};

/* Whether the row says what it answers; every row must, a test asks. */
static inline bool route_is_described(const struct route *route)
{
    return route->replies[0].status != 0;
}

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
    step_fn more; /* see reply_stream(); NULL: the body is whole */
};

struct exchange {
    /* For steps to read. */
    const struct route *route;
    const struct reply_style *style; /* the route's, or that of the path under another method */
    struct arena arena;
    struct str method, path, query;      /* as sent; path without the query */
    struct str params[ROUTE_PARAMS_MAX]; /* of the path, decoded */
    struct str headers[HEADER__COUNT];   /* trimmed; ptr NULL: not sent */
    struct parameter_value *parameters;  /* see http/parameters; NULL: not read yet */
    enum media media;                    /* what the body is, of those that the route takes */
    struct str body;                     /* complete when steps run; NUL-terminated */
    struct str source;                   /* the client's address as text */
    bool is_secure;                      /* it came through TLS of our own */
    char request_id[REQUEST_ID_LEN + 1];
    int64_t started_us; /* clock_mono_us() */

    /* For steps to write. */
    struct reply reply;
    const char *decision;            /* static: why the answer is what it is, for the access log */
    struct principal *principal;     /* set by the guard that knows */
    struct job *job;                 /* what is being waited for, found again by the next step */
    void (*end)(struct exchange *x); /* called last of all, whatever became of it; may be NULL */

    /*
     * For streams that may wait long: nobody wants the reply any more, so let the
     * wait end soon, through exchange_wake() as always, unless it just did.
     * HTTP thread, while it waits; may come more than once. NULL: waits are short.
     */
    void (*hurry)(struct exchange *x);

    struct http_state *http; /* the http room's own */
};

/*
 * Suspends the exchange and makes `next` the step that runs when it is woken.
 * Call it, then give the job away, then return FLOW_WAIT; never the other way round.
 */
void exchange_wait(struct exchange *x, step_fn next);

/*
 * For work in many steps before the reply: false when the client has left or the
 * server stops, so that nobody would read it.
 */
bool exchange_is_wanted(const struct exchange *x);

/*
 * For replies that may last for hours: gives back everything in the arena. Of
 * the request only method, path and source are left, of the reply everything; what
 * else a step wants to keep it copies first. ERR_MEMORY: nothing is changed.
 */
MUST_CHECK enum err exchange_forget(struct exchange *x);

/* Any thread, once per wait. `more`: another wake follows at once from this thread. */
void exchange_wake(struct exchange *x, bool more);

#endif
