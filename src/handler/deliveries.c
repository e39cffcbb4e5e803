/* SPDX-License-Identifier: MIT */
/*
 * How messages were told: deliveries, newest first, the destinations that they go to, and
 * what is wrong; and the two buttons: try again now, and send once more what had
 * arrived, under the id that it had. Who may not see a form knows of none of it.
 *
 * run_...() are readers', change_...() the committer's, the rest HTTP threads'.
 */
#include <stdlib.h>

#include "audit.h"
#include "base/clock.h"
#include "base/json.h"
#include "core/alarm.h"
#include "core/cursor.h"
#include "guards.h"
#include "http/reply.h"
#include "listing.h"
#include "service/retry.h"
#include "topics.h"

static enum flow delivery_list(struct app_ctx *ctx, struct exchange *x);
static enum flow delivery_retry(struct app_ctx *ctx, struct exchange *x);
static enum flow delivery_replay(struct app_ctx *ctx, struct exchange *x);
static enum flow delivery_retry_all(struct app_ctx *ctx, struct exchange *x);
static enum flow destination_list(struct app_ctx *ctx, struct exchange *x);
static enum flow alarm_list(struct app_ctx *ctx, struct exchange *x);

/* --- query parameters ---------------------------------------------------- */

#define STATE_AS_WORD(id, text) text,
static const char *const STATES[] = {DELIVERY_STATE_LIST(STATE_AS_WORD) NULL};
#undef STATE_AS_WORD

static bool fits_destination(struct str text)
{
    return text.len > 0 && text.len <= DESTINATION_NAME_MAX;
}

static bool fits_id(struct str text)
{
    struct id id;

    return id_parse(text, &id);
}

static const struct parameter DELIVERY_ROWS[] = {
    {"limit", PARAMETER_NUMBER, "how many at most", .min = 1, .max = DELIVERY_LIST_MAX,
     .fallback = DELIVERY_LIST_DEFAULT},
    {"cursor", PARAMETER_TEXT, "continues an earlier page", .fits = cursor_is_valid,
     .expected = "the 'next' of an earlier page"},
    {"form", PARAMETER_TEXT, "those of this form", .fits = form_name_is_valid,
     .expected = "a form's name"},
    {"state", PARAMETER_WORD, "those in this state", .words = STATES},
    {"destination", PARAMETER_TEXT, "those to this destination", .fits = fits_destination,
     .expected = "a destination's name, such as mail:you@example.org"},
    {"submission", PARAMETER_TEXT, "those of this message", .fits = fits_id,
     .expected = "a message's id"},
    {0},
};

static const struct parameters DELIVERY_PARAMETERS = {DELIVERY_ROWS, NULL};

const struct route DELIVERY_ROUTES[DELIVERY_ROUTE_COUNT] = {
    {.name = "delivery_list",
     .method = "GET",
     .path = "/admin/deliveries",
     .steps = {guard_read, delivery_list},
     .help = "who was told of messages, and how that went; newest first",
     .query = &DELIVERY_PARAMETERS,
     .replies = {{200, "DeliveryList"}}},
    {.name = "delivery_retry",
     .method = "POST",
     .path = "/admin/deliveries/{id}/retry",
     .steps = {guard_write, delivery_retry},
     .media = MEDIA_JSON,
     .may_lack_body = true,
     .help = "try a delivery that waits or was given up now; or send its message to another "
             "destination of the form",
     .body = "RetryTo",
     .replies = {{200, "Delivery"}},
     .problems = PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(DELIVERY_STATE) | PROBLEM_BIT(INVALID_JSON)},
    {.name = "delivery_replay",
     .method = "POST",
     .path = "/admin/deliveries/{id}/replay",
     .steps = {guard_write, delivery_replay},
     .media = MEDIA_JSON,
     .may_lack_body = true,
     .help = "send once more what has arrived, under the same id (one of a digest: alone, under "
             "a new one); not what answers a visitor",
     .body = "Nothing",
     .replies = {{200, "Delivery"}},
     .problems = PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(DELIVERY_STATE) | PROBLEM_BIT(INVALID_JSON)},
    {.name = "delivery_retry_all",
     .method = "POST",
     .path = "/admin/deliveries/retry",
     .steps = {guard_write, delivery_retry_all},
     .media = MEDIA_JSON,
     .help = "try all that waits, or was given up, for a destination now; or send it, and what was "
             "withdrawn, to another one of the form",
     .body = "DeliveryRetry",
     .replies = {{200, "DeliveriesRetried"}},
     .problems = PROBLEM_BIT(NOT_FOUND) | PROBLEM_BIT(INVALID_JSON)},
    {.name = "destination_list",
     .method = "GET",
     .path = "/admin/destinations",
     .steps = {guard_read, destination_list},
     .help = "who is told of messages, and how each of them does",
     .replies = {{200, "DestinationList"}}},
    {.name = "alarm_list",
     .method = "GET",
     .path = "/admin/alarms",
     .steps = {guard_read, alarm_list},
     .help = "what is wrong: destinations that fail, forms gone silent, a disk nearly full",
     .replies = {{200, "AlarmList"}}},
};

