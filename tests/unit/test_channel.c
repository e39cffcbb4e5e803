/* SPDX-License-Identifier: MIT */
/*
 * The contract of every channel, over all of them, and what each adds. Mails have tests
 * of their own, and so does whether others can verify the signatures (tests/proof).
 */
#include "core/channel.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "check.h"

#define ID "0191f8a0-0000-7000-8000-000000000001"

static const char SETTINGS[] =
    "{\"mail\":[\"owner@client.example\"],"
    "\"webhooks\":[{\"url\":\"https://crm.example/in?a=b\",\"secret\":"
    "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"}],"
    "\"slack\":[{\"url\":\"https://hooks.slack.com/services/T/B/x\"}],"
    "\"discord\":[{\"url\":\"https://discord.com/api/webhooks/1/x\"}],"
    "\"telegram\":[{\"token\":\"123:AB-c_d\",\"chat\":\"-100123\"}],"
    "\"teams\":[{\"url\":\"https://x.logic.azure.com/workflows/1?sig=2\"}],"
    "\"ntfy\":[{\"url\":\"https://ntfy.example/topic\",\"token\":\"tk_1\"}],"
    "\"gotify\":[{\"url\":\"https://push.example/sub/\",\"token\":\"A1\"}],"
    "\"autoreply\":{\"text\":\"We have it.\"}}";

struct world {
    json_t *settings;
    struct notice notice;
    struct mail_sender sender;
    struct submission row;
    struct channel_input input;
};

static struct submission message(struct str text)
{
    struct submission row = {
        .form = STR("shop"),
        .name = STR("Ada <!channel> @everyone"),
        .email = STR("ada@example.org"),
        .message = text,
        .fields = STR("{\"phone\":\"+1 555\",\"tags\":[\"a\",\"b\"],\"n\":7}"),
        .source = STR("203.0.113.9"),
        .user_agent = STR("Mozilla/5.0"),
        .page = STR("https://shop.example/contact"),
    };

    assert_true(id_parse(STR(ID), &row.id));
    return row;
}

static void world_open(struct world *world, struct str text)
{
    *world = (struct world){.settings = json_loads(SETTINGS, 0, NULL), .row = message(text)};
    assert_non_null(world->settings);
    assert_int_equal(notice_compile(world->settings, &world->notice, NULL), ERR_OK);
    world->sender = (struct mail_sender){.service = MAIL_SMTP,
                                         .url = STR("smtp://mail.example:587"),
                                         .address = STR("forms@acme.example")};
    world->input = (struct channel_input){
        .notice = &world->notice,
        .sender = &world->sender,
        .form = STR("shop"),
        .form_title = STR("Web *shop*"),
        .rows = &world->row,
        .row_count = 1,
        .id = STR(ID),
        .public_url = STR("https://forms.example/"),
        .now_ms = 1774000000000,
    };
}

static void world_done(struct world *world)
{
    notice_done(&world->notice);
    json_decref(world->settings);
}

static enum err compose(struct world *world, const struct destination *to, struct outgoing *out)
{
    struct err_detail detail = {""};

    outgoing_init(out);
    world->input.destination = to;
    enum err err = channel_compose(&world->input, out, &detail);
    assert_int_equal(err == ERR_INVALID, detail.text[0] != '\0');
    return err;
}

static const struct destination *of(struct world *world, enum channel channel)
{
    for (size_t i = 0; i < world->notice.count; i++)
        if (world->notice.destinations[i].channel == channel)
            return &world->notice.destinations[i];
    fail();
    return NULL;
}

/* What is posted; the caller's. */
static json_t *posted(struct world *world, enum channel channel)
{
    struct outgoing out;
    json_t *body;

    assert_int_equal(compose(world, of(world, channel), &out), ERR_OK);
    body = json_loadb(out.body.ptr, out.body.len, JSON_REJECT_DUPLICATES, NULL);
    if (!body)
        fail_msg("%s posts no JSON: %.*s", channel_text(channel), (int)out.body.len, out.body.ptr);
    outgoing_done(&out);
    return body;
}

