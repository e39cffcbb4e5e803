/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <string.h>

#include "check.h"

static void every_error_has_its_own_text(void **state)
{
    (void)state;
    for (int i = 0; i < ERR__COUNT; i++) {
        assert_true(strlen(err_text((enum err)i)) > 3);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(err_text((enum err)i), err_text((enum err)j));
    }
    assert_string_equal(err_text((enum err)9999), "unknown error");
}

static void the_first_detail_wins(void **state)
{
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(err_set(&detail, ERR_INVALID, "first %d", 1), ERR_INVALID);
    assert_int_equal(err_set(&detail, ERR_IO, "second"), ERR_IO);
    assert_string_equal(detail.text, "first 1");
}

static void a_detail_may_be_absent(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_FULL, "nobody reads this"), ERR_FULL);
}

static void long_details_are_cut(void **state)
{
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(err_set(&detail, ERR_INVALID, "%0500d", 1), ERR_INVALID);
    assert_int_equal(strlen(detail.text), sizeof detail.text - 1);
}

static enum err stops_early(enum err err, int *steps)
{
    ++*steps;
    TRY(err);
    ++*steps;
    return ERR_OK;
}

static void try_returns_what_failed(void **state)
{
    int steps = 0;

    (void)state;
    assert_int_equal(stops_early(ERR_BUSY, &steps), ERR_BUSY);
    assert_int_equal(steps, 1);
    assert_int_equal(stops_early(ERR_OK, &steps), ERR_OK);
    assert_int_equal(steps, 3);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every error has its own text", every_error_has_its_own_text),
        CASE("the first detail wins", the_first_detail_wins),
        CASE("a detail may be absent", a_detail_may_be_absent),
        CASE("long details are cut", long_details_are_cut),
        CASE("TRY returns what failed", try_returns_what_failed),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
