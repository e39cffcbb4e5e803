/* SPDX-License-Identifier: MIT */
/*
 * Text and HTML are written side by side, value by value, so that neither says what the
 * other does not. Every value goes through put_value(), which cuts what is too long and
 * escapes it. The HTML has no colours of its own, loads nothing and links to nothing but the
 * panel: it is readable on a dark ground as well. A value of several lines is
 * indented in the text, lest a message passes for what we say of it.
 */
#include "core/mail_text.h"

#include "base/clock.h"
#include "base/html.h"
#include "base/utf8.h"
#include "core/links.h"
#include "core/mail.h"
#include "core/text.h"
#include "template.h"

enum {
    LABEL_MAX = 100,           /* characters */
    BUDGET = 400 * 1024,       /* bytes; no further value beyond */
    VALUE_BYTES_MAX = 8 << 20, /* of any value, before it is cut */
};

#define CELL "padding:4px 12px 4px 0;vertical-align:top;text-align:left;"

void mail_text_init(struct mail_text *text)
{
    text->subject = buf_new(4 * MAIL_SUBJECT_MAX + 4);
    text->text = buf_new(MAIL_TEXT_MAX);
    text->html = buf_new(MAIL_TEXT_MAX);
}

void mail_text_done(struct mail_text *text)
{
    buf_done(&text->subject);
    buf_done(&text->text);
    buf_done(&text->html);
}

/* What is being written, and how much of a value is taken. */
struct pen {
    struct buf *text, *html;
    size_t points_max;
    enum language language;
};

static struct str say(const struct pen *pen, enum text text)
{
    return str_of(text_say(pen->language, text));
}

/* With the number in the place of '#'. */
static void put_count(struct buf *out, enum language language, enum text text, size_t count)
{
    struct str rest = str_of(text_say(language, text));

    buf_put(out, str_cut(&rest, '#'));
    buf_printf(out, "%zu", count);
    buf_put(out, rest);
}

static bool is_full(const struct pen *pen)
{
    return pen->text->len + pen->html->len > BUDGET;
}

/* What was put into `piece`: too much of it is cut, but a lack of memory is one of `out`. */
static struct str said(struct buf *out, const struct buf *piece)
{
    if (piece->err == ERR_MEMORY && !out->err)
        out->err = ERR_MEMORY;
    return buf_str(piece);
}

/* --- pieces -------------------------------------------------------------- */

/* As much of `text` as `points` characters; what is not UTF-8 counts byte by byte. */
static struct str cut(struct str text, size_t points)
{
    struct str rest = text;

    while (rest.len && points--)
        if (utf8_next(&rest) < 0) {
            rest.ptr++;
            rest.len--;
        }
    return (struct str){text.ptr, text.len - rest.len};
}

static struct str without_last_break(struct str text)
{
    while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* The next line of `*rest`, however it ends. */
static struct str next_line(struct str *rest)
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
    next_line(&text);
    return text.ptr;
}

static void put_html_lines(struct buf *html, struct str text)
{
    while (text.ptr) {
        html_put(html, next_line(&text));
        buf_put(html, text.ptr ? STR("<br>") : STR(""));
    }
}

/* No break behind the last one. */
static void put_text_lines(struct buf *out, struct str text, struct str indent)
{
    while (text.ptr) {
        buf_put(out, indent);
        mail_put_text(out, next_line(&text), STR(""));
        buf_put(out, text.ptr ? STR("\n") : STR(""));
    }
}

static void put_ellipsis(struct buf *out)
{
    buf_put(out, STR("\xe2\x80\xa6"));
}

/* --- a table of values --------------------------------------------------- */

static void open_table(const struct pen *pen)
{
    buf_put(pen->html, STR("<table role=\"presentation\" style=\"border-collapse:collapse\">\n"));
}

static void close_table(const struct pen *pen)
{
    buf_put(pen->html, STR("</table>\n"));
}

