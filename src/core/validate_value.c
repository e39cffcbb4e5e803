/* SPDX-License-Identifier: MIT */
/*
 * Values against rules as JSON Schema defines it (Validation, draft 2020-12,
 * section 6): a keyword says nothing about values of other types. What is
 * special about forms is in validate.c.
 */
#include "validate_value.h"

#include <math.h>

#include "base/utf8.h"
#include "format.h"
#include "pattern.h"

static const struct type_row {
    enum value_type type;
    const char *text;
} TYPES[] = {
    {TYPE_STRING, "a string"}, {TYPE_INTEGER, "a whole number"},
    {TYPE_NUMBER, "a number"}, {TYPE_BOOLEAN, "true or false"},
    {TYPE_ARRAY, "a list"},    {TYPE_OBJECT, "an object"},
    {TYPE_NULL, "null"},
};

/* The bits of the types that a value has. */
static unsigned types_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return TYPE_OBJECT;
    case JSON_ARRAY:
        return TYPE_ARRAY;
    case JSON_STRING:
        return TYPE_STRING;
    case JSON_INTEGER:
        return TYPE_INTEGER | TYPE_NUMBER;
    case JSON_REAL:
        return json_real_value(value) == floor(json_real_value(value)) ? TYPE_INTEGER | TYPE_NUMBER
                                                                       : TYPE_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return TYPE_BOOLEAN;
    case JSON_NULL:
        break;
    }
    return TYPE_NULL;
}

static const char *found_text(const json_t *value)
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
        break;
    }
    return "null";
}

void validate_refuse_type(const struct rule *rule, struct str name, const char *found,
                          struct field_errors *errors)
{
    CLEANUP(buf_done) struct buf wanted = buf_new(FIELD_ERROR_MESSAGE_MAX);

    for (size_t i = 0; i < COUNTOF(TYPES); i++)
        if (rule->types & TYPES[i].type)
            buf_printf(&wanted, "%s%s", wanted.len ? " or " : "", TYPES[i].text);
    field_errors_add(errors, name, FIELD_CODE_TYPE, "must be %.*s; it is %s", (int)wanted.len,
                     wanted.ptr ? wanted.ptr : "", found);
}

/* --- equality ------------------------------------------------------------ */

static long double number_of(const json_t *value)
{
    return json_is_integer(value) ? (long double)json_integer_value(value)
                                  : (long double)json_real_value(value);
}

static bool is_same(const json_t *a, const json_t *b);

static bool are_same_objects(const json_t *a, const json_t *b)
{
    const char *name;
    json_t *member;

    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach((json_t *)(uintptr_t)a, name, member)
    {
        const json_t *other = json_object_get(b, name);
        if (!other || !is_same(member, other))
            return false;
    }
    return true;
}

static bool are_same_arrays(const json_t *a, const json_t *b)
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++)
        if (!is_same(json_array_get(a, i), json_array_get(b, i)))
            return false;
    return true;
}

/* Section 4.2.2 of the core specification: 1 and 1.0 are one number. */
static bool is_same(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return number_of(a) == number_of(b);
    if (json_is_object(a) && json_is_object(b))
        return are_same_objects(a, b);
    if (json_is_array(a) && json_is_array(b))
        return are_same_arrays(a, b);
    return json_equal(a, b);
}

static void refuse_enum(const struct rule *rule, struct str name, struct field_errors *errors)
{
    CLEANUP(buf_done) struct buf shown = buf_new(FIELD_ERROR_MESSAGE_MAX);

    js_value(&shown, rule->values);
    if (buf_status(&shown) == ERR_OK && shown.len < 100)
        field_errors_add(errors, name, FIELD_CODE_ENUM, "must be one of %.*s", (int)shown.len,
                         shown.ptr);
    else
        field_errors_add(errors, name, FIELD_CODE_ENUM, "must be one of the %zu allowed values",
                         json_array_size(rule->values));
}

static bool is_listed(const struct rule *rule, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(rule->values); i++)
        if (is_same(json_array_get(rule->values, i), value))
            return true;
    return false;
}

/* --- strings and numbers ------------------------------------------------- */

static bool check_length(const struct rule *rule, struct str name, size_t length,
                         struct field_errors *errors)
{
    const char *unit = rule->counts_bytes ? "bytes" : "characters";

