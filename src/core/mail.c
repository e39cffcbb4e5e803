/* SPDX-License-Identifier: MIT */
/*
 * A mail is written header by header, and there are three ways to write a value: a
 * constant, an address that was checked, or a text through put_text() and put_phrase(),
 * which see nothing but what mail_put_line() made of it. So no value can end its line.
 *
 * A text beyond ASCII is one run of encoded words (RFC 2047, B), each of whole
 * characters: blanks between encoded words are not shown, so nothing is lost by folding. Bodies are
 * base64, which no server on the way touches. No parameter needs RFC 2231: the only
 * ones are a charset and a boundary of ours.
 */
#include "core/mail.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/utf8.h"
#include "core/email.h"
#include "core/point.h"
#include "core/submission.h"

enum {
    WIDTH = 76,          /* of a line with encoded words (RFC 2047, section 2) */
    WORD_FRAME = 12,     /* =?UTF-8?B??= */
    WORD_LEAST = 20,     /* the frame, and one character of any length */
    PLAIN_WORD_MAX = 60, /* longer words of ASCII are encoded, so that lines can be folded */
    BODY_LINE = 57,      /* bytes: 76 columns of base64 */
    ID_MAX = 64,         /* of a boundary: with "=_" within RFC 2046's 70 */
};

/* --- addresses ----------------------------------------------------------- */

static bool is_dot_atom(struct str text)
{
    while (text.ptr)
        if (!str_cut(&text, '.').len)
            return false;
    return true;
}

bool mail_address_is_usable(struct str address)
{
    struct str domain = address;
    struct str local = str_cut(&domain, '@');

    return str_is_visible_ascii(address) && email_is_valid(address) && is_dot_atom(local);
}

bool mail_address_is_public(struct str address)
{
    struct str domain = address;

    str_cut(&domain, '@');
    return mail_address_is_usable(address) && memchr(domain.ptr, '.', domain.len);
}

static struct str domain_of(struct str address)
{
    str_cut(&address, '@');
    return address;
}

/* --- texts of headers ---------------------------------------------------- */

static const struct str ELLIPSIS = {"\xe2\x80\xa6", 3};
static const struct str REPLACEMENT = {"\xef\xbf\xbd", 3};

void mail_put_line(struct buf *out, struct str text, size_t points_max)
{
    bool is_blank = false;
    size_t points = 0;

    while (text.len) {
        const char *from = text.ptr;
        int32_t point = utf8_next(&text);
        if (point < 0) {
            text.ptr++;
            text.len--;
        } else if (point_is_control(point) || point_is_space(point)) {
            is_blank = points > 0;
            continue;
        } else if (point_is_bidi_control(point)) {
            continue;
        }
        if (points + is_blank >= points_max) {
            buf_put(out, ELLIPSIS);
            return;
        }
        if (is_blank)
            buf_put_char(out, ' ');
        points += 1 + is_blank;
        is_blank = false;
        buf_put(out, point < 0 ? REPLACEMENT : (struct str){from, (size_t)(text.ptr - from)});
    }
}

/* Printable ASCII that nobody takes for an encoded word, and no word of it wider than a line. */
static bool is_plain(struct str line)
{
    size_t word = 0;

    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (c < 0x20 || c > 0x7e || (c == '=' && i + 1 < line.len && line.ptr[i + 1] == '?'))
            return false;
        word = c == ' ' ? 0 : word + 1;
        if (word > PLAIN_WORD_MAX)
            return false;
    }
    return true;
}

/* A header that is being written. */
struct header {
    struct buf *out;
    size_t line; /* where its current line begins */
};

static struct header header_begin(struct buf *out, const char *name)
{
    struct header header = {.out = out, .line = out->len};

    buf_put(out, str_of(name));
    buf_put_char(out, ':');
    return header;
}

static size_t column(const struct header *header)
{
    return header->out->len - header->line;
}

/* A blank, or a new line if what follows does not fit into this one. */
static void gap(struct header *header, size_t bytes, bool may_fold)
{
    if (may_fold && column(header) + 1 + bytes > WIDTH) {
        buf_put(header->out, STR("\r\n"));
        header->line = header->out->len;
    }
    buf_put_char(header->out, ' ');
}

static void header_end(struct header *header)
{
    buf_put(header->out, STR("\r\n"));
}

/* How much of `text`, in whole characters, an encoded word of `width` columns takes. */
static size_t encodable(struct str text, size_t width)
{
    size_t max = (width - WORD_FRAME) / 4 * 3, len = 0;
    struct str rest = text;

    while (rest.len && utf8_next(&rest) >= 0 && text.len - rest.len <= max)
        len = text.len - rest.len;
    return len;
}