static const char *text_at(const json_t *value, const char *path)
{
    struct str rest = str_of(path);

    while (rest.ptr) {
        struct str key = str_cut(&rest, '/');
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)key.len, key.ptr);
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(name))
                                     : json_object_get(value, name);
    }
    return json_string_value(value);
}

/* --- the contract -------------------------------------------------------- */

static void check_text(const struct buf *text, const char *row)
{
    size_t length;

    CHECK_ROW(text->err == ERR_OK && text->ptr && text->ptr[text->len] == '\0', row);
    CHECK_ROW(strlen(text->ptr) == text->len, row);
    CHECK_ROW(utf8_length(buf_str(text), &length), row);
}

/* Lines "Name: value", each ended by '\n', and nothing else. */
static void check_headers(const struct buf *headers, const char *row)
{
    struct str rest = buf_str(headers);

    CHECK_ROW(rest.len && rest.ptr[rest.len - 1] == '\n', row);
    rest.len--;
    while (rest.ptr) {
        struct str line = str_cut(&rest, '\n'), value = line;
        struct str name = str_cut(&value, ':');
        CHECK_ROW(name.len && str_is_visible_ascii(name) && value.len > 1 && value.ptr[0] == ' ',
                  row);
        for (size_t i = 0; i < value.len; i++)
            CHECK_ROW(value.ptr[i] >= 0x20 && value.ptr[i] < 0x7f, row);
    }
}

static void check_post(const struct outgoing *out, const char *row)
{
    json_t *body = json_loadb(out->body.ptr, out->body.len, JSON_REJECT_DUPLICATES, NULL);

    CHECK_ROW(json_is_object(body), row);
    json_decref(body);
    check_headers(&out->headers, row);
    CHECK_ROW(strstr(out->headers.ptr, "Content-Type: application/json\n"), row);
    CHECK_ROW(strstr(out->headers.ptr, "User-Agent: contactd/"), row);
    CHECK_ROW(strncmp(out->url.ptr, "https://", 8) == 0, row);
    CHECK_ROW(out->body.len <= 256 * 1024, row);
}

static void check_contract(struct world *world, const struct destination *to)
{
    const char *row = channel_text(to->channel);
    struct outgoing out, again;

    bool is_for_visitors = world->input.row_count && world->row.state != STATE_SPAM;
    if (to->channel == CHANNEL_REPLY && !is_for_visitors) {
        CHECK_ROW(compose(world, to, &out) == ERR_INVALID, row);
        outgoing_done(&out);
        return;
    }
    CHECK_ROW(compose(world, to, &out) == ERR_OK, row);
    check_text(&out.url, row);
    check_text(&out.headers, row);
    check_text(&out.from, row);
    check_text(&out.to, row);
    CHECK_ROW(out.body.len && out.body.ptr[out.body.len] == '\0', row);
    if (!out.is_smtp)
        check_post(&out, row);
    CHECK_ROW(out.is_smtp == (to->channel == CHANNEL_MAIL || to->channel == CHANNEL_REPLY), row);
    /* Nothing of ours that the visitor must not have, and of him nothing that nobody asked for. */
    CHECK_ROW(!strstr(out.body.ptr, "whsec_") && !strstr(out.body.ptr, "MfKQ9r8G"), row);
    CHECK_ROW(compose(world, to, &again) == ERR_OK, row);
    CHECK_ROW(str_equal(buf_str(&out.body), buf_str(&again.body)), row);
    outgoing_done(&out);
    outgoing_done(&again);
}

static void check_all(struct world *world)
{
    unsigned seen = 0;

    for (size_t i = 0; i < world->notice.count; i++) {
        seen |= 1U << world->notice.destinations[i].channel;
        check_contract(world, &world->notice.destinations[i]);
    }
    assert_int_equal(seen, (1U << CHANNEL_COUNT) - 1);
}

static void every_channel_keeps_the_contract(void **state)
{
    CLEANUP(world_done) struct world world;

    (void)state;
    world_open(&world, STR("Hello,\nwhat does it cost?\n"));
    check_all(&world);
    world.row.state = STATE_SPAM;
    check_all(&world);
    world.input.public_url = world.input.form_title = (struct str){0};
    world.row.fields = world.row.page = (struct str){0};
    world.row.name = (struct str){0};
    check_all(&world);
}

