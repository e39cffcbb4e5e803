/* SPDX-License-Identifier: MIT */
/* The built-in pages for visitors without JavaScript, in their language. */
#ifndef CONTACTD_HANDLER_PAGES_H
#define CONTACTD_HANDLER_PAGES_H

#include "core/text.h"
#include "http/exchange.h"
#include "http/problem.h"

/* The language to speak: `wanted` (a tag, may be absent), else the visitor's favourite. */
enum language page_language(const struct exchange *x, struct str wanted);

struct page_error {
    enum problem problem;
    enum language language;
    struct str title;                  /* of the form; may be absent */
    const struct field_errors *errors; /* NULL: it is not about fields */
    const struct fields *posted;       /* given back to be sent again; NULL: nothing is known */
    struct str honeypot;               /* the name of the page's own trap */
};

/* A page that says what is wrong, gives the message back, and has one button to send it again. */
enum flow page_error(struct exchange *x, const struct page_error *page);

#endif