static void put_base64(struct buf *out, struct str bytes)
{
    char *at = buf_reserve(out, BASE64_LEN(bytes.len) + 1); /* and a NUL */

    if (!at)
        return;
    base64_encode(bytes.ptr, bytes.len, at);
    out->len += BASE64_LEN(bytes.len);
}

/* `line` is valid UTF-8. */
static void put_encoded(struct header *header, struct str line)
{
    while (line.len) {
        gap(header, WORD_LEAST, true);
        size_t len = encodable(line, WIDTH - column(header));
        buf_put(header->out, STR("=?UTF-8?B?"));
        put_base64(header->out, (struct str){line.ptr, len});
        buf_put(header->out, STR("?="));
        line.ptr += len;
        line.len -= len;
    }
}

static void put_words(struct header *header, struct str line)
{
    bool is_first = true;

    while (line.ptr) {
        struct str word = str_cut(&line, ' ');
        gap(header, word.len, !is_first);
        buf_put(header->out, word);
        is_first = false;
    }
}

static void put_text(struct header *header, struct str line)
{
    if (is_plain(line))
        put_words(header, line);
    else
        put_encoded(header, line);
}

static void put_quoted(struct buf *out, struct str line)
{
    buf_put_char(out, '"');
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == '"' || line.ptr[i] == '\\')
            buf_put_char(out, '\\');
        buf_put_char(out, line.ptr[i]);
    }
    buf_put_char(out, '"');
}

static void put_phrase(struct header *header, struct str line)
{
    if (!is_plain(line) || line.len > PLAIN_WORD_MAX / 2) {
        put_encoded(header, line);
        return;
    }
    gap(header, 0, false);
    put_quoted(header->out, line);
}

/* --- headers ------------------------------------------------------------- */

static void put_constant(struct buf *out, struct str name, struct str value)
{
    buf_put(out, name);
    buf_put(out, STR(": "));
    buf_put(out, value);
    buf_put(out, STR("\r\n"));
}

static void put_subject(struct buf *out, struct str subject)
{
    CLEANUP(buf_done) struct buf line = buf_new(4 * MAIL_SUBJECT_MAX + 4);
    struct header header = header_begin(out, "Subject");

    mail_put_line(&line, subject, MAIL_SUBJECT_MAX);
    put_text(&header, line.len ? buf_str(&line) : STR("(no subject)"));
    header_end(&header);
}

static enum err put_address(struct buf *out, const char *name, const struct mailbox *mailbox,
                            struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf line = buf_new(4 * MAIL_NAME_MAX + 4);
    struct header header = header_begin(out, name);

    if (!mail_address_is_usable(mailbox->address))
        return err_set(detail, ERR_INVALID,
                       "%s: mail needs an address of plain ASCII such as you@example.com", name);
    mail_put_line(&line, mailbox->name, MAIL_NAME_MAX);
    if (line.len)
        put_phrase(&header, buf_str(&line));
    gap(&header, mailbox->address.len + 2, line.len > 0);
    buf_put_char(out, '<');
    buf_put(out, mailbox->address);
    buf_put_char(out, '>');
    header_end(&header);
    return ERR_OK;
}

void mail_put_mailbox(struct buf *out, const struct mailbox *mailbox)
{
    CLEANUP(buf_done) struct buf line = buf_new(4 * MAIL_NAME_MAX + 4);

    mail_put_line(&line, mailbox->name, MAIL_NAME_MAX);
    if (!line.len) {
        buf_put(out, mailbox->address);
        return;
    }
    put_quoted(out, buf_str(&line));
    buf_put(out, STR(" <"));
    buf_put(out, mailbox->address);
    buf_put_char(out, '>');
}

/* RFC 5322, section 3.3. */
static void put_date(struct buf *out, int64_t wall_ms)
{
    static const char DAYS[] = "ThuFriSatSunMonTueWed"; /* 1970 began with a Thursday */
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[CLOCK_TEXT_LEN + 1];

    clock_format(wall_ms, text);
    int month = (text[5] - '0') * 10 + text[6] - '0';
    int64_t day = (wall_ms < 0 ? 0 : wall_ms) / (24 * 60 * 60 * 1000) % 7;
    buf_printf(out, "Date: %.3s, %.2s %.3s %.4s %.8s +0000\r\n", DAYS + 3 * day, text + 8,
               MONTHS + (ptrdiff_t)3 * (month - 1), text, text + 11);
}

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/* Whatever an id holds, what is written of it is one. */
static void put_id(struct buf *out, struct str id)
{
    for (size_t i = 0; i < id.len && i < ID_MAX; i++)
        buf_put_char(out, is_id_char(id.ptr[i]) ? id.ptr[i] : '-');
}

