/* SPDX-License-Identifier: MIT */
#include "base/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void a_rest_follows_work(void **state)
{
    struct rest_watch watch = {0};

    (void)state;
    assert_false(rest_begins(&watch, 1000, 900000)); /* it works */
    assert_false(rest_begins(&watch, 1500, 900000)); /* too soon to tell */
    assert_true(rest_begins(&watch, 2000, 910000));
    assert_false(rest_begins(&watch, 3000, 911000)); /* nothing was done since */
    assert_false(rest_begins(&watch, 9000, 919000));
    assert_true(rest_begins(&watch, 10000, 921000)); /* little by little it was enough */
}

static void there_is_no_rest_under_load(void **state)
{
    struct rest_watch watch = {0};

    (void)state;
    for (int64_t second = 1; second < 100; second++)
        assert_false(rest_begins(&watch, second * 1000, second * 51000));
    assert_true(rest_begins(&watch, 100000, 99 * 51000));
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
    rest_give_back();
    for (int i = 0; i < PIECES; i += 100) {
        assert_int_equal(pieces[i][0], i & 0x7f);
        assert_int_equal(pieces[i][BYTES - 1], i & 0x7f);
        free(pieces[i]);
    }
}

/* Kilobytes of files that are mapped and in memory (proc(5), RssFile). */
static long mapped_kb(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    assert_non_null(status);
    while (kb < 0 && fgets(line, sizeof line, status))
        (void)sscanf(line, "RssFile: %ld kB", &kb);
    fclose(status);
    return kb;
}

static void the_program_goes_on_after_its_pages_are_given_back(void **state)
{
    long before_kb = mapped_kb();

    (void)state;
    rest_give_back();
    assert_in_range(mapped_kb(), 1, before_kb - 1);
    assert_string_equal(strerror(2), "No such file or directory"); /* a table that is read again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rest_follows_work),
        cmocka_unit_test(there_is_no_rest_under_load),
        cmocka_unit_test(giving_back_keeps_what_is_in_use),
        cmocka_unit_test(the_program_goes_on_after_its_pages_are_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
