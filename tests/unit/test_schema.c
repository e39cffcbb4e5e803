/* SPDX-License-Identifier: MIT */
/* Compiling field rules. What they mean for values is in test_schema_suite.c and test_validate.c.
 */
#include "core/schema.h"

#include "check.h"

static void schema_freep(struct schema **schema)
{
    schema_free(*schema);
}

static void the_contact_form_asks_for_three_fields(void **state)
{
    const struct property *email = rule_find(&SCHEMA_CONTACT.root, STR("email"));

    (void)state;
    assert_int_equal(SCHEMA_CONTACT.root.property_count, 3);
    assert_non_null(email);
    assert_true(email->is_required && email->rule.counts_bytes && email->rule.format);
    assert_int_equal(email->rule.max_length, 254);
    for (size_t i = 0; i < 3; i++)
        assert_true(SCHEMA_CONTACT.root.properties[i].is_required);
    assert_null(rule_find(&SCHEMA_CONTACT.root, STR("")));
    assert_null(rule_find(&SCHEMA_CONTACT.root, STR("Name")));
    assert_null(rule_find(&SCHEMA_CONTACT.root, STR("names")));
    assert_false(rule_find(&SCHEMA_OPEN.root, STR("email"))->is_required);
}

static enum err compile(const char *text, struct schema **ret_schema, struct err_detail *detail)
{
    json_t *document = json_loads(text, JSON_DECODE_ANY, NULL);

    assert_non_null(document);
    enum err err = schema_compile(document, ret_schema, detail);
    json_decref(document); /* it is not needed any more */
    return err;
}

static void render(const struct schema *schema, struct buf *out)
{
    *out = buf_new(64 * 1024);
    schema_render(out, schema);
    assert_int_equal(buf_status(out), ERR_OK);
}

static void rendered_rules_are_the_same_rules(void **state)
{
    static const char DOCUMENT[] =
        "{\"type\":\"object\",\"properties\":{"
        "\"a\":{\"type\":[\"null\",\"string\"],\"minLength\":2,\"maxLength\":9,\"format\":"
        "\"email\","
        "\"pattern\":\"^a\",\"x-line\":true},"
        "\"b\":{\"type\":\"number\",\"minimum\":-1.5,\"maximum\":200,\"enum\":[1,2]},"
        "\"c\":false},\"required\":[\"a\"],\"additionalProperties\":{\"type\":\"string\"}}";
    CLEANUP(schema_freep) struct schema *schema = NULL;
    CLEANUP(buf_done) struct buf text = buf_new(1);
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(compile(DOCUMENT, &schema, &detail), ERR_OK);
    render(schema, &text);
    check_str(buf_str(&text), DOCUMENT);
}

static void the_built_in_rules_can_be_rendered(void **state)
{
    CLEANUP(schema_freep) struct schema *schema = NULL;
    CLEANUP(buf_done) struct buf text = buf_new(1);
    struct err_detail detail = {""};

    (void)state;
    render(&SCHEMA_CONTACT, &text);
    buf_put_char(&text, '\0');
    assert_int_equal(compile(text.ptr, &schema, &detail), ERR_OK);
    assert_int_equal(schema->root.property_count, 3);
    assert_int_equal(rule_find(&schema->root, STR("message"))->rule.max_length, 5000);
}

