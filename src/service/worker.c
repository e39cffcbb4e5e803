/* SPDX-License-Identifier: MIT */
/*
 * A small pool over one bounded queue (whose lock is in base/job). Every
 * thread owns a reader of its own, so nothing here is shared but the queue.
 */
#include "service/worker.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/metrics.h"

struct worker_thread {
    struct worker *worker;
    struct store *reader;
    pthread_t thread;
};

struct worker {
    struct job_queue queue;
    atomic_bool is_broken_off;
    unsigned started;
    struct worker_thread threads[];
};

/* Its failure is then no fault of the store. */
static enum err run(struct worker_thread *self, struct job *job)
{
    if (atomic_load(&self->worker->is_broken_off))
        return ERR_STOPPING;
    enum err err = job->run(job, self->reader);
    return err != ERR_OK && atomic_load(&self->worker->is_broken_off) ? ERR_STOPPING : err;
}

static void *worker_main(void *arg)
{
    struct worker_thread *self = arg;
    struct job *job;

    while ((job = job_queue_take(&self->worker->queue, 1, 0))) {
        job->result = run(self, job);
        job->done(job, false);
    }
    return NULL;
}

static enum err thread_start(struct worker *worker, struct store *writer, struct err_detail *detail)
{
    struct worker_thread *self = &worker->threads[worker->started];

    self->worker = worker;
    if (writer)
        TRY(store_open_reader(writer, &self->reader, detail));
    if (pthread_create(&self->thread, NULL, worker_main, self)) {
        store_close(self->reader);
        return err_set(detail, ERR_MEMORY, "cannot start a worker thread");
    }
    worker->started++;
    return ERR_OK;
}

enum err worker_start(struct store *writer, unsigned threads, size_t queue_max,
                      struct worker **ret_worker, struct err_detail *detail)
{
    struct worker *worker = calloc(1, sizeof *worker + threads * sizeof worker->threads[0]);
    enum err err = worker ? job_queue_init(&worker->queue, queue_max) : ERR_MEMORY;

    if (err != ERR_OK) {
        free(worker);
        return err;
    }
    while (err == ERR_OK && worker->started < threads)
        err = thread_start(worker, writer, detail);
    if (err != ERR_OK) {
        worker_stop(worker);
        return err;
    }
    *ret_worker = worker;
    return ERR_OK;
}

void worker_submit(struct worker *worker, struct job *job)
{
    enum err refused = job_queue_push(&worker->queue, job, false);

    if (refused == ERR_OK)
        return; /* the job is not ours any more */
    metric_add(METRIC_QUEUE_REFUSED, 1);
    job->result = refused;
    job->done(job, false);
}

/* --- waiting for a job ---------------------------------------------------- */

struct sleeper {
    struct job job, *inner;
    pthread_mutex_t lock; /* guards is_done */
    pthread_cond_t changed;
    bool is_done;
};

static enum err sleeper_run(struct job *job, struct store *reader)
{
    struct sleeper *self = CONTAINER_OF(job, struct sleeper, job);

    return self->inner->run(self->inner, reader);
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

enum err worker_run(struct worker *worker, struct job *job)
{
    struct sleeper self = {.job = {.run = sleeper_run, .done = sleeper_done},
                           .inner = job,
                           .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER};

    worker_submit(worker, &self.job);
    pthread_mutex_lock(&self.lock);
    while (!self.is_done)
        pthread_cond_wait(&self.changed, &self.lock);
    pthread_mutex_unlock(&self.lock);
    return self.job.result;
}

void worker_break_off(struct worker *worker)
{
    if (!worker)
        return;
    atomic_store(&worker->is_broken_off, true);
    job_queue_stop(&worker->queue);
    for (unsigned i = 0; i < worker->started; i++)
        if (worker->threads[i].reader)
            store_interrupt(worker->threads[i].reader);
    struct job *next, *job = job_queue_take(&worker->queue, SIZE_MAX, 0);
    for (; job; job = next) {
        next = job->next;
        job->result = ERR_STOPPING;
        job->done(job, false);
    }
}

void worker_stop(struct worker *worker)
{
    if (!worker)
        return;
    job_queue_stop(&worker->queue);
    for (unsigned i = 0; i < worker->started; i++) {
        pthread_join(worker->threads[i].thread, NULL);
        store_close(worker->threads[i].reader);
    }
    job_queue_done(&worker->queue);
    free(worker);
}
