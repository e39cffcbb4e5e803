/* SPDX-License-Identifier: MIT */
/*
 * What browsers fetch for themselves: the thank-you page, and the script that
 * pages put on their forms. Both are for everybody and know nothing of any
 * message. A link on the thank-you page leads only where its form's owner
 * sends people, or where the visitor came from.
 */
#include "asset.h"
#include "assets.h"
#include "core/web.h"
#include "guards.h"
#include "http/reply.h"
#include "page.h"
#include "topics.h"

static enum flow thanks_get(struct app_ctx *ctx, struct exchange *x);
static enum flow script_get(struct app_ctx *ctx, struct exchange *x);

static const struct parameter THANKS_ROWS[] = {
    {"form", PARAMETER_TEXT, .help = "the form's name or one of its aliases"},
    {"lang", PARAMETER_TEXT, .help = "the page's language, such as en"},
    {"back", PARAMETER_TEXT, .help = "where the visitor came from"},
    {0},
};

static const struct parameters THANKS = {THANKS_ROWS, NULL};

const struct route PAGE_ROUTES[PAGE_ROUTE_COUNT] = {
    {.name = "thanks",
     .method = "GET",
     .path = "/thanks",
     .steps = {guard_open, thanks_get},
     .help = "the page after a message from a form without JavaScript",
     .query = &THANKS,
     .replies = {{200, NULL, "text/html; charset=utf-8"}}},
    {.name = "form_js",
     .method = "GET",
     .path = "/form.js",
     .steps = {guard_open, script_get},
     .help = "a script that makes any form post without leaving its page",
     .replies = {{200, NULL, "text/javascript; charset=utf-8"}, {304, NULL, NULL}}},
};

/* --- thanks -------------------------------------------------------------- */

static struct str way_back(const struct exchange *x, const struct form_entry *form, struct str back)
{
    struct str referer = x->headers[HEADER_REFERER];

    if (form && web_url_host(back).len && form_redirect_is_allowed(form->rules, back))
        return back;
    return web_url_host(referer).len ? referer : (struct str){0};
}

static enum flow thanks_get(struct app_ctx *ctx, struct exchange *x)
{
    parameters_read_leniently(x);
    struct str wanted = parameter_text(x, "lang"), back = parameter_text(x, "back");
    const struct form_entry *form = forms_find(ctx->forms, parameter_text(x, "form"));
    const struct page_thanks thanks = {
        .language = page_language(x, form && !wanted.len ? form->rules->language : wanted),
        .title = form ? form->rules->title : (struct str){0},
        .back = way_back(x, form, back),
    };
    enum flow flow = page_thanks(x, &thanks);
    form_entry_release(form);
    x->decision = "page";
    return flow;
}

/* --- the script ---------------------------------------------------------- */

static enum flow script_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    reply_header(x, "Access-Control-Allow-Origin", "*");
    reply_header(x, "Cross-Origin-Resource-Policy", "cross-origin");
    return asset_reply(x, &ASSET_FORM_JS, "text/javascript; charset=utf-8", "public, max-age=3600");
}
