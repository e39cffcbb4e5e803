/* SPDX-License-Identifier: MIT */
/*
 * Composes mails for test_mail_parse.py. Each line of stdin is one: columns in hex with tabs
 * between (kind, service, rows, state, name, email, message, fields, page, title, then the
 * templates subject and text). To stdout goes, for each, "OK <bytes of headers> <bytes of body>\n"
 * and both, or "NO <reason>\n".
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/channel.h"

enum { COLUMNS = 12, ROWS_MAX = 200 };

enum column {
    KIND,
    SERVICE,
    ROWS,
    STATE,
    NAME,
    EMAIL,
    MESSAGE,
    FIELDS,
    PAGE,
    TITLE,
    SUBJECT,
    TEXT
};

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* In place. An empty column is absent, as in a row. */
static struct str unhex(struct str hex)
{
    char *text = (char *)(uintptr_t)hex.ptr;

    for (size_t i = 0; i < hex.len / 2; i++)
        text[i] = (char)(digit(hex.ptr[2 * i]) << 4 | digit(hex.ptr[2 * i + 1]));
    return hex.len ? (struct str){text, hex.len / 2} : (struct str){0};
}

static uint64_t number_of(struct str text)
{
    uint64_t value = 0;

    if (!str_to_u64(text, ROWS_MAX, &value))
        exit(2);
    return value;
}

static void fill_row(struct submission *row, const struct str *columns, unsigned i)
{
    struct id_source source = {0};

    *row = (struct submission){
        .id = id_next(&source, 1774000000000 + 60000 * (int64_t)i, (const uint8_t *)"abcdefgh"),
        .form = STR("contact"),
        .name = columns[NAME],
        .email = columns[EMAIL],
        .message = columns[MESSAGE],
        .fields = columns[FIELDS],
        .page = columns[PAGE],
        .state = str_equal(columns[STATE], STR("spam")) ? STATE_SPAM : STATE_NEW,
        .spam_score = 525,
        .spam_reasons = STR("[{\"rule\":\"links\",\"points\":5.25,\"detail\":\"3 links\"}]"),
    };
}

static struct mail_sender sender_of(struct str service)
{
    struct mail_sender sender = {
        .service = MAIL_SMTP,
        .url = STR("smtp://localhost:25"),
        .secret = STR("key-123"),
        .address = STR("forms@sender.example"),
        .name = STR("Forms of Acme"),
    };

    if (str_equal(service, STR("postmark")))
        sender.service = MAIL_POSTMARK;
    if (str_equal(service, STR("resend")))
        sender.service = MAIL_RESEND;
    if (str_equal(service, STR("mailgun")))
        sender.service = MAIL_MAILGUN;
    return sender;
}

static void print(const struct outgoing *out, enum err err, const struct err_detail *detail)
{
    if (err) {
        printf("NO %s\n", detail->text[0] ? detail->text : err_text(err));
        return;
    }
    printf("OK %zu %zu\n", out->headers.len, out->body.len);
    if (out->headers.len)
        fwrite(out->headers.ptr, 1, out->headers.len, stdout);
    fwrite(out->body.ptr, 1, out->body.len, stdout);
}

static void compose(const struct str *columns)
{
    static struct submission rows[ROWS_MAX];
    bool is_reply = str_equal(columns[KIND], STR("reply"));
    bool is_alarm = str_equal(columns[KIND], STR("alarm"));
    struct outgoing out;
    struct notice notice = {.count = 1};
    struct mail_sender sender = sender_of(columns[SERVICE]);
    struct err_detail detail = {""};
    struct channel_input input = {
        .destination = &notice.destinations[0],
        .notice = &notice,
        .sender = &sender,
        .form = STR("contact"),
        .form_title = columns[TITLE],
        .rows = rows,
        .row_count = is_alarm ? 0 : number_of(columns[ROWS]),
        .text = is_alarm ? columns[MESSAGE] : (struct str){0},
        .id = STR("0198f0a4-7c11-7abc-8def-0123456789ab.9f3c2a10"),
        .public_url = STR("https://forms.example/"),
        .now_ms = 1774000123000,
    };

    notice.destinations[0].channel = is_reply ? CHANNEL_REPLY : CHANNEL_MAIL;
    notice.destinations[0].address = STR("owner@client.example");
    notice.subject = notice.reply_subject = columns[SUBJECT];
    notice.text = notice.reply_text = columns[TEXT];
    for (unsigned i = 0; i < input.row_count; i++)
        fill_row(&rows[i], columns, i);
    outgoing_init(&out);
    print(&out, channel_compose(&input, &out, &detail), &detail);
    outgoing_done(&out);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    while ((len = getline(&line, &room, stdin)) > 0) {
        struct str rest = {line, (size_t)len - (line[len - 1] == '\n')}, columns[COLUMNS];
        for (size_t i = 0; i < COLUMNS; i++)
            columns[i] = unhex(str_cut(&rest, '\t'));
        compose(columns);
    }
    free(line);
    return 0;
}
