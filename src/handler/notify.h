/* SPDX-License-Identifier: MIT */
/* Deliveries come and go with their message. The committer's thread, in the message's own job. */
#ifndef CONTACTD_HANDLER_NOTIFY_H
#define CONTACTD_HANDLER_NOTIFY_H

#include "handler/ctx.h"

/*
 * Writes a row for everybody who is to hear of this new message by the settings of `form`, which
 * is the default one if the message's own is not registered. `*ret_is_awaited`: one
 * of them is due at once.
 */
MUST_CHECK enum err notify_store(const struct submission *row, const struct form_entry *form,
                                 struct store *writer, int64_t now_ms, bool *ret_is_awaited);

/*
 * The message has become spam or trash, which holds what still waits, or is none any
 * more, which releases it.
 */
MUST_CHECK enum err notify_move(struct app_ctx *ctx, struct store *writer, const struct id *id,
                                struct str form, enum submission_state state);

#endif
