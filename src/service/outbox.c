/* SPDX-License-Identifier: MIT */
/*
 * The outbox's thread. It goes in rounds: whatever has ended and whatever is to begin is
 * one job of the committer's, so that a round costs one transaction however
 * much it moves; when that is on disk, what was claimed is composed and sent.
 * What begins is chosen in outbox_choose.c, and what a load is made of is in outbox_load.c.
 *
 * `lock` guards the start of the thread; the rest is the thread's, but for the atomics.
 */
#include "service/outbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "outbox_parts.h"

enum {
    POLL_MS = 5000,
    FAILED_WAIT_MS = 1000, /* when the database did not take a round */
};

void outbox_drop(struct outbox *outbox, struct load *load)
{
    while (load) {
        struct load *next = load->next;
        gates_leave(&outbox->gates, &load->passage);
        load_free(load);
        load = next;
    }
}

/* --- the committer's part ------------------------------------------------ */

struct round_job {
    struct job job;
    struct load *settled, *claimed;
    int64_t now_ms;
    bool releases; /* what a former run had under way */
};

static enum err release(struct store *writer, int64_t now_ms)
{
    uint64_t chance;

    secret_random(&chance, sizeof chance);
    return store_delivery_release(writer, now_ms, chance);
}

static enum err round_run(struct job *job, struct store *writer)
{
    struct round_job *self = CONTAINER_OF(job, struct round_job, job);

    if (self->releases)
        TRY(release(writer, self->now_ms));
    for (struct load *load = self->settled; load; load = load->next)
        TRY(load_settle(load, writer));
    for (struct load *load = self->claimed; load; load = load->next)
        TRY(load_claim(load, writer, self->now_ms));
    return ERR_OK;
}

/* --- telling ------------------------------------------------------------- */

static void tell_failure(const struct load *load, const struct load_row *row, int64_t now_ms)
{
    bool is_over = row->state == DELIVERY_FAILED;
    char id[ID_TEXT_LEN + 1];

    id_format(&row->id, id);
    metric_add(is_over ? METRIC_DELIVERIES_FAILED : METRIC_DELIVERIES_RETRIED, 1);
    LOG(is_over ? LOG_ERROR : LOG_WARN, is_over ? "delivery_given_up" : "delivery_failed",
        LOG_TEXT("delivery", id), LOG_STR("form", load->form),
        LOG_STR("destination", load->destination), LOG_INT("attempt", row->attempts),
        LOG_INT("status", load->parcel.status), LOG_TEXT("reason", load->parcel.error),
        LOG_INT("againInMs", is_over ? 0 : row->due_at_ms - now_ms));
}

/* Every end, and the first failure; what fails again and again is no news. */
static void publish(struct outbox *outbox, const struct load *load, const struct load_row *row)
{
    const struct id ids[] = {row->id, row->submission};
    const struct event event = {.kind = EVENT_DELIVERY,
                                .form = load->form,
                                .ids = ids,
                                .id_count = COUNTOF(ids),
                                .delivery = row->state};

    if (row->state != DELIVERY_WAITING || row->attempts == 1)
        events_publish(outbox->events, &event);
}

static void tell(struct outbox *outbox, const struct load *load, int64_t now_ms)
{
    for (size_t i = 0; i < load->count; i++) {
        const struct load_row *row = &load->rows[i];
        if (row->state == DELIVERY_DONE)
            metric_add(METRIC_DELIVERIES_DONE, 1);
        else if (row->state != DELIVERY_WITHDRAWN)
            tell_failure(load, row, now_ms);
        publish(outbox, load, row);
    }
}

/* --- sending ------------------------------------------------------------- */

static void put_over(struct outbox *outbox, struct load *load)
{
    load->next = outbox->over;
    outbox->over = load;
}

static void take_from_under_way(struct outbox *outbox, struct load *load)
{
    struct load **at = &outbox->under_way;

    while (*at != load)
        at = &(*at)->next;
    *at = load->next;
    outbox->under_way_count--;
}

/* Others wait behind that, and may read it: what was answered may be about somebody else's mail. */
static void explain(const struct parcel *parcel, char *ret_why, size_t size)
{
    if (parcel->status)
        snprintf(ret_why, size, "it answered %d", parcel->status);
    else
        snprintf(ret_why, size, "%s", parcel->error);
}

