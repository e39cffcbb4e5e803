/* SPDX-License-Identifier: MIT */
/*
 * The outbox and the watch over a real store and committer. What is sent to real
 * servers is in tests/http/test_deliveries.py; here nobody listens.
 */
#include "service/outbox.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "service/watch.h"
#include "services.h"

enum { PATIENCE_MS = 60 * 1000 };

/* The program's own in the place of the C library's: the wall clock is what a case says. */
static _Atomic int64_t clock_ahead_ms;

int clock_gettime(clockid_t id, struct timespec *ret_time)
{
    int failed = (int)syscall(SYS_clock_gettime, id, ret_time);

    if (id == CLOCK_REALTIME)
        ret_time->tv_sec += (time_t)(clock_ahead_ms / 1000);
    return failed;
}

#define assert_ok(expression) assert_int_equal((expression), ERR_OK)

struct world {
    struct store *writer;
    struct commit *commit;
    struct forms *forms;
    struct outbox *outbox;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    clock_ahead_ms = 0;
    assert_non_null(world);
    services_open(&world->writer, &world->forms, &world->commit);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    outbox_stop(world->outbox);
    services_close(world->writer, world->forms, world->commit);
    free(world);
    return 0;
}

static void start(struct world *world)
{
    static struct cidr loopback;
    const struct outbox_options options = {
        .allowed = &loopback, .allowed_count = 1, .may_be_plain = true};
    struct err_detail detail = {""};

    assert_true(cidr_parse(STR("127.0.0.1"), &loopback));
    assert_ok(outbox_start(&options, world->commit, world->writer, world->forms, NULL,
                           &world->outbox, &detail));
}

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;

    assert_non_null(tasks);
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count;
}

/* --- changes, through the committer -------------------------------------- */

struct change {
    struct job job;
    struct world *world;
    const char *settings; /* of the form "shop"; NULL: it is left */
    const struct delivery *row;
    bool is_claimed;
};

static enum err change_run(struct job *job, struct store *writer)
{
    struct change *self = CONTAINER_OF(job, struct change, job);
    const struct form form = {.name = STR("shop"), .settings = str_of(self->settings)};
    struct submission message = {.id = self->row->submission,
                                 .form = STR("shop"),
                                 .email = STR("ada@example.org"),
                                 .message = STR("Hello"),
                                 .source = STR("::1")};

    if (self->settings) {
        TRY(store_form_put(writer, &form));
        TRY(forms_reload(self->world->forms, writer));
    }
    TRY(store_submission_insert(writer, &message));
    TRY(store_delivery_insert(writer, self->row));
    if (self->is_claimed)
        TRY(store_delivery_claim(writer, &self->row->id, self->row->due_at_ms,
                                 clock_wall_ms() + PATIENCE_MS * 10, NULL));
    return ERR_OK;
}

static struct id id_number(uint8_t number)
{
    struct id id = {{0}};

    assert_true(id_parse(STR("01a1fc25-e9fd-7000-8253-d89298f34000"), &id));
    id.bytes[6] = 0x70;
    id.bytes[7] = number;
    return id;
}

static void put(struct world *world, const char *settings, const char *destination, bool is_claimed)
{
    const struct delivery row = {.id = id_number(2),
                                 .submission = id_number(1),
                                 .form = STR("shop"),
                                 .destination = str_of(destination),
                                 .due_at_ms = 1,
                                 .changed_at_ms = 1};
    struct change change = {.job.run = change_run,
                            .world = world,
                            .settings = settings,
                            .row = &row,
                            .is_claimed = is_claimed};

    assert_ok(commit_run(world->commit, &change.job));
}

/* --- looking ------------------------------------------------------------- */

struct seen {
    enum delivery_state state;
    int attempts;
    bool is_leased;
    char error[DELIVERY_ERROR_MAX + 1];
};

static enum err see(void *arg, const struct delivery *row)
{
    struct seen *seen = arg;

    seen->state = row->state;
    seen->attempts = row->attempts;
    seen->is_leased = row->is_leased;
    snprintf(seen->error, sizeof seen->error, "%.*s", (int)row->error.len,
             row->error.ptr ? row->error.ptr : "");
    return ERR_OK;
}

