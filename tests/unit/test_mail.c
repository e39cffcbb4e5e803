/* SPDX-License-Identifier: MIT */
#include "core/mail.h"

#include "check.h"

static struct mail sample(void)
{
    return (struct mail){
        .kind = MAIL_NOTICE,
        .from = {.address = STR("forms@acme.example")},
        .to = {.address = STR("owner@client.example")},
        .subject = STR("Hello"),
        .text = STR("A\nB\n"),
        .html = STR("<p>A</p>"),
        .form = STR("contact"),
        .id = STR("m-1"),
        .date_ms = 1774000123000,
    };
}

/* The whole mail, in memory that lives until the next call. */
static struct str rendered(const struct mail *mail)
{
    static struct buf out;

    buf_done(&out);
    out = buf_new(100000);
    struct err_detail detail = {""};
    enum err err = mail_render(&out, mail, &detail);
    if (err)
        fail_msg("%s", detail.text);
    return buf_str(&out);
}

/* The header of this name, with its folds, without the name and the last CRLF. */
static struct str header_of(struct str mail, const char *name)
{
    static char value[4096];
    char needle[64];

    snprintf(needle, sizeof needle, "\r\n%s: ", name);
    const char *at = memmem(mail.ptr, mail.len, needle, strlen(needle));
    assert_non_null(at);
    at += strlen(needle);
    size_t len = 0;
    while (!(at[len] == '\r' && at[len + 2] != ' '))
        len++;
    assert_true(len < sizeof value);
    memcpy(value, at, len);
    return (struct str){value, len};
}

static void a_mail_is_this(void **state)
{
    struct mail mail = sample();

    (void)state;
    check_str(rendered(&mail), "From: <forms@acme.example>\r\n"
                               "To: <owner@client.example>\r\n"
                               "Subject: Hello\r\n"
                               "Date: Fri, 20 Mar 2026 09:48:43 +0000\r\n"
                               "Message-ID: <m-1@acme.example>\r\n"
                               "X-Contactd-Form: contact\r\n"
                               "MIME-Version: 1.0\r\n"
                               "Content-Type: multipart/alternative;\r\n"
                               " boundary=\"=_m-1\"\r\n"
                               "\r\n"
                               "--=_m-1\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: base64\r\n"
                               "\r\n"
                               "QQ0KQg0K\r\n"
                               "--=_m-1\r\n"
                               "Content-Type: text/html; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: base64\r\n"
                               "\r\n"
                               "PHA+QTwvcD4=\r\n"
                               "--=_m-1--\r\n");
}

static void a_text_may_stand_alone(void **state)
{
    struct mail mail = sample();

    (void)state;
    mail.kind = MAIL_AUTOMATIC;
    mail.html = (struct str){0};
    mail.form = (struct str){0};
    check_str(rendered(&mail), "From: <forms@acme.example>\r\n"
                               "To: <owner@client.example>\r\n"
                               "Subject: Hello\r\n"
                               "Date: Fri, 20 Mar 2026 09:48:43 +0000\r\n"
                               "Message-ID: <m-1@acme.example>\r\n"
                               "Auto-Submitted: auto-generated\r\n"
                               "X-Auto-Response-Suppress: All\r\n"
                               "MIME-Version: 1.0\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: base64\r\n"
                               "\r\n"
                               "QQ0KQg0K\r\n");
}

static void programs_are_told_that_it_is_an_answer(void **state)
{
    struct mail mail = sample();

    (void)state;
    mail.kind = MAIL_REPLY;
    struct str text = rendered(&mail);
    check_str(header_of(text, "Auto-Submitted"), "auto-replied");
    check_str(header_of(text, "X-Auto-Response-Suppress"), "All");
    check_str(header_of(text, "Precedence"), "auto_reply");
}

static void subjects_are_folded_and_encoded(void **state)
{
    static const struct {
        const char *subject, *value;
    } ROWS[] = {
        {"Hello", "Hello"},
        {"", "(no subject)"},
        {" \r\n\t ", "(no subject)"},
        {"two  \t blanks ", "two blanks"},
        {"a\r\nBcc: x@y.example", "a Bcc: x@y.example"},
        {"a\x01\x7f\xc2\x85z", "a z"},
        {"\xe2\x80\xae"
         "evil\xe2\x81\xa6",
         "evil"},
        {"Gr\xc3\xbc\xc3\x9f"
         "e",
         "=?UTF-8?B?R3LDvMOfZQ==?="},
        {"a \xff z", "=?UTF-8?B?YSDvv70geg==?="},
        {"=?UTF-8?Q?x?=", "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?="},
        {"one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
         "one two three four five six seven eight nine ten eleven twelve\r\n thirteen fourteen"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "=?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh?=\r\n"
         " =?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh?="},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct mail mail = sample();
        mail.subject = str_of(ROWS[i].subject);
        check_str(header_of(rendered(&mail), "Subject"), ROWS[i].value);
    }
}