static void end_load(struct outbox *outbox, struct load *load, int64_t now_ms)
{
    char why[DELIVERY_ERROR_MAX + 1];
    uint64_t chance;

    load_judge(load, now_ms);
    if (load->passage.at[GATE_HOST]) {
        secret_random(&chance, sizeof chance);
        explain(&load->parcel, why, sizeof why);
        gates_tell(&outbox->gates, &load->passage, load_blames(load), now_ms, chance, why);
    }
    gates_leave(&outbox->gates, &load->passage);
    outgoing_done(&load->out); /* what was sent may be large, and is not needed any more */
    put_over(outbox, load);
}

/* What a stop breaks off has not been tried: its lease is released at the next start. */
static void parcel_done(struct parcel *parcel)
{
    struct load *load = CONTAINER_OF(parcel, struct load, parcel);
    struct outbox *outbox = load->owner;

    take_from_under_way(outbox, load);
    if (atomic_load(&outbox->is_stopping) && parcel->result != PARCEL_DELIVERED) {
        load->next = NULL;
        outbox_drop(outbox, load);
        return;
    }
    end_load(outbox, load, clock_wall_ms());
}

static void end_unsent(struct outbox *outbox, struct load *load, enum delivery_state state,
                       const char *why)
{
    snprintf(load->parcel.error, sizeof load->parcel.error, "%s", why);
    load->parcel.result = PARCEL_REFUSED;
    load->began_ms = clock_wall_ms();
    for (size_t i = 0; i < load->count; i++)
        load->rows[i].state = state;
    gates_leave(&outbox->gates, &load->passage);
    put_over(outbox, load);
}

static void launch(struct outbox *outbox, struct load *load)
{
    load->owner = outbox;
    load->parcel.done = parcel_done;
    if (load->count == 0) {
        load->next = NULL;
        outbox_drop(outbox, load);
    } else if (!load->route.destination) {
        end_unsent(outbox, load, DELIVERY_WITHDRAWN, "the form has no such destination any more");
    } else if (load->is_late) {
        end_unsent(outbox, load, DELIVERY_FAILED,
                   "given up: its destination could not be reached within 36 hours");
    } else if (load_compose(load, outbox->reader, &outbox->options) != ERR_OK) {
        gates_leave(&outbox->gates, &load->passage); /* which have nothing to do with it */
        end_load(outbox, load, clock_wall_ms());
    } else {
        load->next = outbox->under_way;
        outbox->under_way = load;
        outbox->under_way_count++;
        transport_send(outbox->transport, &load->parcel);
    }
}

/* --- rounds -------------------------------------------------------------- */

static void pause_rounds(struct outbox *outbox, enum err err, const char *what)
{
    outbox->pause_ms = clock_mono_ms() + FAILED_WAIT_MS;
    if (!outbox->has_failed && err != ERR_STOPPING && err != ERR_FULL)
        LOG(LOG_WARN, "outbox_paused", LOG_TEXT("reason", err_text(err)), LOG_TEXT("at", what));
    outbox->has_failed = true;
}

static void settle_done(struct outbox *outbox, struct load *settled, int64_t now_ms)
{
    for (struct load *load = settled; load; load = load->next)
        tell(outbox, load, now_ms);
    outbox_drop(outbox, settled);
}

static void commit_round(struct outbox *outbox, struct load *claimed)
{
    struct round_job round = {.job.run = round_run,
                              .settled = outbox->over,
                              .claimed = claimed,
                              .now_ms = clock_wall_ms(),
                              .releases = outbox->has_leases};

    enum err err = commit_run(outbox->commit, &round.job);
    if (err != ERR_OK) {
        outbox_drop(outbox, claimed);
        pause_rounds(outbox, err, "commit");
        return;
    }
    outbox->has_failed = false;
    outbox->wants_walk |= outbox->has_leases;
    outbox->has_leases = false;
    outbox->over = NULL;
    settle_done(outbox, round.settled, round.now_ms);
    while (claimed) {
        struct load *load = claimed;
        claimed = load->next;
        launch(outbox, load);
    }
}

/* With thousands of destinations a walk takes a while: then it has a rest of twice that. */
static void go_walk(struct outbox *outbox, struct load **ret_claimed)
{
    int64_t start_ms = clock_mono_ms();

    outbox->wants_walk = false;
    atomic_store(&outbox->is_nudged, false);
    if (atomic_exchange(&outbox->is_hurried, false))
        gates_hurry_all(&outbox->gates);
    enum err err = outbox_choose(outbox, clock_wall_ms(), ret_claimed);
    if (err != ERR_OK) {
        pause_rounds(outbox, err, store_error(outbox->reader));
        outbox->wants_walk = true;
    }
    int64_t end_ms = clock_mono_ms();
    outbox->walk_ms = end_ms + 2 * (end_ms - start_ms);
}

