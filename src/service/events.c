/* SPDX-License-Identifier: MIT */
/*
 * A ring, a list of watchers that wait, and a thread that wakes them. Waking
 * thousands costs far more than an event, so it is rationed: a round wakes at
 * most ROUND_WATCHERS, who has waited longest first, and rounds have a
 * distance. One watcher is told at once; five thousand within two seconds,
 * and then of everything that has happened since.
 *
 * `lock` guards everything. wake() is called without it.
 */
#include "service/events.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/pause.h"
#include "base/secret.h"

enum { GONE_PLACES = 1024 };
enum { ROUND_WATCHERS = 128, ROUND_MS = 50 };

struct events {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    uint8_t key[SEAL_KEY_BYTES]; /* of this run's marks */
    bool is_stopping;
    bool is_asleep;          /* the thread sleeps, and must be told of what is due */
    int64_t asleep_until_ms; /* monotonic */
    uint64_t last;           /* the number of the newest event; 0: there was none */
    struct watcher waiting;  /* list head; who has waited longest is its `newer` */
    size_t watchers, watchers_max;
    struct kept_event ring[EVENTS_KEPT];
    uint64_t gone[GONE_PLACES]; /* by form: the newest event that has left the ring */
};

/* --- publishing ---------------------------------------------------------- */

static void wake_thread(struct events *events)
{
    if (events->is_asleep)
        pthread_cond_signal(&events->changed);
}

/* FNV-1a */
static uint64_t *gone_of(struct events *events, struct str form)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < form.len; i++)
        hash = (hash ^ (unsigned char)form.ptr[i]) * 16777619u;
    return &events->gone[(hash ^ hash >> 16) % GONE_PLACES];
}

/* The place of the next event. */
static struct kept_event *make_room(struct events *events)
{
    struct kept_event *kept = &events->ring[++events->last % EVENTS_KEPT];

    if (events->last > EVENTS_KEPT)
        *gone_of(events, str_of(kept->form)) = events->last - EVENTS_KEPT;
    return kept;
}

static void keep(struct kept_event *kept, const struct event *event, size_t first)
{
    size_t len = event->form.len < FORM_NAME_MAX ? event->form.len : FORM_NAME_MAX;
    size_t count = event->id_count - first;

    *kept = (struct kept_event){.kind = event->kind,
                                .has_state = event->has_state,
                                .has_star = event->has_star,
                                .state = event->state,
                                .is_starred = event->is_starred,
                                .delivery = event->delivery};
    if (len)
        memcpy(kept->form, event->form.ptr, len);
    kept->id_count = (uint8_t)(count < EVENT_IDS_MAX ? count : EVENT_IDS_MAX);
    if (kept->id_count)
        memcpy(kept->ids, event->ids + first, kept->id_count * sizeof kept->ids[0]);
}

void events_publish(struct events *events, const struct event *event)
{
    size_t told = 0;

    if (!events)
        return;
    pthread_mutex_lock(&events->lock);
    do {
        struct kept_event *kept = make_room(events);
        keep(kept, event, told);
        told += kept->id_count;
    } while (told < event->id_count);
    if (events->waiting.newer != &events->waiting)
        wake_thread(events);
    pthread_mutex_unlock(&events->lock);
}

void events_publish_one(struct events *events, enum event_kind kind, struct str form,
                        const struct id *id, enum submission_state state)
{
    const struct event event = {
        .kind = kind, .form = form, .ids = id, .id_count = 1, .has_state = true, .state = state};

    events_publish(events, &event);
}

/* --- watching ------------------------------------------------------------ */

void events_mark(const struct events *events, uint64_t number, char ret_mark[EVENT_MARK_LEN + 1])
{
    uint8_t seal[SEAL_BYTES];

    _Static_assert(EVENT_MARK_LEN == BASE64URL_LEN(SEAL_BYTES), "a mark is a seal as text");
    seal_number(number, events->key, seal);
    base64url_encode(seal, sizeof seal, ret_mark);
}

bool events_read_mark(const struct events *events, struct str mark, uint64_t *ret_number)
{
    uint8_t seal[SEAL_BYTES];
    size_t len;

    return base64url_decode(mark, seal, sizeof seal, &len) && len == sizeof seal &&
           seal_open(seal, events->key, ret_number);
}

uint64_t events_next_number(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    uint64_t number = events->last + 1;
    pthread_mutex_unlock(&events->lock);
    return number;
}

enum err events_get(struct events *events, uint64_t number, struct kept_event *ret_event)
{
    enum err err = ERR_OK;

    pthread_mutex_lock(&events->lock);
    if (number > events->last)
        err = ERR_NOT_FOUND;
    else if (number == 0 || events->last - number >= EVENTS_KEPT)
        err = ERR_FULL;
    else
        *ret_event = events->ring[number % EVENTS_KEPT];
    pthread_mutex_unlock(&events->lock);
    return err;
}

bool events_has_lost(struct events *events, uint64_t number, struct str form)
{
    pthread_mutex_lock(&events->lock);
    bool has_lost = number == 0 || *gone_of(events, form) >= number;
    pthread_mutex_unlock(&events->lock);
    return has_lost;
}

uint64_t events_oldest_number(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    uint64_t number = events->last > EVENTS_KEPT ? events->last - EVENTS_KEPT + 1 : 1;
    pthread_mutex_unlock(&events->lock);
    return number;
}

enum err events_enter(struct events *events, struct watcher *watcher)
{
    enum err err = ERR_FULL;

