/* SPDX-License-Identifier: MIT */
/* The tables of dialects, asked as pages ask them. */
#include "core/dialect.h"

#include "check.h"

static void special_names_have_their_meaning(void **state)
{
    static const struct {
        enum dialect dialect;
        const char *name;
        enum special special;
    } ROWS[] = {
        {DIALECT_CONTACTD, "_gotcha", SPECIAL_HONEYPOT},
        {DIALECT_FORMSPREE, "_gotcha", SPECIAL_HONEYPOT},
        {DIALECT_WEB3FORMS, "botcheck", SPECIAL_HONEYPOT},
        {DIALECT_NETLIFY, "bot-field", SPECIAL_HONEYPOT},
        {DIALECT_WEB3FORMS, "honeypot", SPECIAL_HONEYPOT},
        {DIALECT_WEB3FORMS, "honeypot-2", SPECIAL_HONEYPOT},
        {DIALECT_FORMSUBMIT, "_honey", SPECIAL_HONEYPOT},
        {DIALECT_CONTACTD, "_next", SPECIAL_REDIRECT},
        {DIALECT_WEB3FORMS, "redirect", SPECIAL_REDIRECT},
        {DIALECT_WEB3FORMS, "redirectTo", SPECIAL_REDIRECT},
        {DIALECT_WEB3FORMS, "access_key", SPECIAL_FORM},
        {DIALECT_WEB3FORMS, "apikey", SPECIAL_FORM},
        {DIALECT_NETLIFY, "form-name", SPECIAL_FORM},
        {DIALECT_FORMSPREE, "_replyto", SPECIAL_REPLY_TO},
        {DIALECT_WEB3FORMS, "replyto", SPECIAL_REPLY_TO},
        {DIALECT_FORMSPREE, "_email.replyto", SPECIAL_REPLY_TO},
        {DIALECT_FORMSPREE, "_email.subject", SPECIAL_SETTING},
        {DIALECT_FORMSPREE, "_email", SPECIAL_SETTING},
        {DIALECT_FORMSPREE, "_feedback.success.title", SPECIAL_SETTING},
        {DIALECT_FORMSUBMIT, "_cc", SPECIAL_SETTING},
        {DIALECT_FORMSUBMIT, "_autoresponse", SPECIAL_SETTING},
        {DIALECT_WEB3FORMS, "webhook", SPECIAL_SETTING},
        {DIALECT_WEB3FORMS, "h-captcha-response", SPECIAL_HCAPTCHA},
        {DIALECT_FORMSPREE, "g-recaptcha-response", SPECIAL_RECAPTCHA},
        {DIALECT_CONTACTD, "cf-turnstile-response", SPECIAL_TURNSTILE},
        {DIALECT_CONTACTD, "altcha", SPECIAL_PROOF},
        {DIALECT_CONTACTD, "_token", SPECIAL_TOKEN},
        {DIALECT_CONTACTD, "_page", SPECIAL_PAGE},
        {DIALECT_CONTACTD, "_referrer", SPECIAL_VISIT},
        {DIALECT_CONTACTD, "_utm_source", SPECIAL_VISIT},
        {DIALECT_CONTACTD, "utm_source", SPECIAL_NONE},
        {DIALECT_CONTACTD, "_language", SPECIAL_LANGUAGE},

        /* A visitor's own words, where no service owns them. */
        {DIALECT_CONTACTD, "subject", SPECIAL_NONE},
        {DIALECT_CONTACTD, "redirect", SPECIAL_NONE},
        {DIALECT_FORMSPREE, "replyto", SPECIAL_NONE},
        {DIALECT_FORMSPREE, "webhook", SPECIAL_NONE},
        {DIALECT_WEB3FORMS, "subject", SPECIAL_NONE},
        {DIALECT_CONTACTD, "_subject", SPECIAL_NONE},
        {DIALECT_CONTACTD, "name", SPECIAL_NONE},
        {DIALECT_CONTACTD, "", SPECIAL_NONE},
        {DIALECT_CONTACTD, "_", SPECIAL_NONE},
        {DIALECT_CONTACTD, "_GOTCHA", SPECIAL_NONE},
        {DIALECT_CONTACTD, "_nex", SPECIAL_NONE},
        {DIALECT_CONTACTD, "_nextt", SPECIAL_NONE},
        {DIALECT_CONTACTD, "email", SPECIAL_NONE},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(special_of(ROWS[i].dialect, str_of(ROWS[i].name)) == ROWS[i].special,
                  ROWS[i].name);
}

static void every_dialect_has_an_answer(void **state)
{
    (void)state;
    for (int dialect = DIALECT_CONTACTD; dialect <= DIALECT_NETLIFY; dialect++)
        assert_non_null(dialect_answer((enum dialect)dialect)->status);
    assert_string_equal(dialect_answer(DIALECT_CONTACTD)->status, "ok");
    assert_true(dialect_answer(DIALECT_FORMSUBMIT)->success_is_text);
    assert_false(dialect_answer(DIALECT_FORMSPREE)->success_is_text);
}

#define CHROME_PAGE "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

static void who_asks_is_told_by_fetch_metadata_first(void **state)
{
    static const struct {
        const char *mode, *dest, *requested_with, *accept;
        bool is_script;
        const char *row;
    } ROWS[] = {
        {"navigate", "document", NULL, CHROME_PAGE, false, "a form without JavaScript"},
        {"navigate", "iframe", NULL, CHROME_PAGE, false, "a form in a frame"},
        {"navigate", NULL, NULL, "application/json", false, "fetch metadata decides"},
        {"cors", "empty", NULL, "*/*", true, "fetch without Accept"},
        {"cors", "empty", NULL, "application/json", true, "fetch with Accept"},
        {"same-origin", "empty", NULL, CHROME_PAGE, true,
         "a script that copied a browser's Accept"},
        {"no-cors", "empty", NULL, "*/*", true, "fetch without CORS"},
        {NULL, "empty", NULL, CHROME_PAGE, true, "only the destination"},
        {NULL, "document", NULL, "application/json", false, "only the destination, a page"},
        {NULL, NULL, "XMLHttpRequest", CHROME_PAGE, true, "jQuery in an old browser"},
        {NULL, NULL, "", CHROME_PAGE, true, "X-Requested-With with any value"},
        {NULL, NULL, NULL, "application/json", true, "Accept: JSON"},
        {NULL, NULL, NULL, "application/json, text/html", true, "JSON before HTML"},
        {NULL, NULL, NULL, "text/html, application/json", false, "HTML before JSON"},
        {NULL, NULL, NULL, CHROME_PAGE, false, "an old browser's form"},
        {NULL, NULL, NULL, "TEXT/HTML", false, "any case"},
        {NULL, NULL, NULL, "*/*", true, "curl"},
        {NULL, NULL, NULL, NULL, true, "nothing at all"},
        {NULL, NULL, NULL, "", true, "an empty Accept"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        const struct asker asker = {.fetch_mode = str_of(ROWS[i].mode),
                                    .fetch_dest = str_of(ROWS[i].dest),
                                    .requested_with = str_of(ROWS[i].requested_with),
                                    .accept = str_of(ROWS[i].accept)};
        CHECK_ROW(asker_is_script(&asker) == ROWS[i].is_script, ROWS[i].row);
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("special names have their meaning", special_names_have_their_meaning),
        CASE("every dialect has an answer", every_dialect_has_an_answer),
        CASE("who asks is told by fetch metadata first", who_asks_is_told_by_fetch_metadata_first),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
