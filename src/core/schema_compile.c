/* SPDX-License-Identifier: MIT */
/*
 * From a JSON Schema document to structs. Every keyword is a row: its name and
 * the function that reads it. Rules lie in one arena that ends with the
 * schema; the document is copied, since enums and names point into it.
 */
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "core/schema.h"
#include "format.h"
#include "pattern.h"

enum { PLACE_MAX = 200 };

struct pattern_link {
    struct pattern *pattern;
    struct pattern_link *next;
};

struct compiled {
    struct schema schema;
    struct arena arena;
    json_t *document;
    struct pattern_link *patterns;
};

struct compiler {
    struct compiled *compiled;
    struct err_detail *detail;
    size_t rules, depth;
    char place[PLACE_MAX]; /* a JSON Pointer (RFC 6901), cut when it grows too long */
    size_t place_len;
};

static enum err compile(struct compiler *self, const json_t *document, struct rule *rule);

PRINTF_LIKE(2, 3)
static enum err refuse(struct compiler *self, const char *format, ...)
{
    char reason[256];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return err_set(self->detail, ERR_INVALID, "schema%s%.*s: %s", self->place_len ? " at " : "",
                   (int)self->place_len, self->place, reason);
}

static void put_place(struct compiler *self, char c)
{
    if (self->place_len < PLACE_MAX)
        self->place[self->place_len++] = c;
}

static size_t enter(struct compiler *self, const char *name)
{
    size_t before = self->place_len;

    put_place(self, '/');
    for (; *name; name++) {
        bool is_special = *name == '~' || *name == '/';
        put_place(self, is_special ? '~' : *name);
        if (is_special)
            put_place(self, *name == '~' ? '0' : '1');
    }
    return before;
}

static void leave(struct compiler *self, size_t before)
{
    self->place_len = before;
}

static void *take(struct compiler *self, size_t bytes)
{
    void *memory = arena_alloc(&self->compiled->arena, bytes);

    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

/* --- keywords ------------------------------------------------------------ */

static const struct {
    const char *name;
    enum value_type type;
} TYPES[] = {
    {"null", TYPE_NULL},     {"boolean", TYPE_BOOLEAN}, {"integer", TYPE_INTEGER},
    {"number", TYPE_NUMBER}, {"string", TYPE_STRING},   {"array", TYPE_ARRAY},
    {"object", TYPE_OBJECT},
};

static enum err add_type(struct compiler *self, const json_t *value, struct rule *rule)
{
    const char *name = json_string_value(value);

    for (size_t i = 0; name && i < COUNTOF(TYPES); i++) {
        if (strcmp(TYPES[i].name, name) != 0)
            continue;
        rule->types |= TYPES[i].type;
        return ERR_OK;
    }
    return refuse(self, "type must be null, boolean, integer, number, string, array or object, "
                        "or a list of these");
}

static enum err read_type(struct compiler *self, const json_t *value, struct rule *rule)
{
    if (!json_is_array(value))
        return add_type(self, value, rule);
    if (json_array_size(value) == 0)
        return refuse(self, "type must not be an empty list");
    for (size_t i = 0; i < json_array_size(value); i++)
        TRY(add_type(self, json_array_get(value, i), rule));
    return ERR_OK;
}

static enum err read_length(struct compiler *self, const json_t *value, const char *name,
                            uint32_t *ret_length)
{
    double number = json_number_value(value);

    if (!json_is_number(value) || number < 0 || number > UINT32_MAX || number != floor(number))
        return refuse(self, "%s must be a whole number that is not negative", name);
    *ret_length = (uint32_t)number;
    return ERR_OK;
}

static enum err read_min_length(struct compiler *self, const json_t *value, struct rule *rule)
{
    rule->has_min_length = true;
    return read_length(self, value, "minLength", &rule->min_length);
}

static enum err read_max_length(struct compiler *self, const json_t *value, struct rule *rule)
{
    rule->has_max_length = true;
    return read_length(self, value, "maxLength", &rule->max_length);
}

static enum err read_number(struct compiler *self, const json_t *value, const char *name,
                            long double *ret_number)
{
    if (!json_is_number(value))
        return refuse(self, "%s must be a number", name);
    *ret_number = json_is_integer(value) ? (long double)json_integer_value(value)
                                         : (long double)json_real_value(value);
    return ERR_OK;
}

static enum err read_minimum(struct compiler *self, const json_t *value, struct rule *rule)
{
    rule->has_minimum = true;
    return read_number(self, value, "minimum", &rule->minimum);
}

static enum err read_maximum(struct compiler *self, const json_t *value, struct rule *rule)
{
    rule->has_maximum = true;
    return read_number(self, value, "maximum", &rule->maximum);
}

static enum err read_enum(struct compiler *self, const json_t *value, struct rule *rule)
{
    if (!json_is_array(value) || json_array_size(value) > SCHEMA_ENUM_MAX)
        return refuse(self, "enum must be a list of at most %d values", SCHEMA_ENUM_MAX);
    rule->values = value;
    return ERR_OK;
}

static enum err read_pattern(struct compiler *self, const json_t *value, struct rule *rule)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    struct pattern *pattern = NULL;
    struct err_detail detail = {""};
    struct pattern_link *link = take(self, sizeof *link);

    if (!link)
        return ERR_MEMORY;
    if (!text.ptr || text.len > SCHEMA_PATTERN_MAX)
        return refuse(self, "pattern must be a text of at most %d bytes", SCHEMA_PATTERN_MAX);
    enum err err = pattern_compile(text, &pattern, &detail);
    if (err != ERR_OK)
        return err == ERR_INVALID ? refuse(self, "%s", detail.text) : err;
    *link = (struct pattern_link){pattern, self->compiled->patterns};
    self->compiled->patterns = link;
    rule->pattern = pattern;
    return ERR_OK;
}

