/* SPDX-License-Identifier: MIT */
/*
 * The official JSON Schema Test Suite (Debian: json-schema-test-suite, draft 7,
 * in which our keywords mean what they mean in 2020-12), for the keywords of
 * our subset. Groups whose schema uses another keyword must be refused by the
 * compiler: how many those are is a part of the test, so that none slips out.
 */
#include "check.h"
#include "core/validate.h"

#define SUITE "/usr/share/json-schema-test-suite/tests/draft7/"

static const struct file {
    const char *name;
    size_t tests;    /* that the file has */
    size_t refused;  /* of these, in groups with keywords beyond the subset */
    const char *why; /* which keywords */
} FILES[] = {
    {"type", 59, 0, ""},
    {"required", 7, 0, ""},
    {"properties", 18, 8, "patternProperties"},
    {"additionalProperties", 14, 8, "patternProperties, allOf"},
    {"minLength", 5, 0, ""},
    {"maxLength", 5, 0, ""},
    {"minimum", 4, 0, ""},
    {"maximum", 4, 0, ""},
    {"enum", 9, 0, ""},
    {"pattern", 4, 0, ""},
    {"boolean_schema", 18, 0, ""},
};

struct tally {
    size_t tests, refused, failed;
};

static void run_group(const json_t *group, struct tally *tally)
{
    const char *about = json_string_value(json_object_get(group, "description"));
    const json_t *tests = json_object_get(group, "tests");
    struct schema *schema = NULL;
    struct err_detail detail = {""};

    tally->tests += json_array_size(tests);
    if (schema_compile(json_object_get(group, "schema"), &schema, &detail) != ERR_OK) {
        tally->refused += json_array_size(tests);
        if (!strstr(detail.text, "is not known"))
            fail_msg("\"%s\" is not refused for a keyword: %s", about, detail.text);
        return;
    }
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *test = json_array_get(tests, i);
        bool expected = json_is_true(json_object_get(test, "valid"));
        if (validate_is_valid(schema, json_object_get(test, "data")) == expected)
            continue;
        tally->failed++;
        print_error("%s: %s\n", about, json_string_value(json_object_get(test, "description")));
    }
    schema_free(schema);
}

static void the_official_suite_agrees(void **state)
{
    size_t all = 0, refused = 0;

    (void)state;
    for (size_t i = 0; i < COUNTOF(FILES); i++) {
        char path[200];
        struct tally tally = {0};
        snprintf(path, sizeof path, SUITE "%s.json", FILES[i].name);
        json_t *groups = json_load_file(path, JSON_ALLOW_NUL, NULL);
        if (!groups)
            fail_msg("%s: not there; install json-schema-test-suite", path);
        for (size_t j = 0; j < json_array_size(groups); j++)
            run_group(json_array_get(groups, j), &tally);
        json_decref(groups);
        print_message("# %s: %zu tests, %zu out of scope (%s), %zu failed\n", FILES[i].name,
                      tally.tests, tally.refused, FILES[i].why, tally.failed);
        assert_int_equal(tally.failed, 0);
        assert_int_equal(tally.tests, FILES[i].tests);
        assert_int_equal(tally.refused, FILES[i].refused);
        all += tally.tests;
        refused += tally.refused;
    }
    print_message("# the suite: %zu of %zu tests, %zu out of scope\n", all - refused, all, refused);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the official suite agrees", the_official_suite_agrees),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
