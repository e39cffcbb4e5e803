/* SPDX-License-Identifier: MIT */
/*
 * A delivery: one message (or alarm) that one destination is to hear of. Its row is
 * written in the message's own transaction and lives until the message is deleted.
 * Delivered at least once; whoever hears of it twice can tell by the id.
 */
#ifndef CONTACTD_CORE_DELIVERY_H
#define CONTACTD_CORE_DELIVERY_H

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

struct delivery {
    int64_t number;         /* of its row; not shown to anybody */
    struct id submission;   /* all zero: an alarm */
    struct str form;        /* ptr NULL: an alarm of the whole server */
    struct str destination; /* its name in the form's notice, or in the server's */
    enum delivery_state state;
    int attempts;
    int64_t created_at_ms, due_at_ms, changed_at_ms; /* wall */
    struct str error; /* of the last attempt, one line; ptr NULL: none failed */
    struct str text;  /* what an alarm says; ptr NULL: it tells of the message */
};

enum {
    DELIVERY_ATTEMPTS_MAX = 14,        /* see delivery_wait_ms(): over 28 hours */
    DELIVERY_ERROR_MAX = 300,          /* bytes */
    DELIVERY_LEASE_MS = 2 * 60 * 1000, /* longer than any attempt takes */
};

/*
 * How long to wait after the failure of attempt number `attempts` (1 or more) until the
 * next: exponential with full jitter above a floor, `chance` is any 64 random bits. -1: give up.
 */
int64_t delivery_wait_ms(int attempts, uint64_t chance);

#endif
