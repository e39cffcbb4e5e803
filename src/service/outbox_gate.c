/* SPDX-License-Identifier: MIT */
/* The gates that something is under way through, or that have failed: all others are forgotten. */
#include "outbox_gate.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    FORGOTTEN_MS = 24 * 60 * 60 * 1000, /* nothing waits for so long from one attempt to the next */
    HURRY_MS = 2000                     /* however often somebody asks for it */
};

struct gate {
    struct gate *next;
    struct breaker breaker;
    int64_t failed_ms; /* wall; the last time */
    int under_way;
    enum gate_kind kind;
    char why[DELIVERY_ERROR_MAX + 1];
    char name[]; /* NUL-terminated */
};

void gates_init(struct gates *gates)
{
    *gates = (struct gates){.lock = PTHREAD_MUTEX_INITIALIZER};
}

void gates_done(struct gates *gates)
{
    for (size_t i = 0; i < GATE_BUCKETS; i++)
        while (gates->buckets[i]) {
            struct gate *gate = gates->buckets[i];
            gates->buckets[i] = gate->next;
            free(gate);
        }
    pthread_mutex_destroy(&gates->lock);
}

/* --- with the lock ------------------------------------------------------- */

static size_t bucket_of(enum gate_kind kind, struct str name)
{
    size_t hash = 5381 + (size_t)kind;

    for (size_t i = 0; i < name.len; i++)
        hash = hash * 33 + (unsigned char)name.ptr[i];
    return hash % GATE_BUCKETS;
}

static struct gate *find(const struct gates *gates, enum gate_kind kind, struct str name)
{
    struct gate *gate = gates->buckets[bucket_of(kind, name)];

    while (gate && !(gate->kind == kind && str_equal(str_of(gate->name), name)))
        gate = gate->next;
    return gate;
}

/* NULL: no memory. */
static struct gate *find_or_add(struct gates *gates, enum gate_kind kind, struct str name)
{
    struct gate *gate = find(gates, kind, name);
    struct gate **bucket = &gates->buckets[bucket_of(kind, name)];

    if (gate)
        return gate;
    gate = calloc(1, sizeof *gate + name.len + 1);
    if (!gate)
        return NULL;
    memcpy(gate->name, name.ptr, name.len);
    gate->kind = kind;
    gate->next = *bucket;
    *bucket = gate;
    return gate;
}

static bool is_forgettable(const struct gate *gate)
{
    return gate->under_way == 0 && gate->breaker.failures == 0;
}

static void drop(struct gates *gates, struct gate *gate)
{
    struct gate **at = &gates->buckets[bucket_of(gate->kind, str_of(gate->name))];

    while (*at != gate)
        at = &(*at)->next;
    *at = gate->next;
    free(gate);
}

static void leave(struct gates *gates, struct passage *passage)
{
    for (int kind = 0; kind < GATE_COUNT; kind++) {
        struct gate *gate = passage->at[kind];
        if (!gate)
            continue;
        gate->under_way--;
        if (is_forgettable(gate))
            drop(gates, gate);
        passage->at[kind] = NULL;
    }
}

static enum err enter(struct gates *gates, const struct gate_names *names, struct passage *passage)
{
    for (int kind = 0; kind < GATE_COUNT; kind++) {
        struct gate *gate = find_or_add(gates, (enum gate_kind)kind, buf_str(&names->of[kind]));
        if (!gate)
            return ERR_MEMORY;
        gate->under_way++;
        passage->at[kind] = gate;
    }
    return ERR_OK;
}

/* --- passing ------------------------------------------------------------- */

enum err gates_enter(struct gates *gates, const struct gate_names *names,
                     struct passage *ret_passage)
{
    struct passage passage = {{NULL}};

    pthread_mutex_lock(&gates->lock);
    enum err err = enter(gates, names, &passage);
    if (err != ERR_OK)
        leave(gates, &passage);
    pthread_mutex_unlock(&gates->lock);
    *ret_passage = passage;
    return err;
}

void gates_enter_again(struct gates *gates, const struct passage *passage)
{
    pthread_mutex_lock(&gates->lock);
    for (int kind = 0; kind < GATE_COUNT; kind++)
        if (passage->at[kind])
            passage->at[kind]->under_way++;
    pthread_mutex_unlock(&gates->lock);
}

