/* SPDX-License-Identifier: MIT */
#include "core/csv.h"

#include "check.h"

static void written(const char *text, const char *expected)
{
    struct buf out = buf_new(1000);

    csv_text(&out, str_of(text));
    csv_end_row(&out);
    assert_int_equal(buf_status(&out), ERR_OK);
    if (!(out.len >= 2 && str_equal((struct str){out.ptr, out.len - 2}, str_of(expected))))
        fail_msg("%s became %.*s instead of %s", text, (int)out.len, out.ptr, expected);
    buf_done(&out);
}

static void quotes_where_needed(void **state)
{
    (void)state;
    written("plain", "plain");
    written("", "");
    written("a,b", "\"a,b\"");
    written("say \"hi\"", "\"say \"\"hi\"\"\"");
    written("two\nlines", "\"two\nlines\"");
    written("a;b", "\"a;b\"");
    written(" padded", "\" padded\"");
    written("it's", "it's");
}

static void no_cell_is_a_formula(void **state)
{
    (void)state;
    written("=1+1", "'=1+1");
    written("+49", "'+49");
    written("-5", "'-5");
    written("@SUM(A1)", "'@SUM(A1)");
    written("\tx", "\"'\tx\"");
    written("\r=1", "\"'\r=1\"");
    written("\n=1", "\"'\n=1\"");
    written("=1,2", "\"'=1,2\"");
    written("\xef\xbc\x9d"
            "1",
            "'\xef\xbc\x9d"
            "1");
    written("'=1", "''=1"); /* lest it reads as a guarded =1 */
    written("'plain", "'plain");
    written("'", "'");
}

static void numbers_and_ends_of_rows(void **state)
{
    struct buf out = buf_new(100);

    (void)state;
    csv_number(&out, STR("-1.50"));
    csv_text(&out, STR("a"));
    csv_text(&out, STR(""));
    csv_end_row(&out);
    check_str(buf_str(&out), "-1.50,a,\r\n");
    buf_done(&out);
}

static void an_empty_text_is_not_nothing(void **state)
{
    struct buf out = buf_new(100);
    struct csv_reader reader;
    struct csv_row row;
    struct arena arena;

    (void)state;
    csv_text(&out, STR("a"));
    csv_empty_text(&out);
    csv_text(&out, STR(""));
    csv_end_row(&out);
    check_str(buf_str(&out), "a,\"\",\r\n");
    arena_init(&arena, 1000, NULL, 0);
    reader = csv_open(buf_str(&out));
    assert_int_equal(csv_next(&reader, &arena, &row), ERR_OK);
    assert_int_equal(row.count, 3);
    assert_true(row.cells[1].ptr && !row.cells[1].len);
    assert_true(!row.cells[2].ptr && !row.cells[2].len);
    arena_done(&arena);
    buf_done(&out);
}

static void a_ceiling_sticks(void **state)
{
    struct buf out = buf_new(4);

    (void)state;
    csv_text(&out, STR("=a,b"));
    assert_int_equal(buf_status(&out), ERR_FULL);
    buf_done(&out);
}

static void unguarding_is_the_way_back(void **state)
{
    static const char *const TEXTS[] = {"",    "'",     "=",      "'=",       "''=", "'a",
                                        "''a", "\t",    "'\r\n",  "plain",    "+1",  "\xef\xbc\xa0",
                                        "' =", "=\"\"", "'''@'@", "-\xef\xbc"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(TEXTS); i++) {
        struct buf out = buf_new(100);
        struct arena arena;
        struct csv_row row;
        struct csv_reader reader;
        arena_init(&arena, 10000, NULL, 0);
        csv_text(&out, STR("first"));
        csv_text(&out, str_of(TEXTS[i]));
        csv_end_row(&out);
        reader = csv_open(buf_str(&out));
        assert_int_equal(csv_next(&reader, &arena, &row), ERR_OK);
        assert_int_equal(row.count, 2);
        CHECK_ROW(str_equal(csv_unguard(row.cells[1]), str_of(TEXTS[i])), TEXTS[i]);
        arena_done(&arena);
        buf_done(&out);
    }
}

