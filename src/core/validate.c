/* SPDX-License-Identifier: MIT */
/*
 * The one validator of posts: it knows no field by name, only the rules of a
 * schema, and what is peculiar about forms. A broken rule becomes a code for
 * programs and half an English sentence for people, with the limit and what
 * was found. It never changes a value.
 */
#include "core/validate.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "core/point.h"
#include "validate_value.h"

static const char *const CODES[] = {
#define FIELD_CODE_AS_TEXT(name, meaning) [FIELD_CODE_##name] = #name,
    FIELD_CODE_LIST(FIELD_CODE_AS_TEXT)
#undef FIELD_CODE_AS_TEXT
};

const char *field_code_text(enum field_code code)
{
    return CODES[code];
}

const char *field_code_service_text(enum field_code code)
{
    switch (code) {
    case FIELD_CODE_REQUIRED:
        return "REQUIRED_FIELD_MISSING";
    case FIELD_CODE_EMAIL:
        return "TYPE_EMAIL";
    case FIELD_CODE_TOO_SMALL:
    case FIELD_CODE_TOO_LARGE:
        return "TYPE_NUMERIC";
    case FIELD_CODE_EMPTY:
    case FIELD_CODE_NO_FILE_UPLOADS:
        return field_code_text(code); /* they have the same names there */
    case FIELD_CODE_TYPE:
    case FIELD_CODE_TOO_SHORT:
    case FIELD_CODE_TOO_LONG:
    case FIELD_CODE_ENUM:
    case FIELD_CODE_PATTERN:
    case FIELD_CODE_FORMAT:
    case FIELD_CODE_UNKNOWN_FIELD:
    case FIELD_CODE_CONTROL_CHARACTER:
    case FIELD_CODE_TOO_MANY_FIELDS:
    case FIELD_CODE_FIELD_NAME:
    case FIELD_CODE_FIELDS_TOO_LARGE:
        break;
    }
    return "TYPE_TEXT";
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
    char message[2 * FIELD_ERROR_MESSAGE_MAX];
    va_list args;

    if (errors->count == FIELD_ERRORS_MAX)
        return;
    struct field_error *error = &errors->list[errors->count++];
    error->code = code;
    copy_shown(field, error->field, FIELD_ERROR_NAME_MAX);
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    copy_shown(str_of(message), error->message, FIELD_ERROR_MESSAGE_MAX);
}

void field_errors_render(struct buf *out, const struct field_errors *errors,
                         const char *(*code_text)(enum field_code code))
{
    js_open(out, '[');
    for (size_t i = 0; i < errors->count; i++) {
        const struct field_error *error = &errors->list[i];
        js_comma(out);
        js_open(out, '{');
        if (error->field[0])
            js_field_string(out, "field", str_of(error->field));
        js_field_string(out, "code", str_of(code_text(error->code)));
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

/* --- one field ----------------------------------------------------------- */

/* A text that came from a form may stand for another type; true when it does for one of `types`. */
static bool read_number(struct str text, unsigned types, long double *ret_number)
{
    char room[64], *end;
    bool is_whole = true;

    if (!text.len || text.len >= sizeof room || !strchr("-0123456789", text.ptr[0]))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!text.ptr[i] || !strchr("+-.0123456789eE", text.ptr[i]))
            return false;
        room[i] = text.ptr[i];
    }
    room[text.len] = '\0';
    *ret_number = strtold(room, &end);
    if (*end || !isfinite(*ret_number))
        return false;
    is_whole = *ret_number == floorl(*ret_number);
    return types & TYPE_NUMBER || (types & TYPE_INTEGER && is_whole);
}

static bool is_boolean(struct str text)
{
    static const struct str WORDS[] = {{"true", 4}, {"false", 5}, {"on", 2},
                                       {"off", 3},  {"1", 1},     {"0", 1}};

    for (size_t i = 0; i < COUNTOF(WORDS); i++)
        if (str_equal_nocase(text, WORDS[i]))
            return true;
    return false;
}

/* A text may stand for a listed number where texts may stand for numbers. */
static bool is_meant(const json_t *listed, struct str text, bool is_untyped)
{
    struct str word = {json_string_value(listed), json_string_length(listed)};
    long double number;

    if (word.ptr)
        return str_equal(word, text);
    return is_untyped && json_is_number(listed) && read_number(text, TYPE_NUMBER, &number) &&
           number == (long double)json_number_value(listed);
}

static void check_enum_text(const struct rule *rule, struct str name, struct str text,
                            bool is_untyped, struct field_errors *errors)
{
    for (size_t i = 0; i < json_array_size(rule->values); i++)
        if (is_meant(json_array_get(rule->values, i), text, is_untyped))
            return;
    if (rule->values)
        field_errors_add(errors, name, FIELD_CODE_ENUM, "must be one of the %zu allowed values",
                         json_array_size(rule->values));
}

/* Where the rule wants no string. */
static void check_as_other(const struct rule *rule, struct str name, struct str text,
                           bool is_untyped, struct field_errors *errors)
{
    long double number;

    if (is_untyped && read_number(text, rule->types, &number)) {
        check_enum_text(rule, name, text, is_untyped, errors);
        validate_number(rule, name, number, errors);
    } else if (!is_untyped || !((rule->types & TYPE_BOOLEAN && is_boolean(text)) ||
                                rule->types & (TYPE_ARRAY | TYPE_OBJECT)))
        validate_refuse_type(rule, name, is_untyped ? "a text" : "a string", errors);
}

