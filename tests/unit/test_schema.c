/* SPDX-License-Identifier: MIT */
#include "core/schema.h"

#include "check.h"

static void the_contact_form_asks_for_three_fields(void **state)
{
    const struct field_rule *rule = schema_find(&SCHEMA_CONTACT, STR("email"));

    (void)state;
    assert_int_equal(SCHEMA_CONTACT.count, 3);
    assert_non_null(rule);
    assert_int_equal(rule->kind, FIELD_EMAIL);
    assert_int_equal(rule->max, 254);
    assert_non_null(schema_find(&SCHEMA_CONTACT, STR("name")));
    assert_non_null(schema_find(&SCHEMA_CONTACT, STR("message")));
}

static void other_names_have_no_rule(void **state)
{
    (void)state;
    assert_null(schema_find(&SCHEMA_CONTACT, STR("")));
    assert_null(schema_find(&SCHEMA_CONTACT, STR("Name")));
    assert_null(schema_find(&SCHEMA_CONTACT, STR("names")));
    assert_null(schema_find(&SCHEMA_CONTACT, STR("nam")));
}

static void every_rule_can_be_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCHEMA_CONTACT.count; i++) {
        const struct field_rule *rule = &SCHEMA_CONTACT.rules[i];
        CHECK_ROW(rule->min <= rule->max, rule->key);
        CHECK_ROW(rule->min >= 1 || !rule->is_required, rule->key);
        CHECK_ROW(strlen(rule->key) <= SCHEMA_CONTACT.further_key_max, rule->key);
        CHECK_ROW(schema_find(&SCHEMA_CONTACT, str_of(rule->key)) == rule, rule->key);
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the contact form asks for three fields", the_contact_form_asks_for_three_fields),
        CASE("other names have no rule", other_names_have_no_rule),
        CASE("every rule can be kept", every_rule_can_be_kept),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
