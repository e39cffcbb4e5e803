/* SPDX-License-Identifier: MIT */
/*
 * What a form asks of its fields: a subset of JSON Schema (draft 2020-12),
 * compiled once into plain structs that the validator walks. The keywords are
 * type, properties, required, minLength, maxLength, minimum, maximum, enum,
 * pattern, format and additionalProperties; annotations are passed over, and
 * every other keyword is an error rather than a rule that nobody keeps.
 *
 * One word of our own, "x-line": true, makes a text one line.
 */
#ifndef CONTACTD_CORE_SCHEMA_H
#define CONTACTD_CORE_SCHEMA_H

#include "base/json.h"

/* Kinds of JSON values, as bits. */
enum value_type {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_INTEGER = 4, /* any number without a fractional part, as JSON Schema has it */
    TYPE_NUMBER = 8,
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
};

enum {
    SCHEMA_DEPTH_MAX = 8,   /* objects within objects */
    SCHEMA_RULES_MAX = 256, /* in one document */
    SCHEMA_MEMORY_MAX = 256 * 1024,
    SCHEMA_PATTERN_MAX = 512, /* bytes */
    SCHEMA_ENUM_MAX = 256,
};

struct pattern;
struct format;

/* What one value must be. All zero: anything. */
struct rule {
    unsigned types; /* enum value_type bits; 0: any */
    bool is_never;  /* the schema `false` */
    bool has_min_length, has_max_length, has_minimum, has_maximum;
    bool is_line; /* no line breaks, no tabs */
    bool
        counts_bytes; /* the lengths are in bytes, as those of e-mail addresses; else code points */
    uint32_t min_length, max_length;
    long double minimum, maximum; /* long double holds every int64 and every double */
    const json_t *values;         /* the enum; NULL: none */
    const struct pattern *pattern;
    const struct format *format;

    /* Of objects. */
    const struct property *properties;
    size_t property_count;
    const struct rule *further; /* for members without a property; NULL: anything */
};

struct property {
    struct str name;
    struct rule rule;
    bool is_required;
};

/* The rules of a form's fields, which are the members of one object. */
struct schema {
    struct rule root;
    bool needs_content;       /* a post without any text is refused */
    size_t further_max;       /* how many fields without a property may come along */
    size_t further_key_max;   /* bytes of a field's name */
    size_t further_bytes_max; /* bytes of everything but the three columns, as compact JSON */
};

/* The ordinary contact form: name, email, message. */
extern const struct schema SCHEMA_CONTACT;

/* A form whose owner has made no rules: any fields, one of them filled, and an email is one. */
extern const struct schema SCHEMA_OPEN;

/*
 * Compiles a document. Thread-safe in use, never changed. ERR_INVALID: the
 * detail names the place (a JSON Pointer), what is wrong, and what is known.
 */
MUST_CHECK enum err schema_compile(const json_t *document, struct schema **ret_schema,
                                   struct err_detail *detail);
void schema_free(struct schema *schema); /* NULL is allowed; not for the built-in ones */

/* Appends it as a JSON Schema document. */
void schema_render(struct buf *out, const struct schema *schema);

/* Whether it describes an object, as the fields of a form are; the values of others never come. */
bool schema_is_of_object(const struct schema *schema);

/* Whether a rule asks for an e-mail address in the field of this name. */
bool schema_wants_email(const struct schema *schema, struct str name);

/* Whether it has rules for a field that is spelled so. */
bool schema_has_field(const struct schema *schema, struct str name);

/* The property of an object rule, or NULL. */
const struct property *rule_find(const struct rule *rule, struct str name);

#endif
