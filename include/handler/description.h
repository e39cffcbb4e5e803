/* SPDX-License-Identifier: MIT */
/* The API's description of itself, made once from the route table: for programs and for people. */
#ifndef CONTACTD_HANDLER_DESCRIPTION_H
#define CONTACTD_HANDLER_DESCRIPTION_H

#include "base/buf.h"
#include "http/router.h"

enum { DESCRIPTION_TAG_MAX = 24 };

struct description {
    struct buf openapi;                                                   /* OpenAPI 3.1, as JSON */
    struct buf page;                                                      /* the same as HTML */
    char openapi_tag[DESCRIPTION_TAG_MAX], page_tag[DESCRIPTION_TAG_MAX]; /* for ETag */
};

/* Constant from then on; any thread may read it. The detail names a shape that cannot be read. */
MUST_CHECK enum err description_new(const struct route_table *routes,
                                    struct description **ret_description,
                                    struct err_detail *detail);
void description_free(struct description *description); /* NULL is allowed */

#endif
