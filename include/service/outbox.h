/* SPDX-License-Identifier: MIT */
/*
 * The outbox: deliveries are rows, written with their message; one thread claims those
 * that are due, under a lease, composes them (core/channel), hands them to
 * notify/transport, and writes down how it went. A destination that fails is
 * asked less and less often (a circuit breaker), and never makes a form wait; what
 * waited for one that is down for DELIVERY_PATIENCE_MS is given up, tried or not.
 */
#ifndef CONTACTD_SERVICE_OUTBOX_H
#define CONTACTD_SERVICE_OUTBOX_H

#include "core/address.h"
#include "core/channel.h"
#include "core/delivery.h"
#include "service/commit.h"
#include "service/events.h"
#include "service/forms.h"

struct outbox;

struct outbox_options {
    struct mail_sender sender;
    struct str public_url;      /* ptr NULL: unknown */
    const struct cidr *allowed; /* private ranges that webhooks may reach all the same */
    size_t allowed_count;
    bool may_be_plain;   /* http:// webhooks and mail without TLS */
    const char *ca_file; /* NULL: the system's */
};

/*
 * Everything stays the caller's and outlives the outbox. Its thread, with a reader of
 * its own, starts when something waits for the first time, here or at a nudge.
 */
MUST_CHECK enum err outbox_start(const struct outbox_options *options, struct commit *commit,
                                 struct store *writer, struct forms *forms, struct events *events,
                                 struct outbox **ret_outbox, struct err_detail *detail);

/* Something is due now. Any thread, cheap. NULL is allowed. */
void outbox_nudge(struct outbox *outbox);

/*
 * The same when somebody has asked for it by hand: what this destination is reached through is
 * tried at once although it has failed; NULL: whatever has failed. No other member of `whom` is
 * looked at.
 */
void outbox_hurry(struct outbox *outbox, const struct delivery_queue *whom);

/*
 * Whether this one waits behind others that have failed there. Any thread. The other shows it as
 * delivery_render_open() does, with that. NULL is allowed: nothing waits.
 */
bool outbox_pause(struct outbox *outbox, const struct delivery *row,
                  struct delivery_pause *ret_pause);
void outbox_render_open(struct outbox *outbox, struct buf *out, const struct delivery *row);

/* Ends within a second, whatever the destinations do, and frees. NULL is allowed. */
void outbox_stop(struct outbox *outbox);

#endif