/* Cells as "a|b|c", rows with their lines as "1:a|b". */
static void reads(const char *text, const char *expected)
{
    struct csv_reader reader = csv_open(str_of(text));
    struct buf out = buf_new(1000);
    struct arena arena;
    struct csv_row row;
    enum err err;

    arena_init(&arena, 10000, NULL, 0);
    while ((err = csv_next(&reader, &arena, &row)) == ERR_OK) {
        buf_printf(&out, "%s%zu:", out.len ? " " : "", row.line);
        for (size_t i = 0; i < row.count; i++) {
            buf_put(&out, i ? STR("|") : STR(""));
            buf_put(&out, row.cells[i]);
        }
    }
    buf_printf(&out, " %s", err == ERR_NOT_FOUND ? "." : err_text(err));
    if (!str_equal(buf_str(&out), str_of(expected)))
        fail_msg("%s was read as %.*s", text, (int)out.len, out.ptr);
    arena_done(&arena);
    buf_done(&out);
}

static void reads_what_others_write(void **state)
{
    (void)state;
    reads("", " .");
    reads("a", "1:a .");
    reads("a,b\n1,2\n", "1:a|b 2:1|2 .");
    reads("a,b\r\n1,2\r\n", "1:a|b 2:1|2 .");
    reads("a,b\r1,2", "1:a|b 2:1|2 .");
    reads("\xef\xbb\xbf"
          "a;b\n1;2,3\n",
          "1:a|b 2:1|2,3 .");
    reads("a\tb\n1\t2", "1:a|b 2:1|2 .");
    reads("\"a\"\"b\",\"c,d\"\n", "1:a\"b|c,d .");
    reads("a,\"x\ny\r\nz\"\nb,c\n", "1:a|x\ny\r\nz 4:b|c .");
    reads("a,b\n\n\n1,\n,\n", "1:a|b 4:1| 5:| .");
    reads("a,b\nx\"y,\"z\"w\n", "1:a|b 2:x\"y|z .");
    reads("\"a;b\",c\n", "1:a;b|c .");
    reads("\"\",\"\"\"\"\n", "1:|\" .");
    reads("a,b\n\"open\nnever closed", "1:a|b invalid input");
}

static void too_many_cells_cost_their_row_alone(void **state)
{
    struct buf text = buf_new(10000);
    struct csv_reader reader;
    struct csv_row row;
    struct arena arena;

    (void)state;
    for (int i = 0; i < CSV_CELLS_MAX; i++)
        buf_put_char(&text, ',');
    buf_put(&text, STR("\na,b\n"));
    arena_init(&arena, 10000, NULL, 0);
    reader = csv_open(buf_str(&text));
    assert_int_equal(csv_next(&reader, &arena, &row), ERR_FULL);
    assert_int_equal(csv_next(&reader, &arena, &row), ERR_OK);
    assert_int_equal(row.line, 2);
    assert_int_equal(csv_next(&reader, &arena, &row), ERR_NOT_FOUND);
    arena_done(&arena);
    buf_done(&text);
}

static void a_full_arena_is_told(void **state)
{
    struct csv_reader reader = csv_open(STR("\"a\"\"bcdefghijklmnopqrstuvwxyz\",b\n"));
    struct csv_row row;
    struct arena arena;

    (void)state;
    arena_init(&arena, 8, NULL, 0);
    assert_int_equal(csv_next(&reader, &arena, &row), ERR_MEMORY);
    arena_done(&arena);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a text is quoted where that is needed", quotes_where_needed),
        CASE("no cell is a formula", no_cell_is_a_formula),
        CASE("numbers stand as they are, rows end with CRLF", numbers_and_ends_of_rows),
        CASE("an empty text is not nothing", an_empty_text_is_not_nothing),
        CASE("a ceiling sticks", a_ceiling_sticks),
        CASE("unguarding is the exact way back", unguarding_is_the_way_back),
        CASE("reads what others write, and tells lines", reads_what_others_write),
        CASE("too many cells cost their row alone", too_many_cells_cost_their_row_alone),
        CASE("a full arena is told", a_full_arena_is_told),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
