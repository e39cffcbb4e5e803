/* SPDX-License-Identifier: MIT */
#include "core/validate.h"

#include "check.h"
#include "core/format.h"

/* The tests' fields: read from JSON, freed with the arena. */
struct post {
    struct arena arena;
    struct fields fields;
};

static void post_done(struct post *post)
{
    fields_done(&post->fields);
    arena_done(&post->arena);
}

static bool post_read(struct post *post, struct str json)
{
    arena_init(&post->arena, 1 << 20, NULL, 0);
    return fields_from_json(json, &post->arena, &post->fields, NULL) == ERR_OK;
}

/* Errors as one line: "name:REQUIRED email:EMAIL". */
static void check_errors(const char *json, const char *expected)
{
    CLEANUP(buf_done) struct buf found = buf_new(4096);
    CLEANUP(post_done) struct post post;
    struct field_errors errors;

    CHECK_ROW(post_read(&post, str_of(json)), json);
    enum err err = validate_fields(&SCHEMA_CONTACT, &post.fields, &errors);
    for (size_t i = 0; i < errors.count; i++)
        buf_printf(&found, "%s%s:%s", i ? " " : "", errors.list[i].field,
                   field_code_text(errors.list[i].code));
    CHECK_ROW(err == (errors.count ? ERR_INVALID : ERR_OK), json);
    CHECK_ROW(str_equal(buf_str(&found), str_of(expected)), json);
}

#define GOOD "\"name\":\"Ada\",\"email\":\"ada@example.org\",\"message\":\"Hello\""

