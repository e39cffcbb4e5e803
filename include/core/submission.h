/* SPDX-License-Identifier: MIT */
/* A message that somebody left on a form, as it is stored and shown. */
#ifndef CONTACTD_CORE_SUBMISSION_H
#define CONTACTD_CORE_SUBMISSION_H

#include "base/buf.h"
#include "base/id.h"

enum {
    FORM_NAME_MAX = 64, /* bytes */
    SUBMISSION_LIST_MAX = 200,
    SUBMISSION_LIST_DEFAULT = 50,
};

/* All texts are valid UTF-8 without NUL and borrowed from whoever made the struct. */
struct submission {
    struct id id; /* carries the time of arrival */
    struct str form;
    struct str name;
    struct str email;
    struct str message;
    struct str fields;     /* further fields: a JSON object as text, in order; ptr NULL: none */
    struct str source;     /* the client's address as text */
    struct str user_agent; /* ptr NULL: none was sent */
    struct str page;       /* Origin or Referer; ptr NULL: none was sent */
};

/* Which submissions, newest first. */
struct submission_filter {
    struct str form;   /* ptr NULL: every form */
    int64_t since_ms;  /* arrived at or after; 0: no bound */
    int64_t until_ms;  /* arrived before; 0: no bound */
    int64_t below_seq; /* id_seq() of the last row of the page before; 0: from the newest */
    int limit;         /* rows; one more than a page shows whether another page follows */
};

/* A form's name in a URL: lower-case letters, digits, '-' and '_', starting with a letter or
 * digit, at most FORM_NAME_MAX bytes. */
bool form_name_is_valid(struct str name);

/* Appends the submission as one JSON object. */
void submission_render(struct buf *out, const struct submission *submission);

#endif
