/* SPDX-License-Identifier: MIT */
/*
 * The outbox as its own files see it. Room-private; the outbox's thread, but for what is
 * atomic and for the start, which `lock` guards.
 */
#ifndef CONTACTD_SERVICE_OUTBOX_PARTS_H
#define CONTACTD_SERVICE_OUTBOX_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/target.h"
#include "outbox_load.h"

/* A destination's name; not there when `queue.form.ptr` is NULL. */
struct place {
    char form[FORM_NAME_MAX], destination[DESTINATION_NAME_MAX];
    struct delivery_queue queue;
};

struct outbox {
    struct outbox_options options;
    struct commit *commit;
    struct store *writer; /* to open a reader from */
    struct target_rules rules;
    struct forms *forms;
    struct events *events;

    pthread_mutex_t lock;
    pthread_t thread;
    atomic_bool is_running, is_nudged, is_hurried, is_stopping;

    struct store *reader;
    struct transport *transport;
    struct gates gates;
    struct load *under_way, *over; /* on their way; to be written down */
    int under_way_count;
    struct place place; /* who had the last turn */
    int64_t next_ms;    /* wall; when something will be due */
    int64_t pause_ms;   /* monotonic; no round before that */
    int64_t walk_ms;    /* monotonic; no walk before that */
    bool wants_walk;    /* since something has changed */
    bool has_failed;    /* the last round; so that it is told once */
    bool has_leases;    /* of a former run, which could not be released at the start */
};

/*
 * What is to begin now: loads whose rows are to be claimed, each on its way through its gates. As a
 * side effect `next_ms` and `place` are set. On failure nothing is chosen.
 */
MUST_CHECK enum err outbox_choose(struct outbox *outbox, int64_t now_ms, struct load **ret_loads);

/* Frees a list of loads, and leaves their gates. */
void outbox_drop(struct outbox *outbox, struct load *load);

#endif
