/* SPDX-License-Identifier: MIT */
/*
 * The list itself: begun, searched, freed. Its readers are fields_json.c,
 * urlencoded.c and multipart.c; what the latter two share is fields_form.c.
 * Lists are short, so that looking through one beats any index.
 */
#include "fields_form.h"

void fields_begin(struct fields *fields)
{
    fields->count = fields->total = fields->values = 0;
    fields->tree = NULL;
    fields->is_untyped = fields->may_have_subject = false;
    fields->file = (struct str){0};
}

void fields_done(struct fields *fields)
{
    json_decref(fields->tree);
    fields->tree = NULL;
    fields->count = 0;
}

const struct field *fields_find(const struct fields *fields, struct str name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (str_equal(fields->list[i].name, name))
            return &fields->list[i];
    return NULL;
}

struct str fields_text(const struct fields *fields, struct str name)
{
    const struct field *field = fields_find(fields, name);

    return field ? field->text : (struct str){0};
}
