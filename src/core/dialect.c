/* SPDX-License-Identifier: MIT */
/*
 * The tables of dialects. Names that begin with an underscore or that no
 * person would give a field mean the same everywhere; plain words such as
 * "subject" or "redirect" are special only on the door whose service owns
 * them, lest a visitor's own field vanish elsewhere. `_subject` is no special
 * name: many pages let the visitor write it.
 */
#include "core/dialect.h"

#define EVERYWHERE  0xffffffffu
#define ON(dialect) (1u << (dialect))

struct special_row {
    struct str name;
    bool is_prefix; /* every name that begins so */
    enum special special;
    unsigned dialects; /* bits: where it means that */
};

#define EXACT(text, special, dialects)                                                             \
    {                                                                                              \
        {text, sizeof text - 1}, false, special, dialects                                          \
    }
#define PREFIX(text, special, dialects)                                                            \
    {                                                                                              \
        {text, sizeof text - 1}, true, special, dialects                                           \
    }

static const struct special_row NAMES[] = {
    EXACT("_gotcha", SPECIAL_HONEYPOT, EVERYWHERE),
    EXACT("_honey", SPECIAL_HONEYPOT, EVERYWHERE),
    EXACT("_honeypot", SPECIAL_HONEYPOT, EVERYWHERE),
    EXACT("_hp", SPECIAL_HONEYPOT, EVERYWHERE),
    EXACT("__mf_hp", SPECIAL_HONEYPOT, EVERYWHERE),
    EXACT("bot-field", SPECIAL_HONEYPOT, EVERYWHERE),
    EXACT("botcheck", SPECIAL_HONEYPOT, EVERYWHERE),
    PREFIX("honeypot", SPECIAL_HONEYPOT, EVERYWHERE),

    EXACT("_next", SPECIAL_REDIRECT, EVERYWHERE),
    EXACT("_redirect", SPECIAL_REDIRECT, EVERYWHERE),
    EXACT("_success_url", SPECIAL_REDIRECT, EVERYWHERE),
    EXACT("redirect", SPECIAL_REDIRECT, ON(DIALECT_WEB3FORMS)),
    EXACT("redirectTo", SPECIAL_REDIRECT, ON(DIALECT_WEB3FORMS)),
    EXACT("redirect_to", SPECIAL_REDIRECT, ON(DIALECT_WEB3FORMS)),
    EXACT("_error", SPECIAL_ERROR_REDIRECT, EVERYWHERE),
    EXACT("_error_url", SPECIAL_ERROR_REDIRECT, EVERYWHERE),

    EXACT("form-name", SPECIAL_FORM, EVERYWHERE),
    EXACT("access_key", SPECIAL_FORM, EVERYWHERE),
    EXACT("accessKey", SPECIAL_FORM, EVERYWHERE),
    EXACT("apiKey", SPECIAL_FORM, EVERYWHERE),
    EXACT("apikey", SPECIAL_FORM, EVERYWHERE),

    EXACT("_replyto", SPECIAL_REPLY_TO, EVERYWHERE),
    EXACT("_reply_to", SPECIAL_REPLY_TO, EVERYWHERE),
    EXACT("_email.replyto", SPECIAL_REPLY_TO, EVERYWHERE),
    EXACT("replyto", SPECIAL_REPLY_TO, ON(DIALECT_WEB3FORMS)),
    EXACT("replyTo", SPECIAL_REPLY_TO, ON(DIALECT_WEB3FORMS)),

    EXACT("_language", SPECIAL_LANGUAGE, EVERYWHERE),
    EXACT("_page", SPECIAL_PAGE, EVERYWHERE),
    EXACT("_referrer", SPECIAL_VISIT, EVERYWHERE),
    PREFIX("_utm_", SPECIAL_VISIT, EVERYWHERE),
    EXACT("_token", SPECIAL_TOKEN, EVERYWHERE),
    EXACT("altcha", SPECIAL_PROOF, EVERYWHERE),
    EXACT("altchaToken", SPECIAL_PROOF, EVERYWHERE),
    EXACT("cf-turnstile-response", SPECIAL_TURNSTILE, EVERYWHERE),
    EXACT("h-captcha-response", SPECIAL_HCAPTCHA, EVERYWHERE),
    EXACT("g-recaptcha-response", SPECIAL_RECAPTCHA, EVERYWHERE),
    EXACT("recaptcha_response", SPECIAL_RECAPTCHA, EVERYWHERE),
    EXACT("recaptchaToken", SPECIAL_RECAPTCHA, EVERYWHERE),

    PREFIX("_email", SPECIAL_SETTING, EVERYWHERE),
    PREFIX("_feedback", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_append", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_autoresponse", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_bcc", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_blacklist", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_botpoison", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_captcha", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_cc", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_charset_", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_format", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_template", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_test", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_url", SPECIAL_SETTING, EVERYWHERE),
    EXACT("_webhook", SPECIAL_SETTING, EVERYWHERE),
    EXACT("ccemail", SPECIAL_SETTING, ON(DIALECT_WEB3FORMS)),
    EXACT("from_name", SPECIAL_SETTING, ON(DIALECT_WEB3FORMS)),
    EXACT("webhook", SPECIAL_SETTING, ON(DIALECT_WEB3FORMS)),
};

/* What the names above begin with: the quick way out for everybody else's. */
static bool may_be_special(char first)
{
    return first == '_' || (first >= 'a' && first <= 'c') || (first >= 'f' && first <= 'h') ||
           first == 'r' || first == 'w';
}

static bool row_fits(const struct special_row *row, struct str name)
{
    if (name.len < row->name.len || name.ptr[0] != row->name.ptr[0] ||
        memcmp(name.ptr, row->name.ptr, row->name.len) != 0)
        return false;
    return row->is_prefix || name.len == row->name.len;
}

enum special special_of(enum dialect dialect, struct str name)
{
    for (size_t i = 0; name.len && may_be_special(name.ptr[0]) && i < COUNTOF(NAMES); i++)
        if (row_fits(&NAMES[i], name) && NAMES[i].dialects & ON(dialect))
            return NAMES[i].special;
    return SPECIAL_NONE;
}

static const struct dialect_answer ANSWERS[] = {
    [DIALECT_CONTACTD] = {.status = "ok"},
    [DIALECT_FORMSPREE] = {.status = "success"},
    [DIALECT_FORMCARRY] = {.status = "success"},
    [DIALECT_WEB3FORMS] = {.status = "success"},
    [DIALECT_FORMSUBMIT] = {.status = "success", .success_is_text = true, .is_always_json = true},
    [DIALECT_NETLIFY] = {.status = "success"},
};

const struct dialect_answer *dialect_answer(enum dialect dialect)
{
    return &ANSWERS[dialect];
}

/* --- who asks ------------------------------------------------------------ */

/* Where a media type first stands in a list, or the list's length. Quality is left aside. */
static size_t place_of(struct str list, struct str type)
{
    for (size_t i = 0; i + type.len <= list.len; i++)
        if (str_starts_with_nocase((struct str){list.ptr + i, list.len - i}, type))
            return i;
    return list.len;
}

bool asker_is_script(const struct asker *asker)
{
    if (asker->fetch_mode.ptr)
        return !str_equal_nocase(asker->fetch_mode, STR("navigate"));
    if (asker->fetch_dest.ptr)
        return str_equal_nocase(asker->fetch_dest, STR("empty"));
    if (asker->requested_with.ptr)
        return true;
    size_t html = place_of(asker->accept, STR("text/html"));
    size_t json = place_of(asker->accept, STR("application/json"));
    return json <= html; /* also when neither is named */
}