static enum err read_format(struct compiler *self, const json_t *value, struct rule *rule)
{
    struct str name = {json_string_value(value), json_string_length(value)};

    rule->format = name.ptr ? format_find(name) : NULL;
    if (!rule->format)
        return refuse(self, "format must be email, idn-email, date, time, date-time, uri, uuid, "
                            "ipv4 or ipv6");
    return ERR_OK;
}

static enum err read_line(struct compiler *self, const json_t *value, struct rule *rule)
{
    if (!json_is_boolean(value))
        return refuse(self, "x-line must be true or false");
    rule->is_line = json_is_true(value);
    return ERR_OK;
}

static enum err read_further(struct compiler *self, const json_t *value, struct rule *rule)
{
    struct rule *further = take(self, sizeof *further);

    if (!further)
        return ERR_MEMORY;
    rule->further = further;
    return compile(self, value, further);
}

static enum err read_properties(struct compiler *self, const json_t *value, struct rule *rule)
{
    struct property *properties = take(self, (json_object_size(value) + 1) * sizeof *properties);
    const char *name;
    json_t *member;
    size_t i = 0;

    if (!json_is_object(value))
        return refuse(self, "properties must be an object");
    if (json_object_size(value) > SCHEMA_RULES_MAX)
        return refuse(self, "there are more than %d rules", SCHEMA_RULES_MAX);
    if (!properties)
        return ERR_MEMORY;
    rule->properties = properties;
    rule->property_count = json_object_size(value);
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        size_t before = enter(self, name);
        properties[i].name = str_of(name);
        TRY(compile(self, member, &properties[i++].rule));
        leave(self, before);
    }
    return ERR_OK;
}

/* Names that have no property yet get one: required is a mark on properties. */
static enum err read_required(struct compiler *self, const json_t *value, struct rule *rule)
{
    size_t count = json_array_size(value), known = rule->property_count;
    struct property *all = take(self, (known + count + 1) * sizeof *all);

    if (!json_is_array(value) || count > SCHEMA_RULES_MAX)
        return refuse(self, "required must be a list of names");
    if (!all)
        return ERR_MEMORY;
    if (known)
        memcpy(all, rule->properties, known * sizeof *all);
    rule->properties = all;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(value, i));
        if (!name)
            return refuse(self, "required must be a list of names");
        const struct property *found = rule_find(rule, str_of(name));
        size_t at = found ? (size_t)(found - rule->properties) : rule->property_count++;
        if (!found) {
            all[at].name = str_of(name);
            if (rule->further)
                all[at].rule = *rule->further;
        }
        all[at].is_required = true;
    }
    return ERR_OK;
}

