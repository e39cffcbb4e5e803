/* SPDX-License-Identifier: MIT */
/* The ring and those who wait for it. Watchers record on any thread, the main thread judges. */
#include "service/events.h"

#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "check.h"

enum { WATCHERS = 1000, PATIENCE_MS = 60000, FAR_MS = 3600000 };

static struct test_watcher {
    struct watcher watcher;
    atomic_int woken;
} watchers[WATCHERS];

static void note(struct watcher *watcher, bool more)
{
    (void)more;
    atomic_fetch_add(&CONTAINER_OF(watcher, struct test_watcher, watcher)->woken, 1);
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void wait_for(struct test_watcher *w, int times)
{
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;

    while (atomic_load(&w->woken) < times && clock_mono_ms() < until_ms)
        nap();
    assert_int_equal(atomic_load(&w->woken), times);
}

static struct events *start(size_t max)
{
    struct events *events = NULL;

    assert_int_equal(events_start(max, &events, NULL), ERR_OK);
    for (size_t i = 0; i < WATCHERS; i++) {
        watchers[i].watcher = (struct watcher){.wake = note};
        atomic_store(&watchers[i].woken, 0);
    }
    return events;
}

static void wait(struct events *events, struct test_watcher *w, uint64_t next, int64_t in_ms)
{
    w->watcher.next = next;
    w->watcher.due_ms = clock_mono_ms() + in_ms;
    events_wait(events, &w->watcher);
}

static const struct id ID = {{1, 2, 3}};

static void publish(struct events *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        events_publish_one(events, EVENT_SUBMISSION, STR("shop"), &ID, STATE_SPAM);
}

static void the_ring_keeps_the_newest(void **state)
{
    struct events *events = start(1);
    struct kept_event event;

    (void)state;
    assert_int_equal(events_next_number(events), 1);
    assert_int_equal(events_get(events, 1, &event), ERR_NOT_FOUND);
    assert_int_equal(events_get(events, 0, &event), ERR_FULL);
    publish(events, EVENTS_KEPT);
    assert_int_equal(events_get(events, 1, &event), ERR_OK);
    assert_string_equal(event.form, "shop");
    assert_int_equal(event.id_count, 1);
    assert_memory_equal(&event.ids[0], &ID, sizeof ID);
    assert_int_equal(event.state, STATE_SPAM);
    publish(events, 1);
    assert_int_equal(events_get(events, 1, &event), ERR_FULL);
    assert_int_equal(events_get(events, 2, &event), ERR_OK);
    assert_int_equal(events_get(events, EVENTS_KEPT + 1, &event), ERR_OK);
    assert_int_equal(events_get(events, EVENTS_KEPT + 2, &event), ERR_NOT_FOUND);
    events_stop(events);
    events_publish(NULL,
                   &(struct event){.kind = EVENT_FORM}); /* nobody is there: nothing happens */
}

static void many_ids_become_several_events(void **state)
{
    struct events *events = start(1);
    struct id ids[EVENT_IDS_MAX * 2 + 3];
    struct kept_event event;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ids); i++)
        ids[i] = (struct id){{(uint8_t)i}};
    events_publish(events, &(struct event){.kind = EVENT_CHANGE,
                                           .form = STR("shop"),
                                           .ids = ids,
                                           .id_count = COUNTOF(ids),
                                           .has_star = true,
                                           .is_starred = true});
    assert_int_equal(events_next_number(events), 4);
    assert_int_equal(events_get(events, 3, &event), ERR_OK);
    assert_int_equal(event.id_count, 3);
    assert_int_equal(event.ids[2].bytes[0], EVENT_IDS_MAX * 2 + 2);
    assert_true(event.has_star && event.is_starred && !event.has_state);
    events_publish(events, &(struct event){.kind = EVENT_FORM, .form = STR("shop")});
    assert_int_equal(events_get(events, 4, &event), ERR_OK);
    assert_int_equal(event.id_count, 0);
    events_stop(events);
}

static void only_so_many_may_watch(void **state)
{
    struct events *events = start(2);

    (void)state;
    assert_int_equal(events_enter(events, &watchers[0].watcher), ERR_OK);
    assert_int_equal(events_enter(events, &watchers[1].watcher), ERR_OK);
    assert_int_equal(events_enter(events, &watchers[2].watcher), ERR_FULL);
    events_leave(events, &watchers[0].watcher);
    assert_int_equal(events_enter(events, &watchers[2].watcher), ERR_OK);
    events_stop(events);
}

static void an_event_or_the_time_wakes_once(void **state)
{
    struct events *events = start(4);

    (void)state;
    wait(events, &watchers[0], 1, FAR_MS);
    wait(events, &watchers[1], 2, FAR_MS);
    wait(events, &watchers[2], 2, 30); /* due long before the others */
    wait_for(&watchers[2], 1);
    publish(events, 1);
    wait_for(&watchers[0], 1);
    wait(events, &watchers[0], 1, FAR_MS); /* it is there already */
    wait_for(&watchers[0], 2);
    assert_int_equal(atomic_load(&watchers[1].woken), 0);
    events_hurry(events, &watchers[1].watcher);
    assert_int_equal(atomic_load(&watchers[1].woken), 1);
    events_hurry(events, &watchers[1].watcher); /* waits no more */
    assert_int_equal(atomic_load(&watchers[1].woken), 1);
    events_stop(events);
}

