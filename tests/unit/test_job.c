/* SPDX-License-Identifier: MIT */
#include "base/job.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"

static enum err push(struct job_queue *queue, struct job *job)
{
    return job_queue_push(queue, job, false);
}

static void check_list(struct job *list, struct job *jobs, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++, list = list->next)
        assert_ptr_equal(list, &jobs[from + i]);
    assert_null(list);
}

static void jobs_come_out_in_order_and_in_lists(void **state)
{
    struct job_queue queue;
    struct job jobs[5];

    (void)state;
    assert_int_equal(job_queue_init(&queue, 10), ERR_OK);
    for (size_t i = 0; i < COUNTOF(jobs); i++)
        assert_int_equal(push(&queue, &jobs[i]), ERR_OK);
    check_list(job_queue_take(&queue, 2, 0), jobs, 0, 2);
    assert_int_equal(job_queue_length(&queue), 3);
    check_list(job_queue_take(&queue, 100, 0), jobs, 2, 3);
    assert_int_equal(job_queue_length(&queue), 0);
    job_queue_done(&queue);
}

static void an_emptied_queue_takes_jobs_again(void **state)
{
    struct job_queue queue;
    struct job jobs[2];

    (void)state;
    assert_int_equal(job_queue_init(&queue, 1), ERR_OK);
    for (size_t i = 0; i < COUNTOF(jobs); i++) {
        assert_int_equal(push(&queue, &jobs[i]), ERR_OK);
        check_list(job_queue_take(&queue, 1, 0), jobs, i, 1);
    }
    job_queue_done(&queue);
}

static void a_full_queue_refuses(void **state)
{
    struct job_queue queue;
    struct job jobs[3];

    (void)state;
    assert_int_equal(job_queue_init(&queue, 2), ERR_OK);
    assert_int_equal(push(&queue, &jobs[0]), ERR_OK);
    assert_int_equal(push(&queue, &jobs[1]), ERR_OK);
    assert_int_equal(push(&queue, &jobs[2]), ERR_FULL);
    check_list(job_queue_take(&queue, 1, 0), jobs, 0, 1);
    assert_int_equal(push(&queue, &jobs[2]), ERR_OK);
    check_list(job_queue_take(&queue, 9, 0), jobs, 1, 2);
    job_queue_done(&queue);
}

static void taking_none_leaves_the_queue_as_it_is(void **state)
{
    struct job_queue queue;
    struct job job;

    (void)state;
    assert_int_equal(job_queue_init(&queue, 2), ERR_OK);
    assert_int_equal(push(&queue, &job), ERR_OK);
    struct job *taken = job_queue_take(&queue, 0, 0);
    assert_int_equal(job_queue_length(&queue), 1);
    assert_ptr_equal(job_queue_take(&queue, 1, 0), &job);
    job_queue_done(&queue);
    assert_null(taken);
}

static void taking_waits_until_the_deadline(void **state)
{
    struct job_queue queue;
    int64_t before = clock_mono_ms();

    (void)state;
    assert_int_equal(job_queue_init(&queue, 2), ERR_OK);
    assert_null(job_queue_take(&queue, 1, before + 30));
    assert_in_range(clock_mono_ms() - before, 29, 5000);
    assert_null(job_queue_take(&queue, 1, before)); /* long past */
    assert_false(job_queue_is_over(&queue));
    job_queue_done(&queue);
}

static void a_stopping_queue_drains_and_is_over(void **state)
{
    struct job_queue queue;
    struct job jobs[2];

    (void)state;
    assert_int_equal(job_queue_init(&queue, 2), ERR_OK);
    assert_int_equal(push(&queue, &jobs[0]), ERR_OK);
    job_queue_stop(&queue);
    assert_int_equal(push(&queue, &jobs[1]), ERR_STOPPING);
    assert_false(job_queue_is_over(&queue));
    check_list(job_queue_take(&queue, 9, 0), jobs, 0, 1);
    assert_null(job_queue_take(&queue, 9, 0));
    assert_true(job_queue_is_over(&queue));
    job_queue_done(&queue);
}

static void *stop_later(void *queue)
{
    usleep(10000);
    job_queue_stop(queue);
    return NULL;
}

