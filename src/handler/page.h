/* SPDX-License-Identifier: MIT */
/*
 * The built-in pages for visitors without JavaScript, in their language. Each
 * is whole in itself: no script, no image, nothing from elsewhere.
 */
#ifndef CONTACTD_HANDLER_PAGE_H
#define CONTACTD_HANDLER_PAGE_H

#include "core/dialect.h"
#include "core/text.h"
#include "http/exchange.h"
#include "http/problem.h"

/* The language to speak: `wanted` (a tag, may be absent), else the visitor's favourite. */
enum language page_language(const struct exchange *x, struct str wanted);

struct page_thanks {
    enum language language;
    struct str title; /* of the form; may be absent */
    struct str back;  /* the URL of a page to link to, if it is one */
};

enum flow page_thanks(struct exchange *x, const struct page_thanks *thanks);

/* A message that was not taken. Everything is borrowed. */
struct page_error {
    enum problem problem;
    enum language language;
    struct str title;                  /* of the form; may be absent */
    const struct field_errors *errors; /* NULL: it is not about fields */
    const struct fields *posted;       /* all of them, to be given back; NULL: not known */
    enum dialect dialect;              /* says which names are special */
    struct str honeypot;               /* the name of the page's own trap; may be absent */
    struct str page;                   /* the URL of the page that it came from; may be absent */
    struct str next;                   /* the URL that success leads to; may be absent */
};

/*
 * A page that says what is wrong and gives the message back, with one button
 * to send it again where that may help.
 */
enum flow page_error(struct exchange *x, const struct page_error *error);

/* What the visitor is told of a problem, and whether trying again may help. */
enum text page_sentence(enum problem problem, bool *ret_may_retry);

#endif
