/* SPDX-License-Identifier: MIT */
/*
 * How a service's thread rests between two pieces of work, so that its stop need not
 * wait for the rest to end.
 */
#ifndef CONTACTD_BASE_PAUSE_H
#define CONTACTD_BASE_PAUSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct pause {
    pthread_mutex_t lock; /* guards is_over */
    pthread_cond_t changed;
    bool is_over;
};

/* ERR_MEMORY when the system refuses a mutex or a condition. */
MUST_CHECK enum err pause_init(struct pause *pause);
void pause_done(struct pause *pause);

/* Sleeps; at once if `us` is 0 or less. False: pause_end() was called, now or before. Any thread.
 */
bool pause_us(struct pause *pause, int64_t us);
bool pause_ms(struct pause *pause, int64_t ms);

/* Wakes whoever rests; from now on nobody does. Any thread. */
void pause_end(struct pause *pause);

/* A condition whose deadlines are of the clock that clock_mono_ms() reads. ERR_MEMORY. */
MUST_CHECK enum err condition_init(pthread_cond_t *condition);

#endif
