/* SPDX-License-Identifier: MIT */
/*
 * The header guard: decides from the head alone whether a request is framed in
 * exactly one way. Pure, no microhttpd in sight, so that it can be fuzzed.
 */
#ifndef CONTACTD_HTTP_GUARD_H
#define CONTACTD_HTTP_GUARD_H

#include <stdbool.h>

#include "http/exchange.h"
#include "http/problem.h"

struct guard {
    unsigned counts[HEADER__COUNT];
    const char *reason;      /* static; NULL while nothing is wrong */
    size_t headers;          /* how many lines were given */
    uint64_t content_length; /* valid when one was sent */
    bool has_no_framing; /* the verdict's: a method that takes a body, and nothing says of one */
};

/* Takes one header field as the parser split it. Any number may be given. */
void guard_header(struct guard *guard, struct str name, struct str value);

/* The known header of this name, or HEADER__COUNT. */
enum header header_find(struct str name);

/* May it be sent more than once? */
bool header_is_list(enum header header);

enum verdict {
    VERDICT_OK,
    VERDICT_CLOSE,  /* fine, but the connection must not be used again after the reply */
    VERDICT_REFUSE, /* answer with *ret_problem and close */
};

/* After the last header. `target` is the request target as sent. */
enum verdict guard_verdict(struct guard *guard, struct str method, struct str version,
                           struct str target, enum problem *ret_problem);

#endif
