/* SPDX-License-Identifier: MIT */
#include "base/heap.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static void a_rest_follows_work(void **state)
{
    struct heap_watch watch = {0};

    (void)state;
    assert_false(heap_is_at_rest(&watch, 1000, 900000)); /* it works */
    assert_false(heap_is_at_rest(&watch, 1500, 900000)); /* too soon to tell */
    assert_true(heap_is_at_rest(&watch, 2000, 910000));
    assert_false(heap_is_at_rest(&watch, 3000, 911000)); /* nothing was done since */
    assert_false(heap_is_at_rest(&watch, 9000, 929000));
    assert_true(heap_is_at_rest(&watch, 10000, 931000)); /* little by little it was enough */
}

static void there_is_no_rest_under_load(void **state)
{
    struct heap_watch watch = {0};

    (void)state;
    for (int64_t second = 1; second < 100; second++)
        assert_false(heap_is_at_rest(&watch, second * 1000, second * 51000));
    assert_true(heap_is_at_rest(&watch, 100000, 99 * 51000));
}

static void giving_back_keeps_what_is_in_use(void **state)
{
    enum { PIECES = 2000, BYTES = 3000 };
    char *pieces[PIECES];

    (void)state;
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = malloc(BYTES);
        assert_non_null(pieces[i]);
        memset(pieces[i], i & 0x7f, BYTES);
    }
    for (int i = 0; i < PIECES; i++)
        if (i % 100)
            free(pieces[i]);
    heap_give_back();
    for (int i = 0; i < PIECES; i += 100) {
        assert_int_equal(pieces[i][0], i & 0x7f);
        assert_int_equal(pieces[i][BYTES - 1], i & 0x7f);
        free(pieces[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rest_follows_work),
        cmocka_unit_test(there_is_no_rest_under_load),
        cmocka_unit_test(giving_back_keeps_what_is_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