static void a_thousand_are_all_woken_but_not_at_once(void **state)
{
    struct events *events = start(WATCHERS);
    int64_t began_ms = clock_mono_ms();

    (void)state;
    for (size_t i = 0; i < WATCHERS; i++)
        wait(events, &watchers[i], 1, FAR_MS);
    publish(events, 3);
    for (size_t i = 0; i < WATCHERS; i++)
        wait_for(&watchers[i], 1);
    assert_true(clock_mono_ms() - began_ms >= 100); /* rounds have a distance */
    events_stop(events);
}

static void who_watches_for_an_account_is_recalled_at_once(void **state)
{
    struct events *events = start(WATCHERS);

    (void)state;
    events_recall(NULL, 0);
    events_recall(events, 0);
    for (size_t i = 0; i < WATCHERS; i++) {
        watchers[i].watcher.account = i % 4 == 0;
        wait(events, &watchers[i], 1, FAR_MS);
    }
    events_recall(events, 1);
    for (size_t i = 0; i < WATCHERS; i++)
        assert_int_equal(atomic_load(&watchers[i].woken), i % 4 == 0);
    events_recall(events, 1); /* they wait no more */
    publish(events, 1);       /* and the others still do */
    for (size_t i = 0; i < WATCHERS; i++)
        wait_for(&watchers[i], 1);
    events_stop(events);
}

static void a_mark_is_read_in_its_run_alone(void **state)
{
    const uint64_t NUMBERS[] = {0, 1, 1024, UINT64_MAX};
    const char *const WRONG[] = {"", "1", "0badcafe-17",
                                 "A long text that could not be any mark of ours at all"};
    struct events *events = start(1), *other = start(1);
    char mark[EVENT_MARK_LEN + 1], again[EVENT_MARK_LEN + 1];
    uint64_t number;

    (void)state;
    for (size_t i = 0; i < COUNTOF(NUMBERS); i++) {
        events_mark(events, NUMBERS[i], mark);
        events_mark(events, NUMBERS[i], again);
        assert_int_equal(strlen(mark), EVENT_MARK_LEN);
        assert_string_not_equal(mark, again);
        assert_true(events_read_mark(events, str_of(mark), &number));
        assert_true(number == NUMBERS[i]);
        assert_false(events_read_mark(other, str_of(mark), &number));
        assert_false(events_read_mark(events, (struct str){mark, EVENT_MARK_LEN - 1}, &number));
    }
    for (size_t i = 0; i < COUNTOF(WRONG); i++)
        assert_false(events_read_mark(events, str_of(WRONG[i]), &number));
    events_stop(events);
    events_stop(other);
}

/* "shop" has events 1 and, at the end, one more; all between are of "jobs". */
static void a_form_loses_what_is_its_own(void **state)
{
    struct events *events = start(1);

    (void)state;
    publish(events, 1);
    for (size_t i = 0; i < EVENTS_KEPT - 1; i++)
        events_publish_one(events, EVENT_SUBMISSION, STR("jobs"), &ID, STATE_NEW);
    assert_int_equal(events_oldest_number(events), 1);
    assert_false(events_has_lost(events, 1, STR("shop")));
    assert_true(events_has_lost(events, 0, STR("shop"))); /* another run */
    publish(events, 1);
    assert_int_equal(events_oldest_number(events), 2);
    assert_true(events_has_lost(events, 1, STR("shop")));
    assert_false(events_has_lost(events, 2, STR("shop")));
    assert_false(events_has_lost(events, 1, STR("jobs")));
    publish(events, 1);
    assert_true(events_has_lost(events, 1, STR("jobs")));
    assert_true(events_has_lost(events, 2, STR("jobs")));
    assert_false(events_has_lost(events, 3, STR("jobs")));
    assert_false(events_has_lost(events, 2, STR("shop")));
    events_stop(events);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the ring keeps the newest", the_ring_keeps_the_newest),
        CASE("many ids become several events", many_ids_become_several_events),
        CASE("only so many may watch", only_so_many_may_watch),
        CASE("an event, or the time, wakes once", an_event_or_the_time_wakes_once),
        CASE("a thousand are all woken, but not at once", a_thousand_are_all_woken_but_not_at_once),
        CASE("who watches for an account is recalled at once",
             who_watches_for_an_account_is_recalled_at_once),
        CASE("a mark is read in its run alone", a_mark_is_read_in_its_run_alone),
        CASE("a form loses what is its own", a_form_loses_what_is_its_own),
    };

    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(CASES, NULL, NULL);
}
