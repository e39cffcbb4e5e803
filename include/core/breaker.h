/* SPDX-License-Identifier: MIT */
/*
 * A circuit breaker: who has failed several times in a row is asked by one attempt at a
 * time, less and less often, until one goes well. Pure; one owner.
 */
#ifndef CONTACTD_CORE_BREAKER_H
#define CONTACTD_CORE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BREAKER_FAILURES = 5,
    BREAKER_WAIT_MAX_MS = 15 * 60 * 1000,
    BREAKER_DOWN_MS = 60 * 60 * 1000,
};

/* All zero: nothing has failed. */
struct breaker {
    int failures;     /* in a row */
    int64_t since_ms; /* the first of them */
    int64_t until_ms; /* no attempt before that, once there were BREAKER_FAILURES */
};

/* How many attempts may begin now, when so many are under way and at most `max` may be. */
int breaker_room(const struct breaker *breaker, int64_t now_ms, int under_way, int max);

/* It is open, and nothing has gone well for BREAKER_DOWN_MS. */
bool breaker_is_down(const struct breaker *breaker, int64_t now_ms);

/* An attempt ended; `chance` is any 64 random bits. */
void breaker_failed(struct breaker *breaker, int64_t now_ms, uint64_t chance);
void breaker_worked(struct breaker *breaker);

#endif
