/* SPDX-License-Identifier: MIT */
/* Files of other services as rows: records are found, columns get their meaning, ids repeat. */
#include "core/import.h"

#include "base/clock.h"
#include "check.h"
#include "core/records.h"

/* --- records ------------------------------------------------------------- */

/* Every record as "line:json", broken ones as "line:!". */
static void finds(const char *text, const char *expected)
{
    struct records *records = test_malloc(sizeof *records);
    struct buf out = buf_new(10000);
    struct err_detail detail;
    json_t *record;
    size_t line;

    bool is_open = records_open(records, str_of(text), &detail) == ERR_OK;
    if (!is_open)
        buf_put(&out, STR("no"));
    while (is_open) {
        enum err err = records_next(records, &record, &line, &detail);
        if (err == ERR_NOT_FOUND)
            break;
        buf_printf(&out, "%s%zu:", out.len ? " " : "", line);
        if (err != ERR_OK) {
            buf_put_char(&out, '!');
            continue;
        }
        js_value(&out, record);
        json_decref(record);
    }
    if (!str_equal(buf_str(&out), str_of(expected)))
        fail_msg("%s became %.*s", text, (int)out.len, out.ptr);
    records_done(records);
    test_free(records);
    buf_done(&out);
}

static void records_are_found_in_every_kind_of_file(void **state)
{
    (void)state;
    finds("a,b\n1,2\n,3\n", "2:{\"a\":\"1\",\"b\":\"2\"} 3:{\"b\":\"3\"}");
    finds("a,a,a\n1,2,3\n", "2:{\"a\":[\"1\",\"2\",\"3\"]}");
    finds("a,a,b,b,c\n\"\",2,1,\"\",\"\"\n", "2:{\"a\":\"2\",\"b\":\"1\",\"c\":\"\"}");
    finds("a,b\n1,2,3\n4,5\n", "2:! 3:{\"a\":\"4\",\"b\":\"5\"}");
    finds("a,b\n\xff,2\n", "2:!");
    finds("{\"a\":1}\n{\"a\":2}\n", "1:{\"a\":1} 2:{\"a\":2}");
    finds("{\"a\":\n{\"b\":\"}\\\"\"}}\n{}", "1:{\"a\":{\"b\":\"}\\\"\"}} 3:{}");
    finds("[{\"a\":1},\n {\"a\":2}]", "1:{\"a\":1} 2:{\"a\":2}");
    finds("[]", "");
    finds("[1,\n{\"a\":2}]", "1:! 2:{\"a\":2}");
    finds("{\"n\":2,\"x\":{\"data\":[1]},\"fields\":[\"a\"],\n\"submissions\":[{\"a\":1},{\"a\":2}]"
          ",\"m\":0}",
          "2:{\"a\":1} 2:{\"a\":2}");
    finds("{\"a\":[{\"b\":1}]}", "1:{\"a\":[{\"b\":1}]}");
    finds("{\"data\":{\"a\":1}}", "1:{\"data\":{\"a\":1}}");
    finds("{\"a\":1}\nnonsense\n{\"a\":2}", "1:{\"a\":1} 2:! 3:{\"a\":2}");
    finds("{\"a\":1", "1:!");
    finds("{\"submissions\":[{\"a\":1", "1:!");
    finds("", "no");
    finds("one line\n", "no");
    finds("\"never closed", "no");
}

