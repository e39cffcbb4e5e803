/* SPDX-License-Identifier: MIT */
/* What every unit test includes: cmocka with the headers that it wants, and three shorthands. */
#ifndef CONTACTD_TESTS_CHECK_H
#define CONTACTD_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/str.h"

/* A test case whose name is a sentence. */
#define CASE(sentence, function)                                                                   \
    {                                                                                              \
        .name = (sentence), .test_func = (function)                                                \
    }

/* For tables: says which row broke. */
#define CHECK_ROW(condition, row)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s, for the row \"%s\"", #condition, (row));                                 \
    } while (0)

static inline void check_str(struct str actual, const char *expected)
{
    if (!str_equal(actual, str_of(expected)))
        fail_msg("got \"%.*s\", expected \"%s\"", (int)actual.len, actual.ptr, expected);
}

#endif
