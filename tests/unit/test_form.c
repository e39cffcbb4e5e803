/* SPDX-License-Identifier: MIT */
/* Settings of forms, right and wrong; what may redirect and post is in test_web.c, too. */
#include "core/form.h"

#include "check.h"

static void rules_freep(struct form_rules **rules)
{
    form_rules_free(*rules);
}

static enum err compile(const char *text, struct form_rules **ret_rules, struct err_detail *detail)
{
    json_t *settings = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    assert_non_null(settings);
    enum err err = form_compile(settings, ret_rules, detail);
    json_decref(settings);
    return err;
}

static void nothing_set_is_sane(void **state)
{
    CLEANUP(rules_freep) struct form_rules *rules = NULL;

    (void)state;
    assert_int_equal(compile("{}", &rules, NULL), ERR_OK);
    assert_int_equal(rules->spam_threshold, 500);
    assert_int_equal(rules->token, POLICY_OPTIONAL);
    assert_int_equal(rules->proof, POLICY_OPTIONAL);
    assert_int_equal(rules->captcha, CAPTCHA_NONE);
    assert_int_equal(rules->retention_days, 0);
    assert_int_equal(rules->spam_retention_days, 30);
    assert_null(rules->title.ptr);
    assert_null(rules->schema);
    assert_true(form_origin_is_allowed(rules, STR("https://anybody.example")));
    assert_true(form_origin_is_allowed(rules, STR("null")));
    assert_true(form_redirect_is_allowed(rules, STR("/thanks")));
    assert_false(form_redirect_is_allowed(rules, STR("https://anybody.example")));
}

static void everything_can_be_set(void **state)
{
    CLEANUP(rules_freep) struct form_rules *rules = NULL;

    (void)state;
    assert_int_equal(compile("{\"title\":\"Sh\xc3\xb6p\",\"aliases\":[\"a@b\",\"x\"],\"origins\":["
                             "\"https://*.a.example\"],"
                             "\"redirect\":\"/ok\",\"errorRedirect\":\"https://a.example/"
                             "no\",\"redirectHosts\":[\"b.example\"],"
                             "\"language\":\"de\",\"schema\":{},\"honeypot\":\"url\","
                             "\"spamThreshold\":4.25,\"languages\":[\"de\",\"en\"],"
                             "\"token\":\"required\",\"proof\":\"off\",\"captcha\":{\"kind\":"
                             "\"hcaptcha\",\"secret\":\"s\"},"
                             "\"notify\":{\"mail\":[]},\"retentionDays\":90,\"spamRetentionDays\":"
                             "0,\"ratePerHour\":5}",
                             &rules, NULL),
                     ERR_OK);
    check_str(rules->title, "Sh\xc3\xb6p");
    assert_int_equal(rules->aliases.count, 2);
    check_str(rules->aliases.items[0], "a@b");
    assert_int_equal(rules->spam_threshold, 425);
    assert_int_equal(rules->token, POLICY_REQUIRED);
    assert_int_equal(rules->proof, POLICY_OFF);
    assert_int_equal(rules->captcha, CAPTCHA_HCAPTCHA);
    check_str(rules->captcha_secret, "s");
    assert_int_equal(rules->retention_days, 90);
    assert_int_equal(rules->spam_retention_days, 0);
    assert_int_equal(rules->rate_per_hour, 5);
    assert_true(form_origin_is_allowed(rules, STR("https://x.a.example")));
    assert_false(form_origin_is_allowed(rules, STR("null")));
    assert_true(form_redirect_is_allowed(rules, STR("https://x.a.example/y")));
    assert_true(form_redirect_is_allowed(rules, STR("http://B.example:8080/y")));
    assert_false(form_redirect_is_allowed(rules, STR("https://a.example")));
    assert_false(form_redirect_is_allowed(rules, STR("//b.example")));
}

static void what_is_wrong_names_the_setting(void **state)
{
    static const struct {
        const char *settings, *detail;
    } ROWS[] = {
        {"[]", "settings must be a JSON object"},
        {"{\"colour\":1}", "there is no setting 'colour'; known are title, aliases"},
        {"{\"title\":7}", "title must be a text of 1 to 200 bytes in one line"},
        {"{\"title\":\"a\\nb\"}", "title must be"},
        {"{\"title\":\"\"}", "title must be"},
        {"{\"aliases\":\"x\"}", "aliases must be a list"},
        {"{\"aliases\":[\"a b\"]}", "aliases: 'a b' is not valid; expected is visible ASCII"},
        {"{\"origins\":[\"https://a.example/\"]}", "origins: "},
        {"{\"redirect\":\"javascript:alert(1)\"}", "redirect: "},
        {"{\"redirectHosts\":[\"https://a.example\"]}", "redirectHosts: "},
        {"{\"language\":\"xyz\"}", "language must be"},
        {"{\"schema\":[]}", "schema must be an object"},
        {"{\"spamThreshold\":0}", "spamThreshold must be a number above 0"},
        {"{\"spamThreshold\":0.001}", "spamThreshold must be at least 0.01"},
        {"{\"spamThreshold\":1e9}", "spamThreshold must be a number above 0"},
        {"{\"token\":\"maybe\"}", "token must be one of off, optional, required"},
        {"{\"retentionDays\":-1}", "retentionDays must be a whole number from 0 to 36500"},
        {"{\"retentionDays\":1.5}", "retentionDays must be"},
        {"{\"captcha\":{\"kind\":\"x\",\"secret\":\"s\"}}", "captcha.kind must be one of none"},
        {"{\"captcha\":{\"kind\":\"turnstile\",\"sceret\":\"s\"}}", "captcha must be an object"},
        {"{\"captcha\":{\"kind\":\"turnstile\",\"secret\":\"a\\nb\"}}",
         "captcha must be an object"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct form_rules *rules = NULL;
        struct err_detail detail = {""};
        CHECK_ROW(compile(ROWS[i].settings, &rules, &detail) == ERR_INVALID, ROWS[i].settings);
        CHECK_ROW(strncmp(detail.text, ROWS[i].detail, strlen(ROWS[i].detail)) == 0, detail.text);
        assert_null(rules);
    }
}

static void the_table_tells_what_can_be_set(void **state)
{
    size_t count = 0;

    (void)state;
    while (form_setting_at(count)) {
        assert_true(form_setting_at(count)->name[0] && form_setting_at(count)->help[0]);
        count++;
    }
    assert_int_equal(count, 18);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("nothing set is sane", nothing_set_is_sane),
        CASE("everything can be set", everything_can_be_set),
        CASE("what is wrong names the setting", what_is_wrong_names_the_setting),
        CASE("the table tells what can be set", the_table_tells_what_can_be_set),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
