/* SPDX-License-Identifier: MIT */
/* Names of form fields that say where in a tree their value belongs: car[0].color. */
#ifndef CONTACTD_CORE_NESTED_H
#define CONTACTD_CORE_NESTED_H

#include "core/fields.h"

/* Views into the name. */
struct nested_name {
    struct str root;
    struct str steps[FIELDS_DEPTH_MAX]; /* a member's name, an index, or "": the next element */
    size_t depth;                       /* 0: the root is the whole name */
};

/* False: the name is an ordinary one. `*ret_name` is written only when it is not. */
bool nested_split(struct str name, struct nested_name *ret_name);

/* Whether the root is an array; the name must have a step. */
bool nested_is_list(const struct nested_name *name);

/*
 * Puts a text into a tree, an object whose members are roots. ERR_EXISTS: it
 * would have to stand where something else is; the tree is as it was. ERR_MEMORY: the tree is
 * good for nothing but to be freed. Name and text must be UTF-8.
 */
MUST_CHECK enum err nested_put(json_t *tree, const struct nested_name *name, struct str text);

/* Makes arrays of what is to be arrays, once everything is in. ERR_MEMORY. */
MUST_CHECK enum err nested_settle(json_t *tree);

#endif
