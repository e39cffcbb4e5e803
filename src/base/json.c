/* SPDX-License-Identifier: MIT */
/*
 * jansson parses; before it does, one pass over the bytes bounds the depth (its
 * parser recurses) and refuses NUL, so that a C string is the whole string.
 * Output is written straight into a buf: escaping is RFC 8259 section 7, and
 * U+2028/2029 stay as they are, since nothing here is ever put into a script.
 */
#include "base/json.h"

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
    if (out->len && !strchr("{[:,\n", out->ptr[out->len - 1]))
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

/* What a byte below 0x20, a quote or a backslash becomes; bytes above pass. */
static void put_escape(struct buf *out, unsigned char c)
{
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (size_t i = 0; i + 1 < sizeof SHORT; i += 2)
        if ((unsigned char)SHORT[i] == c) {
            buf_put_char(out, '\\');
            buf_put_char(out, SHORT[i + 1]);
            return;
        }
    buf_printf(out, "\\u%04x", c);
}

void js_string(struct buf *out, struct str value)
{
    size_t from = 0;

    buf_put_char(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_put(out, (struct str){value.ptr + from, i - from});
        put_escape(out, c);
        from = i + 1;
    }
    buf_put(out, (struct str){value.ptr + from, value.len - from});
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

/* Any decimal fraction of up to 15 digits comes back as it was written (DBL_DIG). */
enum { VALUE_FLAGS = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) };

static int put_chunk(const char *bytes, size_t len, void *out)
{
    buf_put(out, (struct str){bytes, len});
    return 0;
}

void js_value(struct buf *out, const json_t *value)
{
    if (json_dump_callback(value, put_chunk, out, VALUE_FLAGS) && !out->err)
        out->err = ERR_MEMORY;
}

struct str js_get_string(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value))
        return (struct str){0};
    return (struct str){json_string_value(value), json_string_length(value)};
}