static void what_is_not_closed_costs_itself_alone(void **state)
{
    (void)state;
    finds("{\"a\":1}\n{\"a\":2\n{\"a\":3}\n", "1:{\"a\":1} 2:! 3:{\"a\":3}");
    finds("{\"a\":2\n{\"a\":3}}\n{\"a\":4}\n", "1:! 2:{\"a\":3} 2:! 3:{\"a\":4}");
    finds("{\"a\":{\"b\":2}\n{\"a\":3}\n{\"a\":4}\n", "1:! 2:{\"a\":3} 3:{\"a\":4}");
    finds("{\"a\":[1,2}\n{\"a\":3}\n{\"a\":4}]\n", "1:! 2:{\"a\":3} 3:{\"a\":4} 3:!");
    finds("{\"a\":\"x}\n{\"a\":\"y\"}\n{\"a\":4}\n", "1:! 2:{\"a\":\"y\"} 3:{\"a\":4}");
    finds("{\"a\":1,\n{\"a\":3}\n", "1:! 2:{\"a\":3}");
    /* Its last member is a record of its own, as far as anybody can tell. */
    finds("{\"a\":\n{\"a\":3}\n", "1:! 2:{\"a\":3}");
    finds("{\"a\":1\n{\"a\":2\n{\"a\":3", "1:! 2:! 3:!");
    /* In lists, by where the records stand in their lines. */
    finds("[\n  {\n    \"a\": {\n      \"b\": 1\n  },\n  {\n    \"a\": {\n      \"c\": 2\n    }\n  "
          "},\n"
          "  {\"a\":3}\n]\n",
          "2:! 6:{\"a\":{\"c\":2}} 11:{\"a\":3}");
    finds("[{\"a\":1},\n {\"a\":2,\n {\"a\":3}]", "1:{\"a\":1} 2:! 3:{\"a\":3}");
    finds("[{\"a\":1\n,{\"a\":2}\n,{\"a\":3}]", "1:! 2:{\"a\":2} 3:{\"a\":3}");
    finds("{\"data\":[{\"a\":1},\n{\"a\":\"2},\n{\"a\":3}]}", "1:! 2:! 3:{\"a\":3} 3:!");
    /* What is broken elsewise ends where it ends. */
    finds("{\"a\":tru}\n{\"a\":1}\n", "1:! 2:{\"a\":1}");
    finds("[{\"a\":tru},{\"a\":{\n\"b\":,}\n},{\"a\":1}]", "1:! 1:! 3:{\"a\":1}");
}

/* --- rows ---------------------------------------------------------------- */

static void becomes(const char *text, enum import_origin origin, bool is_csv, const char *form,
                    const char *expected)
{
    struct buf out = buf_new(10000);
    struct err_detail detail = {""};
    json_t *record = json_loads(text, 0, NULL), *row = NULL;

    assert_non_null(record);
    if (import_record(record, origin, is_csv, str_of(form), &row, &detail) == ERR_OK)
        js_value(&out, row);
    else
        buf_put(&out, str_of(detail.text));
    if (!str_starts_with(buf_str(&out), str_of(expected)))
        fail_msg("%s became %.*s", text, (int)out.len, out.ptr);
    json_decref(row);
    json_decref(record);
    buf_done(&out);
}

static void columns_get_their_meaning(void **state)
{
    (void)state;
    becomes(
        "{\"_date\":\"2020-01-01\",\"Email\":\"a@b\",\"color\":\"red\",\"_status\":1}", ORIGIN_AUTO,
        true, "shop",
        "{\"at\":1577836800000,\"email\":\"a@b\",\"form\":\"shop\",\"state\":\"read\",\"fields\":{"
        "\"color\":\"red\"}}");
    /* The first column with a role has it. */
    becomes(
        "{\"created_at\":\"2020-01-01\",\"email\":\"a@b\",\"_replyto\":\"c@d\"}", ORIGIN_BASIN,
        true, "shop",
        "{\"at\":1577836800000,\"email\":\"a@b\",\"form\":\"shop\",\"state\":\"read\",\"fields\":{"
        "\"_replyto\":\"c@d\"}}");
    /* Our own: guards and lists are undone, prefixes too. */
    becomes("{\"id\":\"x\",\"form\":\"shop\",\"receivedAt\":\"2020-01-01\",\"state\":\"spam\","
            "\"message\":"
            "\"'=1\",\"spamScore\":\"-1.50\",\"fields.page\":\"''@\",\"tags\":\"[1,2]\",\"page\":"
            "\"p\"}",
            ORIGIN_AUTO, true, NULL,
            "{\"id\":\"x\",\"form\":\"shop\",\"at\":1577836800000,\"state\":\"spam\",\"message\":"
            "\"=1\","
            "\"spamScore\":-150,\"page\":\"p\",\"fields\":{\"page\":\"'@\",\"tags\":[1,2]}}");
    becomes("{\"id\":\"x\",\"form\":\"shop\",\"createdAt\":\"2020-01-01\",\"state\":\"new\","
            "\"fields\":{"
            "\"email\":\"kept\"},\"name\":null}",
            ORIGIN_AUTO, false, NULL,
            "{\"id\":\"x\",\"form\":\"shop\",\"at\":1577836800000,\"state\":\"new\",\"fields\":{"
            "\"email\":"
            "\"kept\"}}");
    becomes(
        "{\"created_at\":\"2020-01-01\",\"site_url\":\"s\",\"form_name\":\"f\",\"name\":\"picked\","
        "\"body\":\"b\",\"data\":{\"name\":\"N\",\"x\":1,\"ip\":\"1.2.3.4\"}}",
        ORIGIN_AUTO, false, NULL,
        "{\"name\":\"N\",\"source\":\"1.2.3.4\",\"at\":1577836800000,\"form\":\"f\",\"state\":"
        "\"read\","
        "\"fields\":{\"x\":1}}");
}

