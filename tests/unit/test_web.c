/* SPDX-License-Identifier: MIT */
/* Origins and targets, with the spellings that attackers of redirects and CORS try. */
#include "core/web.h"

#include "check.h"

static void hosts(void **state)
{
    static const struct {
        const char *text;
        bool is_host;
    } ROWS[] = {
        {"example.org", true},
        {"a", true},
        {"localhost", true},
        {"EXAMPLE.org", true},
        {"127.0.0.1", true},
        {"[::1]", true},
        {"[2001:db8::1]", true},
        {"xn--bcher-kva.example", true},
        {"a_b.example", true},
        {"", false},
        {".", false},
        {".example.org", false},
        {"example.org.", false},
        {"a..b", false},
        {"a b", false},
        {"a/b", false},
        {"a:80", false},
        {"user@host", false},
        {"[::1", false},
        {"::1]", false},
        {"[]", false},
        {"[x]", false},
        {"*.example.org", false},
        {"b\xc3\xbc"
         "cher.example",
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(web_is_host(str_of(ROWS[i].text)) == ROWS[i].is_host, ROWS[i].text);
}

static void hosts_without_brackets(void **state)
{
    static const struct {
        const char *host, *bare;
    } ROWS[] = {
        {"example.org", "example.org"},
        {"127.0.0.1", "127.0.0.1"},
        {"[::1]", "::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(str_equal(web_host_bare(str_of(ROWS[i].host)), str_of(ROWS[i].bare)),
                  ROWS[i].host);
    assert_int_equal(web_host_bare((struct str){0}).len, 0);
}

static void origins_fit_their_patterns(void **state)
{
    static const struct {
        const char *pattern, *origin;
        bool fits;
    } ROWS[] = {
        {"https://example.org", "https://example.org", true},
        {"https://example.org", "https://EXAMPLE.ORG", true},
        {"https://example.org", "https://example.org:443", true},
        {"https://example.org:443", "https://example.org", true},
        {"http://example.org", "http://example.org:80", true},
        {"http://localhost:8080", "http://localhost:8080", true},
        {"https://[::1]:3000", "https://[::1]:3000", true},
        {"https://*.example.org", "https://a.example.org", true},
        {"https://*.example.org", "https://a.b.example.org", true},
        {"https://*.example.org:8443", "https://a.example.org:8443", true},

        {"https://example.org", "http://example.org", false},
        {"https://example.org", "https://example.org:8443", false},
        {"https://example.org", "https://example.org.evil.example", false},
        {"https://example.org", "https://evil-example.org", false},
        {"https://example.org", "https://www.example.org", false},
        {"https://example.org", "https://example.org/", false},
        {"https://example.org", "https://evil.example/https://example.org", false},
        {"https://example.org", "https://example.org@evil.example", false},
        {"https://example.org", "https://evil.example@example.org", false},
        {"https://example.org", "https://example.org#", false},
        {"https://example.org", "null", false},
        {"https://example.org", "", false},
        {"https://*.example.org", "https://example.org", false},
        {"https://*.example.org", "https://.example.org", false},
        {"https://*.example.org", "https://evilexample.org", false},
        {"https://*.example.org", "https://a.example.org.evil.example", false},
        {"https://*.example.org", "https://*.example.org", false},
        {"https://*.example.org", "http://a.example.org", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(web_origin_fits(str_of(ROWS[i].pattern), str_of(ROWS[i].origin)) == ROWS[i].fits,
                  ROWS[i].origin);
}

static void patterns(void **state)
{
    static const struct {
        const char *text;
        bool is_pattern;
    } ROWS[] = {
        {"https://example.org", true},
        {"http://localhost:3000", true},
        {"https://*.example.org", true},
        {"https://*.example.org:8443", true},
        {"HTTPS://example.org", true},
        {"example.org", false},
        {"https://", false},
        {"https://example.org/", false},
        {"https://example.org/x", false},
        {"ftp://example.org", false},
        {"https://*", false},
        {"https://*.", false},
        {"https://a.*.example", false},
        {"*", false},
        {"https://example.org:", false},
        {"https://example.org:x", false},
        {"https://example.org:70000", false},
        {"javascript:alert(1)", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(web_is_origin_pattern(str_of(ROWS[i].text)) == ROWS[i].is_pattern, ROWS[i].text);
}

static void paths_lead_nowhere_else(void **state)
{
    static const struct {
        const char *text;
        bool is_path;
    } ROWS[] = {
        {"/", true},
        {"/thanks", true},
        {"/thanks.html?x=1#y", true},
        {"/a//b", true},
        {"/http://evil.example", true}, /* a path of that name */
        {"", false},
        {"thanks", false},
        {"//evil.example", false},
        {"///evil.example", false},
        {"/\\evil.example", false},
        {"\\\\evil.example", false},
        {"\\/evil.example", false},
        {"/a\\..\\b", false},
        {"/\tevil", false},
        {"/\n/evil.example", false},
        {" /evil", false},
        {"/a b", false},
        {"/b\xc3\xbc"
         "cher",
         false},
        {"javascript:alert(1)", false},
        {"data:text/html,x", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(web_is_path(str_of(ROWS[i].text)) == ROWS[i].is_path, ROWS[i].text);
}

static void the_host_of_a_url_is_the_one_that_is_visited(void **state)
{
    static const struct {
        const char *url, *host;
    } ROWS[] = {
        {"https://example.org", "example.org"},
        {"https://example.org/thanks?a=b", "example.org"},
        {"http://example.org:8080/x", "example.org"},
        {"HTTPS://Example.org", "Example.org"},
        {"https://example.org?x", "example.org"},
        {"https://example.org#x", "example.org"},
        {"https://[::1]:80/", "[::1]"},
        {"https://example.org/@evil.example", "example.org"},

        {"https:example.org", ""},
        {"https:/example.org", ""},
        {"https:///example.org", ""},
        {"//example.org", ""},
        {"ftp://example.org", ""},
        {"javascript://example.org/%0aalert(1)", ""},
        {"https://good.example@evil.example", ""},
        {"https://good.example:80@evil.example/", ""},
        {"https://evil.example\\@good.example", ""},
        {"https://good.example\\.evil.example", ""},
        {"https://evil.example%00.good.example", ""},
        {"https://good.example.", ""},
        {"https://goo d.example", ""},
        {"https://good.example\t/", ""},
        {" https://good.example", ""},
        {"https://good.example:", ""},
        {"https://b\xc3\xbc"
         "cher.example/",
         ""},
        {"https://", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(str_equal(web_url_host(str_of(ROWS[i].url)), str_of(ROWS[i].host)), ROWS[i].url);
    assert_int_equal(web_url_host((struct str){0}).len, 0);
    assert_false(web_is_path((struct str){0}) || web_is_host((struct str){0}) ||
                 web_is_origin_pattern((struct str){0}));
}

static void the_origin_of_a_url_is_what_it_begins_with(void **state)
{
    static const struct {
        const char *url, *origin;
    } ROWS[] = {
        {"https://example.org", "https://example.org"},
        {"http://example.org:8080/a?b#c", "http://example.org:8080"},
        {"https://example.org?x", "https://example.org"},
        {"https://[::1]:80/", "https://[::1]:80"},
        {"https://good.example@evil.example/", ""},
        {"https://good.example;script-src", ""},
        {"/path", ""},
        {"null", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(str_equal(web_url_origin(str_of(ROWS[i].url)), str_of(ROWS[i].origin)),
                  ROWS[i].url);
    assert_null(web_url_origin((struct str){0}).ptr);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("hosts", hosts),
        CASE("hosts without brackets", hosts_without_brackets),
        CASE("origins fit their patterns", origins_fit_their_patterns),
        CASE("patterns", patterns),
        CASE("paths lead nowhere else", paths_lead_nowhere_else),
        CASE("the host of a URL is the one that is visited",
             the_host_of_a_url_is_the_one_that_is_visited),
        CASE("the origin of a URL is what it begins with",
             the_origin_of_a_url_is_what_it_begins_with),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
