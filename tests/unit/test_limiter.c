/* SPDX-License-Identifier: MIT */
/* Buckets hold one token and give it back in an hour, where a test says nothing else. */
#include "service/limiter.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "check.h"

enum { WAYS = 8 }; /* a limiter of so many buckets is one set */

static const struct bucket_limit ONE = {.burst = 1, .per_hour = 1};
static const int64_t HOUR_MS = 3600000;

static int start(void **state)
{
    (void)state;
    return secret_start() == ERR_OK ? 0 : -1;
}

static void limiter_freep(struct limiter **limiter)
{
    limiter_free(*limiter);
}

static struct limiter *limiter_of(size_t buckets)
{
    struct limiter *limiter = NULL;

    assert_int_equal(limiter_new(buckets, &limiter), ERR_OK);
    return limiter;
}

static int64_t take_number(struct limiter *limiter, size_t number, int64_t now_ms)
{
    char key[24];

    snprintf(key, sizeof key, "key-%zu", number);
    return limiter_take(limiter, 'k', str_of(key), &ONE, now_ms);
}

static void a_burst_passes_and_then_one_waits(void **state)
{
    static const struct bucket_limit THREE = {.burst = 3, .per_hour = 600}; /* one in 6 s */
    static const struct {
        int64_t now_ms, wait_ms;
        const char *row;
    } ROWS[] = {
        {1000, 0, "first"},
        {1000, 0, "second"},
        {1000, 0, "third"},
        {1000, 6000, "the bucket is empty"},
        {3000, 4000, "two seconds later"},
        {6999, 1, "nearly"},
        {7000, 0, "as it was told"},
        {7000, 6000, "one came back, not more"},
        {25000, 0, "full again"},
        {25000, 0, "full again, second"},
        {25000, 0, "full again, third"},
        {25000, 6000, "full is a burst"},
    };
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(100);

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(limiter_take(limiter, 's', STR("192.0.2.1"), &THREE, ROWS[i].now_ms) ==
                      ROWS[i].wait_ms,
                  ROWS[i].row);
}

static void keys_and_kinds_are_kept_apart(void **state)
{
    static const struct {
        char kind;
        const char *key;
    } ROWS[] = {
        {'a', "192.0.2.1"}, {'b', "192.0.2.1"}, {'a', "192.0.2.2"}, {'a', "192.0.2.10"}, {'a', ""},
        {'b', ""},          {'a', "b"},         {'a', "a"},         {'a', "aa"},         {'b', "a"},
    };
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(4096);

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(limiter_take(limiter, ROWS[i].kind, str_of(ROWS[i].key), &ONE, 1000) == 0,
                  ROWS[i].key);
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(limiter_take(limiter, ROWS[i].kind, str_of(ROWS[i].key), &ONE, 1000) == HOUR_MS,
                  ROWS[i].key);
    /* An absent key is an empty one. */
    assert_int_equal(limiter_take(limiter, 'a', (struct str){0}, &ONE, 1000), HOUR_MS);
}

static void a_key_may_be_of_any_length(void **state)
{
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(64);
    static char key[100000];

    (void)state;
    memset(key, 'x', sizeof key);
    assert_int_equal(limiter_take(limiter, 'a', (struct str){key, 200}, &ONE, 1000), 0);
    assert_int_equal(limiter_take(limiter, 'a', (struct str){key, 201}, &ONE, 1000), 0);
    assert_int_equal(limiter_take(limiter, 'a', (struct str){key, sizeof key}, &ONE, 1000), 0);
    assert_int_equal(limiter_take(limiter, 'a', (struct str){key, sizeof key}, &ONE, 1000),
                     HOUR_MS);
}

static void strangers_without_number_cost_no_memory(void **state)
{
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(1024);
    size_t before = mallinfo2().uordblks, passed = 0;

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        passed += take_number(limiter, i, 1000 + (int64_t)i) == 0;
    assert_int_equal(passed, 100000);
    assert_int_equal(mallinfo2().uordblks, before);
}

