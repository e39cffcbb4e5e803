/* SPDX-License-Identifier: MIT */
/*
 * Looks every few minutes whether something is wrong: a destination that fails, a form
 * gone silent, a disk nearly full, a public address that messages do not come through, a
 * certificate that ends. What is, becomes an alarm until it is right again,
 * and is told once, to whoever else hears of the form and to the server's own people.
 */
#ifndef CONTACTD_SERVICE_WATCH_H
#define CONTACTD_SERVICE_WATCH_H

#include "service/canary.h"
#include "service/outbox.h"

struct watch;

struct watch_options {
    const char *database; /* whose file system is looked at; NULL: none */
    int64_t first_ms, period_ms;
    struct canary *canary; /* tries on the watch's thread; NULL: there is none */

    /* When the certificate ends that the server itself speaks TLS with, wall; NULL: it does not. */
    int64_t (*certificate_ends_ms)(void *arg);
    void *arg;
};

/* Everything stays the caller's and outlives the watch. A reader is opened for each look. */
MUST_CHECK enum err watch_start(const struct watch_options *options, struct commit *commit,
                                struct store *writer, struct forms *forms, struct outbox *outbox,
                                struct watch **ret_watch, struct err_detail *detail);

/* NULL is allowed. */
void watch_stop(struct watch *watch);

#endif
