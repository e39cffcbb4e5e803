/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "check.h"
#include "config/options.h"

enum { ARGS_MAX = 16 };

/* One way to start: arguments, variables and the text of the file that is given by --config. */
struct start {
    const char *args[ARGS_MAX];
    const char *env[ARGS_MAX];
    const char *file;
};

static char file_path[] = "/tmp/contactd-test-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(file_path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file_path);
}

static void write_file(const char *text, size_t len)
{
    FILE *file = fopen(file_path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static size_t copy_texts(const char *const *from, char **to)
{
    size_t count = 0;

    for (; from[count]; count++)
        to[count] = strdup(from[count]);
    to[count] = NULL;
    return count;
}

static void free_texts(char **texts)
{
    for (; *texts; texts++)
        free(*texts);
}

static enum err load(const struct option_table *table, const struct start *start,
                     struct config *config, struct err_detail *detail)
{
    static char *argv[ARGS_MAX + 3], *envp[ARGS_MAX + 1]; /* static: config->args points there */
    int argc;

    free_texts(argv);
    free_texts(envp);
    argc = (int)copy_texts(start->args, argv);
    copy_texts(start->env, envp);
    if (start->file) {
        write_file(start->file, strlen(start->file));
        argv[argc++] = strdup("--config");
        argv[argc++] = strdup(file_path);
        argv[argc] = NULL;
    }
    detail->text[0] = '\0';
    return options_load(table, argc, argv, envp, config, detail);
}

static void without_any_option_the_defaults_hold(void **state)
{
    struct start start = {.env = {"PATH=/bin", "HOME=/"}};
    struct err_detail detail;
    struct config config;

    (void)state;
    assert_int_equal(load(&OPTIONS, &start, &config, &detail), ERR_OK);
    assert_string_equal(config.listen, "127.0.0.1:3000");
    assert_string_equal(config.database, "./contactd.db");
    assert_int_equal(config.threads, 1);
    assert_int_equal(config.workers, 2);
    assert_int_equal(config.max_connections, 4096);
    assert_int_equal(config.connection_memory_bytes, 12 * 1024);
    assert_int_equal(config.max_body_bytes, 64 * 1024);
    assert_int_equal(config.header_timeout_ms, 10000);
    assert_int_equal(config.body_timeout_ms, 20000);
    assert_int_equal(config.reply_timeout_ms, 30000);
    assert_int_equal(config.idle_timeout_ms, 15000);
    assert_int_equal(config.shutdown_timeout_ms, 10000);
    assert_int_equal(config.commit_queue, 10000);
    assert_int_equal(config.trusted_proxies.count, 0);
    assert_true(config.has_rate_limit);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.log_format, LOG_AS_AUTO);
    assert_int_equal(config.arg_count, 0);
    config_done(&config);
}

static void the_stronger_source_wins(void **state)
{
    static const struct {
        struct start start;
        const char *database;
        enum config_source source;
    } ROWS[] = {
        {{.file = ""}, "./contactd.db", CONFIG_DEFAULT},
        {{.file = "database = f"}, "f", CONFIG_FILE},
        {{.file = "database = f", .env = {"CONTACTD_DATABASE=e"}}, "e", CONFIG_ENVIRONMENT},
        {{.file = "database = f", .env = {"CONTACTD_DATABASE=e"}, .args = {"--database", "c"}},
         "c",
         CONFIG_COMMAND_LINE},
        {{.args = {"--database=c=d"}}, "c=d", CONFIG_COMMAND_LINE},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct err_detail detail;
        struct config config;
        CHECK_ROW(load(&OPTIONS, &ROWS[i].start, &config, &detail) == ERR_OK, detail.text);
        assert_string_equal(config.database, ROWS[i].database);
        assert_int_equal(config.origins[2].source, ROWS[i].source);
        config_done(&config);
    }
}

static void the_file_may_be_named_by_the_environment(void **state)
{
    char variable[64];
    struct start start = {.env = {variable}};
    struct err_detail detail;
    struct config config;

    (void)state;
    write_file("threads = 8\n", 12);
    snprintf(variable, sizeof variable, "CONTACTD_CONFIG=%s", file_path);
    assert_int_equal(load(&OPTIONS, &start, &config, &detail), ERR_OK);
    assert_int_equal(config.threads, 8);
    config_done(&config);
}

static void files_have_comments_blanks_and_any_line_end(void **state)
{
    struct start start = {.file = "# comment\r\n\r\n  threads=3   # more\r\n"
                                  "\tdatabase = a#b # c\n#workers = 9\ntrusted-proxies=#none\n"
                                  "log-level = warn"};
    struct err_detail detail;
    struct config config;

    (void)state;
    assert_int_equal(load(&OPTIONS, &start, &config, &detail), ERR_OK);
    assert_int_equal(config.threads, 3);
    assert_string_equal(config.database, "a#b");
    assert_int_equal(config.workers, 2);
    assert_int_equal(config.trusted_proxies.count, 0);
    assert_int_equal(config.log_level, LOG_WARN);
    config_done(&config);
}

static void arguments_that_are_no_options_are_handed_back(void **state)
{
    struct start start = {.args = {"add", "--threads", "2", "ada", "-", "--", "--workers", "x"}};
    static const char *const LEFT[] = {"add", "ada", "-", "--workers", "x"};
    struct err_detail detail;
    struct config config;

    (void)state;
    assert_int_equal(load(&OPTIONS, &start, &config, &detail), ERR_OK);
    assert_int_equal(config.arg_count, COUNTOF(LEFT));
    for (size_t i = 0; i < COUNTOF(LEFT); i++)
        assert_string_equal(config.args[i], LEFT[i]);
    assert_null(config.args[COUNTOF(LEFT)]);
    config_done(&config);
}

static void foreign_variables_are_ignored(void **state)
{
    struct start start = {.env = {"CONTACTD", "CONTACTD_", "CONTACTDX=1", "contactd_threads=9",
                                  "CONTACTD_TEST_PORT=1", "CONTACTD_SERVICE_HOST=10.0.0.1",
                                  "CONTACTD_PORT=tcp://10.0.0.1:3000",
                                  "CONTACTD_PORT_3000_TCP_ADDR=10.0.0.1", "THREADS=9"}};
    struct err_detail detail;
    struct config config;

    (void)state;
    CHECK_ROW(load(&OPTIONS, &start, &config, &detail) == ERR_OK, detail.text);
    assert_int_equal(config.threads, 1);
    config_done(&config);
}

/* In what is expected, @ stands for the file's path. */
static void check_refused(const struct option_table *table, const struct start *start,
                          enum err expected_err, const char *expected)
{
    char text[512];
    struct err_detail detail;
    struct config *config = calloc(1, table->config_bytes), *zero = calloc(1, table->config_bytes);
    const char *at = strchr(expected, '@');

    snprintf(text, sizeof text, "%.*s%s%s", at ? (int)(at - expected) : 500, expected,
             at ? file_path : "", at ? at + 1 : "");
    CHECK_ROW(load(table, start, config, &detail) == expected_err, expected);
    assert_string_equal(detail.text, text);
    assert_memory_equal(config, zero, table->config_bytes);
    free(config);
    free(zero);
}

static void mistakes_are_told_with_origin_reason_and_remedy(void **state)
{
    static const struct {
        struct start start;
        const char *detail;
    } ROWS[] = {
        {{.env = {"CONTACTD_MAX_BODY=1x"}},
         "CONTACTD_MAX_BODY=1x (environment): not a size; use a number of bytes such as 65536 or "
         "64k"},
        {{.args = {"--threads=65"}}, "--threads=65 (command line): out of range; use 1 to 64"},
        {{.args = {"--threads", ""}}, "--threads= (command line): not a number; use digits alone"},
        {{.file = "\n\nmax-body = 1g # big\n"},
         "max-body = 1g (@, line 3): not a size; use a number of bytes such as 65536 or 64k"},
        {{.args = {"--threads"}},
         "--threads (command line): its value is missing; write --threads NUMBER"},
        {{.args = {"--listen", "--threads", "1"}},
         "--listen (command line): its value is missing; write --listen ADDRESS"},
        {{.args = {"--listn", "x"}}, "--listn (command line): unknown; did you mean --listen?"},
        {{.args = {"--frobnicate"}},
         "--frobnicate (command line): unknown; see --help for the options"},
        {{.args = {"-p", "1"}}, "-p (command line): unknown; options are written --NAME VALUE"},
        {{.env = {"CONTACTD_THREAD=1"}},
         "CONTACTD_THREAD (environment): unknown; did you mean CONTACTD_THREADS?"},
        {{.env = {"CONTACTD_threads=1"}},
         "CONTACTD_threads (environment): unknown; did you mean CONTACTD_THREADS?"},
        {{.env = {"CONTACTD_PORT=80"}},
         "CONTACTD_PORT (environment): unknown; see --help for the options"},
        {{.env = {"CONTACTD_THREADS_FILE=/x"}},
         "CONTACTD_THREADS_FILE (environment): unknown; did you mean CONTACTD_THREADS?"},
        {{.file = "threads = 1\nwrokers = 2"},
         "wrokers (@, line 2): unknown; did you mean workers?"},
        {{.file = "[server]"}, "[server] (@, line 1): not a setting; write NAME = VALUE"},
        {{.file = "config = other"},
         "config = other (@, line 1): a file cannot name another one; remove it"},
        {{.file = "threads = 1\nthreads = 2"},
         "threads = 2 (@, line 2): given twice; give it once"},
        {{.args = {"--threads=1", "--threads=1"}},
         "--threads=1 (command line): given twice; give it once"},
        {{.file = "threads = \x1b[31m"},
         "threads = ?[31m (@, line 1): not a number; use digits alone"},
        /* a weaker value is checked although a stronger one hides it */
        {{.args = {"--threads=1"}, .env = {"CONTACTD_THREADS=none"}},
         "CONTACTD_THREADS=none (environment): not a number; use digits alone"},
        {{.args = {"--threads=1"}, .file = "threads = none"},
         "threads = none (@, line 1): not a number; use digits alone"},
        {{.args =
              {"--log-level="
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}},
         "--log-level=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (command "
         "line): not one of the words; use debug, info, warn or error"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_refused(&OPTIONS, &ROWS[i].start, ERR_INVALID, ROWS[i].detail);
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
    struct start missing = {.args = {"--config=/nonexistent/contactd.conf"}};
    struct start empty = {.args = {"--config="}};
    struct config config;
    struct err_detail detail;

    (void)state;
    check_refused(&OPTIONS, &missing, ERR_NOT_FOUND,
                  "/nonexistent/contactd.conf (configuration file): it cannot be opened: No such "
                  "file or directory");
    assert_int_equal(load(&OPTIONS, &empty, &config, &detail), ERR_OK);
    config_done(&config);
}

static void nul_bytes_in_a_file_are_refused(void **state)
{
    struct start start = {.args = {"--config", file_path}};
    struct err_detail detail;
    struct config config;

    (void)state;
    write_file("database = a\0b\n", 15);
    assert_int_equal(load(&OPTIONS, &start, &config, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, "database = a?b ("));
}

/* A table with a secret, until the real one has some. */
struct secret_config {
    struct config base;
    struct secret smtp_url;
};

static const struct option SECRET_ROWS[] = {
    {.name = "config",
     .max = 4095,
     .offset = offsetof(struct config, file),
     .unit = "FILE",
     .fallback = "",
     .help = "file with more"},
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

static void secrets_come_from_values_and_files(void **state)
{
    static const struct {
        struct start start;
        const char *file, *secret;
    } ROWS[] = {
        {{.args = {NULL}}, "", ""},
        {{.args = {"--smtp-url=one"}}, "", "one"},
        {{.env = {"CONTACTD_SMTP_URL=two"}}, "", "two"},
        {{.args = {"--smtp-url-file", file_path}}, "three\n", "three"},
        {{.args = {"--smtp-url-file", file_path}}, "four\r\n", "four"},
        {{.args = {"--smtp-url-file", file_path}}, " five # six", " five # six"},
        {{.args = {"--smtp-url=one", NULL}, .env = {"CONTACTD_SMTP_URL=two"}}, "", "one"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct err_detail detail;
        struct secret_config config;
        write_file(ROWS[i].file, strlen(ROWS[i].file));
        CHECK_ROW(load(&SECRETS, &ROWS[i].start, &config.base, &detail) == ERR_OK, detail.text);
        assert_string_equal(config.smtp_url.text, ROWS[i].secret);
        assert_null(config.base.origins[1].text);
        config_done(&config.base);
    }
}

static void secrets_are_not_told(void **state)
{
    static char too_long[SECRET_MAX + 64] = "--smtp-url=";
    struct start value = {.args = {too_long}};
    struct start twice = {.args = {"--smtp-url=hush", "--smtp-url-file=/x"}};
    struct start other = {.env = {"CONTACTD_SMTP_URL=hu\tsh"}};
    struct start missing = {.args = {"--smtp-url-file=/nonexistent"}};
    struct start broken = {.args = {"--smtp-url-file", file_path}};

    (void)state;
    memset(too_long + 11, 'x', SECRET_MAX + 1);
    write_file("hu\nsh\n", 6);
    check_refused(&SECRETS, &value, ERR_INVALID,
                  "--smtp-url=*** (command line): too long; use at most 1024 bytes");
    check_refused(&SECRETS, &twice, ERR_INVALID,
                  "--smtp-url-file=/x (command line): given twice; give it once");
    check_refused(&SECRETS, &other, ERR_INVALID,
                  "CONTACTD_SMTP_URL=*** (environment): it contains a control character; remove "
                  "it");
    check_refused(&SECRETS, &missing, ERR_NOT_FOUND,
                  "--smtp-url-file=/nonexistent (command line): it cannot be opened: No such file "
                  "or directory");
    check_refused(&SECRETS, &broken, ERR_INVALID,
                  "--smtp-url-file=*** (command line): it contains a control character; remove "
                  "it");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("without any option the defaults hold", without_any_option_the_defaults_hold),
        CASE("the stronger source wins", the_stronger_source_wins),
        CASE("the file may be named by the environment", the_file_may_be_named_by_the_environment),
        CASE("files have comments, blanks and any line end",
             files_have_comments_blanks_and_any_line_end),
        CASE("arguments that are no options are handed back",
             arguments_that_are_no_options_are_handed_back),
        CASE("foreign variables are ignored", foreign_variables_are_ignored),
        CASE("mistakes are told with origin, reason and remedy",
             mistakes_are_told_with_origin_reason_and_remedy),
        CASE("a file that cannot be read is told", a_file_that_cannot_be_read_is_told),
        CASE("NUL bytes in a file are refused", nul_bytes_in_a_file_are_refused),
        CASE("secrets come from values and files", secrets_come_from_values_and_files),
        CASE("secrets are not told in errors", secrets_are_not_told),
    };

    return cmocka_run_group_tests(CASES, make_file, remove_file);
}