static size_t resident_bytes(void)
{
    unsigned long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &all, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* Sanitizers keep books about memory, in memory. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { IS_MEMORY_OURS = 0 };
#else
enum { IS_MEMORY_OURS = 1 };
#endif

/* The size that the server uses; what counts is memory that is really there. */
static void a_million_sources_cost_at_most_four_megabytes(void **state)
{
    size_t before = resident_bytes();
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(65536);

    (void)state;
    for (size_t i = 0; i < 1000000; i++)
        assert_int_equal(take_number(limiter, i, 1000 + (int64_t)i), 0);
    size_t cost = resident_bytes() - before;
    print_message("# a million sources cost %zu KiB\n", cost / 1024);
    if (IS_MEMORY_OURS)
        assert_true(cost <= 4 * 1024 * 1024);
}

static void what_is_used_is_told_without_taking(void **state)
{
    static const struct bucket_limit TEN = {.burst = 10, .per_hour = 10};
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(64);

    (void)state;
    assert_int_equal(limiter_used(limiter, 'a', STR("x"), &TEN, 1000), 0);
    for (uint32_t i = 1; i <= 10; i++) {
        struct limiter_answer answer = limiter_ask(limiter, 'a', STR("x"), &TEN, 1000);
        assert_int_equal(answer.wait_ms, 0);
        assert_int_equal(answer.left, 10 - i);
        assert_int_equal(limiter_used(limiter, 'a', STR("x"), &TEN, 1000), i);
    }
    assert_true(limiter_ask(limiter, 'a', STR("x"), &TEN, 1000).wait_ms > 0);
    assert_int_equal(limiter_used(limiter, 'a', STR("x"), &TEN, 1000), 10);
    assert_int_equal(limiter_used(limiter, 'a', STR("x"), &TEN, 1000 + HOUR_MS / 2), 5);
    assert_int_equal(limiter_used(limiter, 'b', STR("x"), &TEN, 1000), 0);
}

static void a_bucket_long_quiet_gives_way(void **state)
{
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(1024);

    (void)state;
    assert_int_equal(limiter_take(limiter, 'a', STR("old"), &ONE, 1000), 0);
    assert_int_equal(limiter_take(limiter, 'a', STR("old"), &ONE, 1001), HOUR_MS - 1);
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(take_number(limiter, i, 2000 + (int64_t)i / 100), 0);
    assert_int_equal(limiter_take(limiter, 'a', STR("old"), &ONE, 4000), 0);
}

/* Within one set it is known who gives way: the eighth is the last that has room. */
static void it_is_the_longest_quiet_that_gives_way(void **state)
{
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(WAYS);

    (void)state;
    for (size_t i = 0; i < WAYS; i++)
        assert_int_equal(take_number(limiter, i, 1000 + (int64_t)i), 0);
    for (size_t i = 0; i < WAYS; i++)
        assert_true(take_number(limiter, i, 2000 + (int64_t)i) > 0);
    assert_true(take_number(limiter, 0, 3000) > 0);        /* so 1 is the longest quiet */
    assert_int_equal(take_number(limiter, WAYS, 3001), 0); /* takes its place */
    for (size_t i = 0; i <= WAYS; i++)
        if (i != 1)
            assert_true(take_number(limiter, i, 4000) > 0);
    assert_int_equal(take_number(limiter, 1, 4000), 0);
}

static void the_buckets_of_a_set_are_not_mixed_up(void **state)
{
    static const struct bucket_limit MANY = {.burst = WAYS, .per_hour = 1};
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(WAYS);

    (void)state;
    /* Of the first one is taken, of the second two; what is left then is known. */
    for (char kind = 0; kind < WAYS; kind++)
        for (char i = 0; i <= kind; i++)
            assert_int_equal(limiter_take(limiter, kind, STR("key"), &MANY, 1000), 0);
    for (char kind = 0; kind < WAYS; kind++) {
        for (char i = kind; i < WAYS - 1; i++)
            assert_int_equal(limiter_take(limiter, kind, STR("key"), &MANY, 1000), 0);
        assert_int_equal(limiter_take(limiter, kind, STR("key"), &MANY, 1000), HOUR_MS);
    }
}

static void a_known_key_survives_among_strangers(void **state)
{
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(WAYS);

    (void)state;
    assert_int_equal(limiter_take(limiter, 'a', STR("known"), &ONE, 1000), 0);
    for (size_t i = 0; i < 100000; i++) {
        int64_t now_ms = 1001 + 2 * (int64_t)i;
        assert_int_equal(take_number(limiter, i, now_ms), 0);
        /* It comes back before as many strangers as the set has other places. */
        if (i % (WAYS - 1) == 0)
            assert_int_equal(limiter_take(limiter, 'a', STR("known"), &ONE, now_ms + 1),
                             HOUR_MS + 1000 - (now_ms + 1));
    }
}

static void as_many_as_asked_for_have_room(void **state)
{
    enum { KEYS = 512 };
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of((size_t)KEYS * 8);
    size_t kept = 0;

    (void)state;
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(take_number(limiter, i, 1000), 0);
    for (size_t i = 0; i < KEYS; i++)
        kept += take_number(limiter, i, 1001) > 0;
    /* One key per set on average: that nine meet is rare, and that they do so twice does not
     * happen. */
    assert_in_range(kept, KEYS - (WAYS + 1), KEYS);
}

enum { THREADS = 4, ROUNDS = 10000, BURST = 30000 };

struct taker {
    struct limiter *limiter;
    pthread_t thread;
    size_t passed;
};

static void *take_often(void *arg)
{
    static const struct bucket_limit MANY = {.burst = BURST, .per_hour = 1};
    struct taker *taker = arg;

    for (size_t i = 0; i < ROUNDS; i++)
        taker->passed += limiter_take(taker->limiter, 'a', STR("shared"), &MANY, 1000) == 0;
    return NULL;
}

static void threads_share_one_bucket(void **state)
{
    CLEANUP(limiter_freep) struct limiter *limiter = limiter_of(64);
    struct taker takers[THREADS] = {0};
    size_t passed = 0;

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        takers[i].limiter = limiter;
        assert_int_equal(pthread_create(&takers[i].thread, NULL, take_often, &takers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
        passed += takers[i].passed;
    }
    assert_int_equal(passed, BURST);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    limiter_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a burst passes, and then one waits", a_burst_passes_and_then_one_waits),
        CASE("keys and kinds are kept apart", keys_and_kinds_are_kept_apart),
        CASE("a key may be of any length", a_key_may_be_of_any_length),
        CASE("strangers without number cost no memory", strangers_without_number_cost_no_memory),
        CASE("a million sources cost at most four megabytes",
             a_million_sources_cost_at_most_four_megabytes),
        CASE("what is used is told without taking", what_is_used_is_told_without_taking),
        CASE("a bucket long quiet gives way", a_bucket_long_quiet_gives_way),
        CASE("it is the longest quiet that gives way", it_is_the_longest_quiet_that_gives_way),
        CASE("the buckets of a set are not mixed up", the_buckets_of_a_set_are_not_mixed_up),
        CASE("a known key survives among strangers", a_known_key_survives_among_strangers),
        CASE("as many as asked for have room", as_many_as_asked_for_have_room),
        CASE("threads share one bucket", threads_share_one_bucket),
        CASE("freeing nothing is allowed", freeing_nothing_is_allowed),
    };

    return cmocka_run_group_tests(CASES, start, NULL);
}
