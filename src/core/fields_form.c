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

/* Those of pages that can be met; the Encoding Standard gives windows-1252 still more names. */
bool charset_is_known(struct str label)
{
    static const char *const LABELS[] = {"utf-8",      "utf8",      "us-ascii",   "windows-1252",
                                         "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1",
                                         "cp1252",     "x-cp1252",  "ascii"};

    for (size_t i = 0; i < COUNTOF(LABELS); i++)
        if (str_equal_nocase(label, str_of(LABELS[i])))
            return true;
    return false;
}

/* --- what is taken ------------------------------------------------------- */

/* What 0x80 to 0x9f are in windows-1252 (Encoding Standard); the rest is as in Unicode. */
static const uint16_t WINDOWS_1252[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

static size_t put_windows_1252(char *room, unsigned char byte)
{
    unsigned point = byte >= 0x80 && byte < 0xa0 ? WINDOWS_1252[byte - 0x80] : byte;
    size_t len = 0;

    if (point < 0x80) {
        room[len++] = (char)point;
        return len;
    }
    if (point < 0x800) {
        room[len++] = (char)(0xc0 | point >> 6);
    } else {
        room[len++] = (char)(0xe0 | point >> 12);
        room[len++] = (char)(0x80 | (point >> 6 & 0x3f));
    }
    room[len++] = (char)(0x80 | (point & 0x3f));
    return len;
}

static bool is_utf8(struct str text)
{
    while (text.len) {
        size_t plain = str_plain_length(text);
        text.ptr += plain;
        text.len -= plain;
        if (text.len && utf8_next(&text) < 0)
            return false;
    }
    return true;
}

/*
 * What is no UTF-8 is windows-1252, which pages in ISO-8859-1 send, too: a guess
 * that is nearly always right, while a refused message is lost.
 */
static enum err as_utf8(struct str *text, struct arena *arena)
{
    size_t len = 0;

    if (is_utf8(*text))
        return ERR_OK;
    char *room = arena_alloc(arena, 3 * text->len);
    if (!room)
        return ERR_MEMORY;
    for (size_t i = 0; i < text->len; i++)
        len += put_windows_1252(room + len, (unsigned char)text->ptr[i]);
    *text = (struct str){room, len};
    return ERR_OK;
}

/* What keeps the bytes from being a text; NULL: nothing does. */
static const char *flaw_of(struct str text)
{
    return text.len && memchr(text.ptr, '\0', text.len) ? "has a NUL byte" : NULL;
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
    return str_equal(name, STR("_charset_")) && text.len && !charset_is_known(text);
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

enum err fields_add(struct fields *fields, struct str name, struct str text, struct arena *arena,
                    struct err_detail *detail)
{
    struct nested_name nested;
    enum err err = ERR_EXISTS;

    if (!name.ptr)
        name = STR("");
    if (!text.ptr)
        text = STR("");
    TRY(as_utf8(&name, arena));
    TRY(as_utf8(&text, arena));
    TRY(check_name(fields, name, detail));
    TRY(check_text(name, text, detail));
    if (nested_split(name, &nested))
        err = add_nested(fields, &nested, text);
    return err == ERR_EXISTS ? add_whole(fields, name, text) : err;
}

enum err fields_add_file(struct fields *fields, struct str name, struct arena *arena,
                         struct err_detail *detail)
{
    TRY(as_utf8(&name, arena));
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