/* The visitor's own date must not pass for it. */
static void a_date_is_the_time_when_nothing_else_is(void **state)
{
    (void)state;
    becomes("{\"date\":\"2020-01-01\",\"email\":\"a@b\"}", ORIGIN_FORMSPREE, true, "shop",
            "{\"at\":1577836800000,\"email\":\"a@b\",");
    becomes("{\"Timestamp\":\"2020-01-01\",\"email\":\"a@b\"}", ORIGIN_GETFORM, true, "shop",
            "{\"at\":1577836800000,\"email\":\"a@b\",");
    becomes("{\"SUBMITTED AT\":\"2020-01-01\",\"email\":\"a@b\"}", ORIGIN_BASIN, true, "shop",
            "{\"at\":1577836800000,\"email\":\"a@b\",");
    becomes("{\"Date\":\"1 May\",\"_date\":\"2020-01-01\"}", ORIGIN_AUTO, true, "shop",
            "{\"at\":1577836800000,\"form\":\"shop\",\"state\":\"read\",\"fields\":{\"Date\":\"1 "
            "May\"}}");
    becomes(
        "{\"date\":\"2020-01-01\",\"timestamp\":\"2021-01-01\",\"email\":\"a@b\"}", ORIGIN_AUTO,
        true, "shop",
        "{\"at\":1577836800000,\"email\":\"a@b\",\"form\":\"shop\",\"state\":\"read\",\"fields\":{"
        "\"timestamp\":\"2021-01-01\"}}");
    becomes("{\"data\":{\"date\":\"1 May\"},\"Date\":\"2020-01-01\"}", ORIGIN_BASIN, false, "shop",
            "{\"at\":1577836800000,\"form\":\"shop\",\"state\":\"read\",\"fields\":{\"date\":\"1 "
            "May\"}}");
    becomes("{\"created_at\":\"\",\"Date\":\"2020-01-01\",\"email\":\"a@b\"}", ORIGIN_BASIN, true,
            "shop", "{\"at\":1577836800000,");
    becomes("{\"Date\":\"2020-01-01\",\"email\":\"a@b\"}", ORIGIN_NETLIFY, false, "shop",
            "it does not say when");
}

#define OURS "\"id\":\"x\",\"form\":\"shop\",\"receivedAt\":\"2020-01-01\",\"state\":\"new\","

/* The fields alone of a row of our own CSV. */
static void has_fields(const char *cells, const char *expected)
{
    struct buf text = buf_new(10000), row = buf_new(10000);

    buf_printf(&text, "{" OURS "%s}", cells);
    buf_printf(
        &row,
        "{\"id\":\"x\",\"form\":\"shop\",\"at\":1577836800000,\"state\":\"new\",\"fields\":%s}",
        expected);
    buf_put_char(&text, '\0');
    buf_put_char(&row, '\0');
    becomes(text.ptr, ORIGIN_AUTO, true, NULL, row.ptr);
    buf_done(&text);
    buf_done(&row);
}

