/* SPDX-License-Identifier: MIT */
/*
 * Parcels under way, over one multi handle of libcurl, which is made with the first
 * parcel. One thread owns all of it; whoever wakes it writes to an eventfd, so nobody
 * else needs to know what is there.
 *
 * Connections to the mail server are kept for the next mail, until nothing has been under way for
 * QUIET_MS; then the multi handle goes with all of them, since libcurl closes
 * kept connections only when it looks for one.
 */
#include "notify/transport.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "notify/flight.h"

enum { QUIET_MS = 5000, KEPT_MAX = 64 };

struct transport {
    struct transport_options options;
    const struct curl_lib *lib; /* NULL: nothing was sent yet */
    CURLM *multi;               /* NULL: nothing is under way or kept */
    struct flight *flights;     /* under way */
    struct parcel *grounded;    /* could not begin; linked by their `own` */
    int wake_fd;
    int64_t quiet_at_ms; /* mono: when the last parcel ended */
    struct flight_sockets sockets;
};

/* --- the list ------------------------------------------------------------ */

static void link_flight(struct flight **list, struct flight *flight)
{
    flight->at = list;
    flight->next = *list;
    if (flight->next)
        flight->next->at = &flight->next;
    *list = flight;
}

static void unlink_flight(struct flight *flight)
{
    *flight->at = flight->next;
    if (flight->next)
        flight->next->at = flight->at;
}

/* --- sending ------------------------------------------------------------- */

enum err transport_open(const struct transport_options *options, struct transport **ret_transport,
                        struct err_detail *detail)
{
    struct transport *transport = calloc(1, sizeof *transport);

    if (!transport)
        return ERR_MEMORY;
    transport->options = *options;
    transport->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (transport->wake_fd < 0) {
        free(transport);
        return err_set(detail, ERR_IO, "eventfd: no file descriptor is left");
    }
    *ret_transport = transport;
    return ERR_OK;
}

static bool open_multi(struct transport *transport)
{
    transport->lib = curl_lib();
    if (!transport->multi && transport->lib) {
        transport->multi = transport->lib->multi_init();
        if (transport->multi) /* never closes one by itself to make room */
            transport->lib->multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_MAX);
    }
    return transport->multi;
}

static bool launch(struct transport *transport, struct flight *flight)
{
    if (!flight_begin(flight))
        return false;
    if (open_multi(transport) &&
        transport->lib->multi_add_handle(transport->multi, flight->easy) == CURLM_OK)
        return true;
    parcel_fail(flight->parcel, err_text(ERR_MEMORY));
    return false;
}

void transport_send(struct transport *transport, struct parcel *parcel)
{
    struct flight *flight = calloc(1, sizeof *flight);

    parcel_fail(parcel, flight ? "" : err_text(ERR_MEMORY));
    if (flight) {
        flight->parcel = parcel;
        flight->options = &transport->options;
        flight->sockets = &transport->sockets;
        if (launch(transport, flight)) {
            parcel->own = flight;
            link_flight(&transport->flights, flight);
            return;
        }
        flight_done(flight);
    }
    parcel->own = transport->grounded;
    transport->grounded = parcel;
}

/* --- moving on ----------------------------------------------------------- */

/* It may be sent again from within done(), so everything of it is gone by then. */
static void finish(struct transport *transport, struct flight *flight)
{
    struct parcel *parcel = flight->parcel;

    unlink_flight(flight);
    flight_done(flight);
    transport->quiet_at_ms = clock_mono_ms();
    parcel->done(parcel);
}

/* Those that are sent from within done() have their turn next time. */
static bool finish_grounded(struct transport *transport)
{
    struct parcel *next = transport->grounded;
    bool has_any = next;

    transport->grounded = NULL;
    while (next) {
        struct parcel *parcel = next;
        next = parcel->own;
        parcel->done(parcel);
    }
    return has_any;
}

static bool finish_ended(struct transport *transport)
{
    bool has_any = false;
    CURLMsg *message;
    int left;

    while (transport->multi &&
           (message = transport->lib->multi_info_read(transport->multi, &left))) {
        char *private = NULL;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        transport->lib->easy_getinfo(easy, CURLINFO_PRIVATE, &private);
        struct flight *flight = (void *)private;
        flight_judge(flight, code);
        transport->lib->multi_remove_handle(transport->multi, easy);
        finish(transport, flight);
        has_any = true;
    }
    return has_any;
}

static bool move(struct transport *transport)
{
    int running;

    if (!transport->multi)
        return false;
    transport->lib->multi_perform(transport->multi, &running);
    return finish_ended(transport);
}

static void close_multi(struct transport *transport)
{
    if (!transport->multi)
        return;
    flight_sockets_deafen(&transport->sockets);
    transport->lib->multi_cleanup(transport->multi);
    transport->multi = NULL;
}

/* How long kept connections stay yet; -1: for as long as one likes. */
static int64_t quiet_left(const struct transport *transport)
{
    if (!transport->multi || transport->flights)
        return -1;
    int64_t left = transport->quiet_at_ms + QUIET_MS - clock_mono_ms();
    return left > 0 ? left : 0;
}

static void wait_for_news(struct transport *transport, int64_t timeout_ms)
{
    int64_t quiet_ms = quiet_left(transport);
    uint64_t count;

    if (quiet_ms >= 0 && quiet_ms < timeout_ms)
        timeout_ms = quiet_ms;
    if (timeout_ms > INT32_MAX)
        timeout_ms = INT32_MAX;
    struct curl_waitfd wake = {.fd = transport->wake_fd, .events = CURL_WAIT_POLLIN};
    struct pollfd alone = {.fd = transport->wake_fd, .events = POLLIN};
    if (transport->multi)
        transport->lib->multi_poll(transport->multi, &wake, 1, (int)timeout_ms, NULL);
    else
        poll(&alone, 1, (int)timeout_ms);
    while (read(transport->wake_fd, &count, sizeof count) > 0)
        ;
}

void transport_poll(struct transport *transport, int64_t timeout_ms)
{
    bool has_ended = finish_grounded(transport);

    has_ended = move(transport) || has_ended;
    wait_for_news(transport, has_ended || timeout_ms < 0 ? 0 : timeout_ms);
    move(transport);
    if (quiet_left(transport) == 0)
        close_multi(transport);
}

void transport_wake(struct transport *transport)
{
    const uint64_t one = 1;

    (void)!write(transport->wake_fd, &one, sizeof one);
}

/* --- the end ------------------------------------------------------------- */

static void break_off(struct transport *transport, struct flight *flight)
{
    parcel_fail(flight->parcel, "the server was stopped meanwhile");
    transport->lib->multi_remove_handle(transport->multi, flight->easy);
    finish(transport, flight);
}

void transport_close(struct transport *transport)
{
    if (!transport)
        return;
    finish_grounded(transport);
    flight_sockets_deafen(&transport->sockets);
    while (transport->flights)
        break_off(transport, transport->flights);
    close_multi(transport);
    close(transport->wake_fd);
    free(transport);
}
