/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <stdlib.h>

#include "check.h"

static void check_parses(const char *text, enum err expected)
{
    CLEANUP(js_decref) json_t *object = NULL;
    struct err_detail detail = {""};
    enum err err = js_parse_object(str_of(text), &object, &detail);

    CHECK_ROW(err == expected, text);
    CHECK_ROW((object != NULL) == (err == ERR_OK), text);
    CHECK_ROW((detail.text[0] != '\0') == (err != ERR_OK), text);
}

static void objects_are_parsed(void **state)
{
    static const char *const ROWS[] = {
        "{}",
        " \r\n\t{} \n",
        "{\"a\":1,\"b\":[true,false,null,{}],\"c\":-1.5e3}",
        "{\"\":\"empty name\"}",
        "{\"a\":\"\\u00e4\\ud83d\\ude00\"}",
        "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[\"}",   /* brackets in a string are no depth */
        "{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[\"}", /* nor behind an escaped quote */
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_parses(ROWS[i], ERR_OK);
}

static void everything_else_is_refused(void **state)
{
    static const char *const ROWS[] = {
        "",
        " ",
        "[]",
        "\"a\"",
        "1",
        "null",
        "{",
        "}",
        "{}}",
        "{} {}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":123456789012345678901234567890}",
        "{\"a\":tru}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\\u0000b\":1}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\\ud800\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":1}//",
        "\xef\xbb\xbf{}",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_parses(ROWS[i], ERR_INVALID);
}

static void nul_bytes_are_refused(void **state)
{
    json_t *object = NULL;

    (void)state;
    assert_int_equal(js_parse_object((struct str){"{}\0", 3}, &object, NULL), ERR_INVALID);
    assert_int_equal(js_parse_object((struct str){"{\"a\":\"\0\"}", 9}, &object, NULL),
                     ERR_INVALID);
    assert_null(object);
}

static void parse_nested(int depth, enum err expected)
{
    CLEANUP(buf_done) struct buf text = buf_new(1000);
    CLEANUP(js_decref) json_t *object = NULL;

    buf_put(&text, STR("{\"a\":"));
    for (int i = 1; i < depth; i++)
        buf_put_char(&text, '[');
    buf_put_char(&text, '0');
    for (int i = 1; i < depth; i++)
        buf_put_char(&text, ']');
    buf_put_char(&text, '}');
    assert_int_equal(js_parse_object(buf_str(&text), &object, NULL), expected);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    parse_nested(1, ERR_OK);
    parse_nested(JS_DEPTH_MAX, ERR_OK);
    parse_nested(JS_DEPTH_MAX + 1, ERR_INVALID);
    parse_nested(200, ERR_INVALID);
}

static void the_detail_names_line_and_column(void **state)
{
    struct err_detail detail = {""};
    json_t *object;

    (void)state;
    assert_int_equal(js_parse_object(STR("{\n  \"a\": x}"), &object, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, "line 2, column 8"));
}

/* Lets allocation number `countdown` fail, and all behind it. */
static int countdown;

static void *failing_malloc(size_t bytes)
{
    return countdown-- > 0 ? malloc(bytes) : NULL;
}

/* jansson mistakes some of them for malformed text; then at least a reason must be told. */
static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
    const struct str text =
        STR("{\"name\":\"Ada \\u00e4\",\"list\":[1,2.5,{\"x\":null}],\"b\":true}");
    enum err err = ERR_MEMORY;
    int steps = 0, without_reason = 0;

    (void)state;
    json_set_alloc_funcs(failing_malloc, free);
    for (; err != ERR_OK && steps < 1000; steps++) {
        CLEANUP(js_decref) json_t *object = NULL;
        struct err_detail detail = {""};
        countdown = steps;
        err = js_parse_object(text, &object, &detail);
        size_t len = strlen(detail.text);
        without_reason += err == ERR_INVALID && (len < 2 || detail.text[len - 2] == ':');
    }
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(err, ERR_OK);
    assert_true(steps > 10);
    assert_int_equal(without_reason, 0);
}

static void an_object_is_written(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(1000);

    (void)state;
    js_open(&out, '{');
    js_field_string(&out, "text", STR("a"));
    js_field_string(&out, "absent", (struct str){0});
    js_field_u64(&out, "number", UINT64_MAX);
    js_field_bool(&out, "yes", true);
    js_field_bool(&out, "no", false);
    js_field_time(&out, "at", 1795253400123);
    js_field_time(&out, "never", 0);
    js_key(&out, "list");
    js_open(&out, '[');
    for (int i = 0; i < 2; i++) {
        js_comma(&out);
        js_open(&out, '{');
        js_close(&out, '}');
    }
    js_close(&out, ']');
    js_close(&out, '}');
    assert_int_equal(buf_status(&out), ERR_OK);
    check_str(buf_str(&out), "{\"text\":\"a\",\"absent\":null,\"number\":18446744073709551615,"
                             "\"yes\":true,\"no\":false,\"at\":\"2026-11-21T09:30:00.123Z\","
                             "\"never\":null,\"list\":[{},{}]}");
}

