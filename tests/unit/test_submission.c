/* SPDX-License-Identifier: MIT */
#include "core/submission.h"

#include "base/json.h"
#include "check.h"

static const struct submission ROW = {
    .id = {{0x01, 0xa1, 0xfd, 0x70, 0xf2, 0x3b, 0x70, 0, 0x87, 1, 2, 3, 4, 5, 6, 7}},
    .form = {"contact", 7},
    .name = {"Ada", 3},
    .email = {"ada@example.org", 15},
    .message = {"Hello\n\"you\"", 11},
    .source = {"192.0.2.1", 9},
};

static void a_submission_is_one_json_object(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(4096);
    struct submission row = ROW;

    (void)state;
    row.fields = STR("{\"z\":1,\"a\":[true]}");
    row.user_agent = STR("curl/8");
    row.page = STR("https://example.org/");
    submission_render(&out, &row);
    assert_int_equal(buf_status(&out), ERR_OK);
    check_str(buf_str(&out),
              "{\"id\":\"01a1fd70-f23b-7000-8701-020304050607\",\"form\":\"contact\","
              "\"receivedAt\":\"2026-11-21T09:30:00.123Z\","
              "\"createdAt\":\"2026-11-21T09:30:00.123Z\",\"name\":\"Ada\","
              "\"email\":\"ada@example.org\",\"message\":\"Hello\\n\\\"you\\\"\","
              "\"fields\":{\"z\":1,\"a\":[true]},\"source\":\"192.0.2.1\","
              "\"userAgent\":\"curl/8\",\"page\":\"https://example.org/\","
              "\"state\":\"new\",\"starred\":false,\"spamScore\":0,\"spamReasons\":[]}");
}

static void what_was_not_sent_is_null(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(4096);

    (void)state;
    submission_render(&out, &ROW);
    buf_put_char(&out, '\0');
    assert_non_null(strstr(out.ptr, ",\"fields\":{},\"source\":\"192.0.2.1\","
                                    "\"userAgent\":null,\"page\":null,\"state\":\"new\","));
}

