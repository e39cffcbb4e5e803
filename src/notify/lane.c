/* SPDX-License-Identifier: MIT */
/*
 * Lanes are started when mails wait and no lane is free, and end when nothing came for
 * QUIET_MS, with the connections that they kept. `lock` guards the two lists and what
 * the lanes are doing. A lane never blocks for longer than a mail may take: what the server has to
 * say to QUIT is not waited for (flight.c), and at the end its sockets are shut from outside.
 */
#include "notify/lane.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/pause.h"
#include "notify/flight.h"

enum { LANES = 4, QUIET_MS = 5000, POLL_MS = 1000 };

struct lane {
    struct lanes *lanes;
    pthread_t thread;
    bool has_thread; /* to be joined; the owner's */
    bool is_running; /* it takes mails; with the lock */
    struct flight_sockets sockets;
    CURLM *multi; /* NULL: none yet; for others only to wake it, under the lock */
    const struct curl_lib *lib;
};

struct lanes {
    const struct transport_options *options;
    int wake_fd;
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    void *waiting, **last; /* parcels, linked by their `own`, in order */
    struct parcel *ended;
    unsigned waiting_count, idle_count;
    bool is_closing;
    struct lane lane[LANES];
};

/* --- one mail, on the lane's thread ----------------------------------------- */

static bool is_closing(struct lane *lane)
{
    return atomic_load(&lane->sockets.is_shut);
}

static bool open_multi(struct lane *lane)
{
    if (lane->multi)
        return true;
    lane->lib = curl_lib();
    CURLM *multi = curl_lib_multi();
    pthread_mutex_lock(&lane->lanes->lock);
    lane->multi = multi;
    pthread_mutex_unlock(&lane->lanes->lock);
    return multi;
}

/* False: it was broken off. */
static bool move_to_end(struct lane *lane, CURLcode *ret_code)
{
    while (!is_closing(lane)) {
        int running, left;
        lane->lib->multi_perform(lane->multi, &running);
        CURLMsg *message = lane->lib->multi_info_read(lane->multi, &left);
        if (message && message->msg == CURLMSG_DONE) {
            *ret_code = message->data.result;
            return true;
        }
        lane->lib->multi_poll(lane->multi, NULL, 0, POLL_MS, NULL);
    }
    return false;
}

/* Whether it should be tried again at once, which happens when a kept connection was none any more.
 */
static bool carry_once(struct lane *lane, struct flight *flight)
{
    CURLcode code;

    if (!open_multi(lane) || lane->lib->multi_add_handle(lane->multi, flight->easy) != CURLM_OK) {
        parcel_fail(flight->parcel, err_text(ERR_MEMORY));
        return false;
    }
    bool has_ended = move_to_end(lane, &code) && (code == CURLE_OK || !is_closing(lane));
    bool again = has_ended && flight_may_repeat(flight, code);
    if (has_ended && !again)
        flight_judge(flight, code);
    lane->lib->multi_remove_handle(lane->multi, flight->easy);
    if (!has_ended)
        parcel_fail(flight->parcel, PARCEL_STOPPED);
    return again;
}

static void carry(struct lane *lane, struct parcel *parcel)
{
    struct flight flight = {
        .parcel = parcel, .options = lane->lanes->options, .sockets = &lane->sockets};

    if (flight_begin(&flight) && carry_once(lane, &flight)) {
        flight_repeat(&flight);
        (void)carry_once(lane, &flight);
    }
    flight_done(&flight);
}

/* --- the lane ------------------------------------------------------------ */

static struct timespec quiet_end(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += QUIET_MS / 1000;
    return at;
}

/* The next mail, or NULL when the lane should end. With the lock. */
static struct parcel *take_waiting(struct lanes *lanes)
{
    const struct timespec end = quiet_end();
    int is_late = 0;

    lanes->idle_count++;
    while (!lanes->waiting && !lanes->is_closing && !is_late)
        is_late = pthread_cond_timedwait(&lanes->has_work, &lanes->lock, &end);
    lanes->idle_count--;
    struct parcel *parcel = lanes->is_closing ? NULL : lanes->waiting;
    if (!parcel)
        return NULL;
    lanes->waiting = parcel->own;
    if (!lanes->waiting)
        lanes->last = &lanes->waiting;
    lanes->waiting_count--;
    return parcel;
}

static void give_back(struct lanes *lanes, struct parcel *parcel)
{
    const uint64_t one = 1;

    parcel->own = lanes->ended;
    lanes->ended = parcel;
    (void)!write(lanes->wake_fd, &one, sizeof one);
}

static void hang_up(struct lane *lane)
{
    CURLM *multi = lane->multi;

    lane->multi = NULL; /* nobody wakes it any more */
    pthread_mutex_unlock(&lane->lanes->lock);
    flight_sockets_deafen(&lane->sockets);
    if (multi)
        lane->lib->multi_cleanup(multi);
    pthread_mutex_lock(&lane->lanes->lock);
}

