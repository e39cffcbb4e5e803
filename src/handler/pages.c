/* SPDX-License-Identifier: MIT */
/*
 * Pages and assets of our own. Pages are written by hand, since there are two;
 * whatever comes from outside goes through html_put(), and the content policy
 * allows nothing but our style sheet and posting back to us. HTTP threads.
 */
#include "pages.h"

#include "assets.h"
#include "base/html.h"
#include "base/json.h"
#include "core/dialect.h"
#include "core/submission.h"
#include "core/web.h"
#include "guards.h"
#include "http/query_string.h"
#include "http/reply.h"
#include "topics.h"

static enum flow thanks_get(struct app_ctx *ctx, struct exchange *x);
static enum flow script_get(struct app_ctx *ctx, struct exchange *x);
static enum flow style_get(struct app_ctx *ctx, struct exchange *x);

const struct route PAGE_ROUTES[PAGE_ROUTE_COUNT] = {
    {.name = "thanks",
     .method = "GET",
     .path = "/thanks",
     .steps = {guard_open, thanks_get},
     .help = "the page after a message from a form without JavaScript"},
    {.name = "form_js",
     .method = "GET",
     .path = "/form.js",
     .steps = {guard_open, script_get},
     .help = "a script that makes any form post without leaving its page"},
    {.name = "page_css",
     .method = "GET",
     .path = "/page.css",
     .steps = {guard_open, style_get},
     .help = "the style of the built-in pages"},
};

/* --- assets -------------------------------------------------------------- */

static bool takes_gzip(const struct exchange *x)
{
    struct str list = x->headers[HEADER_ACCEPT_ENCODING];

    while (list.ptr) {
        struct str weight = str_cut(&list, ',');
        struct str coding = str_trim(str_cut(&weight, ';'));
        if (str_equal_nocase(coding, STR("gzip")))
            return !str_equal(str_trim(weight), STR("q=0"));
    }
    return false;
}

/* RFC 9110, section 13.1.2; our tags are strong and hold no commas. */
static bool is_unchanged(const struct exchange *x, const char *etag)
{
    struct str list = x->headers[HEADER_IF_NONE_MATCH];

    while (list.ptr) {
        struct str tag = str_trim(str_cut(&list, ','));
        if (str_starts_with_nocase(tag, STR("W/")))
            tag = (struct str){tag.ptr + 2, tag.len - 2};
        if (str_equal(tag, str_of(etag)) || str_equal(tag, STR("*")))
            return true;
    }
    return false;
}

static enum flow send_asset(struct exchange *x, const struct asset *asset)
{
    bool is_zipped = takes_gzip(x);

    x->decision = "asset";
    reply_text(x, is_unchanged(x, asset->etag) ? 304 : 200);
    x->reply.content_type = asset->content_type;
    x->reply.is_cacheable = true;
    reply_header(x, "ETag", asset->etag);
    reply_header(x, "Cache-Control", "public, max-age=3600");
    reply_header(x, "Vary", "Accept-Encoding");
    reply_header(x, "Access-Control-Allow-Origin", "*");
    reply_header(x, "Cross-Origin-Resource-Policy", "cross-origin");
    if (x->reply.status == 304)
        return FLOW_DONE;
    if (is_zipped)
        reply_header(x, "Content-Encoding", "gzip");
    buf_put(&x->reply.body, is_zipped ? asset->zipped : asset->plain);
    return FLOW_DONE;
}

static enum flow script_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    return send_asset(x, &ASSET_FORM_JS);
}

static enum flow style_get(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    return send_asset(x, &ASSET_PAGE_CSS);
}

/* --- pages --------------------------------------------------------------- */

enum language page_language(const struct exchange *x, struct str wanted)
{
    enum language language;

    if (wanted.len && language_parse(wanted, &language))
        return language;
    return language_negotiate(x->headers[HEADER_ACCEPT_LANGUAGE]);
}

