/* SPDX-License-Identifier: MIT */
/* What is started again by hand. A destination that nobody has heard of is a mistake in its name.
 */
#include "service/retry.h"

/* --- whether there is such a destination --------------------------------- */

struct search {
    const struct retry *retry;
    bool is_found;
};

static enum err compare(void *arg, const struct destination_tally *tally)
{
    struct search *search = arg;

    search->is_found |= str_equal(tally->form, search->retry->form) &&
                        str_equal(tally->name, search->retry->destination);
    return ERR_OK;
}

static enum err check_known(struct store *writer, const struct retry *retry,
                            struct err_detail *detail)
{
    struct search search = {.retry = retry};

    if (retry->notice && notice_find(retry->notice, retry->destination))
        return ERR_OK;
    TRY(store_destination_list(writer, compare, &search));
    if (search.is_found)
        return ERR_OK;
    struct str who = retry->form.len ? retry->form : STR("the server");
    return err_set(detail, ERR_NOT_FOUND, "%.*s has no destination %.*s; see: %s", (int)who.len,
                   who.ptr, (int)retry->destination.len, retry->destination.ptr,
                   "GET /admin/destinations, contactd delivery list");
}

/* --- there --------------------------------------------------------------- */

enum err retry_all(struct store *writer, const struct retry *retry, int64_t *ret_count,
                   struct err_detail *detail)
{
    TRY(store_delivery_restart_all(writer, retry->form, retry->destination, retry->now_ms,
                                   ret_count));
    return *ret_count ? ERR_OK : check_known(writer, retry, detail);
}

/* --- elsewhere ----------------------------------------------------------- */

#define MOVED "sent to "

/* What is to be moved: a page of rows, since nothing changes while they are walked through. */
struct moved {
    struct id id, submission;
    enum delivery_state state;
    bool is_leased, has_moved;
};

struct page {
    struct moved rows[DELIVERY_LIST_MAX];
    size_t count;
};

static enum err keep_moved(void *arg, const struct delivery *row)
{
    struct page *page = arg;

    page->rows[page->count++] = (struct moved){
        .id = row->id,
        .submission = row->submission,
        .state = row->state,
        .is_leased = row->is_leased,
        .has_moved = row->state == DELIVERY_WITHDRAWN && str_starts_with(row->error, STR(MOVED)),
    };
    return ERR_OK;
}

/* The autoresponder speaks to visitors, everybody else to who has the form. */
static enum err find_place(const struct retry *retry, struct str to,
                           const struct destination **ret_destination, struct err_detail *detail)
{
    const struct destination *destination =
        retry->notice && retry->form.len ? notice_find(retry->notice, to) : NULL;

    if (!retry->form.len)
        return err_set(detail, ERR_INVALID, "the server's own alarms go nowhere else");
    if (!destination)
        return err_set(detail, ERR_NOT_FOUND, "%.*s has no destination %.*s in its settings",
                       (int)retry->form.len, retry->form.ptr, (int)to.len, to.ptr);
    if (destination->channel == CHANNEL_REPLY || str_equal(retry->destination, STR("reply")))
        return err_set(detail, ERR_INVALID,
                       "automatic replies go to visitors, and nothing else goes there");
    if (str_equal(retry->destination, to))
        return err_set(detail, ERR_INVALID, "%.*s is where it goes already; retry it without that",
                       (int)to.len, to.ptr);
    *ret_destination = destination;
    return ERR_OK;
}

static enum err see_message(void *arg, const struct submission *row)
{
    *(enum submission_state *)arg = row->state;
    return ERR_OK;
}

/* ERR_NOT_FOUND: the message is gone. */
static enum err add_there(struct store *writer, const struct retry *retry,
                          const struct destination *to, const struct id *submission,
                          struct id *ret_id)
{
    enum submission_state state = STATE_NEW;

    TRY(store_submission_get(writer, submission, see_message, &state));
    bool is_held = (STATES_FLAGGED >> state & 1) && !to->wants_spam;
    const struct delivery row = {.id = store_next_id(writer, retry->now_ms),
                                 .submission = *submission,
                                 .form = retry->form,
                                 .destination = to->name,
                                 .state = is_held ? DELIVERY_HELD : DELIVERY_WAITING,
                                 .due_at_ms = retry->now_ms,
                                 .changed_at_ms = retry->now_ms};
    *ret_id = row.id;
    return store_delivery_insert(writer, &row);
}

