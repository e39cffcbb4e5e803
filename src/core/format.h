/* SPDX-License-Identifier: MIT */
/* The formats of JSON Schema (section 7.3) that field rules may ask for. Pure; any thread. */
#ifndef CONTACTD_CORE_FORMAT_H
#define CONTACTD_CORE_FORMAT_H

#include "base/str.h"

struct format {
    const char *name;
    bool (*fits)(struct str text);
    const char *expected; /* "must be ..." */
};

extern const struct format FORMAT_EMAIL;

/* The format of this name, or NULL. */
const struct format *format_find(struct str name);

#endif