static void our_own_columns_are_undone(void **state)
{
    (void)state;
    has_fields(
        "\"a\":\"1\",\"furtherFields\":\"{\\\"b\\\":[1,-2],\\\"fields.page\\\":\\\"'=x\\\",\\\" "
        "\\\":null}\"",
        "{\"a\":\"1\",\"b\":[1,-2],\"fields.page\":\"'=x\",\" \":null}");
    has_fields("\"a\":\"1\",\"furtherFields\":\"\"", "{\"a\":\"1\"}");
    /* The visitor's own of that name, as it is written, and as it was before. */
    has_fields("\"fields.furtherFields\":\"x\",\"furtherFields\":\"{\\\"b\\\":1}\"",
               "{\"furtherFields\":\"x\",\"b\":1}");
    has_fields("\"furtherFields\":\"we are many\"", "{\"furtherFields\":\"we are many\"}");
    has_fields("\"furtherFields\":\"{} and more\"", "{\"furtherFields\":\"{} and more\"}");
    has_fields("\"furtherFields\":\"1},\\\"x\\\":{\"", "{\"furtherFields\":\"1},\\\"x\\\":{\"}");
    /* What has got no column of ours is a field, whatever it is called. */
    has_fields(
        "\"notes\":\"n\",\"starred\":\"s\",\"fields\":\"f\",\"createdAt\":\"c\",\"spamReasons\":"
        "\"r\"",
        "{\"notes\":\"n\",\"starred\":\"s\",\"fields\":\"f\",\"createdAt\":\"c\",\"spamReasons\":"
        "\"r\"}");
    has_fields("\"fields.Page\":\"p\",\"fields.fields.page\":\"q\"",
               "{\"Page\":\"p\",\"fields.page\":\"q\"}");
    /* A text stays one unless it is exactly what a value is written as. */
    has_fields(
        "\"a\":\"[1, 2]\",\"b\":\"[1,2]\",\"c\":\"-5\",\"d\":\"'-5\",\"e\":\"-x\",\"f\":\"\",\"g\":"
        "\"{\\\"a\\\":1,\\\"a\\\":2}\"",
        "{\"a\":\"[1, 2]\",\"b\":[1,2],\"c\":-5,\"d\":\"-5\",\"e\":\"-x\",\"f\":\"\",\"g\":\"{"
        "\\\"a\\\":1,\\\"a\\\":2}\"}");
    has_fields("\"a\":\"[[[[[[[[[[[[[[1]]]]]]]]]]]]]]\",\"b\":\"[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]\"",
               "{\"a\":[[[[[[[[[[[[[[1]]]]]]]]]]]]]],\"b\":\"[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]\"}");
}

static void what_is_no_message_is_told(void **state)
{
    (void)state;
    becomes("{\"email\":\"a@b\"}", ORIGIN_AUTO, false, "shop", "it does not say when");
    becomes("{\"created_at\":\"yesterday\",\"email\":\"a@b\"}", ORIGIN_AUTO, false, "shop",
            "'yesterday' is not a time");
    becomes("{\"created_at\":\"2020-01-01\",\"email\":\"a@b\"}", ORIGIN_AUTO, false, NULL,
            "it does not say its form");
    becomes("{\"email\":\"a@b\"}", ORIGIN_FORMSPREE, false, "shop",
            "it does not say when it arrived; columns that would: _date, created_at, created at, "
            "submitted_at, submittedAt, submitted at, submission_date, submissionDate, submission "
            "date, Date, Timestamp");
    becomes("{\"Date\":\"May\",\"email\":\"a@b\"}", ORIGIN_AUTO, true, "shop",
            "'May' is not a time; write Date like 2026-01-31T09:00:00Z");
    becomes("{\"created_at\":\"2020-01-01\",\"form_name\":\"Two Words\",\"email\":\"a@b\"}",
            ORIGIN_NETLIFY, false, NULL, "'Two Words' is not a form's name");
    becomes("{\"created_at\":\"2020-01-01\"}", ORIGIN_AUTO, false, "shop", "it says nothing");
    becomes("{\"createdAt\":\"2020-01-01\",\"state\":\"lost\",\"email\":\"a\"}", ORIGIN_CONTACTD,
            false, "shop", "'lost' is not a state");
}