/* Something is to be written down whether there is something to begin or not. */
static bool must_write(const struct outbox *outbox)
{
    return outbox->over || outbox->has_leases;
}

static void go_round(struct outbox *outbox)
{
    struct load *claimed = NULL;

    if (clock_mono_ms() < outbox->pause_ms)
        return;
    outbox->wants_walk = true;
    if (clock_mono_ms() >= outbox->walk_ms)
        go_walk(outbox, &claimed);
    if (claimed || must_write(outbox))
        commit_round(outbox, claimed);
}

/* --- the thread ---------------------------------------------------------- */

static void measure(struct outbox *outbox)
{
    int64_t count, oldest_ms, now_ms = clock_wall_ms();

    gates_forget(&outbox->gates, now_ms);
    if (store_delivery_waiting(outbox->reader, &count, &oldest_ms) != ERR_OK)
        return;
    metric_set(METRIC_DELIVERIES_WAITING, count);
    metric_set(METRIC_DELIVERY_OLDEST,
               count && oldest_ms < now_ms ? (now_ms - oldest_ms) / 1000 : 0);
}

/* How long there is nothing to do but to wait for the transport. */
static int64_t rest_ms(const struct outbox *outbox, int64_t poll_at_ms)
{
    int64_t now_ms = clock_mono_ms(), wait_ms = poll_at_ms - now_ms;
    int64_t due_ms = outbox->next_ms - clock_wall_ms();

    if (outbox->wants_walk || atomic_load(&outbox->is_nudged))
        due_ms = 0;
    if (due_ms < outbox->walk_ms - now_ms)
        due_ms = outbox->walk_ms - now_ms;
    if (must_write(outbox))
        due_ms = 0;
    if (due_ms < outbox->pause_ms - now_ms)
        due_ms = outbox->pause_ms - now_ms;
    if (due_ms < wait_ms)
        wait_ms = due_ms;
    return wait_ms > 0 ? wait_ms : 0;
}

static bool is_time(const struct outbox *outbox, int64_t poll_at_ms)
{
    int64_t now_ms = clock_mono_ms();
    bool may_walk = outbox->wants_walk && now_ms >= outbox->walk_ms;

    return must_write(outbox) || may_walk || atomic_load(&outbox->is_nudged) ||
           clock_wall_ms() >= outbox->next_ms || now_ms >= poll_at_ms;
}

static void *outbox_main(void *arg)
{
    struct outbox *outbox = arg;
    int64_t poll_at_ms = 0;

    while (!atomic_load(&outbox->is_stopping)) {
        bool is_poll = clock_mono_ms() >= poll_at_ms;
        if (is_time(outbox, poll_at_ms))
            go_round(outbox);
        if (is_poll) {
            measure(outbox);
            poll_at_ms = clock_mono_ms() + POLL_MS;
        }
        transport_poll(outbox->transport, rest_ms(outbox, poll_at_ms));
    }
    return NULL;
}

/* --- what is waited for -------------------------------------------------- */

static bool find_pause(struct outbox *outbox, const struct destination *destination,
                       int64_t due_at_ms, struct delivery_pause *pause)
{
    const struct mail_sender *sender = &outbox->options.sender;
    struct str place = route_place(destination, sender);
    CLEANUP(gate_names_done) struct gate_names names = {.of = {{0}}};

    if (route_gates(destination, sender, &names) != ERR_OK ||
        !gates_pause(&outbox->gates, &names, due_at_ms, clock_wall_ms(), pause))
        return false;
    snprintf(pause->place, sizeof pause->place, "%.*s", (int)place.len, place.ptr);
    return true;
}

bool outbox_pause(struct outbox *outbox, const struct delivery *row,
                  struct delivery_pause *ret_pause)
{
    bool is_paused = false;

    if (!outbox || row->state != DELIVERY_WAITING || row->is_leased)
        return false;
    struct route_out route = route_find(outbox->forms, row->form, row->destination);
    if (route.destination)
        is_paused = find_pause(outbox, route.destination, row->due_at_ms, ret_pause);
    form_entry_release(route.entry);
    return is_paused;
}

void outbox_render_open(struct outbox *outbox, struct buf *out, const struct delivery *row)
{
    struct delivery_pause pause NOT_CLEARED;

    delivery_render_open(out, row, outbox_pause(outbox, row, &pause) ? &pause : NULL);
}

/* --- start and stop ------------------------------------------------------ */

static enum err start_thread(struct outbox *outbox, struct err_detail *detail)
{
    const struct target_rules *rules = &outbox->rules;
    const struct transport_options options = {.ca_file = outbox->options.ca_file,
                                              .may_connect = target_may_connect,
                                              .arg = (void *)(uintptr_t)rules};

