/* SPDX-License-Identifier: MIT */
/* What was stored lately. Ids are made at given times; nothing waits. */
#include "service/recent.h"

#include "check.h"

enum { MINUTE_MS = 60000, WAYS = 4 };

static const int64_t START_MS = 1800000000000;

static int start(void **state)
{
    (void)state;
    return secret_start() == ERR_OK ? 0 : -1;
}

static void recent_freep(struct recent **recent)
{
    recent_free(*recent);
}

static struct recent *recent_of(size_t rows)
{
    struct recent *recent = NULL;

    assert_int_equal(recent_new(rows, &recent), ERR_OK);
    return recent;
}

static struct content content(size_t number)
{
    static const uint8_t KEY[TABLE_KEY_BYTES];
    struct content content;

    table_hash((struct str){(const char *)&number, sizeof number}, KEY, content.words);
    return content;
}

static struct id id_at(int64_t wall_ms)
{
    static struct id_source source;
    static const uint8_t random[8];

    source.last_seq = 0; /* each at its own time, also an earlier one */
    return id_next(&source, wall_ms, random);
}

static struct id put(struct recent *recent, size_t number, int64_t wall_ms)
{
    struct content digest = content(number);
    struct id id = id_at(wall_ms);

    recent_put(recent, &digest, &id);
    return id;
}

static bool finds(struct recent *recent, size_t number, int64_t now_ms, const struct id *expected)
{
    struct content digest = content(number);
    struct id found;

    if (!recent_find(recent, &digest, now_ms, &found))
        return false;
    assert_memory_equal(&found, expected, sizeof found);
    return true;
}

static void what_was_put_is_found_for_ten_minutes(void **state)
{
    CLEANUP(recent_freep) struct recent *recent = recent_of(64);

    (void)state;
    assert_false(finds(recent, 1, START_MS, NULL));
    struct id id = put(recent, 1, START_MS);
    assert_true(finds(recent, 1, START_MS, &id));
    assert_true(finds(recent, 1, START_MS + 10 * MINUTE_MS - 1, &id));
    assert_false(finds(recent, 1, START_MS + 10 * MINUTE_MS, NULL));
    assert_false(finds(recent, 2, START_MS, NULL));
    /* A clock that goes back makes nothing older. */
    assert_true(finds(recent, 1, START_MS - MINUTE_MS, &id));
}

static void a_later_one_takes_the_place_of_an_earlier(void **state)
{
    CLEANUP(recent_freep) struct recent *recent = recent_of(64);

    (void)state;
    put(recent, 1, START_MS);
    struct id later = put(recent, 1, START_MS + 15 * MINUTE_MS);
    assert_true(finds(recent, 1, START_MS + 16 * MINUTE_MS, &later));
    struct content digest = content(1);
    recent_forget(recent, &digest, &later);
    assert_false(finds(recent, 1, START_MS, NULL)); /* and the earlier one is nowhere */
}

static void what_did_not_reach_the_disk_is_forgotten(void **state)
{
    CLEANUP(recent_freep) struct recent *recent = recent_of(64);
    struct content one = content(1), two = content(2);

    (void)state;
    struct id id = put(recent, 1, START_MS), other = put(recent, 2, START_MS + 1);
    recent_forget(recent, &one, &other); /* not its id: nothing happens */
    assert_true(finds(recent, 1, START_MS, &id));
    recent_forget(recent, &one, &id);
    assert_false(finds(recent, 1, START_MS, NULL));
    assert_true(finds(recent, 2, START_MS, &other));
    recent_forget(recent, &two, &other);
    recent_forget(recent, &two, &other);
    assert_false(finds(recent, 2, START_MS, NULL));
}

/* All in one set: of twelve the last four are there. */
static void the_oldest_gives_way(void **state)
{
    CLEANUP(recent_freep) struct recent *recent = recent_of(WAYS);
    struct id ids[3 * WAYS];

    (void)state;
    for (size_t i = 0; i < COUNTOF(ids); i++)
        ids[i] = put(recent, i, START_MS + (int64_t)i);
    for (size_t i = 0; i < COUNTOF(ids); i++)
        assert_int_equal(finds(recent, i, START_MS + MINUTE_MS, &ids[i]), i >= COUNTOF(ids) - WAYS);
}

/* Room for 65,536; of a tenth of that nearly everything must stay. */
static void many_find_their_own(void **state)
{
    enum { MANY = 6553 };
    CLEANUP(recent_freep) struct recent *recent = recent_of(65536);
    static struct id ids[MANY];
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        ids[i] = put(recent, i, START_MS + (int64_t)i);
    for (size_t i = 0; i < MANY; i++)
        found += finds(recent, i, START_MS + MINUTE_MS, &ids[i]);
    assert_in_range(found, MANY - 10, MANY);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("what was put is found for ten minutes", what_was_put_is_found_for_ten_minutes),
        CASE("a later one takes the place of an earlier",
             a_later_one_takes_the_place_of_an_earlier),
        CASE("what did not reach the disk is forgotten", what_did_not_reach_the_disk_is_forgotten),
        CASE("the oldest gives way", the_oldest_gives_way),
        CASE("many find their own", many_find_their_own),
    };

    return cmocka_run_group_tests(CASES, start, NULL);
}
