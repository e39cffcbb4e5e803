/* SPDX-License-Identifier: MIT */
#include "core/channel.h"

#include "check.h"

struct scene {
    struct notice notice;
    struct mail_sender sender;
    struct submission row;
    struct channel_input input;
    struct outgoing out;
    struct err_detail detail;
};

static struct scene *scene_of(enum channel channel, const char *visitor)
{
    static struct scene scene;
    struct id_source source = {0};

    scene = (struct scene){
        .notice = {.count = 2},
        .sender = {.service = MAIL_SMTP,
                   .url = STR("smtp://mail.acme.example:587"),
                   .secret = STR("key-1"),
                   .address = STR("forms@acme.example"),
                   .name = STR("Acme")},
        .row = {.form = STR("contact"),
                .name = STR("Jane"),
                .email = str_of(visitor),
                .message = STR("Hello")},
    };
    outgoing_init(&scene.out);
    scene.notice.destinations[0] = (struct destination){.name = STR("mail:owner@client.example"),
                                                        .channel = CHANNEL_MAIL,
                                                        .address = STR("owner@client.example")};
    scene.notice.destinations[1] =
        (struct destination){.name = STR("reply"), .channel = CHANNEL_REPLY};
    scene.row.id = id_next(&source, 1774000000000, (const uint8_t *)"abcdefgh");
    scene.input =
        (struct channel_input){.destination = &scene.notice.destinations[channel == CHANNEL_REPLY],
                               .notice = &scene.notice,
                               .sender = &scene.sender,
                               .form = STR("contact"),
                               .rows = &scene.row,
                               .row_count = 1,
                               .id = STR("m-1"),
                               .now_ms = 1774000123000};
    return &scene;
}

static enum err compose(struct scene *scene)
{
    return channel_compose(&scene->input, &scene->out, &scene->detail);
}

static void done(struct scene *scene)
{
    outgoing_done(&scene->out);
}

static bool holds(const struct buf *text, const char *part)
{
    return memmem(text->ptr, text->len, part, strlen(part)) != NULL;
}

static void the_envelope_is_the_operators(void **state)
{
    struct scene *scene = scene_of(CHANNEL_MAIL, "jane@x.example");

    (void)state;
    assert_int_equal(compose(scene), ERR_OK);
    assert_true(scene->out.is_smtp);
    assert_string_equal(scene->out.url.ptr, "smtp://mail.acme.example:587");
    assert_string_equal(scene->out.from.ptr, "forms@acme.example");
    assert_string_equal(scene->out.to.ptr, "owner@client.example");
    assert_int_equal(scene->out.to.len, strlen("owner@client.example"));
    assert_true(holds(&scene->out.body, "From: \"Acme\" <forms@acme.example>\r\n"));
    assert_true(holds(&scene->out.body, "Reply-To: \"Jane\" <jane@x.example>\r\n"));
    assert_false(holds(&scene->out.body, "Auto-Submitted"));
    done(scene);
}

static void an_address_that_cannot_be_answered_is_no_reply_to(void **state)
{
    static const char *const VISITORS[] = {"",
                                           "jane",
                                           "jane@localhost",
                                           "j\xc3\xbcrgen@x.example",
                                           "a..b@x.example",
                                           "jane@x.example, b@y.example"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(VISITORS); i++) {
        struct scene *scene = scene_of(CHANNEL_MAIL, VISITORS[i]);
        CHECK_ROW(compose(scene) == ERR_OK, VISITORS[i]);
        CHECK_ROW(!holds(&scene->out.body, "Reply-To"), VISITORS[i]);
        done(scene);
    }
}

