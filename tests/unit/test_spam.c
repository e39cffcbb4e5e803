/* SPDX-License-Identifier: MIT */
#include "core/spam.h"

#include "check.h"

#define NOW INT64_C(1800000000000)

/* A post read from JSON, with the columns pointing into it. */
struct post {
    struct arena arena;
    struct fields fields;
    struct spam_input input;
};

static void post_done(struct post *post)
{
    fields_done(&post->fields);
    arena_done(&post->arena);
}

static void post_read(struct post *post, const char *json)
{
    arena_init(&post->arena, 1 << 20, NULL, 0);
    CHECK_ROW(fields_from_json(str_of(json), &post->arena, &post->fields, NULL) == ERR_OK, json);
    post->input = (struct spam_input){
        .fields = &post->fields,
        .dialect = DIALECT_FORMSPREE,
        .name = fields_text(&post->fields, STR("name")),
        .email = fields_text(&post->fields, STR("email")),
        .message = fields_text(&post->fields, STR("message")),
        .now_ms = NOW,
    };
}

/* The parts as one line: "links:35 haste:470". */
static void check_parts(const struct spam_input *input, const char *expected, const char *row)
{
    CLEANUP(buf_done) struct buf found = buf_new(4096);
    struct spam_result result;
    int sum = 0;

    spam_score(input, &result);
    for (size_t i = 0; i < result.count; i++) {
        buf_printf(&found, "%s%s:%d", i ? " " : "", SPAM_RULES[result.hits[i].part].name,
                   result.hits[i].points);
        sum += result.hits[i].points;
    }
    assert_int_equal(sum, result.score);
    if (!str_equal(buf_str(&found), str_of(expected)))
        fail_msg("for %s: got \"%.*s\", expected \"%s\"", row, (int)found.len, found.ptr, expected);
}

static void check_post(const char *json, const char *expected)
{
    CLEANUP(post_done) struct post post;

    post_read(&post, json);
    check_parts(&post.input, expected, json);
}

#define PERSON     "\"name\":\"Ada Lovelace\",\"email\":\"ada@mail.example\""
#define SAYS(text) "{" PERSON ",\"message\":\"" text "\"}"

