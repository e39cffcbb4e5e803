/* SPDX-License-Identifier: MIT */
#include "core/mail_text.h"

#include "check.h"

/* What is told, and what came of it. */
struct scene {
    struct notice notice;
    struct mail_sender sender;
    struct submission rows[130];
    struct channel_input input;
    struct mail_text text;
};

static void set_id(struct submission *row, int64_t wall_ms)
{
    struct id_source source = {0};

    row->id = id_next(&source, wall_ms, (const uint8_t *)"abcdefgh");
}

static struct scene *scene_of(size_t rows)
{
    static struct scene scene;

    scene = (struct scene){.notice = {.count = 1}};
    scene.input = (struct channel_input){
        .destination = &scene.notice.destinations[0],
        .notice = &scene.notice,
        .sender = &scene.sender,
        .form = STR("contact"),
        .form_title = STR("Acme & Sons"),
        .rows = scene.rows,
        .row_count = rows,
        .id = STR("m-1"),
        .public_url = STR("https://forms.example/"),
        .now_ms = 1774000123000,
    };
    for (size_t i = 0; i < rows; i++) {
        scene.rows[i] = (struct submission){.form = STR("contact"),
                                            .name = STR("Jane Doe"),
                                            .email = STR("jane@x.example"),
                                            .message = STR("Hello,\nworld"),
                                            .page = STR("https://x.example/p")};
        set_id(&scene.rows[i], 1774000000000 + 60000 * (int64_t)i);
    }
    return &scene;
}

static void compose(struct scene *scene)
{
    mail_text_init(&scene->text);
    assert_int_equal(mail_text_compose(&scene->input, &scene->text), ERR_OK);
}

static bool holds(const struct buf *text, const char *part)
{
    return memmem(text->ptr, text->len, part, strlen(part)) != NULL;
}

#define CHECK_HOLDS(text, part)                                                                    \
    do {                                                                                           \
        if (!holds(text, part))                                                                    \
            fail_msg("\"%s\" is not in \"%.*s\"", part, (int)(text)->len, (text)->ptr);            \
    } while (0)
#define CHECK_LACKS(text, part)                                                                    \
    do {                                                                                           \
        if (holds(text, part))                                                                     \
            fail_msg("\"%s\" is in \"%.*s\"", part, (int)(text)->len, (text)->ptr);                \
    } while (0)

static void a_notice_tells_it_all(void **state)
{
    struct scene *scene = scene_of(1);

    (void)state;
    scene->rows[0].fields = STR(
        "{\"phone\":\"+49 1\",\"topics\":[\"a\",\"b\"],\"car\":{\"color\":\"red\",\"wheels\":"
        "[{\"n\":1},{\"n\":2.5}]},\"ok\":true,\"none\":null,\"list\":[],\"_utm_source\":\"x\"}");
    compose(scene);
    check_str(buf_str(&scene->text.subject), "New message from Jane Doe - Acme & Sons");
    check_str(buf_str(&scene->text.text), "Name: Jane Doe\n"
                                          "E-mail: jane@x.example\n"
                                          "Message:\n"
                                          "  Hello,\n"
                                          "  world\n"
                                          "phone: +49 1\n"
                                          "topics: a, b\n"
                                          "car.color: red\n"
                                          "car.wheels[0].n: 1\n"
                                          "car.wheels[1].n: 2.5\n"
                                          "ok: true\n"
                                          "none:\n"
                                          "list:\n"
                                          "_utm_source: x\n"
                                          "\n----\n"
                                          "Form: Acme & Sons (contact)\n"
                                          "Page: https://x.example/p\n"
                                          "Received: 2026-03-20 09:46 UTC\n"
                                          "Open in the inbox: https://forms.example/admin/#message/"
                                          "019d0aa3-cc00-7000-8162-636465666768\n");
    CHECK_HOLDS(&scene->text.html, ">Hello,<br>world</td>");
    CHECK_HOLDS(&scene->text.html, ">Acme &amp; Sons (contact)</td>");
    CHECK_HOLDS(&scene->text.html, "<a href=\"https://forms.example/admin/#message/019d0aa3-");
    mail_text_done(&scene->text);
}

static void little_is_told_when_little_is_known(void **state)
{
    struct scene *scene = scene_of(1);

    (void)state;
    scene->rows[0] = (struct submission){.message = STR("Hi")};
    set_id(&scene->rows[0], 1774000000000);
    scene->input.form_title = scene->input.public_url = (struct str){0};
    compose(scene);
    check_str(buf_str(&scene->text.subject), "New message - contact");
    check_str(buf_str(&scene->text.text), "Message: Hi\n\n----\nForm: contact\nReceived: "
                                          "2026-03-20 09:46 UTC\n");
    CHECK_LACKS(&scene->text.html, "<a ");
    mail_text_done(&scene->text);
}

