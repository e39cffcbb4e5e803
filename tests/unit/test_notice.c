/* SPDX-License-Identifier: MIT */
/* Who hears of a form's messages: settings right and wrong. */
#include "core/form.h"

#include "check.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

struct compiled {
    json_t *document;
    struct notice notice;
};

static void compiled_done(struct compiled *compiled)
{
    notice_done(&compiled->notice);
    json_decref(compiled->document);
}

static enum err compile(const char *text, struct compiled *ret, struct err_detail *detail)
{
    ret->document = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(ret->document);
    return notice_compile(ret->document, &ret->notice, detail);
}

static void nothing_said_is_nobody(void **state)
{
    struct notice notice;

    (void)state;
    assert_int_equal(notice_compile(NULL, &notice, NULL), ERR_OK);
    assert_int_equal(notice.count, 0);
    notice_done(&notice);
    notice_done(&notice);
}

static void every_channel_can_be_said(void **state)
{
    CLEANUP(compiled_done) struct compiled all = {NULL};

    (void)state;
    assert_int_equal(
        compile("{\"autoreply\":{\"subject\":\"Thanks\",\"text\":\"We have it,\\n{{name}}.\"},"
                "\"mail\":[\"owner@client.example\",{\"to\":\"sales@client.example\",\"digest\":"
                "\"daily\",\"spam\":true}],"
                "\"webhooks\":[{\"name\":\"crm\",\"url\":\"https://crm.example/in\",\"secret\":"
                "\"" SECRET "\"},{\"name\":\"old\",\"url\":\"https://old.example/\",\"secret\":"
                "\"0123456789abcdef\",\"signature\":\"formspree\"},{\"url\":"
                "\"http://plain.example:8080/x?y=z\"}],"
                "\"slack\":[{\"url\":\"https://hooks.slack.com/services/T/B/x\"}],"
                "\"discord\":[{\"url\":\"https://discord.com/api/webhooks/1/x\",\"name\":null}],"
                "\"telegram\":[{\"token\":\"123:AB-c_d\",\"chat\":\"-100123\"}],"
                "\"teams\":[{\"url\":\"https://x.logic.azure.com/workflows/1?sig=2\"}],"
                "\"ntfy\":[{\"url\":\"https://ntfy.sh/topic\"},{\"name\":\"own\",\"url\":"
                "\"https://ntfy.example\",\"topic\":\"t\",\"token\":\"tk_1\"}],"
                "\"gotify\":[{\"url\":\"https://push.example/gotify\",\"token\":\"A1\"}],"
                "\"subject\":\"{{name}}\",\"text\":\"a\\nb\",\"silenceDays\":7}",
                &all, NULL),
        ERR_OK);
    assert_int_equal(all.notice.count, 13);
    assert_int_equal(all.notice.destinations[12].channel, CHANNEL_REPLY);
    check_str(all.notice.destinations[12].name, "reply");
    assert_int_equal(all.notice.reply_per_day, 3);
    assert_int_equal(all.notice.silence_days, 7);
    check_str(all.notice.reply_text, "We have it,\n{{name}}.");
    check_str(all.notice.subject, "{{name}}");

    const struct destination *to = notice_find(&all.notice, STR("mail:sales@client.example"));
    assert_non_null(to);
    assert_int_equal(to->rhythm, RHYTHM_DAILY);
    assert_true(to->wants_spam);
    to = notice_find(&all.notice, STR("webhook:old"));
    assert_int_equal(to->signature, SIGNATURE_FORMSPREE);
    to = notice_find(&all.notice, STR("webhook"));
    check_str(to->address, "http://plain.example:8080/x?y=z");
    assert_null(to->secret.ptr);
    to = notice_find(&all.notice, STR("ntfy:own"));
    check_str(to->chat, "t");
    check_str(to->secret, "tk_1");
    assert_non_null(notice_find(&all.notice, STR("slack")));
    assert_non_null(notice_find(&all.notice, STR("discord")));
    assert_null(notice_find(&all.notice, STR("mail")));
}