static void states_and_scores_are_shown(void **state)
{
    static const struct {
        enum submission_state state;
        int score;
        const char *shown;
    } ROWS[] = {
        {STATE_READ, 5, "\"state\":\"read\",\"starred\":false,\"spamScore\":0.05,"},
        {STATE_ARCHIVED, 100, "\"state\":\"archived\",\"starred\":false,\"spamScore\":1.00,"},
        {STATE_SPAM, 1234, "\"state\":\"spam\",\"starred\":false,\"spamScore\":12.34,"},
        {STATE_TRASH, -50, "\"state\":\"trash\",\"starred\":false,\"spamScore\":-0.50,"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf out = buf_new(4096);
        struct submission row = ROW;
        enum submission_state parsed;
        row.state = ROWS[i].state;
        row.spam_score = ROWS[i].score;
        row.spam_reasons = STR("[{\"rule\":\"links\"}]");
        submission_render(&out, &row);
        buf_put_char(&out, '\0');
        assert_non_null(strstr(out.ptr, ROWS[i].shown));
        assert_non_null(strstr(out.ptr, "\"spamReasons\":[{\"rule\":\"links\"}]}"));
        assert_true(submission_state_parse(str_of(submission_state_text(row.state)), &parsed));
        assert_int_equal(parsed, row.state);
        assert_false(submission_state_parse(STR("newer"), &parsed));
    }
}

static void an_address_is_found_where_it_stands_alone(void **state)
{
    static const struct {
        const char *email, *fields;
        bool is_found;
    } ROWS[] = {
        {"ada@example.org", NULL, true},
        {"ADA@Example.Org", NULL, true},
        {"ada@example.org.uk", NULL, false},
        {NULL, NULL, false},
        {NULL, "{}", false},
        {NULL, "{\"cc\":\"Ada@example.org\"}", true},
        {NULL, "{\"a\":{\"b\":[\"x\",\"ada@example.org\"]}}", true},
        {NULL, "{\"ada@example.org\":\"x\"}", false},
        {NULL, "{\"ada@example.org\":\"ada@example.org\"}", true},
        {NULL, "{\"cc\":\"to ada@example.org\"}", false},
        {NULL, "{\"cc\":\"ada@example.org \"}", false},
        {NULL, "{\"cc\":\"say \\\"ada@example.org\\\" aloud\"}", false},
        {NULL, "{\"cc\":\"\\\\\",\"d\":\"ada@example.org\"}", true},
        {NULL, "{\"cc\":\"ada@example.or", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        const struct submission row = {.email = str_of(ROWS[i].email),
                                       .fields = str_of(ROWS[i].fields)};
        CHECK_ROW(submission_has_address(&row, STR("ada@example.org")) == ROWS[i].is_found,
                  ROWS[i].fields ? ROWS[i].fields : "email");
    }
}

static bool is_same(const struct submission *a, const struct submission *b)
{
    static const uint8_t KEY[TABLE_KEY_BYTES] = "sixteen bytes..";
    struct content left = submission_content(a, KEY, NULL),
                   right = submission_content(b, KEY, NULL);

    return content_equal(&left, &right);
}

/* The parts that make a message, and nothing else. */
static void equal_messages_have_one_content(void **state)
{
    struct submission row = ROW, other = ROW;

    (void)state;
    other.source = STR("192.0.2.99");
    other.page = STR("https://elsewhere.example");
    assert_true(is_same(&row, &other));
    other.name.len--;
    assert_false(is_same(&row, &other));
    /* A text that moves from one field to the next is another message. */
    row.name = STR("ab");
    row.email = STR("c");
    other = row;
    other.name = STR("a");
    other.email = STR("bc");
    assert_false(is_same(&row, &other));
}

static void hostile_texts_stay_inside_their_strings(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(4096);
    CLEANUP(js_decref) json_t *object = NULL;
    struct submission row = ROW;

    (void)state;
    row.name = STR("\",\"admin\":true,\"x\":\"\\");
    row.message = STR("\x01\x1b[31m\x7f\r\n\t</script>\xe2\x80\xa8");
    row.user_agent = STR("\"\\\"");
    submission_render(&out, &row);
    assert_int_equal(js_parse_object(buf_str(&out), &object, NULL), ERR_OK);
    assert_int_equal(json_object_size(object), 15);
    assert_true(str_equal(js_get_string(object, "name"), row.name));
    assert_true(str_equal(js_get_string(object, "message"), row.message));
    assert_true(str_equal(js_get_string(object, "userAgent"), row.user_agent));
}

static void a_full_buffer_is_noticed(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(100);

    (void)state;
    submission_render(&out, &ROW);
    assert_int_equal(buf_status(&out), ERR_FULL);
}

static void form_names_are_lower_case_words(void **state)
{
    static const char *const GOOD[] = {"a", "7", "contact", "site-a_2", "2026-spring"};
    static const char *const BAD[] = {"", "-a", "_a", "A", "aB", "a b", "a/b", "a.b", "\xc3\xa4"};
    char name[FORM_NAME_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNTOF(GOOD); i++)
        CHECK_ROW(form_name_is_valid(str_of(GOOD[i])), GOOD[i]);
    for (size_t i = 0; i < COUNTOF(BAD); i++)
        CHECK_ROW(!form_name_is_valid(str_of(BAD[i])), BAD[i]);
    memset(name, 'a', sizeof name);
    assert_true(form_name_is_valid((struct str){name, FORM_NAME_MAX}));
    assert_false(form_name_is_valid((struct str){name, FORM_NAME_MAX + 1}));
    assert_false(form_name_is_valid((struct str){"a\0", 2}));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("states and scores are shown", states_and_scores_are_shown),
        CASE("an address is found where it stands alone",
             an_address_is_found_where_it_stands_alone),
        CASE("equal messages have one content", equal_messages_have_one_content),
        CASE("a submission is one JSON object", a_submission_is_one_json_object),
        CASE("what was not sent is null, and no fields are an empty object",
             what_was_not_sent_is_null),
        CASE("hostile texts stay inside their strings", hostile_texts_stay_inside_their_strings),
        CASE("a full buffer is noticed", a_full_buffer_is_noticed),
        CASE("form names are lower-case words", form_names_are_lower_case_words),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