    pthread_mutex_lock(&events->lock);
    watcher->is_waiting = false;
    if (events->watchers < events->watchers_max) {
        events->watchers++;
        err = ERR_OK;
    }
    pthread_mutex_unlock(&events->lock);
    return err;
}

void events_leave(struct events *events, struct watcher *watcher)
{
    (void)watcher; /* it does not wait: it was woken, and has come here */
    pthread_mutex_lock(&events->lock);
    events->watchers--;
    pthread_mutex_unlock(&events->lock);
}

void events_wait(struct events *events, struct watcher *watcher)
{
    pthread_mutex_lock(&events->lock);
    watcher->is_waiting = true;
    watcher->newer = &events->waiting;
    watcher->older = events->waiting.older;
    watcher->older->newer = watcher;
    events->waiting.older = watcher;
    if (watcher->next <= events->last || watcher->due_ms < events->asleep_until_ms)
        wake_thread(events);
    pthread_mutex_unlock(&events->lock);
}

static void take_out(struct watcher *watcher)
{
    watcher->older->newer = watcher->newer;
    watcher->newer->older = watcher->older;
    watcher->is_waiting = false;
}

void events_hurry(struct events *events, struct watcher *watcher)
{
    pthread_mutex_lock(&events->lock);
    bool was_waiting = watcher->is_waiting;
    if (was_waiting)
        take_out(watcher);
    pthread_mutex_unlock(&events->lock);
    if (was_waiting)
        watcher->wake(watcher, false);
}

static size_t take_account(struct events *events, uint16_t account, struct watcher *batch[])
{
    size_t count = 0;

    for (struct watcher *next, *w = events->waiting.newer;
         w != &events->waiting && count < ROUND_WATCHERS; w = next) {
        next = w->newer;
        if (w->account != account)
            continue;
        take_out(w);
        batch[count++] = w;
    }
    return count;
}

static void wake_all(struct watcher *const batch[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        batch[i]->wake(batch[i], i + 1 < count);
}

void events_recall(struct events *events, uint16_t account)
{
    struct watcher *batch[ROUND_WATCHERS];
    size_t count = events ? ROUND_WATCHERS : 0;

    while (count == ROUND_WATCHERS) {
        pthread_mutex_lock(&events->lock);
        count = take_account(events, account, batch);
        pthread_mutex_unlock(&events->lock);
        wake_all(batch, count);
    }
}

/* --- the thread ---------------------------------------------------------- */

/* Takes who is due off the list, into `batch`; *ret_due_ms is when the first of the others is. */
static size_t take_due(struct events *events, struct watcher *batch[], int64_t *ret_due_ms)
{
    int64_t now_ms = clock_mono_ms();
    size_t count = 0;

    *ret_due_ms = INT64_MAX;
    for (struct watcher *next, *w = events->waiting.newer; w != &events->waiting; w = next) {
        next = w->newer;
        if (w->next > events->last && w->due_ms > now_ms) {
            if (w->due_ms < *ret_due_ms)
                *ret_due_ms = w->due_ms;
            continue;
        }
        take_out(w);
        batch[count++] = w;
        if (count == ROUND_WATCHERS)
            break;
    }
    return count;
}

/* Until `until_ms`, or, if `may_be_woken`, until something is due sooner. */
static void rest(struct events *events, int64_t until_ms, bool may_be_woken)
{
    const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

    events->is_asleep = may_be_woken;
    events->asleep_until_ms = until_ms;
    if (until_ms == INT64_MAX)
        pthread_cond_wait(&events->changed, &events->lock);
    else
        pthread_cond_timedwait(&events->changed, &events->lock, &until);
    events->is_asleep = false;
}

static void *events_main(void *arg)
{
    struct events *events = arg;
    struct watcher *batch[ROUND_WATCHERS];
    int64_t due_ms;

    pthread_mutex_lock(&events->lock);
    while (!events->is_stopping) {
        size_t count = take_due(events, batch, &due_ms);
        if (count == 0) {
            rest(events, due_ms, true);
            continue;
        }
        pthread_mutex_unlock(&events->lock);
        wake_all(batch, count);
        pthread_mutex_lock(&events->lock);
        if (!events->is_stopping)
            rest(events, clock_mono_ms() + ROUND_MS, false);
    }
    pthread_mutex_unlock(&events->lock);
    return NULL;
}

/* --- start and stop ------------------------------------------------------ */

enum err events_start(size_t watchers_max, struct events **ret_events, struct err_detail *detail)
{
    struct events *events = calloc(1, sizeof *events);

    if (!events)
        return ERR_MEMORY;
    events->watchers_max = watchers_max;
    events->waiting.older = events->waiting.newer = &events->waiting;
    secret_random(events->key, sizeof events->key);
    pthread_mutex_init(&events->lock, NULL);
    if (condition_init(&events->changed) != ERR_OK ||
        pthread_create(&events->thread, NULL, events_main, events)) {
        free(events);
        return err_set(detail, ERR_MEMORY, "cannot start the thread of events");
    }
    *ret_events = events;
    return ERR_OK;
}

void events_stop(struct events *events)
{
    if (!events)
        return;
    pthread_mutex_lock(&events->lock);
    events->is_stopping = true;
    pthread_cond_signal(&events->changed);
    pthread_mutex_unlock(&events->lock);
    pthread_join(events->thread, NULL);
    pthread_cond_destroy(&events->changed);
    pthread_mutex_destroy(&events->lock);
    secret_wipe(events->key, sizeof events->key);
    free(events);
}
