/* SPDX-License-Identifier: MIT */
/* The committer over the memory store: batches, failures, refusals, the end. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "service/commit.h"

enum { JOBS = 200 };

struct test_job {
    struct job job;
    char key[16];
    enum err verdict; /* what run() returns after it has written */
    atomic_int *done, *nudges;
};

static enum err write_key(struct job *job, struct store *store)
{
    struct test_job *self = CONTAINER_OF(job, struct test_job, job);

    TRY(store_meta_put(store, str_of(self->key), STR("x")));
    return self->verdict;
}

static void count_done(struct job *job, bool more)
{
    struct test_job *self = CONTAINER_OF(job, struct test_job, job);

    atomic_fetch_add(self->done, 1);
    if (!more)
        atomic_fetch_add(self->nudges, 1);
}

static void count_done_otherwise(struct job *job, bool more)
{
    count_done(job, more);
}

static struct store *open_memory(void)
{
    struct store *store = NULL;

    assert_int_equal(store_open("memory:", true, &store, NULL), ERR_OK);
    return store;
}

static struct commit *start(struct store *store, size_t queue_max)
{
    const struct commit_options options = {
        .queue_max = queue_max, .batch_max = 16, .checkpoint_bytes = 1};
    struct commit *commit = NULL;

    log_start(LOG_ERROR + 1, LOG_AS_TEXT);
    assert_int_equal(commit_start(store, &options, &commit), ERR_OK);
    return commit;
}

static bool has_key(struct store *store, const char *key)
{
    CLEANUP(buf_done) struct buf value = buf_new(64);

    return store_meta_get(store, str_of(key), &value) == ERR_OK;
}

static void fill(struct test_job jobs[], size_t count, atomic_int *done, atomic_int *nudges)
{
    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct test_job){
            .job = {.run = write_key, .done = count_done}, .done = done, .nudges = nudges};
        snprintf(jobs[i].key, sizeof jobs[i].key, "key-%zu", i);
    }
}

static void every_job_is_told_exactly_once_and_is_there(void **state)
{
    static struct test_job jobs[JOBS];
    atomic_int done = 0, nudges = 0;
    struct store *store = open_memory();
    struct commit *commit = start(store, JOBS);

    (void)state;
    fill(jobs, JOBS, &done, &nudges);
    for (size_t i = 0; i < JOBS; i++)
        commit_submit(commit, &jobs[i].job, i + 1 < JOBS);
    commit_stop(commit);
    assert_int_equal(done, JOBS);
    assert_in_range(nudges, 1, JOBS);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].job.result, ERR_OK);
        assert_true(has_key(store, jobs[i].key));
    }
    store_close(store);
}

static void one_bad_job_fails_alone(void **state)
{
    static struct test_job jobs[JOBS];
    atomic_int done = 0, nudges = 0;
    struct store *store = open_memory();
    struct commit *commit = start(store, JOBS);

    (void)state;
    fill(jobs, JOBS, &done, &nudges);
    for (size_t i = 0; i < JOBS; i += 7)
        jobs[i].verdict = ERR_INVALID;
    for (size_t i = 0; i < JOBS; i++)
        commit_submit(commit, &jobs[i].job, i + 1 < JOBS);
    commit_stop(commit);
    assert_int_equal(done, JOBS);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].job.result, i % 7 ? ERR_OK : ERR_INVALID);
        assert_int_equal(has_key(store, jobs[i].key), i % 7 != 0);
    }
    store_close(store);
}

static enum err refuse(struct job *job, struct store *store)
{
    (void)job;
    (void)store;
    return ERR_EXISTS;
}

/* Without a mark: the change that failed was never there, the others' are. */
static void who_makes_one_change_needs_no_mark(void **state)
{
    static struct test_job jobs[JOBS];
    atomic_int done = 0, nudges = 0;
    struct store *store = open_memory();
    struct commit *commit = start(store, JOBS);

    (void)state;
    fill(jobs, JOBS, &done, &nudges);
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i].job.is_one_change = true;
        if (i % 7 == 0)
            jobs[i].job.run = refuse;
    }
    for (size_t i = 0; i < JOBS; i++)
        commit_submit(commit, &jobs[i].job, i + 1 < JOBS);
    commit_stop(commit);
    assert_int_equal(done, JOBS);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].job.result, i % 7 ? ERR_OK : ERR_EXISTS);
        assert_int_equal(has_key(store, jobs[i].key), i % 7 != 0);
    }
    store_close(store);
}

/* Who leaves the nudge to the next job must know that the next one nudges the same sleeper. */
static void more_is_promised_only_before_a_job_of_the_same_kind(void **state)
{
    static struct test_job jobs[3];
    atomic_int done = 0, nudges = 0, other_nudges = 0;
    struct store *store = open_memory();
    struct commit *commit = start(store, COUNTOF(jobs));

    (void)state;
    fill(jobs, COUNTOF(jobs), &done, &nudges);
    jobs[2].job.done = count_done_otherwise;
    jobs[2].nudges = &other_nudges;
    for (size_t i = 0; i < COUNTOF(jobs); i++)
        commit_submit(commit, &jobs[i].job, true); /* one batch */
    commit_nudge(commit);
    commit_stop(commit);
    assert_int_equal(done, 3);
    assert_int_equal(nudges, 1);
    assert_int_equal(other_nudges, 1);
    store_close(store);
}

static void a_full_queue_refuses_at_once(void **state)
{
    static struct test_job jobs[JOBS];
    atomic_int done = 0, nudges = 0;
    struct store *store = open_memory();
    struct commit *commit = start(store, 0);

    (void)state;
    fill(jobs, 1, &done, &nudges);
    commit_submit(commit, &jobs[0].job, false);
    assert_int_equal(done, 1);
    assert_int_equal(jobs[0].job.result, ERR_FULL);
    commit_stop(commit);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_is_told_exactly_once_and_is_there),
        cmocka_unit_test(one_bad_job_fails_alone),
        cmocka_unit_test(who_makes_one_change_needs_no_mark),
        cmocka_unit_test(more_is_promised_only_before_a_job_of_the_same_kind),
        cmocka_unit_test(a_full_queue_refuses_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
