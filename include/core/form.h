/* SPDX-License-Identifier: MIT */
/*
 * A form: its name and its settings. Settings are one JSON object, written by
 * people and scripts; every setting is one row of a table in form.c, from
 * which the check, the error texts, --help and the API description are made.
 */
#ifndef CONTACTD_CORE_FORM_H
#define CONTACTD_CORE_FORM_H

#include "base/json.h"
#include "core/notice.h"
#include "core/schema.h"
#include "core/submission.h"

/* As it is stored. */
struct form {
    struct str name;
    struct str settings; /* a JSON object as text that form_compile() takes */
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

enum {
    FORM_SETTINGS_MAX = 128 * 1024, /* bytes of JSON */
    FORM_LIST_MAX = 64,             /* items of one list setting */
    FORM_ID_MAX = 128,              /* bytes of an alias */
};

/* A page whose messages a form does not take. */
struct refusal {
    struct str form, origin, reason;
    int64_t count;
    int64_t first_at_ms, last_at_ms;
};

enum { REFUSALS_MAX = 1000 }; /* rows that are kept */

/* How much something that a page may send along is asked for. */
enum form_policy { POLICY_OFF, POLICY_OPTIONAL, POLICY_REQUIRED };

enum captcha_kind { CAPTCHA_NONE, CAPTCHA_TURNSTILE, CAPTCHA_HCAPTCHA, CAPTCHA_RECAPTCHA };

struct form_list {
    struct str items[FORM_LIST_MAX];
    size_t count;
};

/* One row of the table of settings. */
struct form_setting {
    const char *name, *help;
    bool is_list;
};

/* The rows, in the order in which they are shown. */
const struct form_setting *form_setting_at(size_t index); /* NULL behind the last */

/* Appends a JSON Schema of the settings as form_compile() takes them. */
void form_settings_render(struct buf *out);

/*
 * Replaces the secrets of `settings` by masks that may be shown: their last characters behind
 * an ellipsis. ERR_MEMORY.
 */
MUST_CHECK enum err form_settings_mask(json_t *settings);
bool form_settings_are_masked(const json_t *settings); /* whether any secret of them is */

/*
 * Puts what `stored` (may be NULL) has where `settings` only show a mask of it.
 * ERR_INVALID: there is nothing of this mask; the detail says where.
 */
MUST_CHECK enum err form_settings_unmask(json_t *settings, const json_t *stored,
                                         struct err_detail *detail);

/*
 * The settings, read. Texts point into `document`, ptr NULL where a setting
 * says nothing. Constant once made.
 */
struct form_rules {
    json_t *document;
    struct str title;
    struct form_list aliases;        /* other ids under which doors find the form */
    struct form_list origins;        /* as browsers send them, or with a wildcard host; none: any */
    struct form_list redirect_hosts; /* beside the origins' */
    struct form_list languages;      /* ISO 639-1, that messages are expected in; none: any */
    struct str redirect, error_redirect;
    struct str language;    /* of the built-in pages; absent: the visitor's */
    struct schema *schema;  /* field rules; NULL: any fields */
    struct str honeypot;    /* the name of the page's own trap */
    int spam_threshold;     /* hundredths of a point */
    enum form_policy token; /* the signed form token */
    enum form_policy proof; /* proof of work */
    enum captcha_kind captcha;
    struct str captcha_secret;
    struct notice notice;                         /* who hears of messages */
    uint32_t retention_days, spam_retention_days; /* 0: for ever */
    uint32_t rate_per_hour;                       /* messages; 0: the server's own limit */
};

/*
 * Reads settings, which are not changed and may be freed afterwards.
 * ERR_INVALID: the detail names the setting, what is wrong and what is known.
 */
MUST_CHECK enum err form_compile(const json_t *settings, struct form_rules **ret_rules,
                                 struct err_detail *detail);
void form_rules_free(struct form_rules *rules); /* NULL is allowed */

/* Whether a page of this Origin header (RFC 6454, section 7) may post; "null" only when any may. */
bool form_origin_is_allowed(const struct form_rules *rules, struct str origin);

/*
 * Whether a visitor may be sent on to `target`: a path on the page's own host,
 * or an http(s) URL whose host is one of the origins' or redirect hosts.
 */
bool form_redirect_is_allowed(const struct form_rules *rules, struct str target);

#endif
