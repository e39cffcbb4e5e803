/* SPDX-License-Identifier: MIT */
/* The pool over the memory store. Jobs record, the main thread judges: only it may fail a case. */
#include "service/worker.h"

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/metrics.h"
#include "check.h"

enum { JOBS = 500, PATIENCE_S = 60 };

struct test_job {
    struct job job;
    struct store *store; /* what it was run with; NULL: it was not run */
    pthread_t told_by;
    atomic_int done;
};

/* Jobs stop here until it is opened, and say that they have come. */
static struct gate {
    pthread_mutex_t lock;
    pthread_cond_t is_changed;
    int inside, inside_max;
    bool is_open;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .is_changed = PTHREAD_COND_INITIALIZER};

static atomic_int running, running_max;

static struct timespec patience(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    return until;
}

static void gate_set(bool is_open)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_open = is_open;
    gate.inside_max = is_open ? gate.inside_max : 0;
    pthread_cond_broadcast(&gate.is_changed);
    pthread_mutex_unlock(&gate.lock);
}

static void gate_pass(void)
{
    struct timespec until = patience();

    pthread_mutex_lock(&gate.lock);
    if (++gate.inside > gate.inside_max)
        gate.inside_max = gate.inside;
    pthread_cond_broadcast(&gate.is_changed);
    while (!gate.is_open && !pthread_cond_timedwait(&gate.is_changed, &gate.lock, &until))
        ;
    gate.inside--;
    pthread_mutex_unlock(&gate.lock);
}

/* Waits until so many stand at the gate at once. */
static bool gate_has(int count)
{
    struct timespec until = patience();

    pthread_mutex_lock(&gate.lock);
    while (gate.inside_max < count && !pthread_cond_timedwait(&gate.is_changed, &gate.lock, &until))
        ;
    bool has = gate.inside_max >= count;
    pthread_mutex_unlock(&gate.lock);
    return has;
}

static enum err run_at_gate(struct job *job, struct store *store)
{
    CONTAINER_OF(job, struct test_job, job)->store = store;
    gate_pass();
    return ERR_OK;
}

static enum err run_counting(struct job *job, struct store *store)
{
    int now = atomic_fetch_add(&running, 1) + 1;

    CONTAINER_OF(job, struct test_job, job)->store = store;
    if (now > atomic_load(&running_max))
        atomic_store(&running_max, now);
    usleep(10);
    atomic_fetch_sub(&running, 1);
    return ERR_OK;
}

static enum err run_reading(struct job *job, struct store *store)
{
    CLEANUP(buf_done) struct buf value = buf_new(64);

    CONTAINER_OF(job, struct test_job, job)->store = store;
    TRY(store_meta_get(store, STR("color"), &value));
    return str_equal(buf_str(&value), STR("green")) ? ERR_EXISTS : ERR_CORRUPT;
}

static enum err run_failing(struct job *job, struct store *store)
{
    CONTAINER_OF(job, struct test_job, job)->store = store;
    return ERR_IO;
}

static void told(struct job *job, bool more)
{
    struct test_job *self = CONTAINER_OF(job, struct test_job, job);

    self->told_by = pthread_self();
    atomic_fetch_add(&self->done, more ? 100 : 1); /* one at a time: there is never more */
}

static struct test_job job_of(enum err (*run)(struct job *job, struct store *store))
{
    return (struct test_job){.job = {.run = run, .done = told, .result = ERR_CORRUPT}};
}

static struct store *open_memory(void)
{
    struct store *store = NULL;

    assert_int_equal(store_open("memory:", true, &store, NULL), ERR_OK);
    return store;
}

static struct worker *start(struct store *store, unsigned threads, size_t queue_max)
{
    struct worker *worker = NULL;

    gate_set(false);
    assert_int_equal(worker_start(store, threads, queue_max, &worker, NULL), ERR_OK);
    assert_non_null(worker);
    return worker;
}

static void check_done(struct test_job *jobs, size_t count, enum err result)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(jobs[i].done, 1);
        assert_int_equal(jobs[i].job.result, result);
    }
}

/* Waits for it, as whoever submits a job without stopping must. */
static void wait_for(struct test_job *job)
{
    for (int i = 0; i < PATIENCE_S * 1000 && !atomic_load(&job->done); i++)
        usleep(1000);
    assert_int_equal(job->done, 1);
}

static void every_job_is_done_exactly_once(void **state)
{
    static struct test_job jobs[JOBS];
    CLEANUP(store_closep) struct store *store = open_memory();
    struct worker *worker = start(store, 4, JOBS);

    (void)state;
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = job_of(run_counting);
        worker_submit(worker, &jobs[i].job);
    }
    worker_stop(worker);
    check_done(jobs, JOBS, ERR_OK);
    for (size_t i = 0; i < JOBS; i++)
        assert_false(pthread_equal(jobs[i].told_by, pthread_self()));
}

