/* SPDX-License-Identifier: MIT */
/*
 * What mails of messages say: notices of one, digests of several, and alarms. How it is
 * written is mail_pen's; the answer to a visitor is mail_reply's.
 */
#include "core/mail_text.h"

#include "base/clock.h"
#include "core/mail.h"
#include "mail_pen.h"
#include "template.h"

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

/* --- a message ----------------------------------------------------------- */

static void put_column(const struct pen *pen, enum text label, struct str value)
{
    if (value.len && !pen_is_full(pen))
        pen_put_value(pen, pen_say(pen, label), value);
}

/* `skipped` is the name of a field that is shown elsewhere; ptr NULL: none. */
static void put_fields(const struct pen *pen, const struct told *told, struct str skipped)
{
    const char *key;
    json_t *value;

    /* What cannot be read is shown as it is: nothing is kept from its reader. */
    if (told->row->fields.ptr && !told->fields)
        pen_put_value(pen, pen_say(pen, TEXT_FIELDS), told->row->fields);
    json_object_foreach(told->fields, key, value)
    {
        bool is_skipped = skipped.ptr && str_equal(str_of(key), skipped);
        if (!is_skipped && !pen_is_full(pen))
            pen_put_json(pen, str_of(key), value);
    }
    if (pen_is_full(pen))
        pen_put_value(pen, pen_say(pen, TEXT_AND_MORE), pen_say(pen, TEXT_NOT_ALL));
}

static void put_message(const struct pen *pen, const struct told *told, struct str skipped)
{
    put_column(pen, TEXT_LABEL_NAME, told->row->name);
    put_column(pen, TEXT_LABEL_EMAIL, told->row->email);
    put_column(pen, TEXT_LABEL_MESSAGE, told->row->message);
    put_fields(pen, told, skipped);
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
    buf_put(&why, pen_say(pen, TEXT_POINTS));
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
    pen_put_value(pen, pen_say(pen, TEXT_SPAM), pen_said(pen->text, &why));
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
        pen_put_value(pen, pen_say(pen, TEXT_FORM), pen_said(pen->text, &line));
}

static void put_circumstances(const struct pen *pen, const struct told *told)
{
    CLEANUP(buf_done) struct buf time = buf_new(CLOCK_TEXT_LEN);
    char id[ID_TEXT_LEN + 1];

    put_form(pen, told->input);
    if (told->row->page.len)
        pen_put_value(pen, pen_say(pen, TEXT_PAGE), told->row->page);
    template_put_time(&time, id_wall_ms(&told->row->id));
    pen_put_value(pen, pen_say(pen, TEXT_RECEIVED), pen_said(pen->text, &time));
    if (told->row->state == STATE_SPAM)
        put_spam(pen, told->row);
    id_format(&told->row->id, id);
    pen_put_link(pen, told->input, TEXT_OPEN_MESSAGE, "/admin/#message/", str_of(id));
}

/* --- the whole ----------------------------------------------------------- */

