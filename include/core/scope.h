/* SPDX-License-Identifier: MIT */
/* Which forms an account may see: all of them, or those that are named. */
#ifndef CONTACTD_CORE_SCOPE_H
#define CONTACTD_CORE_SCOPE_H

#include "core/submission.h"

enum { SCOPE_FORMS_MAX = 32, SCOPE_TEXT_MAX = 1023 /* bytes */ };

struct scope {
    bool is_all;
    uint16_t len;
    char text[SCOPE_TEXT_MAX + 1]; /* the names with a blank between them, as stored; "*" for all */
};

struct scope scope_all(void);

/*
 * "*", or 1 to SCOPE_FORMS_MAX names of forms with a blank between them. False:
 * neither, or too long.
 */
MUST_CHECK bool scope_parse(struct str text, struct scope *ret_scope);

/* As scope_parse() reads it; borrowed from the scope. */
struct str scope_text(const struct scope *scope);

bool scope_has(const struct scope *scope, struct str form);

/*
 * Takes the next name; start with *rest = scope_text(). False: there is none
 * more. Not for a scope of all.
 */
MUST_CHECK bool scope_next(struct str *rest, struct str *ret_form);

/* Appends `text` (as scope_text() gives it) as a JSON array of names, or of "*" alone. */
void scope_render(struct buf *out, struct str text);

#endif