/* Until it has been tried, or is over. */
static struct seen wait_for_end(struct world *world)
{
    int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
    struct store *reader = NULL;
    struct id id = id_number(2);
    struct seen seen = {.attempts = 0};

    assert_ok(store_open_reader(world->writer, &reader, NULL));
    do {
        assert_true(clock_mono_ms() < end_ms);
        usleep(5000);
        assert_ok(store_delivery_get(reader, &id, see, &seen));
    } while (seen.state == DELIVERY_WAITING && (!seen.error[0] || seen.is_leased));
    store_close(reader);
    return seen;
}

/* A socket that is bound and does not listen: who connects is refused. */
static int refuse(char *ret_settings, size_t room)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(ret_settings, room,
             "{\"notify\":{\"webhooks\":[{\"name\":\"crm\",\"url\":\"http://127.0.0.1:%d/\"}]}}",
             ntohs(address.sin_port));
    return fd;
}

/* --- cases --------------------------------------------------------------- */

static void nothing_starts_while_nobody_is_told(void **state)
{
    struct world *world = *state;
    int before = count_threads();

    start(world);
    assert_int_equal(count_threads(), before);
    outbox_nudge(NULL);
    outbox_stop(NULL);
}

static void what_nobody_listens_for_is_tried_again_later(void **state)
{
    struct world *world = *state;
    char settings[200];
    int fd = refuse(settings, sizeof settings);

    start(world);
    put(world, settings, "webhook:crm", false);
    outbox_nudge(world->outbox);
    struct seen seen = wait_for_end(world);
    assert_int_equal(seen.state, DELIVERY_WAITING);
    assert_int_equal(seen.attempts, 1);
    assert_true(seen.error[0]);
    close(fd);
}

static void what_a_former_run_left_is_taken_up(void **state)
{
    struct world *world = *state;
    char settings[200];
    int fd = refuse(settings, sizeof settings);

    put(world, settings, "webhook:crm", true);
    start(world); /* without a nudge */
    struct seen seen = wait_for_end(world);
    assert_int_equal(seen.state, DELIVERY_WAITING);
    assert_int_equal(seen.attempts, 1);
    close(fd);
}

static void a_destination_that_is_gone_is_withdrawn(void **state)
{
    struct world *world = *state;

    put(world, "{}", "webhook:crm", false);
    start(world);
    assert_int_equal(wait_for_end(world).state, DELIVERY_WITHDRAWN);
}

static void what_cannot_be_composed_is_given_up(void **state)
{
    struct world *world = *state;

    put(world, "{\"notify\":{\"mail\":[\"owner@example.org\"]}}", "mail:owner@example.org", false);
    start(world); /* which has no mail sender */
    struct seen seen = wait_for_end(world);
    assert_int_equal(seen.state, DELIVERY_FAILED);
    assert_int_equal(seen.attempts, 1);
    assert_non_null(strstr(seen.error, "smtp"));
}

enum { QUEUED = 120, HOUR_MS = 60 * 60 * 1000 };

static enum err queue_run(struct job *job, struct store *writer)
{
    struct change *self = CONTAINER_OF(job, struct change, job);
    struct delivery row = *self->row;
    struct change one = *self;

    one.row = &row;
    for (int i = 0; i < QUEUED; i++) {
        row.id = store_next_id(writer, row.due_at_ms);
        row.submission = store_next_id(writer, row.due_at_ms);
        TRY(change_run(&one.job, writer));
        one.settings = NULL;
    }
    return ERR_OK;
}

static void queue(struct world *world, const char *settings)
{
    const struct delivery row = {.form = STR("shop"),
                                 .destination = STR("webhook:crm"),
                                 .due_at_ms = clock_wall_ms(),
                                 .changed_at_ms = clock_wall_ms()};
    struct change change = {
        .job.run = queue_run, .world = world, .settings = settings, .row = &row};

    assert_ok(commit_run(world->commit, &change.job));
}

struct count {
    int in_state[DELIVERY_WITHDRAWN + 1];
    int tried, attempts, leased;
};

static enum err count_row(void *arg, const struct delivery *row)
{
    struct count *count = arg;

