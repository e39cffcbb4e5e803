/* SPDX-License-Identifier: MIT */
/*
 * Field rules back as a JSON Schema document, for whoever wants to know what a
 * form takes. Lengths in bytes are told as lengths: a text that is too long in
 * code points is too long in bytes as well.
 */
#include "core/schema.h"
#include "format.h"
#include "pattern.h"

static const char *const TYPES[] = {"null",   "boolean", "integer", "number",
                                    "string", "array",   "object"};

static void put_types(struct buf *out, unsigned types)
{
    bool is_list = types & (types - 1);

    if (!types)
        return;
    js_key(out, "type");
    if (is_list)
        js_open(out, '[');
    for (size_t i = 0; i < COUNTOF(TYPES); i++) {
        if (!(types & 1u << i))
            continue;
        if (is_list)
            js_comma(out);
        js_string(out, str_of(TYPES[i]));
    }
    if (is_list)
        js_close(out, ']');
}

static void put_bound(struct buf *out, bool has_bound, const char *key, long double bound)
{
    if (!has_bound)
        return;
    js_key(out, key);
    buf_printf(out, "%.17Lg", bound);
}

static void put_text_rules(struct buf *out, const struct rule *rule)
{
    put_bound(out, rule->has_min_length, "minLength", rule->min_length);
    put_bound(out, rule->has_max_length, "maxLength", rule->max_length);
    if (rule->format)
        js_field_string(out, "format", str_of(rule->format->name));
    if (rule->pattern)
        js_field_string(out, "pattern", str_of(pattern_text(rule->pattern)));
    if (rule->is_line)
        js_field_bool(out, "x-line", true);
}

static void put_rule(struct buf *out, const struct rule *rule);

static void put_properties(struct buf *out, const struct rule *rule)
{
    js_key(out, "properties");
    js_open(out, '{');
    for (size_t i = 0; i < rule->property_count; i++) {
        js_comma(out);
        js_string(out, rule->properties[i].name);
        buf_put_char(out, ':');
        put_rule(out, &rule->properties[i].rule);
    }
    js_close(out, '}');
}

static void put_required(struct buf *out, const struct rule *rule)
{
    js_key(out, "required");
    js_open(out, '[');
    for (size_t i = 0; i < rule->property_count; i++) {
        if (!rule->properties[i].is_required)
            continue;
        js_comma(out);
        js_string(out, rule->properties[i].name);
    }
    js_close(out, ']');
}

/* Recursion ends: rules are at most SCHEMA_DEPTH_MAX deep. */
static void put_rule(struct buf *out, const struct rule *rule)
{
    if (rule->is_never) {
        buf_put(out, STR("false"));
        return;
    }
    js_open(out, '{');
    put_types(out, rule->types);
    put_text_rules(out, rule);
    put_bound(out, rule->has_minimum, "minimum", rule->minimum);
    put_bound(out, rule->has_maximum, "maximum", rule->maximum);
    if (rule->values) {
        js_key(out, "enum");
        js_value(out, rule->values);
    }
    if (rule->property_count) {
        put_properties(out, rule);
        put_required(out, rule);
    }
    if (rule->further) {
        js_key(out, "additionalProperties");
        put_rule(out, rule->further);
    }
    js_close(out, '}');
}

void schema_render(struct buf *out, const struct schema *schema)
{
    put_rule(out, &schema->root);
}
