/* SPDX-License-Identifier: MIT */
/*
 * Who is to hear of a message becomes rows beside it. Spam is written down as well, but
 * held, so that "not spam" needs nobody to remember anything; the autoresponder never answers
 * spam, nor one address more often than the form, and all forms together, allow.
 */
#include "notify.h"

#include "base/clock.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    ADDRESS_MAX = 400,
    REPLIES_MAX = 10, /* a day to one address from all forms, unless the form alone allows more */
};

static bool is_flagged(enum submission_state state)
{
    return STATES_FLAGGED >> state & 1;
}

/* --- a new message ------------------------------------------------------- */

/* ERR_NOT_FOUND: this one is not answered. What is not registered answers as the default form. */
static enum err count_reply(const struct submission *row, const struct form_entry *form,
                            struct store *writer, int64_t now_ms, struct buf *address)
{
    int64_t max = form->notice->reply_per_day, count, everywhere;

    if (is_flagged(row->state) || delivery_address(row->email, address) != ERR_OK)
        return ERR_NOT_FOUND;
    TRY(store_delivery_replies(writer, form->name, buf_str(address), now_ms - DAY_MS, &count));
    TRY(store_delivery_replies(writer, (struct str){0}, buf_str(address), now_ms - DAY_MS,
                               &everywhere));
    bool is_too_often = count >= max || (everywhere >= max && everywhere >= REPLIES_MAX);
    return is_too_often ? ERR_NOT_FOUND : ERR_OK;
}

static enum err store_one(const struct submission *row, const struct form_entry *form,
                          const struct destination *destination, struct str address,
                          struct store *writer, int64_t now_ms, bool *ret_is_awaited)
{
    const struct delivery delivery = {
        .id = store_next_id(writer, now_ms),
        .submission = row->id,
        .form = row->form,
        .destination = destination->name,
        .via = form->name,
        .state =
            is_flagged(row->state) && !destination->wants_spam ? DELIVERY_HELD : DELIVERY_WAITING,
        .due_at_ms = delivery_due_ms(destination->rhythm, now_ms),
        .changed_at_ms = now_ms,
        .address = address,
    };

    TRY(store_delivery_insert(writer, &delivery));
    /* A digest's first row must start the outbox, which then knows when it is due. */
    if (delivery.state == DELIVERY_WAITING)
        *ret_is_awaited = true;
    return ERR_OK;
}

enum err notify_store(const struct submission *row, const struct form_entry *form,
                      struct store *writer, int64_t now_ms, bool *ret_is_awaited)
{
    const struct notice *notice = form->notice;

    for (size_t i = 0; i < notice->count; i++) {
        const struct destination *destination = &notice->destinations[i];
        CLEANUP(buf_done) struct buf address = buf_new(ADDRESS_MAX);
        if (destination->channel == CHANNEL_REPLY) {
            enum err err = count_reply(row, form, writer, now_ms, &address);
            if (err == ERR_NOT_FOUND)
                continue;
            TRY(err);
        }
        TRY(store_one(row, form, destination, buf_str(&address), writer, now_ms, ret_is_awaited));
    }
    return ERR_OK;
}

/* --- a message that moves ------------------------------------------------ */

enum { MOVED_MAX = DELIVERY_LIST_MAX };

struct moved {
    const struct notice *notice; /* NULL: of a form that tells nobody any more */
    bool is_held;
    struct id ids[MOVED_MAX];
    int64_t due_at_ms[MOVED_MAX];
    size_t count;
};

/* Rows are changed when the look at them is over. */
static enum err add_moved(void *arg, const struct delivery *row)
{
    struct moved *moved = arg;
    const struct destination *destination =
        moved->notice ? notice_find(moved->notice, row->destination) : NULL;

    if (moved->is_held && destination && destination->wants_spam)
        return ERR_OK;
    moved->ids[moved->count] = row->id;
    moved->due_at_ms[moved->count++] = row->due_at_ms;
    return ERR_OK;
}

enum err notify_move(struct app_ctx *ctx, struct store *writer, const struct id *id,
                     struct str form, enum submission_state state)
{
    struct moved moved NOT_CLEARED;
    bool is_held = is_flagged(state);
    enum delivery_state from = is_held ? DELIVERY_WAITING : DELIVERY_HELD;
    enum delivery_state to = is_held ? DELIVERY_HELD : DELIVERY_WAITING;
    const struct delivery_filter filter = {
        .submission = id, .states = 1u << from, .limit = MOVED_MAX};
    const struct form_entry *entry = forms_find_or_default(ctx->forms, form);

    moved.notice = entry ? entry->notice : NULL;
    moved.is_held = is_held;
    moved.count = 0;
    enum err err = store_delivery_list(writer, &filter, add_moved, &moved);
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; err == ERR_OK && i < moved.count; i++)
        err = store_delivery_set_state(writer, &moved.ids[i], to, moved.due_at_ms[i], now_ms);
    form_entry_release(entry);
    return err;
}