const struct mail_mark *mail_marks(enum mail_kind kind, size_t *ret_count)
{
    /* RFC 3834; the second is Exchange's, the third older than either. */
    static const struct mail_mark AUTOMATIC[] = {
        {{"Auto-Submitted", 14}, {"auto-generated", 14}},
        {{"X-Auto-Response-Suppress", 24}, {"All", 3}},
    };
    static const struct mail_mark REPLY[] = {
        {{"Auto-Submitted", 14}, {"auto-replied", 12}},
        {{"X-Auto-Response-Suppress", 24}, {"All", 3}},
        {{"Precedence", 10}, {"auto_reply", 10}},
    };

    *ret_count = kind == MAIL_AUTOMATIC ? COUNTOF(AUTOMATIC)
                 : kind == MAIL_REPLY   ? COUNTOF(REPLY)
                                        : 0;
    return kind == MAIL_AUTOMATIC ? AUTOMATIC : REPLY;
}

bool mail_has_form(const struct mail *mail)
{
    return form_name_is_valid(mail->form);
}

static void put_marks(struct buf *out, const struct mail *mail)
{
    size_t count;
    const struct mail_mark *marks = mail_marks(mail->kind, &count);

    for (size_t i = 0; i < count; i++)
        put_constant(out, marks[i].name, marks[i].value);
    if (mail_has_form(mail))
        put_constant(out, STR(MAIL_FORM_HEADER), mail->form);
}

void mail_put_id(struct buf *out, const struct mail *mail)
{
    buf_put_char(out, '<');
    put_id(out, mail->id);
    buf_put_char(out, '@');
    buf_put(out, domain_of(mail->from.address));
    buf_put_char(out, '>');
}

static enum err put_headers(struct buf *out, const struct mail *mail, struct err_detail *detail)
{
    TRY(put_address(out, "From", &mail->from, detail));
    TRY(put_address(out, "To", &mail->to, detail));
    if (mail->reply_to.address.ptr)
        TRY(put_address(out, "Reply-To", &mail->reply_to, detail));
    put_subject(out, mail->subject);
    put_date(out, mail->date_ms);
    buf_put(out, STR("Message-ID: "));
    mail_put_id(out, mail);
    buf_put(out, STR("\r\n"));
    put_marks(out, mail);
    put_constant(out, STR("MIME-Version"), STR("1.0"));
    return ERR_OK;
}

/* --- bodies -------------------------------------------------------------- */

void mail_put_text(struct buf *out, struct str text, struct str line_break)
{
    while (text.len) {
        const char *from = text.ptr;
        int32_t point = utf8_next(&text);
        if (point < 0) {
            text.ptr++;
            text.len--;
        }
        if (point == '\r' && text.len && text.ptr[0] == '\n')
            continue;
        if (point == '\n' || point == '\r')
            buf_put(out, line_break);
        else if (point < 0 || (point != '\t' && point_is_control(point)))
            buf_put(out, REPLACEMENT);
        else
            buf_put(out, (struct str){from, (size_t)(text.ptr - from)});
    }
}

static enum err put_body(struct buf *out, const char *type, struct str text)
{
    CLEANUP(buf_done) struct buf body = buf_new(out->max);

    mail_put_text(&body, text, STR("\r\n")); /* as MIME wants texts */
    TRY(buf_status(&body));
    buf_put(out, STR("Content-Type: "));
    buf_put(out, str_of(type));
    buf_put(out, STR("; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"));
    for (size_t at = 0; at < body.len; at += BODY_LINE) {
        size_t left = body.len - at;
        put_base64(out, (struct str){body.ptr + at, left < BODY_LINE ? left : BODY_LINE});
        buf_put(out, STR("\r\n"));
    }
    return ERR_OK;
}

static void put_boundary(struct buf *out, struct str id, const char *end)
{
    buf_put(out, STR("--=_"));
    put_id(out, id);
    buf_put(out, str_of(end));
}

enum err mail_render(struct buf *out, const struct mail *mail, struct err_detail *detail)
{
    TRY(put_headers(out, mail, detail));
    if (!mail->html.ptr) {
        TRY(put_body(out, "text/plain", mail->text));
        return buf_status(out);
    }
    buf_put(out, STR("Content-Type: multipart/alternative;\r\n boundary=\"=_"));
    put_id(out, mail->id);
    buf_put(out, STR("\"\r\n\r\n"));
    put_boundary(out, mail->id, "\r\n");
    TRY(put_body(out, "text/plain", mail->text));
    put_boundary(out, mail->id, "\r\n");
    TRY(put_body(out, "text/html", mail->html));
    put_boundary(out, mail->id, "--\r\n");
    return buf_status(out);
}
