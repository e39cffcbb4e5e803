/* SPDX-License-Identifier: MIT */
/*
 * What the outbox's files share. A load is one mail or post on its way: one delivery, or
 * those of a digest; from the choice of its rows until it is written down how it went.
 * Room-private; the outbox's thread, but for the claim, which is the committer's.
 */
#ifndef CONTACTD_SERVICE_OUTBOX_LOAD_H
#define CONTACTD_SERVICE_OUTBOX_LOAD_H

#include "core/breaker.h"
#include "notify/transport.h"
#include "service/outbox.h"

enum { LOAD_ROWS_MAX = 50, HOST_BUCKETS = 64 };

/* Whoever is connected to: a web server, or the mail server. */
struct host {
    struct host *next;
    struct breaker breaker;
    int under_way;
    char name[]; /* NUL-terminated */
};

struct hosts {
    struct host *buckets[HOST_BUCKETS];
};

/* NULL: no memory. It stays until host_leave() finds that nothing is to be remembered of it. */
struct host *hosts_find(struct hosts *hosts, struct str name);
void host_enter(struct host *host);
void host_leave(struct hosts *hosts, struct host *host);
/* A probe of each may begin at once. */
void hosts_hurry(struct hosts *hosts);
void hosts_done(struct hosts *hosts);

/* Where the settings lead. */
struct route_out {
    const struct form_entry *entry; /* to be released; NULL: there is no such form any more */
    const struct notice *notice;
    const struct destination *destination; /* NULL: it is gone; borrowed from the entry */
};

struct route_out route_find(struct forms *forms, struct str form, struct str destination);

/* The name of the host that a destination is reached through; appended. */
void route_host(const struct route_out *route, const struct mail_sender *sender, struct buf *out);

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
    struct host *host;      /* NULL: nothing is sent */
    struct route_out route; /* until it is composed */
    struct outgoing out;
    struct str form, destination, text; /* within `room` */
    struct id id;                       /* what it is sent under */
    bool is_hopeless;                   /* it cannot be composed as it is */
    bool is_digest, has_batch;          /* it was tried before: no row may come to it */
    bool is_late;                       /* these are given up, unsent */
    int64_t began_ms, took_ms;          /* wall, and of the attempt */
    size_t count;
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

/* Counts the attempt of each row, and lets go those that are not to be had any more. */
MUST_CHECK enum err load_claim(struct load *load, struct store *writer, int64_t now_ms);

/* Reads the messages and makes the parcel. On failure the parcel says why, and its result. */
MUST_CHECK enum err load_compose(struct load *load, struct store *reader,
                                 const struct outbox_options *options);

/* Decides from the parcel's result what becomes of each row. */
void load_judge(struct load *load, int64_t now_ms);

/* Whether the host, rather than the message, is to blame for how it ended. */
bool load_blames_host(const struct load *load);

/* Writes the rows' outcomes. */
MUST_CHECK enum err load_settle(const struct load *load, struct store *writer);

#endif
