/* SPDX-License-Identifier: MIT */
/*
 * A piece of work that crosses threads, and the bounded queue it waits in.
 * A job is embedded in its owner, lent to one thread at a time, and completed
 * exactly once, also when it is refused.
 */
#ifndef CONTACTD_BASE_JOB_H
#define CONTACTD_BASE_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store;

struct job {
    struct job *next; /* the queue's while it waits */

    /* Does the work on the service's thread, with that thread's own connection. */
    enum err (*run)(struct job *job, struct store *store);

    /*
     * Told on the service's thread, or on the submitter's when the job was
     * refused; `result` is set by then. The job may be gone when it returns.
     * `more`: another job with this very done() is told right after, so a nudge
     * may be left to that one (like MSG_MORE).
     */
    void (*done)(struct job *job, bool more);

    enum err result;

    bool is_one_change; /* run() changes the store at most once: spares the committer a mark */
};

struct job_queue {
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t is_ready;
    struct job *head, **tail;
    size_t count, max;
    bool is_stopping;
};

/* `max` jobs wait at most. ERR_MEMORY when the system refuses a mutex. */
MUST_CHECK enum err job_queue_init(struct job_queue *queue, size_t max);
void job_queue_done(struct job_queue *queue);

/*
 * Any thread. ERR_OK: the queue has the job now. ERR_FULL, ERR_STOPPING: it has not,
 * and the caller completes it. `more`: the caller has more to push and will call
 * job_queue_nudge() after the last; until then a sleeping taker may sleep on.
 */
MUST_CHECK enum err job_queue_push(struct job_queue *queue, struct job *job, bool more);

/* Wakes one taker if jobs wait; meant for queues with a single taker. Any thread. */
void job_queue_nudge(struct job_queue *queue);

/*
 * Takes up to `limit` jobs as a list, in order; sleeps while there are none,
 * until `deadline_mono_ms` (0: for ever). NULL: none by the deadline, or
 * stopping and empty: job_queue_is_over() tells which.
 */
struct job *job_queue_take(struct job_queue *queue, size_t limit, int64_t deadline_mono_ms);
bool job_queue_is_over(struct job_queue *queue);

/* Refuses further jobs; those that wait are still taken. Any thread. */
void job_queue_stop(struct job_queue *queue);

size_t job_queue_length(struct job_queue *queue);

#endif