static void put_value(const struct pen *pen, struct str label, struct str value)
{
    CLEANUP(buf_done) struct buf line = buf_new(4 * LABEL_MAX + 4);
    struct str whole = without_last_break(value);
    struct str shown = cut(whole, pen->points_max);

    mail_put_line(&line, label, LABEL_MAX);
    buf_put(pen->text, buf_str(&line));
    buf_put(pen->text, STR(":"));
    bool is_block = has_lines(shown);
    buf_put(pen->text, is_block ? STR("\n") : shown.len ? STR(" ") : STR(""));
    put_text_lines(pen->text, shown, is_block ? STR("  ") : STR(""));
    buf_put(pen->html, STR("<tr><th style=\"" CELL "font-weight:600;max-width:160px;"
                           "overflow-wrap:break-word\">"));
    html_put(pen->html, buf_str(&line));
    buf_put(pen->html,
            STR("</th><td style=\"" CELL "white-space:pre-wrap;overflow-wrap:anywhere\">"));
    put_html_lines(pen->html, shown);
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
    for (size_t i = 0; i < json_array_size(array) && !is_full(pen); i++) {
        CLEANUP(buf_done) struct buf inner = buf_new(VALUE_BYTES_MAX);
        buf_put(&inner, label);
        buf_printf(&inner, "[%zu]", i);
        put_json(pen, said(pen->text, &inner), json_array_get(array, i), depth + 1);
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
        if (!is_full(pen))
            put_json(pen, said(pen->text, &inner), value, depth + 1);
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
    put_value(pen, label, said(pen->text, &text));
}

/* --- a message ----------------------------------------------------------- */

static void put_column(const struct pen *pen, enum text label, struct str value)
{
    if (value.len && !is_full(pen))
        put_value(pen, say(pen, label), value);
}

/* `skipped` is the name of a field that is shown elsewhere; ptr NULL: none. */
static void put_fields(const struct pen *pen, const struct told *told, struct str skipped)
{
    const char *key;
    json_t *value;

    if (told->row->fields.ptr && !told->fields)
        put_value(pen, say(pen, TEXT_FIELDS),
                  told->row->fields); /* nothing is kept from its reader */
    json_object_foreach(told->fields, key, value)
    {
        bool is_skipped = skipped.ptr && str_equal(str_of(key), skipped);
        if (!is_skipped && !is_full(pen))
            put_json(pen, str_of(key), value, 0);
    }
    if (is_full(pen))
        put_value(pen, say(pen, TEXT_AND_MORE), say(pen, TEXT_NOT_ALL));
}

static void put_message(const struct pen *pen, const struct told *told, struct str skipped)
{
    put_column(pen, TEXT_LABEL_NAME, told->row->name);
    put_column(pen, TEXT_LABEL_EMAIL, told->row->email);
    put_column(pen, TEXT_LABEL_MESSAGE, told->row->message);
    put_fields(pen, told, skipped);
}

static void put_link(const struct pen *pen, const struct channel_input *input, enum text text,
                     const char *place, struct str id)
{
    struct str word = say(pen, text);
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
    html_put(pen->html, said(pen->html, &url));
    buf_put(pen->html, STR("\">"));
    html_put(pen->html, word);
    buf_put(pen->html, STR("</a></td></tr>\n"));
}

/* [{"rule":"links","points":2.50,"detail":"3 links"}] as "5.00 points: links (3 links), ..." */
static void put_spam(const struct pen *pen, const struct submission *row)
{
    CLEANUP(buf_done) struct buf why = buf_new(VALUE_BYTES_MAX);
    CLEANUP(js_decref)
    json_t *reasons = row->spam_reasons.ptr
                          ? json_loadb(row->spam_reasons.ptr, row->spam_reasons.len, 0, NULL)
                          : NULL;

    buf_put_hundredths(&why, row->spam_score);
    buf_put(&why, STR(" "));
    buf_put(&why, say(pen, TEXT_POINTS));
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const json_t *reason = json_array_get(reasons, i);
        struct str detail = js_get_string(reason, "detail");
        buf_put(&why, i ? STR(", ") : STR(": "));
        buf_put(&why, js_get_string(reason, "rule"));
        if (detail.len) {
            buf_put(&why, STR(" ("));
            buf_put(&why, detail);
            buf_put(&why, STR(")"));
        }
    }
    put_value(pen, say(pen, TEXT_SPAM), said(pen->text, &why));
}