/* --- what the routes share ----------------------------------------------- */

struct delivery_job {
    struct job job;
    struct exchange *x;
    struct app_ctx *ctx;
    struct delivery_filter filter;
    struct id id, submission;
    bool is_replay;
    bool is_reply;     /* to a visitor */
    bool is_of_digest; /* it went with one */
    struct listing page;
    struct err_detail detail;
    struct str form, destination; /* whose failed and waiting ones start again, or the one does */
    struct str to;                /* where instead; ptr NULL: there */
    int64_t count;                /* of those */
    enum delivery_state state;    /* of one that is looked at */
};

static struct delivery_job *job_of(struct exchange *x)
{
    return CONTAINER_OF(x->job, struct delivery_job, job);
}

static void job_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct delivery_job, job)->x, more);
}

static struct delivery_job *job_new(struct app_ctx *ctx, struct exchange *x,
                                    enum err (*run)(struct job *, struct store *))
{
    struct delivery_job *self = arena_alloc(&x->arena, sizeof *self);

    if (!self) {
        reply_problem(x, PROBLEM_INTERNAL, NULL);
        return NULL;
    }
    *self = (struct delivery_job){.job = {.run = run, .done = job_done}, .x = x, .ctx = ctx};
    self->page.out = &x->reply.body;
    x->job = &self->job;
    return self;
}

static const char *refusal(const struct delivery_job *self)
{
    if (self->is_replay && self->is_reply)
        return DELIVERY_NOT_REPLAYED;
    if (self->is_replay)
        return "only what has arrived can be sent once more";
    return self->state == DELIVERY_HELD
               ? "the message is spam or in the trash; move it to the inbox"
               : "it has arrived; replay it to send it once more";
}

static enum flow failed(struct exchange *x, enum err err)
{
    struct delivery_job *self = job_of(x);

    reply_reset(x);
    if (err == ERR_NOT_FOUND)
        return reply_problem(x, PROBLEM_NOT_FOUND,
                             self->detail.text[0] ? self->detail.text : "no such delivery or form");
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_JSON, self->detail.text);
    if (err == ERR_EXISTS)
        return reply_problem(x, PROBLEM_DELIVERY_STATE,
                             self->detail.text[0] ? self->detail.text : refusal(self));
    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "deliveries_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow answered(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->job->result != ERR_OK)
        return failed(x, x->job->result);
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

static enum flow read_list(struct delivery_job *self)
{
    reply_json(self->x, 200);
    self->x->decision = "listed";
    exchange_wait(self->x, answered);
    worker_submit(self->ctx->readers, &self->job);
    return FLOW_WAIT;
}

/* --- the list ------------------------------------------------------------ */

static enum err render_row(void *arg, const struct delivery *row)
{
    struct delivery_job *self = arg;

    TRY(listing_open_row(&self->page));
    outbox_render_open(self->ctx->outbox, self->page.out, row);
    js_close(self->page.out, '}');
    return listing_close_row(&self->page, id_seq(&row->id));
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct delivery_job *self = CONTAINER_OF(job, struct delivery_job, job);
    struct buf *out = &self->x->reply.body;

    js_open(out, '{');
    js_key(out, "deliveries");
    js_open(out, '[');
    enum err err = store_delivery_list(reader, &self->filter, render_row, self);
    if (err != ERR_OK && !self->page.has_more)
        return err;
    js_close(out, ']');
    listing_put_next(&self->page);
    js_close(out, '}');
    return buf_status(out);
}