static void an_alarm_goes_out_by_every_channel(void **state)
{
    CLEANUP(world_done) struct world world;

    (void)state;
    world_open(&world, STR(""));
    world.input.row_count = 0;
    world.input.rows = NULL;
    world.input.text = STR("The form shop has been silent for 7 days.");
    check_all(&world);
    world.input.form = world.input.form_title = (struct str){0};
    check_all(&world);
}

/* All that is cut is cut between characters, and nothing grows over its ceiling. */
static void long_texts_fit_everywhere(void **state)
{
    static const char *const PIECES[] = {
        "a",         "&",   "\\",       "\"",           "\n",
        "@",         "*",   "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "e\xcc\x81", "\x01"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(PIECES); i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            CLEANUP(world_done) struct world world;
            CLEANUP(buf_done) struct buf text = buf_new(400000);
            CLEANUP(buf_done) struct buf fields = buf_new(400000);
            for (size_t j = 0; j < shift; j++)
                buf_put_char(&text, 'x');
            while (text.len < 60000)
                buf_put(&text, str_of(PIECES[i]));
            js_open(&fields, '{');
            js_field_string(&fields, "long", buf_str(&text));
            js_close(&fields, '}');
            world_open(&world, buf_str(&text));
            world.row.name = (struct str){text.ptr, shift + 200 * strlen(PIECES[i])};
            world.row.fields = buf_str(&fields);
            world.input.form_title = (struct str){text.ptr, shift + 200 * strlen(PIECES[i])};
            check_all(&world);
        }
    }
}

static size_t utf16_length(const char *text)
{
    struct str rest = str_of(text);
    size_t units = 0;

    while (rest.len)
        units += utf8_next(&rest) > 0xffff ? 2 : 1;
    return units;
}

static void documented_limits_are_kept(void **state)
{
    static const char *const PIECES[] = {"&", "*", "\xf0\x9f\x98\x80", "@", "a\n", "\""};

    (void)state;
    for (size_t i = 0; i < COUNTOF(PIECES); i++) {
        CLEANUP(world_done) struct world world;
        CLEANUP(buf_done) struct buf text = buf_new(400000);
        while (text.len < 60000)
            buf_put(&text, str_of(PIECES[i]));
        world_open(&world, buf_str(&text));
        json_t *body = posted(&world, CHANNEL_SLACK);
        CHECK_ROW(utf16_length(text_at(body, "text")) <= 4000, PIECES[i]);
        json_decref(body);
        body = posted(&world, CHANNEL_DISCORD);
        CHECK_ROW(utf16_length(text_at(body, "embeds/0/title")) <= 256, PIECES[i]);
        CHECK_ROW(utf16_length(text_at(body, "embeds/0/description")) <= 4096, PIECES[i]);
        CHECK_ROW(utf16_length(text_at(body, "embeds/0/description")) > 3000, PIECES[i]);
        json_decref(body);
        body = posted(&world, CHANNEL_TELEGRAM);
        CHECK_ROW(utf16_length(text_at(body, "text")) <= 4096, PIECES[i]);
        json_decref(body);
        body = posted(&world, CHANNEL_NTFY);
        CHECK_ROW(strlen(text_at(body, "message")) <= 4096, PIECES[i]);
        json_decref(body);
        struct outgoing out;
        assert_int_equal(compose(&world, of(&world, CHANNEL_TEAMS), &out), ERR_OK);
        CHECK_ROW(out.body.len <= 28 * 1024, PIECES[i]);
        outgoing_done(&out);
    }
}

/* --- webhooks ------------------------------------------------------------ */