/* "Title (name)" */
static void put_form(const struct pen *pen, const struct channel_input *input)
{
    CLEANUP(buf_done) struct buf line = buf_new(VALUE_BYTES_MAX);

    mail_put_line(&line, told_title(input), MAIL_SUBJECT_MAX);
    if (input->form_title.len && !str_equal(input->form_title, input->form)) {
        buf_put(&line, STR(" ("));
        buf_put(&line, input->form);
        buf_put(&line, STR(")"));
    }
    if (line.len)
        put_value(pen, say(pen, TEXT_FORM), said(pen->text, &line));
}

static void put_circumstances(const struct pen *pen, const struct told *told)
{
    CLEANUP(buf_done) struct buf time = buf_new(CLOCK_TEXT_LEN);
    char id[ID_TEXT_LEN + 1];

    put_form(pen, told->input);
    if (told->row->page.len)
        put_value(pen, say(pen, TEXT_PAGE), told->row->page);
    template_put_time(&time, id_wall_ms(&told->row->id));
    put_value(pen, say(pen, TEXT_RECEIVED), said(pen->text, &time));
    if (told->row->state == STATE_SPAM)
        put_spam(pen, told->row);
    id_format(&told->row->id, id);
    put_link(pen, told->input, TEXT_OPEN_MESSAGE, "/admin/#message/", str_of(id));
}

/* --- the whole ----------------------------------------------------------- */

static void open_html(struct buf *html)
{
    buf_put(html, STR("<!doctype html>\n<html><head><meta charset=\"utf-8\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<meta name=\"supported-color-schemes\" content=\"light dark\"></head>\n"
                      "<body style=\"margin:0;padding:16px;font:16px/1.5 system-ui,'Segoe UI',"
                      "Roboto,Helvetica,Arial,sans-serif\">\n"));
}

static void close_html(struct buf *html)
{
    buf_put(html, STR("</body></html>\n"));
}

static void put_rule(const struct pen *pen)
{
    buf_put(pen->text, STR("\n----\n"));
    buf_put(pen->html, STR("<hr style=\"border:0;border-top:1px solid #888;margin:16px 0\">\n"));
}

/* A paragraph of the operator's, with values of the message. */
static void put_template(const struct pen *pen, const struct told *told, struct str template)
{
    CLEANUP(buf_done) struct buf whole = buf_new(VALUE_BYTES_MAX);

    template_put(&whole, told, template);
    struct str shown = cut(without_last_break(said(pen->text, &whole)), MAIL_VALUE_MAX);
    put_text_lines(pen->text, shown, STR(""));
    buf_put(pen->text, STR("\n"));
    buf_put(pen->html,
            STR("<p style=\"margin:0 0 16px;white-space:pre-wrap;overflow-wrap:anywhere\">"));
    put_html_lines(pen->html, shown);
    buf_put(pen->html, STR("</p>\n"));
}

/* The subject that the page has sent: Formspree's and FormSubmit's _subject, others' subject. */
static struct str posted_subject(const struct told *told, struct str *ret_name)
{
    static const struct str NAMES[] = {{"_subject", 8}, {"subject", 7}};

    for (size_t i = 0; told->fields && i < COUNTOF(NAMES); i++) {
        struct str text = js_get_string(told->fields, NAMES[i].ptr);
        *ret_name = NAMES[i];
        if (text.len)
            return text;
    }
    *ret_name = (struct str){0};
    return (struct str){0};
}

static void put_default_subject(struct buf *line, const struct told *told)
{
    const struct submission *row = told->row;
    struct str who = row->name.len ? row->name : row->email;

    enum language language = told->input->language;

    buf_put(line, str_of(text_say(language, who.len ? TEXT_NEWS_FROM : TEXT_NEWS)));
    if (who.len) {
        buf_put(line, STR(" "));
        mail_put_line(line, who, MAIL_NAME_MAX);
    }
    if (told_title(told->input).len) {
        buf_put(line, STR(" - "));
        buf_put(line, told_title(told->input));
    }
}

/* Cleans and cuts. False: nothing was left of it. */
static bool put_subject(struct mail_text *text, const char *mark, struct str subject)
{
    CLEANUP(buf_done) struct buf clean = buf_new(4 * MAIL_SUBJECT_MAX + 4);

    mail_put_line(&clean, subject, MAIL_SUBJECT_MAX);
    text->subject.len = 0;
    buf_put(&text->subject, clean.len ? str_of(mark) : STR(""));
    mail_put_line(&text->subject, buf_str(&clean), MAIL_SUBJECT_MAX - strlen(mark));
    return clean.len > 0;
}

