/* SPDX-License-Identifier: MIT */
/*
 * Everything that came from outside goes through html_put(). Should that ever
 * fail, the policy still lets no script run and nothing load.
 *
 * No page gives away its address: a retry from here therefore has the origin
 * "null" and is not refused as a stranger's, and the page that the message
 * really comes from travels along in a hidden field.
 */
#include "page.h"

#include "assets.h"
#include "base/html.h"
#include "core/web.h"
#include "draft.h"
#include "http/reply.h"

enum { POLICY_MAX = 512 };

enum language page_language(const struct exchange *x, struct str wanted)
{
    enum language language;

    if (language_parse(wanted, &language))
        return language;
    return language_negotiate(x->headers[HEADER_ACCEPT_LANGUAGE]);
}

/* --- the frame ----------------------------------------------------------- */

static void put(struct buf *out, const char *html)
{
    buf_put(out, str_of(html));
}

/* Chromium holds the way on from a form's target against form-action as well. */
static const char *policy_for(struct exchange *x, struct str next)
{
    CLEANUP(buf_done) struct buf policy = buf_new(POLICY_MAX);

    put(&policy, "default-src 'none'; style-src " ASSET_PAGE_CSS_SOURCE "; base-uri 'none'; "
                 "frame-ancestors 'none'; form-action 'self' ");
    buf_put(&policy, web_url_origin(next));
    return buf_status(&policy) == ERR_OK ? arena_copy(&x->arena, buf_str(&policy))
                                         : "default-src 'none'; form-action 'self'";
}

/* Up to and with the heading. */
static struct buf *open_page(struct exchange *x, unsigned status, enum language language,
                             enum text heading, struct str title, struct str next)
{
    struct buf *out = &x->reply.body;

    reply_text(x, status);
    x->reply.content_type = "text/html; charset=utf-8";
    reply_header(x, "Content-Security-Policy", policy_for(x, next));
    reply_header(x, "Referrer-Policy", "no-referrer");
    reply_header(x, "X-Frame-Options", "DENY");
    buf_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n", language_code(language));
    put(out, "<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"robots\" content=\"noindex\">\n<title>");
    put(out, text_say(language, heading));
    if (title.len) {
        put(out, " – ");
        html_put(out, title);
    }
    put(out, "</title>\n<style>");
    buf_put(out, ASSET_PAGE_CSS.plain);
    buf_printf(out, "</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n",
               text_say(language, heading));
    return out;
}

static enum flow close_page(struct buf *out)
{
    put(out, "</main>\n</body>\n</html>\n");
    return FLOW_DONE;
}

enum flow page_thanks(struct exchange *x, const struct page_thanks *thanks)
{
    struct buf *out =
        open_page(x, 200, thanks->language, TEXT_THANKS, thanks->title, (struct str){0});

    buf_printf(out, "<p>%s</p>\n", text_say(thanks->language, TEXT_ARRIVED));
    if (web_url_host(thanks->back).len) {
        put(out, "<p><a href=\"");
        html_put(out, thanks->back);
        buf_printf(out, "\">%s</a></p>\n", text_say(thanks->language, TEXT_BACK));
    }
    return close_page(out);
}

/* Rows are of problems that a visitor can do something about. */
static const struct sentence_row {
    enum problem problem;
    enum text text;
    bool may_retry;
} SENTENCES[] = {
    {PROBLEM_INVALID_FIELDS, TEXT_CORRECT, true},    {PROBLEM_RATE_LIMITED, TEXT_LATER, true},
    {PROBLEM_TOO_MANY_ATTEMPTS, TEXT_LATER, true},   {PROBLEM_UNAVAILABLE, TEXT_LATER, true},
    {PROBLEM_KEY_REUSED, TEXT_LATER, true},          {PROBLEM_INTERNAL, TEXT_LATER, true},
    {PROBLEM_BODY_TOO_LARGE, TEXT_TOO_LARGE, false},
};

enum text page_sentence(enum problem problem, bool *ret_may_retry)
{
    for (size_t i = 0; i < COUNTOF(SENTENCES); i++) {
        if (SENTENCES[i].problem != problem)
            continue;
        *ret_may_retry = SENTENCES[i].may_retry;
        return SENTENCES[i].text;
    }
    *ret_may_retry = false;
    return TEXT_REFUSED;
}

enum flow page_error(struct exchange *x, const struct page_error *error)
{
    struct buf *out = open_page(x, problem_status(error->problem), error->language, TEXT_NOT_SENT,
                                error->title, error->next);
    bool may_retry;
    enum text sentence = page_sentence(error->problem, &may_retry);

    /* What was written is here, or still on the page before. */
    buf_printf(out, "<p role=\"alert\">%s %s</p>\n", text_say(error->language, sentence),
               text_say(error->language, error->posted ? TEXT_KEPT : TEXT_GO_BACK));
    if (error->posted)
        draft_put(out, error, may_retry);
    return close_page(out);
}
