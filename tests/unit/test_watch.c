/* SPDX-License-Identifier: MIT */
/*
 * The watch over a real store and committer: alarms about the server itself. What it
 * sees of destinations is in test_outbox.c, and of whole servers in tests/http and tests/mail.
 */
#include "service/watch.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "core/alarm.h"
#include "services.h"

enum { PATIENCE_MS = 60 * 1000, SOON_MS = 5, NEVER_MS = 24 * 3600 * 1000 };

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

#define assert_ok(expression) assert_int_equal((expression), ERR_OK)

struct world {
    struct store *writer;
    struct commit *commit;
    struct forms *forms;
    struct canary *canary;
    struct watch *watch;
    _Atomic int64_t ends_ms; /* of our own certificate */
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    services_open(&world->writer, &world->forms, &world->commit);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    watch_stop(world->watch);
    canary_free(world->canary);
    services_close(world->writer, world->forms, world->commit);
    free(world);
    return 0;
}

static int64_t ends_ms(void *arg)
{
    struct world *world = arg;

    return atomic_load(&world->ends_ms);
}

static void start(struct world *world, bool has_certificate)
{
    const struct watch_options options = {.first_ms = SOON_MS,
                                          .period_ms = SOON_MS,
                                          .canary = world->canary,
                                          .certificate_ends_ms = has_certificate ? ends_ms : NULL,
                                          .arg = world};

    assert_ok(watch_start(&options, world->commit, world->writer, world->forms, NULL, &world->watch,
                          NULL));
}

/* --- what there is ------------------------------------------------------- */

struct seen {
    char kinds[200]; /* each with a blank behind it */
    char text[ALARM_TEXT_MAX + 1];
};

static enum err see(void *arg, const struct alarm *alarm)
{
    struct seen *seen = arg;

    size_t len = strlen(seen->kinds);
    snprintf(seen->kinds + len, sizeof seen->kinds - len, "%.*s ", (int)alarm->kind.len,
             alarm->kind.ptr);
    snprintf(seen->text, sizeof seen->text, "%.*s", (int)alarm->text.len, alarm->text.ptr);
    return ERR_OK;
}

static struct seen look(struct world *world)
{
    struct seen seen = {.kinds = ""};
    struct store *reader = NULL;

    assert_ok(store_open_reader(world->writer, &reader, NULL));
    assert_ok(store_alarm_list(reader, see, &seen));
    store_close(reader);
    return seen;
}

static void wait_for(struct world *world, const char *kinds, const char *words)
{
    int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
    struct seen seen = look(world);

    while (strcmp(seen.kinds, kinds) != 0 || !strstr(seen.text, words)) {
        if (clock_mono_ms() > end_ms)
            fail_msg("\"%s\" and \"%s\" in vain; there is \"%s\": %s", kinds, words, seen.kinds,
                     seen.text);
        usleep(SOON_MS * 1000);
        seen = look(world);
    }
}

struct adding {
    struct job job;
    const char *kind;
};

static enum err adding_run(struct job *job, struct store *writer)
{
    const struct adding *self = CONTAINER_OF(job, struct adding, job);
    const struct alarm alarm = {.kind = str_of(self->kind),
                                .form = STR(""),
                                .name = STR(""),
                                .since_ms = 1,
                                .text = STR("of before")};

    return store_alarm_add(writer, &alarm);
}

static void add(struct world *world, const char *kind)
{
    struct adding adding = {.job.run = adding_run, .kind = kind};

    assert_ok(commit_run(world->commit, &adding.job));
}

/* --- cases --------------------------------------------------------------- */

static void our_own_certificate_is_told_of_and_told_of_anew(void **state)
{
    struct world *world = *state;

    atomic_store(&world->ends_ms, clock_wall_ms() + 10 * DAY_MS);
    start(world, true);
    wait_for(world, "certificate ", "the certificate of this server itself (tls-cert) ends at ");
    atomic_store(&world->ends_ms, clock_wall_ms() + 2 * DAY_MS);
    wait_for(world, "certificate ", "ends in less than three days");
    atomic_store(&world->ends_ms, clock_wall_ms() - DAY_MS);
    wait_for(world, "certificate ", "has ended at");
    atomic_store(&world->ends_ms, clock_wall_ms() + 60 * DAY_MS);
    wait_for(world, "", "");
}

/* An old alarm that nobody asks about is gone after the first look, so by then the look was. */
static void what_was_not_looked_at_since_the_start_stays(void **state)
{
    const struct canary_options options = {
        .public_url = "https://127.0.0.1:1", .every_ms = NEVER_MS, .first_ms = NEVER_MS};
    struct world *world = *state;

    assert_ok(canary_new(&options, &world->canary, NULL));
    add(world, "canary");
    add(world, "certificate");
    add(world, "disk");
    start(world, false);
    wait_for(world, "canary certificate ", "of before");
}

static void without_a_public_address_there_is_no_alarm_of_it(void **state)
{
    struct world *world = *state;

    add(world, "canary");
    add(world, "certificate");
    start(world, false);
    wait_for(world, "", "");
}

static void nothing_is_waited_for_at_the_end(void **state)
{
    struct world *world = *state;
    int64_t from_ms = clock_mono_ms();

    start(world, false);
    watch_stop(world->watch);
    world->watch = NULL;
    watch_stop(NULL);
    assert_true(clock_mono_ms() - from_ms < PATIENCE_MS);
}

#define WORLD_CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        WORLD_CASE(our_own_certificate_is_told_of_and_told_of_anew),
        WORLD_CASE(what_was_not_looked_at_since_the_start_stays),
        WORLD_CASE(without_a_public_address_there_is_no_alarm_of_it),
        WORLD_CASE(nothing_is_waited_for_at_the_end),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
