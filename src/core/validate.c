/* SPDX-License-Identifier: MIT */
/*
 * The one validator: it knows no field by name, only the rows of a schema. A
 * broken rule becomes a code for programs and half an English sentence for
 * people, with the limit and what was found. It never changes a value and
 * never looks into the values of further fields.
 */
#include "core/validate.h"

#include <stdarg.h>

#include "base/utf8.h"
#include "core/email.h"
#include "core/point.h"

static const char *const CODES[] = {
#define FIELD_CODE_AS_TEXT(name, meaning) [FIELD_CODE_##name] = #name,
    FIELD_CODE_LIST(FIELD_CODE_AS_TEXT)
#undef FIELD_CODE_AS_TEXT
};

const char *field_code_text(enum field_code code)
{
    return CODES[code];
}

/* As much of `text` as fits and can be shown, up to a code point's end. */
static void copy_shown(struct str text, char *ret_shown, size_t max)
{
    struct str rest = text;
    size_t len = 0;

    while (rest.len && utf8_next(&rest) > 0 && text.len - rest.len <= max)
        len = text.len - rest.len;
    if (len)
        memcpy(ret_shown, text.ptr, len);
    ret_shown[len] = '\0';
}

void field_errors_add(struct field_errors *errors, struct str field, enum field_code code,
                      const char *format, ...)
{
    va_list args;

    if (errors->count == FIELD_ERRORS_MAX)
        return;
    struct field_error *error = &errors->list[errors->count++];
    error->code = code;
    copy_shown(field, error->field, FIELD_ERROR_NAME_MAX);
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
}

void field_errors_render(struct buf *out, const struct field_errors *errors)
{
    js_open(out, '[');
    for (size_t i = 0; i < errors->count; i++) {
        const struct field_error *error = &errors->list[i];
        js_comma(out);
        js_open(out, '{');
        js_field_string(out, "field", str_of(error->field));
        js_field_string(out, "code", str_of(field_code_text(error->code)));
        js_field_string(out, "message", str_of(error->message));
        js_close(out, '}');
    }
    js_close(out, ']');
}

struct measure {
    size_t points;
    bool is_blank;
    bool has_break;   /* \n, \r or \t */
    bool has_control; /* any other control character */
};

static void note_point(int32_t point, struct measure *measure)
{
    measure->points++;
    if (point == '\n' || point == '\r' || point == '\t')
        measure->has_break = true;
    else if (point_is_control(point))
        measure->has_control = true;
    if (measure->is_blank && !point_is_space(point))
        measure->is_blank = false;
}

/* One pass over a text. False when it is not UTF-8. */
static bool measure(struct str text, struct measure *ret_measure)
{
    *ret_measure = (struct measure){.is_blank = true};
    while (text.len) {
        /* Blanks one by one until something else comes, then at full speed. */
        size_t plain = ret_measure->is_blank ? 0 : str_plain_length(text);
        text.ptr += plain;
        text.len -= plain;
        ret_measure->points += plain;
        if (!text.len)
            break;
        int32_t point = utf8_next(&text);
        if (point < 0)
            return false;
        note_point(point, ret_measure);
    }
    return true;
}

static void check_length(const struct field_rule *rule, size_t length, const char *unit,
                         struct field_errors *errors)
{
    struct str key = str_of(rule->key);

    if (length < rule->min)
        field_errors_add(errors, key, FIELD_CODE_TOO_SHORT,
                         "must be at least %u %s long; it has %zu", rule->min, unit, length);
    else if (length > rule->max)
        field_errors_add(errors, key, FIELD_CODE_TOO_LONG, "must be at most %u %s long; it has %zu",
                         rule->max, unit, length);
}

static void check_email(const struct field_rule *rule, struct str text, struct field_errors *errors)
{
    size_t count = errors->count;

    check_length(rule, text.len, "bytes", errors);
    if (errors->count == count && !email_is_valid(text))
        field_errors_add(errors, str_of(rule->key), FIELD_CODE_EMAIL,
                         "must be an e-mail address such as ada@example.org");
}

