/* SPDX-License-Identifier: MIT */
/*
 * The decisions about deliveries: when to try again, when a digest is due, what counts as
 * one address; and how they are shown. No clock and no chance of its own.
 */
#include "core/delivery.h"

#include "base/json.h"
#include "core/email.h"

/* --- states -------------------------------------------------------------- */

#define STATE_AS_TEXT(id, text) [id] = text,
static const char *const STATES[] = {DELIVERY_STATE_LIST(STATE_AS_TEXT)};
#undef STATE_AS_TEXT

const char *delivery_state_text(enum delivery_state state)
{
    return STATES[state];
}

bool delivery_state_parse(struct str text, enum delivery_state *ret_state)
{
    for (size_t i = 0; i < COUNTOF(STATES); i++) {
        if (!str_equal(text, str_of(STATES[i])))
            continue;
        *ret_state = (enum delivery_state)i;
        return true;
    }
    return false;
}

/* --- times --------------------------------------------------------------- */

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };

/* At least so long after the first, second, ... failure: 28 hours and a half in all. */
static const int32_t FLOORS_MS[DELIVERY_ATTEMPTS_MAX - 1] = {
    10 * SECOND_MS,
    30 * SECOND_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    20 * MINUTE_MS,
    40 * MINUTE_MS,
    HOUR_MS + 20 * MINUTE_MS,
    2 * HOUR_MS + 40 * MINUTE_MS,
    4 * HOUR_MS,
    6 * HOUR_MS,
    6 * HOUR_MS,
    8 * HOUR_MS,
};

/* A quarter more at most, so that what failed together does not come back together. */
int64_t delivery_wait_ms(int attempts, uint64_t chance)
{
    if (attempts < 1 || attempts >= DELIVERY_ATTEMPTS_MAX)
        return -1;
    int64_t floor_ms = FLOORS_MS[attempts - 1];
    return floor_ms + (int64_t)(chance % (uint64_t)(floor_ms / 4));
}

void delivery_cut(struct delivery *delivery, int64_t now_ms, uint64_t chance)
{
    delivery->is_leased = false;
    delivery->due_at_ms = now_ms;
    if (++delivery->cuts < DELIVERY_CUTS_MAX) {
        delivery->attempts -= delivery->attempts > 0;
        return;
    }
    int64_t wait_ms = delivery_wait_ms(delivery->attempts, chance);
    delivery->error = STR("the server ended while this was tried, again and again");
    if (wait_ms < 0)
        delivery->state = DELIVERY_FAILED;
    else
        delivery->due_at_ms = now_ms + wait_ms;
}

/* The first time after `now_ms` that is `offset_ms` behind a whole number of periods. */
static int64_t next_turn(int64_t now_ms, int64_t period_ms, int64_t offset_ms)
{
    return (now_ms - offset_ms + period_ms) / period_ms * period_ms + offset_ms;
}

int64_t delivery_due_ms(enum rhythm rhythm, int64_t now_ms)
{
    switch (rhythm) {
    case RHYTHM_HOURLY:
        return next_turn(now_ms, HOUR_MS, 0);
    case RHYTHM_DAILY:
        return next_turn(now_ms, 24 * HOUR_MS, 6 * HOUR_MS);
    case RHYTHM_AT_ONCE:
        break;
    }
    return now_ms;
}

/* --- addresses ----------------------------------------------------------- */

static void put_lower(struct buf *out, struct str text, bool has_dots)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c != '.' || has_dots)
            buf_put_char(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

enum err delivery_address(struct str email, struct buf *out)
{
    struct str domain = email;

    if (!email_is_valid(email))
        return ERR_INVALID;
    struct str local = str_cut(&domain, '@');
    bool is_gmail = str_equal_nocase(domain, STR("gmail.com")) ||
                    str_equal_nocase(domain, STR("googlemail.com"));
    if (local.ptr[0] != '+')
        local = str_cut(&local, '+');
    put_lower(out, local, !is_gmail);
    buf_put_char(out, '@');
    put_lower(out, is_gmail ? STR("gmail.com") : domain, true);
    return buf_status(out);
}

/* --- as JSON ------------------------------------------------------------- */

static void put_id(struct buf *out, const char *key, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_format(id, text);
    js_field_string(out, key, id_is_none(id) ? (struct str){0} : str_of(text));
}

void delivery_pause_render(struct buf *out, const struct delivery_pause *pause)
{
    js_key(out, "pausedBy");
    if (!pause) {
        buf_put(out, STR("null"));
        return;
    }
    js_open(out, '{');
    js_field_string(out, "host", str_of(pause->place));
    js_field_time(out, "until", pause->until_ms);
    js_field_string(out, "reason", str_of(pause->reason));
    js_close(out, '}');
}

void delivery_render_open(struct buf *out, const struct delivery *delivery,
                          const struct delivery_pause *pause)
{
    bool is_waiting = delivery->state == DELIVERY_WAITING;

    js_open(out, '{');
    put_id(out, "id", &delivery->id);
    put_id(out, "submission", &delivery->submission);
    js_field_string(out, "form", delivery->form.len ? delivery->form : (struct str){0});
    js_field_string(out, "destination", delivery->destination);
    js_field_string(out, "state", str_of(delivery_state_text(delivery->state)));
    js_field_u64(out, "attempts", (uint64_t)delivery->attempts);
    js_field_time(out, "createdAt", id_wall_ms(&delivery->id));
    js_field_time(out, "changedAt", delivery->changed_at_ms);
    js_field_time(out, "nextAttemptAt",
                  is_waiting && !delivery->is_leased ? delivery->due_at_ms : 0);
    delivery_pause_render(out, pause);
    js_field_bool(out, "inFlight", is_waiting && delivery->is_leased);
    js_field_string(out, "error", delivery->error);
    js_field_string(out, "text", delivery->text);
}

void delivery_attempt_render(struct buf *out, const struct delivery_attempt *attempt)
{
    js_open(out, '{');
    js_field_time(out, "at", attempt->at_ms);
    js_field_u64(out, "ms", (uint64_t)(attempt->took_ms > 0 ? attempt->took_ms : 0));
    js_key(out, "status");
    if (attempt->status)
        buf_put_i64(out, attempt->status);
    else
        buf_put(out, STR("null"));
    js_field_string(out, "error", attempt->error);
    js_close(out, '}');
}
