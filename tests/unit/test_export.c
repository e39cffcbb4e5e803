/* SPDX-License-Identifier: MIT */
/* Rows as a file: columns in order of first appearance, with a ceiling, and nothing passed over. */
#include "core/export.h"

#include "check.h"

static const struct submission ROW = {.form = {"shop", 4}, .message = {"=1", 2}};

static struct submission with(const char *fields)
{
    struct submission row = ROW;

    row.fields = str_of(fields);
    return row;
}

static struct export_columns *columns_of(const char *const rows[], size_t count)
{
    struct export_columns *columns = NULL;

    assert_int_equal(export_columns_new(&columns), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        struct submission row = with(rows[i]);
        assert_int_equal(export_columns_note(columns, &row), ERR_OK);
    }
    return columns;
}

static void columns_come_in_order_of_appearance(void **state)
{
    static const char *const ROWS[] = {"{\"b\":1,\"a\":2}", "{\"a\":1,\"page\":2,\"b\":3}",
                                       "{\"=c\":1}", NULL};
    struct export_columns *columns = columns_of(ROWS, COUNTOF(ROWS));
    struct buf out = buf_new(1000);

    (void)state;
    export_head(&out, EXPORT_CSV, columns, true);
    check_str(buf_str(&out), "\xef\xbb\xbfid,form,receivedAt,state,name,email,message,source,"
                             "userAgent,page,spamScore,b,a,fields.page,'=c\r\n");
    buf_done(&out);
    export_columns_free(columns);
}

static void a_row_has_its_values_in_their_columns(void **state)
{
    static const char *const ROWS[] = {
        "{\"a\":\"x\",\"n\":-5,\"o\":{\"k\":[1,\"\\u00fc\"]},\"t\":true,\"z\":null,\"late\":\"\"}"};
    struct export_columns *columns = columns_of(ROWS, 1);
    struct submission row = with("{\"t\":true,\"o\":{\"k\":[1,\"\xc3\xbc\"]},\"n\":-5,\"z\":null}");
    struct buf out = buf_new(1000);

    (void)state;
    row.spam_score = -150;
    assert_int_equal(export_row(&out, EXPORT_CSV, columns, &row, true), ERR_OK);
    check_str(
        buf_str(&out),
        "00000000-0000-0000-0000-000000000000,shop,1970-01-01T00:00:00.000Z,new,,,'=1,,,,-1.50,,"
        "-5,\"{\"\"k\"\":[1,\"\"\xc3\xbc\"\"]}\",true,,\r\n");
    buf_done(&out);
    export_columns_free(columns);
}

static void what_has_no_column_is_an_error(void **state)
{
    struct export_columns *columns = columns_of(NULL, 0);
    struct submission unknown = with("{\"a\":1}"), broken = with("{\"a\":");
    struct buf out = buf_new(1000);

    (void)state;
    assert_int_equal(export_row(&out, EXPORT_CSV, columns, &unknown, true), ERR_NOT_FOUND);
    assert_int_equal(export_row(&out, EXPORT_CSV, columns, &broken, true), ERR_CORRUPT);
    assert_int_equal(export_columns_note(columns, &broken), ERR_CORRUPT);
    buf_done(&out);
    export_columns_free(columns);
}

static void there_are_only_so_many_columns(void **state)
{
    struct export_columns *columns = columns_of(NULL, 0);
    struct buf name = buf_new(EXPORT_COLUMNS_BYTES_MAX * 2);

    (void)state;
    for (int i = 0; i < EXPORT_COLUMNS_MAX; i++) {
        name.len = 0;
        buf_printf(&name, "field %d", i);
        assert_int_equal(export_columns_add(columns, buf_str(&name)), ERR_OK);
        assert_int_equal(export_columns_add(columns, buf_str(&name)), ERR_OK);
    }
    assert_int_equal(columns->count, EXPORT_COLUMNS_MAX);
    assert_int_equal(export_columns_add(columns, STR("field 7")), ERR_OK);
    assert_int_equal(export_columns_add(columns, STR("one more")), ERR_FULL);
    export_columns_free(columns);
    columns = columns_of(NULL, 0);
    for (int i = 0; i <= EXPORT_COLUMNS_BYTES_MAX; i++)
        buf_put_char(&name, 'x');
    assert_int_equal(export_columns_add(columns, buf_str(&name)), ERR_FULL);
    buf_done(&name);
    export_columns_free(columns);
    export_columns_free(NULL);
}

static void json_has_brackets_and_commas(void **state)
{
    struct buf out = buf_new(10000);

    (void)state;
    export_head(&out, EXPORT_JSON, NULL, false);
    export_tail(&out, EXPORT_JSON, false);
    check_str(buf_str(&out), "[]\n");
    out.len = 0;
    export_head(&out, EXPORT_JSON, NULL, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(export_row(&out, EXPORT_JSON, NULL, &ROW, i == 0), ERR_OK);
    export_tail(&out, EXPORT_JSON, true);
    assert_true(str_starts_with(buf_str(&out), STR("[\n{\"id\":")));
    assert_true(str_ends_with(buf_str(&out), STR("}\n]\n")));
    out.len = 0;
    export_head(&out, EXPORT_NDJSON, NULL, false);
    assert_int_equal(export_row(&out, EXPORT_NDJSON, NULL, &ROW, true), ERR_OK);
    export_tail(&out, EXPORT_NDJSON, true);
    assert_true(str_starts_with(buf_str(&out), STR("{\"id\":")));
    assert_true(str_ends_with(buf_str(&out), STR("}\n")));
    buf_done(&out);
}

static void formats_have_names(void **state)
{
    enum export_format format = EXPORT_CSV;

    (void)state;
    assert_true(export_format_parse(STR("ndjson"), &format));
    assert_int_equal(format, EXPORT_NDJSON);
    assert_false(export_format_parse(STR("xml"), &format));
    assert_string_equal(export_format_text(EXPORT_JSON), "json");
    assert_string_equal(export_format_type(EXPORT_CSV), "text/csv; charset=utf-8");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("columns come in order of appearance", columns_come_in_order_of_appearance),
        CASE("a row has its values in their columns", a_row_has_its_values_in_their_columns),
        CASE("what has no column is an error", what_has_no_column_is_an_error),
        CASE("there are only so many columns", there_are_only_so_many_columns),
        CASE("JSON has brackets and commas", json_has_brackets_and_commas),
        CASE("formats have names", formats_have_names),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