static void spam_is_marked_and_says_why(void **state)
{
    struct scene *scene = scene_of(1);

    (void)state;
    scene->rows[0].state = STATE_SPAM;
    scene->rows[0].spam_score = 750;
    scene->rows[0].spam_reasons =
        STR("[{\"rule\":\"links\",\"points\":5.00,\"detail\":\"3 links\"},"
            "{\"rule\":\"honeypot\",\"points\":2.50,\"detail\":\"\"}]");
    compose(scene);
    check_str(buf_str(&scene->text.subject), "[Spam] New message from Jane Doe - Acme & Sons");
    CHECK_HOLDS(&scene->text.text, "\nSpam: 7.50 points: links (3 links), honeypot\n");
    mail_text_done(&scene->text);
}

static void subjects_come_from_the_form_or_the_page(void **state)
{
    static const struct {
        const char *template, *fields, *subject;
    } ROWS[] = {
        {"", "{}", "New message from Jane Doe - Acme & Sons"},
        {"", "{\"_subject\":\"From the page\"}", "From the page"},
        {"", "{\"subject\":\"Web3Forms\"}", "Web3Forms"},
        {"", "{\"subject\":\"b\",\"_subject\":\"a\"}", "a"},
        {"", "{\"_subject\":\" \\r\\n \",\"subject\":\"\"}",
         "New message from Jane Doe - Acme & Sons"},
        {"", "{\"_subject\":[\"a\"]}", "New message from Jane Doe - Acme & Sons"},
        {"", "{\"_subject\":\"a\\r\\nBcc: b\"}", "a Bcc: b"},
        {"Enquiry from {{name}}", "{\"_subject\":\"page\"}", "Enquiry from Jane Doe"},
        {"{{_subject}}!", "{\"_subject\":\"page\"}", "page!"},
        {"{{nothing}}", "{}", "New message from Jane Doe - Acme & Sons"},
        {"{{message}}", "{}", "Hello, world"},
        {"{{ car.color }} {{car.wheels}} {{car}}", "{\"car\":{\"color\":\"red\",\"wheels\":[1,2]}}",
         "red 1, 2 color: red, wheels: 1, 2"},
        {"{{a.b.c}}|{{a.b.d}}|{{a.b}}|{{a.}}|{{.}}|{{}}", "{\"a\":{\"b.c\":\"x\"}}", "x|||||"},
        {"{{form}} {{title}} {{page}} {{date}}", "{}",
         "contact Acme & Sons https://x.example/p 2026-03-20 09:46 UTC"},
        {"{{title}} {{name}}", "{\"title\":\"Dr.\"}", "Dr. Jane Doe"},
        {"{{a}}", "{\"a\":\"{{email}} {{a}}\"}", "{{email}} {{a}}"},
        {"{{name", "{}", "{{name"},
        {"a }} {b} {{name}} {", "{}", "a }} {b} Jane Doe {"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct scene *scene = scene_of(1);
        scene->notice.subject = str_of(ROWS[i].template);
        scene->rows[0].fields = str_of(ROWS[i].fields);
        compose(scene);
        check_str(buf_str(&scene->text.subject), ROWS[i].subject);
        mail_text_done(&scene->text);
    }
}

/* The subject that the page gave is not told twice. */
static void a_posted_subject_is_told_once(void **state)
{
    struct scene *scene = scene_of(1);

    (void)state;
    scene->rows[0].fields = STR("{\"_subject\":\"Page\",\"subject\":\"Visitor\"}");
    compose(scene);
    CHECK_LACKS(&scene->text.text, "_subject");
    CHECK_HOLDS(&scene->text.text, "\nsubject: Visitor\n");
    mail_text_done(&scene->text);
    scene->notice.subject = STR("{{name}}");
    compose(scene);
    CHECK_HOLDS(&scene->text.text, "\n_subject: Page\n");
    mail_text_done(&scene->text);
}

static void values_are_escaped_for_where_they_go(void **state)
{
    struct scene *scene = scene_of(1);

    (void)state;
    scene->notice.text = STR("<b>{{name}}</b>\nsays: {{message}}");
    scene->rows[0].name = STR("<img src=x onerror=alert(1)>\"'&");
    scene->rows[0].message = STR("</td><script>\r\nSpam: none\rPage: mine\x1b[0m");
    scene->rows[0].fields = STR("{\"<i>\":\"&lt;\"}");
    compose(scene);
    CHECK_HOLDS(&scene->text.text,
                "<b><img src=x onerror=alert(1)>\"'&</b>\nsays: </td><script>\n");
    CHECK_HOLDS(&scene->text.text,
                "Message:\n  </td><script>\n  Spam: none\n  Page: mine\xef\xbf\xbd[0m\n");
    CHECK_LACKS(&scene->text.html, "<img");
    CHECK_LACKS(&scene->text.html, "<script");
    CHECK_LACKS(&scene->text.html, "<b>");
    CHECK_LACKS(&scene->text.html, "<i>");
    CHECK_HOLDS(&scene->text.html,
                "&lt;b&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/b&gt;<br>says: ");
    CHECK_HOLDS(&scene->text.html, ">&lt;i&gt;</th>");
    CHECK_HOLDS(&scene->text.html, ">&amp;lt;</td>");
    mail_text_done(&scene->text);
}

static void what_is_no_json_is_told_as_it_is(void **state)
{
    struct scene *scene = scene_of(1);

    (void)state;
    scene->rows[0].fields = STR("{\"a\":");
    compose(scene);
    CHECK_HOLDS(&scene->text.text, "\nFields: {\"a\":\n");
    mail_text_done(&scene->text);
}

static void what_is_too_long_is_cut(void **state)
{
    struct scene *scene = scene_of(1);
    struct buf long_text = buf_new(200000), fields = buf_new(2000000);

    (void)state;
    for (int i = 0; i < 30000; i++)
        buf_put(&long_text, STR("\xc3\xa4"));
    buf_put(&fields, STR("{\"first\":1"));
    for (int i = 0; i < 20; i++) {
        buf_printf(&fields, ",\"f%d\":\"", i);
        for (int j = 0; j < 60000; j++)
            buf_put(&fields, STR("<"));
        buf_put(&fields, STR("\""));
    }
    buf_put(&fields, STR("}"));
    scene->rows[0].message = buf_str(&long_text);
    scene->rows[0].fields = buf_str(&fields);
    compose(scene);
    assert_true(scene->text.text.len + scene->text.html.len < 700 * 1024);
    CHECK_HOLDS(&scene->text.text, "\xc3\xa4\xe2\x80\xa6\nfirst: 1\nf0: <");
    CHECK_HOLDS(&scene->text.text, "\nAnd more: a mail does not hold all of it\n");
    CHECK_HOLDS(&scene->text.text, "\n----\nForm: Acme & Sons (contact)\nPage: ");
    CHECK_HOLDS(&scene->text.text, "\nOpen in the inbox: ");
    mail_text_done(&scene->text);
    buf_done(&long_text);
    buf_done(&fields);
}

static void a_title_without_end_hides_nothing(void **state)
{
    struct scene *scene = scene_of(1);
    struct buf title = buf_new(10000);

    (void)state;
    for (int i = 0; i < 5000; i++)
        buf_put_char(&title, 'x');
    scene->input.form_title = buf_str(&title);
    compose(scene);
    CHECK_HOLDS(&scene->text.text, "\nForm: xxx");
    CHECK_HOLDS(&scene->text.text, "x\xe2\x80\xa6 (contact)\n");
    CHECK_HOLDS(&scene->text.text, "\nReceived: 2026-03-20 09:46 UTC\n");
    mail_text_done(&scene->text);
    buf_done(&title);
}

/* Where the parts stand in a text. */
static size_t place_of(const struct buf *text, const char *part)
{
    const char *at = memmem(text->ptr, text->len, part, strlen(part));

    assert_non_null(at);
    return (size_t)(at - text->ptr);
}

static void a_digest_counts_and_ends_with_the_newest(void **state)
{
    struct scene *scene = scene_of(3);

    (void)state;
    scene->rows[0].message = STR("first");
    scene->rows[2].message = STR("last");
    compose(scene);
    check_str(buf_str(&scene->text.subject), "3 new messages - Acme & Sons");
    assert_true(place_of(&scene->text.text, "first") < place_of(&scene->text.text, "last"));
    assert_true(place_of(&scene->text.html, "first") < place_of(&scene->text.html, "last"));
    CHECK_LACKS(&scene->text.text, " more");
    mail_text_done(&scene->text);

    struct submission newest = scene->rows[2]; /* the other way round */
    scene->rows[2] = scene->rows[0];
    scene->rows[0] = newest;
    compose(scene);
    assert_true(place_of(&scene->text.text, "first") < place_of(&scene->text.text, "last"));
    mail_text_done(&scene->text);
}

static size_t count_of(const struct buf *text, const char *part)
{
    size_t count = 0;

    for (struct str rest = buf_str(text); rest.len >= strlen(part); rest.ptr++, rest.len--)
        count += str_starts_with(rest, str_of(part));
    return count;
}

static void a_digest_is_bounded(void **state)
{
    struct scene *scene = scene_of(130);

    (void)state;
    compose(scene);
    check_str(buf_str(&scene->text.subject), "130 new messages - Acme & Sons");
    assert_int_equal(count_of(&scene->text.text, "\nReceived: "), 100);
    CHECK_HOLDS(&scene->text.text,
                "\nand 30 more\nOpen the inbox: https://forms.example/admin/#inbox\n");
    mail_text_done(&scene->text);

    struct buf long_text = buf_new(100000);
    for (int i = 0; i < 20000; i++)
        buf_put_char(&long_text, '"');
    for (size_t i = 0; i < 130; i++)
        scene->rows[i].message = buf_str(&long_text);
    compose(scene);
    assert_true(scene->text.text.len + scene->text.html.len < 500 * 1024);
    CHECK_HOLDS(&scene->text.text, "\nand ");
    mail_text_done(&scene->text);
    buf_done(&long_text);
}

/* What is weighed one by one fits when it stands together. */
static void a_digest_weighs_what_its_rows_do(void **state)
{
    struct scene *scene = scene_of(20);
    struct channel_input one = scene->input;
    size_t weight = 0;

    (void)state;
    scene->rows[7].fields = STR("{\"a\":\"<b>\",\"list\":[1,{\"n\":2}]}");
    one.row_count = 1;
    for (size_t i = 0; i < 20; i++) {
        one.rows = &scene->rows[i];
        weight += mail_text_weigh(&one);
    }
    compose(scene);
    size_t whole = scene->text.text.len + scene->text.html.len;
    assert_true(whole < weight + 1000 && whole > weight);
    mail_text_done(&scene->text);
}

static void check_said(struct scene *scene, enum language language, enum text text)
{
    CHECK_HOLDS(&scene->text.text, text_say(language, text));
    CHECK_HOLDS(&scene->text.html, text_say(language, text));
}

static void mails_speak_the_form_s_language(void **state)
{
    static const enum text SAID[] = {TEXT_LABEL_NAME,  TEXT_LABEL_EMAIL, TEXT_LABEL_MESSAGE,
                                     TEXT_FORM,        TEXT_PAGE,        TEXT_RECEIVED,
                                     TEXT_OPEN_MESSAGE};
    static const char *const SUBJECTS[LANGUAGE__COUNT][3] = {
        [LANGUAGE_EN] = {"New message from Jane Doe - ", "New message - ", "2 new messages - "},
        [LANGUAGE_DE] = {"Neue Nachricht von Jane Doe - ", "Neue Nachricht - ",
                         "2 neue Nachrichten - "},
        [LANGUAGE_FR] = {"Nouveau message de Jane Doe - ", "Nouveau message - ",
                         "2 nouveaux messages - "},
        [LANGUAGE_ES] = {"Nuevo mensaje de Jane Doe - ", "Nuevo mensaje - ",
                         "2 mensajes nuevos - "},
        [LANGUAGE_PT] = {"Nova mensagem de Jane Doe - ", "Nova mensagem - ",
                         "2 novas mensagens - "},
        [LANGUAGE_IT] = {"Nuovo messaggio da Jane Doe - ", "Nuovo messaggio - ",
                         "2 nuovi messaggi - "},
        [LANGUAGE_NL] = {"Nieuw bericht van Jane Doe - ", "Nieuw bericht - ",
                         "2 nieuwe berichten - "},
        [LANGUAGE_PL] = {"Nowa wiadomość od Jane Doe - ", "Nowa wiadomość - ",
                         "Nowe wiadomości: 2 - "},
    };

    (void)state;
    for (int language = 0; language < LANGUAGE__COUNT; language++)
        for (int i = 0; i < 3; i++) {
            struct scene *scene = scene_of(i == 2 ? 2 : 1);
            scene->input.language = (enum language)language;
            if (i == 1)
                scene->rows[0].name = scene->rows[0].email = STR("");
            compose(scene);
            assert_true(
                str_starts_with(buf_str(&scene->text.subject), str_of(SUBJECTS[language][i])));
            for (size_t j = 0; i != 1 && j < COUNTOF(SAID); j++)
                check_said(scene, (enum language)language, SAID[j]);
            mail_text_done(&scene->text);
        }
}

static void an_alarm_is_text_alone(void **state)
{
    struct scene *scene = scene_of(0);

    (void)state;
    scene->input.text = STR("The form contact is silent\nNo message for 14 days.\n");
    compose(scene);
    check_str(buf_str(&scene->text.subject), "The form contact is silent");
    check_str(buf_str(&scene->text.text), "The form contact is silent\nNo message for 14 days.\n\n"
                                          "Open the inbox: https://forms.example/admin/\n");
    assert_int_equal(scene->text.html.len, 0);
    mail_text_done(&scene->text);
}

static void a_reply_says_what_its_form_says(void **state)
{
    struct scene *scene = scene_of(1);

    (void)state;
    scene->notice.destinations[0].channel = CHANNEL_REPLY;
    compose(scene);
    check_str(buf_str(&scene->text.subject), "Thank you!");
    check_str(buf_str(&scene->text.text), "Your message has arrived.\n");
    mail_text_done(&scene->text);
    scene->notice.reply_subject = STR("Thanks, {{name}}");
    scene->notice.reply_text =
        STR("Dear {{name}},\nwe answer {{email}} soon: https://acme.example\n");
    compose(scene);
    check_str(buf_str(&scene->text.subject), "Thanks, Jane Doe");
    check_str(buf_str(&scene->text.text),
              "Dear Jane Doe,\nwe answer jane@x.example soon: https://acme.example\n");
    CHECK_HOLDS(&scene->text.html, "Dear Jane Doe,<br>we answer");
    CHECK_LACKS(&scene->text.html, "<a ");
    mail_text_done(&scene->text);
}

static void strangers_put_no_links_into_replies(void **state)
{
    static const struct {
        const char *name, *said;
    } ROWS[] = {
        {"Jane", "Jane"},
        {"Win at http://evil.example/x?y now", "Win at [link] now"},
        {"www.evil.com", "[link]"},
        {"evil.com/win", "[link]"},
        {"evil.zip", "evil. zip"},
        {"meshhttp://http://evil.example", "meshhttp: //[link]"},
        {"news://", "news: //"},
        {"3.5 a. b", "3.5 a. b"},
        {"[url=http://evil.example]x[/url]", "[link][link]]x[/url]"},
        {"<a href=\"http://evil.example\">", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct scene *scene = scene_of(1);
        char expected[200];
        scene->notice.destinations[0].channel = CHANNEL_REPLY;
        scene->notice.reply_text = STR("Dear {{name}}");
        scene->rows[0].name = str_of(ROWS[i].name);
        compose(scene);
        CHECK_LACKS(&scene->text.text, "://");
        CHECK_LACKS(&scene->text.html, "://");
        snprintf(expected, sizeof expected, "Dear %s\n", ROWS[i].said);
        if (ROWS[i].said)
            check_str(buf_str(&scene->text.text), expected);
        mail_text_done(&scene->text);
    }
}

static void strangers_say_little_in_replies(void **state)
{
    struct scene *scene = scene_of(1);
    struct buf long_text = buf_new(100000);

    (void)state;
    for (int i = 0; i < 5000; i++)
        buf_put(&long_text, STR("spam "));
    scene->notice.destinations[0].channel = CHANNEL_REPLY;
    scene->notice.reply_text = STR("{{message}}");
    scene->rows[0].message = buf_str(&long_text);
    compose(scene);
    assert_true(scene->text.text.len <= MAIL_REPLY_VALUE_MAX + 1);
    mail_text_done(&scene->text);
    buf_done(&long_text);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a notice tells it all", a_notice_tells_it_all),
        CASE("little is told when little is known", little_is_told_when_little_is_known),
        CASE("spam is marked and says why", spam_is_marked_and_says_why),
        CASE("subjects come from the form or the page", subjects_come_from_the_form_or_the_page),
        CASE("a posted subject is told once", a_posted_subject_is_told_once),
        CASE("values are escaped for where they go", values_are_escaped_for_where_they_go),
        CASE("what is no JSON is told as it is", what_is_no_json_is_told_as_it_is),
        CASE("what is too long is cut", what_is_too_long_is_cut),
        CASE("a title without end hides nothing", a_title_without_end_hides_nothing),
        CASE("a digest counts and ends with the newest", a_digest_counts_and_ends_with_the_newest),
        CASE("a digest is bounded", a_digest_is_bounded),
        CASE("a digest weighs what its rows do", a_digest_weighs_what_its_rows_do),
        CASE("mails speak the form's language", mails_speak_the_form_s_language),
        CASE("an alarm is text alone", an_alarm_is_text_alone),
        CASE("a reply says what its form says", a_reply_says_what_its_form_says),
        CASE("strangers put no links into replies", strangers_put_no_links_into_replies),
        CASE("strangers say little in replies", strangers_say_little_in_replies),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
