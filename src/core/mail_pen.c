/* SPDX-License-Identifier: MIT */
/*
 * Text and HTML are written side by side, value by value, so that neither says what the
 * other does not. Every value goes through pen_put_value(), which cuts what is too long and
 * escapes it. The HTML has no colours of its own, loads nothing and links to nothing but the
 * panel: it is readable on a dark ground as well. A value of several lines is
 * indented in the text, lest a message passes for what we say of it.
 */
#include "mail_pen.h"

#include "base/html.h"
#include "base/utf8.h"
#include "core/mail.h"
#include "template.h"

enum {
    LABEL_MAX = 100,     /* characters */
    BUDGET = 400 * 1024, /* bytes; no further value beyond */
};

#define CELL "padding:4px 12px 4px 0;vertical-align:top;text-align:left;"

struct str pen_say(const struct pen *pen, enum text text)
{
    return str_of(text_say(pen->language, text));
}

void pen_put_count(struct buf *out, enum language language, enum text text, size_t count)
{
    struct str rest = str_of(text_say(language, text));

    buf_put(out, str_cut(&rest, '#'));
    buf_printf(out, "%zu", count);
    buf_put(out, rest);
}

bool pen_is_full(const struct pen *pen)
{
    return pen->text->len + pen->html->len > BUDGET;
}

struct str pen_said(struct buf *out, const struct buf *piece)
{
    if (piece->err == ERR_MEMORY && !out->err)
        out->err = ERR_MEMORY;
    return buf_str(piece);
}

/* --- pieces -------------------------------------------------------------- */

struct str pen_cut(struct str text, size_t points)
{
    struct str rest = text;

    while (rest.len && points--)
        if (utf8_next(&rest) < 0) {
            rest.ptr++;
            rest.len--;
        }
    return (struct str){text.ptr, text.len - rest.len};
}

struct str pen_without_last_break(struct str text)
{
    while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    return text;
}

struct str pen_next_line(struct str *rest)
{
    struct str line = *rest;

    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] != '\n' && line.ptr[i] != '\r')
            continue;
        size_t after = i + 1 + (line.ptr[i] == '\r' && i + 1 < line.len && line.ptr[i + 1] == '\n');
        *rest = (struct str){line.ptr + after, line.len - after};
        return (struct str){line.ptr, i};
    }
    *rest = (struct str){0};
    return line;
}

static bool has_lines(struct str text)
{
    pen_next_line(&text);
    return text.ptr;
}

void pen_put_html_lines(struct buf *html, struct str text)
{
    while (text.ptr) {
        html_put(html, pen_next_line(&text));
        buf_put(html, text.ptr ? STR("<br>") : STR(""));
    }
}

void pen_put_text_lines(struct buf *out, struct str text, struct str indent)
{
    while (text.ptr) {
        buf_put(out, indent);
        mail_put_text(out, pen_next_line(&text), STR(""));
        buf_put(out, text.ptr ? STR("\n") : STR(""));
    }
}

static void put_ellipsis(struct buf *out)
{
    buf_put(out, STR("\xe2\x80\xa6"));
}

/* --- a table of values --------------------------------------------------- */

void pen_open_table(const struct pen *pen)
{
    buf_put(pen->html, STR("<table role=\"presentation\" style=\"border-collapse:collapse\">\n"));
}

void pen_close_table(const struct pen *pen)
{
    buf_put(pen->html, STR("</table>\n"));
}

void pen_put_value(const struct pen *pen, struct str label, struct str value)
{
    CLEANUP(buf_done) struct buf line = buf_new(4 * LABEL_MAX + 4);
    struct str whole = pen_without_last_break(value);
    struct str shown = pen_cut(whole, pen->points_max);

    mail_put_line(&line, label, LABEL_MAX);
    buf_put(pen->text, buf_str(&line));
    buf_put(pen->text, STR(":"));
    bool is_block = has_lines(shown);
    buf_put(pen->text, is_block ? STR("\n") : shown.len ? STR(" ") : STR(""));
    pen_put_text_lines(pen->text, shown, is_block ? STR("  ") : STR(""));
    buf_put(pen->html, STR("<tr><th style=\"" CELL "font-weight:600;max-width:160px;"
                           "overflow-wrap:break-word\">"));
    html_put(pen->html, buf_str(&line));
    buf_put(pen->html,
            STR("</th><td style=\"" CELL "white-space:pre-wrap;overflow-wrap:anywhere\">"));
    pen_put_html_lines(pen->html, shown);
    if (shown.len < whole.len) {
        put_ellipsis(pen->text);
        put_ellipsis(pen->html);
    }
    buf_put(pen->text, STR("\n"));
    buf_put(pen->html, STR("</td></tr>\n"));
}

