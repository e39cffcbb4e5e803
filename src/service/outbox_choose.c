/* SPDX-License-Identifier: MIT */
/*
 * What is sent next. A walk goes once round the circle of destinations that something is
 * due for, beginning behind the one that had the last turn, and takes of each as
 * many as its host has places for; of a digest's destination as many as one mail holds. So
 * nobody's thousands keep another's first waiting; nor do one form's slow receivers, nor
 * mailboxes that visitors made up, since neither may take all places there are.
 */
#include "outbox_parts.h"

enum {
    UNDER_WAY_MAX = 32,
    PER_FORM_MAX = 8,
    PER_HOST_MAX = 4,
    REPLIES_MAX = 2, /* to visitors, at once */
    PROBES_SEEN = 64,
};

struct choice {
    struct outbox *outbox;
    int64_t now_ms;
    int room;
    struct load *loads, **tail;
    const struct delivery_queue *until; /* where the circle closes; NULL: in its first half */
    struct place last;                  /* from whom something was taken last */
    struct load *load;                  /* a digest that is being filled */
    struct route_out *route;
    const struct delivery_queue *queue;
};

static bool has_row(const struct load *load, const struct id *id)
{
    for (; load; load = load->next)
        for (size_t i = 0; i < load->count; i++)
            if (memcmp(load->rows[i].id.bytes, id->bytes, sizeof id->bytes) == 0)
                return true;
    return false;
}

/* Its lease may be over, or somebody has started it again. */
static bool is_in_hand(const struct outbox *outbox, const struct id *id)
{
    return has_row(outbox->under_way, id) || has_row(outbox->over, id);
}

static void add_load(struct choice *choice, struct load *load)
{
    *choice->tail = load;
    choice->tail = &load->next;
    choice->room--;
}

/* The load has an entry of its own to release. */
static struct load *new_load(struct choice *choice, const struct delivery *row, size_t rows_max)
{
    struct route_out route = route_of(choice->outbox->forms, row);
    struct load *load = load_new(&route, choice->queue, row, rows_max);

    if (!load)
        form_entry_release(route.entry);
    return load;
}

static enum err choose_single(void *arg, const struct delivery *row)
{
    struct choice *choice = arg;

    if (is_in_hand(choice->outbox, &row->id))
        return ERR_OK;
    struct load *load = new_load(choice, row, 1);
    if (!load)
        return ERR_MEMORY;
    load_add(load, row);
    add_load(choice, load);
    return ERR_OK;
}

/* The first says which digest it is; alarms are no part of any. */
static enum err choose_for_digest(void *arg, const struct delivery *row)
{
    struct choice *choice = arg;
    bool is_message = !id_is_none(&row->submission);

    if (is_in_hand(choice->outbox, &row->id))
        return ERR_OK;
    if (!choice->load) {
        choice->load = new_load(choice, row, is_message ? LOAD_ROWS_MAX : 1);
        if (!choice->load)
            return ERR_MEMORY;
        load_add(choice->load, row);
        return ERR_OK;
    }
    if (choice->load->is_digest && is_message && choice->load->count < LOAD_ROWS_MAX &&
        load_fits(choice->load, row))
        load_add(choice->load, row);
    return ERR_OK;
}

/*
 * Who finds out whether somebody is well again is the one that was tried least. Messages that he
 * alone cannot bear would come up as often as all others, and keep those from him.
 */
static enum err choose_least_tried(void *arg, const struct delivery *row)
{
    struct choice *choice = arg;

    if (is_in_hand(choice->outbox, &row->id) ||
        (choice->load && choice->load->rows[0].attempts <= row->attempts + 1))
        return ERR_OK;
    struct load *load = new_load(choice, row, 1);
    if (!load)
        return ERR_MEMORY;
    load_add(load, row);
    load_free(choice->load);
    choice->load = load;
    return ERR_OK;
}

static enum err choose_probe(struct choice *choice)
{
    choice->load = NULL;
    enum err err = store_delivery_due(choice->outbox->reader, choice->queue, choice->now_ms,
                                      PROBES_SEEN, choose_least_tried, choice);
    if (choice->load)
        add_load(choice, choice->load);
    return err;
}

static enum err choose_rows(struct choice *choice, int room, bool is_probe)
{
    struct outbox *outbox = choice->outbox;
    const struct destination *destination = choice->route->destination;

    choice->load = NULL;
    bool is_single = !destination || destination->rhythm == RHYTHM_AT_ONCE;
    if (is_single && is_probe)
        return choose_probe(choice);
    if (is_single)
        return store_delivery_due(outbox->reader, choice->queue, choice->now_ms, room,
                                  choose_single, choice);
    enum err err = store_delivery_due(outbox->reader, choice->queue, choice->now_ms,
                                      LOAD_ROWS_MAX * 2, choose_for_digest, choice);
    if (choice->load)
        add_load(choice, choice->load);
    if (err == ERR_OK && choice->load)
        err = load_trim(choice->load, outbox->reader, &outbox->options);
    return err;
}

static void come_back(struct outbox *outbox, int64_t at_ms)
{
    if (at_ms < outbox->next_ms)
        outbox->next_ms = at_ms;
}

static enum err choose_late_row(void *arg, const struct delivery *row)
{
    struct choice *choice = arg;

    if (is_in_hand(choice->outbox, &row->id))
        return ERR_OK;
    if (!choice->load) {
        choice->load = new_load(choice, row, LOAD_ROWS_MAX);
        if (!choice->load)
            return ERR_MEMORY;
        choice->load->is_late = true;
        choice->load->is_digest = false;
    }
    load_add(choice->load, row);
    return ERR_OK;
}