static enum flow delivery_list(struct app_ctx *ctx, struct exchange *x)
{
    struct delivery_job *self = job_new(ctx, x, run_list);

    if (!self)
        return FLOW_DONE;
    self->page.max = (int)parameter_number(x, "limit");
    self->filter = (struct delivery_filter){.form = parameter_text(x, "form"),
                                            .destination = parameter_text(x, "destination"),
                                            .limit = self->page.max + 1,
                                            .scope = &x->principal->identity.scope};
    if (parameter_text(x, "state").ptr)
        self->filter.states = 1u << parameter_number(x, "state");
    if (id_parse(parameter_text(x, "submission"), &self->submission))
        self->filter.submission = &self->submission;
    if (!cursor_parse(parameter_text(x, "cursor"), &self->filter.below_seq))
        self->filter.below_seq = 0;
    return read_list(self);
}

/* --- destinations -------------------------------------------------------- */

struct shown {
    struct delivery_job *job;
    struct destination_tally *rows;
    bool *is_shown;
    size_t count, room;
};

static enum err make_room(struct shown *shown)
{
    size_t room = shown->room ? shown->room * 2 : 32;

    if (shown->count < shown->room)
        return ERR_OK;
    struct destination_tally *rows = realloc(shown->rows, room * sizeof *rows);
    if (!rows)
        return ERR_MEMORY;
    shown->rows = rows;
    bool *is_shown = realloc(shown->is_shown, room);
    if (!is_shown)
        return ERR_MEMORY;
    memset(is_shown + shown->room, 0, room - shown->room);
    shown->is_shown = is_shown;
    shown->room = room;
    return ERR_OK;
}

static void shown_done(struct shown *shown)
{
    free(shown->rows);
    free(shown->is_shown);
}

static enum err keep_texts(struct arena *arena, struct destination_tally *tally)
{
    TRY(arena_keep(arena, tally->form, &tally->form));
    TRY(arena_keep(arena, tally->name, &tally->name));
    return tally->error.ptr ? arena_keep(arena, tally->error, &tally->error) : ERR_OK;
}

static enum err keep_tally(void *arg, const struct destination_tally *tally)
{
    struct shown *shown = arg;

    if (!principal_sees(shown->job->x, tally->form))
        return ERR_OK;
    TRY(make_room(shown));
    struct destination_tally *kept = &shown->rows[shown->count];
    *kept = *tally;
    TRY(keep_texts(&shown->job->x->arena, kept));
    shown->count++;
    return ERR_OK;
}

static void put_count(struct buf *out, const char *key, int64_t count)
{
    js_field_u64(out, key, count > 0 ? (uint64_t)count : 0);
}

/* `channel` NULL: the form's settings do not have it any more. */
static enum err put_destination(struct buf *out, const struct destination_tally *tally,
                                const char *channel)
{
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "form", tally->form.len ? tally->form : (struct str){0});
    js_field_string(out, "destination", tally->name);
    js_field_string(out, "channel", str_of(channel));
    put_count(out, "waiting", tally->waiting);
    put_count(out, "held", tally->held);
    put_count(out, "failed", tally->failed);
    put_count(out, "withdrawn", tally->withdrawn);
    put_count(out, "delivered", tally->delivered);
    js_field_time(out, "lastDeliveredAt", tally->delivered_at_ms);
    js_field_time(out, "lastFailedAt", tally->failed_at_ms);
    js_field_time(out, "failingSince", tally->failing_since_ms);
    js_field_string(out, "error", tally->failing_since_ms ? tally->error : (struct str){0});
    js_close(out, '}');
    return buf_status(out);
}

static enum err put_configured(struct shown *shown, struct str form,
                               const struct destination *destination)
{
    struct destination_tally tally = {.form = form, .name = destination->name};

    for (size_t i = 0; i < shown->count; i++) {
        if (!str_equal(shown->rows[i].form, form) ||
            !str_equal(shown->rows[i].name, destination->name))
            continue;
        shown->is_shown[i] = true;
        tally = shown->rows[i];
    }
    return put_destination(&shown->job->x->reply.body, &tally, channel_text(destination->channel));
}

