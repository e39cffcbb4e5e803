/* SPDX-License-Identifier: MIT */
/* Answers that still hold, and those that do not. */
#include "service/cache.h"

#include <stdlib.h>

#include "base/secret.h"
#include "check.h"

static int start(void **state)
{
    (void)state;
    return secret_start() == ERR_OK ? 0 : -1;
}

static void cache_freep(struct cache **cache)
{
    cache_free(*cache);
}

static struct cache *cache_of(void)
{
    struct cache *cache = NULL;

    assert_int_equal(cache_new(&cache), ERR_OK);
    return cache;
}

static bool answers(struct cache *cache, const char *key, uint64_t generation, const char *expected)
{
    CLEANUP(buf_done) struct buf out = buf_new(CACHE_ANSWER_MAX);

    if (!cache_get(cache, str_of(key), generation, &out))
        return false;
    check_str(buf_str(&out), expected);
    return true;
}

static void an_answer_holds_until_something_changes(void **state)
{
    CLEANUP(cache_freep) struct cache *cache = cache_of();

    (void)state;
    assert_false(answers(cache, "a", 0, ""));
    cache_put(cache, STR("a"), 7, STR("one"));
    assert_true(answers(cache, "a", 7, "one"));
    assert_true(answers(cache, "a", 7, "one"));
    assert_false(answers(cache, "a", 8, ""));
    assert_false(answers(cache, "b", 7, ""));
    cache_put(cache, STR("a"), 8, STR("two"));
    assert_true(answers(cache, "a", 8, "two"));
    assert_false(answers(cache, "a", 7, ""));
}

/* More questions than slots: some are forgotten, none gets another's answer. */
static void questions_that_share_a_slot_push_each_other_out(void **state)
{
    CLEANUP(cache_freep) struct cache *cache = cache_of();
    unsigned kept = 0;
    char key[16];

    (void)state;
    for (int i = 0; i < 10 * CACHE_SLOTS; i++) {
        snprintf(key, sizeof key, "question %d", i);
        cache_put(cache, str_of(key), 1, str_of(key));
    }
    for (int i = 0; i < 10 * CACHE_SLOTS; i++) {
        snprintf(key, sizeof key, "question %d", i);
        kept += answers(cache, key, 1, key);
    }
    assert_in_range(kept, 1, CACHE_SLOTS);
}

static void what_is_too_large_is_not_kept(void **state)
{
    CLEANUP(cache_freep) struct cache *cache = cache_of();
    CLEANUP(buf_done) struct buf large = buf_new(2 * CACHE_ANSWER_MAX);

    (void)state;
    cache_put(cache, STR("a"), 1, STR("small"));
    for (size_t i = 0; i <= CACHE_ANSWER_MAX; i++)
        buf_put_char(&large, 'x');
    cache_put(cache, STR("a"), 2, buf_str(&large));
    cache_put(cache, (struct str){large.ptr, CACHE_KEY_MAX + 1}, 2, STR("answer"));
    assert_true(answers(cache, "a", 1, "small"));
    assert_false(answers(cache, "a", 2, ""));
    large.len = CACHE_ANSWER_MAX;
    cache_put(cache, STR("a"), 3, buf_str(&large));
    CLEANUP(buf_done) struct buf out = buf_new(CACHE_ANSWER_MAX);
    assert_true(cache_get(cache, STR("a"), 3, &out));
    assert_int_equal(out.len, CACHE_ANSWER_MAX);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("an answer holds until something changes", an_answer_holds_until_something_changes),
        CASE("questions that share a slot push each other out",
             questions_that_share_a_slot_push_each_other_out),
        CASE("what is too large is not kept", what_is_too_large_is_not_kept),
    };

    return cmocka_run_group_tests(CASES, start, NULL);
}