    if (rule->has_min_length && length < rule->min_length)
        field_errors_add(errors, name, FIELD_CODE_TOO_SHORT,
                         "must be at least %u %s long; it has %zu", rule->min_length, unit, length);
    else if (rule->has_max_length && length > rule->max_length)
        field_errors_add(errors, name, FIELD_CODE_TOO_LONG,
                         "must be at most %u %s long; it has %zu", rule->max_length, unit, length);
    else
        return true;
    return false;
}

void validate_string(const struct rule *rule, struct str name, struct str text, size_t points,
                     struct field_errors *errors)
{
    if (!check_length(rule, name, rule->counts_bytes ? text.len : points, errors))
        return;
    if (rule->pattern && !pattern_matches(rule->pattern, text))
        field_errors_add(errors, name, FIELD_CODE_PATTERN, "must match the pattern %s",
                         pattern_text(rule->pattern));
    if (rule->format && !rule->format->fits(text))
        field_errors_add(errors, name,
                         rule->format == &FORMAT_EMAIL ? FIELD_CODE_EMAIL : FIELD_CODE_FORMAT,
                         "must be %s", rule->format->expected);
}

void validate_number(const struct rule *rule, struct str name, long double number,
                     struct field_errors *errors)
{
    if (rule->has_minimum && number < rule->minimum)
        field_errors_add(errors, name, FIELD_CODE_TOO_SMALL,
                         "must be at least %.15Lg; it is %.15Lg", rule->minimum, number);
    if (rule->has_maximum && number > rule->maximum)
        field_errors_add(errors, name, FIELD_CODE_TOO_LARGE, "must be at most %.15Lg; it is %.15Lg",
                         rule->maximum, number);
}

/* --- objects ------------------------------------------------------------- */

/* "address" and "city" are "address.city". */
static struct str join(struct str name, struct str member, char room[2 * FIELD_ERROR_NAME_MAX])
{
    int len =
        name.len
            ? snprintf(room, 2 * FIELD_ERROR_NAME_MAX, "%.*s.%.*s",
                       (int)(name.len < FIELD_ERROR_NAME_MAX ? name.len : FIELD_ERROR_NAME_MAX),
                       name.ptr, (int)member.len, member.ptr)
            : 0;

    if (!len)
        return member;
    return (struct str){room, len < 2 * FIELD_ERROR_NAME_MAX ? (size_t)len
                                                             : 2 * FIELD_ERROR_NAME_MAX - 1};
}

static void check_missing(const struct rule *rule, struct str name, const json_t *object,
                          struct field_errors *errors)
{
    char room[2 * FIELD_ERROR_NAME_MAX];

    for (size_t i = 0; i < rule->property_count; i++) {
        const struct property *property = &rule->properties[i];
        if (property->is_required &&
            !json_object_getn(object, property->name.ptr, property->name.len))
            field_errors_add(errors, join(name, property->name, room), FIELD_CODE_REQUIRED,
                             "is required");
    }
}

static void check_members(const struct rule *rule, struct str name, const json_t *object,
                          struct field_errors *errors, int depth)
{
    char room[2 * FIELD_ERROR_NAME_MAX];
    const char *key;
    json_t *member;

    check_missing(rule, name, object, errors);
    json_object_foreach((json_t *)(uintptr_t)object, key, member)
    {
        const struct property *property = rule_find(rule, str_of(key));
        const struct rule *of_member = property ? &property->rule : rule->further;
        if (of_member)
            validate_value(of_member, join(name, str_of(key), room), member, errors, depth + 1);
    }
}

void validate_value(const struct rule *rule, struct str name, const json_t *value,
                    struct field_errors *errors, int depth)
{
    size_t points = 0;

    if (depth > SCHEMA_DEPTH_MAX)
        return;
    if (rule->is_never) {
        field_errors_add(errors, name, FIELD_CODE_UNKNOWN_FIELD, "is not a field of this form");
        return;
    }
    if (rule->types && !(rule->types & types_of(value))) {
        validate_refuse_type(rule, name, found_text(value), errors);
        return;
    }
    if (rule->values && !is_listed(rule, value))
        refuse_enum(rule, name, errors);
    if (json_is_number(value))
        validate_number(rule, name, number_of(value), errors);
    if (json_is_object(value))
        check_members(rule, name, value, errors, depth);
    if (!json_is_string(value))
        return;
    struct str text = {json_string_value(value), json_string_length(value)};
    if (utf8_length(text, &points))
        validate_string(rule, name, text, points, errors);
}
