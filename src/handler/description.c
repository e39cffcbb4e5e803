/* SPDX-License-Identifier: MIT */
/*
 * Where the description is made, and given to whoever asks. It is the same for
 * everybody and does not change while the program runs. A worker makes it for
 * who asks first; the rest is the HTTP threads'.
 */
#include "handler/description.h"

#include <stdlib.h>

#include "asset.h"
#include "assets.h"
#include "docs.h"
#include "guards.h"
#include "handler/routes.h"
#include "http/reply.h"
#include "openapi.h"
#include "topics.h"

enum { DESCRIPTION_MAX = 2 * 1024 * 1024 };

static enum flow openapi_get(struct app_ctx *ctx, struct exchange *x);
static enum flow docs_get(struct app_ctx *ctx, struct exchange *x);
static enum flow docs_file_get(struct app_ctx *ctx, struct exchange *x);

const struct route DESCRIPTION_ROUTES[DESCRIPTION_ROUTE_COUNT] = {
    {.name = "openapi",
     .method = "GET",
     .path = "/openapi.json",
     .steps = {guard_open, openapi_get},
     .help = "this description, for programs",
     .replies = {{200, "OpenApi"}, {304}},
     .problems = PROBLEM_BIT(UNAVAILABLE)},
    {.name = "docs",
     .method = "GET",
     .path = "/docs",
     .steps = {guard_open, docs_get},
     .help = "this description, for people",
     .replies = {{200, NULL, "text/html; charset=utf-8"}, {304}},
     .problems = PROBLEM_BIT(UNAVAILABLE)},
    {.name = "docs_file",
     .method = "GET",
     .path = "/docs/{file}",
     .steps = {guard_open, docs_file_get},
     .help = "what that page is made with",
     .replies = {{200, NULL, "text/css; charset=utf-8"},
                 {200, NULL, "text/javascript; charset=utf-8"},
                 {304}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
};

static const char CACHE_CONTROL[] = "public, max-age=300";

/* No text of the page can become markup or script, whatever a tried route answers. */
static const char POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

/* --- making -------------------------------------------------------------- */

static void make_tag(const struct buf *text, char ret_tag[DESCRIPTION_TAG_MAX])
{
    struct digest digest = digest_of(buf_str(text), NULL);

    snprintf(ret_tag, DESCRIPTION_TAG_MAX, "W/\"%02x%02x%02x%02x%02x%02x%02x%02x\"",
             digest.bytes[0], digest.bytes[1], digest.bytes[2], digest.bytes[3], digest.bytes[4],
             digest.bytes[5], digest.bytes[6], digest.bytes[7]);
}

static enum err make(struct description *self, const struct route_table *routes,
                     struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *shapes = NULL;

    CLEANUP(js_decref) json_t *document = NULL;

    TRY(js_parse_object(ASSET_SHAPES_JSON.plain, &shapes, detail));
    openapi_put(&self->openapi, routes, shapes);
    TRY(buf_status(&self->openapi));
    TRY(js_parse_object(buf_str(&self->openapi), &document, detail));
    docs_put(&self->page, routes,
             json_object_get(json_object_get(document, "components"), "schemas"));
    make_tag(&self->openapi, self->openapi_tag);
    make_tag(&self->page, self->page_tag);
    return buf_status(&self->page);
}

enum err description_new(const struct route_table *routes, struct description **ret_description,
                         struct err_detail *detail)
{
    struct description *self = calloc(1, sizeof *self);

    if (!self)
        return ERR_MEMORY;
    self->openapi = buf_new(DESCRIPTION_MAX);
    self->page = buf_new(DESCRIPTION_MAX);
    enum err err = make(self, routes, detail);
    if (err != ERR_OK) {
        description_free(self);
        return err;
    }
    *ret_description = self;
    return ERR_OK;
}

void description_free(struct description *description)
{
    if (!description)
        return;
    buf_done(&description->openapi);
    buf_done(&description->page);
    free(description);
}

/* --- giving -------------------------------------------------------------- */

struct making {
    struct job job;
    struct exchange *x;
    struct app_ctx *ctx;
};

static enum err run_make(struct job *job, struct store *reader)
{
    struct app_ctx *ctx = CONTAINER_OF(job, struct making, job)->ctx;
    struct description *made, *none = NULL;
    struct err_detail detail = {""};

    (void)reader;
    if (atomic_load(&ctx->description))
        return ERR_OK;
    TRY(description_new(&ROUTES, &made, &detail));
    if (!atomic_compare_exchange_strong(&ctx->description, &none, made))
        description_free(made); /* somebody else was quicker */
    return ERR_OK;
}

static void making_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct making, job)->x, more);
}

/* A few milliseconds of work once, which an event loop should not be kept with. */
static enum flow with_description(struct app_ctx *ctx, struct exchange *x, step_fn reply)
{
    struct making *self;

    if (atomic_load(&ctx->description))
        return reply(ctx, x);
    self = arena_alloc(&x->arena, sizeof *self);
    if (!self)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    *self = (struct making){.job = {.run = run_make, .done = making_done}, .x = x, .ctx = ctx};
    x->job = &self->job;
    exchange_wait(x, reply);
    worker_submit(ctx->readers, &self->job);
    return FLOW_WAIT;
}

static enum flow failed(struct exchange *x)
{
    enum err err = x->job->result;

    if (err != ERR_FULL && err != ERR_STOPPING)
        LOG(LOG_ERROR, "description_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(err)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow openapi_reply(struct app_ctx *ctx, struct exchange *x)
{
    const struct description *description = atomic_load(&ctx->description);

    if (!description)
        return failed(x);
    const struct asset asset = {.plain = buf_str(&description->openapi),
                                .etag = description->openapi_tag};
    reply_header(x, "Access-Control-Allow-Origin", "*");
    return asset_reply(x, &asset, "application/json", CACHE_CONTROL);
}

static enum flow docs_reply(struct app_ctx *ctx, struct exchange *x)
{
    const struct description *description = atomic_load(&ctx->description);

    if (!description)
        return failed(x);
    const struct asset asset = {.plain = buf_str(&description->page),
                                .etag = description->page_tag};
    reply_header(x, "Content-Security-Policy", POLICY);
    reply_header(x, "Referrer-Policy", "no-referrer");
    reply_header(x, "X-Frame-Options", "DENY");
    reply_header(x, "Cross-Origin-Opener-Policy", "same-origin");
    return asset_reply(x, &asset, "text/html; charset=utf-8", CACHE_CONTROL);
}

static enum flow openapi_get(struct app_ctx *ctx, struct exchange *x)
{
    return with_description(ctx, x, openapi_reply);
}

static enum flow docs_get(struct app_ctx *ctx, struct exchange *x)
{
    return with_description(ctx, x, docs_reply);
}

static enum flow docs_file_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    reply_header(x, "Cross-Origin-Resource-Policy", "same-origin");
    if (str_equal(x->params[0], STR("docs.css")))
        return asset_reply(x, &ASSET_DOCS_CSS, "text/css; charset=utf-8", CACHE_CONTROL);
    if (str_equal(x->params[0], STR("docs.js")))
        return asset_reply(x, &ASSET_DOCS_JS, "text/javascript; charset=utf-8", CACHE_CONTROL);
    reply_reset(x);
    return reply_problem(x, PROBLEM_NOT_FOUND, "the page has no such file");
}