/* Returns the name of the field that it took the subject from; ptr NULL: from none. */
static struct str put_notice_subject(struct mail_text *text, const struct told *told)
{
    CLEANUP(buf_done) struct buf line = buf_new(VALUE_BYTES_MAX);
    const char *mark = told->row->state == STATE_SPAM ? "[Spam] " : "";
    struct str template = told->input->notice->subject, name;

    if (template.len) {
        template_put(&line, told, template);
        if (put_subject(text, mark, said(&text->subject, &line)))
            return (struct str){0};
    } else if (put_subject(text, mark, posted_subject(told, &name))) {
        return name;
    }
    line.len = 0;
    put_default_subject(&line, told);
    put_subject(text, mark, said(&text->subject, &line));
    return (struct str){0};
}

static void compose_notice(const struct channel_input *input, struct mail_text *text)
{
    struct pen pen = {&text->text, &text->html, MAIL_VALUE_MAX, input->language};
    CLEANUP(told_done) struct told told = told_open(input, &input->rows[0]);

    struct str skipped = put_notice_subject(text, &told);
    open_html(&text->html);
    if (input->notice->text.len) {
        put_template(&pen, &told, input->notice->text);
        put_rule(&pen);
    }
    open_table(&pen);
    put_message(&pen, &told, skipped);
    close_table(&pen);
    put_rule(&pen);
    open_table(&pen);
    put_circumstances(&pen, &told);
    close_table(&pen);
    close_html(&text->html);
}

/* --- digests ------------------------------------------------------------- */

/* The row that came as number `i`, whichever end the list begins at. */
static const struct submission *row_at(const struct channel_input *input, size_t i)
{
    const struct submission *rows = input->rows;
    size_t last = input->row_count - 1;

    return id_seq(&rows[0].id) <= id_seq(&rows[last].id) ? &rows[i] : &rows[last - i];
}

static void put_more(const struct pen *pen, const struct channel_input *input, size_t count)
{
    put_rule(pen);
    put_count(pen->text, pen->language, TEXT_COUNT_MORE, count);
    buf_put(pen->html, STR("<p>"));
    put_count(pen->html, pen->language, TEXT_COUNT_MORE, count);
    buf_put(pen->text, STR("\n"));
    buf_put(pen->html, STR("</p>\n"));
    open_table(pen);
    put_link(pen, input, TEXT_OPEN_INBOX, "/admin/#inbox", (struct str){0});
    close_table(pen);
}

static void put_digest_row(const struct pen *pen, const struct channel_input *input,
                           const struct submission *row)
{
    CLEANUP(told_done) struct told told = told_open(input, row);

    open_table(pen);
    put_message(pen, &told, (struct str){0});
    put_circumstances(pen, &told);
    close_table(pen);
}

size_t mail_text_weigh(const struct channel_input *input)
{
    CLEANUP(buf_done) struct buf text = buf_new(MAIL_TEXT_MAX);
    CLEANUP(buf_done) struct buf html = buf_new(MAIL_TEXT_MAX);
    const struct pen pen = {&text, &html, MAIL_DIGEST_VALUE_MAX, input->language};

    put_rule(&pen); /* stands between two */
    put_digest_row(&pen, input, &input->rows[0]);
    return text.len + html.len;
}

static void compose_digest(const struct channel_input *input, struct mail_text *text)
{
    struct pen pen = {&text->text, &text->html, MAIL_DIGEST_VALUE_MAX, input->language};
    CLEANUP(buf_done) struct buf line = buf_new(4096);
    size_t i = 0;

    put_count(&line, input->language, TEXT_NEWS_MANY, input->row_count);
    if (told_title(input).len) {
        buf_put(&line, STR(" - "));
        mail_put_line(&line, told_title(input), MAIL_SUBJECT_MAX);
    }
    put_subject(text, "", said(&text->subject, &line));
    open_html(&text->html);
    for (; i < input->row_count && i < MAIL_ROWS_MAX && !is_full(&pen); i++) {
        if (i)
            put_rule(&pen);
        put_digest_row(&pen, input, row_at(input, i));
    }
    if (i < input->row_count)
        put_more(&pen, input, input->row_count - i);
    close_html(&text->html);
}

/* --- alarms and answers -------------------------------------------------- */

