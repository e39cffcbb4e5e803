/* SPDX-License-Identifier: MIT */
/*
 * A delivery: one message (or alarm) that one destination is to hear of. Its row is
 * written in the message's own transaction and lives until the message is deleted.
 * Delivered at least once; whoever hears of it twice can tell by the id.
 */
#ifndef CONTACTD_CORE_DELIVERY_H
#define CONTACTD_CORE_DELIVERY_H

#include "core/notice.h"
#include "core/submission.h"

/* X(enum value, "as it is written"); numbers are stored, so new ones come last */
#define DELIVERY_STATE_LIST(X)                                                                     \
    X(DELIVERY_WAITING, "waiting") /* due at due_at_ms; while it is tried, when its lease ends */  \
    X(DELIVERY_HELD, "held")       /* the message is spam; "not spam" releases it */               \
    X(DELIVERY_DONE, "delivered")                                                                  \
    X(DELIVERY_FAILED, "failed")       /* given up, and shown */                                   \
    X(DELIVERY_WITHDRAWN, "withdrawn") /* the form or its settings do not have it any more */

enum delivery_state {
#define DELIVERY_STATE_AS_ENUM(id, text) id,
    DELIVERY_STATE_LIST(DELIVERY_STATE_AS_ENUM)
#undef DELIVERY_STATE_AS_ENUM
};

const char *delivery_state_text(enum delivery_state state);
MUST_CHECK bool delivery_state_parse(struct str text, enum delivery_state *ret_state);

/* Texts are borrowed from whoever made the struct. An id that is all zero is none. */
struct delivery {
    struct id id;           /* its own; carries the time at which it was made */
    struct id submission;   /* none: an alarm */
    struct str form;        /* empty: an alarm of the whole server */
    struct str destination; /* its name in the form's notice, or in the server's */
    enum delivery_state state;
    bool is_leased;                   /* waiting: it is being tried */
    int attempts;                     /* since it was made, or started again by hand */
    int64_t due_at_ms, changed_at_ms; /* wall */
    int64_t since_ms;   /* wall; from when on DELIVERY_PATIENCE_MS count: it was made, released or
                           started again last, or first due */
    struct id batch;    /* the digest that it went with: the id of the first of its deliveries */
    struct str address; /* of the autoresponder's: delivery_address(); ptr NULL else */
    struct str error;   /* of the last attempt, one line; ptr NULL: it did not fail */
    struct str text;    /* what an alarm says; ptr NULL: it tells of the message */
};

/* What is kept of an attempt. */
struct delivery_attempt {
    int64_t at_ms; /* wall */
    int64_t took_ms;
    int status;       /* the HTTP status or SMTP code; 0: there was no answer */
    struct str error; /* one line; ptr NULL: it was delivered */
};

/* How an attempt ended, and what becomes of its delivery. */
struct delivery_outcome {
    struct id id;
    struct str form, destination;
    enum delivery_state state;
    int64_t due_at_ms; /* of one that goes on waiting */
    struct delivery_attempt attempt;
};

/* Which deliveries, newest first. */
struct delivery_filter {
    struct str form;             /* ptr NULL: every form */
    struct str destination;      /* ptr NULL: every one */
    const struct id *submission; /* NULL: every one */
    unsigned states;             /* 1 << state for each; 0: all */
    int64_t below_seq;           /* id_seq() of the last row of the page before; 0: the newest */
    int limit;
    const struct scope *scope; /* the forms that may be seen; NULL: every form */
};

/* A destination for which something waits. */
struct delivery_queue {
    struct str form, destination;
    int64_t due_at_ms; /* of the first one */
};

/* How a destination does. */
struct destination_tally {
    struct str form, name;
    int64_t waiting, held, failed, withdrawn; /* that are in this state now */
    int64_t delivered;                        /* ever */
    int64_t delivered_at_ms, failed_at_ms;    /* wall; the last attempt of its kind; 0: none */
    int64_t failing_since_ms;                 /* wall; 0: the last attempt went well */
    struct str error;                         /* of the last failed attempt; ptr NULL: none */
};

/* Something that is wrong and has been told. */
struct alarm {
    struct str kind; /* "destination", "silence", "disk", "canary", "certificate" */
    struct str form; /* empty: of the whole server */
    struct str name; /* of the destination; else empty */
    int64_t since_ms;
    struct str text;
};

enum {
    DELIVERY_ATTEMPTS_MAX = 14, /* see delivery_wait_ms(): over 28 hours */
    DELIVERY_ERROR_MAX = 300,   /* bytes */
    DELIVERY_HISTORY_MAX = 20,  /* attempts that are kept of each */
    DELIVERY_LIST_MAX = 200,
    DELIVERY_LIST_DEFAULT = 50,
    DELIVERY_LEASE_MS = 2 * 60 * 1000, /* longer than any attempt takes */
    /* Longer than the waits between all attempts; behind a host that is down, nothing waits longer.
     */
    DELIVERY_PATIENCE_MS = 36 * 60 * 60 * 1000,
};

/*
 * How long to wait after the failure of attempt number `attempts` (1 or more) until the
 * next: exponential with full jitter above a floor, `chance` is any 64 random bits. -1: give up.
 */
int64_t delivery_wait_ms(int attempts, uint64_t chance);

/* When a message that comes now is told: at once, at the full hour, or at six in the morning (UTC).
 */
int64_t delivery_due_ms(enum rhythm rhythm, int64_t now_ms);

/*
 * The address as the autoresponder's ceiling counts it: lower-case ASCII, and without what
 * stands behind a '+'. ERR_INVALID: it is no address.
 */
MUST_CHECK enum err delivery_address(struct str email, struct buf *out);

static inline bool id_is_none(const struct id *id)
{
    static const struct id NONE;

    return memcmp(id->bytes, NONE.bytes, sizeof NONE.bytes) == 0;
}

/* Appends one as a JSON object; without the brace at the end, for more members. */
void delivery_render_open(struct buf *out, const struct delivery *delivery);
void delivery_attempt_render(struct buf *out, const struct delivery_attempt *attempt);

#endif
