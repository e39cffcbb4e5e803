/* SPDX-License-Identifier: MIT */
/*
 * The control socket, `<database>.sock`: through it, verbs reach the server
 * that owns the database. It is a unix socket with mode 0600, and the caller
 * must be the server's user or root: whoever can open the database may use it.
 */
#ifndef CONTACTD_APP_CONTROL_H
#define CONTACTD_APP_CONTROL_H

#include "base/buf.h"
#include "service/commit.h"
#include "service/forms.h"
#include "service/outbox.h"
#include "service/signin.h"
#include "service/worker.h"

struct control;

enum { CONTROL_MESSAGE_MAX = 2 * 1024 * 1024, CONTROL_PATH_MAX = 4096 };

/* Starts the thread that serves `database`'s control socket. The services are borrowed. */
MUST_CHECK enum err control_start(const char *database, struct commit *commit,
                                  struct signin *signin, struct forms *forms,
                                  struct worker *readers, struct outbox *outbox,
                                  struct control **ret_control, struct err_detail *detail);
void control_stop(struct control *control); /* NULL is allowed */

/*
 * Sends one request to the server that owns `database` and waits for its
 * answer, {"result":...} or {"error":"..."}. ERR_NOT_FOUND: no server answers.
 */
MUST_CHECK enum err control_call(const char *database, struct str request, struct buf *reply,
                                 struct err_detail *detail);

#endif
