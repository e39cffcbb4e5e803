/* SPDX-License-Identifier: MIT */
/*
 * Group commit: one thread owns the writer connection, takes whatever has
 * queued up, and commits it in one transaction. A job whose result is ERR_OK
 * is on disk.
 */
#ifndef CONTACTD_SERVICE_COMMIT_H
#define CONTACTD_SERVICE_COMMIT_H

#include "base/job.h"
#include "store/store.h"

struct commit;

struct commit_options {
    size_t queue_max;          /* jobs that may wait */
    size_t batch_max;          /* jobs in one transaction */
    uint64_t checkpoint_bytes; /* the write-ahead log is moved into the database beyond this */
};

/* `writer` stays the caller's and is used by nobody else until commit_stop() returns. */
MUST_CHECK enum err commit_start(struct store *writer, const struct commit_options *options,
                                 struct commit **ret_commit);

/*
 * Any thread. The job's run() is called inside the transaction; its error
 * undoes that job alone. done() follows when the transaction is on disk or has
 * failed (then every job of it has the failure as its result), or at once with
 * ERR_FULL or ERR_STOPPING. `more`: the committer need not wake up for this
 * one, since commit_nudge() follows.
 */
void commit_submit(struct commit *commit, struct job *job, bool more);

/*
 * Submits a job of which only run() is set, and sleeps until it is done: for
 * threads that may sleep, so never an HTTP thread. Returns the job's result.
 */
MUST_CHECK enum err commit_run(struct commit *commit, struct job *job);

/*
 * Another number after every commit, from before anybody hears of it: what was
 * read from the store at one generation holds while it stays. Any thread.
 */
uint64_t commit_generation(const struct commit *commit);

/* Wakes the committer if jobs wait. Any thread. */
void commit_nudge(struct commit *commit);

/* Commits what waits, refuses what comes, ends the thread and frees. NULL is allowed. */
void commit_stop(struct commit *commit);

#endif
