/* SPDX-License-Identifier: MIT */
/*
 * How many messages there are: per form and state, and per day. The store has
 * counted already; here counts of one form stand together, and forms that have
 * no message yet are shown as well. What one may not see is not counted.
 */
#include "base/clock.h"
#include "base/json.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

enum {
    DAYS_DEFAULT = 30,
    DAYS_MAX = 366,
    DAY_ROWS_MAX = 20000, /* the newest are shown */
    FORM_ROWS_MAX = 10000,
    STATE_COUNT = STATE_TRASH + 1,
    DATE_LEN = 10,
};

static enum flow stats_get(struct app_ctx *ctx, struct exchange *x);

static const struct parameter STATS_ROWS[] = {
    {"days", PARAMETER_NUMBER, "how many of the last days are told one by one", .min = 1,
     .max = DAYS_MAX, .fallback = DAYS_DEFAULT},
    {"form", PARAMETER_TEXT, "of this form alone", .fits = form_name_is_valid,
     .expected = "a form's name"},
    {0},
};

static const struct parameters STATS_PARAMETERS = {STATS_ROWS, NULL};

const struct route STATS_ROUTES[STATS_ROUTE_COUNT] = {
    {.name = "stats_get",
     .method = "GET",
     .path = "/admin/stats",
     .steps = {guard_read, stats_get},
     .help = "how many messages there are, per form and state, and per day",
     .query = &STATS_PARAMETERS,
     .replies = {{200, "Stats"}},
     .problems = PROBLEM_BIT(ACCOUNT_BUSY)},
};

struct stats {
    struct job job;
    struct exchange *x;
    struct forms *forms;
    atomic_uint *search; /* what it has taken of ctx->searches */
    struct str form;     /* that is asked for; ptr NULL: all */
    int64_t first_day;

    /* The counts of one form on one day, or of all days, as they come. */
    bool has_group, is_in_forms;
    int64_t day;
    char name[FORM_NAME_MAX + 1];
    uint64_t counts[STATE_COUNT];
    int day_rows, form_rows;
    char shown[FORM_NAME_MAX + 1]; /* the last form that was shown */
};

/* --- rendering ----------------------------------------------------------- */

static void put_day(struct stats *self, struct buf *out)
{
    char date[CLOCK_TEXT_LEN + 1];
    uint64_t received = 0;

    if (self->day_rows++ >= DAY_ROWS_MAX)
        return;
    for (size_t i = 0; i < STATE_COUNT; i++)
        received += self->counts[i];
    clock_format(self->day * TALLY_DAY_MS, date);
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "day", (struct str){date, DATE_LEN});
    js_field_string(out, "form", str_of(self->name));
    js_field_u64(out, "received", received);
    js_field_u64(out, "spam", self->counts[STATE_SPAM]);
    js_close(out, '}');
}

static void put_form(struct stats *self, struct str name, const struct form_entry *form,
                     const uint64_t counts[STATE_COUNT])
{
    struct buf *out = &self->x->reply.body;

    memcpy(self->shown, name.ptr, name.len);
    self->shown[name.len] = '\0';
    if (self->form_rows++ >= FORM_ROWS_MAX)
        return;
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", name);
    js_field_string(out, "title", form ? form->rules->title : (struct str){0});
    js_field_bool(out, "isRegistered", form);
    js_key(out, "counts");
    js_open(out, '{');
    for (int i = 0; i < STATE_COUNT; i++)
        js_field_u64(out, submission_state_text((enum submission_state)i), counts[i]);
    js_close(out, '}');
    js_close(out, '}');
}

static bool is_asked(const struct stats *self, struct str name)
{
    return principal_sees(self->x, name) && (!self->form.ptr || str_equal(self->form, name));
}

