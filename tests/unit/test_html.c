/* SPDX-License-Identifier: MIT */
#include "base/html.h"

#include "check.h"

static void text_stays_text(void **state)
{
    static const struct {
        const char *text, *html;
    } ROWS[] = {
        {"", ""},
        {"plain \xc3\xa4 \xf0\x9f\x98\x80", "plain \xc3\xa4 \xf0\x9f\x98\x80"},
        {"<script>", "&lt;script&gt;"},
        {"\" onload='x'", "&quot; onload=&#39;x&#39;"},
        {"&amp;", "&amp;amp;"},
        {"a\r\n\tb", "a\r\n\tb"},
        {"a\x01\x1b\x7f", "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\x85", "\xef\xbf\xbd"},                  /* C1 */
        {"\xff<\xc3", "\xef\xbf\xbd&lt;\xef\xbf\xbd"}, /* not UTF-8 */
        {"</textarea><b>", "&lt;/textarea&gt;&lt;b&gt;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf out = buf_new(1000);
        html_put(&out, str_of(ROWS[i].text));
        check_str(buf_str(&out), ROWS[i].html);
    }
    CLEANUP(buf_done) struct buf out = buf_new(100);
    html_put(&out, STR("a\0b"));
    check_str(buf_str(&out), "a\xef\xbf\xbd"
                             "b");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {CASE("text stays text", text_stays_text)};

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