static enum err put_notice(struct shown *shown, struct str form, const struct notice *notice)
{
    if (!notice || !principal_sees(shown->job->x, form))
        return ERR_OK;
    for (size_t i = 0; i < notice->count; i++)
        TRY(put_configured(shown, form, &notice->destinations[i]));
    return ERR_OK;
}

/* What the settings have, form by form, whether anything was ever sent there or not. */
static enum err put_forms(struct shown *shown)
{
    struct forms *forms = shown->job->ctx->forms;
    const struct form_entry *entry = forms_after(forms, STR(""));
    enum err err = ERR_OK;

    while (entry) {
        err = put_notice(shown, entry->name, entry->notice);
        const struct form_entry *next = err == ERR_OK ? forms_after(forms, entry->name) : NULL;
        form_entry_release(entry);
        entry = next;
    }
    return err;
}

static const char *channel_of(struct app_ctx *ctx, const struct destination_tally *tally)
{
    const struct form_entry *entry = forms_find_or_default(ctx->forms, tally->form);
    const struct notice *notice = forms_notice(ctx->forms, entry, tally->form);
    const struct destination *destination = notice ? notice_find(notice, tally->name) : NULL;
    const char *text = destination ? channel_text(destination->channel) : NULL;
    form_entry_release(entry);
    return text;
}

static enum err run_destinations(struct job *job, struct store *reader)
{
    struct delivery_job *self = CONTAINER_OF(job, struct delivery_job, job);
    struct buf *out = &self->x->reply.body;
    CLEANUP(shown_done) struct shown shown = {.job = self};

    TRY(store_destination_list(reader, keep_tally, &shown));
    js_open(out, '{');
    js_key(out, "destinations");
    js_open(out, '[');
    TRY(put_forms(&shown));
    TRY(put_notice(&shown, STR(""), forms_server_notice(self->ctx->forms)));
    for (size_t i = 0; i < shown.count; i++)
        if (!shown.is_shown[i])
            TRY(put_destination(out, &shown.rows[i], channel_of(self->ctx, &shown.rows[i])));
    js_close(out, ']');
    js_close(out, '}');
    return buf_status(out);
}

static enum flow destination_list(struct app_ctx *ctx, struct exchange *x)
{
    struct delivery_job *self = job_new(ctx, x, run_destinations);

    return self ? read_list(self) : FLOW_DONE;
}

/* --- alarms -------------------------------------------------------------- */

/* A destination's says how many wait by now; of one that is well again, or gone, nothing is left.
 */
static bool renew_text(const struct shown *shown, const struct alarm *alarm, struct buf *text)
{
    if (!str_equal(alarm->kind, STR("destination"))) {
        buf_put(text, alarm->text);
        return true;
    }
    for (size_t i = 0; i < shown->count; i++) {
        const struct destination_tally *tally = &shown->rows[i];
        if (!str_equal(tally->form, alarm->form) || !str_equal(tally->name, alarm->name))
            continue;
        alarm_destination_render(tally, text);
        return alarm_destination(tally, clock_wall_ms()) &&
               forms_have_destination(shown->job->ctx->forms, tally->form, tally->name);
    }
    return false;
}

static enum err render_alarm(void *arg, const struct alarm *alarm)
{
    struct shown *shown = arg;
    struct buf *out = &shown->job->x->reply.body;
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);

    if (!principal_sees(shown->job->x, alarm->form) || !renew_text(shown, alarm, &text))
        return ERR_OK;
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "kind", alarm->kind);
    js_field_string(out, "form", alarm->form.len ? alarm->form : (struct str){0});
    js_field_string(out, "destination", alarm->name.len ? alarm->name : (struct str){0});
    js_field_time(out, "since", alarm->since_ms);
    js_field_string(out, "text", buf_str(&text));
    js_close(out, '}');
    return buf_status(out);
}

static enum err run_alarms(struct job *job, struct store *reader)
{
    struct delivery_job *self = CONTAINER_OF(job, struct delivery_job, job);
    struct buf *out = &self->x->reply.body;
    CLEANUP(shown_done) struct shown shown = {.job = self};

    TRY(store_destination_list(reader, keep_tally, &shown));
    js_open(out, '{');
    js_key(out, "alarms");
    js_open(out, '[');
    TRY(store_alarm_list(reader, render_alarm, &shown));
    js_close(out, ']');
    js_close(out, '}');
    return buf_status(out);
}