static void the_webhook_says_what_it_promises(void **state)
{
    CLEANUP(world_done) struct world world;

    (void)state;
    world_open(&world, STR("Hello"));
    json_t *body = posted(&world, CHANNEL_WEBHOOK), *data = json_object_get(body, "data");
    assert_string_equal(text_at(body, "type"), "submission.created");
    assert_string_equal(text_at(data, "id"), ID);
    assert_string_equal(text_at(data, "form"), "shop");
    assert_string_equal(text_at(data, "title"), "Web *shop*");
    assert_string_equal(text_at(data, "submittedAt"), text_at(body, "timestamp"));
    assert_string_equal(text_at(data, "name"), "Ada <!channel> @everyone");
    assert_string_equal(text_at(data, "message"), "Hello");
    assert_string_equal(text_at(data, "fields/phone"), "+1 555");
    assert_string_equal(text_at(data, "page"), "https://shop.example/contact");
    assert_true(json_is_false(json_object_get(data, "spam")));
    assert_true(json_is_false(json_object_get(data, "truncated")));
    assert_string_equal(text_at(data, "url"), "https://forms.example/admin/#message/" ID);
    assert_null(json_object_get(data, "source"));
    assert_int_equal(json_object_size(body), 3);
    assert_int_equal(json_object_size(data), 13); /* as HookSubmission says in shapes.json */
    json_decref(body);
}

