/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue of jobs: many submitters, one or several takers. `lock`
 * guards all of it and is never held across a callback. A taker that finds
 * several jobs may take them all at once: that is what group commit lives on.
 */
#include "base/job.h"

#include <time.h>

#include "base/pause.h"

enum err job_queue_init(struct job_queue *queue, size_t max)
{
    *queue = (struct job_queue){.max = max};
    queue->tail = &queue->head;
    if (pthread_mutex_init(&queue->lock, NULL))
        return ERR_MEMORY;
    if (condition_init(&queue->is_ready) != ERR_OK) {
        pthread_mutex_destroy(&queue->lock);
        return ERR_MEMORY;
    }
    return ERR_OK;
}

void job_queue_done(struct job_queue *queue)
{
    pthread_cond_destroy(&queue->is_ready);
    pthread_mutex_destroy(&queue->lock);
}

enum err job_queue_push(struct job_queue *queue, struct job *job, bool more)
{
    enum err err = ERR_OK;

    job->next = NULL;
    pthread_mutex_lock(&queue->lock);
    if (queue->is_stopping) {
        err = ERR_STOPPING;
    } else if (queue->count >= queue->max) {
        err = ERR_FULL;
    } else {
        *queue->tail = job;
        queue->tail = &job->next;
        queue->count++;
        if (!more)
            pthread_cond_signal(&queue->is_ready);
    }
    pthread_mutex_unlock(&queue->lock);
    return err;
}

void job_queue_nudge(struct job_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    if (queue->head)
        pthread_cond_signal(&queue->is_ready);
    pthread_mutex_unlock(&queue->lock);
}

/* Under the lock: sleeps until there is something, the end, or the deadline. */
static void wait_for_job(struct job_queue *queue, int64_t deadline_mono_ms)
{
    struct timespec until = {.tv_sec = deadline_mono_ms / 1000,
                             .tv_nsec = deadline_mono_ms % 1000 * 1000000};
    int expired = 0;

    while (!queue->head && !queue->is_stopping && !expired)
        expired = deadline_mono_ms ? pthread_cond_timedwait(&queue->is_ready, &queue->lock, &until)
                                   : pthread_cond_wait(&queue->is_ready, &queue->lock);
}

struct job *job_queue_take(struct job_queue *queue, size_t limit, int64_t deadline_mono_ms)
{
    pthread_mutex_lock(&queue->lock);
    wait_for_job(queue, deadline_mono_ms);
    struct job *first = limit ? queue->head : NULL, **end = &queue->head;
    for (size_t taken = 0; *end && taken < limit; taken++) {
        end = &(*end)->next;
        queue->count--;
    }
    struct job *left = *end;
    *end = NULL;
    queue->head = left;
    if (!left)
        queue->tail = &queue->head;
    pthread_mutex_unlock(&queue->lock);
    return first;
}

bool job_queue_is_over(struct job_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool is_over = queue->is_stopping && !queue->head;
    pthread_mutex_unlock(&queue->lock);
    return is_over;
}

void job_queue_stop(struct job_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_stopping = true;
    pthread_cond_broadcast(&queue->is_ready);
    pthread_mutex_unlock(&queue->lock);
}

size_t job_queue_length(struct job_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t count = queue->count;
    pthread_mutex_unlock(&queue->lock);
    return count;
}
