/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "config/options.h"

static const struct option ROWS[] = {
    {.name = "max-body"},
    {.name = "max-body-size"},
    {.name = "smtp-url", .is_secret = true},
    {.name = "log-level"},
};

static const struct option_table TABLE = {ROWS, COUNTOF(ROWS), 0};

static void names_are_found_whole(void **state)
{
    bool is_file = true;

    (void)state;
    assert_ptr_equal(option_find(&TABLE, STR("max-body"), &is_file), &ROWS[0]);
    assert_false(is_file);
    assert_ptr_equal(option_find(&TABLE, STR("max-body-size"), &is_file), &ROWS[1]);
    assert_null(option_find(&TABLE, STR("max-bod"), &is_file));
    assert_null(option_find(&TABLE, STR("max-body-"), &is_file));
    assert_null(option_find(&TABLE, STR("Max-Body"), &is_file));
    assert_null(option_find(&TABLE, STR(""), &is_file));
    assert_null(option_find(&TABLE, (struct str){0}, &is_file));
}

static void only_secrets_come_from_files(void **state)
{
    bool is_file = false;

    (void)state;
    assert_ptr_equal(option_find(&TABLE, STR("smtp-url-file"), &is_file), &ROWS[2]);
    assert_true(is_file);
    assert_ptr_equal(option_find(&TABLE, STR("smtp-url"), &is_file), &ROWS[2]);
    assert_false(is_file);
    assert_null(option_find(&TABLE, STR("smtp-url-files"), &is_file));
    assert_null(option_find(&TABLE, STR("smtp-url-file-file"), &is_file));
    assert_null(option_find(&TABLE, STR("log-level-file"), &is_file));
}

static void mistyped_names_are_guessed(void **state)
{
    static const struct {
        const char *typed, *meant; /* NULL: no guess */
    } GUESSES[] = {
        {"max-bdy", "max-body"},
        {"maxbody", "max-body"},
        {"mxa-body", "max-body"},
        {"max_body", "max-body"},
        {"max-body-sizes", "max-body-size"},
        {"loglevel", "log-level"},
        {"log-levle", "log-level"},
        {"smtp-ulr", "smtp-url"},
        {"frobnicate", NULL},
        {"x", NULL},
        {"", NULL},
        {"a-name-that-is-much-longer-than-any-option-may-be", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(GUESSES); i++) {
        const struct option *nearest = option_nearest(&TABLE, str_of(GUESSES[i].typed));
        CHECK_ROW((nearest == NULL) == (GUESSES[i].meant == NULL), GUESSES[i].typed);
        if (nearest)
            assert_string_equal(nearest->name, GUESSES[i].meant);
    }
}

static void one_name_has_three_spellings(void **state)
{
    char text[OPTION_SPELLING_MAX + 1];

    (void)state;
    option_spell(CONFIG_COMMAND_LINE, &ROWS[0], text);
    assert_string_equal(text, "--max-body");
    option_spell(CONFIG_ENVIRONMENT, &ROWS[0], text);
    assert_string_equal(text, "CONTACTD_MAX_BODY");
    option_spell(CONFIG_FILE, &ROWS[0], text);
    assert_string_equal(text, "max-body");
}

static void variables_are_read_in_upper_case_only(void **state)
{
    char name[OPTION_NAME_MAX + 1], longest[OPTION_NAME_MAX + 1];

    (void)state;
    assert_true(option_from_env(STR("MAX_BODY"), name));
    assert_string_equal(name, "max-body");
    assert_true(option_from_env(STR("A1"), name));
    assert_string_equal(name, "a1");
    assert_false(option_from_env(STR("max_body"), name));
    assert_false(option_from_env(STR("MAX-BODY"), name));
    assert_false(option_from_env(STR("MAX BODY"), name));
    memset(longest, 'A', sizeof longest);
    assert_true(option_from_env((struct str){longest, OPTION_NAME_MAX}, name));
    assert_false(option_from_env((struct str){longest, OPTION_NAME_MAX + 1}, name));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("names are found whole", names_are_found_whole),
        CASE("only secrets come from files", only_secrets_come_from_files),
        CASE("mistyped names are guessed", mistyped_names_are_guessed),
        CASE("one name has three spellings", one_name_has_three_spellings),
        CASE("variables are read in upper case only", variables_are_read_in_upper_case_only),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
