/* SPDX-License-Identifier: MIT */
/*
 * The chores themselves. To add one: a step function, a row in the table. A
 * step does at most turn->amount of its work, and must not mind being undone
 * and called again. Committer's thread.
 */
#include "chores.h"

#include "core/session.h"
#include "core/submission.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

/* --- search and counts --------------------------------------------------- */

static enum err index_step(struct chore_turn *turn, bool *ret_has_more)
{
    TRY(store_index_step(turn->writer, turn->amount, &turn->done));
    *ret_has_more = turn->done == turn->amount;
    return ERR_OK;
}

static enum err tidy_step(struct chore_turn *turn, bool *ret_has_more)
{
    TRY(store_index_tidy(turn->writer, turn->amount, ret_has_more));
    turn->done = *ret_has_more ? turn->amount : 0;
    return ERR_OK;
}

/* --- what is too old ----------------------------------------------------- */

struct expired {
    struct chore_turn *turn;
    struct id ids[CHORE_AMOUNT_MAX];
    int count, looked;
};

static enum err delete_expired(struct expired *expired)
{
    for (int i = 0; i < expired->count; i++)
        TRY(store_submission_delete(expired->turn->writer, &expired->ids[i]));
    expired->turn->done = expired->count;
    return ERR_OK;
}

static enum err add_expired(void *arg, const struct aged *row)
{
    struct expired *expired = arg;

    expired->ids[expired->count++] = row->id;
    expired->looked++;
    return ERR_OK;
}

static enum err expire_form(struct chore_turn *turn, const struct form_entry *form,
                            bool *ret_is_clean)
{
    struct expired expired NOT_CLEARED;
    const struct aged_filter filter = {.form = form->name,
                                       .until_ms = turn->now_ms -
                                                   form->rules->retention_days * (int64_t)DAY_MS,
                                       .limit = turn->amount};

    *ret_is_clean = true;
    if (!form->rules->retention_days)
        return ERR_OK;
    expired.turn = turn;
    expired.count = expired.looked = 0;
    TRY(store_submission_aged(turn->writer, &filter, add_expired, &expired));
    *ret_is_clean = expired.count < turn->amount;
    return delete_expired(&expired);
}

/* One form after the other, in the order of their names. */
static enum err retention_step(struct chore_turn *turn, bool *ret_has_more)
{
    const struct form_entry *form = forms_after(turn->forms, str_of(turn->place->form));
    bool is_clean;

    *ret_has_more = form;
    if (!form) {
        turn->place->form[0] = '\0';
        return ERR_OK;
    }
    enum err err = expire_form(turn, form, &is_clean);
    if (err == ERR_OK && is_clean) {
        memcpy(turn->place->form, form->name.ptr, form->name.len);
        turn->place->form[form->name.len] = '\0';
    }
    form_entry_release(form);
    return err;
}

/* Days that spam of this form is kept; 0: for ever, as on a form that nobody has registered. */
static uint32_t spam_days(struct forms *forms, struct str name)
{
    const struct form_entry *form = forms_find(forms, name);
    uint32_t days = form && str_equal(form->name, name) ? form->rules->spam_retention_days : 0;

    form_entry_release(form);
    return days;
}

static enum err add_expired_spam(void *arg, const struct aged *row)
{
    struct expired *expired = arg;
    struct chore_turn *turn = expired->turn;
    uint32_t days = spam_days(turn->forms, row->form);

    turn->place->seq = id_seq(&row->id);
    expired->looked++;
    if (days && row->since_ms < turn->now_ms - days * (int64_t)DAY_MS)
        expired->ids[expired->count++] = row->id;
    return ERR_OK;
}

/* Once through all spam that is older than any form's spam may have to be. */
static enum err spam_retention_step(struct chore_turn *turn, bool *ret_has_more)
{
    const struct aged_filter filter = {
        .above_seq = turn->place->seq, .until_ms = turn->now_ms - DAY_MS, .limit = turn->amount};
    struct expired expired NOT_CLEARED;

    expired.turn = turn;
    expired.count = expired.looked = 0;
    TRY(store_submission_aged(turn->writer, &filter, add_expired_spam, &expired));
    TRY(delete_expired(&expired));
    *ret_has_more = expired.looked == turn->amount;
    if (!*ret_has_more)
        turn->place->seq = 0;
    return ERR_OK;
}

static enum err spent_step(struct chore_turn *turn, bool *ret_has_more)
{
    *ret_has_more = false;
    return store_spent_purge(turn->writer, turn->now_ms);
}

/* Both are few, and most of them go by when somebody signs in or is invited. */
static enum err ended_step(struct chore_turn *turn, bool *ret_has_more)
{
    *ret_has_more = false;
    TRY(store_session_purge(turn->writer, turn->now_ms,
                            turn->now_ms - (int64_t)SESSION_IDLE_S * 1000));
    return store_invitation_purge(turn->writer, turn->now_ms);
}

const struct chore CHORES[] = {
    {"index", index_step, 250, .is_for_news = true},
    /* The more parts the index has, the longer a step of merging takes: they must not pile up. */
    {"tidy", tidy_step, 50, .is_urgent = true, .is_for_news = true},
    {"retention", retention_step, HOUR_MS, .is_told = true},
    {"spam_retention", spam_retention_step, HOUR_MS, .is_told = true},
    {"spent", spent_step, MINUTE_MS, .is_told = false},
    {"ended", ended_step, MINUTE_MS, .is_told = false},
};

_Static_assert(COUNTOF(CHORES) == CHORE_COUNT, "the janitor has a place for each");
