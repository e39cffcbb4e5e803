/* SPDX-License-Identifier: MIT */
#include "core/mail_sender.h"

#include "check.h"

static struct arena arena;

static enum err parse(const char *url, const char *from, struct mail_sender *sender,
                      struct err_detail *detail)
{
    *detail = (struct err_detail){""};
    return mail_sender_parse(str_of(url), str_of(from), &arena, sender, detail);
}

static int start(void **state)
{
    (void)state;
    arena_init(&arena, 1024 * 1024, NULL, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

/* A NUL follows each text, as libcurl wants it. */
static void check_member(struct str actual, const char *expected, const char *row)
{
    if (!expected) {
        CHECK_ROW(!actual.ptr, row);
        return;
    }
    CHECK_ROW(actual.ptr && strcmp(actual.ptr, expected) == 0, row);
    CHECK_ROW(actual.len == strlen(expected), row);
}

static void urls_are_taken_apart(void **state)
{
    static const struct {
        const char *text;
        enum mail_service service;
        const char *url, *user, *secret;
    } ROWS[] = {
        {"smtp://mail.example", MAIL_SMTP, "smtp://mail.example:587", NULL, NULL},
        {"smtp://mail.example:25/", MAIL_SMTP, "smtp://mail.example:25", NULL, NULL},
        {"smtps://mail.example", MAIL_SMTP, "smtps://mail.example:465", NULL, NULL},
        {"SMTP://u:p@mail.example", MAIL_SMTP, "smtp://mail.example:587", "u", "p"},
        {" smtp://u:p@mail.example:2525 ", MAIL_SMTP, "smtp://mail.example:2525", "u", "p"},
        {"smtp://ada%40here.example:p%40ss%2Fw:rd@h:1", MAIL_SMTP, "smtp://h:1", "ada@here.example",
         "p@ss/w:rd"},
        {"smtp://ada@here.example:p@ss/w:rd@h:1", MAIL_SMTP, "smtp://h:1", "ada@here.example",
         "p@ss/w:rd"},
        {"smtp://u@h", MAIL_SMTP, "smtp://h:587", "u", NULL},
        {"smtp://u:@h", MAIL_SMTP, "smtp://h:587", "u", ""},
        {"smtp://[2001:db8::1]", MAIL_SMTP, "smtp://[2001:db8::1]:587", NULL, NULL},
        {"smtp://[::1]:2525", MAIL_SMTP, "smtp://[::1]:2525", NULL, NULL},
        {"postmark://a-b-c", MAIL_POSTMARK, "https://api.postmarkapp.com/email", NULL, "a-b-c"},
        {"resend://re_1/", MAIL_RESEND, "https://api.resend.com/emails", NULL, "re_1"},
        {"resend://re_1?endpoint=http://127.0.0.1:9/x", MAIL_RESEND, "http://127.0.0.1:9/x", NULL,
         "re_1"},
        {"mailgun://key-1@mg.example", MAIL_MAILGUN,
         "https://api.mailgun.net/v3/mg.example/messages", NULL, "key-1"},
        {"mailgun-eu://key-1@mg.example", MAIL_MAILGUN,
         "https://api.eu.mailgun.net/v3/mg.example/messages", NULL, "key-1"},
    };
    struct mail_sender sender;
    struct err_detail detail;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CHECK_ROW(parse(ROWS[i].text, "a@b.example", &sender, &detail) == ERR_OK, ROWS[i].text);
        CHECK_ROW(sender.service == ROWS[i].service, ROWS[i].text);
        check_member(sender.url, ROWS[i].url, ROWS[i].text);
        check_member(sender.user, ROWS[i].user, ROWS[i].text);
        check_member(sender.secret, ROWS[i].secret, ROWS[i].text);
        check_member(sender.address, "a@b.example", ROWS[i].text);
    }
}

static void mistakes_are_told_with_the_remedy(void **state)
{
    static const struct {
        const char *url, *from, *words;
    } ROWS[] = {
        {"smtp://u:hush@h:25", "", "set smtp-from"},
        {"smtp://u:hush@h:25", "nobody", "Forms <forms@example.org>"},
        {"", "a@b.example", "set smtp-url"},
        {"mail.example:25", "a@b.example", "smtp://USER:PASSWORD@HOST:587"},
        {"http://hush@h", "a@b.example", "smtp://USER:PASSWORD@HOST:587"},
        {"smtp://", "a@b.example", "no host"},
        {"smtp://u:hush@", "a@b.example", "no host"},
        {"smtp://u:hush@h:0", "a@b.example", "1 to 65535"},
        {"smtp://u:hush@h:65536", "a@b.example", "1 to 65535"},
        {"smtp://u:hush@h:25/x?y", "a@b.example", "no host"},
        {"smtp://u:hush@h h", "a@b.example", "no host"},
        {"smtp://u:hush@::1", "a@b.example", "no host"},
        {"smtp://u:hush%@h", "a@b.example", "%25"},
        {"smtp://u:hush%0a@h", "a@b.example", "control character"},
        {"smtp://u:hush%00@h", "a@b.example", "%25"},
        {"postmark://", "a@b.example", "key is missing"},
        {"mailgun://hush", "a@b.example", "domain is missing"},
        {"mailgun://hush@a/b", "a@b.example", "domain is missing"},
        {"resend://hush?endpoint=ftp://x", "a@b.example", "https://"},
        {"resend://hush?endpoint=https://a\x01", "a@b.example", "https://"},
        {"resend://hush?to=x", "a@b.example", "endpoint="},
    };
    struct mail_sender sender;
    struct err_detail detail;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CHECK_ROW(parse(ROWS[i].url, ROWS[i].from, &sender, &detail) == ERR_INVALID, ROWS[i].url);
        CHECK_ROW(strstr(detail.text, ROWS[i].words), ROWS[i].url);
        CHECK_ROW(!strstr(detail.text, "hush"), ROWS[i].url);
        CHECK_ROW(strlen(detail.text) < sizeof detail.text - 1, ROWS[i].url);
    }
}

