/* SPDX-License-Identifier: MIT */
/*
 * The panel in which people read what has arrived: a program of a few files,
 * open to everybody, since it holds nothing. Whatever it shows it fetches with
 * the session of whoever is signed in. Its policy lets no script run but these
 * files, and no text become markup. HTTP threads.
 */
#include "asset.h"
#include "assets.h"
#include "guards.h"
#include "http/reply.h"
#include "topics.h"

static enum flow panel_get(struct app_ctx *ctx, struct exchange *x);
static enum flow panel_file_get(struct app_ctx *ctx, struct exchange *x);
static enum flow panel_move(struct app_ctx *ctx, struct exchange *x);

const struct route PANEL_ROUTES[PANEL_ROUTE_COUNT] = {
    {.name = "panel",
     .method = "GET",
     .path = "/admin/",
     .steps = {guard_open, panel_get},
     .help = "the panel for browsers",
     .replies = {{200, NULL, "text/html; charset=utf-8"}, {304, NULL, NULL}}},
    {.name = "panel_file",
     .method = "GET",
     .path = "/admin/panel/{file}",
     .steps = {guard_open, panel_file_get},
     .help = "a file of the panel",
     .replies = {{200, NULL, "text/css; charset=utf-8"},
                 {200, NULL, "text/javascript; charset=utf-8"},
                 {304, NULL, NULL}},
     .problems = PROBLEM_BIT(NOT_FOUND)},
    {.name = "panel_move",
     .method = "GET",
     .path = "/admin",
     .steps = {guard_open, panel_move},
     .help = "the way to the panel",
     .replies = {{308, NULL, NULL}}},
};

/* Asked for each time, and mostly answered with 304: after an update all files are of one age. */
static const char CACHE_CONTROL[] = "no-cache";

static const char POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static const char JAVASCRIPT[] = "text/javascript; charset=utf-8";

static const struct panel_file {
    const char *name, *content_type;
    const struct asset *asset;
} FILES[] = {
    {"panel.css", "text/css; charset=utf-8", &ASSET_PANEL_PANEL_CSS},
    {"main.js", JAVASCRIPT, &ASSET_PANEL_MAIN_JS},
    {"kit.js", JAVASCRIPT, &ASSET_PANEL_KIT_JS},
    {"api.js", JAVASCRIPT, &ASSET_PANEL_API_JS},
    {"inbox.js", JAVASCRIPT, &ASSET_PANEL_INBOX_JS},
    {"message.js", JAVASCRIPT, &ASSET_PANEL_MESSAGE_JS},
    {"forms.js", JAVASCRIPT, &ASSET_PANEL_FORMS_JS},
    {"people.js", JAVASCRIPT, &ASSET_PANEL_PEOPLE_JS},
};

static enum flow panel_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    reply_header(x, "Content-Security-Policy", POLICY);
    reply_header(x, "Referrer-Policy", "no-referrer");
    reply_header(x, "X-Frame-Options", "DENY");
    reply_header(x, "Cross-Origin-Opener-Policy", "same-origin");
    return asset_reply(x, &ASSET_PANEL_INDEX_HTML, "text/html; charset=utf-8", CACHE_CONTROL);
}

static enum flow panel_file_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    for (size_t i = 0; i < COUNTOF(FILES); i++) {
        if (!str_equal(x->params[0], str_of(FILES[i].name)))
            continue;
        reply_header(x, "Cross-Origin-Resource-Policy", "same-origin");
        return asset_reply(x, FILES[i].asset, FILES[i].content_type, CACHE_CONTROL);
    }
    return reply_problem(x, PROBLEM_NOT_FOUND, "the panel has no such file");
}

/* Relative, so that it is right behind a proxy as well. */
static enum flow panel_move(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    x->decision = "moved";
    reply_text(x, 308);
    reply_header(x, "Location", "admin/");
    return FLOW_DONE;
}
