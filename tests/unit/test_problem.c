/* SPDX-License-Identifier: MIT */
#include "http/problem.h"

#include "check.h"

struct row {
    const char *code;
    unsigned status;
    const char *text;
};

#define PROBLEM_AS_ROW(name, code_, status_, text_) [PROBLEM_##name] = {code_, status_, text_},
static const struct row ROWS[PROBLEM__COUNT] = {PROBLEM_LIST(PROBLEM_AS_ROW)};

static void every_problem_answers_with_its_own_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROBLEM__COUNT; i++) {
        enum problem problem = (enum problem)i;
        assert_non_null(problem_code(problem));
        assert_non_null(problem_text(problem));
        assert_string_equal(problem_code(problem), ROWS[i].code);
        assert_string_equal(problem_text(problem), ROWS[i].text);
        assert_int_equal(problem_status(problem), ROWS[i].status);
    }
}

static void codes_are_snake_case(void **state)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz_";

    (void)state;
    for (size_t i = 0; i < PROBLEM__COUNT; i++) {
        const char *code = problem_code((enum problem)i);
        size_t len = strlen(code);
        CHECK_ROW(len && strspn(code, LETTERS) == len, code);
        CHECK_ROW(code[0] != '_' && code[len - 1] != '_' && !strstr(code, "__"), code);
    }
}

static void codes_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROBLEM__COUNT; i++)
        for (size_t j = 0; j < i; j++)
            CHECK_ROW(strcmp(problem_code((enum problem)i), problem_code((enum problem)j)) != 0,
                      problem_code((enum problem)i));
}

static void statuses_are_those_of_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROBLEM__COUNT; i++) {
        unsigned status = problem_status((enum problem)i);
        CHECK_ROW(status >= 400 && status <= 599, problem_code((enum problem)i));
    }
}

/* It is put into JSON and shown to strangers as it is. */
static void texts_are_one_plain_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROBLEM__COUNT; i++) {
        const char *text = problem_text((enum problem)i);
        size_t len = strlen(text);
        CHECK_ROW(len > 0, problem_code((enum problem)i));
        CHECK_ROW(str_plain_length(str_of(text)) == len, problem_code((enum problem)i));
        CHECK_ROW(text[0] != ' ' && text[len - 1] != ' ', problem_code((enum problem)i));
    }
}

/* What clients and the design's section 7 count on. */
static void the_contract_s_statuses_stay(void **state)
{
    static const struct {
        enum problem problem;
        const char *code;
        unsigned status;
    } CONTRACT[] = {
        {PROBLEM_INVALID_JSON, "invalid_json", 400},
        {PROBLEM_UNAUTHORIZED, "unauthorized", 401},
        {PROBLEM_FORBIDDEN, "forbidden", 403},
        {PROBLEM_NOT_FOUND, "not_found", 404},
        {PROBLEM_METHOD_NOT_ALLOWED, "method_not_allowed", 405},
        {PROBLEM_BODY_TOO_LARGE, "body_too_large", 413},
        {PROBLEM_UNSUPPORTED_MEDIA, "unsupported_media_type", 415},
        {PROBLEM_INVALID_FIELDS, "invalid_fields", 422},
        {PROBLEM_TOO_MANY_ATTEMPTS, "too_many_attempts", 429},
        {PROBLEM_UNAVAILABLE, "unavailable", 503},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(CONTRACT); i++) {
        assert_string_equal(problem_code(CONTRACT[i].problem), CONTRACT[i].code);
        assert_int_equal(problem_status(CONTRACT[i].problem), CONTRACT[i].status);
    }
    assert_string_equal(problem_text(PROBLEM_INVALID_JSON), "invalid input");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every problem answers with its own row", every_problem_answers_with_its_own_row),
        CASE("codes are snake_case", codes_are_snake_case),
        CASE("codes are unique", codes_are_unique),
        CASE("statuses are those of errors", statuses_are_those_of_errors),
        CASE("texts are one plain line", texts_are_one_plain_line),
        CASE("the contract's statuses stay", the_contract_s_statuses_stay),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
