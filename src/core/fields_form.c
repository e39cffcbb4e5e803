/* SPDX-License-Identifier: MIT */
/*
 * What the readers of form bodies share: every pair of name and text becomes a
 * field or finds its place in one. A name that comes once and has no structure,
 * which is nearly every name, costs a look through the list and nothing else;
 * the tree begins with the first name that is repeated or nested.
 */
#include "fields_form.h"

#include "base/utf8.h"
#include "nested.h"

enum { SHOWN_MAX = 64 };

bool charset_is_utf8(struct str label)
{
    static const char *const LABELS[] = {"utf-8", "utf8", "us-ascii"};

    for (size_t i = 0; i < COUNTOF(LABELS); i++)
        if (str_equal_nocase(label, str_of(LABELS[i])))
            return true;
    return false;
}

/* --- what is taken ------------------------------------------------------- */

/* What keeps the bytes from being a text; NULL: nothing does. */
static const char *flaw_of(struct str text)
{
    while (text.len) {
        size_t plain = str_plain_length(text);
        text.ptr += plain;
        text.len -= plain;
        int32_t point = text.len ? utf8_next(&text) : 1;
        if (point <= 0)
            return point ? "is not valid UTF-8" : "has a NUL byte";
    }
    return NULL;
}

static int shown_length(struct str name)
{
    struct str rest = name;

    while (rest.len && name.len - rest.len < SHOWN_MAX)
        utf8_next(&rest);
    return (int)(name.len - rest.len);
}

static enum err check_name(struct fields *fields, struct str name, struct err_detail *detail)
{
    if (++fields->values > FIELDS_VALUES_MAX)
        return err_set(detail, ERR_INVALID, "the form has more than %d values", FIELDS_VALUES_MAX);
    const char *flaw = flaw_of(name);
    if (flaw)
        return err_set(detail, ERR_INVALID, "the name of value %zu %s", fields->values, flaw);
    return ERR_OK;
}

/* Pages have browsers tell their charset in a field of this name (HTML, section 4.10.21.4). */
static bool is_other_charset(struct str name, struct str text)
{
    return str_equal(name, STR("_charset_")) && text.len && !charset_is_utf8(text);
}

static enum err check_text(struct str name, struct str text, struct err_detail *detail)
{
    const char *flaw = flaw_of(text);

    if (!flaw && is_other_charset(name, text))
        flaw = "asks for another charset; send UTF-8";
    if (flaw)
        return err_set(detail, ERR_INVALID, "the field \"%.*s\" %s", shown_length(name), name.ptr,
                       flaw);
    return ERR_OK;
}

/* --- where it goes ------------------------------------------------------- */

static struct field *find(struct fields *fields, struct str name)
{
    const struct field *found = fields_find(fields, name);

    return found ? &fields->list[found - fields->list] : NULL;
}

/* NULL: the list is full, and one more is counted. */
static struct field *append(struct fields *fields, struct str name, struct str text)
{
    if (fields->total++ >= FIELDS_MAX)
        return NULL;
    struct field *field = &fields->list[fields->count++];
    *field = (struct field){.name = name, .text = text};
    return field;
}

static enum err put(struct fields *fields, const struct nested_name *name, struct str text)
{
    if (!fields->tree)
        fields->tree = json_object();
    return fields->tree ? nested_put(fields->tree, name, text) : ERR_MEMORY;
}

/* A text that is no longer alone moves into the tree, where others can join it. */
static enum err move_to_tree(struct fields *fields, struct field *field)
{
    const struct nested_name whole = {.root = field->name};

    if (!field->text.ptr)
        return ERR_OK;
    TRY(put(fields, &whole, field->text));
    field->text = (struct str){0};
    return ERR_OK;
}

static enum err add_whole(struct fields *fields, struct str name, struct str text)
{
    const struct nested_name whole = {.root = name};
    struct field *field = find(fields, name);

    if (!field) {
        append(fields, name, text);
        return ERR_OK;
    }
    TRY(move_to_tree(fields, field));
    return put(fields, &whole, text);
}

/* ERR_EXISTS: the name contradicts an earlier one. */
static enum err add_nested(struct fields *fields, const struct nested_name *name, struct str text)
{
    struct field *field = find(fields, name->root);

    if (!field && !append(fields, name->root, (struct str){0}))
        return ERR_OK;
    if (field && field->text.ptr && !nested_is_list(name))
        return ERR_EXISTS;
    if (field)
        TRY(move_to_tree(fields, field));
    return put(fields, name, text);
}

enum err fields_add(struct fields *fields, struct str name, struct str text,
                    struct err_detail *detail)
{
    struct nested_name nested;
    enum err err = ERR_EXISTS;

    if (!name.ptr)
        name = STR("");
    if (!text.ptr)
        text = STR("");
    TRY(check_name(fields, name, detail));
    TRY(check_text(name, text, detail));
    if (nested_split(name, &nested))
        err = add_nested(fields, &nested, text);
    return err == ERR_EXISTS ? add_whole(fields, name, text) : err;
}

enum err fields_add_file(struct fields *fields, struct str name, struct err_detail *detail)
{
    TRY(check_name(fields, name, detail));
    if (!fields->file.ptr)
        fields->file = name;
    return ERR_OK;
}

enum err fields_end(struct fields *fields, enum err err)
{
    fields->is_untyped = true;
    if (err == ERR_OK && fields->tree)
        err = nested_settle(fields->tree);
    if (err != ERR_OK) {
        fields_done(fields);
        return err;
    }
    for (size_t i = 0; i < fields->count; i++) {
        struct field *field = &fields->list[i];
        if (!field->text.ptr)
            field->json = json_object_getn(fields->tree, field->name.ptr, field->name.len);
    }
    return ERR_OK;
}
