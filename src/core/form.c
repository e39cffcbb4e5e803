/* SPDX-License-Identifier: MIT */
/*
 * The table of settings, and the reader that walks it. To add a setting: a
 * member in form.h, a row here. A setting that is null is one that is not
 * there; one that is not in the table is an error, since a misspelt setting
 * that is silently ignored is worse than none.
 */
#include "core/form.h"

#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "core/point.h"
#include "core/text.h"
#include "core/web.h"

enum kind {
    KIND_TEXT,
    KIND_LIST,
    KIND_NUMBER,
    KIND_POINTS,
    KIND_WORD,
    KIND_NOTICE,
    KIND_SCHEMA,
    KIND_CAPTCHA
};

struct row {
    struct form_setting shown;
    enum kind kind;
    size_t offset;                 /* of the member in struct form_rules */
    uint32_t max;                  /* bytes of a text or item; the largest number */
    bool (*fits)(struct str text); /* for texts and items; NULL: any line will do */
    const char *expected;          /* what `fits` wants, for the error */
    const char *const *words;      /* for KIND_WORD; ended by NULL; their order is the enum's */
    int fallback;
};

static const char *const POLICIES[] = {"off", "optional", "required", NULL};
static const char *const CAPTCHAS[] = {"none", "turnstile", "hcaptcha", "recaptcha", NULL};

static bool is_language(struct str text)
{
    return text.len == 2 && text.ptr[0] >= 'a' && text.ptr[0] <= 'z' && text.ptr[1] >= 'a' &&
           text.ptr[1] <= 'z';
}

static bool is_spoken(struct str text)
{
    enum language language;

    return is_language(text) && language_parse(text, &language);
}

static bool is_target(struct str text)
{
    return web_is_path(text) || web_url_host(text).len > 0;
}

#define AT(member) offsetof(struct form_rules, member)

static const struct row ROWS[] = {
    {{"title", "what people call the form", false}, KIND_TEXT, AT(title), .max = 200},
    {{"aliases", "other ids of the form, as pages of other services have them", true},
     KIND_LIST,
     AT(aliases),
     .max = FORM_ID_MAX,
     .fits = str_is_visible_ascii,
     .expected = "visible ASCII characters"},
    {{"origins", "pages that may post: https://example.org or https://*.example.org; none: all",
      true},
     KIND_LIST,
     AT(origins),
     .max = 255,
     .fits = web_is_origin_pattern,
     .expected = "an origin such as https://example.org"},
    {{"redirect", "where visitors go after success: a path on the page's site, or a URL", false},
     KIND_TEXT,
     AT(redirect),
     .max = 2000,
     .fits = is_target,
     .expected = "a path such as /thanks or an http(s) URL"},
    {{"errorRedirect", "where visitors without JavaScript go after an error", false},
     KIND_TEXT,
     AT(error_redirect),
     .max = 2000,
     .fits = is_target,
     .expected = "a path such as /error or an http(s) URL"},
    {{"redirectHosts", "further hosts that a page may send its visitors to", true},
     KIND_LIST,
     AT(redirect_hosts),
     .max = 255,
     .fits = web_is_host,
     .expected = "a host such as www.example.org"},
    {{"language",
      "of the built-in pages, else the visitor's own; and of mails that tell of messages, else "
      "English",
      false},
     KIND_TEXT,
     AT(language),
     .max = 2,
     .fits = is_spoken,
     .expected = "one of en de fr es pt it nl pl"},
    {{"schema", "rules for the fields, a subset of JSON Schema; none: any fields", false},
     KIND_SCHEMA,
     .offset = AT(schema)},
    {{"honeypot", "the name of the page's own trap for bots", false},
     KIND_TEXT,
     AT(honeypot),
     .max = 64},
    {{"spamThreshold", "points from which a message is spam", false},
     KIND_POINTS,
     AT(spam_threshold),
     .max = 1000,
     .fallback = 500},
    {{"languages", "that messages are expected in; none: any", true},
     KIND_LIST,
     AT(languages),
     .max = 2,
     .fits = is_language,
     .expected = "languages such as en"},
    {{"token", "the signed form token: off, optional, required", false},
     KIND_WORD,
     AT(token),
     .words = POLICIES,
     .fallback = POLICY_OPTIONAL},
    {{"proof", "proof of work: off, optional, required", false},
     KIND_WORD,
     AT(proof),
     .words = POLICIES,
     .fallback = POLICY_OPTIONAL},
    {{"captcha", "{\"kind\": turnstile, hcaptcha or recaptcha, \"secret\": ...}", false},
     KIND_CAPTCHA,
     .offset = AT(captcha)},
    {{"notify", "who is told, and how", false}, KIND_NOTICE, .offset = AT(notice)},
    {{"retentionDays", "after which messages are deleted; 0: never", false},
     KIND_NUMBER,
     AT(retention_days),
     .max = 36500},
    {{"spamRetentionDays", "the same for spam", false},
     KIND_NUMBER,
     AT(spam_retention_days),
     .max = 36500,
     .fallback = 30},
    {{"ratePerHour", "messages that the form takes; 0: the server's own limit", false},
     KIND_NUMBER,
     AT(rate_per_hour),
     .max = 1000000},
};

