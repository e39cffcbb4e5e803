/* SPDX-License-Identifier: MIT */
#include "core/links.h"

#include "base/buf.h"
#include "check.h"

static const char KINDS[] = {
    [LINK_URL] = 'U',    [LINK_BARE] = 'B',   [LINK_BBCODE] = '[',
    [LINK_ANCHOR] = 'A', [LINK_ACTIVE] = '!', [LINK_TAG] = 't',
};

/* What was found, as "U:host|whole" with blanks between. */
static void check_links(const char *text, const char *expected)
{
    CLEANUP(buf_done) struct buf found = buf_new(4096);
    struct link_scan scan = {.text = str_of(text)};
    struct link link;

    while (link_next(&scan, &link))
        buf_printf(&found, "%s%c:%.*s|%.*s", found.len ? " " : "", KINDS[link.kind],
                   (int)link.host.len, link.host.ptr, (int)link.whole.len, link.whole.ptr);
    if (!str_equal(buf_str(&found), str_of(expected)))
        fail_msg("in \"%s\": got \"%.*s\", expected \"%s\"", text, (int)found.len, found.ptr,
                 expected);
}

static void links_are_found(void **state)
{
    static const struct {
        const char *text, *links;
    } ROWS[] = {
        {"", ""},
        {"no link. None at all: e.g. this, i.e. that... 3.14 v2.0.1", ""},
        {"see http://a.example/x?y=1#z now", "U:a.example|http://a.example/x?y=1#z"},
        {"HTTPS://WWW.Example.ORG", "U:Example.ORG|HTTPS://WWW.Example.ORG"},
        {"(http://a.example/b).", "U:a.example|http://a.example/b"},
        {"http://a.example:8080/b", "U:a.example|http://a.example:8080/b"},
        {"xhttp://a.example", ""},
        {"http:// nothing", ""},
        {"http://", ""},
        {"www.shop.test and www.x", "B:shop.test|www.shop.test B:x|www.x"},
        {"example.com/path, please", "B:example.com|example.com/path"},
        {"example.com: nice", "B:example.com|example.com"},
        {"Visit example.co.uk.", "B:example.co.uk|example.co.uk"},
        {"сайт.рф", "B:сайт.рф|сайт.рф"},
        {"great.Thanks for it.It is readme.md photo.jpg", ""},
        {"ada@example.com ada.l@mail.example.com", ""},
        {"john.me@example.com", ""},
        {"a.com b.net", "B:a.com|a.com B:b.net|b.net"},
        {".com ..com com. -.com", ""},
        {"http://a.test,http://b.test", "U:a.test|http://a.test,http://b.test"},
        {"[url=http://a.test]x[/url]", "[:|[url= U:a.test|http://a.test"},
        {"[URL]http://a.test[/URL]", "[:|[URL] U:a.test|http://a.test"},
        {"[b]bold[/b] [urls] [x]", ""},
        {"<a href=\"http://a.test\">x</a>", "A:|<a U:a.test|http://a.test"},
        {"<A\nHREF=x>", "A:|<A"},
        {"<script>x</script><img/src=x>", "!:|<script !:|<img"},
        {"<p>hi<br/>there</p>", "t:|<p t:|<br"},
        {"#include <stdio.h> List<String> a<b b< a", ""},
        {"请看https://a.test/x谢谢", "U:a.test|https://a.test/x谢谢"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_links(ROWS[i].text, ROWS[i].links);
}

static void every_domain_of_the_list_is_found(void **state)
{
    static const char *const SOME[] = {"ae",  "be",   "casino", "com",  "de",  "fr", "icu", "me",
                                       "org", "page", "ru",     "shop", "top", "uk", "xyz", "za"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(SOME); i++) {
        char text[32];
        struct link link;
        snprintf(text, sizeof text, "x.%s", SOME[i]);
        struct link_scan scan = {.text = str_of(text)};
        CHECK_ROW(link_next(&scan, &link), text);
        check_str(link.host, text);
    }
}

static void a_host_lies_within_its_domain(void **state)
{
    (void)state;
    assert_true(link_host_is_within(STR("a.example"), STR("A.Example")));
    assert_true(link_host_is_within(STR("b.a.example"), STR("a.example")));
    assert_false(link_host_is_within(STR("ba.example"), STR("a.example")));
    assert_false(link_host_is_within(STR("example"), STR("a.example")));
    assert_false(link_host_is_within(STR("a.example"), STR("")));
    assert_false(link_host_is_within(STR(""), STR("")));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("links are found", links_are_found),
        CASE("every domain of the list is found", every_domain_of_the_list_is_found),
        CASE("a host lies within its domain", a_host_lies_within_its_domain),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
