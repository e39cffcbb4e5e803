/* SPDX-License-Identifier: MIT */
/*
 * Mails leave on threads of their own: libcurl (7.88 as well as much later ones) waits for the
 * server's answer to the data, and to QUIT, without ever coming back meanwhile, and a
 * server that looks for viruses takes its time. Each lane carries one mail after the other and
 * keeps its connection for the next.
 */
#ifndef CONTACTD_NOTIFY_LANE_H
#define CONTACTD_NOTIFY_LANE_H

#include "notify/transport.h"

struct lanes;

/* Options are borrowed; `wake_fd` (an eventfd) is written to whenever a mail has ended. */
MUST_CHECK enum err lanes_new(const struct transport_options *options, int wake_fd,
                              struct lanes **ret_lanes);

/* Owner only, as everything here. lanes_take() gives it back with its result. */
void lanes_send(struct lanes *lanes, struct parcel *parcel);

/* Those that have ended since, linked by their `own`; NULL: none. */
struct parcel *lanes_take(struct lanes *lanes);

/* Breaks off what is under way, and frees; the list has all that were not given back yet. */
struct parcel *lanes_close(struct lanes *lanes);

#endif