const struct form_setting *form_setting_at(size_t index)
{
    return index < COUNTOF(ROWS) ? &ROWS[index].shown : NULL;
}

/* --- values -------------------------------------------------------------- */

static void *member_of(struct form_rules *rules, const struct row *row)
{
    return (char *)rules + row->offset;
}

static bool is_line(struct str text)
{
    while (text.len) {
        int32_t point = utf8_next(&text);
        if (point < 0 || point_is_control(point))
            return false;
    }
    return true;
}

static enum err read_text(const struct row *row, const json_t *value, struct str *ret_text,
                          struct err_detail *detail)
{
    struct str text = {json_string_value(value), json_string_length(value)};

    if (!text.ptr || text.len == 0 || text.len > row->max || !is_line(text))
        return err_set(detail, ERR_INVALID, "%s must be a text of 1 to %u bytes in one line",
                       row->shown.name, row->max);
    if (row->fits && !row->fits(text))
        return err_set(detail, ERR_INVALID, "%s: '%.*s' is not valid; expected is %s",
                       row->shown.name, (int)(text.len < 80 ? text.len : 80), text.ptr,
                       row->expected);
    *ret_text = text;
    return ERR_OK;
}

static enum err read_list(const struct row *row, const json_t *value, struct form_list *ret_list,
                          struct err_detail *detail)
{
    size_t count = json_array_size(value);

    if (!json_is_array(value) || count > FORM_LIST_MAX)
        return err_set(detail, ERR_INVALID, "%s must be a list of at most %d texts",
                       row->shown.name, FORM_LIST_MAX);
    for (size_t i = 0; i < count; i++)
        TRY(read_text(row, json_array_get(value, i), &ret_list->items[i], detail));
    ret_list->count = count;
    return ERR_OK;
}

static enum err read_number(const struct row *row, const json_t *value, uint32_t *ret_number,
                            struct err_detail *detail)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number > row->max)
        return err_set(detail, ERR_INVALID, "%s must be a whole number from 0 to %u",
                       row->shown.name, row->max);
    *ret_number = (uint32_t)number;
    return ERR_OK;
}

static enum err read_points(const struct row *row, const json_t *value, int *ret_points,
                            struct err_detail *detail)
{
    double points = json_number_value(value);

    if (!json_is_number(value) || !(points > 0 && points <= row->max))
        return err_set(detail, ERR_INVALID, "%s must be a number above 0, at most %u",
                       row->shown.name, row->max);
    *ret_points = (int)lround(points * 100);
    if (*ret_points == 0)
        return err_set(detail, ERR_INVALID, "%s must be at least 0.01", row->shown.name);
    return ERR_OK;
}

