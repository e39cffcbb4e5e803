/* SPDX-License-Identifier: MIT */
/*
 * The automatic answer to a visitor. Its words are the form's own; what the visitor wrote
 * stands in it only where the template asks, short and without links: the mail may go to
 * somebody who has never seen the form.
 */
#include "core/links.h"
#include "mail_pen.h"
#include "template.h"

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
    struct link_scan scan = {.text = pen_cut(value, MAIL_REPLY_VALUE_MAX)};
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
    if (str_equal(pen_said(out, &value), told->row->email))
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
    if (!pen_put_subject(text, "", pen_said(&text->subject, &line)))
        pen_put_subject(text, "", str_of(text_say(told->input->language, TEXT_THANKS)));
}

void mail_reply_compose(const struct channel_input *input, struct mail_text *text)
{
    CLEANUP(buf_done) struct buf whole = buf_new(VALUE_BYTES_MAX);
    CLEANUP(told_done) struct told told = told_open(input, &input->rows[0]);

    put_reply_subject(text, &told);
    put_reply_template(&whole, &told, input->notice->reply_text);
    struct str body = pen_without_last_break(pen_said(&text->text, &whole));
    if (!str_trim(body).len)
        body = str_of(text_say(input->language, TEXT_ARRIVED));
    body = pen_cut(body, MAIL_VALUE_MAX);
    pen_put_text_lines(&text->text, body, STR(""));
    buf_put(&text->text, STR("\n"));
    pen_open_html(&text->html);
    pen_put_html_lines(&text->html, body);
    pen_close_html(&text->html);
}
