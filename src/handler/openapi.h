/* SPDX-License-Identifier: MIT */
/* The route table as an OpenAPI document. Pure; any thread. */
#ifndef CONTACTD_HANDLER_OPENAPI_H
#define CONTACTD_HANDLER_OPENAPI_H

#include "base/json.h"
#include "http/router.h"

/* `shapes` are those of assets/shapes.json. A failure sticks to the buffer. */
void openapi_put(struct buf *out, const struct route_table *routes, const json_t *shapes);

#endif