    count->in_state[row->state]++;
    count->leased += row->is_leased;
    count->tried += row->attempts > 0;
    count->attempts += row->attempts;
    if (row->state == DELIVERY_FAILED)
        assert_non_null(memmem(row->error.ptr, row->error.len, "36 hours", 8));
    return ERR_OK;
}

static struct count count_rows(struct world *world)
{
    const struct delivery_filter filter = {.limit = DELIVERY_LIST_MAX};
    struct count count = {.tried = 0};
    struct store *reader = NULL;

    assert_ok(store_open_reader(world->writer, &reader, NULL));
    assert_ok(store_delivery_list(reader, &filter, count_row, &count));
    store_close(reader);
    return count;
}

/* Until so many attempts were made, all are in this state, and nothing is under way. */
static struct count wait_for(struct world *world, enum delivery_state state, int attempts)
{
    int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
    struct count count;

    do {
        assert_true(clock_mono_ms() < end_ms);
        usleep(5000);
        outbox_nudge(world->outbox);
        count = count_rows(world);
        clock_ahead_ms += 1000; /* so that what was tried just now is due again soon */
    } while (count.in_state[state] != QUEUED || count.leased || count.attempts < attempts);
    return count;
}

static void what_waits_behind_a_host_that_is_down_is_given_up_in_the_end(void **state)
{
    struct world *world = *state;
    char settings[200];
    int fd = refuse(settings, sizeof settings);

    start(world);
    queue(world, settings);
    struct count count = wait_for(world, DELIVERY_WAITING, 5);
    assert_in_range(count.tried, 5, QUEUED / 2); /* the rest waits behind the breaker */
    clock_ahead_ms = 30 * (int64_t)HOUR_MS;
    wait_for(world, DELIVERY_WAITING, count.attempts + 1); /* too early to give anything up */
    clock_ahead_ms = 37 * (int64_t)HOUR_MS;
    wait_for(world, DELIVERY_FAILED, 0);
    close(fd);
}

static enum err count_alarm(void *arg, const struct alarm *alarm)
{
    assert_true(str_equal(alarm->kind, STR("destination")));
    assert_true(str_equal(alarm->form, STR("shop")));
    ++*(int *)arg;
    return ERR_OK;
}

static enum err fail_long_ago(struct job *job, struct store *writer)
{
    const struct delivery_outcome outcome = {
        .id = id_number(2),
        .form = STR("shop"),
        .destination = STR("webhook:crm"),
        .state = DELIVERY_FAILED,
        .attempt = {.at_ms = clock_wall_ms() - 2 * 3600 * 1000, .error = STR("no answer")}};

    (void)job;
    return store_delivery_settle(writer, &outcome);
}

static void the_watch_finds_what_has_failed_for_an_hour(void **state)
{
    struct world *world = *state;
    const struct watch_options options = {.first_ms = 1, .period_ms = 5};
    struct job fail = {.run = fail_long_ago};
    struct watch *watch = NULL;
    struct store *reader = NULL;
    int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
    int count = 0;

    put(world,
        "{\"notify\":{\"webhooks\":[{\"name\":\"crm\",\"url\":\"https://crm.example/in\"}]}}",
        "webhook:crm", false);
    assert_ok(commit_run(world->commit, &fail));
    assert_ok(
        watch_start(&options, world->commit, world->writer, world->forms, NULL, &watch, NULL));
    assert_ok(store_open_reader(world->writer, &reader, NULL));
    while (!count) {
        assert_true(clock_mono_ms() < end_ms);
        usleep(5000);
        assert_ok(store_alarm_list(reader, count_alarm, &count));
    }
    assert_int_equal(count, 1);
    store_close(reader);
    watch_stop(watch);
    watch_stop(NULL);
}

#define WORLD_CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        WORLD_CASE(nothing_starts_while_nobody_is_told),
        WORLD_CASE(what_nobody_listens_for_is_tried_again_later),
        WORLD_CASE(what_a_former_run_left_is_taken_up),
        WORLD_CASE(a_destination_that_is_gone_is_withdrawn),
        WORLD_CASE(what_cannot_be_composed_is_given_up),
        WORLD_CASE(what_waits_behind_a_host_that_is_down_is_given_up_in_the_end),
        WORLD_CASE(the_watch_finds_what_has_failed_for_an_hour),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