/* A paragraph of the operator's, with values of the message. */
static void put_template(const struct pen *pen, const struct told *told, struct str template)
{
    CLEANUP(buf_done) struct buf whole = buf_new(VALUE_BYTES_MAX);

    template_put(&whole, told, template);
    struct str shown = pen_cut(pen_without_last_break(pen_said(pen->text, &whole)), MAIL_VALUE_MAX);
    pen_put_text_lines(pen->text, shown, STR(""));
    buf_put(pen->text, STR("\n"));
    buf_put(pen->html,
            STR("<p style=\"margin:0 0 16px;white-space:pre-wrap;overflow-wrap:anywhere\">"));
    pen_put_html_lines(pen->html, shown);
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

/* Returns the name of the field that it took the subject from; ptr NULL: from none. */
static struct str put_notice_subject(struct mail_text *text, const struct told *told)
{
    CLEANUP(buf_done) struct buf line = buf_new(VALUE_BYTES_MAX);
    const char *mark = told->row->state == STATE_SPAM ? "[Spam] " : "";
    struct str template = told->input->notice->subject, name;

    if (template.len) {
        template_put(&line, told, template);
        if (pen_put_subject(text, mark, pen_said(&text->subject, &line)))
            return (struct str){0};
    } else if (pen_put_subject(text, mark, posted_subject(told, &name))) {
        return name;
    }
    line.len = 0;
    put_default_subject(&line, told);
    pen_put_subject(text, mark, pen_said(&text->subject, &line));
    return (struct str){0};
}

static void compose_notice(const struct channel_input *input, struct mail_text *text)
{
    struct pen pen = {&text->text, &text->html, MAIL_VALUE_MAX, input->language};
    CLEANUP(told_done) struct told told = told_open(input, &input->rows[0]);

    struct str skipped = put_notice_subject(text, &told);
    pen_open_html(&text->html);
    if (input->notice->text.len) {
        put_template(&pen, &told, input->notice->text);
        pen_put_rule(&pen);
    }
    pen_open_table(&pen);
    put_message(&pen, &told, skipped);
    pen_close_table(&pen);
    pen_put_rule(&pen);
    pen_open_table(&pen);
    put_circumstances(&pen, &told);
    pen_close_table(&pen);
    pen_close_html(&text->html);
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
    pen_put_rule(pen);
    pen_put_count(pen->text, pen->language, TEXT_COUNT_MORE, count);
    buf_put(pen->html, STR("<p>"));
    pen_put_count(pen->html, pen->language, TEXT_COUNT_MORE, count);
    buf_put(pen->text, STR("\n"));
    buf_put(pen->html, STR("</p>\n"));
    pen_open_table(pen);
    pen_put_link(pen, input, TEXT_OPEN_INBOX, "/admin/#inbox", (struct str){0});
    pen_close_table(pen);
}

static void put_digest_row(const struct pen *pen, const struct channel_input *input,
                           const struct submission *row)
{
    CLEANUP(told_done) struct told told = told_open(input, row);

    pen_open_table(pen);
    put_message(pen, &told, (struct str){0});
    put_circumstances(pen, &told);
    pen_close_table(pen);
}

size_t mail_text_weigh(const struct channel_input *input)
{
    CLEANUP(buf_done) struct buf text = buf_new(MAIL_TEXT_MAX);
    CLEANUP(buf_done) struct buf html = buf_new(MAIL_TEXT_MAX);
    const struct pen pen = {&text, &html, MAIL_DIGEST_VALUE_MAX, input->language};

    pen_put_rule(&pen); /* stands between two */
    put_digest_row(&pen, input, &input->rows[0]);
    return text.len + html.len;
}

static void compose_digest(const struct channel_input *input, struct mail_text *text)
{
    struct pen pen = {&text->text, &text->html, MAIL_DIGEST_VALUE_MAX, input->language};
    CLEANUP(buf_done) struct buf line = buf_new(4096);
    size_t i = 0;

    pen_put_count(&line, input->language, TEXT_NEWS_MANY, input->row_count);
    if (told_title(input).len) {
        buf_put(&line, STR(" - "));
        mail_put_line(&line, told_title(input), MAIL_SUBJECT_MAX);
    }
    pen_put_subject(text, "", pen_said(&text->subject, &line));
    pen_open_html(&text->html);
    for (; i < input->row_count && i < MAIL_ROWS_MAX && !pen_is_full(&pen); i++) {
        if (i)
            pen_put_rule(&pen);
        put_digest_row(&pen, input, row_at(input, i));
    }
    if (i < input->row_count)
        put_more(&pen, input, input->row_count - i);
    pen_close_html(&text->html);
}

/* --- alarms -------------------------------------------------------------- */

static void compose_alarm(const struct channel_input *input, struct mail_text *text)
{
    CLEANUP(buf_done) struct buf html = buf_new(MAIL_TEXT_MAX);
    struct pen pen = {&text->text, &html, MAIL_VALUE_MAX, LANGUAGE_EN}; /* as its text is */
    struct str rest = input->text;

    if (!pen_put_subject(text, "", pen_next_line(&rest)))
        pen_put_subject(text, "", STR("Alarm"));
    pen_put_text_lines(&text->text, pen_cut(pen_without_last_break(input->text), MAIL_VALUE_MAX),
                       STR(""));
    buf_put(&text->text, input->public_url.len ? STR("\n\n") : STR("\n"));
    pen_put_link(&pen, input, TEXT_OPEN_INBOX, "/admin/", (struct str){0});
}

enum err mail_text_compose(const struct channel_input *input, struct mail_text *ret_text)
{
    if (!input->row_count)
        compose_alarm(input, ret_text);
    else if (input->destination->channel == CHANNEL_REPLY)
        mail_reply_compose(input, ret_text);
    else if (input->row_count == 1)
        compose_notice(input, ret_text);
    else
        compose_digest(input, ret_text);
    TRY(buf_status(&ret_text->subject));
    TRY(buf_status(&ret_text->text));
    return buf_status(&ret_text->html);
}
