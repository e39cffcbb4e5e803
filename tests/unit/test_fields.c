/* SPDX-License-Identifier: MIT */
/* Two readers, one list: which of them read a body shows in `tree`, and nowhere else. */
#include "core/fields.h"

#include <stdlib.h>

#include "check.h"

enum { ARENA_BYTES = 1 << 20 };

/* A body in memory of exactly its size, so that ASan sees who reads past its end. */
struct post {
    char *body;
    size_t len;
    struct arena arena;
    struct fields fields;
    struct err_detail detail;
    enum err err;
};

static void post_read(struct post *post, struct str json, size_t arena_bytes)
{
    *post = (struct post){.body = malloc(json.len ? json.len : 1), .len = json.len};
    assert_non_null(post->body);
    if (json.len)
        memcpy(post->body, json.ptr, json.len);
    arena_init(&post->arena, arena_bytes, NULL, 0);
    post->err = fields_from_json((struct str){post->body, post->len}, &post->arena, &post->fields,
                                 &post->detail);
}

static void post_done(struct post *post)
{
    if (post->err == ERR_OK)
        fields_done(&post->fields);
    arena_done(&post->arena);
    free(post->body);
}

static bool lies_in_body(const struct post *post, struct str text)
{
    return text.ptr >= post->body && text.ptr + text.len <= post->body + post->len;
}

/* jansson's own reading of the body says what the list must hold, in which order. */
static void check_same_as_jansson(const struct post *post, const char *row)
{
    CLEANUP(js_decref) json_t *object = NULL;
    const char *name;
    json_t *value;
    size_t i = 0;

    CHECK_ROW(js_parse_object((struct str){post->body, post->len}, &object, NULL) == ERR_OK, row);
    CHECK_ROW(post->fields.total == json_object_size(object), row);
    CHECK_ROW(post->fields.count ==
                  (post->fields.total < FIELDS_MAX ? post->fields.total : FIELDS_MAX),
              row);
    json_object_foreach(object, name, value)
    {
        if (i == post->fields.count)
            break;
        const struct field *field = &post->fields.list[i++];
        CHECK_ROW(str_equal(field->name, str_of(name)), row);
        CHECK_ROW((field->text.ptr != NULL) == json_is_string(value), row);
        if (json_is_string(value))
            CHECK_ROW(str_equal(field->text,
                                (struct str){json_string_value(value), json_string_length(value)}),
                      row);
        else
            CHECK_ROW(json_equal(field->json, value), row);
    }
}

enum reader { QUICK, THOROUGH };

/* `listed`: names and texts as "name=text;", values that are no texts as "name=?;". */
static void check_listed(const struct post *post, const char *listed, const char *row)
{
    CLEANUP(buf_done) struct buf found = buf_new(4096);

    for (size_t i = 0; i < post->fields.count; i++) {
        const struct field *field = &post->fields.list[i];
        buf_put(&found, field->name);
        buf_put_char(&found, '=');
        buf_put(&found, field->text.ptr ? field->text : STR("?"));
        buf_put_char(&found, ';');
    }
    CHECK_ROW(buf_status(&found) == ERR_OK, row);
    CHECK_ROW(str_equal(buf_str(&found), str_of(listed)), row);
}

