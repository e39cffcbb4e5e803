/* SPDX-License-Identifier: MIT */
/* What follows from a row of the route table for whoever describes it. Pure; any thread. */
#ifndef CONTACTD_HANDLER_DESCRIBE_H
#define CONTACTD_HANDLER_DESCRIBE_H

#include "guards.h"

struct topic {
    const char *name, *help;
};

/* The topics in the order in which they are told; NULL behind the last. */
const struct topic *describe_topic_at(size_t index);
const struct topic *describe_topic(const struct route *route);

/* Whether pages post here: then answers are in the words of the services. */
bool describe_is_door(const struct route *route);

/* Whether a browser gets pages from a door. */
bool describe_has_pages(const struct route *route);

/* Every problem that the route may answer with, as PROBLEM_BIT()s. */
uint64_t describe_problems(const struct route *route);

static inline bool describe_has_problem(uint64_t set, enum problem problem)
{
    return set >> problem & 1;
}

/* The next parameter of a path; start with *rest = the whole path. False: there is none more. */
MUST_CHECK bool describe_path_next(struct str *rest, struct str *ret_name);

/* What the path parameter is, or NULL. */
const char *describe_path_help(const struct route *route, struct str name);

/* What a reply of this status says, in a few words. */
const char *describe_status(unsigned status);

#endif