static enum err pass_over(struct compiler *self, const json_t *value, struct rule *rule)
{
    (void)self;
    (void)value;
    (void)rule;
    return ERR_OK;
}

/* In the order in which they are read: required needs properties and what is further. */
static const struct keyword {
    const char *name;
    enum err (*read)(struct compiler *self, const json_t *value, struct rule *rule);
} KEYWORDS[] = {
    {"type", read_type},
    {"minLength", read_min_length},
    {"maxLength", read_max_length},
    {"minimum", read_minimum},
    {"maximum", read_maximum},
    {"enum", read_enum},
    {"pattern", read_pattern},
    {"format", read_format},
    {"x-line", read_line},
    {"additionalProperties", read_further},
    {"properties", read_properties},
    {"required", read_required},
    {"$schema", pass_over},
    {"$id", pass_over},
    {"$comment", pass_over},
    {"title", pass_over},
    {"description", pass_over},
    {"default", pass_over},
    {"examples", pass_over},
    {"deprecated", pass_over},
    {"readOnly", pass_over},
    {"writeOnly", pass_over},
};

static enum err check_known(struct compiler *self, const json_t *document)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)document, name, value)
    {
        size_t i = 0;
        while (i < COUNTOF(KEYWORDS) && strcmp(KEYWORDS[i].name, name) != 0)
            i++;
        if (i == COUNTOF(KEYWORDS) && strncmp(name, "x-", 2) != 0)
            return refuse(self,
                          "'%.40s' is not known; known are type, properties, required, minLength, "
                          "maxLength, minimum, maximum, enum, pattern, format, "
                          "additionalProperties and x-line",
                          name);
    }
    return ERR_OK;
}

static enum err read_keywords(struct compiler *self, const json_t *document, struct rule *rule)
{
    TRY(check_known(self, document));
    for (size_t i = 0; i < COUNTOF(KEYWORDS); i++) {
        const json_t *value = json_object_get(document, KEYWORDS[i].name);
        if (!value)
            continue;
        size_t before = enter(self, KEYWORDS[i].name);
        TRY(KEYWORDS[i].read(self, value, rule));
        leave(self, before);
    }
    return ERR_OK;
}

static enum err compile(struct compiler *self, const json_t *document, struct rule *rule)
{
    if (++self->rules > SCHEMA_RULES_MAX)
        return refuse(self, "there are more than %d rules", SCHEMA_RULES_MAX);
    if (json_is_boolean(document)) {
        rule->is_never = json_is_false(document);
        return ERR_OK;
    }
    if (!json_is_object(document))
        return refuse(self, "a schema must be an object, true or false");
    if (self->depth == SCHEMA_DEPTH_MAX)
        return refuse(self, "it is nested deeper than %d", SCHEMA_DEPTH_MAX);
    self->depth++;
    enum err err = read_keywords(self, document, rule);
    self->depth--;
    return err;
}

enum err schema_compile(const json_t *document, struct schema **ret_schema,
                        struct err_detail *detail)
{
    struct compiled *compiled = calloc(1, sizeof *compiled);
    struct compiler self = {.compiled = compiled, .detail = detail};

    if (!compiled)
        return ERR_MEMORY;
    arena_init(&compiled->arena, SCHEMA_MEMORY_MAX, NULL, 0);
    compiled->schema.further_max = SCHEMA_CONTACT.further_max;
    compiled->schema.further_key_max = SCHEMA_CONTACT.further_key_max;
    compiled->schema.further_bytes_max = SCHEMA_CONTACT.further_bytes_max;
    compiled->document = json_deep_copy(document);
    enum err err = compiled->document ? compile(&self, compiled->document, &compiled->schema.root)
                                      : ERR_MEMORY;
    if (err != ERR_OK) {
        schema_free(&compiled->schema);
        return err;
    }
    *ret_schema = &compiled->schema;
    return ERR_OK;
}

void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    struct compiled *compiled = CONTAINER_OF(schema, struct compiled, schema);
    for (struct pattern_link *link = compiled->patterns; link; link = link->next)
        pattern_free(link->pattern);
    json_decref(compiled->document);
    arena_done(&compiled->arena);
    free(compiled);
}