static enum err read_word(const char *name, const char *const *words, const json_t *value,
                          int *ret_word, struct err_detail *detail)
{
    const char *text = json_string_value(value);

    for (int i = 0; text && words[i]; i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        *ret_word = i;
        return ERR_OK;
    }
    return err_set(detail, ERR_INVALID, "%s must be one of %s, %s, %s%s%s", name, words[0],
                   words[1], words[2], words[3] ? ", " : "", words[3] ? words[3] : "");
}

static enum err read_captcha(const json_t *value, struct form_rules *rules,
                             struct err_detail *detail)
{
    struct str secret = js_get_string(value, "secret");
    int kind;

    if (!json_is_object(value) || json_object_size(value) != 2 || !secret.len || secret.len > 256 ||
        !str_is_visible_ascii(secret))
        return err_set(detail, ERR_INVALID,
                       "captcha must be an object with kind and secret, and nothing else");
    TRY(read_word("captcha.kind", CAPTCHAS, json_object_get(value, "kind"), &kind, detail));
    rules->captcha = (enum captcha_kind)kind;
    rules->captcha_secret = secret;
    return ERR_OK;
}

static enum err read_schema(const json_t *value, struct form_rules *rules,
                            struct err_detail *detail)
{
    if (!json_is_object(value))
        return err_set(detail, ERR_INVALID, "schema must be an object");
    TRY(schema_compile(value, &rules->schema, detail));
    if (schema_is_of_object(rules->schema))
        return ERR_OK;
    return err_set(detail, ERR_INVALID, "schema: it must describe an object: the form's fields");
}

static enum err read_value(const struct row *row, const json_t *value, struct form_rules *rules,
                           struct err_detail *detail)
{
    void *member = member_of(rules, row);

    switch (row->kind) {
    case KIND_TEXT:
        return read_text(row, value, member, detail);
    case KIND_LIST:
        return read_list(row, value, member, detail);
    case KIND_NUMBER:
        return read_number(row, value, member, detail);
    case KIND_POINTS:
        return read_points(row, value, member, detail);
    case KIND_WORD:
        return read_word(row->shown.name, row->words, value, member, detail);
    case KIND_CAPTCHA:
        return read_captcha(value, rules, detail);
    case KIND_SCHEMA:
        return read_schema(value, rules, detail);
    case KIND_NOTICE:
        return notice_compile(value, &rules->notice, detail);
    }
    return ERR_OK;
}

static void set_fallback(const struct row *row, struct form_rules *rules)
{
    void *member = member_of(rules, row);

    if (row->kind == KIND_NUMBER)
        *(uint32_t *)member = (uint32_t)row->fallback;
    else if (row->kind == KIND_POINTS || row->kind == KIND_WORD)
        *(int *)member = row->fallback;
}

/* --- as a schema --------------------------------------------------------- */

static void put_texts(struct buf *out, const struct row *row)
{
    js_field_u64(out, "minLength", 1);
    js_field_u64(out, "maxLength", row->max);
}

static void put_words(struct buf *out, const char *const *words, bool may_be_null)
{
    js_key(out, "enum");
    js_open(out, '[');
    for (size_t i = 0; words[i]; i++) {
        js_comma(out);
        js_string(out, str_of(words[i]));
    }
    buf_put(out, may_be_null ? STR(",null]") : STR("]"));
}

static void put_captcha(struct buf *out)
{
    buf_put(out, STR(",\"required\":[\"kind\",\"secret\"],\"additionalProperties\":false,"
                     "\"properties\":{\"kind\":{"));
    put_words(out, CAPTCHAS, false);
    buf_put(out, STR("},\"secret\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}}"));
}

static void put_numbers(struct buf *out, const struct row *row)
{
    js_field_u64(out, row->kind == KIND_POINTS ? "exclusiveMinimum" : "minimum", 0);
    js_field_u64(out, "maximum", row->max);
}

