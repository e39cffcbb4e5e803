/* SPDX-License-Identifier: MIT */
/*
 * What browsers fetch for themselves: the thank-you page, and the script that
 * pages put on their forms. Both are for everybody and know nothing of any
 * message. A link on the thank-you page leads only where its form's owner
 * sends people, or where the visitor came from.
 */
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

/* "q=0", "q=0.000" (RFC 9110, section 12.4.2). */
static bool is_refused(struct str weight)
{
    if (!str_starts_with_nocase(weight, STR("q=")))
        return false;
    for (size_t i = 2; i < weight.len; i++)
        if (weight.ptr[i] != '0' && weight.ptr[i] != '.')
            return false;
    return true;
}

/* RFC 9110, section 12.5.3; what is sent is small either way, so weights are not compared. */
static bool takes_gzip(struct str accept_encoding)
{
    while (accept_encoding.ptr) {
        struct str weight = str_cut(&accept_encoding, ',');
        struct str coding = str_trim(str_cut(&weight, ';'));
        if (str_equal_nocase(coding, STR("gzip")))
            return !is_refused(str_trim(weight));
    }
    return false;
}

/* Weakly (RFC 9110, sections 8.8.3.2 and 13.1.2): our tags have a W/, and proxies drop or add it.
 */
static bool has_tag(struct str if_none_match, struct str tag)
{
    static const size_t WEAK = sizeof "W/" - 1;

    while (if_none_match.ptr) {
        struct str item = str_trim(str_cut(&if_none_match, ','));
        if (str_equal(item, STR("*")) || str_equal(item, tag) ||
            str_equal(item, (struct str){tag.ptr + WEAK, tag.len - WEAK}))
            return true;
    }
    return false;
}

static enum flow script_get(struct app_ctx *ctx, struct exchange *x)
{
    const struct asset *script = &ASSET_FORM_JS;

    (void)ctx;
    x->decision = "asset";
    reply_text(x, 200);
    x->reply.content_type = "text/javascript; charset=utf-8";
    x->reply.is_cacheable = true;
    reply_header(x, "Cache-Control", "public, max-age=3600");
    reply_header(x, "ETag", script->etag);
    reply_header(x, "Vary", "Accept-Encoding");
    reply_header(x, "Access-Control-Allow-Origin", "*");
    reply_header(x, "Cross-Origin-Resource-Policy", "cross-origin");
    if (takes_gzip(x->headers[HEADER_ACCEPT_ENCODING])) {
        reply_header(x, "Content-Encoding", "gzip");
        buf_put(&x->reply.body, script->zipped);
    } else {
        buf_put(&x->reply.body, script->plain);
    }
    /* The library sends no body with it, but the length, which must be the body's (RFC 9110, 8.6).
     */
    if (has_tag(x->headers[HEADER_IF_NONE_MATCH], str_of(script->etag)))
        x->reply.status = 304;
    return FLOW_DONE;
}
