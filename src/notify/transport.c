/* SPDX-License-Identifier: MIT */
/*
 * Posts are under way on the owner's thread, over one multi handle of libcurl; mails on
 * lanes of their own (lane.h). Both are made with the first parcel that needs
 * them. Whoever wakes the owner writes to an eventfd, so nobody else needs to know what is
 * there.
 */
#include "notify/transport.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "notify/flight.h"
#include "notify/lane.h"

struct transport {
    struct transport_options options;
    const struct curl_lib *lib;
    CURLM *multi;            /* NULL: no post was sent yet */
    struct flight *flights;  /* under way */
    struct parcel *grounded; /* could not begin; linked by their `own` */
    struct lanes *lanes;     /* NULL: no mail was sent yet */
    int wake_fd;
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
    flight_sockets_init(&transport->sockets);
    *ret_transport = transport;
    return ERR_OK;
}

static bool open_multi(struct transport *transport)
{
    transport->lib = curl_lib();
    if (!transport->multi)
        transport->multi = curl_lib_multi();
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

static enum err send_post(struct transport *transport, struct parcel *parcel)
{
    struct flight *flight = calloc(1, sizeof *flight);

    if (!flight)
        return ERR_MEMORY;
    flight->parcel = parcel;
    flight->options = &transport->options;
    flight->sockets = &transport->sockets;
    if (launch(transport, flight)) {
        parcel->own = flight;
        link_flight(&transport->flights, flight);
        return ERR_OK;
    }
    flight_done(flight);
    free(flight);
    return ERR_IO;
}

static enum err send_mail(struct transport *transport, struct parcel *parcel)
{
    if (!transport->lanes)
        TRY(lanes_new(&transport->options, transport->wake_fd, &transport->lanes));
    lanes_send(transport->lanes, parcel);
    return ERR_OK;
}

void transport_send(struct transport *transport, struct parcel *parcel)
{
    parcel_fail(parcel, "");
    enum err err = parcel->is_smtp ? send_mail(transport, parcel) : send_post(transport, parcel);
    if (err == ERR_OK)
        return;
    if (!parcel->error[0])
        parcel_fail(parcel, err_text(err));
    parcel->own = transport->grounded;
    transport->grounded = parcel;
}

/* --- moving on ----------------------------------------------------------- */

/* It may be sent again from within done(), so everything of it is gone by then. */
static void finish(struct flight *flight)
{
    struct parcel *parcel = flight->parcel;

    unlink_flight(flight);
    flight_done(flight);
    free(flight);
    parcel->done(parcel);
}

static bool finish_all(struct parcel *parcels)
{
    bool has_any = parcels;

    while (parcels) {
        struct parcel *parcel = parcels;
        parcels = parcel->own;
        parcel->done(parcel);
    }
    return has_any;
}

/* Those that are sent from within done() have their turn next time. */
static bool finish_grounded(struct transport *transport)
{
    struct parcel *parcels = transport->grounded;

    transport->grounded = NULL;
    return finish_all(parcels);
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
        finish(flight);
        has_any = true;
    }
    return has_any;
}

static bool move(struct transport *transport)
{
    bool has_ended = transport->lanes && finish_all(lanes_take(transport->lanes));
    int running;

    if (!transport->multi)
        return has_ended;
    transport->lib->multi_perform(transport->multi, &running);
    return finish_ended(transport) || has_ended;
}

static void wait_for_news(struct transport *transport, int64_t timeout_ms)
{
    int wait_ms = timeout_ms < 0 ? 0 : timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
    struct curl_waitfd wake = {.fd = transport->wake_fd, .events = CURL_WAIT_POLLIN};
    struct pollfd alone = {.fd = transport->wake_fd, .events = POLLIN};
    uint64_t count;

    if (transport->multi)
        transport->lib->multi_poll(transport->multi, &wake, 1, wait_ms, NULL);
    else
        poll(&alone, 1, wait_ms);
    while (read(transport->wake_fd, &count, sizeof count) > 0)
        ;
}

void transport_poll(struct transport *transport, int64_t timeout_ms)
{
    bool has_ended = finish_grounded(transport);

    has_ended = move(transport) || has_ended;
    wait_for_news(transport, has_ended ? 0 : timeout_ms);
    move(transport);
}

void transport_wake(struct transport *transport)
{
    const uint64_t one = 1;

    (void)!write(transport->wake_fd, &one, sizeof one);
}

/* --- the end ------------------------------------------------------------- */

static void break_off(struct transport *transport, struct flight *flight)
{
    parcel_fail(flight->parcel, PARCEL_STOPPED);
    transport->lib->multi_remove_handle(transport->multi, flight->easy);
    finish(flight);
}

void transport_close(struct transport *transport)
{
    if (!transport)
        return;
    finish_grounded(transport);
    while (transport->flights)
        break_off(transport, transport->flights);
    if (transport->lanes)
        finish_all(lanes_close(transport->lanes));
    if (transport->multi)
        transport->lib->multi_cleanup(transport->multi);
    flight_sockets_done(&transport->sockets);
    close(transport->wake_fd);
    free(transport);
}