static void texts_are_escaped(void **state)
{
    static const struct {
        const char *plain, *json;
    } ROWS[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"\"", "\"\\\"\""},
        {"a\\b\"c", "\"a\\\\b\\\"c\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
        {"</script>", "\"</script>\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf out = buf_new(1000);
        js_string(&out, str_of(ROWS[i].plain));
        check_str(buf_str(&out), ROWS[i].json);
    }
}

static void every_ascii_byte_is_read_back(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(2000);
    CLEANUP(js_decref) json_t *object = NULL;
    char all[127];

    (void)state;
    for (int i = 1; i < 128; i++)
        all[i - 1] = (char)i;
    js_open(&out, '{');
    js_field_string(&out, "all", (struct str){all, sizeof all});
    js_close(&out, '}');
    assert_int_equal(js_parse_object(buf_str(&out), &object, NULL), ERR_OK);
    struct str read = js_get_string(object, "all");
    assert_int_equal(read.len, sizeof all);
    assert_memory_equal(read.ptr, all, sizeof all);
}

static void an_absent_text_is_written_as_empty(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(10);

    (void)state;
    js_string(&out, (struct str){0});
    check_str(buf_str(&out), "\"\"");
}

static void check_value_is_kept(const char *text)
{
    CLEANUP(js_decref) json_t *object = NULL;
    CLEANUP(buf_done) struct buf out = buf_new(1000);

    assert_int_equal(js_parse_object(str_of(text), &object, NULL), ERR_OK);
    js_value(&out, object);
    assert_int_equal(buf_status(&out), ERR_OK);
    check_str(buf_str(&out), text);
}

static void values_keep_their_order(void **state)
{
    (void)state;
    check_value_is_kept("{\"z\":1,\"a\":[null,true,{\"y\":2,\"b\":\"\xc3\xa4\"}],\"m\":-7}");
}

static void decimal_fractions_are_written_as_they_were_sent(void **state)
{
    (void)state;
    check_value_is_kept("{\"a\":0.1,\"b\":12.99,\"c\":1.5,\"d\":-0.0}");
    check_value_is_kept("{\"a\":1795253400.123456,\"b\":48.13715432109876}");
}

static void the_largest_numbers_can_be_read_back(void **state)
{
    CLEANUP(js_decref) json_t *object = NULL, *again = NULL;
    CLEANUP(buf_done) struct buf out = buf_new(1000);

    (void)state;
    assert_int_equal(js_parse_object(STR("{\"a\":1.7976931348623157e308,\"b\":5e-324,"
                                         "\"c\":9223372036854775807}"),
                                     &object, NULL),
                     ERR_OK);
    js_value(&out, object);
    assert_int_equal(js_parse_object(buf_str(&out), &again, NULL), ERR_OK);
    assert_true(json_equal(object, again));
}

static void a_value_beyond_the_ceiling_is_full(void **state)
{
    CLEANUP(js_decref) json_t *object = NULL;
    CLEANUP(buf_done) struct buf out = buf_new(8);

    (void)state;
    assert_int_equal(js_parse_object(STR("{\"a\":\"0123456789\"}"), &object, NULL), ERR_OK);
    js_value(&out, object);
    assert_int_equal(buf_status(&out), ERR_FULL);
}

static void members_that_are_strings_are_found(void **state)
{
    CLEANUP(js_decref) json_t *object = NULL;

    (void)state;
    assert_int_equal(js_parse_object(STR("{\"a\":\"x\",\"b\":1,\"c\":\"\"}"), &object, NULL),
                     ERR_OK);
    check_str(js_get_string(object, "a"), "x");
    assert_null(js_get_string(object, "b").ptr);
    assert_null(js_get_string(object, "d").ptr);
    assert_non_null(js_get_string(object, "c").ptr);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("objects are parsed", objects_are_parsed),
        CASE("everything else is refused", everything_else_is_refused),
        CASE("NUL bytes are refused", nul_bytes_are_refused),
        CASE("depth is bounded", depth_is_bounded),
        CASE("the detail names line and column", the_detail_names_line_and_column),
        CASE("a failed allocation is told and leaks nothing",
             a_failed_allocation_is_told_and_leaks_nothing),
        CASE("an object is written", an_object_is_written),
        CASE("texts are escaped", texts_are_escaped),
        CASE("every ASCII byte is read back", every_ascii_byte_is_read_back),
        CASE("an absent text is written as empty", an_absent_text_is_written_as_empty),
        CASE("values keep their order", values_keep_their_order),
        CASE("decimal fractions are written as they were sent",
             decimal_fractions_are_written_as_they_were_sent),
        CASE("the largest numbers can be read back", the_largest_numbers_can_be_read_back),
        CASE("a value beyond the ceiling is full", a_value_beyond_the_ceiling_is_full),
        CASE("members that are strings are found", members_that_are_strings_are_found),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
