/* SPDX-License-Identifier: MIT */
/* Rows as a file: columns in order of first appearance, with a ceiling, and nothing is lost beyond.
 */
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
                                       "{\"=c\":1,\"none\":null}", NULL};
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
        "{\"a\":\"x\",\"n\":-5,\"o\":{\"k\":[1,\"\\u00fc\"]},\"t\":true,\"z\":1,\"late\":\"\"}"};
    struct export_columns *columns = columns_of(ROWS, 1);
    struct submission row = with("{\"t\":true,\"o\":{\"k\":[1,\"\xc3\xbc\"]},\"n\":-5,\"z\":null,"
                                 "\"late\":\"\"}");
    struct buf out = buf_new(1000);

    (void)state;
    row.spam_score = -150;
    assert_int_equal(export_row(&out, EXPORT_CSV, columns, &row, true), ERR_OK);
    check_str(
        buf_str(&out),
        "00000000-0000-0000-0000-000000000000,shop,1970-01-01T00:00:00.000Z,new,,,'=1,,,,-1.50,,"
        "-5,\"{\"\"k\"\":[1,\"\"\xc3\xbc\"\"]}\",true,,\"\"\r\n");
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

static void add(struct export_columns *columns, const char *name)
{
    assert_int_equal(export_columns_add(columns, str_of(name)), ERR_OK);
}

static struct export_columns *full_columns(void)
{
    struct export_columns *columns = columns_of(NULL, 0);
    char name[32];

    for (int i = 0; i < EXPORT_COLUMNS_MAX; i++) {
        snprintf(name, sizeof name, "field %d", i);
        add(columns, name);
        add(columns, name);
    }
    return columns;
}

static void there_are_only_so_many_columns(void **state)
{
    struct export_columns *columns = full_columns();

    (void)state;
    assert_int_equal(columns->count, EXPORT_COLUMNS_MAX);
    add(columns, "field 7");
    assert_false(columns->has_surplus);
    add(columns, "one more");
    assert_int_equal(columns->count, EXPORT_COLUMNS_MAX);
    assert_true(columns->has_surplus);
    export_columns_free(columns);
    export_columns_free(NULL);
}

static void the_longest_names_have_room(void **state)
{
    struct export_columns *columns = columns_of(NULL, 0);
    char name[EXPORT_NAME_MAX + 2];

    (void)state;
    for (int i = 0; i < EXPORT_COLUMNS_MAX; i++) {
        memset(name, 'x', sizeof name);
        name[snprintf(name, sizeof name, "%d", i)] = 'x';
        name[EXPORT_NAME_MAX] = '\0';
        add(columns, name);
    }
    assert_int_equal(columns->count, EXPORT_COLUMNS_MAX);
    assert_false(columns->has_surplus);
    export_columns_free(columns);
}

/* What a reader of tables would change is no column's name. */
static void some_names_are_never_columns(void **state)
{
    char longest[EXPORT_NAME_MAX + 2] = {0};
    const char *const names[] = {"", " a", "a ", "a\t", " ", longest};

    (void)state;
    memset(longest, 'x', EXPORT_NAME_MAX + 1);
    for (size_t i = 0; i < COUNTOF(names); i++) {
        struct export_columns *columns = columns_of(NULL, 0);
        add(columns, names[i]);
        CHECK_ROW(columns->has_surplus && columns->count == 0, names[i]);
        export_columns_free(columns);
    }
}

static void what_has_no_column_is_in_the_last_one(void **state)
{
    struct export_columns *columns = full_columns();
    struct submission row = with("{\"late\":\"=1,2\",\"field 499\":\"x\",\"none\":null,\"list\":[1,"
                                 "{\"a\":-2.5}]}"),
                      plain = with("{\"field 0\":\"y\"}");
    struct buf out = buf_new(100000);

    (void)state;
    assert_int_equal(export_row(&out, EXPORT_CSV, columns, &row, true), ERR_NOT_FOUND);
    assert_int_equal(export_columns_note(columns, &row), ERR_OK);
    out.len = 0;
    export_head(&out, EXPORT_CSV, columns, false);
    assert_true(str_ends_with(buf_str(&out), STR(",field 499,furtherFields\r\n")));
    out.len = 0;
    assert_int_equal(export_row(&out, EXPORT_CSV, columns, &row, true), ERR_OK);
    assert_true(str_ends_with(buf_str(&out), STR(",x,\"{\"\"late\"\":\"\"=1,2\"\",\"\"list\"\":[1,{"
                                                 "\"\"a\"\":-2.5}]}\"\r\n")));
    out.len = 0;
    assert_int_equal(export_row(&out, EXPORT_CSV, columns, &plain, false), ERR_OK);
    assert_true(str_ends_with(buf_str(&out), STR(",,\r\n")));
    buf_done(&out);
    export_columns_free(columns);
}

static void a_row_that_is_too_large_is_told(void **state)
{
    struct export_columns *columns = columns_of(NULL, 0);
    struct submission row = with("{\" a\":\"0123456789012345678901234567890123456789\"}");
    struct buf out = buf_new(100);

    (void)state;
    assert_int_equal(export_columns_note(columns, &row), ERR_OK);
    assert_int_equal(export_row(&out, EXPORT_CSV, columns, &row, true), ERR_FULL);
    buf_done(&out);
    export_columns_free(columns);
}

static void names_of_ours_are_told_from_theirs(void **state)
{
    static const struct {
        const char *name, *column;
    } ROWS[] = {
        {"company", "company"},
        {"page", "fields.page"},
        {"Page", "fields.Page"},
        {"furtherFields", "fields.furtherFields"},
        {"FURTHERFIELDS", "fields.FURTHERFIELDS"},
        {"fields.page", "fields.fields.page"},
        {"fields.fields.furtherFields", "fields.fields.fields.furtherFields"},
        {"fields.company", "fields.company"},
        {"fields.", "fields."},
        {"notes", "notes"},
        {"=page", "'=page"},
        {"'", "'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct export_columns *columns = columns_of(NULL, 0);
        struct buf out = buf_new(1000), expected = buf_new(1000);
        add(columns, ROWS[i].name);
        export_head(&out, EXPORT_CSV, columns, false);
        buf_printf(&expected, ",spamScore,%s\r\n", ROWS[i].column);
        CHECK_ROW(str_ends_with(buf_str(&out), buf_str(&expected)), ROWS[i].name);
        CHECK_ROW(str_equal(export_name_of_column(str_of(ROWS[i].column)), str_of(ROWS[i].name)),
                  ROWS[i].name);
        buf_done(&out);
        buf_done(&expected);
        export_columns_free(columns);
    }
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
        CASE("the longest names have room", the_longest_names_have_room),
        CASE("some names are never columns", some_names_are_never_columns),
        CASE("what has no column is in the last one", what_has_no_column_is_in_the_last_one),
        CASE("a row that is too large is told", a_row_that_is_too_large_is_told),
        CASE("names of ours are told from theirs", names_of_ours_are_told_from_theirs),
        CASE("JSON has brackets and commas", json_has_brackets_and_commas),
        CASE("formats have names", formats_have_names),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
