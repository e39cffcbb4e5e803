/* SPDX-License-Identifier: MIT */
/* What needs no server; tests/mail has the rest, over real ones. */
#include "notify/transport.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"

enum { PARCELS = 40, POLL_MS = 100, TIMEOUT_MS = 30000 };

static int done_count;

static void count(struct parcel *parcel)
{
    (void)parcel;
    done_count++;
}

static bool refuse_all(void *arg, const uint8_t address[16], uint16_t port)
{
    unsigned *asked = arg;

    assert_memory_equal(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
    assert_int_not_equal(port, 0);
    ++*asked;
    return false;
}

/* A listener that takes connections (its queue does) and never says a word. */
static int listen_silently(char url[64], const char *scheme)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, PARCELS), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    snprintf(url, 64, "%s://127.0.0.1:%d/", scheme, ntohs(name.sin_port));
    return fd;
}

static struct transport *open_transport(const struct transport_options *options)
{
    struct transport *transport = NULL;
    struct err_detail detail = {""};

    done_count = 0;
    assert_int_equal(transport_open(options, &transport, &detail), ERR_OK);
    return transport;
}

static struct parcel parcel_to(const char *url, bool is_smtp)
{
    return (struct parcel){.is_smtp = is_smtp,
                           .url = url,
                           .may_be_plain = true,
                           .from = "a@b.example",
                           .to = "c@d.example",
                           .headers = "",
                           .body = STR("x"),
                           .timeout_ms = TIMEOUT_MS,
                           .done = count};
}

static void nothing_sent_costs_nothing(void **state)
{
    const struct transport_options options = {.ca_file = NULL};
    struct transport *transport = open_transport(&options);

    (void)state;
    transport_poll(transport, 0);
    transport_wake(transport);
    int64_t before_ms = clock_mono_ms();
    transport_poll(transport, TIMEOUT_MS);
    assert_true(clock_mono_ms() - before_ms < TIMEOUT_MS);
    transport_close(transport);
    transport_close(NULL);
    assert_int_equal(done_count, 0);
}

static void a_forbidden_address_is_asked_about_and_refused(void **state)
{
    unsigned asked = 0;
    const struct transport_options options = {.may_connect = refuse_all, .arg = &asked};
    struct transport *transport = open_transport(&options);
    char url[64];
    int fd = listen_silently(url, "http");
    struct parcel parcel = parcel_to(url, false);

    (void)state;
    transport_send(transport, &parcel);
    assert_int_equal(done_count, 0);
    while (done_count == 0)
        transport_poll(transport, POLL_MS);
    assert_int_equal(parcel.result, PARCEL_REFUSED);
    assert_int_equal(parcel.status, 0);
    assert_non_null(strstr(parcel.error, "127.0.0.1"));
    assert_int_equal(asked, 1);
    transport_close(transport);
    close(fd);
}

static void what_is_under_way_at_the_end_is_for_later(void **state)
{
    const struct transport_options options = {.ca_file = NULL};
    struct transport *transport = open_transport(&options);
    static struct parcel parcels[PARCELS];
    char post_url[64], mail_url[64];
    int post_fd = listen_silently(post_url, "http"), mail_fd = listen_silently(mail_url, "smtp");

    (void)state;
    for (int i = 0; i < PARCELS; i++) {
        parcels[i] = parcel_to(i % 2 ? post_url : mail_url, i % 2 == 0);
        transport_send(transport, &parcels[i]);
    }
    for (int i = 0; i < 3; i++)
        transport_poll(transport, POLL_MS);
    assert_int_equal(done_count, 0);
    int64_t before_ms = clock_mono_ms();
    transport_close(transport);
    assert_true(clock_mono_ms() - before_ms < TIMEOUT_MS / 2);
    assert_int_equal(done_count, PARCELS);
    for (int i = 0; i < PARCELS; i++) {
        assert_int_equal(parcels[i].result, PARCEL_LATER);
        assert_non_null(strstr(parcels[i].error, "stopped"));
    }
    close(post_fd);
    close(mail_fd);
}

/* Sends itself again from within done(), once. */
struct again {
    struct parcel parcel;
    struct transport *transport;
    int times;
};

static void send_again(struct parcel *parcel)
{
    struct again *self = CONTAINER_OF(parcel, struct again, parcel);

    if (++self->times == 1)
        transport_send(self->transport, parcel);
}

static void what_is_done_may_be_sent_again_at_once(void **state)
{
    const struct transport_options options = {.ca_file = NULL};
    struct transport *transport = open_transport(&options);
    char url[64];

    (void)state;
    close(listen_silently(url, "smtp")); /* nobody listens there now */
    for (int i = 0; i < 3; i++) {
        const char *urls[] = {url, "http://127.0.0.1:1/", "gopher://127.0.0.1/"};
        struct again again = {.parcel = parcel_to(urls[i], i == 0), .transport = transport};
        again.parcel.done = send_again;
        transport_send(transport, &again.parcel);
        while (again.times < 2)
            transport_poll(transport, POLL_MS);
        assert_int_equal(again.parcel.result, i == 2 ? PARCEL_REFUSED : PARCEL_LATER);
        assert_true(again.parcel.error[0]);
    }
    transport_close(transport);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("nothing sent costs nothing", nothing_sent_costs_nothing),
        CASE("a forbidden address is asked about and refused",
             a_forbidden_address_is_asked_about_and_refused),
        CASE("what is under way at the end is for later",
             what_is_under_way_at_the_end_is_for_later),
        CASE("what is done may be sent again at once", what_is_done_may_be_sent_again_at_once),
    };

    return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