static enum flow alarm_list(struct app_ctx *ctx, struct exchange *x)
{
    struct delivery_job *self = job_new(ctx, x, run_alarms);

    return self ? read_list(self) : FLOW_DONE;
}

/* --- again --------------------------------------------------------------- */

/* ERR_EXISTS: it is in a state that does not fit. */
static enum err look_at(void *arg, const struct delivery *row)
{
    struct delivery_job *self = arg;

    if (!principal_sees(self->x, row->form))
        return ERR_NOT_FOUND;
    self->state = row->state;
    self->is_reply = row->address.ptr != NULL;
    self->is_of_digest = !id_is_none(&row->batch);
    bool has_arrived = row->state == DELIVERY_DONE;
    if (self->is_replay && self->is_reply)
        return ERR_EXISTS;
    return has_arrived == self->is_replay && row->state != DELIVERY_HELD ? ERR_OK : ERR_EXISTS;
}

static struct retry retry_of(struct delivery_job *self, const struct form_entry *entry)
{
    return (struct retry){.form = self->form,
                          .destination = self->destination,
                          .notice = forms_notice(self->ctx->forms, entry, self->form),
                          .via = self->form.len && entry ? entry->name : STR(""),
                          .via_since_ms = entry ? entry->created_at_ms : 0,
                          .now_ms = clock_wall_ms()};
}

static enum err see_origin(void *arg, const struct delivery *row)
{
    struct delivery_job *self = arg;

    if (!principal_sees(self->x, row->form))
        return ERR_NOT_FOUND;
    TRY(arena_keep(&self->x->arena, row->form, &self->form));
    return arena_keep(&self->x->arena, row->destination, &self->destination);
}

static enum err render_changed(void *arg, const struct delivery *row)
{
    struct delivery_job *self = arg;
    struct buf *out = &self->x->reply.body;

    TRY(see_origin(self, row));
    delivery_render_open(out, row, NULL);
    js_close(out, '}');
    return buf_status(out);
}

/* The job's id is the new row's from then on. */
static enum err send_elsewhere(struct delivery_job *self, struct store *writer)
{
    struct id there = self->id;

    TRY(store_delivery_get(writer, &self->id, see_origin, self));
    const struct form_entry *entry = forms_find_or_default(self->ctx->forms, self->form);
    const struct retry retry = retry_of(self, entry);
    enum err err = retry_elsewhere(writer, &retry, &self->id, self->to, &there, &self->detail);
    form_entry_release(entry);
    self->id = there;
    return err;
}

static enum err start_there(struct delivery_job *self, struct store *writer)
{
    TRY(store_delivery_get(writer, &self->id, look_at, self));
    const struct id alone = store_next_id(writer, clock_wall_ms());
    bool is_alone = self->is_replay && self->is_of_digest;
    return store_delivery_restart(writer, &self->id, clock_wall_ms(), is_alone ? &alone : NULL);
}

static enum err change_one(struct job *job, struct store *writer)
{
    struct delivery_job *self = CONTAINER_OF(job, struct delivery_job, job);
    struct audit_entry entry = audit_of(
        self->x, self->is_replay ? "delivery.replay" : "delivery.retry", self->x->params[0]);

    entry.detail = self->to;
    TRY(self->to.ptr ? send_elsewhere(self, writer) : start_there(self, writer));
    TRY(store_delivery_get(writer, &self->id, render_changed, self));
    return audit_add(writer, &entry);
}

static enum flow changed(struct app_ctx *ctx, struct exchange *x)
{
    const struct delivery_job *self = job_of(x);
    const struct delivery_queue whom = {.form = self->form,
                                        .destination = self->to.ptr ? self->to : self->destination};

    if (x->job->result == ERR_OK)
        outbox_hurry(ctx->outbox, &whom);
    return answered(ctx, x);
}

static enum flow change(struct delivery_job *self, const char *decision)
{
    reply_json(self->x, 200);
    self->x->decision = decision;
    exchange_wait(self->x, changed);
    commit_submit(self->ctx->commit, &self->job, false);
    return FLOW_WAIT;
}