static void rules_are_kept_one_by_one(void **state)
{
    static const struct {
        const char *json, *errors;
    } ROWS[] = {
        {"{" GOOD "}", ""},
        {"{}", "name:REQUIRED email:REQUIRED message:REQUIRED"},
        {"{\"name\":null,\"email\":\"\",\"message\":\" \\n\\t\"}",
         "name:REQUIRED email:REQUIRED message:REQUIRED"},
        {"{\"name\":\"\xe2\x80\x8b\xc2\xa0\",\"email\":\"a@b\",\"message\":\"m\"}",
         "name:REQUIRED"},
        {"{\"name\":1,\"email\":[\"a@b\"],\"message\":{}}", "name:TYPE email:TYPE message:TYPE"},
        {"{\"name\":true,\"email\":\"a@b\",\"message\":1.5}", "name:TYPE message:TYPE"},
        {"{\"name\":\"A\\r\\nBcc: x\",\"email\":\"a@b\",\"message\":\"m\"}",
         "name:CONTROL_CHARACTER"},
        {"{\"name\":\"A\\tB\",\"email\":\"a@b\",\"message\":\"m\"}", "name:CONTROL_CHARACTER"},
        {"{\"name\":\"A\\u0085B\",\"email\":\"a@b\",\"message\":\"m\"}", "name:CONTROL_CHARACTER"},
        {"{\"name\":\"A\",\"email\":\"a@b\",\"message\":\"a\\r\\n\\tb\"}", ""},
        {"{\"name\":\"A\",\"email\":\"a@b\",\"message\":\"a\\u001bb\"}",
         "message:CONTROL_CHARACTER"},
        {"{\"name\":\"A\",\"email\":\"a@b\",\"message\":\"a\\u007fb\"}",
         "message:CONTROL_CHARACTER"},
        {"{\"name\":\"A\",\"email\":\"a@\",\"message\":\"m\"}", "email:TOO_SHORT"},
        {"{\"name\":\"A\",\"email\":\"a b@c\",\"message\":\"m\"}", "email:EMAIL"},
        {"{\"name\":\"A\",\"email\":\"a@b\\n\",\"message\":\"m\"}", "email:CONTROL_CHARACTER"},
        {"{" GOOD ",\"\":1}", ":FIELD_NAME"},
        {"{" GOOD ",\"a\\nb\":1}", "a\nb:FIELD_NAME"},
        {"{" GOOD ",\"phone\":\"\\u0001\",\"x\":[1,{\"y\":null}]}", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_errors(ROWS[i].json, ROWS[i].errors);
}

static void post_with(struct post *post, const char *key, char fill, size_t count)
{
    CLEANUP(buf_done) struct buf json = buf_new(20000);
    CLEANUP(js_decref)
    json_t *object = json_pack("{ssssss}", "name", "Ada", "email", "a@example.org", "message", "m");
    char text[6000] = "";

    assert_true(count < sizeof text);
    memset(text, fill, count);
    assert_int_equal(json_object_set_new(object, key, json_string(text)), 0);
    js_value(&json, object);
    assert_true(post_read(post, buf_str(&json)));
    /* Texts point into the JSON, which is about to go. */
    for (size_t i = 0; i < post->fields.count; i++) {
        struct field *field = &post->fields.list[i];
        field->name.ptr = arena_copy(&post->arena, field->name);
        field->text.ptr = arena_copy(&post->arena, field->text);
    }
}

static void lengths_are_counted_in_code_points(void **state)
{
    CLEANUP(buf_done) struct buf json = buf_new(8000);
    CLEANUP(post_done) struct post post;
    struct field_errors errors;

    (void)state;
    buf_put(&json, STR("{\"email\":\"a@b\",\"message\":\"m\",\"name\":\""));
    for (int i = 0; i < 200; i++)
        buf_put(&json, STR("\xf0\x9f\x98\x80"));
    buf_put(&json, STR("\"}"));
    assert_true(post_read(&post, buf_str(&json)));
    assert_int_equal(validate_fields(&SCHEMA_CONTACT, &post.fields, &errors), ERR_OK);
}

static void messages_name_the_limit_and_what_was_found(void **state)
{
    static const struct {
        const char *key;
        char fill;
        size_t count;
        const char *message; /* NULL: fine */
    } ROWS[] = {
        {"name", 'x', 200, NULL},
        {"name", 'x', 231, "must be at most 200 characters long; it has 231"},
        {"message", 'x', 5000, NULL},
        {"message", 'x', 5001, "must be at most 5000 characters long; it has 5001"},
        {"email", 'x', 255, "must be at most 254 bytes long; it has 255"},
        {"email", 'x', 254, "must be an e-mail address such as ada@example.org"},
        {"email", 'x', 2, "must be at least 3 bytes long; it has 2"},
        {"message", ' ', 5001, "must not be empty"},
        {"name", '\n', 1, "must not be empty"},
        {"message", '\a', 1, "must not contain control characters"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(post_done) struct post post;
        struct field_errors errors;
        post_with(&post, ROWS[i].key, ROWS[i].fill, ROWS[i].count);
        assert_int_equal(validate_fields(&SCHEMA_CONTACT, &post.fields, &errors),
                         ROWS[i].message ? ERR_INVALID : ERR_OK);
        assert_int_equal(errors.count, ROWS[i].message ? 1 : 0);
        if (ROWS[i].message)
            assert_string_equal(errors.list[0].message, ROWS[i].message);
    }
}

static const struct property OPTIONAL[] = {
    {{"company", 7},
     {.types = TYPE_STRING,
      .is_line = true,
      .has_min_length = true,
      .min_length = 2,
      .has_max_length = true,
      .max_length = 5},
     .is_required = false},
    {{"cc", 2},
     {.types = TYPE_STRING, .is_line = true, .format = &FORMAT_EMAIL},
     .is_required = false},
};

static const struct schema SMALL = {
    .root = {.types = TYPE_OBJECT, .properties = OPTIONAL, .property_count = COUNTOF(OPTIONAL)},
    .further_max = 2,
    .further_key_max = 4,
    .further_bytes_max = 28};

static void optional_fields_may_be_absent_or_empty(void **state)
{
    static const struct {
        const char *json;
        enum err err;
    } ROWS[] = {
        {"{}", ERR_OK},
        {"{\"company\":null,\"cc\":\"\"}", ERR_OK},
        {"{\"company\":\"  \"}", ERR_OK},
        {"{\"company\":\"\\r\\n\"}", ERR_INVALID}, /* nothing to see, but not one line */
        {"{\"company\":\"x\"}", ERR_INVALID},
        {"{\"company\":\"xy\"}", ERR_OK},
        {"{\"cc\":\"nobody\"}", ERR_INVALID},
        {"{\"cc\":7}", ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(post_done) struct post post;
        struct field_errors errors;
        CHECK_ROW(post_read(&post, str_of(ROWS[i].json)), ROWS[i].json);
        CHECK_ROW(validate_fields(&SMALL, &post.fields, &errors) == ROWS[i].err, ROWS[i].json);
    }
}

static void further_fields_are_bounded_in_number_and_name(void **state)
{
    CLEANUP(post_done) struct post post;
    struct field_errors errors;

    (void)state;
    assert_true(post_read(&post, STR("{\"a\":1,\"b\":2,\"long name\":3}")));
    assert_int_equal(validate_fields(&SMALL, &post.fields, &errors), ERR_INVALID);
    assert_int_equal(errors.count, 2);
    assert_string_equal(errors.list[0].field, "long name");
    assert_int_equal(errors.list[0].code, FIELD_CODE_FIELD_NAME);
    assert_string_equal(errors.list[0].message, "its name must be at most 4 bytes long; it has 9");
    assert_string_equal(errors.list[1].field, "");
    assert_int_equal(errors.list[1].code, FIELD_CODE_TOO_MANY_FIELDS);
    assert_string_equal(errors.list[1].message,
                        "the form takes at most 2 further fields; there are 3");
}

/* What forms send are texts; what rules ask for may be numbers. */
static void texts_stand_for_what_rules_ask_for(void **state)
{
    static const struct {
        const char *rule, *text;
        bool fits;
    } ROWS[] = {
        {"{\"type\":\"integer\",\"enum\":[1,2]}", "2", true},
        {"{\"type\":\"integer\",\"enum\":[1,2]}", "3", false},
        {"{\"enum\":[1,2]}", "1", true},
        {"{\"enum\":[1,\"x\"]}", "x", true},
        {"{\"enum\":[1,\"x\"]}", "y", false},
        {"{\"type\":[\"string\",\"integer\"],\"minimum\":10}", "3", false},
        {"{\"type\":[\"string\",\"integer\"],\"minimum\":10}", "30", true},
        {"{\"type\":[\"string\",\"integer\"],\"minimum\":10}", "many", true},
        {"{\"type\":\"integer\"}", "1.5", false},
        {"{\"type\":\"number\"}", "1.5e3", true},
        {"{\"type\":\"number\"}", "nan", false},
        {"{\"type\":\"boolean\"}", "on", true},
        {"{\"type\":\"boolean\"}", "maybe", false},
        {"{\"pattern\":\"^\\\\u{1F600}$\"}", "\xf0\x9f\x98\x80", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char document[300];
        struct schema *schema = NULL;
        struct field_errors errors;
        struct fields fields = {.list = {{.name = STR("a"), .text = str_of(ROWS[i].text)}},
                                .count = 1,
                                .total = 1,
                                .is_untyped = true};
        snprintf(document, sizeof document, "{\"properties\":{\"a\":%s}}", ROWS[i].rule);
        json_t *tree = json_loads(document, 0, NULL);
        CHECK_ROW(schema_compile(tree, &schema, NULL) == ERR_OK, ROWS[i].rule);
        json_decref(tree);
        CHECK_ROW((validate_fields(schema, &fields, &errors) == ERR_OK) == ROWS[i].fits,
                  ROWS[i].text);
        schema_free(schema);
    }
}

/* A rule's own text may be shown in an error, and must not be cut within a character. */
static void messages_are_cut_between_characters(void **state)
{
    char text[400];

    (void)state;
    for (size_t lead = 0; lead < 2; lead++) {
        CLEANUP(buf_done) struct buf out = buf_new(4096);
        struct field_errors errors = {0};
        memset(text, 'x', lead);
        for (size_t i = lead; i + 2 < sizeof text; i += 2)
            memcpy(text + i, "\xd1\x8f", 3);
        field_errors_add(&errors, STR("a"), FIELD_CODE_PATTERN, "must match %s", text);
        field_errors_render(&out, &errors, field_code_text);
        json_t *array = json_loadb(out.ptr, out.len, 0, NULL);
        assert_non_null(array);
        json_decref(array);
    }
}

static void the_list_of_errors_is_bounded(void **state)
{
    struct field_errors errors = {0};
    char name[FIELD_ERROR_NAME_MAX + 50];

    (void)state;
    memset(name, 'x', sizeof name);
    memcpy(name + FIELD_ERROR_NAME_MAX - 2, "\xf0\x9f\x98\x80", 4); /* cut before it, not in it */
    for (int i = 0; i < 100; i++)
        field_errors_add(&errors, (struct str){name, sizeof name}, FIELD_CODE_TYPE, "%0300d", i);
    assert_int_equal(errors.count, FIELD_ERRORS_MAX);
    assert_int_equal(strlen(errors.list[0].field), FIELD_ERROR_NAME_MAX - 2);
    assert_int_equal(strlen(errors.list[0].message), FIELD_ERROR_MESSAGE_MAX);
}

static void errors_are_rendered_as_json(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(4096);
    struct field_errors errors = {0};

    (void)state;
    field_errors_render(&out, &errors, field_code_text);
    field_errors_add(&errors, STR("\"<b>\n"), FIELD_CODE_FIELD_NAME, "bad \"name\"");
    field_errors_add(&errors, STR("a\0b"), FIELD_CODE_TOO_LONG, "must be %d", 7);
    field_errors_render(&out, &errors, field_code_text);
    check_str(
        buf_str(&out),
        "[][{\"field\":\"\\\"<b>\\n\",\"code\":\"FIELD_NAME\",\"message\":\"bad \\\"name\\\"\"},"
        "{\"field\":\"a\",\"code\":\"TOO_LONG\",\"message\":\"must be 7\"}]");
}

static enum err collect(const char *json, struct buf *out, struct field_errors *errors)
{
    CLEANUP(post_done) struct post post;

    assert_true(post_read(&post, str_of(json)));
    *errors = (struct field_errors){0};
    return validate_collect_further(&SMALL, &post.fields, out, errors);
}

static void further_fields_are_collected_as_they_are(void **state)
{
    static const struct {
        const char *json, *collected;
    } ROWS[] = {
        {"{}", ""},
        {"{\"name\":\"x\",\"email\":\"y\",\"message\":\"\"}", ""},
        {"{\"name\":[\"x\"]}", "{\"name\":[\"x\"]}"}, /* not a text: no column takes it */
        {"{\"z\":1,\"name\":\"x\",\"a\":\"\\u00e4\"}", "{\"z\":1,\"a\":\"\xc3\xa4\"}"},
        {"{ \"q\\\"\" : [ true , { \"y\" : null } ] }", "{\"q\\\"\":[true,{\"y\":null}]}"},
        {"{\"\":-5}", "{\"\":-5}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf out = buf_new(100);
        struct field_errors errors;
        CHECK_ROW(collect(ROWS[i].json, &out, &errors) == ERR_OK, ROWS[i].json);
        check_str(buf_str(&out), ROWS[i].collected);
    }
}

static void further_fields_are_bounded_together(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(100), tiny = buf_new(10);
    struct field_errors errors;

    (void)state;
    buf_put(&out, STR("before"));
    assert_int_equal(collect("{\"a\":\"456789012345678901234\"}", &out, &errors), ERR_INVALID);
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.list[0].code, FIELD_CODE_FIELDS_TOO_LARGE);
    assert_string_equal(errors.list[0].message,
                        "the further fields must be at most 28 bytes of JSON; they have 29");
    check_str(buf_str(&out), "before");
    assert_int_equal(collect("{\"a\":\"4567890123456789\"}", &out, &errors), ERR_OK);
    check_str(buf_str(&out), "before{\"a\":\"4567890123456789\"}");
    assert_int_equal(collect("{\"a\":\"4567890\"}", &tiny, &errors), ERR_FULL);
    assert_int_equal(errors.count, 0);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("rules are kept one by one", rules_are_kept_one_by_one),
        CASE("lengths are counted in code points", lengths_are_counted_in_code_points),
        CASE("messages name the limit and what was found",
             messages_name_the_limit_and_what_was_found),
        CASE("optional fields may be absent or empty", optional_fields_may_be_absent_or_empty),
        CASE("further fields are bounded in number and name",
             further_fields_are_bounded_in_number_and_name),
        CASE("texts stand for what rules ask for", texts_stand_for_what_rules_ask_for),
        CASE("messages are cut between characters", messages_are_cut_between_characters),
        CASE("the list of errors is bounded", the_list_of_errors_is_bounded),
        CASE("errors are rendered as JSON", errors_are_rendered_as_json),
        CASE("further fields are collected as they are", further_fields_are_collected_as_they_are),
        CASE("further fields are bounded together", further_fields_are_bounded_together),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