static void times_are_read_as_exports_write_them(void **state)
{
    static const struct {
        const char *text, *expected;
    } ROWS[] = {
        {"2018-11-03T07:28:29.707632", "2018-11-03T07:28:29.707Z"},
        {"2018-11-03T07:28:29Z", "2018-11-03T07:28:29.000Z"},
        {"2018-11-03 07:28:29", "2018-11-03T07:28:29.000Z"},
        {"2018-11-03 07:28:29 UTC", "2018-11-03T07:28:29.000Z"},
        {"2018-11-03 07:28:29 GMT", "2018-11-03T07:28:29.000Z"},
        {"2018-11-03 07:28:29 +0200", "2018-11-03T05:28:29.000Z"},
        {"2018-11-03 07:28:29-05:00", "2018-11-03T12:28:29.000Z"},
        {"2018-11-03 07:28:29.5 -0500", "2018-11-03T12:28:29.500Z"},
        {"2018-11-03 07:28", "2018-11-03T07:28:00.000Z"},
        {" 2018-11-03 ", "2018-11-03T00:00:00.000Z"},
        {"1541230109", "2018-11-03T07:28:29.000Z"},
        {"1541230109707", "2018-11-03T07:28:29.707Z"},
    };
    static const char *const WRONG[] = {
        "",
        "yesterday",
        "03/11/2018",
        "11/03/2018 07:28",
        "2018-11-03X07:28:29",
        "2018-13-03 07:28:29",
        "12345",
        "2018-11-03 07:28:29 CEST",
        "Sat, 03 Nov 2018 07:28:29 GMT",
        "2018-11-03 07:28:29 +02000000000000000000000000000000000000000000000000000000000"};
    char text[CLOCK_TEXT_LEN + 1];
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CHECK_ROW(import_time_parse(str_of(ROWS[i].text), &ms), ROWS[i].text);
        clock_format(ms, text);
        assert_string_equal(text, ROWS[i].expected);
    }
    for (size_t i = 0; i < COUNTOF(WRONG); i++)
        CHECK_ROW(!import_time_parse(str_of(WRONG[i]), &ms), WRONG[i]);
}

/* --- ids ----------------------------------------------------------------- */

static void ids_carry_the_time_and_repeat(void **state)
{
    struct id one = import_id(1577836800000, STR("content"), 0);
    struct id same = import_id(1577836800000, STR("content"), 0);
    struct id other = import_id(1577836800000, STR("another"), 0);
    char text[ID_TEXT_LEN + 1];
    struct id parsed;

    (void)state;
    assert_memory_equal(&one, &same, sizeof one);
    assert_memory_not_equal(&one, &other, sizeof one);
    for (unsigned attempt = 0; attempt < 70000; attempt += 7) {
        struct id id = import_id(1577836800000, STR("content"), attempt);
        assert_int_equal(id_wall_ms(&id), 1577836800000);
        assert_int_equal(id_seq(&id) & 0x7fff, (id_seq(&one) + attempt) & 0x7fff);
    }
    id_format(&one, text);
    assert_true(id_parse(str_of(text), &parsed));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("records are found in every kind of file", records_are_found_in_every_kind_of_file),
        CASE("what is not closed costs itself alone", what_is_not_closed_costs_itself_alone),
        CASE("columns get their meaning", columns_get_their_meaning),
        CASE("a date is the time when nothing else is", a_date_is_the_time_when_nothing_else_is),
        CASE("our own columns are undone", our_own_columns_are_undone),
        CASE("what is no message is told", what_is_no_message_is_told),
        CASE("times are read as exports write them", times_are_read_as_exports_write_them),
        CASE("ids carry the time and repeat", ids_carry_the_time_and_repeat),
    };

    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(CASES, NULL, NULL);
}