static void put_setting(struct buf *out, const struct row *row)
{
    static const char *const TYPES[] = {
        [KIND_TEXT] = "string",   [KIND_LIST] = "array",     [KIND_NUMBER] = "integer",
        [KIND_POINTS] = "number", [KIND_WORD] = "string",    [KIND_NOTICE] = "object",
        [KIND_SCHEMA] = "object", [KIND_CAPTCHA] = "object",
    };

    js_key(out, row->shown.name);
    buf_printf(out, "{\"type\":[\"%s\",\"null\"]", TYPES[row->kind]);
    js_field_string(out, "description", str_of(row->shown.help));
    if (row->kind == KIND_TEXT)
        put_texts(out, row);
    if (row->kind == KIND_NUMBER || row->kind == KIND_POINTS)
        put_numbers(out, row);
    if (row->kind == KIND_WORD)
        put_words(out, row->words, true);
    if (row->kind == KIND_CAPTCHA)
        put_captcha(out);
    if (row->kind == KIND_NOTICE)
        notice_render_schema(out);
    if (row->kind == KIND_LIST) {
        js_field_u64(out, "maxItems", FORM_LIST_MAX);
        js_key(out, "items");
        buf_put(out, STR("{\"type\":\"string\""));
        put_texts(out, row);
        js_close(out, '}');
    }
    js_close(out, '}');
}

void form_settings_render(struct buf *out)
{
    buf_put(out, STR("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"));
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        put_setting(out, &ROWS[i]);
    buf_put(out, STR("}}"));
}

/* --- the whole ----------------------------------------------------------- */

static const struct row *find(const char *name)
{
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        if (strcmp(ROWS[i].shown.name, name) == 0)
            return &ROWS[i];
    return NULL;
}

static enum err unknown(const char *name, struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf known = buf_new(1024);

    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        buf_printf(&known, "%s%s", i ? ", " : "", ROWS[i].shown.name);
    return err_set(detail, ERR_INVALID, "there is no setting '%.64s'; known are %.*s", name,
                   (int)known.len, known.ptr ? known.ptr : "");
}

static enum err read_all(struct form_rules *rules, struct err_detail *detail)
{
    const char *name;
    json_t *value;

    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        set_fallback(&ROWS[i], rules);
    json_object_foreach(rules->document, name, value)
    {
        const struct row *row = find(name);
        if (!row)
            return unknown(name, detail);
        if (!json_is_null(value))
            TRY(read_value(row, value, rules, detail));
    }
    return ERR_OK;
}

enum err form_compile(const json_t *settings, struct form_rules **ret_rules,
                      struct err_detail *detail)
{
    if (!json_is_object(settings))
        return err_set(detail, ERR_INVALID, "settings must be a JSON object");
    struct form_rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        return ERR_MEMORY;
    rules->document = json_deep_copy(settings);
    enum err err = rules->document ? read_all(rules, detail) : ERR_MEMORY;
    if (err != ERR_OK) {
        form_rules_free(rules);
        return err;
    }
    *ret_rules = rules;
    return ERR_OK;
}

void form_rules_free(struct form_rules *rules)
{
    if (!rules)
        return;
    schema_free(rules->schema);
    notice_done(&rules->notice);
    json_decref(rules->document);
    free(rules);
}

/* --- decisions ----------------------------------------------------------- */

bool form_origin_is_allowed(const struct form_rules *rules, struct str origin)
{
    for (size_t i = 0; i < rules->origins.count; i++)
        if (web_origin_fits(rules->origins.items[i], origin))
            return true;
    return rules->origins.count == 0;
}

bool form_redirect_is_allowed(const struct form_rules *rules, struct str target)
{
    struct str host = web_url_host(target);

    if (!host.len)
        return web_is_path(target);
    for (size_t i = 0; i < rules->redirect_hosts.count; i++)
        if (str_equal_nocase(host, rules->redirect_hosts.items[i]))
            return true;
    for (size_t i = 0; i < rules->origins.count; i++)
        if (web_host_fits(rules->origins.items[i], host))
            return true;
    return false;
}