static void both_readers_give_the_same_list(void **state)
{
    static const struct {
        const char *json;
        enum reader reader;
        const char *listed;
    } ROWS[] = {
        {"{}", QUICK, ""},
        {" \t\r\n{ \t\r\n} \t\r\n", QUICK, ""},
        {"{\"a\":\"1\"}", QUICK, "a=1;"},
        {"{\"b\":\"2\",\"a\":\"1\"}", QUICK, "b=2;a=1;"},
        {"{ \"a\" : \"1\" ,\n\t\"b\" :\r\"2\" }\n", QUICK, "a=1;b=2;"},
        {"{\"\":\"\"}", QUICK, "=;"},
        {"{\"a\":\"{\\\"b\\\":[1]}\"}", QUICK, "a={\"b\":[1]};"},
        {"{\"a\":\",}\"}", QUICK, "a=,};"},
        {"{\"a\":\"\x7f\"}", QUICK, "a=\x7f;"},
        /* escapes */
        {"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", QUICK, "a=\"\\/\b\f\n\r\t;"},
        {"{\"\\t\":\"x\\\\\"}", QUICK, "\t=x\\;"},
        {"{\"a\":\"0123456789\\n0123456789\"}", QUICK, "a=0123456789\n0123456789;"},
        {"{\"a\\nb\":\"c\",\"anb\":\"d\"}", QUICK, "a\nb=c;anb=d;"},
        {"{\"a\":\"\\u0041\"}", THOROUGH, "a=A;"},
        {"{\"\\u00e4\":\"x\"}", THOROUGH, "\xc3\xa4=x;"},
        {"{\"a\":\"\\ud83d\\ude00\"}", THOROUGH, "a=\xf0\x9f\x98\x80;"},
        {"{\"a\":\"\\u000a\",\"b\":\"\\n\"}", THOROUGH, "a=\n;b=\n;"},
        {"{\"a\":\"\\\\u0041\"}", QUICK, "a=\\u0041;"},
        /* UTF-8, at either side of what is looked at eight bytes at a time */
        {"{\"a\":\"\xc3\xa4\"}", QUICK, "a=\xc3\xa4;"},
        {"{\"a\":\"1234567\xe2\x82\xac\"}", QUICK, "a=1234567\xe2\x82\xac;"},
        {"{\"\xf0\x9f\x98\x80\":\"\xf4\x8f\xbf\xbf\"}", QUICK,
         "\xf0\x9f\x98\x80=\xf4\x8f\xbf\xbf;"},
        {"{\"a\":\"\xc2\x85\xe2\x80\xa8\xef\xbb\xbf\"}", QUICK,
         "a=\xc2\x85\xe2\x80\xa8\xef\xbb\xbf;"},
        /* values that are no texts */
        {"{\"a\":1}", THOROUGH, "a=?;"},
        {"{\"a\":null,\"b\":true,\"c\":false}", THOROUGH, "a=?;b=?;c=?;"},
        {"{\"a\":\"1\",\"b\":[\"2\"],\"c\":{\"d\":\"3\"},\"e\":\"\"}", THOROUGH, "a=1;b=?;c=?;e=;"},
        {"{\"a\":-1.5e3,\"b\":\"\\t\"}", THOROUGH, "a=?;b=\t;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(post_done) struct post post;
        post_read(&post, str_of(ROWS[i].json), ARENA_BYTES);
        CHECK_ROW(post.err == ERR_OK, ROWS[i].json);
        CHECK_ROW(post.detail.text[0] == '\0', ROWS[i].json);
        CHECK_ROW((post.fields.tree == NULL) == (ROWS[i].reader == QUICK), ROWS[i].json);
        check_listed(&post, ROWS[i].listed, ROWS[i].json);
        check_same_as_jansson(&post, ROWS[i].json);
    }
}

static void check_refused(struct str json, const char *row)
{
    CLEANUP(post_done) struct post post;

    post_read(&post, json, ARENA_BYTES);
    CHECK_ROW(post.err == ERR_INVALID, row);
    CHECK_ROW(post.detail.text[0], row);
    CHECK_ROW(post.fields.tree == NULL, row);
}

static void what_is_no_json_object_is_refused(void **state)
{
    static const char *const ROWS[] = {
        "",
        " ",
        "{",
        "}",
        "[]",
        "\"a\"",
        "null",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{\"a\":\"\\\"}",
        "{\"a\":\"1\"",
        "{\"a\":\"1\",",
        "{\"a\":\"1\",}",
        "{,}",
        "{\"a\":\"1\"}}",
        "{\"a\":\"1\"} x",
        "{\"a\":\"1\"}{}",
        "{\"a\" \"1\"}",
        "{\"a\":\"1\" \"b\":\"2\"}",
        "{a:\"1\"}",
        "{'a':'1'}",
        "{\"a\":\"1\",\v\"b\":\"2\"}",
        "\xef\xbb\xbf{}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\'\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"\\u0000\":\"a\"}",
        "{\"a\":\"\\ud83d\"}",
        "{\"a\":\"\\ude00\\ud83d\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"12345678\x1f\"}",
        "{\"\t\":\"a\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc3\"}",
        "{\"a\":\"\xc3(\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xe2\x82\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xf4\x90\x80\x80\"}",
        "{\"\xfe\":\"a\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_refused(str_of(ROWS[i]), ROWS[i]);
    check_refused(STR("{\"a\":\"b\0c\"}"), "a NUL in a text");
    check_refused(STR("{\"a\":\"b\"}\0"), "a NUL behind the end");
    check_refused(STR("{\0\"a\":\"b\"}"), "a NUL between the tokens");
}

static void a_name_that_comes_twice_is_refused(void **state)
{
    static const char *const ROWS[] = {
        "{\"a\":\"1\",\"a\":\"1\"}",
        "{\"a\":\"1\",\"b\":\"2\",\"a\":\"3\"}",
        "{\"a\":\"1\",\"a\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"\":\"1\",\"\":\"2\"}",
        "{\"/\":\"1\",\"\\/\":\"2\"}",
        "{\"\\/\":\"1\",\"/\":\"2\"}",
        "{\"a\":\"1\",\"\\u0061\":\"2\"}",
        "{\"\xc3\xa4\":\"1\",\"\\u00e4\":\"2\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_refused(str_of(ROWS[i]), ROWS[i]);
}

static void texts_stay_in_the_body_unless_they_have_an_escape(void **state)
{
    CLEANUP(post_done) struct post post;

    (void)state;
    /* Nothing but the two texts with an escape needs memory. */
    post_read(&post, STR("{\"name\":\"Ada\",\"e\\tf\":\"\xc3\xa4\",\"message\":\"a\\nb\"}"),
              ARENA_BYTES);
    assert_int_equal(post.err, ERR_OK);
    assert_int_equal(post.fields.count, 3);
    assert_true(lies_in_body(&post, post.fields.list[0].name));
    assert_true(lies_in_body(&post, post.fields.list[0].text));
    assert_false(lies_in_body(&post, post.fields.list[1].name));
    assert_true(lies_in_body(&post, post.fields.list[1].text));
    assert_true(lies_in_body(&post, post.fields.list[2].name));
    assert_false(lies_in_body(&post, post.fields.list[2].text));
}

static void put_many(struct buf *json, size_t count, const char *last_value)
{
    buf_put_char(json, '{');
    for (size_t i = 0; i < count; i++)
        buf_printf(json, "%s\"f%zu\":%s", i ? "," : "", i, i + 1 < count ? "\"v\"" : last_value);
    buf_put_char(json, '}');
    assert_int_equal(buf_status(json), ERR_OK);
}

static void what_the_list_cannot_hold_is_counted(void **state)
{
    static const struct {
        size_t count;
        const char *last_value;
        enum reader reader;
        const char *row;
    } ROWS[] = {
        {FIELDS_MAX, "\"v\"", QUICK, "as many as fit"},
        {FIELDS_MAX + 1, "\"v\"", THOROUGH, "one more"},
        {FIELDS_MAX + 1, "7", THOROUGH, "one more, which is no text"},
        {FIELDS_MAX * 5, "\"v\"", THOROUGH, "many more"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf json = buf_new(10000);
        CLEANUP(post_done) struct post post;
        put_many(&json, ROWS[i].count, ROWS[i].last_value);
        post_read(&post, buf_str(&json), ARENA_BYTES);
        CHECK_ROW(post.err == ERR_OK, ROWS[i].row);
        CHECK_ROW(post.fields.count == FIELDS_MAX, ROWS[i].row);
        CHECK_ROW(post.fields.total == ROWS[i].count, ROWS[i].row);
        CHECK_ROW((post.fields.tree == NULL) == (ROWS[i].reader == QUICK), ROWS[i].row);
        check_same_as_jansson(&post, ROWS[i].row);
    }
}

static void what_the_list_cannot_hold_must_still_be_json(void **state)
{
    CLEANUP(buf_done) struct buf broken = buf_new(10000), twice = buf_new(10000);

    (void)state;
    put_many(&broken, FIELDS_MAX + 1, "\"v");
    check_refused(buf_str(&broken), "broken behind the list's end");
    put_many(&twice, FIELDS_MAX + 1, "\"v\",\"f0\":\"w\"");
    check_refused(buf_str(&twice), "a name again behind the list's end");
}

static void fields_are_found_by_their_name(void **state)
{
    CLEANUP(post_done) struct post post;

    (void)state;
    post_read(&post, STR("{\"a\":\"1\",\"A\":\"\",\"b\":7,\"ab\":\"2\"}"), ARENA_BYTES);
    assert_int_equal(post.err, ERR_OK);
    assert_ptr_equal(fields_find(&post.fields, STR("a")), &post.fields.list[0]);
    assert_ptr_equal(fields_find(&post.fields, STR("ab")), &post.fields.list[3]);
    assert_null(fields_find(&post.fields, STR("abc")));
    assert_null(fields_find(&post.fields, STR("")));
    check_str(fields_text(&post.fields, STR("ab")), "2");
    assert_non_null(fields_text(&post.fields, STR("A")).ptr);
    assert_null(fields_text(&post.fields, STR("b")).ptr);
    assert_null(fields_text(&post.fields, STR("c")).ptr);
    assert_int_equal(json_integer_value(post.fields.list[2].json), 7);
}

static void without_escapes_no_memory_is_needed(void **state)
{
    CLEANUP(post_done) struct post post;

    (void)state;
    post_read(&post, STR("{\"name\":\"Ada\",\"message\":\"\xc3\xa4\"}"), 0);
    assert_int_equal(post.err, ERR_OK);
    assert_int_equal(post.fields.count, 2);
}

/* Whatever the ceiling, it is told or there is enough; never half a list, never a leak. */
static void want_of_memory_is_told(void **state)
{
    static const char *const ROWS[] = {
        "{\"a\":\"1\\n\"}",
        "{\"\\n\":\"1\",\"b\":\"2\\t\",\"c\":\"\\/\"}",
        "{\"a\":\"1\",\"b\":2,\"c\":\"3\"}",
        "{\"a\":\"\\u0041\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        enum err err = ERR_MEMORY;
        size_t refused = 0;
        for (size_t bytes = 0; err != ERR_OK; bytes += 4, refused++) {
            CLEANUP(post_done) struct post post;
            CHECK_ROW(bytes < 4096, ROWS[i]);
            post_read(&post, str_of(ROWS[i]), bytes);
            err = post.err;
            CHECK_ROW(err == ERR_OK || err == ERR_MEMORY, ROWS[i]);
            CHECK_ROW(err == ERR_OK || post.fields.tree == NULL, ROWS[i]);
            if (err == ERR_OK)
                check_same_as_jansson(&post, ROWS[i]);
        }
        CHECK_ROW(refused > 1, ROWS[i]);
    }
}

static void a_freed_list_is_empty_and_may_be_freed_again(void **state)
{
    CLEANUP(post_done) struct post post;

    (void)state;
    post_read(&post, STR("{\"a\":1,\"b\":\"2\"}"), ARENA_BYTES);
    assert_int_equal(post.err, ERR_OK);
    fields_done(&post.fields);
    assert_null(post.fields.tree);
    assert_int_equal(post.fields.count, 0);
    assert_null(fields_find(&post.fields, STR("b")));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("both readers give the same list", both_readers_give_the_same_list),
        CASE("what is no JSON object is refused", what_is_no_json_object_is_refused),
        CASE("a name that comes twice is refused", a_name_that_comes_twice_is_refused),
        CASE("texts stay in the body unless they have an escape",
             texts_stay_in_the_body_unless_they_have_an_escape),
        CASE("what the list cannot hold is counted", what_the_list_cannot_hold_is_counted),
        CASE("what the list cannot hold must still be JSON",
             what_the_list_cannot_hold_must_still_be_json),
        CASE("fields are found by their name", fields_are_found_by_their_name),
        CASE("without escapes no memory is needed", without_escapes_no_memory_is_needed),
        CASE("want of memory is told", want_of_memory_is_told),
        CASE("a freed list is empty and may be freed again",
             a_freed_list_is_empty_and_may_be_freed_again),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
