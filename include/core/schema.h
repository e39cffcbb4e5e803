/* SPDX-License-Identifier: MIT */
/*
 * What a form asks of its fields, as data: one row per field. The validator,
 * the error texts and the API description are made from the rows.
 */
#ifndef CONTACTD_CORE_SCHEMA_H
#define CONTACTD_CORE_SCHEMA_H

#include "base/str.h"

enum field_kind {
    FIELD_LINE,  /* one line: no control characters */
    FIELD_TEXT,  /* lines: of the control characters only \n, \r and \t */
    FIELD_EMAIL, /* see core/email.h; its lengths count bytes */
};

struct field_rule {
    const char *key;
    enum field_kind kind;
    uint32_t min, max; /* code points; bytes for FIELD_EMAIL, as in RFC 5321 */
    bool is_required;
};

struct schema {
    const struct field_rule *rules;
    size_t count;
    size_t further_max;       /* how many fields without a rule may come along */
    size_t further_key_max;   /* bytes of such a field's name */
    size_t further_bytes_max; /* bytes of all of them as compact JSON */
};

/* The ordinary contact form: name, email, message. */
extern const struct schema SCHEMA_CONTACT;

/* The rule of a field, or NULL when there is none. */
const struct field_rule *schema_find(const struct schema *schema, struct str key);

#endif
