/* SPDX-License-Identifier: MIT */
/*
 * What the verbs `user` and `token` do to the database. The same function runs
 * in the verb's own process, or in the server's when a server owns the
 * database: request and result are JSON, so that they pass through a socket.
 */
#ifndef CONTACTD_APP_COMMAND_H
#define CONTACTD_APP_COMMAND_H

#include "base/json.h"
#include "store/store.h"

/*
 * Runs {"verb","object","args":{...}} inside the caller's transaction and
 * appends the result, one JSON value, to `result`. Owner of `writer` only.
 */
MUST_CHECK enum err command_run(struct store *writer, const json_t *request, struct buf *result,
                                struct err_detail *detail);

#endif