static void contents_are_judged(void **state)
{
    static const struct {
        const char *json, *parts;
    } ROWS[] = {
        {"{}", ""},
        {SAYS("Hello, is the table still for sale?"), ""},
        {SAYS("CALL ME NOW!!! \\ud83d\\ude00"), ""},
        {SAYS("I saw http://a.test/x in your window, how much?"), "links:35"},
        {SAYS("My shop: https://mail.example and www.mail.example/x"), ""},
        {SAYS("a.com is down, b.com too, so is c.com I think, and d.com was"), "links:157"},
        {SAYS("http://a.test"), "links:35 links-only:150"},
        {SAYS("x [url=http://a.test]cheap things for everybody[/url]"), "links:35 markup:247"},
        {SAYS("<b>bold</b> words"), "markup:67"},
        {SAYS("<script>alert(1)</script>"), "markup:202"},
        {"{\"name\":\"http://a.test win\",\"message\":\"hi\"}", "links:35 link-in-name:350"},
        {"{\"name\":\"Shop.com\",\"message\":\"hi\"}", "links:35 link-in-name:105"},
        {"{\"name\":\"same\",\"message\":\"same\"}", "name-is-message:150"},
        {"{\"name\":\"fKzQwLrTyB\",\"message\":\"oWqJxKpYbn\"}", "gibberish:450"},
        {"{\"name\":\"McDonald MacArthur\",\"message\":\"JavaScript\"}", ""},
        {"{\"email\":\"a.b.c.d.e@x.example\",\"message\":\"hi\"}", "dotted-email:150"},
        {SAYS("k\\u0430zino bon\\u0443s now"), "disguise:250"},
        {"{" PERSON ",\"message\":\"see my site\",\"website\":\"https://ada.test/\"}", ""},
        {"{" PERSON ",\"topics\":[\"http://a.test/1 x\",{\"k\":\"http://a.test/2 y\"}]}",
         "links:70"},
        {"{" PERSON ",\"_next\":\"http://a.test/x y\",\"message\":\"hi\"}", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_post(ROWS[i].json, ROWS[i].parts);
}

static void traps_are_for_robots(void **state)
{
    static const struct {
        const char *json, *parts;
    } ROWS[] = {
        {"{\"_gotcha\":\"x\"}", "honeypot:700"},
        {"{\"_gotcha\":\"\"}", ""},
        {"{\"_gotcha\":\"  \"}", ""},
        {"{\"_honey\":\"1\"}", "honeypot:700"},
        {"{\"_honeypot\":\"1\"}", "honeypot:700"},
        {"{\"_hp\":\"1\"}", "honeypot:700"},
        {"{\"__mf_hp\":\"1\"}", "honeypot:700"},
        {"{\"bot-field\":\"1\"}", "honeypot:700"},
        {"{\"honeypotField\":\"1\"}", "honeypot:700"},
        {"{\"botcheck\":false}", ""},
        {"{\"botcheck\":\"false\"}", ""},
        {"{\"botcheck\":null}", ""},
        {"{\"botcheck\":\"\"}", ""},
        {"{\"botcheck\":true}", "honeypot:700"},
        {"{\"botcheck\":\"on\"}", "honeypot:700"},
        {"{\"_gotcha\":[\"x\"]}", "honeypot:700"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_post(ROWS[i].json, ROWS[i].parts);
}

static void a_form_has_its_own_trap(void **state)
{
    static const struct {
        const char *json, *parts;
    } ROWS[] = {
        {"{\"fax\":\"\"}", ""},
        {"{\"fax\":\"1\"}", "honeypot:700"},
        {"{}", "honeypot-missing:150"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(post_done) struct post post;
        post_read(&post, ROWS[i].json);
        post.input.honeypot = STR("fax");
        check_parts(&post.input, ROWS[i].parts, ROWS[i].json);
    }
}

static bool knows_only_message(const void *form, struct str name)
{
    (void)form;
    return str_equal(name, STR("message"));
}

static void unknown_fields_are_counted(void **state)
{
    static const struct {
        const char *json, *parts;
    } ROWS[] = {
        {"{\"message\":\"x\"}", ""},
        {"{\"message\":\"x\",\"_page\":\"y\",\"utm_source\":\"z\",\"gclid\":\"1\"}", ""},
        {"{\"message\":\"x\",\"_gotcha\":\"\",\"altcha\":\"x\"}", ""},
        {"{\"message\":\"x\",\"url\":\"y\"}", "unknown-fields:60"},
        {"{\"message\":\"x\",\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}", "unknown-fields:200"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(post_done) struct post post;
        post_read(&post, ROWS[i].json);
        post.input.knows = knows_only_message;
        check_parts(&post.input, ROWS[i].parts, ROWS[i].json);
    }
}

#define CYRILLIC                                                                                   \
    "\\u043a\\u0430\\u0437\\u0438\\u043d\\u043e \\u0438 "                                          \
    "\\u0431\\u043e\\u043d\\u0443\\u0441\\u044b"
#define GERMAN "Bitte senden Sie mir den Katalog und die Preise, ich habe noch keine."

static void only_what_a_form_expects_is_expected(void **state)
{
    static const struct {
        const char *languages[2];
        const char *json, *parts;
    } ROWS[] = {
        {{NULL}, SAYS(CYRILLIC), ""},
        {{"ru"}, SAYS(CYRILLIC), ""},
        {{"en", "ru"}, SAYS(CYRILLIC), ""},
        {{"en"}, SAYS(CYRILLIC), "script:300"},
        {{"en"}, SAYS("My name is written \\u041e\\u043b\\u044c\\u0433\\u0430 in my passport"), ""},
        {{"xx"}, SAYS(CYRILLIC), ""},
        {{"de"}, SAYS(GERMAN), ""},
        {{"en"}, SAYS(GERMAN), "language:150"},
        {{"ru"}, SAYS(GERMAN), "language:150"},
        {{"en", "da"}, SAYS(GERMAN), ""}, /* Danish cannot be told apart, so nothing is said */
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(post_done) struct post post;
        struct str languages[2];
        size_t count = 0;
        while (count < 2 && ROWS[i].languages[count]) {
            languages[count] = str_of(ROWS[i].languages[count]);
            count++;
        }
        post_read(&post, ROWS[i].json);
        spam_expect(languages, count, &post.input.expected);
        check_parts(&post.input, ROWS[i].parts, ROWS[i].json);
    }
}

#define WITH(sign, expected)                                                                       \
    {                                                                                              \
#sign, expected,                                                                           \
        {                                                                                          \
            .now_ms = NOW, sign                                                                    \
        }                                                                                          \
    }

static void the_way_of_sending_is_judged(void **state)
{
    static const struct {
        const char *sign, *parts;
        struct spam_input input;
    } ROWS[] = {
        WITH(.loaded_at_ms = NOW - 400, "haste:470"),
        WITH(.loaded_at_ms = NOW - 1200, "haste:305"),
        WITH(.loaded_at_ms = NOW - 1999, "haste:188"),
        WITH(.loaded_at_ms = NOW - 2000, ""),
        WITH(.loaded_at_ms = NOW + 5000, ""),
        WITH(.is_webdriver = true, "webdriver:350"),
        WITH(.is_from_page = true, "agent:150"),
        WITH(.is_from_page = false, ""),
        WITH(.source_posts = 5, ""),
        WITH(.source_posts = 6, "rate:45"),
        WITH(.source_posts = 500, "rate:300"),
        WITH(.source_refusals = 20, "rate:105"),
        WITH(.same_body_forms = 1, "same-body:70"),
        WITH(.same_body_forms = 9, "same-body:200"),
        WITH(.bayes_log_odds = 900, ""),
        WITH(.bayes_log_odds = 3000, "bayes:700"),
        WITH(.bayes_log_odds = -900, ""),
        WITH(.bayes_log_odds = -3000, "bayes:-210"),
        WITH(.token = VERDICT_FINE, ""),
        WITH(.token = VERDICT_FORGED, "token:400"),
        WITH(.token = VERDICT_REUSED, "token:300"),
        WITH(.token = VERDICT_EXPIRED, "token:60"),
        WITH(.proof = VERDICT_FINE, "proof:-100"),
        WITH(.proof = VERDICT_WRONG, "proof:300"),
        WITH(.captcha = VERDICT_WRONG, "captcha:360"),
        WITH(.captcha = VERDICT_UNREACHABLE, ""),
    };
    static const struct fields NONE = {.count = 0};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct spam_input input = ROWS[i].input;
        input.fields = &NONE;
        check_parts(&input, ROWS[i].parts, ROWS[i].sign);
    }
}

static void browsers_are_told_from_tools(void **state)
{
    static const struct {
        const char *agent, *parts;
    } ROWS[] = {
        {"Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/18 Safari/605", ""},
        {"Mozilla/5.0 (X11; Linux) HeadlessChrome/120 Safari/537", "agent:300"},
        {"curl/8.0", "agent:255"},
        {"python-requests/2.31", "agent:255"},
        {"node", "agent:255"},
    };
    static const struct fields NONE = {.count = 0};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct spam_input input = {.fields = &NONE, .user_agent = str_of(ROWS[i].agent)};
        check_parts(&input, "", ROWS[i].agent);
        input.is_from_page = true;
        check_parts(&input, ROWS[i].parts, ROWS[i].agent);
    }
}

static void links_to_the_page_itself_are_free(void **state)
{
    CLEANUP(post_done) struct post post;

    (void)state;
    post_read(&post, SAYS("About https://www.shop.test/a and https://shop.test/b: cheaper at "
                          "https://other.test and https://myshop.test?"));
    post.input.page_host = STR("shop.test");
    check_parts(&post.input, "links:70", "two pages of the shop and two others");
}

/* The promises of spam.c: what may pass the threshold alone, and what may not. */
static void weak_signs_do_not_pass_alone(void **state)
{
    (void)state;
    for (enum spam_part part = 0; part < SPAM_PART__COUNT; part++) {
        bool is_strong = part == SPAM_HONEYPOT || part == SPAM_BAYES;
        CHECK_ROW((SPAM_RULES[part].points >= SPAM_THRESHOLD_DEFAULT) == is_strong,
                  SPAM_RULES[part].name);
        assert_non_null(SPAM_RULES[part].help);
    }
}

static void a_verdict_may_come_late(void **state)
{
    static const struct fields NONE = {.count = 0};
    const struct spam_input input = {
        .fields = &NONE, .token = VERDICT_EXPIRED, .proof = VERDICT_FINE, .is_webdriver = true};
    struct spam_result result;

    (void)state;
    spam_score(&input, &result);
    assert_int_equal(result.score, 60 - 100 + 350);
    spam_set_verdict(&result, SPAM_TOKEN, VERDICT_REUSED);
    assert_int_equal(result.score, 300 - 100 + 350);
    assert_int_equal(result.count, 3);
    assert_int_equal(result.hits[2].part, SPAM_TOKEN);
    assert_string_equal(result.hits[2].detail, "reused");
    spam_set_verdict(&result, SPAM_PROOF, VERDICT_NONE);
    assert_int_equal(result.score, 300 + 350);
    assert_int_equal(result.count, 2);
    spam_set_verdict(&result, SPAM_CAPTCHA, VERDICT_WRONG);
    assert_int_equal(result.score, 300 + 350 + 360);
}

static void parts_are_rendered_as_json(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(4096);
    CLEANUP(post_done) struct post post;
    struct spam_result result = {.count = 0};

    (void)state;
    spam_render(&out, &result);
    post_read(&post, "{\"_gotcha\":\"x\",\"message\":\"see http://a.test ok\"}");
    post.input.proof = VERDICT_FINE;
    spam_score(&post.input, &result);
    spam_render(&out, &result);
    check_str(buf_str(&out),
              "[][{\"rule\":\"honeypot\",\"points\":7.00,\"detail\":\"_gotcha\"},"
              "{\"rule\":\"proof\",\"points\":-1.00,\"detail\":\"fine\"},"
              "{\"rule\":\"links\",\"points\":0.35,\"detail\":\"1, first to a.test\"}]");
}

static void details_are_cut_between_code_points(void **state)
{
    CLEANUP(buf_done) struct buf json = buf_new(4096);
    CLEANUP(post_done) struct post post;
    struct spam_result result;

    (void)state;
    buf_put(&json, STR("{\"honeypot"));
    for (int i = 0; i < 100; i++)
        buf_put(&json, STR("\xe2\x82\xac"));
    buf_put(&json, STR("\":\"x\"}"));
    buf_put_char(&json, '\0');
    post_read(&post, json.ptr);
    spam_score(&post.input, &result);
    assert_int_equal(result.count, 1);
    assert_int_equal(strlen(result.hits[0].detail), 8 + 3 * ((SPAM_DETAIL_MAX - 8) / 3));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("contents are judged", contents_are_judged),
        CASE("traps are for robots", traps_are_for_robots),
        CASE("a form has its own trap", a_form_has_its_own_trap),
        CASE("unknown fields are counted", unknown_fields_are_counted),
        CASE("only what a form expects is expected", only_what_a_form_expects_is_expected),
        CASE("the way of sending is judged", the_way_of_sending_is_judged),
        CASE("browsers are told from tools", browsers_are_told_from_tools),
        CASE("links to the page itself are free", links_to_the_page_itself_are_free),
        CASE("weak signs do not pass alone", weak_signs_do_not_pass_alone),
        CASE("a verdict may come late", a_verdict_may_come_late),
        CASE("parts are rendered as JSON", parts_are_rendered_as_json),
        CASE("details are cut between code points", details_are_cut_between_code_points),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
