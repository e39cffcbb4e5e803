/* SPDX-License-Identifier: MIT */
/*
 * What a form post is, however it was written: named values, in order. Every
 * body format becomes this list, and the validator knows nothing else.
 */
#ifndef CONTACTD_CORE_FIELDS_H
#define CONTACTD_CORE_FIELDS_H

#include "base/arena.h"
#include "base/json.h"

enum {
    FIELDS_MAX = 64,
    FIELDS_VALUES_MAX = 256, /* of a form body, counting repeated names each time */
    FIELDS_DEPTH_MAX = 8,    /* steps of a name such as car[0].color */
};

struct field {
    struct str name;
    struct str text;    /* ptr NULL: the value is not a text, but */
    const json_t *json; /* this; owned by the list */
};

/* Free with fields_done(). Names are unique; texts are never part of the tree. */
struct fields {
    struct field list[FIELDS_MAX];
    size_t count;
    size_t total;          /* more than count when there were more than the list holds */
    size_t values;         /* of a form body, as they came */
    json_t *tree;          /* NULL when every value is a text */
    bool may_have_subject; /* the pages of this service send one; see validate_is_carried() */
    bool is_untyped;       /* every value came as a text: "42" may mean the number */
    struct str file;       /* the first field that carried a file; ptr NULL: none did */
};

/*
 * One reader for each kind of body. Names and texts point into `body` or
 * `arena` and live as long as those. ERR_INVALID: the detail tells.
 * ERR_MEMORY. On failure nothing is left to be freed. Any thread.
 */

/* A JSON object, with the rules of js_parse_object(). */
MUST_CHECK enum err fields_from_json(struct str body, struct arena *arena,
                                     struct fields *ret_fields, struct err_detail *detail);

/*
 * The readers of form bodies take UTF-8 without NUL and nothing else. What a
 * name says about structure becomes structure: one that is repeated is an array
 * of texts in the place of the first; a[], a[0] are arrays, a[b], a.b objects,
 * and so on to FIELDS_DEPTH_MAX steps. Array elements come in the order of
 * their first mention, whatever their index. A name that does not read so,
 * begins with '_', or contradicts an earlier one is taken as it stands: nothing
 * that was sent is lost. ERR_INVALID also for more than FIELDS_VALUES_MAX values.
 */

/* application/x-www-form-urlencoded (URL Standard, section 5.1). */
MUST_CHECK enum err fields_from_urlencoded(struct str body, struct arena *arena,
                                           struct fields *ret_fields, struct err_detail *detail);

/*
 * multipart/form-data (RFC 7578, RFC 2046 section 5.1); `content_type` is the
 * request's and has the boundary. Files are not read: the first one's name is
 * in `file`. What a page sends for a file that nobody chose is left out.
 */
MUST_CHECK enum err fields_from_multipart(struct str body, struct str content_type,
                                          struct arena *arena, struct fields *ret_fields,
                                          struct err_detail *detail);

void fields_done(struct fields *fields);

/* The field of this name, or NULL. */
const struct field *fields_find(const struct fields *fields, struct str name);

/* Its text; ptr NULL when there is none. */
struct str fields_text(const struct fields *fields, struct str name);

#endif
