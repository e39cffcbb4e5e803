/* SPDX-License-Identifier: MIT */
/*
 * A flag behind a lock, and a condition that is told when it is set. The
 * clock is the one that only ever grows, so that setting the wall clock neither ends nor
 * prolongs a rest.
 */
#include "base/pause.h"

#include <time.h>

#include "base/clock.h"

enum err condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;

    if (pthread_condattr_init(&monotonic))
        return ERR_MEMORY;
    int failed = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) ||
                 pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return failed ? ERR_MEMORY : ERR_OK;
}

enum err pause_init(struct pause *pause)
{
    pause->is_over = false;
    TRY(condition_init(&pause->changed));
    if (!pthread_mutex_init(&pause->lock, NULL))
        return ERR_OK;
    pthread_cond_destroy(&pause->changed);
    return ERR_MEMORY;
}

void pause_done(struct pause *pause)
{
    pthread_cond_destroy(&pause->changed);
    pthread_mutex_destroy(&pause->lock);
}

bool pause_us(struct pause *pause, int64_t us)
{
    int64_t end_us = clock_mono_us() + us;
    const struct timespec until = {.tv_sec = end_us / 1000000, .tv_nsec = end_us % 1000000 * 1000};
    int expired = us <= 0;

    pthread_mutex_lock(&pause->lock);
    while (!pause->is_over && !expired)
        expired = pthread_cond_timedwait(&pause->changed, &pause->lock, &until);
    bool is_over = pause->is_over;
    pthread_mutex_unlock(&pause->lock);
    return !is_over;
}

bool pause_ms(struct pause *pause, int64_t ms)
{
    return pause_us(pause, ms * 1000);
}

void pause_end(struct pause *pause)
{
    pthread_mutex_lock(&pause->lock);
    pause->is_over = true;
    pthread_cond_broadcast(&pause->changed);
    pthread_mutex_unlock(&pause->lock);
}
