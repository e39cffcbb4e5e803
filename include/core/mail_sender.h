/* SPDX-License-Identifier: MIT */
/*
 * The operator's own mail sender, read from two options. Pure; any thread.
 *
 *   smtp://USER:PASSWORD@HOST[:587]   STARTTLS;  smtps://...[:465] is TLS from the start
 *   postmark://TOKEN   resend://KEY   mailgun://KEY@DOMAIN   mailgun-eu://KEY@DOMAIN
 *
 * In USER, PASSWORD and keys %XX stands for any byte. Behind "?endpoint=" an HTTP
 * API may be given another address than its own.
 */
#ifndef CONTACTD_CORE_MAIL_SENDER_H
#define CONTACTD_CORE_MAIL_SENDER_H

#include "base/arena.h"
#include "core/channel.h"

/*
 * `from` is a mailbox or `Name <mailbox>`; both empty: MAIL_NONE. Texts are copied into
 * `arena`, with a NUL behind each. ERR_INVALID: the detail names the option, what is wrong and the
 * remedy, and never a secret. ERR_MEMORY, ERR_FULL.
 */
MUST_CHECK enum err mail_sender_parse(struct str url, struct str from, struct arena *arena,
                                      struct mail_sender *ret_sender, struct err_detail *detail);

/* "a@b.example", or with a name in front; the parts are borrowed, the name's ptr NULL if none. */
MUST_CHECK bool mailbox_parse(struct str text, struct str *ret_name, struct str *ret_address);

#endif