static void one_thread_does_one_at_a_time(void **state)
{
    static struct test_job jobs[JOBS];
    CLEANUP(store_closep) struct store *store = open_memory();
    struct worker *worker = start(store, 1, JOBS);

    (void)state;
    atomic_store(&running_max, 0);
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = job_of(run_counting);
        worker_submit(worker, &jobs[i].job);
    }
    worker_stop(worker);
    check_done(jobs, JOBS, ERR_OK);
    assert_int_equal(running_max, 1);
    for (size_t i = 1; i < JOBS; i++)
        assert_ptr_equal(jobs[i].store, jobs[0].store);
}

static void several_threads_do_as_many_at_once_each_with_its_reader(void **state)
{
    enum { THREADS = 4 };
    struct test_job jobs[THREADS];
    CLEANUP(store_closep) struct store *store = open_memory();
    struct worker *worker = start(store, THREADS, THREADS);

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        jobs[i] = job_of(run_at_gate);
        worker_submit(worker, &jobs[i].job);
    }
    bool is_parallel = gate_has(THREADS);
    gate_set(true);
    worker_stop(worker);
    assert_true(is_parallel);
    check_done(jobs, THREADS, ERR_OK);
    for (size_t i = 0; i < THREADS; i++) {
        assert_ptr_not_equal(jobs[i].store, store);
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(jobs[i].store, jobs[j].store);
    }
}

static void a_job_reads_and_its_result_is_told(void **state)
{
    struct test_job reading = job_of(run_reading), failing = job_of(run_failing);
    CLEANUP(store_closep) struct store *store = open_memory();
    struct worker *worker = start(store, 1, 10);

    (void)state;
    assert_int_equal(store_begin(store), ERR_OK);
    assert_int_equal(store_meta_put(store, STR("color"), STR("green")), ERR_OK);
    assert_int_equal(store_commit(store), ERR_OK);
    worker_submit(worker, &reading.job);
    worker_submit(worker, &failing.job);
    wait_for(&reading);
    wait_for(&failing);
    worker_stop(worker);
    check_done(&reading, 1, ERR_EXISTS);
    check_done(&failing, 1, ERR_IO);
}

static void beyond_the_queue_a_job_is_refused_at_once(void **state)
{
    enum { QUEUE = 3 };
    struct test_job first = job_of(run_at_gate), waiting[QUEUE], refused = job_of(run_counting);
    CLEANUP(store_closep) struct store *store = open_memory();
    struct worker *worker = start(store, 1, QUEUE);
    int64_t counted = metric_get(METRIC_QUEUE_REFUSED);

    (void)state;
    worker_submit(worker, &first.job);
    assert_true(gate_has(1)); /* under way: it waits no longer */
    for (size_t i = 0; i < QUEUE; i++) {
        waiting[i] = job_of(run_counting);
        worker_submit(worker, &waiting[i].job);
    }
    assert_int_equal(metric_get(METRIC_QUEUE_REFUSED), counted);
    worker_submit(worker, &refused.job);
    check_done(&refused, 1, ERR_FULL);
    assert_null(refused.store);
    assert_true(pthread_equal(refused.told_by, pthread_self()));
    assert_int_equal(metric_get(METRIC_QUEUE_REFUSED), counted + 1);
    for (size_t i = 0; i < QUEUE; i++)
        assert_int_equal(waiting[i].done, 0);
    gate_set(true);
    worker_stop(worker);
    check_done(&first, 1, ERR_OK);
    check_done(waiting, QUEUE, ERR_OK);
    check_done(&refused, 1, ERR_FULL);
}

static void a_place_that_is_free_again_is_given_again(void **state)
{
    struct test_job jobs[20];
    CLEANUP(store_closep) struct store *store = open_memory();
    struct worker *worker = start(store, 1, 1);

    (void)state;
    for (size_t i = 0; i < COUNTOF(jobs); i++) {
        jobs[i] = job_of(run_counting);
        worker_submit(worker, &jobs[i].job);
        wait_for(&jobs[i]);
    }
    worker_stop(worker);
    check_done(jobs, COUNTOF(jobs), ERR_OK);
}

static void stopping_finishes_what_waits(void **state)
{
    struct test_job first = job_of(run_at_gate);
    static struct test_job waiting[JOBS];
    CLEANUP(store_closep) struct store *store = open_memory();
    struct worker *worker = start(store, 1, JOBS);

    (void)state;
    worker_submit(worker, &first.job);
    assert_true(gate_has(1));
    for (size_t i = 0; i < JOBS; i++) {
        waiting[i] = job_of(run_counting);
        worker_submit(worker, &waiting[i].job);
    }
    gate_set(true);
    worker_stop(worker);
    check_done(&first, 1, ERR_OK);
    check_done(waiting, JOBS, ERR_OK);
}