/* Clients send an object with a POST whether there is something to be said or not. */
static bool read_to(struct delivery_job *self, struct str body)
{
    CLEANUP(js_decref) json_t *object = NULL;

    if (!body.len)
        return true;
    if (js_parse_object(body, &object, NULL) != ERR_OK)
        return false;
    struct str to = js_get_string(object, "to");
    if (!to.ptr || self->is_replay)
        return json_object_size(object) == 0;
    return json_object_size(object) == 1 && fits_destination(to) &&
           arena_keep(&self->x->arena, to, &self->to) == ERR_OK;
}

static enum flow start_again(struct app_ctx *ctx, struct exchange *x, bool is_replay)
{
    struct delivery_job *self = job_new(ctx, x, change_one);

    if (!self)
        return FLOW_DONE;
    self->is_replay = is_replay;
    if (!read_to(self, x->body))
        return reply_problem(x, PROBLEM_INVALID_JSON,
                             is_replay ? "send no body, or {}"
                                       : "send no body, {}, or {\"to\": another destination}");
    if (!id_parse(x->params[0], &self->id))
        return failed(x, ERR_NOT_FOUND);
    return change(self, is_replay ? "replayed" : "retried");
}

static enum flow delivery_retry(struct app_ctx *ctx, struct exchange *x)
{
    return start_again(ctx, x, false);
}

static enum flow delivery_replay(struct app_ctx *ctx, struct exchange *x)
{
    return start_again(ctx, x, true);
}

static enum err retry_destination(struct delivery_job *self, struct store *writer)
{
    const struct form_entry *entry = forms_find_or_default(self->ctx->forms, self->form);
    const struct retry retry = retry_of(self, entry);
    enum err err = self->to.ptr
                       ? retry_all_elsewhere(writer, &retry, self->to, &self->count, &self->detail)
                       : retry_all(writer, &retry, &self->count, &self->detail);

    form_entry_release(entry);
    return err;
}

static enum err change_all(struct job *job, struct store *writer)
{
    struct delivery_job *self = CONTAINER_OF(job, struct delivery_job, job);
    struct buf *out = &self->x->reply.body;
    CLEANUP(buf_done) struct buf told = buf_new(2 * DESTINATION_NAME_MAX + 10);
    struct audit_entry entry = audit_of(self->x, "delivery.retry", self->form);

    if (self->to.ptr)
        buf_printf(&told, "%.*s to %.*s", (int)self->destination.len, self->destination.ptr,
                   (int)self->to.len, self->to.ptr);
    TRY(buf_status(&told));
    entry.detail = told.len ? buf_str(&told) : self->destination;
    TRY(retry_destination(self, writer));
    js_open(out, '{');
    put_count(out, "count", self->count);
    js_close(out, '}');
    return audit_add(writer, &entry);
}

static enum err read_names(struct delivery_job *self, struct err_detail *detail)
{
    struct arena *arena = &self->x->arena;
    CLEANUP(js_decref) json_t *object = NULL;

    TRY(js_parse_object(self->x->body, &object, detail));
    const json_t *form_value = json_object_get(object, "form");
    struct str form = js_get_string(object, "form");
    struct str destination = js_get_string(object, "destination");
    struct str to = js_get_string(object, "to");
    size_t members = to.ptr ? 3 : 2;
    if (json_object_size(object) != members || !(form.ptr || json_is_null(form_value)) ||
        !fits_destination(destination) || (to.ptr && !fits_destination(to)))
        return err_set(detail, ERR_INVALID,
                       "send {\"form\": ..., \"destination\": ...}, and \"to\" if it is to go to "
                       "another one; form is null for the server's own alarms");
    if (to.ptr)
        TRY(arena_keep(arena, to, &self->to));
    TRY(arena_keep(arena, form.ptr ? form : STR(""), &self->form));
    return arena_keep(arena, destination, &self->destination);
}

static enum flow delivery_retry_all(struct app_ctx *ctx, struct exchange *x)
{
    struct delivery_job *self = job_new(ctx, x, change_all);
    struct err_detail detail = {""};

    if (!self)
        return FLOW_DONE;
    enum err err = read_names(self, &detail);
    if (err == ERR_INVALID)
        return reply_problem(x, PROBLEM_INVALID_JSON, detail.text);
    if (err != ERR_OK)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (!principal_sees(x, self->form))
        return failed(x, ERR_NOT_FOUND);
    return change(self, "retried");
}
