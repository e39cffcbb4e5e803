/* SPDX-License-Identifier: MIT */
/* Mails of any visitor, template and page: no line of theirs is a header, and no HTML is theirs. */
#include <assert.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "core/channel.h"
#include "core/mail_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What stands before a separator, so that one input is many texts. */
static struct str piece(struct str *rest)
{
    struct str text = rest->ptr ? str_cut(rest, '\x1f') : (struct str){0};

    return text.len ? text : (struct str){0};
}

static void check_head(struct str head)
{
    static const char *const NAMES[] = {"From",
                                        "To",
                                        "Reply-To",
                                        "Subject",
                                        "Date",
                                        "Message-ID",
                                        "Auto-Submitted",
                                        "X-Auto-Response-Suppress",
                                        "Precedence",
                                        "X-Contactd-Form",
                                        "MIME-Version",
                                        "Content-Type",
                                        "Content-Transfer-Encoding"};
    unsigned seen = 0;

    while (head.len) {
        struct str line = str_cut(&head, '\n');
        assert(line.len && line.ptr[line.len - 1] == '\r');
        line.len--;
        assert(line.len && line.len <= 998 && !memchr(line.ptr, '\r', line.len));
        for (size_t i = 0; i < line.len; i++)
            assert(line.ptr[i] >= ' ' && line.ptr[i] <= '~');
        if (line.ptr[0] == ' ') {
            assert(seen && line.len > 1 && line.ptr[1] != ' ');
            continue;
        }
        struct str name = str_cut(&line, ':');
        size_t i = 0;
        while (i < COUNTOF(NAMES) && !str_equal(name, str_of(NAMES[i])))
            i++;
        assert(i < COUNTOF(NAMES) && !(seen >> i & 1));
        seen |= 1u << i;
    }
}

static void check_mail(struct str mail)
{
    const char *end = memmem(mail.ptr, mail.len, "\r\n\r\n", 4);

    assert(end);
    size_t head = (size_t)(end - mail.ptr) + 2;
    check_head((struct str){mail.ptr, head});
    for (size_t i = head, column = 0; i < mail.len; i++) {
        assert(mail.ptr[i] == '\r' || mail.ptr[i] == '\n' ||
               (mail.ptr[i] >= ' ' && mail.ptr[i] <= '~'));
        assert((mail.ptr[i] == '\n') == (mail.ptr[i - 1] == '\r'));
        column = mail.ptr[i] == '\n' ? 0 : column + 1;
        assert(column <= 77); /* the CR among them */
    }
}

static void check_html(struct str html)
{
    static const char *const TAGS[] = {"!doctype html>",
                                       "html>",
                                       "/html>",
                                       "head>",
                                       "/head>",
                                       "meta ",
                                       "body ",
                                       "/body>",
                                       "p ",
                                       "p>",
                                       "/p>",
                                       "table ",
                                       "/table>",
                                       "tr>",
                                       "/tr>",
                                       "th ",
                                       "/th>",
                                       "td ",
                                       "/td>",
                                       "br>",
                                       "hr ",
                                       "a href=\"https://forms.example/admin/",
                                       "/a>"};
    size_t points;

    assert(utf8_length(html, &points));
    for (size_t at = 0; at < html.len; at++) {
        struct str rest = {html.ptr + at + 1, html.len - at - 1};
        size_t i = 0;
        if (html.ptr[at] != '<')
            continue;
        while (i < COUNTOF(TAGS) && !str_starts_with(rest, str_of(TAGS[i])))
            i++;
        assert(i < COUNTOF(TAGS));
    }
}

static void compose(struct channel_input *input, enum mail_service service)
{
    struct mail_sender sender = {.service = service,
                                 .url = STR("smtp://localhost"),
                                 .secret = STR("key"),
                                 .address = STR("forms@acme.example"),
                                 .name = input->form_title};
    struct outgoing out;

    input->sender = &sender;
    outgoing_init(&out);
    enum err err = channel_compose(input, &out, NULL);
    assert(err == ERR_OK || err == ERR_INVALID);
    if (err == ERR_OK && service == MAIL_SMTP)
        check_mail(buf_str(&out.body));
    outgoing_done(&out);
}

static void check_text(const struct channel_input *input)
{
    struct mail_text text;

    mail_text_init(&text);
    assert(mail_text_compose(input, &text) == ERR_OK);
    assert(!text.subject.len || !memchr(text.subject.ptr, '\n', text.subject.len));
    check_html(buf_str(&text.html));
    mail_text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data + 1, size ? size - 1 : 0};
    struct notice notice = {.count = 1};
    struct submission rows[3];

    if (!size)
        return 0;
    struct submission row = {.name = piece(&rest), .email = piece(&rest), .message = piece(&rest)};
    row.fields = piece(&rest);
    row.page = piece(&rest);
    row.spam_reasons = piece(&rest);
    row.state = data[0] & 1 ? STATE_SPAM : STATE_NEW;
    notice.subject = notice.reply_subject = piece(&rest);
    notice.text = notice.reply_text = piece(&rest);
    notice.destinations[0].channel = data[0] & 2 ? CHANNEL_REPLY : CHANNEL_MAIL;
    notice.destinations[0].address = STR("owner@client.example");
    for (size_t i = 0; i < COUNTOF(rows); i++)
        rows[i] = row;
    struct channel_input input = {.destination = &notice.destinations[0],
                                  .notice = &notice,
                                  .form = STR("contact"),
                                  .form_title = piece(&rest),
                                  .rows = rows,
                                  .row_count = data[0] & 2 ? 1 : data[0] >> 2 & 3,
                                  .text = row.message,
                                  .id = piece(&rest),
                                  .public_url = STR("https://forms.example/"),
                                  .now_ms = 1774000123000};
    check_text(&input);
    compose(&input, data[0] & 16 ? (enum mail_service)(data[0] >> 5 & 3) : MAIL_SMTP);
    return 0;
}