/* A job that goes on submitting others until one is refused: by then the end has begun. */
static struct {
    struct test_job job;
    struct worker *worker;
    struct test_job probes[PATIENCE_S * 100];
    size_t count;
} prober;

static enum err run_probing(struct job *job, struct store *store)
{
    (void)job;
    (void)store;
    while (prober.count < COUNTOF(prober.probes)) {
        struct test_job *probe = &prober.probes[prober.count++];
        *probe = job_of(run_counting);
        worker_submit(prober.worker, &probe->job);
        /* With a single thread, ours, only a refusal can be told already. */
        if (probe->done)
            return ERR_OK;
        usleep(10000);
    }
    return ERR_BUSY;
}

static void what_comes_after_the_end_has_begun_is_refused(void **state)
{
    CLEANUP(store_closep) struct store *store = open_memory();

    (void)state;
    prober.job = job_of(run_probing);
    prober.count = 0;
    prober.worker = start(store, 1, COUNTOF(prober.probes) + 1);
    int64_t counted = metric_get(METRIC_QUEUE_REFUSED);
    worker_submit(prober.worker, &prober.job.job);
    worker_stop(prober.worker);
    check_done(&prober.job, 1, ERR_OK);
    assert_in_range(prober.count, 1, COUNTOF(prober.probes));
    check_done(prober.probes, prober.count - 1, ERR_OK);
    check_done(&prober.probes[prober.count - 1], 1, ERR_STOPPING);
    assert_null(prober.probes[prober.count - 1].store);
    assert_int_equal(metric_get(METRIC_QUEUE_REFUSED), counted + 1);
}

static void breaking_off_refuses_what_waits_and_lets_end_what_runs(void **state)
{
    static struct test_job jobs[20];
    struct test_job late = job_of(run_counting);
    CLEANUP(store_closep) struct store *store = open_memory();
    struct worker *worker = start(store, 1, COUNTOF(jobs));

    (void)state;
    for (size_t i = 0; i < COUNTOF(jobs); i++) {
        jobs[i] = job_of(i ? run_counting : run_at_gate);
        worker_submit(worker, &jobs[i].job);
        assert_true(i || gate_has(1));
    }
    worker_break_off(worker);
    check_done(jobs + 1, COUNTOF(jobs) - 1, ERR_STOPPING);
    for (size_t i = 1; i < COUNTOF(jobs); i++)
        assert_null(jobs[i].store); /* it did not run */
    assert_int_equal(jobs[0].done, 0);
    worker_submit(worker, &late.job);
    check_done(&late, 1, ERR_STOPPING);
    worker_break_off(worker);
    gate_set(true);
    worker_stop(worker);
    check_done(jobs, 1, ERR_OK);
    check_done(jobs + 1, COUNTOF(jobs) - 1, ERR_STOPPING);
    worker_break_off(NULL);
}

static void stopping_nothing_is_allowed(void **state)
{
    CLEANUP(store_closep) struct store *store = open_memory();

    (void)state;
    worker_stop(NULL);
    worker_stop(start(store, 3, 1));
}

static void whoever_may_sleep_waits_for_the_result(void **state)
{
    struct worker *worker = start(NULL, 2, 10);
    struct test_job job = job_of(run_failing);

    (void)state;
    assert_int_equal(worker_run(worker, &job.job), ERR_IO);
    assert_int_equal(atomic_load(&job.done), 0); /* it returns instead */
    job = job_of(run_counting);
    assert_int_equal(worker_run(worker, &job.job), ERR_OK);
    worker_stop(worker);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every job is done exactly once", every_job_is_done_exactly_once),
        CASE("one thread does one at a time", one_thread_does_one_at_a_time),
        CASE("several threads do as many at once, each with its reader",
             several_threads_do_as_many_at_once_each_with_its_reader),
        CASE("a job reads, and its result is told", a_job_reads_and_its_result_is_told),
        CASE("beyond the queue a job is refused at once",
             beyond_the_queue_a_job_is_refused_at_once),
        CASE("a place that is free again is given again",
             a_place_that_is_free_again_is_given_again),
        CASE("stopping finishes what waits", stopping_finishes_what_waits),
        CASE("what comes after the end has begun is refused",
             what_comes_after_the_end_has_begun_is_refused),
        CASE("breaking off refuses what waits and lets end what runs",
             breaking_off_refuses_what_waits_and_lets_end_what_runs),
        CASE("stopping nothing is allowed", stopping_nothing_is_allowed),
        CASE("whoever may sleep waits for the result", whoever_may_sleep_waits_for_the_result),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
