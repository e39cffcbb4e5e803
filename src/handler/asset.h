/* SPDX-License-Identifier: MIT */
/* Replies that are files of src/assets, as the build has embedded them. */
#ifndef CONTACTD_HANDLER_ASSET_H
#define CONTACTD_HANDLER_ASSET_H

#include "http/exchange.h"

struct asset;

/*
 * The file, compressed for those who take that if it has such bytes, with its ETag; 304 for those
 * who have it. `content_type` and `cache_control` are static.
 */
enum flow asset_reply(struct exchange *x, const struct asset *asset, const char *content_type,
                      const char *cache_control);

#endif
