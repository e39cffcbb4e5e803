/* SPDX-License-Identifier: MIT */
/*
 * A scope is a short text, as it is stored: there is nothing to compile, nothing
 * to free, and an identity that carries one can be copied.
 */
#include "core/scope.h"

#include "base/json.h"

static const struct str ALL = {"*", 1};

struct scope scope_all(void)
{
    return (struct scope){.is_all = true, .len = 1, .text = "*"};
}

bool scope_next(struct str *rest, struct str *ret_form)
{
    if (!rest->len)
        return false;
    *ret_form = str_cut(rest, ' ');
    return true;
}

static bool is_list_of_names(struct str text)
{
    struct str rest = text, form;
    size_t count = 0;

    while (scope_next(&rest, &form))
        if (!form_name_is_valid(form) || ++count > SCOPE_FORMS_MAX)
            return false;
    return count > 0 && text.ptr[text.len - 1] != ' ';
}

bool scope_parse(struct str text, struct scope *ret_scope)
{
    bool is_all = str_equal(text, ALL);

    if (text.len > SCOPE_TEXT_MAX || (!is_all && !is_list_of_names(text)))
        return false;
    ret_scope->is_all = is_all;
    ret_scope->len = (uint16_t)text.len;
    memcpy(ret_scope->text, text.ptr, text.len);
    ret_scope->text[text.len] = '\0';
    return true;
}

struct str scope_text(const struct scope *scope)
{
    return (struct str){scope->text, scope->len};
}

bool scope_has(const struct scope *scope, struct str form)
{
    struct str rest = scope_text(scope), name;

    while (!scope->is_all && scope_next(&rest, &name))
        if (str_equal(name, form))
            return true;
    return scope->is_all;
}

void scope_render(struct buf *out, struct str text)
{
    struct str name;

    js_open(out, '[');
    while (scope_next(&text, &name)) {
        js_comma(out);
        js_string(out, name);
    }
    js_close(out, ']');
}