static void put_json(const struct pen *pen, struct str label, const json_t *value, int depth);

/* Lists of texts and numbers are one value; anything else is taken apart. */
static bool is_one_value(const json_t *value)
{
    if (json_is_object(value))
        return json_object_size(value) == 0;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (json_is_object(json_array_get(value, i)) || json_is_array(json_array_get(value, i)))
            return false;
    return true;
}

static void put_array(const struct pen *pen, struct str label, const json_t *array, int depth)
{
    for (size_t i = 0; i < json_array_size(array) && !pen_is_full(pen); i++) {
        CLEANUP(buf_done) struct buf inner = buf_new(VALUE_BYTES_MAX);
        buf_put(&inner, label);
        buf_printf(&inner, "[%zu]", i);
        put_json(pen, pen_said(pen->text, &inner), json_array_get(array, i), depth + 1);
    }
}

static void put_object(const struct pen *pen, struct str label, const json_t *object, int depth)
{
    const char *key;
    json_t *value;

    /* jansson iterates without const */
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        CLEANUP(buf_done) struct buf inner = buf_new(VALUE_BYTES_MAX);
        buf_put(&inner, label);
        buf_put(&inner, STR("."));
        buf_put(&inner, str_of(key));
        if (!pen_is_full(pen))
            put_json(pen, pen_said(pen->text, &inner), value, depth + 1);
    }
}

static void put_json(const struct pen *pen, struct str label, const json_t *value, int depth)
{
    CLEANUP(buf_done) struct buf text = buf_new(VALUE_BYTES_MAX);

    if (depth < JS_DEPTH_MAX && !is_one_value(value)) {
        if (json_is_array(value))
            put_array(pen, label, value, depth);
        else
            put_object(pen, label, value, depth);
        return;
    }
    template_put_json(&text, value);
    pen_put_value(pen, label, pen_said(pen->text, &text));
}

void pen_put_json(const struct pen *pen, struct str label, const json_t *value)
{
    put_json(pen, label, value, 0);
}

void pen_put_link(const struct pen *pen, const struct channel_input *input, enum text text,
                  const char *place, struct str id)
{
    struct str word = pen_say(pen, text);
    CLEANUP(buf_done) struct buf url = buf_new(4096);
    struct str base = input->public_url;

    if (!base.len)
        return;
    while (base.len && base.ptr[base.len - 1] == '/')
        base.len--;
    buf_put(&url, base);
    buf_put(&url, str_of(place));
    buf_put(&url, id);
    buf_put(pen->text, word);
    buf_put(pen->text, STR(": "));
    buf_put(pen->text, buf_str(&url));
    buf_put(pen->text, STR("\n"));
    buf_put(pen->html, STR("<tr><td colspan=\"2\" style=\"" CELL "\"><a href=\""));
    html_put(pen->html, pen_said(pen->html, &url));
    buf_put(pen->html, STR("\">"));
    html_put(pen->html, word);
    buf_put(pen->html, STR("</a></td></tr>\n"));
}

/* --- the whole ----------------------------------------------------------- */

void pen_open_html(struct buf *html)
{
    buf_put(html, STR("<!doctype html>\n<html><head><meta charset=\"utf-8\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<meta name=\"supported-color-schemes\" content=\"light dark\"></head>\n"
                      "<body style=\"margin:0;padding:16px;font:16px/1.5 system-ui,'Segoe UI',"
                      "Roboto,Helvetica,Arial,sans-serif\">\n"));
}

void pen_close_html(struct buf *html)
{
    buf_put(html, STR("</body></html>\n"));
}

void pen_put_rule(const struct pen *pen)
{
    buf_put(pen->text, STR("\n----\n"));
    buf_put(pen->html, STR("<hr style=\"border:0;border-top:1px solid #888;margin:16px 0\">\n"));
}

bool pen_put_subject(struct mail_text *text, const char *mark, struct str subject)
{
    CLEANUP(buf_done) struct buf clean = buf_new(4 * MAIL_SUBJECT_MAX + 4);

    mail_put_line(&clean, subject, MAIL_SUBJECT_MAX);
    text->subject.len = 0;
    buf_put(&text->subject, clean.len ? str_of(mark) : STR(""));
    mail_put_line(&text->subject, buf_str(&clean), MAIL_SUBJECT_MAX - strlen(mark));
    return clean.len > 0;
}
