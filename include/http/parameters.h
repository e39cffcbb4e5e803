/* SPDX-License-Identifier: MIT */
/*
 * The parameters that a route's query takes. One row says what a value must be;
 * the check of a request, the sentence for whoever sent something else, and the
 * description of the API are made from it. Rows are found by name, so that
 * routes may share a table: a table goes on in `more`.
 *
 * Owner of the exchange only.
 */
#ifndef CONTACTD_HTTP_PARAMETERS_H
#define CONTACTD_HTTP_PARAMETERS_H

#include "base/buf.h"

struct exchange;

enum parameter_kind {
    PARAMETER_TEXT,    /* what `fits` takes, or anything */
    PARAMETER_WORD,    /* one of `words` */
    PARAMETER_BOOLEAN, /* true or false */
    PARAMETER_NUMBER,  /* whole, from `min` to `max`; `fallback` when it was not sent */
    PARAMETER_TIME,    /* an RFC 3339 time or a date */
};

struct parameter {
    const char *name;
    enum parameter_kind kind;
    const char *help;              /* one line */
    const char *const *words;      /* ended by NULL */
    int64_t min, max, fallback;    /* of numbers */
    bool (*fits)(struct str text); /* of texts; NULL: anything */
    const char *expected;          /* of texts: what `fits` takes, as in "must be a form's name" */
};

struct parameters {
    const struct parameter *rows; /* ended by one without a name */
    const struct parameters *more;
};

/* What was sent for one row. */
struct parameter_value {
    struct str text; /* decoded; ptr NULL: nothing */
    int64_t number;  /* of numbers and times (wall ms); a boolean's is 0 or 1, a word's its place */
};

enum { PARAMETERS_MAX = 16 }; /* of one route, with those of `more` */

/*
 * Reads the query of `x` by its route's table. NULL, or what is wrong: an
 * unknown parameter, one that was sent twice, or a value that breaks its row's
 * rule. Guards that know who asks call it; see guards.h.
 */
const char *parameters_read(struct exchange *x);

/*
 * The same for what visitors' pages ask, who did not write it: whatever cannot
 * be read is as if it had not been sent, and the last of several holds.
 */
void parameters_read_leniently(struct exchange *x);

/* What was sent. The route's table must have the name; ptr NULL: it was not sent. */
struct str parameter_text(const struct exchange *x, const char *name);

/* As a number: see struct parameter_value; a number's fallback, else 0, when it was not sent. */
int64_t parameter_number(const struct exchange *x, const char *name);

/* Appends what a value must be, as in "a whole number from 1 to 200". */
void parameter_rule(struct buf *out, const struct parameter *row);

/* The rows of a table and of what it goes on in. */
struct parameter_walk {
    const struct parameters *table;
    size_t index;
};

/* The next row, or NULL. Start with {.table = ...}. */
const struct parameter *parameter_next(struct parameter_walk *walk);

#endif
