/* SPDX-License-Identifier: MIT */
/* The canary against a public address of the test's own: a socket, and a thread that answers. */
#include "service/canary.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "check.h"

enum { REQUEST_MAX = 8192, LONG = 24 * 3600 * 1000 };

/* What the other side does with a request. */
enum manner { HONEST, SILENT, DECEITFUL, TWICE, HANGING };

static struct world {
    int fd;
    char url[64];
    pthread_t thread;
    atomic_int manner;
    struct canary *canary;
    atomic_bool was_taken, was_taken_again;
    pthread_mutex_t lock;          /* guards request */
    char request[REQUEST_MAX + 1]; /* the last one */
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void check_ok(enum err err)
{
    assert_int_equal(err, ERR_OK);
}

/* The whole request: it ends with the brace of its body. */
static void hear(int fd, char request[REQUEST_MAX + 1])
{
    size_t len = 0;

    while (len < REQUEST_MAX && !(len && request[len - 1] == '}')) {
        ssize_t got = read(fd, request + len, REQUEST_MAX - len);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    request[len] = '\0';
    pthread_mutex_lock(&world.lock);
    memcpy(world.request, request, len + 1);
    pthread_mutex_unlock(&world.lock);
}

/* What was heard last, for the test's own thread. */
static const char *heard(void)
{
    static char request[REQUEST_MAX + 1];

    pthread_mutex_lock(&world.lock);
    memcpy(request, world.request, sizeof request);
    pthread_mutex_unlock(&world.lock);
    return request;
}

static struct str token_of(const char *request)
{
    static const char NAME[] = "\"_canary\":\"";
    const char *at = strstr(request, NAME);

    return at ? (struct str){at + sizeof NAME - 1, CANARY_TOKEN_LEN} : (struct str){0};
}

static void answer(int fd, const char *request)
{
    char proof[CANARY_TOKEN_LEN + 1] = "none", body[200], reply[400];
    struct str token = token_of(request);

    if (world.manner == HANGING) {
        char byte;
        while (read(fd, &byte, 1) > 0)
            ;
        return;
    }
    if (world.manner == HONEST || world.manner == TWICE)
        world.was_taken = canary_take(world.canary, token, proof);
    if (world.manner == TWICE)
        world.was_taken_again = canary_take(world.canary, token, body);
    if (world.manner == DECEITFUL)
        memcpy(proof, token.ptr, CANARY_TOKEN_LEN); /* all that it can know */
    if (world.manner == SILENT)
        return;
    int len = snprintf(body, sizeof body, "{\"status\":\"ok\",\"proof\":\"%s\"}", proof);
    len =
        snprintf(reply, sizeof reply,
                 "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len, body);
    assert_true(write(fd, reply, (size_t)len) == len);
}

static void *serve(void *arg)
{
    char request[REQUEST_MAX + 1];
    int fd;

    (void)arg;
    while ((fd = accept(world.fd, NULL, NULL)) >= 0) {
        hear(fd, request);
        answer(fd, request);
        close(fd);
    }
    return NULL;
}

static struct canary *make(const char *url, int64_t every_ms)
{
    const struct canary_options options = {.public_url = url, .every_ms = every_ms, .first_ms = 0};
    struct canary *canary = NULL;

    check_ok(canary_new(&options, &canary, NULL));
    return canary;
}

static int set_up(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    (void)state;
    check_ok(secret_start());
    world.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    world.manner = HONEST;
    world.was_taken = world.was_taken_again = false;
    world.request[0] = '\0';
    assert_int_equal(bind(world.fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(world.fd, 16), 0);
    assert_int_equal(getsockname(world.fd, (struct sockaddr *)&at, &len), 0);
    snprintf(world.url, sizeof world.url, "http://127.0.0.1:%u", ntohs(at.sin_port));
    world.canary = make(world.url, LONG);
    return pthread_create(&world.thread, NULL, serve, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    canary_free(world.canary);
    shutdown(world.fd, SHUT_RDWR);
    pthread_join(world.thread, NULL);
    close(world.fd);
    return 0;
}

static void a_message_that_comes_back_is_fine(void **state)
{
    const struct canary_news *news = canary_news(world.canary);

    (void)state;
    assert_true(canary_has_messages(world.canary));
    assert_int_equal(news->message, CANARY_UNKNOWN);
    assert_true(canary_due_ms(world.canary) <= clock_mono_ms());
    assert_true(canary_try(world.canary)); /* that is news */
    assert_true(world.was_taken);
    assert_int_equal(news->message, CANARY_FINE);
    assert_false(news->has_certificate);
    assert_true(strncmp(heard(), "POST " CANARY_PATH " HTTP/1.1\r\n",
                        strlen("POST  HTTP/1.1\r\n" CANARY_PATH)) == 0);
    assert_true(canary_due_ms(world.canary) > clock_mono_ms() + LONG / 2);
    assert_false(canary_try(world.canary)); /* that is none */
}

static void a_token_is_good_once_and_while_it_is_awaited(void **state)
{
    char proof[CANARY_TOKEN_LEN + 1], first[CANARY_TOKEN_LEN + 1];
    static const char ZEROS[CANARY_TOKEN_LEN];

    (void)state;
    assert_false(canary_take(NULL, STR("x"), proof));
    assert_false(canary_take(world.canary, (struct str){0}, proof));
    assert_false(canary_take(world.canary, (struct str){ZEROS, sizeof ZEROS}, proof));
    world.manner = TWICE;
    assert_true(canary_try(world.canary));
    assert_true(world.was_taken);
    assert_false(world.was_taken_again);
    memcpy(first, token_of(heard()).ptr, CANARY_TOKEN_LEN);
    assert_false(canary_take(world.canary, (struct str){first, CANARY_TOKEN_LEN}, proof));
    assert_false(canary_take(world.canary, (struct str){ZEROS, sizeof ZEROS}, proof));
    assert_false(canary_try(world.canary));
    assert_memory_not_equal(first, token_of(heard()).ptr, CANARY_TOKEN_LEN);
    world.manner = SILENT; /* the token did not come, and is worth nothing any more */
    assert_false(canary_try(world.canary));
    assert_false(canary_take(world.canary, token_of(heard()), proof));
}

static void two_failures_in_a_row_are_news(void **state)
{
    const struct canary_news *news = canary_news(world.canary);

    (void)state;
    world.manner = DECEITFUL;
    assert_false(canary_try(world.canary));
    assert_int_equal(news->message, CANARY_UNKNOWN);
    assert_true(canary_due_ms(world.canary) < clock_mono_ms() + LONG / 2); /* sooner */
    assert_true(canary_try(world.canary));
    assert_int_equal(news->message, CANARY_FAILING);
    assert_non_null(strstr(news->reason, "something else than contactd answers (200); "));
    assert_false(canary_try(world.canary));
    world.manner = SILENT; /* other words are news */
    assert_true(canary_try(world.canary));
    assert_non_null(strstr(news->reason, "no answer came: "));
    world.manner = HONEST;
    assert_true(canary_try(world.canary));
    assert_int_equal(news->message, CANARY_FINE);
    assert_string_equal(news->reason, "");
    world.manner = SILENT;
    assert_false(canary_try(world.canary));
    world.manner = HONEST;
    assert_false(canary_try(world.canary));
    world.manner = SILENT;
    assert_false(canary_try(world.canary)); /* not in a row */
}

static void *break_off(void *arg)
{
    (void)arg;
    while (heard()[0] == '\0')
        usleep(1000);
    canary_break_off(world.canary);
    return NULL;
}

static void what_is_broken_off_says_nothing(void **state)
{
    int64_t from_ms = clock_mono_ms();
    pthread_t thread;

    (void)state;
    world.manner = HANGING;
    assert_int_equal(pthread_create(&thread, NULL, break_off, NULL), 0);
    assert_false(canary_try(world.canary));
    pthread_join(thread, NULL);
    assert_true(clock_mono_ms() - from_ms < 10000);
    for (int i = 0; i < 3; i++)
        assert_false(canary_try(world.canary));
    assert_int_equal(canary_news(world.canary)->message, CANARY_UNKNOWN);
    canary_break_off(NULL);
}

static void without_messages_it_only_asks(void **state)
{
    struct canary *canary = make("https://127.0.0.1:1", 0);

    (void)state;
    assert_false(canary_has_messages(canary));
    assert_true(canary_news(canary)->has_certificate);
    assert_false(canary_try(canary)); /* there is nobody, which is no alarm of ours */
    assert_int_equal(canary_news(canary)->message, CANARY_UNKNOWN);
    assert_true(canary_due_ms(canary) > clock_mono_ms() + 30 * 60 * 1000);
    canary_free(canary);
    canary_free(NULL);
}

static void its_rules_are_the_built_in_ones(void **state)
{
    const struct form_entry *form = canary_form(world.canary);

    (void)state;
    check_str(form->name, FORM_DEFAULT);
    assert_ptr_equal(form->schema, &SCHEMA_CONTACT);
    assert_null(form->notice);
    assert_int_equal(form->rules->origins.count, 0);
}

#define WORLD_CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        WORLD_CASE(a_message_that_comes_back_is_fine),
        WORLD_CASE(a_token_is_good_once_and_while_it_is_awaited),
        WORLD_CASE(two_failures_in_a_row_are_news),
        WORLD_CASE(what_is_broken_off_says_nothing),
        WORLD_CASE(without_messages_it_only_asks),
        WORLD_CASE(its_rules_are_the_built_in_ones),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
