/* SPDX-License-Identifier: MIT */
/*
 * What a form post is, however it was written: named values, in order. Every
 * body format becomes this list, and the validator knows nothing else.
 */
#ifndef CONTACTD_CORE_FIELDS_H
#define CONTACTD_CORE_FIELDS_H

#include "base/arena.h"
#include "base/json.h"

enum { FIELDS_MAX = 64 };

struct field {
    struct str name;
    struct str text;    /* ptr NULL: the value is not a text, but */
    const json_t *json; /* this; owned by the list */
};

/* Free with fields_done(). Names are unique. */
struct fields {
    struct field list[FIELDS_MAX];
    size_t count;
    size_t total;    /* more than count when there were more than the list holds */
    json_t *tree;    /* NULL when every value is a text */
    bool is_untyped; /* every value came as a text: "42" may mean the number */
    struct str file; /* the first field that carried a file; ptr NULL: none did */
};

/*
 * Reads a JSON object, with the rules of js_parse_object(). Names and texts
 * point into `body` or `arena` and live as long as those. ERR_INVALID: the detail tells.
 * ERR_MEMORY. On failure nothing is left to be freed.
 */
MUST_CHECK enum err fields_from_json(struct str body, struct arena *arena,
                                     struct fields *ret_fields, struct err_detail *detail);

void fields_done(struct fields *fields);

/* The field of this name, or NULL. */
const struct field *fields_find(const struct fields *fields, struct str name);

/* Its text; ptr NULL when there is none. */
struct str fields_text(const struct fields *fields, struct str name);

#endif
