/* SPDX-License-Identifier: MIT */
/* Boundaries, heads of parts, files, and bodies that end early. */
#include "form_body.h"

#define END              "--b--\r\n"
#define HEAD(fields)     "--b\r\n" fields "\r\n\r\n"
#define PART(name, text) HEAD("Content-Disposition: form-data; name=\"" name "\"") text "\r\n"
#define FILE_PART(params, text)                                                                    \
    HEAD("Content-Disposition: form-data; name=\"f\"; " params                                     \
         "\r\nContent-Type: application/octet-stream")                                             \
    text "\r\n"

static void parts_become_fields(void **state)
{
    static const struct {
        const char *body, *shown;
    } ROWS[] = {
        {END, ""},
        {"--b--", ""},
        {PART("a", "1") END, "a=1;"},
        {PART("a", "1") "--b--", "a=1;"},
        {PART("b", "2") PART("a", "1") END, "b=2;a=1;"},
        {PART("a", "") END, "a=;"},
        {PART("a", "\r\n") END, "a=\r\n;"},
        {PART("a", "1\r\n2\n3\r") END, "a=1\r\n2\n3\r;"},
        {PART("a", "x--b--") END, "a=x--b--;"},
        {PART("a", "\n--b\n--b--") END, "a=\n--b\n--b--;"},
        {PART("a", "\r\n--\r\n-b") END, "a=\r\n--\r\n-b;"},
        {PART("a", "a=1&b=2+3%20") END, "a=a=1&b=2+3%20;"},
        {PART("a[]", "1") PART("b", "x") PART("a[]", "2") END, "a=[\"1\",\"2\"];b=x;"},
        {PART("a", "1") PART("a", "2") END, "a=[\"1\",\"2\"];"},
        {PART("\xc3\xa4", "\xe2\x82\xac") END, "\xc3\xa4=\xe2\x82\xac;"},
        {PART("", "1") END, "=1;"},
        /* what stands before and behind belongs to nobody */
        {"preamble\r\n" PART("a", "1") END, "a=1;"},
        {"\r\n" PART("a", "1") END, "a=1;"},
        {"--c\r\n" PART("a", "1") END, "a=1;"},
        {PART("a", "1") END "epilogue", "a=1;"},
        {PART("a", "1") END PART("b", "2") END, "a=1;"},
        /* padding */
        {"--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b-- \t\r\n", "a=1;"},
        {"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b-- ", "a=1;"},
        {PART("_charset_", "utf-8") PART("a", "1") END, "_charset_=utf-8;a=1;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_taken(MULTIPART, ROWS[i].body, ROWS[i].shown);
}

static void heads_are_read_as_clients_write_them(void **state)
{
    static const struct {
        const char *head, *shown;
    } ROWS[] = {
        {"Content-Disposition: form-data; name=\"a\"", "a=1;"},
        {"content-disposition:form-data;name=a", "a=1;"},
        {"CONTENT-DISPOSITION: \t Form-Data ; NAME=\"a\" ;", "a=1;"},
        {"Content-Type: text/plain; charset=UTF-8\r\nContent-Disposition: form-data; name=\"a\"",
         "a=1;"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Type: "
         "text/plain;charset=\"us-ascii\"",
         "a=1;"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Type: application/json", "a=1;"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Type:", "a=1;"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: 8BIT", "a=1;"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: binary", "a=1;"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: 7bit", "a=1;"},
        {"X-Other: \xc3\xa4\r\nContent-Length: 1\r\nContent-Disposition: form-data; name=\"a\"",
         "a=1;"},
        /* names */
        {"Content-Disposition: form-data; name=\"a%22b\"", "a\"b=1;"},
        {"Content-Disposition: form-data; name=\"a%0D%0Ab%0d%0a\"", "a\r\nb\r\n=1;"},
        {"Content-Disposition: form-data; name=\"a%2\"", "a%2=1;"},
        {"Content-Disposition: form-data; name=\"100%\"", "100%=1;"},
        {"Content-Disposition: form-data; name=\"a%20b%41%25\"", "a%20b%41%25=1;"},
        {"Content-Disposition: form-data; name=\"a\\\"b\\\\c\"", "a\"b\\c=1;"},
        {"Content-Disposition: form-data; name=\"a\\b\\\\\"", "a\\b\\=1;"},
        {"Content-Disposition: form-data; name=\"a; filename=b\"", "a; filename=b=1;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char body[512];
        snprintf(body, sizeof body, "--b\r\n%s\r\n\r\n1\r\n" END, ROWS[i].head);
        check_taken(MULTIPART, body, ROWS[i].shown);
    }
}

static void heads_that_are_no_form_data_are_refused(void **state)
{
    static const struct {
        const char *head, *hint;
    } ROWS[] = {
        {"X: y", "no Content-Disposition"},
        {"Content-Disposition: form-data", "no name"},
        {"Content-Disposition: form-data; filename=\"a\"", "no name"},
        {"Content-Disposition: form-data; name*=utf-8''a", "no name"},
        {"Content-Disposition: attachment; name=\"a\"", "that is not: form-data"},
        {"Content-Disposition: form-data; name=\"a", "that is not: form-data"},
        {"Content-Disposition: form-data; name=\"a\"; name=\"b\"", "that is not: form-data"},
        {"Content-Disposition: form-data name=\"a\"", "that is not: form-data"},
        {"Content-Disposition: form-data; name=\"a\"\r\ncontent-disposition: form-data; name=\"b\"",
         "same header field twice"},
        {"Content-Disposition: form-data; name=\"a\"\r\nno field", "no header field"},
        {"Content-Disposition : form-data; name=\"a\"", "no header field"},
        {"Content-Disposition: form-data;\r\n name=\"a\"", "no header field"},
        {": form-data; name=\"a\"", "no header field"},
        {"Content-Disposition: form-data; name=\"a\"\nX: y", "control characters"},
        {"Content-Disposition: form-data; name=\"a\rb\"", "control characters"},
        {"Content-Disposition: form-data; name=\"a\x7f\"", "control characters"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
         "other than 7bit"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding:",
         "other than 7bit"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain; charset=utf-16",
         "another charset"},
        {"Content-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain; charset=\"",
         "malformed Content-Type"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char body[512];
        snprintf(body, sizeof body, PART("first", "") "--b\r\n%s\r\n\r\n1\r\n" END, ROWS[i].head);
        check_refused(MULTIPART, str_of(body), MULTIPART_TYPE, ROWS[i].hint);
        check_refused(MULTIPART, str_of(body), MULTIPART_TYPE, "part 2 ");
    }
}

static void a_head_has_a_ceiling(void **state)
{
    static const struct {
        size_t bytes;
        enum err err;
    } ROWS[] = {{3000, ERR_OK}, {4096, ERR_INVALID}, {60000, ERR_INVALID}};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf text = buf_new(1 << 17);
        CLEANUP(form_body_done) struct form_body body;
        buf_put(&text, STR("--b\r\nContent-Disposition: form-data; name=\"a\"\r\nX: "));
        for (size_t j = 0; j < ROWS[i].bytes; j++)
            buf_put_char(&text, 'x');
        buf_put(&text, STR("\r\n\r\n1\r\n" END));
        form_body_read(&body, MULTIPART, buf_str(&text), MULTIPART_TYPE, 1 << 20);
        assert_int_equal(body.err, ROWS[i].err);
        assert_true(body.err == ERR_OK || strstr(body.detail.text, "too long a head"));
    }
}

static void lines_and_boundaries_must_be_whole(void **state)
{
    static const struct {
        const char *body, *hint;
    } ROWS[] = {
        {"", "ends before its last boundary"},
        {"a=1", "ends before its last boundary"},
        {"--c\r\n", "ends before its last boundary"},
        {"--b\nContent-Disposition: form-data; name=\"a\"\n\n1\n--b--\n", "(CRLF)"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"\n\n1\r\n--b--", "(CRLF)"},
        {PART("a", "1") "--b--\n", "(CRLF)"},
        {PART("a", "1\r\n--bc") END, "(CRLF)"},
        {PART("a", "1\r\n--b--c") END, "(CRLF)"},
        {PART("a", "1\r\n--b-") END, "(CRLF)"},
        {PART("a", "1\n--b--\n"), "ends before its last boundary"},
        {PART("a", "1") "--b\r\n" END, "ends before its last boundary"},
        {PART("a", "1") "--b\r\n\r\n" END, "part 2 has no empty line (CRLF)"},
        {PART("a", "--b") END, "part 1 has no empty line (CRLF)"},
        {PART("a", "1") "--b\r\n\r\n2\r\n" END, "part 2 has no Content-Disposition"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n" END, "no empty line (CRLF)"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" END, "no empty line (CRLF)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_refused(MULTIPART, str_of(ROWS[i].body), MULTIPART_TYPE, ROWS[i].hint);
}

static void a_body_that_ends_early_is_never_a_shorter_message(void **state)
{
    static const char BODY[] = "preamble\r\n" PART("name", "Ada") PART("a[]", "1\r\n--\r\n")
        FILE_PART("filename=\"\"", "") PART("a[]", "2") "--b--";

    (void)state;
    check_taken(MULTIPART, BODY, "name=Ada;a=[\"1\\r\\n--\\r\\n\",\"2\"];");
    for (size_t len = 0; len < sizeof BODY - 1; len++)
        check_refused(MULTIPART, (struct str){BODY, len}, MULTIPART_TYPE,
                      "ends before its last boundary");
}

static void the_boundary_is_found_in_the_content_type(void **state)
{
    static const struct {
        const char *type, *boundary;
    } ROWS[] = {
        {"multipart/form-data; boundary=xyz", "xyz"},
        {"multipart/form-data;boundary=\"xyz\"", "xyz"},
        {"multipart/form-data; charset=utf-8; BOUNDARY=xyz; x=y", "xyz"},
        {"multipart/form-data; boundary=----WebKitFormBoundaryAbC123",
         "----WebKitFormBoundaryAbC123"},
        {"multipart/form-data; boundary=\"a b'()+_,-./:=?\"", "a b'()+_,-./:=?"},
        {"multipart/form-data; boundary=a=b", "a=b"},
        {"multipart/form-data; "
         "boundary=0123456789012345678901234567890123456789012345678901234567890123456789",
         "0123456789012345678901234567890123456789012345678901234567890123456789"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(form_body_done) struct form_body body;
        char text[512];
        snprintf(text, sizeof text,
                 "--%s\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--%s--",
                 ROWS[i].boundary, ROWS[i].boundary);
        form_body_read(&body, MULTIPART, str_of(text), ROWS[i].type, 1 << 20);
        CHECK_ROW(body.err == ERR_OK, ROWS[i].type);
        check_shown(&body, "a=1;", ROWS[i].type);
    }
}

static void a_content_type_without_a_usable_boundary_is_refused(void **state)
{
    static const struct {
        const char *type, *hint;
    } ROWS[] = {
        {"multipart/form-data", "needs a boundary"},
        {"multipart/form-data;", "needs a boundary"},
        {"multipart/form-data; boundary=\"\"", "needs a boundary"},
        {"multipart/form-data; boundary=\"b \"", "needs a boundary"},
        {"multipart/form-data; boundary=b\xc3\xa4", "needs a boundary"},
        {"multipart/form-data; boundary=\"b\\\\\"", "needs a boundary"},
        {"multipart/form-data; boundary=b*", "needs a boundary"},
        {"multipart/form-data; "
         "boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
         "needs a boundary"},
        {"multipart/form-data; boundary=", "malformed"},
        {"multipart/form-data; boundary=b; boundary=c", "malformed"},
        {"multipart/form-data; boundary=\"b", "malformed"},
        {NULL, "needs a boundary"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_refused(MULTIPART, STR(PART("a", "1") END), ROWS[i].type, ROWS[i].hint);
}

static void what_is_no_text_is_refused_and_its_field_named(void **state)
{
    (void)state;
    check_refused(MULTIPART, STR(PART("a", "1") PART("b", "\0") END), MULTIPART_TYPE,
                  "\"b\" has a NUL");
    check_refused(MULTIPART, STR(PART("b", "x\0y") END), MULTIPART_TYPE, "\"b\" has a NUL");
    check_refused(MULTIPART, STR(PART("a\0", "1") END), MULTIPART_TYPE, "control characters");
    check_refused(MULTIPART, STR(PART("_charset_", "utf-16") END), MULTIPART_TYPE,
                  "asks for another charset");
}

static void files_are_named_and_not_read(void **state)
{
    static const struct {
        const char *body, *file, *shown; /* file NULL: none */
    } ROWS[] = {
        {FILE_PART("filename=\"a.txt\"", "data") END, "f", ""},
        {FILE_PART("filename=\"a.txt\"", "") END, "f", ""},
        {FILE_PART("filename=\"\"", "data") END, "f", ""},
        {FILE_PART("filename=a.txt", "data") END, "f", ""},
        {FILE_PART("filename*=utf-8''%e2%82%ac.txt", "") END, "f", ""},
        {FILE_PART("filename=\"\xff\xfe\"", "\xff\xfe") END, "f", ""},
        {FILE_PART("filename=\"a\\\"; name=\\\"b\"", "data") END, "f", ""},
        {PART("a", "1") FILE_PART("filename=\"a\"", "\r\n--\r\n") PART("b", "2") END, "f",
         "a=1;b=2;"},
        {HEAD("Content-Disposition: form-data; name=\"g%22\"; filename=\"x\"") "\r\n" FILE_PART(
             "filename=\"a\"", "") END,
         "g\"", ""},
        {HEAD("Content-Disposition: form-data; name=f; filename=x\r\n"
              "Content-Type: text/plain; charset=utf-16\r\n"
              "Content-Transfer-Encoding: base64") "AA==\r\n" END,
         "f", ""},
        {FILE_PART("filename=\"\"", "") END, NULL, ""},
        {PART("a", "1") FILE_PART("filename=\"\"", "") END, NULL, "a=1;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(form_body_done) struct form_body body;
        form_body_read(&body, MULTIPART, str_of(ROWS[i].body), MULTIPART_TYPE, 1 << 20);
        CHECK_ROW(body.err == ERR_OK, ROWS[i].body);
        CHECK_ROW((body.fields.file.ptr != NULL) == (ROWS[i].file != NULL), ROWS[i].body);
        CHECK_ROW(str_equal(body.fields.file, str_of(ROWS[i].file)), ROWS[i].body);
        check_shown(&body, ROWS[i].shown, ROWS[i].body);
    }
}

static void texts_stay_in_the_body(void **state)
{
    CLEANUP(form_body_done) struct form_body body;

    (void)state;
    form_body_read(&body, MULTIPART, STR(PART("name", "Ada") PART("m", "\xc3\xa4\r\n") END),
                   MULTIPART_TYPE, 0);
    assert_int_equal(body.err, ERR_OK);
    assert_null(body.fields.tree);
    assert_int_equal(body.fields.count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(body.fields.list[i].text.ptr > body.bytes &&
                    body.fields.list[i].text.ptr < body.bytes + body.len);
}

static void want_of_arena_is_told(void **state)
{
    CLEANUP(form_body_done) struct form_body body;

    (void)state;
    form_body_read(&body, MULTIPART, STR(PART("a", "1") PART("a", "2") PART("b%22", "") END),
                   MULTIPART_TYPE, 0);
    assert_int_equal(body.err, ERR_MEMORY);
    assert_null(body.fields.tree);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("parts become fields", parts_become_fields),
        CASE("heads are read as clients write them", heads_are_read_as_clients_write_them),
        CASE("heads that are no form data are refused", heads_that_are_no_form_data_are_refused),
        CASE("a head has a ceiling", a_head_has_a_ceiling),
        CASE("lines and boundaries must be whole", lines_and_boundaries_must_be_whole),
        CASE("a body that ends early is never a shorter message",
             a_body_that_ends_early_is_never_a_shorter_message),
        CASE("the boundary is found in the content type",
             the_boundary_is_found_in_the_content_type),
        CASE("a content type without a usable boundary is refused",
             a_content_type_without_a_usable_boundary_is_refused),
        CASE("what is no text is refused and its field named",
             what_is_no_text_is_refused_and_its_field_named),
        CASE("files are named and not read", files_are_named_and_not_read),
        CASE("texts stay in the body", texts_stay_in_the_body),
        CASE("want of arena is told", want_of_arena_is_told),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
