/* SPDX-License-Identifier: MIT */
/* One parcel on its way: its libcurl handle, what the other side said, and what that means. */
#ifndef CONTACTD_NOTIFY_FLIGHT_H
#define CONTACTD_NOTIFY_FLIGHT_H

#include "notify/curl.h"
#include "notify/transport.h"

enum { SAID_MAX = 240 };

/* All that are open; outlives the connections. */
struct flight_sockets {
    int fds[128];
    size_t count;
};

struct flight {
    struct parcel *parcel;
    const struct transport_options *options;
    const struct curl_lib *lib;
    struct flight_sockets *sockets;
    struct flight *next, **at; /* the transport's list: `at` is what points here */
    CURL *easy;
    struct curl_slist *lines; /* the request's headers, or the envelope's recipient */
    int64_t deadline_ms;      /* mono */
    size_t sent;              /* of the mail */
    size_t received;          /* of the reply's body */
    bool is_tried, is_forbidden;
    char forbidden[64]; /* the address that may not be reached */

    /* SMTP: the last command's; HTTP: the beginning of the reply's body. */
    enum { STEP_LOGIN, STEP_MAIL, STEP_RECIPIENT, STEP_DATA, STEP_QUIT } step;
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

/* Frees it, too. */
void flight_done(struct flight *flight);

/*
 * Nobody waits any more for what the other side may still say on these: closing a
 * connection to a mail server waits for its answer to QUIT otherwise.
 */
void flight_sockets_deafen(const struct flight_sockets *sockets);

#endif
