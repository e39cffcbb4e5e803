/* SPDX-License-Identifier: MIT */
/* Pairs and their decoding. What names mean is test_nested.c's. */
#include "base/utf8.h"
#include "form_body.h"

static void pairs_are_read_as_the_standard_has_them(void **state)
{
    static const struct {
        const char *body, *shown;
    } ROWS[] = {
        {"", ""},
        {"&", ""},
        {"&&&", ""},
        {"a", "a=;"},
        {"a=", "a=;"},
        {"=a", "=a;"},
        {"=", "=;"},
        {"a=b", "a=b;"},
        {"&a=b&&c=d&", "a=b;c=d;"},
        {"a=b=c", "a=b=c;"},
        {"a==", "a==;"},
        {"b=2&a=1", "b=2;a=1;"},
        {"a;b=c;d", "a;b=c;d;"},
        {"a+b=c+d", "a b=c d;"},
        {"a%20b=c%20d", "a b=c d;"},
        {"a%3Db=c%26d%3D", "a=b=c&d=;"},
        {"a=%2B+%2b", "a=+ +;"},
        {"a=1%0D%0A2", "a=1\r\n2;"},
        {"a=\"\\", "a=\"\\;"},
        {"a=100%", "a=100%;"},
        {"a=100%+sure&b=%zz&c=%4", "a=100% sure;b=%zz;c=%4;"},
        {"a=%2526", "a=%26;"},
        {"\xc3\xa4=\xe2\x82\xac", "\xc3\xa4=\xe2\x82\xac;"},
        {"%C3%A4=%E2%82%AC", "\xc3\xa4=\xe2\x82\xac;"},
        {"%F0%9F%98%80=%ef%bb%bf", "\xf0\x9f\x98\x80=\xef\xbb\xbf;"},
        /* a sequence may be half escaped */
        {"a=\xc3%A4%C3\xa4", "a=\xc3\xa4\xc3\xa4;"},
        {"_charset_=UTF-8&a=1", "_charset_=UTF-8;a=1;"},
        {"_charset_=", "_charset_=;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_taken(URLENCODED, ROWS[i].body, ROWS[i].shown);
}

static void what_is_no_utf_8_is_windows_1252(void **state)
{
    static const struct {
        const char *body, *shown;
    } ROWS[] = {
        {"b=gr%FC%DFe", "b=gr\xc3\xbc\xc3\x9f\x65;"},
        {"b=%80", "b=\xe2\x82\xac;"},
        {"b=ok%C3", "b=ok\xc3\x83;"},
        {"b=%C0%AF", "b=\xc3\x80\xc2\xaf;"},
        {"a=%C3%A4&b=%ff", "a=\xc3\xa4;b=\xc3\xbf;"},
        {"%ff=2", "\xc3\xbf=2;"},
        {"_charset_=ISO-8859-1&b=\xe4", "_charset_=ISO-8859-1;b=\xc3\xa4;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_taken(URLENCODED, ROWS[i].body, ROWS[i].shown);
}

static void what_is_no_text_is_refused_and_its_field_named(void **state)
{
    static const struct {
        const char *body, *hint;
    } ROWS[] = {
        {"b=x%00y", "\"b\" has a NUL"},
        {"a%00=1", "name of value 1 has a NUL"},
        {"_charset_=utf-16", "\"_charset_\" asks for another charset"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_refused(URLENCODED, str_of(ROWS[i].body), NULL, ROWS[i].hint);
    check_refused(URLENCODED, STR("a=1\0"), NULL, "\"a\" has a NUL");
    check_refused(URLENCODED, STR("\0=1"), NULL, "name of value 1 has a NUL");
}

/* The detail goes into a JSON reply, so it must be text itself, however long the name. */
static void a_long_name_is_cut_between_code_points_when_it_is_told(void **state)
{
    CLEANUP(buf_done) struct buf name = buf_new(4096);

    (void)state;
    for (size_t ascii = 0; ascii < 3; ascii++) {
        CLEANUP(form_body_done) struct form_body body;
        size_t points;
        buf_done(&name);
        for (size_t i = 0; i < ascii; i++)
            buf_put_char(&name, 'a');
        for (size_t i = 0; i < 500; i++)
            buf_put(&name, STR("\xe2\x82\xac"));
        buf_put(&name, STR("=%00"));
        form_body_read(&body, URLENCODED, buf_str(&name), NULL, 1 << 20);
        assert_int_equal(body.err, ERR_INVALID);
        assert_non_null(strstr(body.detail.text, "\xe2\x82\xac\" has a NUL"));
        assert_true(utf8_length(str_of(body.detail.text), &points));
        assert_true(points < 60);
    }
}

static void put_pairs(struct buf *body, size_t count, const char *before, const char *behind)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(body, "%s%s%zu%s", i ? "&" : "", before, i, behind);
    assert_int_equal(buf_status(body), ERR_OK);
}

static void there_is_a_ceiling_of_values(void **state)
{
    static const struct {
        const char *before, *behind;
    } ROWS[] = {{"a", "=1"}, {"a=", ""}, {"a[]=", ""}, {"a[", "]=1"}, {"a.b", "=1"}};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf most = buf_new(10000), more = buf_new(10000);
        CLEANUP(form_body_done) struct form_body body;
        put_pairs(&most, FIELDS_VALUES_MAX, ROWS[i].before, ROWS[i].behind);
        form_body_read(&body, URLENCODED, buf_str(&most), NULL, 1 << 20);
        CHECK_ROW(body.err == ERR_OK, ROWS[i].before);
        put_pairs(&more, FIELDS_VALUES_MAX + 1, ROWS[i].before, ROWS[i].behind);
        check_refused(URLENCODED, buf_str(&more), NULL, "more than 256 values");
    }
}

static void what_the_list_cannot_hold_is_counted(void **state)
{
    CLEANUP(buf_done) struct buf text = buf_new(10000);
    CLEANUP(form_body_done) struct form_body body;

    (void)state;
    put_pairs(&text, FIELDS_MAX, "a", "=1");
    buf_put(&text, STR("&b=2&c[d]=3&a0=4"));
    form_body_read(&body, URLENCODED, buf_str(&text), NULL, 1 << 20);
    assert_int_equal(body.err, ERR_OK);
    assert_int_equal(body.fields.count, FIELDS_MAX);
    assert_int_equal(body.fields.total, FIELDS_MAX + 2);
    assert_int_equal(json_array_size(body.fields.list[0].json), 2);
}

static void texts_stay_in_the_body_unless_they_have_an_escape(void **state)
{
    CLEANUP(form_body_done) struct form_body body;

    (void)state;
    form_body_read(&body, URLENCODED, STR("name=Ada&message=\xc3\xa4"), NULL, 0);
    assert_int_equal(body.err, ERR_OK);
    assert_null(body.fields.tree);
    assert_ptr_equal(body.fields.list[0].text.ptr, body.bytes + 5);
    assert_ptr_equal(body.fields.list[1].text.ptr, body.bytes + 17);
}

static void want_of_arena_is_told(void **state)
{
    CLEANUP(form_body_done) struct form_body body;

    (void)state;
    form_body_read(&body, URLENCODED, STR("a=1&a=2&b=%20"), NULL, 0);
    assert_int_equal(body.err, ERR_MEMORY);
    assert_null(body.fields.tree);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("pairs are read as the standard has them", pairs_are_read_as_the_standard_has_them),
        CASE("what is no UTF-8 is windows-1252", what_is_no_utf_8_is_windows_1252),
        CASE("what is no text is refused and its field named",
             what_is_no_text_is_refused_and_its_field_named),
        CASE("a long name is cut between code points when it is told",
             a_long_name_is_cut_between_code_points_when_it_is_told),
        CASE("there is a ceiling of values", there_is_a_ceiling_of_values),
        CASE("what the list cannot hold is counted", what_the_list_cannot_hold_is_counted),
        CASE("texts stay in the body unless they have an escape",
             texts_stay_in_the_body_unless_they_have_an_escape),
        CASE("want of arena is told", want_of_arena_is_told),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
