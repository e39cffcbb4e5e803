/* SPDX-License-Identifier: MIT */
/* The memory backend's rows: the ceiling, and rows that somebody still reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/memory_rows.h"

static struct row *value_row(const char *name, const char *text)
{
    struct str key = str_of(name), value = str_of(text);
    struct str *texts[] = {&key, &value};
    struct row *row = row_new(ROW_META, texts, COUNTOF(texts));

    assert_non_null(row);
    row->key = key;
    row->value = value;
    return row;
}

static void rows_do_not_grow_beyond_the_ceiling(void **state)
{
    struct rows rows = {0};

    (void)state;
    assert_int_equal(rows_insert(&rows, value_row("a", "1")), ERR_OK);
    size_t used = rows.bytes;
    rows.bytes = ROWS_BYTES_MAX - used;
    assert_int_equal(rows_insert(&rows, value_row("b", "1")), ERR_OK);
    assert_int_equal(rows_insert(&rows, value_row("c", "1")), ERR_FULL);
    assert_int_equal(rows.count, 2);
    rows_done(&rows);
}

static void undoing_gives_the_bytes_back(void **state)
{
    struct rows rows = {0};
    const struct row_change *mark;

    (void)state;
    assert_int_equal(rows_insert(&rows, value_row("a", "1")), ERR_OK);
    mark = rows.changes;
    size_t used = rows.bytes;
    assert_int_equal(rows_insert(&rows, value_row("b", "1")), ERR_OK);
    rows_undo(&rows, mark);
    assert_int_equal(rows.bytes, used);
    rows_undo(&rows, NULL);
    assert_int_equal(rows.bytes, 0);
    assert_int_equal(rows.count, 0);
    rows_done(&rows);
}

static void a_row_that_is_read_outlives_its_removal(void **state)
{
    struct rows rows = {0};

    (void)state;
    assert_int_equal(rows_insert(&rows, value_row("a", "text")), ERR_OK);
    rows_commit(&rows);
    struct row *row = rows_find(&rows, false, ROW_META, STR("a"));
    assert_non_null(row);
    row_hold(row);
    rows_remove(&rows, row);
    assert_null(rows_find(&rows, true, ROW_META, STR("a")));
    assert_ptr_equal(rows_find(&rows, false, ROW_META, STR("a")), row);
    rows_commit(&rows);
    assert_null(rows_find(&rows, false, ROW_META, STR("a")));
    assert_true(str_equal(row->value, STR("text")));
    row_drop(row);
    rows_done(&rows);
}

static void kinds_do_not_mix_and_keys_are_compared_whole(void **state)
{
    struct rows rows = {0};

    (void)state;
    assert_int_equal(rows_insert(&rows, value_row("ab", "1")), ERR_OK);
    assert_int_equal(rows_insert(&rows, value_row("a", "1")), ERR_OK);
    assert_null(rows_find(&rows, true, ROW_USER, STR("a")));
    assert_null(rows_after(&rows, true, ROW_USER, (struct str){0}));
    assert_null(rows_before(&rows, true, ROW_META, STR("a")));
    struct row *first = rows_after(&rows, true, ROW_META, (struct str){0});
    assert_true(str_equal(first->key, STR("a")));
    struct row *second = rows_after(&rows, true, ROW_META, first->key);
    assert_true(str_equal(second->key, STR("ab")));
    assert_ptr_equal(rows_before(&rows, true, ROW_META, second->key), first);
    assert_null(rows_after(&rows, true, ROW_META, second->key));
    rows_done(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_do_not_grow_beyond_the_ceiling),
        cmocka_unit_test(undoing_gives_the_bytes_back),
        cmocka_unit_test(a_row_that_is_read_outlives_its_removal),
        cmocka_unit_test(kinds_do_not_mix_and_keys_are_compared_whole),
    };

    return cmocka_run_group_tests_name("memory rows", tests, NULL, NULL);
}