/*
 * While a host is down only probes are sent, so most of what waits for it is never tried
 * often enough to be given up for that: here it is, when its time is over.
 */
static enum err choose_late(struct choice *choice)
{
    struct outbox *outbox = choice->outbox;

    choice->load = NULL;
    enum err err = store_delivery_late(outbox->reader, choice->queue, choice->now_ms,
                                       choice->now_ms - DELIVERY_PATIENCE_MS, LOAD_ROWS_MAX,
                                       choose_late_row, choice);
    if (choice->load && choice->load->count == LOAD_ROWS_MAX)
        come_back(outbox, choice->now_ms);
    if (choice->load)
        add_load(choice, choice->load);
    return err;
}

static enum err enter_gates(struct choice *choice, struct passage *ret_passage)
{
    struct outbox *outbox = choice->outbox;
    CLEANUP(gate_names_done) struct gate_names names = {.of = {{0}}};

    TRY(route_gates(choice->route->destination, &outbox->options.sender, &names));
    return gates_enter(&outbox->gates, &names, ret_passage);
}

/* Places that are left for a form, and for answers to visitors. */
struct share {
    int form, replies;
};

static void take_places(struct share *share, const struct load *load, struct str form)
{
    for (; load; load = load->next) {
        share->form -= str_equal(load->form, form);
        share->replies -= load->channel == CHANNEL_REPLY;
    }
}

/* How many more this destination may have besides what its gates say; none if not above 0. */
static int room_of(const struct choice *choice)
{
    struct share share = {PER_FORM_MAX, REPLIES_MAX};
    int room = choice->room;

    take_places(&share, choice->outbox->under_way, choice->queue->form);
    take_places(&share, choice->loads, choice->queue->form);
    if (share.form < room)
        room = share.form;
    if (choice->route->destination->channel == CHANNEL_REPLY && share.replies < room)
        room = share.replies;
    return room;
}

/* What is chosen now counts for its gates at once: the next destination may have the same. */
static enum err choose_through(struct choice *choice, const struct passage *passage)
{
    struct gates *gates = &choice->outbox->gates;
    struct gate_view view = gates_look(gates, passage, choice->now_ms, PER_HOST_MAX);
    struct load **first = choice->tail;
    int room = room_of(choice);
    enum err err = ERR_OK;

    if (view.room > 0 && room > 0)
        err = choose_rows(choice, view.room < room ? view.room : room, view.is_probe);
    else if (view.is_down)
        err = choose_late(choice);
    if (view.room == 0 && view.wake_ms)
        come_back(choice->outbox, view.wake_ms);
    for (struct load *load = *first; load; load = load->next) {
        load->passage = *passage;
        gates_enter_again(gates, passage);
    }
    return err;
}

/* A destination that is gone has nobody to wait for. */
static enum err choose_from(struct choice *choice)
{
    struct passage passage;

    if (!choice->route->destination)
        return choose_rows(choice, choice->room, false);
    TRY(enter_gates(choice, &passage));
    enum err err = choose_through(choice, &passage);
    gates_leave(&choice->outbox->gates, &passage);
    return err;
}

static int compare_str(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_queues(const struct delivery_queue *a, const struct delivery_queue *b)
{
    int order = compare_str(a->form, b->form);

    return order ? order : compare_str(a->destination, b->destination);
}

static void keep_place(struct place *place, const struct delivery_queue *queue)
{
    if (queue->form.len > sizeof place->form || queue->destination.len > sizeof place->destination)
        return;
    if (queue->form.len)
        memcpy(place->form, queue->form.ptr, queue->form.len);
    memcpy(place->destination, queue->destination.ptr, queue->destination.len);
    place->queue.form = (struct str){place->form, queue->form.len};
    place->queue.destination = (struct str){place->destination, queue->destination.len};
}

/* ERR_FULL ends the walk: there are no more places, or the circle is closed. */
static enum err visit(void *arg, const struct delivery_queue *queue)
{
    struct choice *choice = arg;
    struct outbox *outbox = choice->outbox;
    int room = choice->room;

    if (choice->room == 0 || (choice->until && compare_queues(queue, choice->until) > 0))
        return ERR_FULL;
    if (queue->due_at_ms > choice->now_ms) {
        come_back(outbox, queue->due_at_ms);
        return ERR_OK;
    }
    struct route_out route = route_find(outbox->forms, queue->form, queue->destination);
    choice->route = &route;
    choice->queue = queue;
    enum err err = choose_from(choice);
    form_entry_release(route.entry);
    if (choice->room < room)
        keep_place(&choice->last, queue);
    return err;
}

/* Once round the circle of destinations, beginning behind the one that had the last turn. */
static enum err walk(struct choice *choice)
{
    const struct delivery_queue *start = &choice->outbox->place.queue;
    struct store *reader = choice->outbox->reader;

    if (!start->form.ptr)
        return store_delivery_queues(reader, NULL, visit, choice);
    TRY(store_delivery_queues(reader, start, visit, choice));
    choice->until = start;
    return store_delivery_queues(reader, NULL, visit, choice);
}

enum err outbox_choose(struct outbox *outbox, int64_t now_ms, struct load **ret_loads)
{
    struct choice choice = {
        .outbox = outbox, .now_ms = now_ms, .room = UNDER_WAY_MAX - outbox->under_way_count};

    choice.tail = &choice.loads;
    outbox->next_ms = INT64_MAX;
    enum err err = walk(&choice);
    if (err != ERR_OK && err != ERR_FULL) {
        outbox_drop(outbox, choice.loads);
        return err;
    }
    if (choice.last.queue.form.ptr)
        keep_place(&outbox->place, &choice.last.queue);
    *ret_loads = choice.loads;
    return ERR_OK;
}
