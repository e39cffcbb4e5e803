/* SPDX-License-Identifier: MIT */
/*
 * The tables of field rules. The ordinary form asks for little, since every
 * refused message may be a lost customer: the bounds keep out what no person
 * writes, and everything beside the three fields is kept as it comes.
 */
#include "core/schema.h"

static const struct field_rule CONTACT[] = {
    {.key = "name", .kind = FIELD_LINE, .min = 1, .max = 200, .is_required = true},
    {.key = "email", .kind = FIELD_EMAIL, .min = 3, .max = 254, .is_required = true},
    {.key = "message", .kind = FIELD_TEXT, .min = 1, .max = 5000, .is_required = true},
};

const struct schema SCHEMA_CONTACT = {
    .rules = CONTACT,
    .count = COUNTOF(CONTACT),
    .further_max = 50,
    .further_key_max = 64,
    .further_bytes_max = 64 * 1024,
};

const struct field_rule *schema_find(const struct schema *schema, struct str key)
{
    for (size_t i = 0; i < schema->count; i++)
        if (str_equal(str_of(schema->rules[i].key), key))
            return &schema->rules[i];
    return NULL;
}
