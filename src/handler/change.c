/* SPDX-License-Identifier: MIT */
/*
 * A row is looked at first, and changed when that look is over: nothing that
 * the store does for a change meets a query of ours under way.
 */
#include "change.h"

#include "base/clock.h"
#include "guards.h"
#include "notify.h"

/* `is_bulk`: many are changed, and their ids say which. */
static enum err check_members(const json_t *object, bool is_bulk, struct err_detail *detail)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        bool is_known = strcmp(name, "state") == 0 || strcmp(name, "starred") == 0 ||
                        (is_bulk && strcmp(name, "ids") == 0);
        if (!is_known)
            return err_set(detail, ERR_INVALID,
                           "%.64s: there is no such member here; known: %sstate, starred", name,
                           is_bulk ? "ids, " : "");
    }
    return ERR_OK;
}

enum err change_read(const json_t *object, bool is_bulk, struct change *ret_change,
                     struct err_detail *detail)
{
    const json_t *state = json_object_get(object, "state");
    const json_t *starred = json_object_get(object, "starred");
    struct change change = {.has_state = state != NULL, .has_star = starred != NULL};

    TRY(check_members(object, is_bulk, detail));
    if (!state && !starred)
        return err_set(detail, ERR_INVALID, "send state, starred, or both");
    if (state && !submission_state_parse(js_get_string(object, "state"), &change.state))
        return err_set(detail, ERR_INVALID, "state must be new, read, archived, spam or trash");
    if (starred && !json_is_boolean(starred))
        return err_set(detail, ERR_INVALID, "starred must be true or false");
    change.is_starred = json_is_true(starred);
    *ret_change = change;
    return ERR_OK;
}

/* --- state and star ------------------------------------------------------ */

struct look {
    struct lessons *lessons;
    const struct exchange *x;
    const struct change *change;
    struct buf *out;
    char *form;
    enum submission_state state; /* before */
    enum submission_taught taught_before, taught;
};

static void show(struct look *self, const struct submission *row)
{
    struct submission changed = *row;

    if (self->change->has_state)
        changed.state = self->change->state;
    if (self->change->has_star)
        changed.is_starred = self->change->is_starred;
    submission_render(self->out, &changed);
}

static bool is_flagged(enum submission_state state)
{
    return STATES_FLAGGED >> state & 1;
}

static enum err look_at(void *arg, const struct submission *row)
{
    struct look *self = arg;

    if (!principal_sees(self->x, row->form))
        return ERR_NOT_FOUND;
    if (row->form.len > FORM_NAME_MAX)
        return ERR_CORRUPT;
    memcpy(self->form, row->form.ptr, row->form.len);
    self->form[row->form.len] = '\0';
    self->state = row->state;
    self->taught = self->taught_before = row->taught;
    if (self->change->has_state)
        TRY(lessons_take(self->lessons, row, self->change->state, &self->taught));
    if (self->out)
        show(self, row);
    return ERR_OK;
}

enum err change_submission(struct lessons *lessons, const struct exchange *x, const struct id *id,
                           const struct change *change, struct buf *out,
                           char ret_form[FORM_NAME_MAX + 1])
{
    struct look look = {.lessons = lessons, .x = x, .change = change, .out = out, .form = ret_form};
    struct store *writer = lessons->writer;

    TRY(store_submission_get(writer, id, look_at, &look));
    if (change->has_state && (change->state != look.state || look.taught != look.taught_before))
        TRY(store_submission_set_state(writer, id, change->state, look.taught, clock_wall_ms()));
    if (change->has_state && is_flagged(change->state) != is_flagged(look.state))
        TRY(notify_move(lessons->ctx, writer, id, str_of(ret_form), change->state));
    if (change->has_star)
        TRY(store_submission_set_starred(writer, id, change->is_starred));
    return ERR_OK;
}

/* --- the end ------------------------------------------------------------- */

struct last_look {
    const struct app_ctx *ctx;
    const struct exchange *x;
    struct content content;
};

static enum err look_last(void *arg, const struct submission *row)
{
    struct last_look *self = arg;

    if (!principal_sees(self->x, row->form))
        return ERR_NOT_FOUND;
    self->content = submission_content(row, self->ctx->secrets->token, NULL);
    return ERR_OK;
}

/* Whoever sends the same again right after is not told the id of a row that is no more. */
enum err change_delete(struct app_ctx *ctx, struct store *writer, const struct exchange *x,
                       const struct id *id)
{
    struct last_look look = {.ctx = ctx, .x = x};

    TRY(store_submission_get(writer, id, look_last, &look));
    TRY(store_submission_delete(writer, id));
    recent_forget(ctx->recent, &look.content, id);
    return ERR_OK;
}
