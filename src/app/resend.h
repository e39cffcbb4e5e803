/* SPDX-License-Identifier: MIT */
/*
 * The commands beneath `delivery`. Like those of command.h they run where the database
 * is, in the caller's transaction, and JSON goes in and out.
 */
#ifndef CONTACTD_APP_RESEND_H
#define CONTACTD_APP_RESEND_H

#include "base/json.h"
#include "service/outbox.h"
#include "store/store.h"

/* {"form"?, "state"?}: the newest ones, as an array. */
MUST_CHECK enum err resend_list(struct store *writer, const json_t *args, struct buf *result,
                                struct err_detail *detail);

/* Tells in such an array what waits behind a pause of the running server's. */
MUST_CHECK enum err resend_add_pauses(struct outbox *outbox, struct buf *list);

/*
 * {"name": id} or {"name": destination, "form"}: that one, or all that wait or were given up there.
 * "to": another destination, to which it is sent. "notifyTo": the option's mailboxes, which hear of
 * the default form.
 */
MUST_CHECK enum err resend_retry(struct store *writer, const json_t *args, struct buf *result,
                                 struct err_detail *detail);

/* {"name": id}: one that has arrived. */
MUST_CHECK enum err resend_replay(struct store *writer, const json_t *args, struct buf *result,
                                  struct err_detail *detail);

#endif
