/* SPDX-License-Identifier: MIT */
/*
 * jansson parses; before it does, one pass over the bytes bounds the depth (its
 * parser recurses) and refuses NUL, so that a C string is the whole string.
 * Output is written straight into a buf: escaping is RFC 8259 section 7, and
 * U+2028/2029 stay as they are, since nothing here is ever put into a script.
 */
#include "base/json.h"

#include <stdlib.h>

#include "base/clock.h"

static bool is_shallow(struct str text)
{
    int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JS_DEPTH_MAX)
                return false;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

enum err js_parse_object(struct str text, json_t **ret_object, struct err_detail *detail)
{
    json_error_t error;

    if (text.len == 0)
        return err_set(detail, ERR_INVALID, "the body is empty; a JSON object was expected");
    if (memchr(text.ptr, '\0', text.len))
        return err_set(detail, ERR_INVALID, "the JSON text contains a NUL byte");
    if (!is_shallow(text))
        return err_set(detail, ERR_INVALID, "the JSON text is nested deeper than %d levels",
                       JS_DEPTH_MAX);
    json_t *value = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    /* Without memory for a reason there is none. */
    if (!value && (json_error_code(&error) == json_error_out_of_memory || !error.text[0]))
        return ERR_MEMORY;
    if (!value)
        return err_set(detail, ERR_INVALID, "line %d, column %d: %s", error.line, error.column,
                       error.text);
    if (!json_is_object(value)) {
        json_decref(value);
        return err_set(detail, ERR_INVALID, "a JSON object was expected");
    }
    *ret_object = value;
    return ERR_OK;
}

void js_decref(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

void js_comma(struct buf *out)
{
    char last = out->len ? out->ptr[out->len - 1] : '{';

    if (last != '{' && last != '[' && last != ':' && last != ',' && last != '\n')
        buf_put_char(out, ',');
}

void js_open(struct buf *out, char bracket)
{
    buf_put_char(out, bracket);
}

void js_close(struct buf *out, char bracket)
{
    buf_put_char(out, bracket);
}

void js_key(struct buf *out, const char *key)
{
    js_comma(out);
    js_string(out, str_of(key));
    buf_put_char(out, ':');
}

/* Bytes from 0x80 on need no escape. */
static size_t unescaped_length(struct str text)
{
    size_t len = str_plain_length(text);

    while (len < text.len && (text.ptr[len] & 0x80)) {
        len++;
        len += str_plain_length((struct str){text.ptr + len, text.len - len});
    }
    return len;
}

static void put_escape(struct buf *out, char c)
{
    static const char FROM[] = "\"\\\b\f\n\r\t", TO[] = "\"\\bfnrt";
    const char *at = c ? strchr(FROM, c) : NULL;

    if (at)
        buf_put(out, (struct str){(char[]){'\\', TO[at - FROM]}, 2});
    else
        buf_printf(out, "\\u%04x", (unsigned char)c);
}

/* Nearly every text is plain: in one piece. */
static bool put_plain(struct buf *out, struct str value)
{
    if (unescaped_length(value) < value.len)
        return false;
    char *at = buf_reserve(out, value.len + 2);
    if (!at)
        return true; /* the failure sticks */
    at[0] = '"';
    if (value.len)
        memcpy(at + 1, value.ptr, value.len);
    at[value.len + 1] = '"';
    out->len += value.len + 2;
    return true;
}

void js_string(struct buf *out, struct str value)
{
    if (put_plain(out, value))
        return;
    buf_put_char(out, '"');
    while (value.len) {
        size_t len = unescaped_length(value);
        buf_put(out, (struct str){value.ptr, len});
        if (len == value.len)
            break;
        put_escape(out, value.ptr[len]);
        value.ptr += len + 1;
        value.len -= len + 1;
    }
    buf_put_char(out, '"');
}

void js_time(struct buf *out, int64_t wall_ms)
{
    char text[CLOCK_TEXT_LEN + 1];

    clock_format(wall_ms, text);
    buf_put_char(out, '"');
    buf_put(out, (struct str){text, CLOCK_TEXT_LEN});
    buf_put_char(out, '"');
}

void js_field_string(struct buf *out, const char *key, struct str value)
{
    js_key(out, key);
    if (value.ptr)
        js_string(out, value);
    else
        buf_put(out, STR("null"));
}

void js_field_u64(struct buf *out, const char *key, uint64_t value)
{
    js_key(out, key);
    buf_put_u64(out, value);
}

void js_field_bool(struct buf *out, const char *key, bool value)
{
    js_key(out, key);
    buf_put(out, value ? STR("true") : STR("false"));
}

void js_field_time(struct buf *out, const char *key, int64_t wall_ms)
{
    js_key(out, key);
    if (wall_ms)
        js_time(out, wall_ms);
    else
        buf_put(out, STR("null"));
}

/* The shortest decimal fraction that reads back as the same number. */
static void put_real(struct buf *out, double value)
{
    char text[32];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_put(out, str_of(text));
    if (!strpbrk(text, ".e"))
        buf_put(out, STR(".0"));
}

static void put_object(struct buf *out, json_t *object)
{
    const char *key;
    json_t *value;

    js_open(out, '{');
    json_object_foreach(object, key, value)
    {
        js_key(out, key);
        js_value(out, value);
    }
    js_close(out, '}');
}

static void put_array(struct buf *out, const json_t *array)
{
    js_open(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        js_comma(out);
        js_value(out, json_array_get(array, i));
    }
    js_close(out, ']');
}

/* Recursion ends: values come from js_parse_object() or are ours. */
void js_value(struct buf *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(out, (json_t *)(uintptr_t)value); /* jansson iterates without const */
        return;
    case JSON_ARRAY:
        put_array(out, value);
        return;
    case JSON_STRING:
        js_string(out, (struct str){json_string_value(value), json_string_length(value)});
        return;
    case JSON_INTEGER:
        buf_put_i64(out, json_integer_value(value));
        return;
    case JSON_REAL:
        put_real(out, json_real_value(value));
        return;
    case JSON_TRUE:
        buf_put(out, STR("true"));
        return;
    case JSON_FALSE:
        buf_put(out, STR("false"));
        return;
    case JSON_NULL:
        buf_put(out, STR("null"));
        return;
    }
}

struct str js_get_string(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value))
        return (struct str){0};
    return (struct str){json_string_value(value), json_string_length(value)};
}