static int compare(struct str a, struct str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Forms without a message whose names come before `name`; its ptr NULL: all that are left. */
static void put_empty_forms(struct stats *self, struct str name)
{
    static const uint64_t NONE[STATE_COUNT];
    const struct form_entry *form;

    while ((form = forms_after(self->forms, str_of(self->shown)))) {
        bool is_next = !name.ptr || compare(form->name, name) < 0;
        if (is_next && is_asked(self, form->name))
            put_form(self, form->name, form, NONE);
        else if (is_next) /* passed over */
            memcpy(self->shown, form->name.ptr, form->name.len + 1);
        form_entry_release(form);
        if (!is_next)
            return;
    }
}

static void start_forms(struct stats *self, struct buf *out)
{
    if (self->is_in_forms)
        return;
    self->is_in_forms = true;
    js_close(out, ']');
    js_key(out, "forms");
    js_open(out, '[');
}

static void put_counted_form(struct stats *self)
{
    struct str name = str_of(self->name);
    const struct form_entry *form = forms_find(self->forms, name);
    bool is_form = form && str_equal(form->name, name); /* and not another's alias */

    put_empty_forms(self, name);
    put_form(self, name, is_form ? form : NULL, self->counts);
    form_entry_release(form);
}

static void end_group(struct stats *self)
{
    struct buf *out = &self->x->reply.body;

    if (!self->has_group)
        return;
    self->has_group = false;
    if (self->day != TALLY_ALL_DAYS) {
        put_day(self, out);
        return;
    }
    start_forms(self, out);
    put_counted_form(self);
}

/* --- the worker's part --------------------------------------------------- */

static enum err add_count(void *arg, const struct tally *tally)
{
    struct stats *self = arg;
    bool is_same =
        self->has_group && self->day == tally->day && str_equal(str_of(self->name), tally->form);

    if (!is_same) {
        end_group(self);
        if (tally->form.len > FORM_NAME_MAX || !is_asked(self, tally->form))
            return buf_status(&self->x->reply.body);
        self->has_group = true;
        self->day = tally->day;
        memcpy(self->name, tally->form.ptr, tally->form.len);
        self->name[tally->form.len] = '\0';
        memset(self->counts, 0, sizeof self->counts);
    }
    self->counts[tally->state] += (uint64_t)tally->count;
    return buf_status(&self->x->reply.body);
}

static enum err run_stats(struct job *job, struct store *reader)
{
    struct stats *self = CONTAINER_OF(job, struct stats, job);
    struct buf *out = &self->x->reply.body;

    js_open(out, '{');
    js_key(out, "days");
    js_open(out, '[');
    TRY(store_tally_list(reader, self->first_day, self->form, add_count, self));
    end_group(self);
    start_forms(self, out);
    put_empty_forms(self, (struct str){0});
    js_close(out, ']');
    js_close(out, '}');
    buf_put_char(out, '\n');
    return buf_status(out);
}

static void stats_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct stats, job)->x, more);
}

/* --- before and after ---------------------------------------------------- */

static enum flow stats_counted(struct app_ctx *ctx, struct exchange *x)
{
    enum err err = x->job->result;

    (void)ctx;
    x->decision = "counted";
    if (err == ERR_OK)
        return FLOW_DONE;
    reply_reset(x);
    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "stats_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static void stats_end(struct exchange *x)
{
    quota_give_back(CONTAINER_OF(x->job, struct stats, job)->search);
}

static enum flow stats_get(struct app_ctx *ctx, struct exchange *x)
{
    struct stats *self = arena_alloc(&x->arena, sizeof *self);

    if (!self)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
    *self = (struct stats){.job = {.run = run_stats, .done = stats_done},
                           .x = x,
                           .forms = ctx->forms,
                           .form = parameter_text(x, "form"),
                           .first_day =
                               clock_wall_ms() / TALLY_DAY_MS - parameter_number(x, "days") + 1};
    x->job = &self->job;
    self->search = quota_take(&ctx->searches, str_of(x->principal->actor), SEARCHES_EACH_MAX);
    if (!self->search)
        return reply_retry_later(x, PROBLEM_ACCOUNT_BUSY, SEARCH_RETRY_MS);
    x->end = stats_end;
    reply_json(x, 200);
    exchange_wait(x, stats_counted);
    worker_submit(ctx->searchers, &self->job);
    return FLOW_WAIT;
}