static void put(struct buf *out, const char *html)
{
    buf_put(out, str_of(html));
}

static void put_element(struct buf *out, const char *open, struct str text, const char *close)
{
    put(out, open);
    html_put(out, text);
    put(out, close);
}

static void page_open(struct exchange *x, unsigned status, enum language language,
                      struct str heading)
{
    struct buf *out = &x->reply.body;

    reply_text(x, status);
    x->reply.content_type = "text/html; charset=utf-8";
    reply_header(x, "Content-Security-Policy",
                 "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
                 "frame-ancestors 'none'");
    reply_header(x, "Referrer-Policy", "no-referrer");
    put(out, "<!doctype html>\n<html lang=\"");
    put(out, language_code(language));
    put(out, "\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    put_element(out, "<title>", heading, "</title>\n");
    put(out, "<link rel=\"stylesheet\" href=\"/page.css\">\n</head>\n<body>\n<main>\n");
    put_element(out, "<h1>", heading, "</h1>\n");
}

static void page_close(struct exchange *x)
{
    put(&x->reply.body, "</main>\n</body>\n</html>\n");
}

static enum flow thanks_get(struct app_ctx *ctx, struct exchange *x)
{
    struct query_string query = query_string_of(x->query);
    struct str key, value, wanted = {0}, back = x->headers[HEADER_REFERER];

    (void)ctx;
    while (query_string_next(&query, &x->arena, &key, &value) == ERR_OK)
        if (str_equal(key, STR("lang")))
            wanted = value;
    enum language language = page_language(x, wanted);
    page_open(x, 200, language, str_of(text_say(language, TEXT_THANKS)));
    put_element(&x->reply.body, "<p>", str_of(text_say(language, TEXT_ARRIVED)), "</p>\n");
    if (web_url_host(back).len) {
        put_element(&x->reply.body, "<p><a href=\"", back, "\">");
        put_element(&x->reply.body, "", str_of(text_say(language, TEXT_BACK)), "</a></p>\n");
    }
    page_close(x);
    x->decision = "page";
    return FLOW_DONE;
}

/* --- the message given back ---------------------------------------------- */

struct form_page {
    struct buf *out;
    const struct page_error *page;
    size_t fields; /* shown so far; their ids are numbered */
};

static const struct field_error *error_of(const struct page_error *page, struct str name)
{
    for (size_t i = 0; page->errors && i < page->errors->count; i++)
        if (str_equal(str_of(page->errors->list[i].field), name))
            return &page->errors->list[i];
    return NULL;
}

static void put_hidden(struct form_page *self, struct str name, struct str text)
{
    put_element(self->out, "<input type=\"hidden\" name=\"", name, "\" value=\"");
    put_element(self->out, "", text, "\">\n");
}

static void put_visible(struct form_page *self, struct str name, struct str text)
{
    const struct field_error *error = error_of(self->page, name);
    bool is_long = text.len > 80 || (text.len && memchr(text.ptr, '\n', text.len)) ||
                   str_equal(name, STR("message"));
    size_t number = self->fields++;

    buf_printf(self->out, "<label for=\"f%zu\">", number);
    put_element(self->out, "", name, "</label>\n");
    buf_printf(self->out, is_long ? "<textarea id=\"f%zu\" name=\"" : "<input id=\"f%zu\" name=\"",
               number);
    html_put(self->out, name);
    put(self->out, "\"");
    if (error)
        buf_printf(self->out, " aria-invalid=\"true\" aria-describedby=\"e%zu\"", number);
    if (is_long)
        put_element(self->out, ">\n", text, "</textarea>\n");
    else
        put_element(self->out, " value=\"", text, "\">\n");
    if (error) {
        buf_printf(self->out, "<p class=\"error\" id=\"e%zu\">", number);
        put_element(self->out, "",
                    str_of(text_say(self->page->language, text_of_field_code(error->code))),
                    "</p>\n");
    }
}

static void put_text_field(struct form_page *self, struct str name, struct str text)
{
    enum special special = special_of(DIALECT_WEB3FORMS, name);
    bool is_trap = special == SPECIAL_HONEYPOT || str_equal(name, self->page->honeypot);

    /* Tokens and proofs are used up, or wrong: the next attempt goes without. */
    if (special == SPECIAL_TOKEN || special == SPECIAL_PROOF)
        return;
    if (is_trap || special != SPECIAL_NONE)
        put_hidden(self, name, text);
    else
        put_visible(self, name, text);
}

/* What became a list or an object is written as the names that make one again. */
static void put_value(struct form_page *self, struct str name, const json_t *value, int depth)
{
    CLEANUP(buf_done) struct buf inner = buf_new(1024);
    const char *key;
    json_t *member;

    if (json_is_string(value))
        put_text_field(self, name,
                       (struct str){json_string_value(value), json_string_length(value)});
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
        put_value(self, name, json_array_get(value, i), depth + 1);
    if (!json_is_object(value) || depth > FIELDS_DEPTH_MAX)
        return;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        inner.len = 0;
        buf_put(&inner, name);
        put(&inner, "[");
        put(&inner, key);
        put(&inner, "]");
        if (buf_status(&inner) == ERR_OK)
            put_value(self, buf_str(&inner), member, depth + 1);
    }
}

