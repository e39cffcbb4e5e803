/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/secret.h"
#include "check.h"
#include "config/options.h"

struct secret_config {
    struct config base;
    struct secret smtp_url;
};

static const struct option SECRET_ROWS[] = {
    {.name = "smtp-url",
     .max = SECRET_MAX,
     .offset = offsetof(struct secret_config, smtp_url),
     .unit = "URL",
     .fallback = "",
     .help = "mail server",
     .is_secret = true},
};

static const struct option_table SECRETS = {SECRET_ROWS, COUNTOF(SECRET_ROWS),
                                            sizeof(struct secret_config)};

/* What is printed: the configuration, or the help when that is NULL. */
static char *printed(const struct option_table *table, const struct config *config)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    if (config)
        options_print(table, config, out);
    else
        options_help(table, out);
    fclose(out);
    return text;
}

static void values_are_printed_with_their_origin(void **state)
{
    char *argv[] = {(char[]){"--threads=3"}, (char[]){"--log-level=warn"}, NULL};
    char *envp[] = {(char[]){"CONTACTD_WORKERS=9"}, NULL};
    struct config config;

    (void)state;
    assert_int_equal(options_load(&OPTIONS, 2, argv, envp, &config, NULL), ERR_OK);
    char *text = printed(&OPTIONS, &config);
    assert_non_null(
        strstr(text, "\nthreads            = 3                         # command line\n"));
    assert_non_null(
        strstr(text, "\nworkers            = 9                         # environment\n"));
    assert_non_null(strstr(text, "\nmax-body           = 64k                       # default\n"));
    free(text);
    config_done(&config);
}

static void what_is_printed_can_be_read_back(void **state)
{
    const struct str file = STR("threads = 3\nlisten = [::1]:80\nrate-limit = off\n"
                                "trusted-proxies = 10.0.0.0/8 fd00::/8\nidle-timeout = 90s");
    struct config config, again;

    (void)state;
    assert_int_equal(options_load_text(&OPTIONS, file, &config, NULL), ERR_OK);
    char *text = printed(&OPTIONS, &config);
    assert_non_null(strstr(text, ", line 5\n"));
    assert_int_equal(options_load_text(&OPTIONS, str_of(text), &again, NULL), ERR_OK);
    assert_int_equal(again.threads, 3);
    assert_string_equal(again.listen, "[::1]:80");
    assert_false(again.has_rate_limit);
    assert_int_equal(again.trusted_proxies.count, 2);
    assert_int_equal(again.idle_timeout_ms, 90000);
    free(text);
    config_done(&again);
    config_done(&config);
}

static void secrets_are_not_printed(void **state)
{
    char *argv[] = {(char[]){"--smtp-url=hush"}, NULL}, *none[] = {NULL};
    struct secret_config config;

    (void)state;
    assert_int_equal(options_load(&SECRETS, 1, argv, none, &config.base, NULL), ERR_OK);
    char *text = printed(&SECRETS, &config.base);
    assert_null(strstr(text, "hush"));
    assert_non_null(strstr(text, "# smtp-url         = (set)"));
    free(text);
    config_done(&config.base);
    assert_int_equal(options_load(&SECRETS, 0, none, none, &config.base, NULL), ERR_OK);
    text = printed(&SECRETS, &config.base);
    assert_non_null(strstr(text, "# smtp-url         = (not set)"));
    free(text);
    config_done(&config.base);
}

static void help_is_aligned_and_names_range_and_default(void **state)
{
    char *text = printed(&OPTIONS, NULL), *secrets = printed(&SECRETS, NULL);

    (void)state;
    assert_non_null(strstr(text, "\n  --threads NUMBER                   threads that serve "
                                 "connections (1 to 64; default 1)\n"));
    assert_non_null(strstr(text, "(1k to 1m; default 64k)\n"));
    assert_non_null(strstr(text, "  --log-level debug|info|warn|error  the least that is logged "
                                 "(default info)\n"));
    assert_non_null(strstr(secrets, "  --smtp-url URL  mail server (also --smtp-url-file FILE; "
                                    "default none)\n"));
    free(text);
    free(secrets);
}

static void every_option_is_in_the_help(void **state)
{
    char *text = printed(&OPTIONS, NULL);

    (void)state;
    for (size_t i = 0; i < OPTIONS.count; i++) {
        char name[OPTION_NAME_MAX + 8];
        snprintf(name, sizeof name, "\n  --%s ", OPTIONS.rows[i].name);
        CHECK_ROW(strstr(text, name + (i == 0)), name);
    }
    free(text);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("values are printed with their origin", values_are_printed_with_their_origin),
        CASE("what is printed can be read back", what_is_printed_can_be_read_back),
        CASE("secrets are not printed", secrets_are_not_printed),
        CASE("help is aligned and names range and default",
             help_is_aligned_and_names_range_and_default),
        CASE("every option is in the help", every_option_is_in_the_help),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