    TRY(store_open_reader(outbox->writer, &outbox->reader, detail));
    enum err err = transport_open(&options, &outbox->transport, detail);
    if (err == ERR_OK && pthread_create(&outbox->thread, NULL, outbox_main, outbox)) {
        transport_close(outbox->transport);
        err = err_set(detail, ERR_MEMORY, "cannot start the outbox's thread");
    }
    if (err != ERR_OK) {
        store_closep(&outbox->reader);
        return err;
    }
    atomic_store(&outbox->is_running, true);
    return ERR_OK;
}

/* The first nudge of all, or of those after one that failed. */
static void start_late(struct outbox *outbox)
{
    struct err_detail detail = {""};
    enum err err = ERR_OK;

    pthread_mutex_lock(&outbox->lock);
    if (!atomic_load(&outbox->is_running))
        err = start_thread(outbox, &detail);
    pthread_mutex_unlock(&outbox->lock);
    if (err == ERR_OK)
        return;
    atomic_store(&outbox->is_nudged, false);
    LOG(LOG_ERROR, "outbox_not_started", LOG_TEXT("reason", detail.text));
}

void outbox_nudge(struct outbox *outbox)
{
    if (!outbox || atomic_exchange(&outbox->is_nudged, true))
        return;
    if (atomic_load(&outbox->is_running))
        transport_wake(outbox->transport);
    else
        start_late(outbox);
}

static void hurry(struct outbox *outbox, const struct delivery_queue *whom)
{
    struct route_out route = route_find(outbox->forms, whom->form, whom->destination);
    CLEANUP(gate_names_done) struct gate_names names = {.of = {{0}}};

    if (route.destination &&
        route_gates(route.destination, &outbox->options.sender, &names) == ERR_OK)
        gates_hurry(&outbox->gates, &names);
    form_entry_release(route.entry);
}

void outbox_hurry(struct outbox *outbox, const struct delivery_queue *whom)
{
    if (outbox && whom)
        hurry(outbox, whom);
    else if (outbox)
        atomic_store(&outbox->is_hurried, true);
    outbox_nudge(outbox);
}

struct opening {
    struct job job;
    int64_t waiting;
};

/* The process owns the database alone: whatever is leased was leased by one that is gone. */
static enum err open_run(struct job *job, struct store *writer)
{
    struct opening *self = CONTAINER_OF(job, struct opening, job);
    int64_t oldest_ms;

    TRY(release(writer, clock_wall_ms()));
    return store_delivery_waiting(writer, &self->waiting, &oldest_ms);
}

/* With a full disk the inbox is still there to be read: what is leased is released later, then. */
static enum err look_at_leases(struct outbox *outbox, struct err_detail *detail)
{
    struct opening opening = {.job.run = open_run};
    enum err err = commit_run(outbox->commit, &opening.job);

    outbox->has_leases = err == ERR_DISK_FULL;
    if (err != ERR_OK && !outbox->has_leases)
        return err_set(detail, err, "cannot read the deliveries: %s", err_text(err));
    return opening.waiting || outbox->has_leases ? start_thread(outbox, detail) : ERR_OK;
}

enum err outbox_start(const struct outbox_options *options, struct commit *commit,
                      struct store *writer, struct forms *forms, struct events *events,
                      struct outbox **ret_outbox, struct err_detail *detail)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);

    if (!outbox)
        return ERR_MEMORY;
    *outbox = (struct outbox){.options = *options,
                              .rules = {options->allowed, options->allowed_count},
                              .commit = commit,
                              .writer = writer,
                              .forms = forms,
                              .events = events,
                              .lock = PTHREAD_MUTEX_INITIALIZER};
    gates_init(&outbox->gates);
    enum err err = look_at_leases(outbox, detail);
    if (err != ERR_OK) {
        gates_done(&outbox->gates);
        free(outbox);
        return err;
    }
    *ret_outbox = outbox;
    return ERR_OK;
}

void outbox_stop(struct outbox *outbox)
{
    if (!outbox)
        return;
    atomic_store(&outbox->is_stopping, true);
    if (atomic_load(&outbox->is_running)) {
        transport_wake(outbox->transport);
        pthread_join(outbox->thread, NULL);
        transport_close(outbox->transport); /* not before: it has just been woken */
        if (outbox->over)
            commit_round(outbox, NULL);
    }
    outbox_drop(outbox, outbox->over);
    gates_done(&outbox->gates);
    store_close(outbox->reader);
    pthread_mutex_destroy(&outbox->lock);
    free(outbox);
}
