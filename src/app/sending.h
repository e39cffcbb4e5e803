/* SPDX-License-Identifier: MIT */
/* What the options say of mails and webhooks, read and checked together. */
#ifndef CONTACTD_APP_SENDING_H
#define CONTACTD_APP_SENDING_H

#include "config/config.h"
#include "service/outbox.h"

/*
 * Fills the outbox's options; texts and ranges live in `arena`, the rest in `config`.
 * ERR_INVALID: the detail names the option, what is wrong and the remedy. ERR_MEMORY.
 */
MUST_CHECK enum err sending_read(const struct config *config, struct arena *arena,
                                 struct outbox_options *ret_options, struct err_detail *detail);

#endif
