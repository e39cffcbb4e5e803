/* SPDX-License-Identifier: MIT */
/*
 * What happens, told to whoever is watching. The newest events are kept in a
 * ring in memory, numbered; a watcher that falls behind it, or comes back after
 * a restart, learns that it has missed something. Nobody who publishes ever waits.
 * Numbers count what happens on all forms, so they are not for clients: marks are.
 */
#ifndef CONTACTD_SERVICE_EVENTS_H
#define CONTACTD_SERVICE_EVENTS_H

#include "core/delivery.h"

struct events;

enum { EVENTS_KEPT = 1024, EVENT_IDS_MAX = 16 };

enum event_kind {
    EVENT_SUBMISSION, /* a message was stored: form, one id, state */
    EVENT_CHANGE,     /* messages were changed: form, ids, and what is known of state and star */
    EVENT_FORM,       /* a form's settings were changed: form */
    EVENT_DELIVERY,   /* how a delivery did: form, its id and its message's, its state */
};

struct event {
    enum event_kind kind;
    struct str form;      /* a form's name */
    const struct id *ids; /* any number: more than EVENT_IDS_MAX become several events */
    size_t id_count;
    bool has_state, has_star; /* whether the next two say something */
    enum submission_state state;
    bool is_starred;
    enum delivery_state delivery;
};

/* An event as it is kept. */
struct kept_event {
    enum event_kind kind;
    char form[FORM_NAME_MAX + 1];
    uint8_t id_count;
    bool has_state, has_star, is_starred;
    enum submission_state state;
    enum delivery_state delivery;
    struct id ids[EVENT_IDS_MAX];
};

/* Starts the thread that wakes watchers, of whom there may be `watchers_max`. */
MUST_CHECK enum err events_start(size_t watchers_max, struct events **ret_events,
                                 struct err_detail *detail);
/* When nobody watches any more. NULL is allowed. */
void events_stop(struct events *events);

/* Any thread; cheap. NULL for `events` is allowed: then nobody is told. */
void events_publish(struct events *events, const struct event *event);

/* An event about one message, of which nothing else is known. */
void events_publish_one(struct events *events, enum event_kind kind, struct str form,
                        const struct id *id, enum submission_state state);

enum { EVENT_MARK_LEN = 48 };

/* A number as clients get it: a text that tells nothing, and is another one each time. */
void events_mark(const struct events *events, uint64_t number, char ret_mark[EVENT_MARK_LEN + 1]);

/* False: it is no mark of this run of the server. */
MUST_CHECK bool events_read_mark(const struct events *events, struct str mark,
                                 uint64_t *ret_number);

/* The number that the next event will get. Numbers start with 1. */
uint64_t events_next_number(struct events *events);

/* Copies event `number`. ERR_NOT_FOUND: it is not there yet. ERR_FULL: it is gone. Any thread. */
MUST_CHECK enum err events_get(struct events *events, uint64_t number,
                               struct kept_event *ret_event);

/*
 * Whether an event `number`, or a later one, is gone that was about `form`; now and then
 * also when it was about another. Number 0 is of another run: everything is gone. Any thread.
 */
bool events_has_lost(struct events *events, uint64_t number, struct str form);

/* The oldest number that is not gone. Any thread. */
uint64_t events_oldest_number(struct events *events);

/* Who watches: the caller's, in memory that lives until events_leave(). */
struct watcher {
    /* From whatever thread; once per events_wait(). `more`: another is woken right after. */
    void (*wake)(struct watcher *watcher, bool more);
    uint64_t next;    /* the number that is waited for */
    int64_t due_ms;   /* monotonic; is woken then without an event */
    uint16_t account; /* whose it is, for events_recall() */

    struct watcher *older, *newer; /* the service's */
    bool is_waiting;
};

/* ERR_FULL: there are watchers_max already. */
MUST_CHECK enum err events_enter(struct events *events, struct watcher *watcher);
void events_leave(struct events *events, struct watcher *watcher);

/* wake() follows when there is an event watcher->next or it is watcher->due_ms. Any thread. */
void events_wait(struct events *events, struct watcher *watcher);

/* Wakes a watcher that waits at once, from this thread. */
void events_hurry(struct events *events, struct watcher *watcher);

/* The same for all who watch for this account. NULL for `events` is allowed. Any thread. */
void events_recall(struct events *events, uint16_t account);

#endif
