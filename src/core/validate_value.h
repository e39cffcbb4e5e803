/* SPDX-License-Identifier: MIT */
/* JSON Schema proper: one value against one rule. Room-private. */
#ifndef CONTACTD_CORE_VALIDATE_VALUE_H
#define CONTACTD_CORE_VALIDATE_VALUE_H

#include "core/validate.h"

/*
 * Adds an error for each thing that is wrong; `name` says where the value is.
 * `depth` is how many objects it is in already.
 */
void validate_value(const struct rule *rule, struct str name, const json_t *value,
                    struct field_errors *errors, int depth);

/* The same for a string's keywords; `points` is its length in code points. */
void validate_string(const struct rule *rule, struct str name, struct str text, size_t points,
                     struct field_errors *errors);

/* The same for a number's. */
void validate_number(const struct rule *rule, struct str name, long double number,
                     struct field_errors *errors);

/* "must be a string; it is null": the error of a value that has none of the rule's types. */
void validate_refuse_type(const struct rule *rule, struct str name, const char *found,
                          struct field_errors *errors);

#endif
