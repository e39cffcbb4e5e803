/* SPDX-License-Identifier: MIT */
/* The routes of the program: rows from every topic file, in one table. */
#ifndef CONTACTD_HANDLER_ROUTES_H
#define CONTACTD_HANDLER_ROUTES_H

#include "handler/ctx.h"

extern const struct route_table ROUTES;

/* Of replies on paths that no row has. */
extern const struct reply_style STRAY_STYLE;

/* For struct server_options: the client's address through the trusted proxies. */
struct str handler_client_address(struct app_ctx *ctx, struct str peer, struct str forwarded,
                                  char *room, size_t room_bytes);

/*
 * For struct server_options: a limit on the TLS handshakes of an address. There is none for
 * trusted proxies and unix sockets, through which many come.
 */
bool handler_may_shake(struct app_ctx *ctx, struct str peer);

/* For struct server_options: wakes the committer once for all messages of a round. */
void handler_before_sleep(struct app_ctx *ctx);

#endif
