/* SPDX-License-Identifier: MIT */
/*
 * Walks the texts of a field. Values nest as deep as a body may, and what lies
 * deeper is left out rather than followed.
 */
#include "core/texts.h"

struct walk {
    void (*each)(void *arg, struct str text);
    void *arg;
};

static void walk_json(const struct walk *walk, const json_t *value, int depth)
{
    const char *key;
    json_t *member;

    if (json_is_string(value)) {
        walk->each(walk->arg, (struct str){json_string_value(value), json_string_length(value)});
    } else if (depth < JS_DEPTH_MAX && json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            walk_json(walk, json_array_get(value, i), depth + 1);
    } else if (depth < JS_DEPTH_MAX && json_is_object(value)) {
        /* jansson iterates without const */
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
            walk_json(walk, member, depth + 1);
    }
}

void texts_walk(const struct field *field, void (*each)(void *arg, struct str text), void *arg)
{
    struct walk walk = {each, arg};

    if (field->text.ptr)
        each(arg, field->text);
    else
        walk_json(&walk, field->json, 0);
}
