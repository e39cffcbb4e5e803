/* SPDX-License-Identifier: MIT */
/* Every text of a field, also those inside lists and objects. Any thread. */
#ifndef CONTACTD_CORE_TEXTS_H
#define CONTACTD_CORE_TEXTS_H

#include "core/fields.h"

/* Calls `each` with every text that the field holds, in order. */
void texts_walk(const struct field *field, void (*each)(void *arg, struct str text), void *arg);

#endif