/* Fields that were asked for and not sent: they need a place to be filled in. */
static void put_missing(struct form_page *self)
{
    const struct page_error *page = self->page;

    for (size_t i = 0; page->errors && i < page->errors->count; i++) {
        const struct field_error *error = &page->errors->list[i];
        struct str name = str_of(error->field);
        if (error->code == FIELD_CODE_REQUIRED && name.len && !fields_find(page->posted, name))
            put_visible(self, name, STR(""));
    }
}

static void put_form(struct exchange *x, const struct page_error *page)
{
    struct form_page self = {.out = &x->reply.body, .page = page};

    put_element(self.out, "<form method=\"post\" action=\"", x->path, "\">\n");
    for (size_t i = 0; i < page->posted->count; i++) {
        const struct field *field = &page->posted->list[i];
        if (field->text.ptr)
            put_text_field(&self, field->name, field->text);
        else
            put_value(&self, field->name, field->json, 0);
    }
    put_missing(&self);
    put_element(self.out, "<button>", str_of(text_say(page->language, TEXT_TRY_AGAIN)),
                "</button>\n</form>\n");
}

static enum text sentence_of(const struct page_error *page)
{
    if (page->errors)
        return TEXT_CORRECT;
    switch (problem_status(page->problem)) {
    case 429:
    case 500:
    case 503:
        return TEXT_KEPT;
    case 413:
        return TEXT_TOO_LARGE;
    default:
        return TEXT_REFUSED;
    }
}

/* What is wrong and belongs to no field that is shown. */
static void put_further_errors(struct exchange *x, const struct page_error *page)
{
    for (size_t i = 0; page->errors && i < page->errors->count; i++) {
        const struct field_error *error = &page->errors->list[i];
        if (error->field[0] && error->code != FIELD_CODE_NO_FILE_UPLOADS)
            continue;
        put_element(&x->reply.body, "<p class=\"error\">",
                    str_of(text_say(page->language, text_of_field_code(error->code))), "</p>\n");
    }
}

enum flow page_error(struct exchange *x, const struct page_error *page)
{
    page_open(x, problem_status(page->problem), page->language,
              str_of(text_say(page->language, TEXT_NOT_SENT)));
    put_element(&x->reply.body, "<p>", str_of(text_say(page->language, sentence_of(page))),
                "</p>\n");
    put_further_errors(x, page);
    if (page->posted && page->posted->count)
        put_form(x, page);
    page_close(x);
    return FLOW_DONE;
}
