/* SPDX-License-Identifier: MIT */
/* Query strings, pair by pair. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "http/query_string.h"

static enum err read_all(const char *text, char *out, size_t room)
{
    struct query_string query = query_string_of(str_of(text));
    struct arena arena;
    struct str key, value;
    enum err err;

    arena_init(&arena, 64 * 1024, NULL, 0);
    out[0] = '\0';
    while ((err = query_string_next(&query, &arena, &key, &value)) == ERR_OK) {
        size_t len = strlen(out);
        assert_true(len + key.len + value.len + 3 < room);
        memcpy(out + len, key.ptr, key.len);
        out[len + key.len] = '>';
        memcpy(out + len + key.len + 1, value.ptr, value.len);
        memcpy(out + len + key.len + 1 + value.len, ";", 2);
    }
    arena_done(&arena);
    return err;
}

static void pairs_come_decoded_and_in_order(void **state)
{
    char out[256];

    (void)state;
    assert_int_equal(read_all("a=1&b=x+y%20z&c&d=%C3%A9&&e=", out, sizeof out), ERR_NOT_FOUND);
    assert_string_equal(out, "a>1;b>x y z;c>;d>\xc3\xa9;e>;");
    assert_int_equal(read_all("", out, sizeof out), ERR_NOT_FOUND);
}

static void what_is_not_text_is_refused(void **state)
{
    static const char *const BAD[] = {"a=%", "a=%4", "a=%zz", "%00=1", "a=%ff", "a=%ed%a0%80"};
    char out[256];

    (void)state;
    for (size_t i = 0; i < COUNTOF(BAD); i++)
        assert_int_equal(read_all(BAD[i], out, sizeof out), ERR_INVALID);
}

static void too_many_pairs_are_refused(void **state)
{
    char text[QUERY_PAIRS_MAX * 4 + 8] = "", out[1024];

    (void)state;
    for (int i = 0; i < QUERY_PAIRS_MAX; i++)
        strcat(text, "a=1&");
    assert_int_equal(read_all(text, out, sizeof out), ERR_NOT_FOUND);
    strcat(text, "a=1");
    assert_int_equal(read_all(text, out, sizeof out), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_come_decoded_and_in_order),
        cmocka_unit_test(what_is_not_text_is_refused),
        cmocka_unit_test(too_many_pairs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
