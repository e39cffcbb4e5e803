/* SPDX-License-Identifier: MIT */
/* One parcel on its way: its libcurl handle, what the other side said, and what that means. */
#ifndef CONTACTD_NOTIFY_FLIGHT_H
#define CONTACTD_NOTIFY_FLIGHT_H

#include <pthread.h>
#include <stdatomic.h>

#include "notify/curl.h"
#include "notify/transport.h"

enum { SAID_MAX = 240 };

#define PARCEL_STOPPED "the server was stopped meanwhile"

/* All that are open; outlives the connections. Any thread. */
struct flight_sockets {
    pthread_mutex_t lock; /* guards fds and count */
    int fds[128];
    size_t count;
    atomic_bool is_shut;
};

void flight_sockets_init(struct flight_sockets *sockets);
void flight_sockets_done(struct flight_sockets *sockets);

/* No more is heard: libcurl waits for the answer to QUIT when it closes a connection. */
void flight_sockets_deafen(struct flight_sockets *sockets);

/* Ends all of them, and any that would be opened yet. */
void flight_sockets_shut(struct flight_sockets *sockets);

struct flight {
    struct parcel *parcel;
    const struct transport_options *options;
    const struct curl_lib *lib;
    struct flight_sockets *sockets;
    struct flight *next, **at; /* of a list: `at` is what points here */
    CURL *easy;
    struct curl_slist *lines; /* the request's headers, or the envelope's recipient */
    int64_t deadline_ms;      /* mono */
    size_t sent;              /* of the mail */
    size_t received;          /* of the reply's body */
    struct curl_meter meter;  /* of all that came */
    bool is_tried, is_forbidden;
    bool has_asked;     /* there was a connection to say something on */
    char forbidden[64]; /* the address that may not be reached */

    /* SMTP: the last command's; HTTP: the beginning of the reply's body. */
    enum flight_step { STEP_LOGIN, STEP_MAIL, STEP_RECIPIENT, STEP_DATA } step;
    bool is_leaving; /* SMTP: QUIT was said */
    bool is_repeated;
    int code;
    char said[SAID_MAX + 1];
    size_t said_len;
    bool is_said; /* HTTP: the line is whole */

    char reason[CURL_ERROR_SIZE]; /* libcurl's */
};

/* Makes the handle. False: the parcel says why not. */
MUST_CHECK bool flight_begin(struct flight *flight);

/* Writes the parcel's result: how the transfer ended. */
void flight_judge(struct flight *flight, CURLcode code);

/* The same for one that was broken off, or could not begin. */
void parcel_fail(struct parcel *parcel, const char *reason);

/*
 * Whether a mail's end only means that a kept connection was none any more, or not for this mail;
 * then flight_repeat() makes it ready for a new one. Once.
 */
bool flight_may_repeat(const struct flight *flight, CURLcode code);
void flight_repeat(struct flight *flight);

void flight_done(struct flight *flight);

#endif
