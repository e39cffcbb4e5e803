/* SPDX-License-Identifier: MIT */
/* Which forms an account may see. */
#include "core/scope.h"

#include "check.h"

static struct scope scope_of(const char *text)
{
    struct scope scope;

    assert_true(scope_parse(str_of(text), &scope));
    return scope;
}

static void a_scope_has_its_forms_and_no_others(void **state)
{
    struct scope two = scope_of("spring shop-2"), all = scope_of("*"), made = scope_all();

    (void)state;
    assert_true(scope_has(&two, STR("spring")));
    assert_true(scope_has(&two, STR("shop-2")));
    assert_false(scope_has(&two, STR("shop")));
    assert_false(scope_has(&two, STR("shop-22")));
    assert_false(scope_has(&two, STR("*")));
    assert_false(scope_has(&two, STR("")));
    assert_true(scope_has(&all, STR("anything")));
    assert_true(scope_has(&made, STR("anything")));
    assert_true(str_equal(scope_text(&two), STR("spring shop-2")));
    assert_true(str_equal(scope_text(&made), STR("*")));
}

static void what_is_no_scope_is_refused(void **state)
{
    static const char *const WRONG[] = {"",    " ",   "a ", " a",  "a  b",
                                        "* a", "a *", "A",  "a,b", "**"};
    char many[2 * SCOPE_FORMS_MAX + 2], longest[SCOPE_TEXT_MAX + 2];
    struct scope scope;

    (void)state;
    for (size_t i = 0; i < COUNTOF(WRONG); i++)
        CHECK_ROW(!scope_parse(str_of(WRONG[i]), &scope), WRONG[i]);
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 ? ' ' : 'a';
    assert_true(scope_parse((struct str){many, 2 * SCOPE_FORMS_MAX - 1}, &scope));
    assert_false(scope_parse((struct str){many, 2 * SCOPE_FORMS_MAX + 1}, &scope));
    memset(longest, 'a', sizeof longest);
    for (size_t i = 40; i < sizeof longest; i += 41)
        longest[i] = ' ';
    assert_false(scope_parse((struct str){longest, SCOPE_TEXT_MAX + 1}, &scope));
    longest[SCOPE_TEXT_MAX - 1] = 'a';
    assert_true(scope_parse((struct str){longest, SCOPE_TEXT_MAX}, &scope));
}

static void a_scope_is_shown_as_a_list(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(100);

    (void)state;
    scope_render(&out, STR("*"));
    scope_render(&out, STR("a b-1 c"));
    scope_render(&out, (struct str){0});
    check_str(buf_str(&out), "[\"*\"][\"a\",\"b-1\",\"c\"][]");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a scope has its forms and no others", a_scope_has_its_forms_and_no_others),
        CASE("what is no scope is refused", what_is_no_scope_is_refused),
        CASE("a scope is shown as a list", a_scope_is_shown_as_a_list),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
