/* SPDX-License-Identifier: MIT */
/*
 * Where the description is made, and given to whoever asks. It is the same for
 * everybody and does not change while the program runs.
 */
#include "handler/description.h"

#include <stdlib.h>

#include "asset.h"
#include "assets.h"
#include "guards.h"
#include "http/reply.h"
#include "openapi.h"
#include "topics.h"

enum { DESCRIPTION_MAX = 2 * 1024 * 1024 };

static enum flow openapi_get(struct app_ctx *ctx, struct exchange *x);

const struct route DESCRIPTION_ROUTES[DESCRIPTION_ROUTE_COUNT] = {
    {.name = "openapi",
     .method = "GET",
     .path = "/openapi.json",
     .steps = {guard_open, openapi_get},
     .help = "this description, for programs",
     .replies = {{200, "OpenApi"}, {304}}},
};

static const char CACHE_CONTROL[] = "public, max-age=300";

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

    TRY(js_parse_object(ASSET_SHAPES_JSON.plain, &shapes, detail));
    openapi_put(&self->openapi, routes, shapes);
    make_tag(&self->openapi, self->openapi_tag);
    return buf_status(&self->openapi);
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

static enum flow openapi_get(struct app_ctx *ctx, struct exchange *x)
{
    const struct asset asset = {.plain = buf_str(&ctx->description->openapi),
                                .etag = ctx->description->openapi_tag};

    reply_header(x, "Access-Control-Allow-Origin", "*");
    return asset_reply(x, &asset, "application/json", CACHE_CONTROL);
}