/* Every encoded word is a text of its own: no character is torn. */
static void characters_stay_whole(void **state)
{
    struct mail mail = sample();

    (void)state;
    mail.subject = STR("\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
                       "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
                       "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
    check_str(header_of(rendered(&mail), "Subject"),
              "=?UTF-8?B?8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA?=\r\n"
              " =?UTF-8?B?8J+YgPCfmIDwn5iA?=");
}

static void long_subjects_are_cut(void **state)
{
    struct buf long_text = buf_new(10000), line = buf_new(10000);

    (void)state;
    for (int i = 0; i < 300; i++)
        buf_put(&long_text, STR("\xc3\xa4"));
    mail_put_line(&line, buf_str(&long_text), 200);
    assert_int_equal(line.len, 403);
    assert_true(str_ends_with(buf_str(&line), STR("\xc3\xa4\xe2\x80\xa6")));
    line.len = 0;
    mail_put_line(&line, STR("abc   "), 3);
    check_str(buf_str(&line), "abc");
    line.len = 0;
    mail_put_line(&line, STR("abc d"), 3);
    check_str(buf_str(&line), "abc\xe2\x80\xa6");
    buf_done(&long_text);
    buf_done(&line);
}

static void names_cannot_leave_their_place(void **state)
{
    static const struct {
        const char *name, *value;
    } ROWS[] = {
        {"", "<jane@x.example>"},
        {"Jane", "\"Jane\" <jane@x.example>"},
        {"a@b, c", "\"a@b, c\" <jane@x.example>"},
        {"x\" <evil@y.example>, \"", "\"x\\\" <evil@y.example>, \\\"\" <jane@x.example>"},
        {"\\", "\"\\\\\" <jane@x.example>"},
        {"Jane\r\nBcc: evil@y.example", "\"Jane Bcc: evil@y.example\" <jane@x.example>"},
        {"J\xc3\xbcrgen", "=?UTF-8?B?SsO8cmdlbg==?= <jane@x.example>"},
        {"=?UTF-8?Q?Boss?=", "=?UTF-8?B?PT9VVEYtOD9RP0Jvc3M/PQ==?= <jane@x.example>"},
        {"a long name of nothing but plain letters",
         "=?UTF-8?B?YSBsb25nIG5hbWUgb2Ygbm90aGluZyBidXQgcGxhaW4gbGV0dGVy?=\r\n"
         " =?UTF-8?B?cw==?= <jane@x.example>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct mail mail = sample();
        mail.reply_to = (struct mailbox){STR("jane@x.example"), str_of(ROWS[i].name)};
        check_str(header_of(rendered(&mail), "Reply-To"), ROWS[i].value);
    }
}

static void mailboxes_for_others_to_encode(void **state)
{
    static const struct mailbox ROWS[] = {{{"a@b.example", 11}, {0}},
                                          {{"a@b.example", 11}, {"A \"B\", \xc3\xbc\r\n", 11}}};
    struct buf out = buf_new(1000);

    (void)state;
    mail_put_mailbox(&out, &ROWS[0]);
    check_str(buf_str(&out), "a@b.example");
    out.len = 0;
    mail_put_mailbox(&out, &ROWS[1]);
    check_str(buf_str(&out), "\"A \\\"B\\\", \xc3\xbc\" <a@b.example>");
    buf_done(&out);
}

static void addresses_are_strict(void **state)
{
    static const char *const GOOD[] = {"a@b.example", "a.b+c@d-e.example", "#$&'*/=^_`{|}~?@x.y"};
    static const char *const LOCAL[] = {"root@localhost", "!#$%&'*/=?^_`{|}~@x.y"};
    static const char *const BAD[] = {"",
                                      "a",
                                      "@b.example",
                                      "a@",
                                      ".a@b.example",
                                      "a.@b.example",
                                      "a..b@c.example",
                                      "a b@c.example",
                                      "a@b.example\r\nBcc: c@d.example",
                                      "a@b.example,c@d.example",
                                      "\"a\"@b.example",
                                      "a@b..example",
                                      "a@[127.0.0.1]",
                                      "j\xc3\xbcrgen@b.example",
                                      "a@b\xc3\xbc.example",
                                      "a@b.example "};
    static const char *const ROUTED[] = {"victim%bank.example@relay.example",
                                         "relay!victim@b.example", "=?utf-8?q?a=40b=3e?=@b.example",
                                         "\"a b\"@b.example", "a b@b.example"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(GOOD); i++)
        CHECK_ROW(mail_address_is_usable(str_of(GOOD[i])) &&
                      mail_address_is_public(str_of(GOOD[i])),
                  GOOD[i]);
    for (size_t i = 0; i < COUNTOF(LOCAL); i++)
        CHECK_ROW(mail_address_is_usable(str_of(LOCAL[i])) &&
                      !mail_address_is_public(str_of(LOCAL[i])),
                  LOCAL[i]);
    for (size_t i = 0; i < COUNTOF(BAD); i++)
        CHECK_ROW(!mail_address_is_usable(str_of(BAD[i])) &&
                      !mail_address_is_public(str_of(BAD[i])),
                  BAD[i]);
    for (size_t i = 0; i < COUNTOF(ROUTED); i++)
        CHECK_ROW(!mail_address_is_public(str_of(ROUTED[i])), ROUTED[i]);
    assert_true(mail_address_is_public(STR("a=b?c@d.example")));
    assert_false(mail_address_is_usable((struct str){"a\0@b.example", 12}));
    assert_false(mail_address_is_usable((struct str){0}));
}

static void a_bad_address_makes_no_mail(void **state)
{
    struct buf out = buf_new(10000);
    struct err_detail detail = {""};
    struct mail mail = sample();

    (void)state;
    mail.to.address = STR("x@y.example\r\nBcc: z@y.example");
    assert_int_equal(mail_render(&out, &mail, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, "To"));
    buf_done(&out);
}

static void an_id_is_letters_digits_and_little_else(void **state)
{
    struct mail mail = sample();

    (void)state;
    mail.id = STR("a\r\nb> \"c\xc3\xbc");
    struct str text = rendered(&mail);
    check_str(header_of(text, "Message-ID"), "<a--b---c--@acme.example>");
    mail.id = STR("0123456789012345678901234567890123456789012345678901234567890123456789");
    assert_true(header_of(rendered(&mail), "Content-Type").len < 120);
}

static void a_form_that_is_no_name_is_not_told(void **state)
{
    struct mail mail = sample();

    (void)state;
    mail.form = STR("a\r\nX: y");
    struct str text = rendered(&mail);
    assert_null(memmem(text.ptr, text.len, "X-Contactd-Form", 15));
}

static void dates_are_those_of_the_calendar(void **state)
{
    static const struct {
        int64_t ms;
        const char *date;
    } ROWS[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 +0000"},
        {951782400000, "Tue, 29 Feb 2000 00:00:00 +0000"},
        {1798761599999, "Thu, 31 Dec 2026 23:59:59 +0000"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct mail mail = sample();
        mail.date_ms = ROWS[i].ms;
        check_str(header_of(rendered(&mail), "Date"), ROWS[i].date);
    }
}

static void bodies_are_clean(void **state)
{
    struct buf out = buf_new(1000);

    (void)state;
    mail_put_text(&out, STR("a\r\nb\rc\nd\te\x1b[0m\xff\xc2\x9b\n\n"), STR("|"));
    check_str(buf_str(&out), "a|b|c|d\te\xef\xbf\xbd[0m\xef\xbf\xbd\xef\xbf\xbd||");
    out.len = 0;
    mail_put_text(&out, (struct str){"\0.", 2}, STR("|"));
    check_str(buf_str(&out), "\xef\xbf\xbd.");
    buf_done(&out);
}

static void a_ceiling_sticks(void **state)
{
    struct buf out;
    struct mail mail = sample();

    (void)state;
    mail.subject = STR("\xc3\xa4 long enough to be folded, and to be encoded, and to be cut off");
    size_t whole = rendered(&mail).len;
    for (size_t max = 0; max < whole; max++) {
        out = buf_new(max);
        assert_int_equal(mail_render(&out, &mail, NULL), ERR_FULL);
        buf_done(&out);
    }
    out = buf_new(whole);
    assert_int_equal(mail_render(&out, &mail, NULL), ERR_OK);
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a mail is this", a_mail_is_this),
        CASE("a text may stand alone", a_text_may_stand_alone),
        CASE("programs are told that it is an answer", programs_are_told_that_it_is_an_answer),
        CASE("subjects are folded and encoded", subjects_are_folded_and_encoded),
        CASE("characters stay whole", characters_stay_whole),
        CASE("long subjects are cut", long_subjects_are_cut),
        CASE("names cannot leave their place", names_cannot_leave_their_place),
        CASE("mailboxes for others to encode", mailboxes_for_others_to_encode),
        CASE("addresses are strict", addresses_are_strict),
        CASE("a bad address makes no mail", a_bad_address_makes_no_mail),
        CASE("an id is letters, digits and little else", an_id_is_letters_digits_and_little_else),
        CASE("a form that is no name is not told", a_form_that_is_no_name_is_not_told),
        CASE("dates are those of the calendar", dates_are_those_of_the_calendar),
        CASE("bodies are clean", bodies_are_clean),
        CASE("a ceiling sticks", a_ceiling_sticks),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
