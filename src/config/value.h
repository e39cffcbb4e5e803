/* SPDX-License-Identifier: MIT */
/* The texts of option values: reading, bounding and storing them by kind. */
#ifndef CONTACTD_CONFIG_VALUE_H
#define CONTACTD_CONFIG_VALUE_H

#include "config/options.h"

/* What a text means. `text` is a view of what was read. */
struct value {
    struct str text;
    uint64_t number;
};

/*
 * Reads and bounds a text. ERR_INVALID: `reason` says what is wrong and what to
 * write instead, without naming the option.
 */
MUST_CHECK enum err value_parse(const struct option *option, struct str text,
                                struct value *ret_value, struct err_detail *reason);

/* Writes the option's member; texts are copied into `arena`. ERR_MEMORY, ERR_FULL. */
MUST_CHECK enum err value_store(const struct option *option, const struct value *value,
                                struct arena *arena, void *config);

enum { VALUE_TEXT_LEN = 31 };

/* A number in the option's unit, as it would be written: "64k", "10s", "4096". */
void value_format(const struct option *option, uint64_t number, char ret_text[VALUE_TEXT_LEN + 1]);

#endif