static void mailboxes_may_have_a_name(void **state)
{
    static const struct {
        const char *text, *name, *address; /* address NULL: refused */
    } ROWS[] = {
        {"a@b.example", NULL, "a@b.example"},
        {" a@b.example ", NULL, "a@b.example"},
        {"<a@b.example>", NULL, "a@b.example"},
        {"Ada Lovelace <a@b.example>", "Ada Lovelace", "a@b.example"},
        {"\"Lovelace, Ada\" <a@b.example>", "Lovelace, Ada", "a@b.example"},
        {"M\xc3\xbcller<a@b.example>", "M\xc3\xbcller", "a@b.example"},
        {"", NULL, NULL},
        {"Ada", NULL, NULL},
        {"Ada <a@b.example", NULL, NULL},
        {"Ada a@b.example>", NULL, NULL},
        {"<b> <a@b.example>", NULL, NULL},
        {"a\"b <a@b.example>", NULL, NULL},
        {"a\nb <a@b.example>", NULL, NULL},
        {"\xff <a@b.example>", NULL, NULL},
        {"Ada <a@b.example, c@d.example>", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct str name, address;
        bool is_fine = mailbox_parse(str_of(ROWS[i].text), &name, &address);
        CHECK_ROW(is_fine == !!ROWS[i].address, ROWS[i].text);
        if (!is_fine)
            continue;
        check_str(address, ROWS[i].address);
        CHECK_ROW(!name.ptr == !ROWS[i].name, ROWS[i].text);
        if (name.ptr)
            check_str(name, ROWS[i].name);
    }
}

static void nothing_given_sends_nothing(void **state)
{
    struct mail_sender sender = {.service = MAIL_SMTP};
    struct err_detail detail;

    (void)state;
    assert_int_equal(parse("", " ", &sender, &detail), ERR_OK);
    assert_int_equal(sender.service, MAIL_NONE);
    assert_null(sender.url.ptr);
}

static void without_memory_it_says_so(void **state)
{
    struct arena none;
    struct mail_sender sender;
    struct err_detail detail = {""};

    (void)state;
    arena_init(&none, 1, NULL, 0);
    assert_int_equal(
        mail_sender_parse(STR("smtp://a:b@c"), STR("a@b.example"), &none, &sender, &detail),
        ERR_MEMORY);
    arena_done(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("URLs are taken apart", urls_are_taken_apart),
        CASE("mistakes are told with the remedy, and without the secret",
             mistakes_are_told_with_the_remedy),
        CASE("mailboxes may have a name", mailboxes_may_have_a_name),
        CASE("nothing given sends nothing", nothing_given_sends_nothing),
        CASE("without memory it says so", without_memory_it_says_so),
    };

    return cmocka_run_group_tests_name("mail_sender", tests, start, stop);
}