static void stopping_wakes_who_waits(void **state)
{
    struct job_queue queue;
    pthread_t thread;

    (void)state;
    assert_int_equal(job_queue_init(&queue, 2), ERR_OK);
    assert_int_equal(pthread_create(&thread, NULL, stop_later, &queue), 0);
    assert_null(job_queue_take(&queue, 1, 0));
    assert_int_equal(pthread_join(thread, NULL), 0);
    job_queue_done(&queue);
}

static void *push_and_nudge(void *queue)
{
    static struct job jobs[3];

    usleep(10000); /* the taker sleeps by now */
    for (size_t i = 0; i < COUNTOF(jobs); i++)
        if (job_queue_push(queue, &jobs[i], true) != ERR_OK)
            abort();
    job_queue_nudge(queue);
    return NULL;
}

static void a_nudge_wakes_who_waits_for_several(void **state)
{
    struct job_queue queue;
    pthread_t thread;

    (void)state;
    assert_int_equal(job_queue_init(&queue, 3), ERR_OK);
    job_queue_nudge(&queue); /* for nothing */
    assert_int_equal(pthread_create(&thread, NULL, push_and_nudge, &queue), 0);
    assert_non_null(job_queue_take(&queue, 1, 0));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(job_queue_length(&queue), 2);
    job_queue_done(&queue);
}

enum { THREADS = 4, JOBS = 2000 };

struct crowd {
    struct job_queue queue;
    struct job jobs[THREADS * JOBS];
    pthread_mutex_t lock;
    int next, taken;
};

static int bump(struct crowd *crowd, int *counter, int by)
{
    pthread_mutex_lock(&crowd->lock);
    int value = *counter;
    *counter += by;
    pthread_mutex_unlock(&crowd->lock);
    return value;
}

static void *push_some(void *arg)
{
    struct crowd *crowd = arg;

    for (int i = 0; i < JOBS; i++) {
        struct job *job = &crowd->jobs[bump(crowd, &crowd->next, 1)];
        while (push(&crowd->queue, job) == ERR_FULL)
            usleep(50);
    }
    return NULL;
}

static void *take_all(void *arg)
{
    struct crowd *crowd = arg;

    while (!job_queue_is_over(&crowd->queue)) {
        struct job *job = job_queue_take(&crowd->queue, 7, 0);
        for (; job; job = job->next) {
            job->result = ERR_EXISTS; /* seen once: a second time would be told below */
            bump(crowd, &crowd->taken, 1);
        }
    }
    return NULL;
}

static void nothing_is_lost_between_many_threads(void **state)
{
    static struct crowd crowd;
    pthread_t pushers[THREADS], takers[THREADS];

    (void)state;
    assert_int_equal(pthread_mutex_init(&crowd.lock, NULL), 0);
    assert_int_equal(job_queue_init(&crowd.queue, 64), ERR_OK);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&takers[i], NULL, take_all, &crowd), 0);
        assert_int_equal(pthread_create(&pushers[i], NULL, push_some, &crowd), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(pushers[i], NULL), 0);
    job_queue_stop(&crowd.queue);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(takers[i], NULL), 0);
    assert_int_equal(crowd.taken, THREADS * JOBS);
    for (int i = 0; i < THREADS * JOBS; i++)
        assert_int_equal(crowd.jobs[i].result, ERR_EXISTS);
    job_queue_done(&crowd.queue);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("jobs come out in order and in lists", jobs_come_out_in_order_and_in_lists),
        CASE("an emptied queue takes jobs again", an_emptied_queue_takes_jobs_again),
        CASE("a full queue refuses", a_full_queue_refuses),
        CASE("taking none leaves the queue as it is", taking_none_leaves_the_queue_as_it_is),
        CASE("taking waits until the deadline", taking_waits_until_the_deadline),
        CASE("a stopping queue drains and is over", a_stopping_queue_drains_and_is_over),
        CASE("stopping wakes who waits", stopping_wakes_who_waits),
        CASE("a nudge wakes who waits for several", a_nudge_wakes_who_waits_for_several),
        CASE("nothing is lost between many threads", nothing_is_lost_between_many_threads),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
