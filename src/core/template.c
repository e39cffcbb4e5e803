/* SPDX-License-Identifier: MIT */
/*
 * One pass over a template, and one look-up per name: columns, then the message's
 * further fields, then what is known of it. A form's own field named "title" or "date" is what
 * its owner means by that name. Values are not read again, so braces in them are text.
 */
#include "template.h"

#include "base/clock.h"

enum { NAME_MAX_BYTES = 255 };

struct told told_open(const struct channel_input *input, const struct submission *row)
{
    struct told told = {.input = input, .row = row};

    if (row->fields.ptr && js_parse_object(row->fields, &told.fields, NULL) != ERR_OK)
        told.fields = NULL;
    return told;
}

void told_done(struct told *told)
{
    json_decref(told->fields);
    told->fields = NULL;
}

struct str told_title(const struct channel_input *input)
{
    return input->form_title.len ? input->form_title : input->form;
}

/* Where two equal characters stand first, or the text's length. */
static size_t find_pair(struct str text, char c)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.ptr[i] == c && text.ptr[i + 1] == c)
            return i;
    return text.len;
}

static void skip(struct str *text, size_t bytes)
{
    text->ptr += bytes;
    text->len -= bytes;
}

bool template_next(struct str *rest, struct piece *ret_piece)
{
    size_t open = find_pair(*rest, '{');

    if (!rest->len)
        return false;
    *ret_piece = (struct piece){.literal = {rest->ptr, open}};
    if (open) {
        skip(rest, open);
        return true;
    }
    struct str inside = {rest->ptr + 2, rest->len - 2};
    size_t close = find_pair(inside, '}');
    if (close == inside.len) { /* never closed: it is text */
        ret_piece->literal.len = rest->len;
        skip(rest, rest->len);
        return true;
    }
    *ret_piece = (struct piece){.name = str_trim((struct str){inside.ptr, close})};
    skip(rest, close + 4);
    return true;
}

/* --- values -------------------------------------------------------------- */

static void put_element(struct buf *out, const json_t *value, int depth);

static void put_list(struct buf *out, const json_t *list, int depth)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        buf_put(out, i ? STR(", ") : STR(""));
        put_element(out, json_array_get(list, i), depth + 1);
    }
}

static void put_members(struct buf *out, const json_t *object, int depth)
{
    const char *key;
    json_t *value;
    bool is_first = true;

    /* jansson iterates without const */
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        buf_put(out, is_first ? STR("") : STR(", "));
        buf_put(out, str_of(key));
        buf_put(out, STR(": "));
        put_element(out, value, depth + 1);
        is_first = false;
    }
}

static void put_element(struct buf *out, const json_t *value, int depth)
{
    if (depth > JS_DEPTH_MAX || json_is_null(value))
        return;
    if (json_is_string(value))
        buf_put(out, (struct str){json_string_value(value), json_string_length(value)});
    else if (json_is_array(value))
        put_list(out, value, depth);
    else if (json_is_object(value))
        put_members(out, value, depth);
    else
        js_value(out, value);
}

void template_put_json(struct buf *out, const json_t *value)
{
    put_element(out, value, 0);
}

void template_put_time(struct buf *out, int64_t wall_ms)
{
    char text[CLOCK_TEXT_LEN + 1];

    clock_format(wall_ms, text);
    buf_printf(out, "%.10s %.5s UTC", text, text + 11);
}

/* --- look-up ------------------------------------------------------------- */

static struct str column_of(const struct submission *row, struct str name)
{
    if (str_equal_nocase(name, STR("name")))
        return row->name;
    if (str_equal_nocase(name, STR("email")))
        return row->email;
    if (str_equal_nocase(name, STR("message")))
        return row->message;
    return (struct str){0};
}

/* jansson wants its names with a NUL behind them. */
static const json_t *member_named(const json_t *object, struct str name)
{
    char key[NAME_MAX_BYTES + 1];

    if (name.len > NAME_MAX_BYTES || !name.ptr)
        return NULL;
    memcpy(key, name.ptr, name.len);
    key[name.len] = '\0';
    return json_object_get(object, key);
}

/* By its name or, inside of objects, by their names with dots between. */
static const json_t *member_of(const json_t *object, struct str name)
{
    const json_t *found = member_named(object, name);

    while (!found && object && name.ptr) {
        object = member_named(object, str_cut(&name, '.'));
        found = member_named(object, name);
    }
    return found;
}

static void put_known(struct buf *out, const struct told *told, struct str name)
{
    if (str_equal(name, STR("form")))
        buf_put(out, told->input->form);
    else if (str_equal(name, STR("title")))
        buf_put(out, told_title(told->input));
    else if (str_equal(name, STR("page")))
        buf_put(out, told->row->page);
    else if (str_equal(name, STR("date")))
        template_put_time(out, id_wall_ms(&told->row->id));
}

void template_put_value(struct buf *out, const struct told *told, struct str name)
{
    struct str column = column_of(told->row, name);
    const json_t *field = told->fields && name.len ? member_of(told->fields, name) : NULL;

    if (column.len)
        buf_put(out, column);
    else if (field)
        template_put_json(out, field);
    else
        put_known(out, told, name);
}

void template_put(struct buf *out, const struct told *told, struct str template)
{
    struct piece piece;

    while (template_next(&template, &piece)) {
        if (piece.literal.ptr)
            buf_put(out, piece.literal);
        else
            template_put_value(out, told, piece.name);
    }
}