/* ERR_EXISTS: there is one already that is not over. ERR_NOT_FOUND: the message is gone. */
static enum err put_there(struct store *writer, const struct retry *retry,
                          const struct destination *to, const struct id *submission,
                          struct id *ret_id)
{
    struct page there = {.count = 0};
    const struct delivery_filter filter = {
        .submission = submission, .destination = to->name, .limit = 1};

    TRY(store_delivery_list(writer, &filter, keep_moved, &there));
    if (!there.count)
        return add_there(writer, retry, to, submission, ret_id);
    *ret_id = there.rows[0].id;
    if (there.rows[0].state != DELIVERY_FAILED && there.rows[0].state != DELIVERY_WITHDRAWN)
        return ERR_EXISTS;
    return store_delivery_restart(writer, ret_id, retry->now_ms, NULL);
}

/* What has arrived, and what is being tried, stays as it is. */
static enum err leave_behind(struct store *writer, const struct retry *retry,
                             const struct moved *row, struct str to)
{
    CLEANUP(buf_done) struct buf text = buf_new(DELIVERY_ERROR_MAX);
    struct delivery_outcome outcome = {.id = row->id,
                                       .form = retry->form,
                                       .destination = retry->destination,
                                       .state = DELIVERY_WITHDRAWN,
                                       .due_at_ms = retry->now_ms,
                                       .attempt = {.at_ms = retry->now_ms}};

    if (row->state == DELIVERY_DONE || row->is_leased)
        return ERR_OK;
    buf_printf(&text, MOVED "%.*s instead", (int)to.len, to.ptr);
    TRY(buf_status(&text));
    outcome.attempt.error = buf_str(&text);
    return store_delivery_settle(writer, &outcome);
}

static enum err move_page(struct store *writer, const struct retry *retry,
                          const struct destination *to, const struct page *page, int64_t *count)
{
    struct id id;

    for (size_t i = 0; i < page->count && *count < RETRY_MOVED_MAX; i++) {
        const struct moved *row = &page->rows[i];
        if (row->is_leased || row->has_moved || id_is_none(&row->submission))
            continue;
        enum err err = put_there(writer, retry, to, &row->submission, &id);
        if (err != ERR_EXISTS && err != ERR_NOT_FOUND) {
            TRY(err);
            ++*count;
        }
        TRY(leave_behind(writer, retry, row, to->name));
    }
    return ERR_OK;
}

enum err retry_all_elsewhere(struct store *writer, const struct retry *retry, struct str to,
                             int64_t *ret_count, struct err_detail *detail)
{
    const struct destination *destination = NULL;
    struct delivery_filter filter = {.form = retry->form,
                                     .destination = retry->destination,
                                     .states = 1u << DELIVERY_WAITING | 1u << DELIVERY_FAILED |
                                               1u << DELIVERY_WITHDRAWN,
                                     .limit = DELIVERY_LIST_MAX};
    struct page page NOT_CLEARED;

    *ret_count = 0;
    TRY(find_place(retry, to, &destination, detail));
    TRY(check_known(writer, retry, detail));
    do {
        page.count = 0;
        TRY(store_delivery_list(writer, &filter, keep_moved, &page));
        TRY(move_page(writer, retry, destination, &page, ret_count));
        if (page.count)
            filter.below_seq = id_seq(&page.rows[page.count - 1].id);
    } while (page.count == DELIVERY_LIST_MAX && *ret_count < RETRY_MOVED_MAX);
    return ERR_OK;
}

enum err retry_elsewhere(struct store *writer, const struct retry *retry, const struct id *id,
                         struct str to, struct id *ret_id, struct err_detail *detail)
{
    const struct destination *destination = NULL;
    struct page page = {.count = 0};

    TRY(find_place(retry, to, &destination, detail));
    TRY(store_delivery_get(writer, id, keep_moved, &page));
    const struct moved *row = &page.rows[0];
    if (row->state == DELIVERY_HELD)
        return err_set(detail, ERR_EXISTS, "the message is spam or in the trash");
    if (id_is_none(&row->submission))
        return err_set(detail, ERR_INVALID, "an alarm goes nowhere else");
    enum err err = put_there(writer, retry, destination, &row->submission, ret_id);
    if (err == ERR_EXISTS)
        return err_set(detail, err, "the message has arrived there, or is on its way: see %.*s",
                       (int)to.len, to.ptr);
    TRY(err);
    return leave_behind(writer, retry, row, to);
}
