/* SPDX-License-Identifier: MIT */
/*
 * The automatic answer to a visitor. Its words are the form's own; what the visitor wrote
 * stands in it only where the template asks, short and without links: the mail may go to
 * somebody who has never seen the form.
 */
#include "core/links.h"
#include "mail_pen.h"
#include "template.h"

/* --- what a stranger wrote ------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_host_char(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || (c & 0x80);
}

/* Of two letters all that there are; longer ones are too many, and new ones come. */
static bool is_country(struct str label)
{
    static const char COUNTRIES[] =
        "acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbvbwbybzcacccdcfcgchcick"
        "clcmcncocrcucvcwcxcyczdedjdkdmdodzeceeegereseteufifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgs"
        "gtgugwgyhkhmhnhrhthuidieiliminioiqirisitjejmjojpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlu"
        "lvlymamcmdmemgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlnonpnrnunzompapepfpgphpkpl"
        "pmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsisjskslsmsnsosrssstsusvsxsysztctdtftgthtjtktltm"
        "tntotrtttvtwtzuaugukusuyuzvavcvevgvivnvuwfwsyeytzazmzw";

    for (size_t i = 0; i + 1 < sizeof COUNTRIES; i += 2)
        if (str_equal_nocase(label, (struct str){COUNTRIES + i, 2}))
            return true;
    return false;
}

/* Whether a host may end with it; "js" and "D" end none, and whatever has a digit does not. */
static bool may_end_host(struct str label)
{
    if (str_starts_with_nocase(label, STR("xn--")))
        return true;
    for (size_t i = 0; i < label.len; i++) {
        if (label.ptr[i] & 0x80)
            return true;
        if (!is_letter(label.ptr[i]))
            return false;
    }
    return label.len > 2 || (label.len == 2 && is_country(label));
}

static struct str label_from(struct str text, size_t from)
{
    size_t to = from;

    while (to < text.len && is_host_char(text.ptr[to]))
        to++;
    return (struct str){text.ptr + from, to - from};
}

static bool is_behind_www(struct str text, size_t at)
{
    return at >= 3 && str_equal_nocase((struct str){text.ptr + at - 3, 3}, STR("www")) &&
           (at == 3 || !is_host_char(text.ptr[at - 4]));
}

/* "1.2.3.4" around the dot at `at`; a date has two dots. */
static bool is_in_number_address(struct str text, size_t at)
{
    size_t from = at, dots = 0;

    while (from && (is_digit(text.ptr[from - 1]) || text.ptr[from - 1] == '.'))
        from--;
    for (; from < text.len && (is_digit(text.ptr[from]) || text.ptr[from] == '.'); from++)
        dots += text.ptr[from] == '.';
    return dots >= 3;
}

/* "tel:", "mailto:" and all the others; not the colon of a time. */
static bool is_behind_scheme(struct str text, size_t at)
{
    return at >= 2 && is_host_char(text.ptr[at - 1]) && is_letter(text.ptr[at - 2]);
}

/* Full stops of other scripts, which count as dots in a host: how many bytes. */
static size_t other_dot(struct str rest)
{
    static const char *const DOTS[] = {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1",
                                       "\xe2\x80\xa4", "\xef\xb9\x92"};

    for (size_t i = 0; i < COUNTOF(DOTS); i++)
        if (str_starts_with(rest, str_of(DOTS[i])))
            return 3;
    return 0;
}

/* Whether a mail program would make a link across this byte. */
static bool must_part(struct str text, size_t at)
{
    char c = text.ptr[at], next = at + 1 < text.len ? text.ptr[at + 1] : ' ';

    if (c == '.')
        return is_host_char(next) && (may_end_host(label_from(text, at + 1)) ||
                                      is_behind_www(text, at) || is_in_number_address(text, at));
    if (c == ':')
        return next == '/' || (next != ' ' && is_behind_scheme(text, at));
    return c == '\\' && next == '\\'; /* a share of Windows */
}

/* Blanks take apart what mail programs would make links of; everything else stays as it is. */
static void put_unlinkable(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t dot = other_dot((struct str){text.ptr + i, text.len - i});
        bool is_parted = dot ? i + dot < text.len : must_part(text, i);
        buf_put(out, (struct str){text.ptr + i, dot ? dot : 1});
        if (is_parted)
            buf_put_char(out, ' ');
        i += dot ? dot - 1 : 0;
    }
}

/* Markup is none here, and shown as it was written. */
static bool is_address(const struct link *link)
{
    return link->whole.len && (link->kind == LINK_URL || link->kind == LINK_BARE);
}

/* For another's eyes: without links and not much of it. */
static void put_harmless(struct buf *out, struct str value)
{
    struct link_scan scan = {.text = pen_cut(value, MAIL_REPLY_VALUE_MAX)};
    struct str rest = scan.text;
    struct link link;

    while (rest.len && link_next(&scan, &link)) {
        if (!is_address(&link) || link.whole.ptr < rest.ptr)
            continue;
        put_unlinkable(out, (struct str){rest.ptr, (size_t)(link.whole.ptr - rest.ptr)});
        buf_put(out, STR("[link]"));
        const char *after = link.whole.ptr + link.whole.len;
        rest = (struct str){after, rest.len - (size_t)(after - rest.ptr)};
    }
    put_unlinkable(out, rest);
}

/* "victim+www.evil.example/pay@gmail.com" comes to its mailbox, too. */
static bool says_nothing_else(struct str email)
{
    struct str local = str_cut(&email, '@');
    struct link_scan scan = {.text = local};
    struct link link;

    for (size_t i = 0; i < local.len; i++)
        if (strchr("/:?#=&", local.ptr[i]) || (local.ptr[i] & 0x80) || is_behind_www(local, i))
            return false;
    return !link_next(&scan, &link);
}

static void put_reply_value(struct buf *out, const struct told *told, struct str name)
{
    CLEANUP(buf_done) struct buf value = buf_new(VALUE_BYTES_MAX);

    template_put_value(&value, told, name);
    bool is_mailbox = str_equal(pen_said(out, &value), told->row->email);
    if (is_mailbox && says_nothing_else(told->row->email))
        buf_put(out, told->row->email); /* this mail goes there */
    else
        put_harmless(out, buf_str(&value));
}

/* --- the mail ---------------------------------------------------------------- */

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
