/* SPDX-License-Identifier: MIT */
/*
 * Threads for what must not run on an HTTP thread and does not write: queries,
 * each thread with its own read-only connection, and password hashing.
 */
#ifndef CONTACTD_SERVICE_WORKER_H
#define CONTACTD_SERVICE_WORKER_H

#include "base/job.h"
#include "store/store.h"

struct worker;

/*
 * Starts `threads` threads that read from `writer`'s database; at most
 * `queue_max` jobs wait. With one thread, jobs run one at a time. `writer`
 * must stay open until worker_stop() returns; with NULL for it, jobs get no
 * connection.
 */
MUST_CHECK enum err worker_start(struct store *writer, unsigned threads, size_t queue_max,
                                 struct worker **ret_worker, struct err_detail *detail);

/* Any thread. done() follows on a worker's thread, or at once with ERR_FULL or ERR_STOPPING. */
void worker_submit(struct worker *worker, struct job *job);

/*
 * Submits a job of which only run() is set, and sleeps until it is done: for
 * threads that may sleep, so never an HTTP thread. Returns the job's result.
 */
MUST_CHECK enum err worker_run(struct worker *worker, struct job *job);

/*
 * Before a stop that shall not take long: what waits is refused with ERR_STOPPING,
 * what comes as well, and what runs is broken off and ends with ERR_STOPPING unless it
 * was done. Any thread; worker_stop() must still follow. NULL is allowed.
 */
void worker_break_off(struct worker *worker);

/* Does what waits, refuses what comes, ends the threads and frees. NULL is allowed. */
void worker_stop(struct worker *worker);

#endif
