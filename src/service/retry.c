/* SPDX-License-Identifier: MIT */
/* What is started again by hand. A destination that nobody has heard of is a mistake in its name.
 */
#include "service/retry.h"

#include "service/forms.h"

/* --- whether there is such a destination --------------------------------- */

struct search {
    const struct retry *retry;
    bool is_found;
};

/* The default form's settings are the business of what goes by them alone. */
static bool has_own_settings(const struct retry *retry)
{
    return retry->notice && str_equal(retry->via, retry->form);
}

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

    if (has_own_settings(retry) && notice_find(retry->notice, retry->destination))
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
    bool is_ours; /* nobody else's who had the name, or has it */
};

struct page {
    const struct retry *retry;
    struct moved rows[DELIVERY_LIST_MAX];
    size_t count;
};

/* What had been delivered when its form was removed does not say so, but is older than this one. */
static bool is_of_former(const struct retry *retry, const struct delivery *row)
{
    bool is_by_own = !row->via.ptr || str_equal(row->via, retry->form);

    return row->state == DELIVERY_DONE && is_by_own && id_wall_ms(&row->id) < retry->via_since_ms &&
           !str_equal(retry->form, STR(FORM_DEFAULT)); /* which is always there */
}

static bool is_ours(const struct retry *retry, const struct delivery *row)
{
    bool is_removed = row->via.ptr && !row->via.len;

    if (!has_own_settings(retry))
        return str_equal(row->via, retry->via);
    return !is_removed && !is_of_former(retry, row);
}

static enum err keep_moved(void *arg, const struct delivery *row)
{
    struct page *page = arg;

    page->rows[page->count++] = (struct moved){
        .id = row->id,
        .submission = row->submission,
        .state = row->state,
        .is_leased = row->is_leased,
        .has_moved = row->state == DELIVERY_WITHDRAWN && str_starts_with(row->error, STR(MOVED)),
        .is_ours = is_ours(page->retry, row),
    };
    return ERR_OK;
}

static enum err no_place(const struct retry *retry, struct str to, struct err_detail *detail)
{
    return err_set(detail, ERR_NOT_FOUND, "%.*s has no destination %.*s in its settings",
                   (int)retry->form.len, retry->form.ptr, (int)to.len, to.ptr);
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
        return no_place(retry, to, detail);
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
                                 .via = retry->via,
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
    struct page there = {.retry = retry};
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
        if (row->is_leased || row->has_moved || !row->is_ours || id_is_none(&row->submission))
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

/* The next ones of what the filter asks for; an empty page is the end. */
static enum err read_page(struct store *writer, struct delivery_filter *filter, struct page *page)
{
    page->count = 0;
    TRY(store_delivery_list(writer, filter, keep_moved, page));
    if (page->count)
        filter->below_seq = id_seq(&page->rows[page->count - 1].id);
    return ERR_OK;
}

static bool has_ours(const struct page *page)
{
    for (size_t i = 0; i < page->count; i++)
        if (page->rows[i].is_ours)
            return true;
    return false;
}

/* Before the settings are looked into: what a form that was removed is told must not differ. */
static enum err check_settings(struct store *writer, struct delivery_filter filter,
                               struct page *page, struct str to, struct err_detail *detail)
{
    bool may_look = !page->retry->form.len || has_own_settings(page->retry);

    while (!may_look) {
        TRY(read_page(writer, &filter, page));
        if (!page->count)
            return no_place(page->retry, to, detail);
        may_look = has_ours(page);
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

    page.retry = retry;
    *ret_count = 0;
    TRY(check_settings(writer, filter, &page, to, detail));
    TRY(find_place(retry, to, &destination, detail));
    TRY(check_known(writer, retry, detail));
    do {
        TRY(read_page(writer, &filter, &page));
        TRY(move_page(writer, retry, destination, &page, ret_count));
    } while (page.count == DELIVERY_LIST_MAX && *ret_count < RETRY_MOVED_MAX);
    return ERR_OK;
}

static enum err check_ours(const struct retry *retry, const struct moved *row, struct str to,
                           struct err_detail *detail)
{
    if (row->is_ours || !retry->form.len)
        return ERR_OK;
    if (!has_own_settings(retry))
        return no_place(retry, to, detail);
    return err_set(detail, ERR_EXISTS, DELIVERY_FORM_REMOVED " that was to tell it");
}

enum err retry_elsewhere(struct store *writer, const struct retry *retry, const struct id *id,
                         struct str to, struct id *ret_id, struct err_detail *detail)
{
    const struct destination *destination = NULL;
    struct page page = {.retry = retry};

    TRY(store_delivery_get(writer, id, keep_moved, &page));
    const struct moved *row = &page.rows[0];
    TRY(check_ours(retry, row, to, detail));
    TRY(find_place(retry, to, &destination, detail));
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