static void rules_are_read(void **state)
{
    CLEANUP(schema_freep) struct schema *schema = NULL;

    (void)state;
    assert_int_equal(
        compile("{\"$schema\":\"x\",\"type\":\"object\",\"required\":[\"size\",\"other\"],"
                "\"properties\":{\"size\":{\"enum\":[\"S\",\"M\"],\"title\":\"Size\"},"
                "\"age\":{\"type\":[\"integer\",\"null\"],\"minimum\":18,\"maximum\":99.5}},"
                "\"additionalProperties\":{\"type\":\"string\",\"maxLength\":10}}",
                &schema, NULL),
        ERR_OK);
    const struct property *size = rule_find(&schema->root, STR("size"));
    const struct property *age = rule_find(&schema->root, STR("age"));
    const struct property *other = rule_find(&schema->root, STR("other"));
    assert_true(size->is_required && !age->is_required && other->is_required);
    assert_int_equal(json_array_size(size->rule.values), 2);
    assert_int_equal(age->rule.types, TYPE_INTEGER | TYPE_NULL);
    assert_true(age->rule.minimum == 18 && age->rule.maximum == 99.5L);
    assert_int_equal(other->rule.max_length, 10); /* as for every further field */
    assert_int_equal(schema->root.further->types, TYPE_STRING);
    assert_true(schema->further_max > 0);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    static const struct {
        const char *document, *detail;
    } ROWS[] = {
        {"[]", "schema: a schema must be an object, true or false"},
        {"{\"oneOf\":[]}", "schema: 'oneOf' is not known; known are type, properties, required, "
                           "minLength, maxLength, minimum, maximum, enum, pattern, format, "
                           "additionalProperties and x-line"},
        {"{\"properties\":{\"a\":{\"type\":\"text\"}}}",
         "schema at /properties/a/type: type must be null, boolean, integer, number, string, array "
         "or object, or a list of these"},
        {"{\"properties\":{\"a\":{\"pattern\":\"(\"}}}",
         "schema at /properties/a/pattern: the pattern is not valid at character 2: missing "
         "closing parenthesis"},
        {"{\"minLength\":-1}",
         "schema at /minLength: minLength must be a whole number that is not negative"},
        {"{\"maxLength\":1.5}",
         "schema at /maxLength: maxLength must be a whole number that is not negative"},
        {"{\"minimum\":\"3\"}", "schema at /minimum: minimum must be a number"},
        {"{\"enum\":3}", "schema at /enum: enum must be a list of at most 256 values"},
        {"{\"format\":\"phone\"}",
         "schema at /format: format must be email, idn-email, date, time, "
         "date-time, uri, uuid, ipv4 or ipv6"},
        {"{\"required\":\"a\"}", "schema at /required: required must be a list of names"},
        {"{\"required\":[1]}", "schema at /required: required must be a list of names"},
        {"{\"properties\":[]}", "schema at /properties: properties must be an object"},
        {"{\"properties\":{\"a/b~c\":{\"minimum\":\"\"}}}",
         "schema at /properties/a~1b~0c/minimum: minimum must be a number"},
        {"{\"x-line\":1}", "schema at /x-line: x-line must be true or false"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct err_detail detail = {""};
        struct schema *schema = NULL;
        CHECK_ROW(compile(ROWS[i].document, &schema, &detail) == ERR_INVALID, ROWS[i].document);
        assert_string_equal(detail.text, ROWS[i].detail);
        assert_null(schema);
    }
}

static void forms_have_rules_of_objects(void **state)
{
    static const struct {
        const char *document;
        bool is_of_object;
    } ROWS[] = {
        {"{}", true},
        {"true", true},
        {"{\"type\":\"object\",\"x-note\":\"passed over\"}", true},
        {"{\"type\":[\"null\",\"object\"]}", true},
        {"false", false},
        {"{\"type\":\"string\"}", false},
        {"{\"enum\":[{}]}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(schema_freep) struct schema *schema = NULL;
        CHECK_ROW(compile(ROWS[i].document, &schema, NULL) == ERR_OK, ROWS[i].document);
        CHECK_ROW(schema_is_of_object(schema) == ROWS[i].is_of_object, ROWS[i].document);
    }
    assert_true(schema_is_of_object(&SCHEMA_CONTACT) && schema_is_of_object(&SCHEMA_OPEN));
}

static void there_is_a_ceiling_on_everything(void **state)
{
    struct err_detail detail = {""};
    struct schema *schema = NULL;
    static char text[100000];
    size_t len = 0;

    (void)state;
    for (int i = 0; i < 2 * SCHEMA_DEPTH_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "{\"properties\":{\"a\":");
    len += (size_t)snprintf(text + len, sizeof text - len, "{}");
    for (int i = 0; i < 2 * SCHEMA_DEPTH_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "}}");
    assert_int_equal(compile(text, &schema, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, "nested deeper than 8"));

    len = (size_t)snprintf(text, sizeof text, "{\"properties\":{");
    for (int i = 0; i <= SCHEMA_RULES_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\"n%d\":{}", i ? "," : "", i);
    snprintf(text + len, sizeof text - len, "}}");
    detail.text[0] = '\0';
    assert_int_equal(compile(text, &schema, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, "more than 256 rules"));

    len = (size_t)snprintf(text, sizeof text, "{\"properties\":{");
    for (int i = 0; i < 3000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\"n%d\":{}", i ? "," : "", i);
    snprintf(text + len, sizeof text - len, "}}");
    detail.text[0] = '\0';
    assert_int_equal(compile(text, &schema, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, "more than 256 rules"));

    len = (size_t)snprintf(text, sizeof text, "{\"pattern\":\"");
    memset(text + len, 'a', SCHEMA_PATTERN_MAX + 1);
    snprintf(text + len + SCHEMA_PATTERN_MAX + 1, 10, "\"}");
    assert_int_equal(compile(text, &schema, NULL), ERR_INVALID);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the contact form asks for three fields", the_contact_form_asks_for_three_fields),
        CASE("rendered rules are the same rules", rendered_rules_are_the_same_rules),
        CASE("the built-in rules can be rendered", the_built_in_rules_can_be_rendered),
        CASE("rules are read", rules_are_read),
        CASE("what is wrong is said with its place", what_is_wrong_is_said_with_its_place),
        CASE("forms have rules of objects", forms_have_rules_of_objects),
        CASE("there is a ceiling on everything", there_is_a_ceiling_on_everything),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