void gates_leave(struct gates *gates, struct passage *passage)
{
    pthread_mutex_lock(&gates->lock);
    leave(gates, passage);
    pthread_mutex_unlock(&gates->lock);
}

struct gate_view gates_look(struct gates *gates, const struct passage *passage, int64_t now_ms,
                            int max)
{
    struct gate_view view = {.room = max};

    pthread_mutex_lock(&gates->lock);
    for (int kind = 0; kind < GATE_COUNT; kind++) {
        const struct gate *gate = passage->at[kind];
        int room = breaker_room(&gate->breaker, now_ms, gate->under_way - 1, max);
        if (room < view.room)
            view.room = room;
        if (gate->breaker.until_ms > now_ms && gate->breaker.until_ms > view.wake_ms)
            view.wake_ms = gate->breaker.until_ms;
        view.is_probe |= gate->breaker.failures >= BREAKER_FAILURES;
        view.is_down |= breaker_is_down(&gate->breaker, now_ms);
    }
    pthread_mutex_unlock(&gates->lock);
    return view;
}

void gates_tell(struct gates *gates, const struct passage *passage, enum gate_kind failed,
                int64_t now_ms, uint64_t chance, const char *why)
{
    pthread_mutex_lock(&gates->lock);
    for (int kind = GATE_ORIGIN; kind < GATE_COUNT && kind <= (int)failed; kind++) {
        struct gate *gate = passage->at[kind];
        if (kind < (int)failed) {
            breaker_worked(&gate->breaker);
            continue;
        }
        breaker_failed(&gate->breaker, now_ms, chance);
        gate->failed_ms = now_ms;
        snprintf(gate->why, sizeof gate->why, "%s", why);
    }
    pthread_mutex_unlock(&gates->lock);
}

/* --- looking ------------------------------------------------------------- */

static void see_pause(const struct gate *gate, struct delivery_pause *pause, bool *is_paused)
{
    if (!gate || gate->breaker.failures < BREAKER_FAILURES ||
        (*is_paused && gate->breaker.until_ms <= pause->until_ms))
        return;
    *is_paused = true;
    pause->until_ms = gate->breaker.until_ms;
    snprintf(pause->reason, sizeof pause->reason, "%s", gate->why);
}

bool gates_pause(struct gates *gates, const struct gate_names *names, int64_t due_at_ms,
                 int64_t now_ms, struct delivery_pause *ret_pause)
{
    bool is_paused = false;

    pthread_mutex_lock(&gates->lock);
    for (int kind = GATE_ORIGIN; kind < GATE_COUNT; kind++)
        see_pause(find(gates, (enum gate_kind)kind, buf_str(&names->of[kind])), ret_pause,
                  &is_paused);
    pthread_mutex_unlock(&gates->lock);
    if (!is_paused || (due_at_ms > now_ms && due_at_ms > ret_pause->until_ms))
        return false;
    if (ret_pause->until_ms <= now_ms) /* who finds out is on the way */
        ret_pause->until_ms = 0;
    return true;
}

static void hurry(struct gate *gate)
{
    if (gate && gate->breaker.until_ms > gate->failed_ms + HURRY_MS)
        gate->breaker.until_ms = gate->failed_ms + HURRY_MS;
}

void gates_hurry(struct gates *gates, const struct gate_names *names)
{
    pthread_mutex_lock(&gates->lock);
    for (int kind = GATE_ORIGIN; kind < GATE_COUNT; kind++)
        hurry(find(gates, (enum gate_kind)kind, buf_str(&names->of[kind])));
    pthread_mutex_unlock(&gates->lock);
}

void gates_hurry_all(struct gates *gates)
{
    pthread_mutex_lock(&gates->lock);
    for (size_t i = 0; i < GATE_BUCKETS; i++)
        for (struct gate *gate = gates->buckets[i]; gate; gate = gate->next)
            hurry(gate);
    pthread_mutex_unlock(&gates->lock);
}

void gates_forget(struct gates *gates, int64_t now_ms)
{
    pthread_mutex_lock(&gates->lock);
    for (size_t i = 0; i < GATE_BUCKETS; i++)
        for (struct gate *gate = gates->buckets[i], *next; gate; gate = next) {
            next = gate->next;
            if (gate->under_way == 0 && now_ms - gate->failed_ms > FORGOTTEN_MS)
                drop(gates, gate);
        }
    pthread_mutex_unlock(&gates->lock);
}
