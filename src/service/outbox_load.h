/* SPDX-License-Identifier: MIT */
/*
 * What the outbox's files share. A load is one mail or post on its way: one delivery, or
 * those of a digest; from the choice of its rows until it is written down how it went.
 * Room-private; the outbox's thread, but for the claim, which is the committer's.
 */
#ifndef CONTACTD_SERVICE_OUTBOX_LOAD_H
#define CONTACTD_SERVICE_OUTBOX_LOAD_H

#include "notify/transport.h"
#include "outbox_gate.h"
#include "service/outbox.h"

enum { LOAD_ROWS_MAX = 50 };

/* Where the settings lead. */
struct route_out {
    const struct form_entry *entry; /* to be released; NULL: there is no such form any more */
    const struct notice *notice;
    const struct destination *destination; /* NULL: it is gone; borrowed from the entry */
};

struct route_out route_find(struct forms *forms, struct str form, struct str destination);

/* The same for one row, which may be for another form's destination of this name. */
struct route_out route_of(struct forms *forms, const struct delivery *row);

/* What a destination is reached through, and that as people know it: without secrets. */
MUST_CHECK enum err route_gates(const struct destination *destination,
                                const struct mail_sender *sender, struct gate_names *ret_names);
void gate_names_done(struct gate_names *names);
struct str route_place(const struct destination *destination, const struct mail_sender *sender);

struct load_row {
    struct id id, submission;
    int attempts; /* with this one */
    enum delivery_state state;
    int64_t due_at_ms;
};

struct load {
    struct parcel parcel;
    struct load *next;
    struct outbox *owner;
    struct passage passage;
    struct route_out route; /* until it is composed */
    struct outgoing out;
    struct str form, destination, text; /* within `room` */
    struct id id;                       /* what it is sent under */
    enum channel channel;               /* of its destination */
    bool is_hopeless;                   /* it cannot be composed as it is */
    bool is_visitors;                   /* who left an address that is not answered */
    bool is_digest, has_batch;          /* it was tried before: no row may come to it */
    bool is_late;                       /* these are given up, unsent */
    int64_t began_ms, took_ms;          /* wall, and of the attempt */
    size_t count;
    size_t split_at; /* where the second half begins that goes alone from now on; 0: it does not */
    struct load_row *rows;
    char *room;
};

/* A load of these rows, of one destination; takes the route. NULL: no memory. */
struct load *load_new(const struct route_out *route, const struct delivery_queue *queue,
                      const struct delivery *first, size_t rows_max);
/* Whether a row may go with a digest: the same ones in every attempt. */
bool load_fits(const struct load *load, const struct delivery *row);
void load_add(struct load *load, const struct delivery *row);
/* Leaves in a new digest those of its first rows that one mail holds; the others wait for the next.
 */
MUST_CHECK enum err load_trim(struct load *load, struct store *reader,
                              const struct outbox_options *options);
void load_free(struct load *load);

/*
 * Counts the attempt of each row, and lets go those that are not to be had any more. A new digest
 * gets an id of its own: a row's may be that of an earlier one, which held something else.
 */
MUST_CHECK enum err load_claim(struct load *load, struct store *writer, int64_t now_ms);

/* Reads the messages and makes the parcel. On failure the parcel says why, and its result. */
MUST_CHECK enum err load_compose(struct load *load, struct store *reader,
                                 const struct outbox_options *options);

/* Decides from the parcel's result what becomes of each row. */
void load_judge(struct load *load, int64_t now_ms);

/* Which gate is to blame for how it ended; GATE_COUNT: none, it was the message, or it arrived. */
enum gate_kind load_blames(const struct load *load);

/* What its end says of the destination. */
enum delivery_sign load_sign(const struct load *load);

/* Writes the rows' outcomes. */
MUST_CHECK enum err load_settle(const struct load *load, struct store *writer);

#endif
