/* SPDX-License-Identifier: MIT */
/* The audit log: entries from whoever changes something, and the list for owners. */
#include "audit.h"

#include "account.h"
#include "base/clock.h"
#include "core/cursor.h"
#include "guards.h"
#include "http/reply.h"
#include "listing.h"
#include "topics.h"

enum { AUDIT_LIST_DEFAULT = 50 };

static enum flow audit_list(struct app_ctx *ctx, struct exchange *x);

static const struct parameter AUDIT_ROWS[] = {
    {"limit", PARAMETER_NUMBER, "how many at most", .min = 1, .max = AUDIT_LIST_MAX,
     .fallback = AUDIT_LIST_DEFAULT},
    {"cursor", PARAMETER_TEXT, "continues an earlier page", .fits = cursor_is_valid,
     .expected = "the 'next' of an earlier page"},
    {0},
};

static const struct parameters AUDIT_PARAMETERS = {AUDIT_ROWS, NULL};

const struct route AUDIT_ROUTES[AUDIT_ROUTE_COUNT] = {
    {.name = "audit_list",
     .method = "GET",
     .path = "/admin/audit",
     .steps = {guard_owner, audit_list},
     .help = "who did what, newest first",
     .query = &AUDIT_PARAMETERS,
     .replies = {{200, "AuditList"}}},
};

struct audit_entry audit_of(const struct exchange *x, const char *action, struct str target)
{
    return (struct audit_entry){
        .actor = x->principal ? str_of(x->principal->actor) : STR("-"),
        .action = str_of(action),
        .target = target,
        .source = x->source,
    };
}

enum err audit_add(struct store *writer, const struct audit_entry *entry)
{
    struct audit_entry dated = *entry;

    if (!dated.at_ms)
        dated.at_ms = clock_wall_ms();
    return store_audit_add(writer, &dated);
}

/* --- the list ------------------------------------------------------------ */

struct audit_job {
    struct account_job base;
    int64_t below_id;
    struct listing page;
};

static enum err render_entry(void *arg, const struct audit_entry *entry)
{
    struct listing *page = arg;
    struct buf *out = page->out;
    char id[24];

    TRY(listing_open_row(page));
    snprintf(id, sizeof id, "%lld", (long long)entry->id);
    js_open(out, '{');
    js_field_string(out, "id", str_of(id));
    js_field_time(out, "at", entry->at_ms);
    js_field_string(out, "actor", entry->actor);
    js_field_string(out, "action", entry->action);
    js_field_string(out, "target", entry->target);
    js_field_string(out, "detail", entry->detail);
    js_field_string(out, "source", entry->source);
    js_close(out, '}');
    return listing_close_row(page, entry->id);
}

static enum err run_list(struct job *job, struct store *reader)
{
    struct audit_job *self = CONTAINER_OF(job, struct audit_job, base.job);
    struct buf *out = self->page.out;

    account_open_list(out, "entries");
    enum err err =
        store_audit_list(reader, self->below_id, self->page.max + 1, render_entry, &self->page);
    if (err != ERR_OK && !self->page.has_more)
        return err;
    js_close(out, ']');
    listing_put_next(&self->page);
    js_close(out, '}');
    buf_put_char(out, '\n');
    return buf_status(out);
}

static enum flow audit_list(struct app_ctx *ctx, struct exchange *x)
{
    struct audit_job *self = account_job_new(ctx, x, sizeof *self);

    if (!self)
        return FLOW_DONE;
    self->page = (struct listing){.out = &x->reply.body, .max = (int)parameter_number(x, "limit")};
    if (!cursor_parse(parameter_text(x, "cursor"), &self->below_id))
        self->below_id = 0;
    return account_list(&self->base, run_list);
}
