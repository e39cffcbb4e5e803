/* SPDX-License-Identifier: MIT */
/*
 * A record of another service's export as one of our rows. Which column means
 * what is a table; what it does not know stays a field of its own, so that
 * nothing is lost. Pure; any thread.
 */
#ifndef CONTACTD_CORE_IMPORT_H
#define CONTACTD_CORE_IMPORT_H

#include "base/json.h"
#include "core/submission.h"

/* X(enum value, "as it is written") */
#define IMPORT_ORIGIN_LIST(X)                                                                      \
    X(ORIGIN_CONTACTD, "contactd")                                                                 \
    X(ORIGIN_FORMSPREE, "formspree")                                                               \
    X(ORIGIN_NETLIFY, "netlify")                                                                   \
    X(ORIGIN_BASIN, "basin")                                                                       \
    X(ORIGIN_GETFORM, "getform")                                                                   \
    X(ORIGIN_AUTO, "auto")

enum import_origin {
#define ORIGIN_AS_ENUM(id, text) id,
    IMPORT_ORIGIN_LIST(ORIGIN_AS_ENUM)
#undef ORIGIN_AS_ENUM
};

MUST_CHECK bool import_origin_parse(struct str text, enum import_origin *ret_origin);

/*
 * The record as a row to be stored: {"id"?, "at", "form", "state", "name", "email",
 * "message", "fields", "source", "userAgent", "page", "spamScore", "starred"}, absent texts left
 * out; the caller's (json_decref). `form` (may be absent) goes before what the record
 * says. `is_csv`: cells may be guarded, and hold JSON. ERR_INVALID: the detail tells.
 */
MUST_CHECK enum err import_record(const json_t *record, enum import_origin origin, bool is_csv,
                                  struct str form, json_t **ret_row, struct err_detail *detail);

/*
 * A time as exports write it: RFC 3339 or nearly so (a blank for T, no zone: UTC,
 * "UTC", "+0000"), or seconds or milliseconds since 1970. A date that may be read two
 * ways is none.
 */
MUST_CHECK bool import_time_parse(struct str text, int64_t *ret_wall_ms);

/*
 * The id number `attempt` (from 0) for a row without one: its time is the row's, the
 * rest is made of what the row says, so that importing it again makes the same.
 */
struct id import_id(int64_t at_ms, struct str content, unsigned attempt);

#endif
