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
    struct str via; /* the form by whose settings it goes: its own, or the default one; empty: it
                       was removed; ptr NULL: of an alarm, or unknown */
    enum delivery_state state;
    bool is_leased; /* waiting: it is being tried */
    int attempts;   /* since it was made, or started again by hand */
    int cuts;       /* ends of the process in a row in which it was under way; of lists always 0 */
    int64_t due_at_ms, changed_at_ms; /* wall */
    int64_t since_ms;   /* wall; from when on DELIVERY_PATIENCE_MS count: it was made, released or
                           started again last, or first due */
    struct id batch;    /* the id of the digest that it went with */
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

/* What a delivery waits behind: nobody is asked for it who has failed again and again. */
struct delivery_pause {
    char place[300];  /* "https://crm.example:8443", "smtp://mail.example:587" */
    int64_t until_ms; /* wall; when the next attempt finds out; 0: it is on its way */
    char reason[301]; /* of the last failure */
};

/* What an attempt says of its destination. */
enum delivery_sign {
    SIGN_OF_ATTEMPT, /* that it works, or fails */
    SIGN_REACHED,    /* that it works: who refuses is another, a visitor's mistyped address */
    SIGN_NONE        /* nothing: it was never asked, or hung up at a visitor's address */
};

/* How an attempt ended, and what becomes of its delivery. */
struct delivery_outcome {
    struct id id;
    struct str form, destination;
    enum delivery_state state;
    int64_t due_at_ms; /* of one that goes on waiting */
    struct id batch;   /* the digest that it goes with from now on; none: as before */
    struct delivery_attempt attempt;
    enum delivery_sign sign;
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
    DELIVERY_CUTS_MAX = 3,
    DELIVERY_ERROR_MAX = 300,  /* bytes */
    DELIVERY_HISTORY_MAX = 20, /* attempts that are kept of each */
    DELIVERY_LIST_MAX = 200,
    DELIVERY_LIST_DEFAULT = 50,
    DELIVERY_LEASE_MS = 2 * 60 * 1000, /* longer than any attempt takes */
    /* When a destination works again: in what time its others follow, unless they were tried just
       now, or have been hurried for a day in vain. */
    DELIVERY_SPREAD_MS = 5000,
    DELIVERY_JUST_NOW_MS = 10 * 1000,
    DELIVERY_HURRIED_MS = 24 * 60 * 60 * 1000,
    /* Longer than the waits between all attempts; behind a host that is down, nothing waits longer.
     */
    DELIVERY_PATIENCE_MS = 36 * 60 * 60 * 1000,
};

#define DELIVERY_NOT_REPLAYED "a visitor is answered once; an automatic reply is not sent again"
#define DELIVERY_FORM_REMOVED "the form was removed"

/*
 * How long to wait after the failure of attempt number `attempts` (1 or more) until the
 * next: exponential with full jitter above a floor, `chance` is any 64 random bits. -1: give up.
 */
int64_t delivery_wait_ms(int attempts, uint64_t chance);

/*
 * What becomes of one that was under way when the process ended: it was no attempt, and is due at
 * once; but what was so DELIVERY_CUTS_MAX times in a row, or more often, may be what ended the
 * process, and waits as after any other failure.
 */
void delivery_cut(struct delivery *delivery, int64_t now_ms, uint64_t chance);

/* When a message that comes now is told: at once, at the full hour, or at six in the morning (UTC).
 */
int64_t delivery_due_ms(enum rhythm rhythm, int64_t now_ms);

/*
 * The address as the autoresponder's ceiling counts it: lower-case ASCII, and without what
 * stands behind a '+'; of Gmail, which does not mind dots and has two names, without dots at
 * gmail.com. ERR_INVALID: it is no address.
 */
MUST_CHECK enum err delivery_address(struct str email, struct buf *out);

static inline bool id_is_none(const struct id *id)
{
    static const struct id NONE;

    return memcmp(id->bytes, NONE.bytes, sizeof NONE.bytes) == 0;
}

/*
 * Appends one as a JSON object; without the brace at the end, for more members. `pause`: what it
 * waits behind; NULL: nothing.
 */
void delivery_render_open(struct buf *out, const struct delivery *delivery,
                          const struct delivery_pause *pause);
void delivery_pause_render(struct buf *out, const struct delivery_pause *pause); /* "pausedBy" */
void delivery_attempt_render(struct buf *out, const struct delivery_attempt *attempt);

#endif
