/* SPDX-License-Identifier: MIT */
/* The API's description for people: one page, made once. Pure; any thread. */
#ifndef CONTACTD_HANDLER_DOCS_H
#define CONTACTD_HANDLER_DOCS_H

#include "base/json.h"
#include "http/router.h"

/* `schemas` are the document's components. Failures stick to the buffer. */
void docs_put(struct buf *out, const struct route_table *routes, const json_t *schemas);

/* Every shape with its members. */
void docs_put_shapes(struct buf *out, const json_t *schemas);

/* A link to a shape. */
void docs_put_shape_link(struct buf *out, const char *name);

#endif
