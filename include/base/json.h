/* SPDX-License-Identifier: MIT */
/*
 * JSON in with limits, JSON out into a buf. The value type is jansson's
 * json_t; how it is parsed and written is decided here alone. Any thread.
 */
#ifndef CONTACTD_BASE_JSON_H
#define CONTACTD_BASE_JSON_H

#include <jansson.h>

#include "base/buf.h"

enum { JS_DEPTH_MAX = 16 };

/*
 * Parses one JSON object (RFC 8259): strict UTF-8, no duplicate names, no NUL,
 * at most JS_DEPTH_MAX levels. `*ret_object` is the caller's (json_decref).
 * ERR_INVALID with a detail that names line and column.
 */
MUST_CHECK enum err js_parse_object(struct str text, json_t **ret_object,
                                    struct err_detail *detail);

/* For CLEANUP(). */
void js_decref(json_t **value);

/*
 * Writers. `js_key` puts a comma where one is needed, looking at the byte
 * before; values follow their key or, in arrays, js_comma().
 */
void js_open(struct buf *out, char bracket);
void js_close(struct buf *out, char bracket);
void js_comma(struct buf *out);
void js_key(struct buf *out, const char *key);
void js_string(struct buf *out, struct str value);
void js_time(struct buf *out, int64_t wall_ms); /* RFC 3339 */

void js_field_string(struct buf *out, const char *key, struct str value); /* null if ptr is NULL */
void js_field_u64(struct buf *out, const char *key, uint64_t value);
void js_field_bool(struct buf *out, const char *key, bool value);
void js_field_time(struct buf *out, const char *key, int64_t wall_ms); /* null if 0 */

/* Any value, compact, in the order of its members. */
void js_value(struct buf *out, const json_t *value);

/* A member that is a string, else a str whose ptr is NULL. Borrowed from `object`. */
struct str js_get_string(const json_t *object, const char *key);

#endif