/* The example of the specification, whose signature others have computed, too. */
static void the_signature_is_the_specification_s(void **state)
{
    CLEANUP(world_done) struct world world;
    struct outgoing out;

    (void)state;
    const struct str parts[] = {STR("msg_p5jXN8AQM9LWM0D4loKWxJek."), STR("1614265330."),
                                STR("{\"test\": 2432232314}")};
    uint8_t key[64];
    size_t len;
    assert_true(base64_decode(STR("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), key, sizeof key, &len));
    struct digest digest = hmac_sha256((struct str){(const char *)key, len}, parts, 3);
    char text[BASE64_LEN(32) + 1];
    base64_encode(digest.bytes, 32, text);
    assert_string_equal(text, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

    world_open(&world, STR("Hello"));
    assert_int_equal(compose(&world, of(&world, CHANNEL_WEBHOOK), &out), ERR_OK);
    assert_non_null(strstr(out.headers.ptr, "webhook-id: msg_" ID "\n"));
    assert_non_null(strstr(out.headers.ptr, "webhook-timestamp: 1774000000\n"));
    assert_non_null(strstr(out.headers.ptr, "webhook-signature: v1,"));
    assert_null(strstr(out.headers.ptr, "Formspree"));
    outgoing_done(&out);

    struct destination unsigned_one = *of(&world, CHANNEL_WEBHOOK);
    unsigned_one.secret = (struct str){0};
    assert_int_equal(compose(&world, &unsigned_one, &out), ERR_OK);
    assert_null(strstr(out.headers.ptr, "signature"));
    assert_non_null(strstr(out.headers.ptr, "webhook-id: msg_" ID "\n"));
    outgoing_done(&out);
}

static void what_does_not_fit_says_so(void **state)
{
    CLEANUP(world_done) struct world world;
    CLEANUP(buf_done) struct buf text = buf_new(400000);

    (void)state;
    while (text.len < 300000)
        buf_put(&text, STR("\xe2\x82\xac"));
    world_open(&world, buf_str(&text));
    json_t *body = posted(&world, CHANNEL_WEBHOOK), *data = json_object_get(body, "data");
    assert_true(json_is_true(json_object_get(data, "truncated")));
    assert_int_equal(strlen(text_at(data, "message")), 90000);
    assert_string_equal(text_at(data, "id"), ID);
    json_decref(body);
}

/* --- chats --------------------------------------------------------------- */

static void visitors_call_nobody_and_format_nothing(void **state)
{
    CLEANUP(world_done) struct world world;

    (void)state;
    world_open(&world, STR("<!here> & [x](https://evil.example) **b** @ada a@b.example\n"
                           "Email: fake\xe2\x80\xae\x1b[0m"));
    json_t *body = posted(&world, CHANNEL_SLACK);
    assert_non_null(strstr(text_at(body, "text"), "&lt;!here&gt; &amp; [x]("));
    assert_null(strpbrk(text_at(body, "text"), "<>"));
    assert_true(json_is_false(json_object_get(body, "mrkdwn")));
    json_decref(body);

    body = posted(&world, CHANNEL_DISCORD);
    const json_t *parse = json_object_get(json_object_get(body, "allowed_mentions"), "parse");
    assert_true(json_is_array(parse) && json_array_size(parse) == 0);
    assert_non_null(strstr(text_at(body, "embeds/0/description"),
                           "\\[x\\]\\(https\\://evil.example\\) \\*\\*b\\*\\* \\@ada"));
    assert_string_equal(text_at(body, "embeds/0/title"), "New message\\: Web \\*shop\\*");
    json_decref(body);

    body = posted(&world, CHANNEL_TELEGRAM);
    assert_null(json_object_get(body, "parse_mode"));
    assert_non_null(strstr(text_at(body, "text"), " @\xe2\x81\xa0"
                                                  "ada a@b.example"));
    assert_string_equal(text_at(body, "chat_id"), "-100123");
    json_decref(body);

    body = posted(&world, CHANNEL_GOTIFY);
    assert_null(strstr(text_at(body, "message"), "\xe2\x80\xae"));
    assert_null(strchr(text_at(body, "message"), '\x1b'));
    assert_null(strchr(text_at(body, "message"), '\r'));
    json_decref(body);
}

/* A value of several lines does not look like several values. */
static void no_value_looks_like_another(void **state)
{
    CLEANUP(world_done) struct world world;

    (void)state;
    world_open(&world, STR("Hello"));
    world.row.name = STR("Ada\nEmail: fake@example.org");
    json_t *body = posted(&world, CHANNEL_NTFY);
    const char *text = text_at(body, "message");
    assert_non_null(strstr(text, "Name: Ada\n    Email: fake@example.org\nEmail: ada@example.org"));
    json_decref(body);
}

static void each_service_is_spoken_to_where_it_listens(void **state)
{
    static const struct {
        enum channel channel;
        const char *url, *header;
    } ROWS[] = {
        {CHANNEL_WEBHOOK, "https://crm.example/in?a=b", "webhook-id: msg_"},
        {CHANNEL_SLACK, "https://hooks.slack.com/services/T/B/x", ""},
        {CHANNEL_DISCORD, "https://discord.com/api/webhooks/1/x", ""},
        {CHANNEL_TELEGRAM, "https://api.telegram.org/bot123:AB-c_d/sendMessage", ""},
        {CHANNEL_TEAMS, "https://x.logic.azure.com/workflows/1?sig=2", ""},
        {CHANNEL_NTFY, "https://ntfy.example/", "Authorization: Bearer tk_1\n"},
        {CHANNEL_GOTIFY, "https://push.example/sub/message", "X-Gotify-Key: A1\n"},
    };
    CLEANUP(world_done) struct world world;

    (void)state;
    world_open(&world, STR("Hello"));
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct outgoing out;
        assert_int_equal(compose(&world, of(&world, ROWS[i].channel), &out), ERR_OK);
        assert_string_equal(out.url.ptr, ROWS[i].url);
        CHECK_ROW(strstr(out.headers.ptr, ROWS[i].header), ROWS[i].url);
        outgoing_done(&out);
    }
    json_t *body = posted(&world, CHANNEL_NTFY);
    assert_string_equal(text_at(body, "topic"), "topic");
    assert_string_equal(text_at(body, "click"), "https://forms.example/admin/#message/" ID);
    json_decref(body);
    body = posted(&world, CHANNEL_TEAMS);
    assert_string_equal(text_at(body, "attachments/0/contentType"),
                        "application/vnd.microsoft.card.adaptive");
    assert_string_equal(text_at(body, "attachments/0/content/actions/0/url"),
                        "https://forms.example/admin/#message/" ID);
    json_decref(body);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every channel keeps the contract", every_channel_keeps_the_contract),
        CASE("an alarm goes out by every channel", an_alarm_goes_out_by_every_channel),
        CASE("long texts fit everywhere", long_texts_fit_everywhere),
        CASE("documented limits are kept", documented_limits_are_kept),
        CASE("the webhook says what it promises", the_webhook_says_what_it_promises),
        CASE("the signature is the specification's", the_signature_is_the_specification_s),
        CASE("what does not fit says so", what_does_not_fit_says_so),
        CASE("visitors call nobody and format nothing", visitors_call_nobody_and_format_nothing),
        CASE("no value looks like another", no_value_looks_like_another),
        CASE("each service is spoken to where it listens",
             each_service_is_spoken_to_where_it_listens),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