static void check_text(const struct field_rule *rule, struct str text, struct field_errors *errors)
{
    struct str key = str_of(rule->key);
    struct measure found;

    if (!measure(text, &found))
        field_errors_add(errors, key, FIELD_CODE_TYPE, "must be valid UTF-8");
    else if (found.is_blank && rule->is_required)
        field_errors_add(errors, key, FIELD_CODE_REQUIRED, "must not be empty");
    else if (found.has_break && rule->kind != FIELD_TEXT)
        field_errors_add(errors, key, FIELD_CODE_CONTROL_CHARACTER,
                         "must be one line without tabs or line breaks");
    else if (found.has_control)
        field_errors_add(errors, key, FIELD_CODE_CONTROL_CHARACTER,
                         "must not contain control characters");
    else if (found.is_blank)
        return; /* optional, and as good as not sent */
    else if (rule->kind == FIELD_EMAIL)
        check_email(rule, text, errors);
    else
        check_length(rule, found.points, "characters", errors);
}

static const char *type_text(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static void check_rule(const struct field_rule *rule, const struct field *field,
                       struct field_errors *errors)
{
    struct str key = str_of(rule->key);

    if (field && field->text.ptr)
        check_text(rule, field->text, errors);
    else if (field && !json_is_null(field->json))
        field_errors_add(errors, key, FIELD_CODE_TYPE, "must be a string; it is %s",
                         type_text(field->json));
    else if (rule->is_required)
        field_errors_add(errors, key, FIELD_CODE_REQUIRED, "is required");
}

static bool is_name_printable(struct str name)
{
    while (name.len) {
        int32_t point = utf8_next(&name);
        if (point < 0 || point_is_control(point))
            return false;
    }
    return true;
}

static void check_name(const struct schema *schema, struct str name, struct field_errors *errors)
{
    if (name.len == 0)
        field_errors_add(errors, name, FIELD_CODE_FIELD_NAME, "a field's name must not be empty");
    else if (name.len > schema->further_key_max)
        field_errors_add(errors, name, FIELD_CODE_FIELD_NAME,
                         "its name must be at most %zu bytes long; it has %zu",
                         schema->further_key_max, name.len);
    else if (!is_name_printable(name))
        field_errors_add(errors, name, FIELD_CODE_FIELD_NAME,
                         "its name must not contain control characters");
}

static void check_further(const struct schema *schema, const struct fields *fields,
                          struct field_errors *errors)
{
    size_t ruled = 0;

    for (size_t i = 0; i < fields->count; i++) {
        if (schema_find(schema, fields->list[i].name))
            ruled++;
        else
            check_name(schema, fields->list[i].name, errors);
    }
    if (fields->total - ruled > schema->further_max)
        field_errors_add(errors, STR(""), FIELD_CODE_TOO_MANY_FIELDS,
                         "the form takes at most %zu further fields; there are %zu",
                         schema->further_max, fields->total - ruled);
}

enum err validate_fields(const struct schema *schema, const struct fields *fields,
                         struct field_errors *ret_errors)
{
    ret_errors->count = 0;
    for (size_t i = 0; i < schema->count; i++)
        check_rule(&schema->rules[i], fields_find(fields, str_of(schema->rules[i].key)),
                   ret_errors);
    check_further(schema, fields, ret_errors);
    return ret_errors->count ? ERR_INVALID : ERR_OK;
}

static void put_field(struct buf *out, const struct field *field)
{
    js_comma(out);
    js_string(out, field->name);
    buf_put_char(out, ':');
    if (field->text.ptr)
        js_string(out, field->text);
    else
        js_value(out, field->json);
}

enum err validate_collect_further(const struct schema *schema, const struct fields *fields,
                                  struct buf *out, struct field_errors *errors)
{
    const size_t start = out->len;

    for (size_t i = 0; i < fields->count; i++) {
        if (schema_find(schema, fields->list[i].name))
            continue;
        if (out->len == start)
            js_open(out, '{');
        put_field(out, &fields->list[i]);
    }
    if (out->len > start)
        js_close(out, '}');
    TRY(buf_status(out));
    if (out->len - start <= schema->further_bytes_max)
        return ERR_OK;
    field_errors_add(errors, STR(""), FIELD_CODE_FIELDS_TOO_LARGE,
                     "the further fields must be at most %zu bytes of JSON; they have %zu",
                     schema->further_bytes_max, out->len - start);
    out->len = start;
    return ERR_INVALID;
}
