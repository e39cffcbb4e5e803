/* SPDX-License-Identifier: MIT */
/*
 * The committer. While one transaction is being fsynced the next batch queues
 * up behind it, so the cost of an fsync is shared by all who wait for it.
 *
 * One thread of its own owns the writer; submitters only touch the queue (its
 * lock is in base/job). A failed commit is told to its whole batch, and the
 * store has undone it by then: nothing was acknowledged, nothing is half done.
 */
#include "service/commit.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "unsafe.h"

enum { IDLE_MS = 1000 };

struct commit {
    struct store *writer;
    struct commit_options options;
    struct job_queue queue;
    pthread_t thread;
    atomic_uint_least64_t generation;
};

/*
 * Runs one job so that its failure leaves the others' rows alone. A change is
 * made whole or not at all: only who makes several needs a mark to go back to.
 */
static enum err run_job(struct job *job, struct store *writer)
{
    if (job->is_one_change) {
        job->result = job->run(job, writer);
        return ERR_OK;
    }
    TRY(store_mark(writer));
    job->result = job->run(job, writer);
    return job->result == ERR_OK ? store_mark_keep(writer) : store_mark_undo(writer);
}

static enum err commit_batch(struct job *batch, struct store *writer)
{
    TRY(store_begin(writer));
    for (struct job *job = batch; job; job = job->next)
        TRY(run_job(job, writer));
    return store_commit(writer);
}

static void tell_batch(struct job *batch)
{
    while (batch) {
        struct job *job = batch;
        batch = job->next; /* read before done(): the job may be gone after */
        job->done(job, batch && batch->done == job->done);
    }
}

static void fail_batch(struct commit *commit, struct job *batch, enum err err)
{
    size_t jobs = 0;

    store_rollback(commit->writer);
    for (struct job *job = batch; job; job = job->next, jobs++)
        job->result = err;
    metric_add(METRIC_COMMITS_FAILED, 1);
    LOG(LOG_ERROR, "commit_failed", LOG_TEXT("reason", err_text(err)),
        LOG_TEXT("detail", store_error(commit->writer)), LOG_INT("jobs", jobs));
}

static void checkpoint(struct commit *commit, uint64_t min_bytes)
{
    enum err err = store_checkpoint(commit->writer, min_bytes);

    /* Harmless now: the rows are safe in the log, and the next round tries again. */
    if (err != ERR_OK)
        LOG(LOG_WARN, "checkpoint_failed", LOG_TEXT("reason", err_text(err)),
            LOG_TEXT("detail", store_error(commit->writer)));
}

static void commit_round(struct commit *commit, struct job *batch)
{
    enum err err = commit_batch(batch, commit->writer);

    atomic_fetch_add(&commit->generation, 1); /* before anybody is told */
    if (err == ERR_OK)
        metric_add(METRIC_COMMITS, 1);
    else
        fail_batch(commit, batch, err);
    tell_batch(batch);
}

static void *commit_main(void *arg)
{
    struct commit *commit = arg;
    bool has_news = false;

    for (;;) {
        /* With rows in the log, wake up once more when things are quiet, and tidy up. */
        int64_t deadline = has_news ? clock_mono_ms() + IDLE_MS : 0;
        struct job *batch = job_queue_take(&commit->queue, commit->options.batch_max, deadline);
        if (batch) {
            commit_round(commit, batch);
            checkpoint(commit, commit->options.checkpoint_bytes);
            has_news = true;
        } else if (job_queue_is_over(&commit->queue)) {
            return NULL;
        } else {
            checkpoint(commit, 1);
            has_news = false;
        }
    }
}

enum err commit_start(struct store *writer, const struct commit_options *options,
                      struct commit **ret_commit)
{
    struct commit *commit = calloc(1, sizeof *commit);

    if (!commit)
        return ERR_MEMORY;
    commit->writer = writer;
    commit->options = *options;
    enum err err = job_queue_init(&commit->queue, options->queue_max);
    if (err != ERR_OK) {
        free(commit);
        return err;
    }
    if (pthread_create(&commit->thread, NULL, commit_main, commit)) {
        job_queue_done(&commit->queue);
        free(commit);
        return ERR_MEMORY;
    }
    *ret_commit = commit;
    return ERR_OK;
}

void commit_submit(struct commit *commit, struct job *job, bool more)
{
    enum err refused = job_queue_push(&commit->queue, job, more);

    if (refused == ERR_OK)
        return; /* the job is not ours any more */
    metric_add(METRIC_QUEUE_REFUSED, 1);
    job->result = refused;
    job->done(job, false);
}

uint64_t commit_generation(const struct commit *commit)
{
    return atomic_load(&commit->generation);
}

void commit_nudge(struct commit *commit)
{
    job_queue_nudge(&commit->queue);
}

/* Somebody who sleeps until his job is done. */
struct sleeper {
    struct job job;
    struct job *inner;
    pthread_mutex_t lock; /* guards is_done */
    pthread_cond_t changed;
    bool is_done;
};

static enum err sleeper_run(struct job *job, struct store *writer)
{
    struct job *inner = CONTAINER_OF(job, struct sleeper, job)->inner;

    return inner->run(inner, writer);
}

static void sleeper_done(struct job *job, bool more)
{
    struct sleeper *self = CONTAINER_OF(job, struct sleeper, job);

    (void)more;
    pthread_mutex_lock(&self->lock);
    self->is_done = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

enum err commit_run(struct commit *commit, struct job *job)
{
    struct sleeper self = {.job = {.run = sleeper_run, .done = sleeper_done},
                           .inner = job,
                           .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER};

    commit_submit(commit, &self.job, false);
    pthread_mutex_lock(&self.lock);
    while (!self.is_done)
        pthread_cond_wait(&self.changed, &self.lock);
    pthread_mutex_unlock(&self.lock);
    return self.job.result;
}

void commit_stop(struct commit *commit)
{
    if (!commit)
        return;
    job_queue_stop(&commit->queue);
    pthread_join(commit->thread, NULL);
    job_queue_done(&commit->queue);
    free(commit);
}
