/* SPDX-License-Identifier: MIT */
/*
 * What a delivery passes on its way: the host, which has a few places; its origin (scheme, host and
 * port), which does not answer at all or does; and the address there, which is another receiver's
 * than the next one's. Who fails is asked less and less (core/breaker), and alone: no
 * connection is the origin's failure, a refusal to all who come is the address's. A mail
 * server is all three. Room-private; the outbox's thread passes, any thread looks.
 */
#ifndef CONTACTD_SERVICE_OUTBOX_GATE_H
#define CONTACTD_SERVICE_OUTBOX_GATE_H

#include <pthread.h>

#include "base/buf.h"
#include "core/breaker.h"
#include "core/delivery.h"

enum { GATE_BUCKETS = 64 };

enum gate_kind { GATE_HOST, GATE_ORIGIN, GATE_ADDRESS, GATE_COUNT };

struct gate;

struct gates {
    pthread_mutex_t lock; /* guards all of them */
    struct gate *buckets[GATE_BUCKETS];
};

/* Which ones. */
struct gate_names {
    struct buf of[GATE_COUNT];
};

/* On the way through these; all NULL: nothing is sent. */
struct passage {
    struct gate *at[GATE_COUNT];
};

struct gate_view {
    int room;        /* how many more may begin now */
    int64_t wake_ms; /* when one of them may begin, if there is no room now; 0: when another ends */
    bool is_probe;   /* the one that may begin finds out whether others may */
    bool is_down;    /* one of them has been down for BREAKER_DOWN_MS */
};

void gates_init(struct gates *gates);
void gates_done(struct gates *gates);

/* One more is under way through these, until it leaves; they stay as long, and while they fail. */
MUST_CHECK enum err gates_enter(struct gates *gates, const struct gate_names *names,
                                struct passage *ret_passage);
void gates_enter_again(struct gates *gates, const struct passage *passage);
void gates_leave(struct gates *gates, struct passage *passage);

/* What is to be said to others than the one who has entered. */
struct gate_view gates_look(struct gates *gates, const struct passage *passage, int64_t now_ms,
                            int max);

/* An attempt ended: which one has failed, and why; those before it worked. GATE_COUNT: none. */
void gates_tell(struct gates *gates, const struct passage *passage, enum gate_kind failed,
                int64_t now_ms, uint64_t chance, const char *why);

/* Whether what is due then waits behind one of these; all but the host's name. */
bool gates_pause(struct gates *gates, const struct gate_names *names, int64_t due_at_ms,
                 int64_t now_ms, struct delivery_pause *ret_pause);

/* A probe of these may begin at once, or a moment after the last one. */
void gates_hurry(struct gates *gates, const struct gate_names *names);
/* The same of all there are. */
void gates_hurry_all(struct gates *gates);

/* Those that nobody has tried for a day. */
void gates_forget(struct gates *gates, int64_t now_ms);

#endif