static void *lane_main(void *arg)
{
    struct lane *lane = arg;
    struct lanes *lanes = lane->lanes;
    struct parcel *parcel;

    pthread_mutex_lock(&lanes->lock);
    for (;;) {
        while ((parcel = take_waiting(lanes))) {
            pthread_mutex_unlock(&lanes->lock);
            carry(lane, parcel);
            pthread_mutex_lock(&lanes->lock);
            give_back(lanes, parcel);
        }
        hang_up(lane);
        if (!lanes->waiting || lanes->is_closing)
            break;
    }
    lane->is_running = false;
    pthread_mutex_unlock(&lanes->lock);
    return NULL;
}

/* --- the owner ----------------------------------------------------------- */

enum err lanes_new(const struct transport_options *options, int wake_fd, struct lanes **ret_lanes)
{
    struct lanes *lanes = calloc(1, sizeof *lanes);

    if (!lanes)
        return ERR_MEMORY;
    lanes->options = options;
    lanes->wake_fd = wake_fd;
    lanes->last = &lanes->waiting;
    if (condition_init(&lanes->has_work) != ERR_OK) {
        free(lanes);
        return ERR_MEMORY;
    }
    pthread_mutex_init(&lanes->lock, NULL);
    for (size_t i = 0; i < LANES; i++) {
        lanes->lane[i].lanes = lanes;
        flight_sockets_init(&lanes->lane[i].sockets);
    }
    *ret_lanes = lanes;
    return ERR_OK;
}

/* With the lock. A thread that has ended needs it no more. */
static bool start_lane(struct lane *lane)
{
    if (lane->has_thread)
        pthread_join(lane->thread, NULL);
    lane->is_running = pthread_create(&lane->thread, NULL, lane_main, lane) == 0;
    lane->has_thread = lane->is_running;
    return lane->has_thread;
}

/* With the lock. False: no lane runs, and none can be started. */
static bool has_lane(struct lanes *lanes)
{
    bool has_one = false;

    for (size_t i = 0; i < LANES; i++) {
        struct lane *lane = &lanes->lane[i];
        bool is_wanted = !lane->is_running && lanes->waiting_count > lanes->idle_count;
        if (is_wanted && start_lane(lane))
            return true;
        has_one = has_one || lane->is_running;
    }
    return has_one;
}

static void put_waiting(struct lanes *lanes, struct parcel *parcel)
{
    parcel->own = NULL;
    *lanes->last = parcel;
    lanes->last = &parcel->own;
    lanes->waiting_count++;
}

static struct parcel *take_all_waiting(struct lanes *lanes)
{
    struct parcel *parcels = lanes->waiting;

    lanes->waiting = NULL;
    lanes->last = &lanes->waiting;
    lanes->waiting_count = 0;
    return parcels;
}

/* Fails those of a list and gives them back. With the lock. */
static void give_back_all(struct lanes *lanes, struct parcel *parcels, const char *reason)
{
    while (parcels) {
        struct parcel *parcel = parcels;
        parcels = parcel->own;
        parcel_fail(parcel, reason);
        give_back(lanes, parcel);
    }
}

void lanes_send(struct lanes *lanes, struct parcel *parcel)
{
    pthread_mutex_lock(&lanes->lock);
    put_waiting(lanes, parcel);
    if (has_lane(lanes))
        pthread_cond_signal(&lanes->has_work);
    else
        give_back_all(lanes, take_all_waiting(lanes), "no thread could be started to send it");
    pthread_mutex_unlock(&lanes->lock);
}

struct parcel *lanes_take(struct lanes *lanes)
{
    pthread_mutex_lock(&lanes->lock);
    struct parcel *parcels = lanes->ended;
    lanes->ended = NULL;
    pthread_mutex_unlock(&lanes->lock);
    return parcels;
}

static void break_off(struct lane *lane)
{
    flight_sockets_shut(&lane->sockets);
    if (lane->multi)
        lane->lib->multi_wakeup(lane->multi);
}

struct parcel *lanes_close(struct lanes *lanes)
{
    pthread_mutex_lock(&lanes->lock);
    lanes->is_closing = true;
    for (size_t i = 0; i < LANES; i++)
        break_off(&lanes->lane[i]);
    pthread_cond_broadcast(&lanes->has_work);
    pthread_mutex_unlock(&lanes->lock);
    for (size_t i = 0; i < LANES; i++) {
        if (lanes->lane[i].has_thread)
            pthread_join(lanes->lane[i].thread, NULL);
        flight_sockets_done(&lanes->lane[i].sockets);
    }
    give_back_all(lanes, take_all_waiting(lanes), PARCEL_STOPPED);
    struct parcel *parcels = lanes->ended;
    pthread_cond_destroy(&lanes->has_work);
    pthread_mutex_destroy(&lanes->lock);
    free(lanes);
    return parcels;
}