static void check_content(const struct rule *rule, struct str name, struct str text,
                          const struct measure *found, bool is_untyped, struct field_errors *errors)
{
    long double number;

    if (rule->types && !(rule->types & TYPE_STRING)) {
        check_as_other(rule, name, text, is_untyped, errors);
        return;
    }
    check_enum_text(rule, name, text, is_untyped, errors);
    validate_string(rule, name, text, found->points, errors);
    if (is_untyped && rule->types & (TYPE_INTEGER | TYPE_NUMBER) &&
        read_number(text, rule->types, &number))
        validate_number(rule, name, number, errors);
}

/*
 * Beyond JSON Schema, and as people fill in forms: blank is as good as not
 * sent, and control characters are in no text.
 */
static void check_text(const struct property *property, struct str text, bool is_untyped,
                       struct field_errors *errors)
{
    struct measure found;

    if (!measure(text, &found))
        field_errors_add(errors, property->name, FIELD_CODE_TYPE, "must be valid UTF-8");
    else if (found.is_blank && property->is_required)
        field_errors_add(errors, property->name, FIELD_CODE_REQUIRED, "must not be empty");
    else if (found.has_break && property->rule.is_line)
        field_errors_add(errors, property->name, FIELD_CODE_CONTROL_CHARACTER,
                         "must be one line without tabs or line breaks");
    else if (found.has_control)
        field_errors_add(errors, property->name, FIELD_CODE_CONTROL_CHARACTER,
                         "must not contain control characters");
    else if (!found.is_blank)
        check_content(&property->rule, property->name, text, &found, is_untyped, errors);
}

/* A name that was sent several times, as groups of checkboxes are: each value for itself. */
static void check_repeated(const struct property *property, const json_t *list,
                           struct field_errors *errors)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_string(item))
            check_text(property, (struct str){json_string_value(item), json_string_length(item)},
                       true, errors);
        else
            validate_value(&property->rule, property->name, item, errors, 1);
    }
}

static void check_field(const struct property *property, const struct field *field, bool is_untyped,
                        struct field_errors *errors)
{
    bool is_list = field && !field->text.ptr && json_is_array(field->json);

    if (field && property->rule.is_never)
        field_errors_add(errors, field->name, FIELD_CODE_UNKNOWN_FIELD,
                         "is not a field of this form");
    else if (field && field->text.ptr)
        check_text(property, field->text, is_untyped, errors);
    else if (is_list && is_untyped && !(property->rule.types & TYPE_ARRAY))
        check_repeated(property, field->json, errors);
    else if (field && !json_is_null(field->json))
        validate_value(&property->rule, property->name, field->json, errors, 1);
    else if (property->is_required)
        field_errors_add(errors, property->name, FIELD_CODE_REQUIRED, "is required");
}

/* --- all of them --------------------------------------------------------- */

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

bool validate_is_carried(struct str name, bool may_have_subject)
{
    return (name.len && name.ptr[0] == '_') || str_starts_with_nocase(name, STR("utm_")) ||
           (may_have_subject && str_equal(name, STR("subject")));
}

static void check_further(const struct schema *schema, const struct fields *fields,
                          struct field_errors *errors)
{
    size_t ruled = 0;

    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->list[i];
        if (rule_find(&schema->root, field->name)) {
            ruled++;
            continue;
        }
        check_name(schema, field->name, errors);
        bool is_never = schema->root.further && schema->root.further->is_never;
        if (is_never && validate_is_carried(field->name, fields->may_have_subject))
            continue;
        if (schema->root.further) {
            const struct property further = {.name = field->name, .rule = *schema->root.further};
            check_field(&further, field, fields->is_untyped, errors);
        }
    }
    if (fields->total - ruled > schema->further_max)
        field_errors_add(errors, STR(""), FIELD_CODE_TOO_MANY_FIELDS,
                         "the form takes at most %zu further fields; there are %zu",
                         schema->further_max, fields->total - ruled);
}

static bool has_content(const struct fields *fields)
{
    struct measure found;

    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->list[i];
        if (!field->text.ptr ? !json_is_null(field->json)
                             : !measure(field->text, &found) || !found.is_blank)
            return true;
    }
    return fields->total > fields->count;
}

enum err validate_fields(const struct schema *schema, const struct fields *fields,
                         struct field_errors *ret_errors)
{
    const struct rule *root = &schema->root;

    ret_errors->count = 0;
    for (size_t i = 0; i < root->property_count; i++)
        check_field(&root->properties[i], fields_find(fields, root->properties[i].name),
                    fields->is_untyped, ret_errors);
    check_further(schema, fields, ret_errors);
    if (schema->needs_content && !has_content(fields))
        field_errors_add(ret_errors, STR(""), FIELD_CODE_EMPTY,
                         "at least one field must be filled in");
    return ret_errors->count ? ERR_INVALID : ERR_OK;
}

bool validate_is_valid(const struct schema *schema, const json_t *value)
{
    struct field_errors errors = {.count = 0};

    validate_value(&schema->root, STR(""), value, &errors, 0);
    return errors.count == 0;
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

/* What has a column of its own in the row. */
static bool is_column(const struct field *field)
{
    static const struct str COLUMNS[] = {{"name", 4}, {"email", 5}, {"message", 7}};

    for (size_t i = 0; i < COUNTOF(COLUMNS); i++)
        if (field->text.ptr && str_equal(field->name, COLUMNS[i]))
            return true;
    return false;
}

enum err validate_collect_further(const struct schema *schema, const struct fields *fields,
                                  struct buf *out, struct field_errors *errors)
{
    const size_t start = out->len;

    for (size_t i = 0; i < fields->count; i++) {
        if (is_column(&fields->list[i]))
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
