/* SPDX-License-Identifier: MIT */
#include "config/options.h"

#include "check.h"
#include "config/value.h"

static void every_row_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTIONS.count; i++) {
        const struct option *option = &OPTIONS.rows[i];
        CHECK_ROW(option->name && option->unit && option->fallback && option->help, option->name);
        CHECK_ROW(strlen(option->name) <= OPTION_NAME_MAX, option->name);
        CHECK_ROW(option->offset < OPTIONS.config_bytes, option->name);
        CHECK_ROW(option->min <= option->max, option->name);
        CHECK_ROW(strlen(option->help) > 10 && strlen(option->help) < 80, option->name);
        CHECK_ROW(!strchr(option->help, '\n') && option->help[strlen(option->help) - 1] != '.',
                  option->name);
    }
}

static void names_and_members_are_used_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTIONS.count; i++)
        for (size_t j = 0; j < i; j++) {
            CHECK_ROW(strcmp(OPTIONS.rows[i].name, OPTIONS.rows[j].name) != 0,
                      OPTIONS.rows[i].name);
            CHECK_ROW(OPTIONS.rows[i].offset != OPTIONS.rows[j].offset, OPTIONS.rows[i].name);
        }
}

static void names_are_lower_case_words_with_dashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTIONS.count; i++)
        CHECK_ROW(strspn(OPTIONS.rows[i].name, "abcdefghijklmnopqrstuvwxyz-") ==
                      strlen(OPTIONS.rows[i].name),
                  OPTIONS.rows[i].name);
}

static void every_default_keeps_its_own_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTIONS.count; i++) {
        struct err_detail reason = {""};
        struct value value;
        CHECK_ROW(value_parse(&OPTIONS.rows[i], str_of(OPTIONS.rows[i].fallback), &value,
                              &reason) == ERR_OK,
                  OPTIONS.rows[i].name);
    }
}

struct text_row {
    const char *text;
    bool is_ok;
};

static void check_texts(struct str name, const struct text_row *rows, size_t count)
{
    bool is_file;
    const struct option *option = option_find(&OPTIONS, name, &is_file);

    for (size_t i = 0; i < count; i++) {
        struct err_detail reason = {""};
        struct value value;
        enum err err = value_parse(option, str_of(rows[i].text), &value, &reason);
        CHECK_ROW((err == ERR_OK) == rows[i].is_ok, rows[i].text);
        CHECK_ROW((reason.text[0] == '\0') == rows[i].is_ok, rows[i].text);
    }
}

static void listen_takes_addresses_and_sockets(void **state)
{
    static const struct text_row ROWS[] = {
        {"127.0.0.1:3000", true},
        {"0.0.0.0:0", true},
        {"localhost:65535", true},
        {":8080", true},
        {"[::1]:80", true},
        {"[::]:80", true},
        {"unix:/run/contactd.sock", true},
        {"", false},
        {"3000", false},
        {"localhost", false},
        {"localhost:", false},
        {"localhost:65536", false},
        {"localhost:http", false},
        {"local host:80", false},
        {"::1:80", false},
        {"[::1]", false},
        {"[::1:80", false},
        {"[]:80", false},
        {"unix:", false},
        {"unix:/", false},
        {"unix:relative", false},
        {"http://127.0.0.1:80", false},
    };

    (void)state;
    check_texts(STR("listen"), ROWS, COUNTOF(ROWS));
}

/* Every reader of it finds the same host and origin there. */
static void public_url_takes_what_has_an_origin(void **state)
{
    static const struct text_row ROWS[] = {
        {"", true},
        {"https://forms.example", true},
        {"http://forms.example", true},
        {"https://FORMS.Example", true},
        {"https://forms.example:8443", true},
        {"https://forms.example/some/path", true},
        {"https://forms.example:8443/some/path", true},
        {"https://xn--bcher-kva.example", true},
        {"https://localhost", true},
        {"https://127.0.0.1", true},
        {"https://[::1]", true},
        {"https://[2001:db8::1]:8443/path", true},
        {"https://forms.example.", false},
        {"https://forms.example./path", false},
        {"https://.forms.example", false},
        {"https://forms..example", false},
        {"https://*.forms.example", false},
        {"https://", false},
        {"https:///path", false},
        {"https://:443", false},
        {"https://forms.example/", false},
        {"https://forms.example/path/", false},
        {"https://forms.example:", false},
        {"https://forms.example:/path", false},
        {"https://forms.example:https", false},
        {"https://forms.example:65536", false},
        {"https://forms.example:443:443", false},
        {"https://user@forms.example", false},
        {"https://user:word@forms.example", false},
        {"https://forms.example/@path", false},
        {"https://forms.example?query", false},
        {"https://forms.example/path?query", false},
        {"https://forms.example#part", false},
        {"https://[::1", false},
        {"https://::1", false},
        {"https://[::1]x", false},
        {"https://[fe80::1%25eth0]", false},
        {"https://[forms.example]", false},
        {"https://forms example", false},
        {"https://forms.example\\path", false},
        {"https://b\xc3\xbc"
         "cher.example",
         false},
        {"HTTPS://forms.example", false},
        {"ftp://forms.example", false},
        {"//forms.example", false},
        {"forms.example", false},
    };

    (void)state;
    check_texts(STR("public-url"), ROWS, COUNTOF(ROWS));
}

static void a_socket_path_fits_the_kernel(void **state)
{
    char text[200] = "unix:/";
    bool is_file;
    const struct option *option = option_find(&OPTIONS, STR("listen"), &is_file);
    struct value value;

    (void)state;
    memset(text + 6, 'x', sizeof text - 6);
    assert_int_equal(value_parse(option, (struct str){text, 5 + 107}, &value, NULL), ERR_OK);
    assert_int_equal(value_parse(option, (struct str){text, 5 + 108}, &value, NULL), ERR_INVALID);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every row is complete", every_row_is_complete),
        CASE("names and members are used once", names_and_members_are_used_once),
        CASE("names are lower-case words with dashes", names_are_lower_case_words_with_dashes),
        CASE("every default keeps its own rule", every_default_keeps_its_own_rule),
        CASE("listen takes addresses and sockets", listen_takes_addresses_and_sockets),
        CASE("public-url takes what has an origin", public_url_takes_what_has_an_origin),
        CASE("a socket path fits the kernel", a_socket_path_fits_the_kernel),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
