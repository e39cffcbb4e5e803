/* SPDX-License-Identifier: MIT */
/* The header guard, case by case: a head as text, and what becomes of it. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "http/guard.h"

static enum verdict judge(const char *head, enum problem *ret_problem)
{
    struct str rest = str_of(head);
    struct str line = str_cut(&rest, '\n');
    struct str method = str_cut(&line, ' '), target = str_cut(&line, ' ');
    struct guard guard = {0};

    while (rest.ptr) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');
        guard_header(&guard, name, str_trim(value));
    }
    return guard_verdict(&guard, method, line, target, ret_problem);
}

static void one_reading_passes(void **state)
{
    static const char *const HEADS[] = {
        "GET / HTTP/1.1\nHost: a",
        "GET / HTTP/1.0",
        "GET / HTTP/1.1\nHost: example.org:8080",
        "GET / HTTP/1.1\nHost: [::1]:3000",
        "HEAD /a?b=c HTTP/1.1\nHost: a\nContent-Length: 0",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 5\nX-Forwarded-For: a\nX-Forwarded-For: b",
        "DELETE / HTTP/1.1\nHost: a",
    };
    enum problem problem;

    (void)state;
    for (size_t i = 0; i < COUNTOF(HEADS); i++)
        assert_int_equal(judge(HEADS[i], &problem), VERDICT_OK);
}

static void chunked_passes_but_ends_the_connection(void **state)
{
    enum problem problem;

    (void)state;
    assert_int_equal(judge("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: Chunked", &problem),
                     VERDICT_CLOSE);
}

static void two_readings_are_refused(void **state)
{
    static const char *const HEADS[] = {
        "POST / HTTP/1.1\nHost: a\nContent-Length: 5\nContent-Length: 5",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 5\nTransfer-Encoding: chunked",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: gzip, chunked",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: identity",
        "POST / HTTP/1.0\nTransfer-Encoding: chunked",
        "POST / HTTP/1.1\nHost: a\nContent-Length: +5",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 0x5",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 5, 5",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 99999999999",
        "POST / HTTP/1.1\nHost: a\nContent-Length:",
        "POST / HTTP/1.1\nHost: a\nContent-Length : 5",
        "POST / HTTP/1.1\nHost: a\nContent-Length5: x",
        "POST / HTTP/1.1\nHost: a\nContent_Length: 5",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding-X: chunked",
        "GET / HTTP/1.1\nHost: a\nContent-Length: 5",
        "GET / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\nHost: a\nHost: a",
        "GET / HTTP/1.1\nHost: a\nX: b\x01",
        "GET / HTTP/1.1\nHost: a\nX: b\rc",
        "GET / HTTP/1.1\nHost: a\n: b",
        "GET http://a/ HTTP/1.1\nHost: a",
        "GET * HTTP/1.1\nHost: a",
        "GET /a#b HTTP/1.1\nHost: a",
        "GET /\x80 HTTP/1.1\nHost: a",
        "GET / HTTP/1.2\nHost: a",
        "GET / HTTP/2.0\nHost: a",
        "G@T / HTTP/1.1\nHost: a",
        "GET / HTTP/1.1\nHost:",
        "GET / HTTP/1.1\nHost: a@b",
        "GET / HTTP/1.1\nHost: a, b",
        "GET / HTTP/1.1\nHost: a/b",
        "GET / HTTP/1.1\nHost: a:b",
        "GET / HTTP/1.1\nHost: a:99999",
        "GET / HTTP/1.1\nHost: [::1",
        "GET / HTTP/1.1\nHost: [::1]x",
    };
    enum problem problem;

    (void)state;
    for (size_t i = 0; i < COUNTOF(HEADS); i++) {
        if (judge(HEADS[i], &problem) != VERDICT_REFUSE || problem != PROBLEM_BAD_REQUEST)
            fail_msg("passed: %s", HEADS[i]);
    }
}

static void an_unknown_method_has_its_own_answer(void **state)
{
    enum problem problem;

    (void)state;
    assert_int_equal(judge("BREW / HTTP/1.1\nHost: a", &problem), VERDICT_REFUSE);
    assert_int_equal(problem, PROBLEM_NOT_IMPLEMENTED);
}

/* It has none (RFC 9112, section 6.3); whoever before us thinks otherwise finds the line cut. */
static void what_says_nothing_of_a_body_is_the_last_on_its_connection(void **state)
{
    enum problem problem;

    (void)state;
    assert_int_equal(judge("POST / HTTP/1.1\nHost: a", &problem), VERDICT_CLOSE);
    assert_int_equal(judge("POST / HTTP/1.1\nHost: a\nContent-Length: 0", &problem), VERDICT_OK);
    assert_int_equal(judge("GET / HTTP/1.1\nHost: a", &problem), VERDICT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_reading_passes),
        cmocka_unit_test(chunked_passes_but_ends_the_connection),
        cmocka_unit_test(two_readings_are_refused),
        cmocka_unit_test(an_unknown_method_has_its_own_answer),
        cmocka_unit_test(what_says_nothing_of_a_body_is_the_last_on_its_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
