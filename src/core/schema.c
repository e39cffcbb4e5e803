/* SPDX-License-Identifier: MIT */
/*
 * The built-in field rules. The ordinary form asks for little, since every
 * refused message may be a lost customer: the bounds keep out what no person
 * writes, and everything beside the three fields is kept as it comes.
 */
#include "core/schema.h"

#include "format.h"

#define LENGTH(min, max)                                                                           \
    .has_min_length = true, .has_max_length = true, .min_length = (min), .max_length = (max)

#define EMAIL_RULE                                                                                 \
    {                                                                                              \
        .types = TYPE_STRING, .is_line = true, .counts_bytes = true, LENGTH(3, 254),               \
        .format = &FORMAT_EMAIL                                                                    \
    }

#define FURTHER .further_max = 50, .further_key_max = 255, .further_bytes_max = 64 * 1024

static const struct property CONTACT[] = {
    {{"name", 4}, {.types = TYPE_STRING, .is_line = true, LENGTH(1, 200)}, .is_required = true},
    {{"email", 5}, EMAIL_RULE, .is_required = true},
    {{"message", 7}, {.types = TYPE_STRING, LENGTH(1, 5000)}, .is_required = true},
};

const struct schema SCHEMA_CONTACT = {
    .root = {.types = TYPE_OBJECT, .properties = CONTACT, .property_count = COUNTOF(CONTACT)},
    FURTHER,
};

static const struct property OPEN[] = {{{"email", 5}, EMAIL_RULE, .is_required = false}};

const struct schema SCHEMA_OPEN = {
    .root = {.types = TYPE_OBJECT, .properties = OPEN, .property_count = COUNTOF(OPEN)},
    .needs_content = true,
    FURTHER,
};

bool schema_is_of_object(const struct schema *schema)
{
    const struct rule *root = &schema->root;

    return !root->is_never && !root->values && (!root->types || root->types & TYPE_OBJECT);
}

const struct property *rule_find(const struct rule *rule, struct str name)
{
    for (size_t i = 0; i < rule->property_count; i++)
        if (str_equal(rule->properties[i].name, name))
            return &rule->properties[i];
    return NULL;
}

bool schema_has_field(const struct schema *schema, struct str name)
{
    return rule_find(&schema->root, name) != NULL;
}

bool schema_wants_email(const struct schema *schema, struct str name)
{
    const struct property *property = rule_find(&schema->root, name);

    return property && property->rule.format == &FORMAT_EMAIL;
}