static void digests_and_alarms_are_automatic(void **state)
{
    struct scene *scene = scene_of(CHANNEL_MAIL, "jane@x.example");
    struct submission rows[2] = {scene->row, scene->row};

    (void)state;
    scene->input.rows = rows;
    scene->input.row_count = 2;
    assert_int_equal(compose(scene), ERR_OK);
    assert_true(holds(&scene->out.body, "Subject: 2 new messages - contact\r\n"));
    assert_true(holds(&scene->out.body, "Auto-Submitted: auto-generated\r\n"));
    assert_false(holds(&scene->out.body, "Reply-To"));
    done(scene);
    scene->input.row_count = 0;
    scene->input.text = STR("Silence");
    assert_int_equal(compose(scene), ERR_OK);
    assert_true(holds(&scene->out.body, "Subject: Silence\r\n"));
    assert_true(holds(&scene->out.body, "Auto-Submitted: auto-generated\r\n"));
    assert_true(holds(&scene->out.body, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    done(scene);
}

static void what_cannot_be_sent_says_why(void **state)
{
    struct scene *scene = scene_of(CHANNEL_MAIL, "");

    (void)state;
    scene->sender.service = MAIL_NONE;
    assert_int_equal(compose(scene), ERR_INVALID);
    assert_non_null(strstr(scene->detail.text, "smtp_url"));
    scene = scene_of(CHANNEL_MAIL, "");
    scene->sender.address = STR("forms");
    assert_int_equal(compose(scene), ERR_INVALID);
    assert_non_null(strstr(scene->detail.text, "smtp_from"));
    scene = scene_of(CHANNEL_MAIL, "");
    scene->notice.destinations[0].address = STR("a@b.example\r\nRCPT TO:<c@d.example>");
    assert_int_equal(compose(scene), ERR_INVALID);
    assert_int_equal(scene->out.to.len, 0);
    done(scene);
}

static void a_visitor_is_answered(void **state)
{
    struct scene *scene = scene_of(CHANNEL_REPLY, "jane@x.example");

    (void)state;
    assert_int_equal(compose(scene), ERR_OK);
    assert_string_equal(scene->out.to.ptr, "jane@x.example");
    assert_string_equal(scene->out.from.ptr, "forms@acme.example");
    assert_true(holds(&scene->out.body, "To: <jane@x.example>\r\n"));
    assert_true(holds(&scene->out.body, "Auto-Submitted: auto-replied\r\n"));
    assert_true(holds(&scene->out.body, "X-Auto-Response-Suppress: All\r\n"));
    assert_true(holds(&scene->out.body, "Precedence: auto_reply\r\n"));
    assert_false(holds(&scene->out.body, "Reply-To"));
    done(scene);
}

static void nobody_else_is(void **state)
{
    static const char *const VISITORS[] = {
        "",
        "jane",
        "jane@localhost",
        "j\xc3\xbcrgen@x.example",
        "a..b@x.example",
        "jane@x.example\r\nRCPT TO:<b@y.example>",
        "MAILER-DAEMON@x.example",
        "postmaster@x.example",
        "noreply@x.example",
        "no-reply@x.example",
        "No.Reply@x.example",
        "no_reply+42@x.example",
        "noreply-shop@x.example",
        "shop-noreply@x.example",
        "shop.no-reply@x.example",
        "do-not-reply@x.example",
        "donotreply@x.example",
        "bounce@x.example",
        "bounces+1-2=3@x.example",
        "list-request@x.example",
        "list-bounces@x.example",
        "owner-list@x.example",
        "forms@acme.example", /* our own */
        "Forms+x@ACME.example",
        "owner@client.example", /* hears of the form */
        "OWNER@client.example",
        "owner+form@client.example",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(VISITORS); i++) {
        struct scene *scene = scene_of(CHANNEL_REPLY, VISITORS[i]);
        CHECK_ROW(compose(scene) == ERR_INVALID, VISITORS[i]);
        CHECK_ROW(scene->detail.text[0] && !scene->out.body.len, VISITORS[i]);
        done(scene);
    }
}

static void people_with_strange_names_are(void **state)
{
    static const char *const VISITORS[] = {"norbert@x.example",   "nora.eply@x.example",
                                           "bob@x.example",       "daemonica@x.example",
                                           "owner@other.example", "forms@client.example",
                                           "webmaster@x.example", "me+noreply@x.example"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(VISITORS); i++) {
        struct scene *scene = scene_of(CHANNEL_REPLY, VISITORS[i]);
        CHECK_ROW(compose(scene) == ERR_OK, VISITORS[i]);
        done(scene);
    }
}

static void spam_is_not_answered(void **state)
{
    struct scene *scene = scene_of(CHANNEL_REPLY, "jane@x.example");

    (void)state;
    scene->row.state = STATE_SPAM;
    assert_int_equal(compose(scene), ERR_INVALID);
    scene = scene_of(CHANNEL_REPLY, "jane@x.example");
    scene->input.row_count = 0;
    assert_int_equal(compose(scene), ERR_INVALID);
    done(scene);
}

static void postmark_gets_json(void **state)
{
    struct scene *scene = scene_of(CHANNEL_MAIL, "jane@x.example");

    (void)state;
    scene->sender.service = MAIL_POSTMARK;
    scene->sender.url = STR("https://api.postmarkapp.com/email");
    assert_int_equal(compose(scene), ERR_OK);
    assert_false(scene->out.is_smtp);
    assert_string_equal(scene->out.url.ptr, "https://api.postmarkapp.com/email");
    assert_string_equal(scene->out.headers.ptr, "X-Postmark-Server-Token: key-1\n"
                                                "Accept: application/json\n"
                                                "Content-Type: application/json\n");
    assert_true(holds(&scene->out.body,
                      "{\"From\":\"\\\"Acme\\\" <forms@acme.example>\","
                      "\"To\":\"owner@client.example\",\"ReplyTo\":\"jane@x.example\","
                      "\"Subject\":\"New message from Jane - contact\","
                      "\"TextBody\":\"Name: Jane\\n"));
    assert_true(holds(&scene->out.body,
                      "\"Headers\":[{\"Name\":\"Message-ID\",\"Value\":\"<m-1@acme.example>\"},"
                      "{\"Name\":\"X-PM-KeepID\",\"Value\":\"true\"},"
                      "{\"Name\":\"X-Contactd-Form\",\"Value\":\"contact\"}]}"));
    done(scene);
}

/* The same body has the same key, and another one another: such a retry would be refused. */
static void resend_gets_json_with_a_key(void **state)
{
    struct scene *scene = scene_of(CHANNEL_REPLY, "jane@x.example");
    char first[1000];

    (void)state;
    scene->sender.service = MAIL_RESEND;
    scene->sender.url = STR("https://api.resend.com/emails");
    assert_int_equal(compose(scene), ERR_OK);
    assert_true(holds(&scene->out.headers, "Authorization: Bearer key-1\n"));
    assert_true(
        holds(&scene->out.headers, "Content-Type: application/json\nIdempotency-Key: m-1/"));
    assert_true(holds(&scene->out.body, "\"to\":\"jane@x.example\",\"subject\":\"Thank you!\","));
    assert_true(holds(&scene->out.body, "\"headers\":{\"Auto-Submitted\":\"auto-replied\","
                                        "\"X-Auto-Response-Suppress\":\"All\","));
    snprintf(first, sizeof first, "%s", scene->out.headers.ptr);
    done(scene);
    scene->input.now_ms += 60000;
    assert_int_equal(compose(scene), ERR_OK);
    assert_string_equal(scene->out.headers.ptr, first);
    done(scene);
    scene->notice.reply_text = STR("Changed");
    assert_int_equal(compose(scene), ERR_OK);
    assert_string_not_equal(scene->out.headers.ptr, first);
    done(scene);
}

static void mailgun_gets_the_mail_itself(void **state)
{
    struct scene *scene = scene_of(CHANNEL_MAIL, "jane@x.example");

    (void)state;
    scene->sender.service = MAIL_MAILGUN;
    scene->sender.url = STR("https://api.eu.mailgun.net/v3/acme.example/messages");
    assert_int_equal(compose(scene), ERR_OK);
    assert_string_equal(scene->out.url.ptr,
                        "https://api.eu.mailgun.net/v3/acme.example/messages.mime");
    assert_string_equal(scene->out.headers.ptr,
                        "Authorization: Basic YXBpOmtleS0x\n" /* api:key-1 */
                        "Content-Type: multipart/form-data; boundary=contactd-mime\n");
    assert_true(
        holds(&scene->out.body, "name=\"to\"\r\n\r\nowner@client.example\r\n--contactd-mime\r\n"));
    assert_true(holds(&scene->out.body, "\r\n\r\nFrom: \"Acme\" <forms@acme.example>\r\nTo: "));
    assert_true(str_ends_with(buf_str(&scene->out.body), STR("\r\n--contactd-mime--\r\n")));
    done(scene);
}

static void a_key_is_no_header(void **state)
{
    static const enum mail_service SERVICES[] = {MAIL_POSTMARK, MAIL_RESEND, MAIL_MAILGUN};
    static const char *const KEYS[] = {"", "a\nX: y", "a b", "k\xc3\xa4y"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(SERVICES) * COUNTOF(KEYS); i++) {
        struct scene *scene = scene_of(CHANNEL_MAIL, "jane@x.example");
        scene->sender.service = SERVICES[i % COUNTOF(SERVICES)];
        scene->sender.secret = str_of(KEYS[i / COUNTOF(SERVICES)]);
        CHECK_ROW(compose(scene) == ERR_INVALID, KEYS[i / COUNTOF(SERVICES)]);
        assert_non_null(strstr(scene->detail.text, "API key"));
        done(scene);
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the envelope is the operator's", the_envelope_is_the_operators),
        CASE("an address that cannot be answered is no Reply-To",
             an_address_that_cannot_be_answered_is_no_reply_to),
        CASE("digests and alarms are automatic", digests_and_alarms_are_automatic),
        CASE("what cannot be sent says why", what_cannot_be_sent_says_why),
        CASE("a visitor is answered", a_visitor_is_answered),
        CASE("nobody else is", nobody_else_is),
        CASE("people with strange names are", people_with_strange_names_are),
        CASE("spam is not answered", spam_is_not_answered),
        CASE("Postmark gets JSON", postmark_gets_json),
        CASE("Resend gets JSON with a key", resend_gets_json_with_a_key),
        CASE("Mailgun gets the mail itself", mailgun_gets_the_mail_itself),
        CASE("a key is no header", a_key_is_no_header),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