static void what_is_wrong_names_the_member(void **state)
{
    static const struct {
        const char *settings, *detail;
    } ROWS[] = {
        {"[]", "notify must be an object"},
        {"{\"colour\":1}", "notify has no member 'colour'; known are mail, webhooks, slack"},
        {"{\"mail\":\"a@b.example\"}", "notify.mail must be a list"},
        {"{\"mail\":[7]}", "notify.mail[0] must be an object"},
        {"{\"mail\":[\"nobody\"]}",
         "notify.mail[0].to: 'nobody' is not valid; expected is an addr"},
        {"{\"mail\":[{}]}", "notify.mail[0] needs to: a mailbox"},
        {"{\"mail\":[{\"to\":null}]}", "notify.mail[0] needs to"},
        {"{\"mail\":[{\"to\":\"a@b.example\",\"digest\":\"weekly\"}]}",
         "notify.mail[0].digest must be one of off, hourly, daily"},
        {"{\"mail\":[\"a@b.example\",{\"to\":\"A@B.example\"}]}",
         "notify.mail[1]: there is another 'mail:A@B.example'; one mail is enough"},
        {"{\"webhooks\":[{\"url\":\"https://a.example\",\"sceret\":\"x\"}]}",
         "notify.webhooks[0] has no member 'sceret'; known are name, url, secret, signature, spam"},
        {"{\"webhooks\":[{\"name\":\"x\"}]}", "notify.webhooks[0] needs url"},
        {"{\"webhooks\":[{\"url\":\"ftp://a.example\"}]}",
         "notify.webhooks[0].url: 'ftp://a.example' is not valid; expected is an https URL"},
        {"{\"webhooks\":[{\"url\":\"https://0x7f.1/\"}]}", "notify.webhooks[0].url: "},
        {"{\"webhooks\":[{\"url\":\"https://a.example\",\"name\":\"a b\"}]}",
         "notify.webhooks[0].name: 'a b' is not valid; expected is letters"},
        {"{\"webhooks\":[{\"url\":\"https://a.example\"},{\"url\":\"https://b.example\"}]}",
         "notify.webhooks[1]: there is another 'webhook'; give each a name of its own"},
        {"{\"webhooks\":[{\"url\":\"https://a.example\",\"secret\":\"hush\"}]}",
         "notify.webhooks[0].secret must be whsec_ and base64"},
        {"{\"webhooks\":[{\"url\":\"https://a.example\",\"secret\":\"whsec_c2hvcnQ=\"}]}",
         "notify.webhooks[0].secret must be whsec_"},
        {"{\"webhooks\":[{\"url\":\"https://a.example\",\"secret\":\"a\\nb\"}]}",
         "notify.webhooks[0].secret is not valid"},
        {"{\"webhooks\":[{\"url\":\"https://a.example\",\"signature\":\"formspree\"}]}",
         "notify.webhooks[0].secret must be a text of 16 to 128 bytes"},
        {"{\"webhooks\":[{\"url\":\"https://a.example\",\"spam\":1}]}",
         "notify.webhooks[0].spam must be true or false"},
        {"{\"slack\":[{\"url\":\"https://user@hooks.slack.com/T/B/x\"}]}",
         "notify.slack[0].url is not valid; expected is an https URL"},
        {"{\"telegram\":[{\"token\":\"123:a/b\",\"chat\":\"1\"}]}", "notify.telegram[0].token is"},
        {"{\"telegram\":[{\"token\":\"123:ab\",\"chat\":\"my chat\"}]}",
         "notify.telegram[0].chat: 'my chat' is not valid"},
        {"{\"telegram\":[{\"token\":\"123:ab\",\"chat\":\"@c\",\"url\":\"https://a.example/?x\"}]}",
         "notify.telegram[0].url must be the server's"},
        {"{\"ntfy\":[{\"url\":\"https://ntfy.sh\"}]}",
         "notify.ntfy[0].url must end with the topic"},
        {"{\"ntfy\":[{\"url\":\"https://ntfy.sh/a/b\"}]}", "notify.ntfy[0].url must end with"},
        {"{\"ntfy\":[{\"url\":\"https://ntfy.sh/a\",\"topic\":\"b\"}]}", "notify.ntfy[0].url must"},
        {"{\"gotify\":[{\"url\":\"https://a.example\"}]}", "notify.gotify[0] needs token"},
        {"{\"subject\":\"a\\nb\"}", "notify.subject is not valid; expected is one line"},
        {"{\"subject\":\"\"}", "notify.subject must be a text of 1 to 200 bytes"},
        {"{\"autoreply\":{}}", "notify.autoreply needs text"},
        {"{\"autoreply\":{\"text\":\"x\",\"perDay\":0}}",
         "notify.autoreply.perDay must be a whole number from 1 to 100"},
        {"{\"silenceDays\":-1}", "notify.silenceDays must be a whole number from 0 to 365"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(compiled_done) struct compiled none = {NULL};
        struct err_detail detail = {""};
        CHECK_ROW(compile(ROWS[i].settings, &none, &detail) == ERR_INVALID, ROWS[i].settings);
        if (strncmp(detail.text, ROWS[i].detail, strlen(ROWS[i].detail)) != 0)
            fail_msg("got \"%s\", for \"%s\"", detail.text, ROWS[i].settings);
        assert_null(strstr(detail.text, "hush"));
        assert_int_equal(none.notice.count, 0);
    }
}

static void there_is_a_ceiling(void **state)
{
    CLEANUP(buf_done) struct buf text = buf_new(4096);
    struct err_detail detail = {""};

    (void)state;
    buf_put(&text, STR("{\"mail\":["));
    for (int i = 0; i < DESTINATIONS_MAX; i++)
        buf_printf(&text, "%s\"a%d@b.example\"", i ? "," : "", i);
    buf_put(&text, STR("]}"));
    buf_put_char(&text, '\0');
    {
        CLEANUP(compiled_done) struct compiled all = {NULL};
        assert_int_equal(compile(text.ptr, &all, NULL), ERR_OK);
        assert_int_equal(all.notice.count, DESTINATIONS_MAX);
    }
    text.len -= 2;
    buf_put(&text, STR(",\"autoreply\":{\"text\":\"x\"}}"));
    buf_put_char(&text, '\0');
    CLEANUP(compiled_done) struct compiled more = {NULL};
    assert_int_equal(compile(text.ptr, &more, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, "more than 16 destinations"));
}

/* --- secrets as they are shown ------------------------------------------- */

static char *masked(const char *settings)
{
    json_t *document = json_loads(settings, 0, NULL);

    assert_non_null(document);
    assert_int_equal(form_settings_mask(document), ERR_OK);
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    return text;
}

static const char STORED[] =
    "{\"captcha\":{\"kind\":\"turnstile\",\"secret\":\"0123456789abcdef\"},"
    "\"notify\":{\"webhooks\":[{\"url\":\"https://crm.example/in\",\"secret\":\"" SECRET "\"}],"
    "\"slack\":[{\"name\":\"a\",\"url\":\"https://hooks.slack.com/services/T0/B0/same\"},"
    "{\"name\":\"b\",\"url\":\"https://hooks.slack.com/services/T1/B1/same\"}],"
    "\"gotify\":[{\"url\":\"https://push.example\",\"token\":\"short\"}]}}";

static void secrets_are_shown_masked(void **state)
{
    char *shown = masked(STORED);

    (void)state;
    assert_string_equal(
        shown, "{\"captcha\":{\"kind\":\"turnstile\",\"secret\":\"\xe2\x80\xa6"
               "cdef\"},\"notify\":{\"webhooks\":[{\"url\":\"https://crm.example/in\",\"secret\":"
               "\"whsec_\xe2\x80\xa6LaSw\"}],"
               "\"slack\":[{\"name\":\"a\",\"url\":\"https://hooks.slack.com/\xe2\x80\xa6same\"},"
               "{\"name\":\"b\",\"url\":\"https://hooks.slack.com/\xe2\x80\xa6same\"}],"
               "\"gotify\":[{\"url\":\"https://push.example\",\"token\":\"\xe2\x80\xa6\"}]}}");
    free(shown);
}

/* What is stored in the end, or why not. */
static char *sent_back(const char *settings)
{
    json_t *document = json_loads(settings, 0, NULL), *stored = json_loads(STORED, 0, NULL);
    struct err_detail detail = {""};

    assert_true(document && stored);
    enum err err = form_settings_unmask(document, stored, &detail);
    char *text = err == ERR_OK ? json_dumps(document, JSON_COMPACT) : strdup(detail.text);
    json_decref(document);
    json_decref(stored);
    return text;
}

static void masks_that_come_back_keep_the_secrets(void **state)
{
    static const struct {
        const char *sent, *stored;
    } ROWS[] = {
        /* the second of two whose masks are equal, by its name; renamed */
        {"{\"notify\":{\"slack\":[{\"name\":\"b\",\"url\":\"https://hooks.slack.com/"
         "\xe2\x80\xa6same\"}]}}",
         "{\"notify\":{\"slack\":[{\"name\":\"b\",\"url\":\"https://hooks.slack.com/services/T1/B1/"
         "same\"}]}}"},
        {"{\"notify\":{\"webhooks\":[{\"name\":\"x\",\"url\":\"https://new.example/\",\"secret\":"
         "\"whsec_\xe2\x80\xa6LaSw\"}]}}",
         "{\"notify\":{\"webhooks\":[{\"name\":\"x\",\"url\":\"https://new.example/\",\"secret\":"
         "\"" SECRET "\"}]}}"},
        /* a token goes nowhere else */
        {"{\"notify\":{\"gotify\":[{\"url\":\"https://"
         "evil.example\",\"token\":\"\xe2\x80\xa6\"}]}}",
         "notify.gotify[0].token is masked, and no such secret is stored for this url; write the "
         "secret itself"},
        {"{\"captcha\":{\"kind\":\"hcaptcha\",\"secret\":\"\xe2\x80\xa6"
         "cdef\"}}",
         "captcha.secret is masked, and no such secret is stored for this kind; write the secret "
         "itself"},
        {"{\"notify\":{\"webhooks\":[{\"url\":\"https://a.example\",\"secret\":\"whsec_\xe2\x80\xa6"
         "AAAA\"}]}}",
         "notify.webhooks[0].secret is masked, and no such secret is stored; write the secret "
         "itself"},
        /* what is not masked is what it is */
        {"{\"notify\":{\"gotify\":[{\"url\":\"https://a.example\",\"token\":\"new\"}]}}",
         "{\"notify\":{\"gotify\":[{\"url\":\"https://a.example\",\"token\":\"new\"}]}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char *stored = sent_back(ROWS[i].sent);
        if (strcmp(stored, ROWS[i].stored) != 0)
            fail_msg("got %s\nfor %s", stored, ROWS[i].sent);
        free(stored);
    }
    char *shown = masked(STORED), *again = sent_back(shown);
    assert_string_equal(again, STORED);
    free(shown);
    free(again);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("nothing said is nobody", nothing_said_is_nobody),
        CASE("every channel can be said", every_channel_can_be_said),
        CASE("what is wrong names the member", what_is_wrong_names_the_member),
        CASE("there is a ceiling", there_is_a_ceiling),
        CASE("secrets are shown masked", secrets_are_shown_masked),
        CASE("masks that come back keep the secrets", masks_that_come_back_keep_the_secrets),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