static void compose_alarm(const struct channel_input *input, struct mail_text *text)
{
    CLEANUP(buf_done) struct buf html = buf_new(MAIL_TEXT_MAX);
    struct pen pen = {&text->text, &html, MAIL_VALUE_MAX, LANGUAGE_EN}; /* as its text is */
    struct str rest = input->text;

    if (!put_subject(text, "", next_line(&rest)))
        put_subject(text, "", STR("Alarm"));
    put_text_lines(&text->text, cut(without_last_break(input->text), MAIL_VALUE_MAX), STR(""));
    buf_put(&text->text, input->public_url.len ? STR("\n\n") : STR("\n"));
    put_link(&pen, input, TEXT_OPEN_INBOX, "/admin/", (struct str){0});
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

/* Mail programs make links of whatever looks like a host or a scheme: blanks take them apart. */
static void put_unlinkable(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i], next = i + 1 < text.len ? text.ptr[i + 1] : ' ';
        buf_put_char(out, c);
        if ((c == '.' && is_letter(next)) || (c == ':' && next == '/'))
            buf_put_char(out, ' ');
    }
}

/* What a stranger wrote, for another: without links and not much of it. */
static void put_harmless(struct buf *out, struct str value)
{
    struct link_scan scan = {.text = cut(value, MAIL_REPLY_VALUE_MAX)};
    struct str rest = scan.text;
    struct link link;

    while (rest.len && link_next(&scan, &link)) {
        if (!link.whole.len || link.whole.ptr < rest.ptr)
            continue;
        put_unlinkable(out, (struct str){rest.ptr, (size_t)(link.whole.ptr - rest.ptr)});
        buf_put(out, STR("[link]"));
        const char *after = link.whole.ptr + link.whole.len;
        rest = (struct str){after, rest.len - (size_t)(after - rest.ptr)};
    }
    put_unlinkable(out, rest);
}

static void put_reply_value(struct buf *out, const struct told *told, struct str name)
{
    CLEANUP(buf_done) struct buf value = buf_new(VALUE_BYTES_MAX);

    template_put_value(&value, told, name);
    if (str_equal(said(out, &value), told->row->email))
        buf_put(out, told->row->email); /* it is a mailbox: this mail goes there */
    else
        put_harmless(out, buf_str(&value));
}

static void put_reply_template(struct buf *out, const struct told *told, struct str template)
{
    struct piece piece;

    while (template_next(&template, &piece)) {
        if (piece.literal.ptr)
            buf_put(out, piece.literal);
        else
            put_reply_value(out, told, piece.name);
    }
}

static void put_reply_subject(struct mail_text *text, const struct told *told)
{
    CLEANUP(buf_done) struct buf line = buf_new(VALUE_BYTES_MAX);

    put_reply_template(&line, told, told->input->notice->reply_subject);
    if (!put_subject(text, "", said(&text->subject, &line)))
        put_subject(text, "", str_of(text_say(told->input->language, TEXT_THANKS)));
}

static void compose_reply(const struct channel_input *input, struct mail_text *text)
{
    CLEANUP(buf_done) struct buf whole = buf_new(VALUE_BYTES_MAX);
    CLEANUP(told_done) struct told told = told_open(input, &input->rows[0]);

    put_reply_subject(text, &told);
    put_reply_template(&whole, &told, input->notice->reply_text);
    struct str body = without_last_break(said(&text->text, &whole));
    if (!str_trim(body).len)
        body = str_of(text_say(input->language, TEXT_ARRIVED));
    body = cut(body, MAIL_VALUE_MAX);
    put_text_lines(&text->text, body, STR(""));
    buf_put(&text->text, STR("\n"));
    open_html(&text->html);
    put_html_lines(&text->html, body);
    close_html(&text->html);
}

enum err mail_text_compose(const struct channel_input *input, struct mail_text *ret_text)
{
    if (!input->row_count)
        compose_alarm(input, ret_text);
    else if (input->destination->channel == CHANNEL_REPLY)
        compose_reply(input, ret_text);
    else if (input->row_count == 1)
        compose_notice(input, ret_text);
    else
        compose_digest(input, ret_text);
    TRY(buf_status(&ret_text->subject));
    TRY(buf_status(&ret_text->text));
    return buf_status(&ret_text->html);
}
