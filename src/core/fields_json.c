/* SPDX-License-Identifier: MIT */
/*
 * JSON bodies as lists of fields. What forms send is nearly always a flat
 * object of strings: that is read here in one pass, without building a tree.
 * Whatever is not exactly that, right or wrong, is left to jansson, which has
 * the last word on what JSON is; a fuzz target holds the two against each other.
 */
#include "base/utf8.h"
#include "fields_form.h"

/* --- the quick reader ---------------------------------------------------- */

struct reader {
    struct str rest;
    struct arena *arena;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct reader *reader)
{
    while (reader->rest.len && is_space(reader->rest.ptr[0])) {
        reader->rest.ptr++;
        reader->rest.len--;
    }
}

/* Takes `c` and the white space before it, if it comes next. */
static bool take(struct reader *reader, char c)
{
    skip_space(reader);
    if (!reader->rest.len || reader->rest.ptr[0] != c)
        return false;
    reader->rest.ptr++;
    reader->rest.len--;
    return true;
}

/* The byte that an escape stands for; '\0': \u, or nothing that JSON knows. */
static char unescape(char c)
{
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    const char *at = c ? strchr(FROM, c) : NULL;

    return at ? TO[at - FROM] : '\0';
}

/*
 * Finds the end of a string whose opening quote is taken, checking on the way
 * that it is UTF-8 without control characters. False: not for this reader.
 */
static bool find_end(struct str text, size_t *ret_len, bool *ret_has_escape)
{
    struct str rest = text;

    *ret_has_escape = false;
    for (;;) {
        size_t plain = str_plain_length(rest);
        rest.ptr += plain;
        rest.len -= plain;
        if (!rest.len || (unsigned char)rest.ptr[0] < 0x20)
            return false;
        if (rest.ptr[0] == '"') {
            *ret_len = text.len - rest.len;
            return true;
        }
        if (rest.ptr[0] == '\\') {
            if (rest.len < 2 || !unescape(rest.ptr[1]))
                return false;
            *ret_has_escape = true;
            rest.ptr += 2;
            rest.len -= 2;
        } else if (utf8_next(&rest) < 0) {
            return false;
        }
    }
}

/* Escapes become bytes in the arena; a text without escapes stays where it is. */
static bool decode(struct arena *arena, struct str raw, struct str *ret_text)
{
    char *text = arena_alloc(arena, raw.len);
    size_t len = 0;

    if (!text)
        return false;
    for (size_t i = 0; i < raw.len; i++)
        text[len++] = raw.ptr[i] == '\\' ? unescape(raw.ptr[++i]) : raw.ptr[i];
    *ret_text = (struct str){text, len};
    return true;
}

static bool read_string(struct reader *reader, struct str *ret_text)
{
    size_t len;
    bool has_escape;

    if (!take(reader, '"') || !find_end(reader->rest, &len, &has_escape))
        return false;
    struct str raw = {reader->rest.ptr, len};
    reader->rest.ptr += len + 1;
    reader->rest.len -= len + 1;
    *ret_text = raw;
    return !has_escape || decode(reader->arena, raw, ret_text);
}

static bool read_field(struct reader *reader, struct fields *fields)
{
    struct field field = {.json = NULL};

    if (fields->count == FIELDS_MAX || !read_string(reader, &field.name) || !take(reader, ':') ||
        !read_string(reader, &field.text) || fields_find(fields, field.name))
        return false;
    fields->list[fields->count++] = field;
    return true;
}

/* True: the body is a flat object of strings, and this is it. False says nothing. */
static bool read_flat(struct str body, struct arena *arena, struct fields *fields)
{
    struct reader reader = {body, arena};

    if (!take(&reader, '{'))
        return false;
    if (!take(&reader, '}')) {
        do {
            if (!read_field(&reader, fields))
                return false;
        } while (take(&reader, ','));
        if (!take(&reader, '}'))
            return false;
    }
    skip_space(&reader);
    return reader.rest.len == 0;
}

/* --- the thorough way ---------------------------------------------------- */

static enum err list_tree(struct fields *fields, struct arena *arena)
{
    const char *name;
    json_t *value;

    json_object_foreach(fields->tree, name, value)
    {
        struct field field = {.json = value};
        if (fields->total++ >= FIELDS_MAX)
            continue;
        TRY(arena_keep(arena, str_of(name), &field.name));
        if (json_is_string(value))
            TRY(arena_keep(arena, (struct str){json_string_value(value), json_string_length(value)},
                           &field.text));
        fields->list[fields->count++] = field;
    }
    return ERR_OK;
}

enum err fields_from_json(struct str body, struct arena *arena, struct fields *ret_fields,
                          struct err_detail *detail)
{
    fields_begin(ret_fields);
    if (read_flat(body, arena, ret_fields)) {
        ret_fields->total = ret_fields->count;
        return ERR_OK;
    }
    ret_fields->count = ret_fields->total = 0;
    TRY(js_parse_object(body, &ret_fields->tree, detail));
    enum err err = list_tree(ret_fields, arena);
    if (err != ERR_OK)
        fields_done(ret_fields);
    return err;
}
