/* SPDX-License-Identifier: MIT */
/* One function per channel: what channel_compose() chooses from. Contracts as its own. */
#ifndef CONTACTD_CORE_CHANNEL_PARTS_H
#define CONTACTD_CORE_CHANNEL_PARTS_H

#include "core/channel.h"
#include "core/mail.h"

typedef enum err channel_fn(const struct channel_input *input, struct outgoing *out,
                            struct err_detail *detail);

MUST_CHECK channel_fn channel_mail;  /* CHANNEL_MAIL: a notice, a digest, an alarm */
MUST_CHECK channel_fn channel_reply; /* CHANNEL_REPLY: the autoresponder */

MUST_CHECK channel_fn channel_hook; /* CHANNEL_WEBHOOK */
MUST_CHECK channel_fn channel_slack;
MUST_CHECK channel_fn channel_discord;
MUST_CHECK channel_fn channel_telegram;
MUST_CHECK channel_fn channel_teams;
MUST_CHECK channel_fn channel_ntfy;
MUST_CHECK channel_fn channel_gotify;

/* Hands the mail to the API of the sender's service, which is not MAIL_SMTP. */
MUST_CHECK enum err channel_api(const struct mail_sender *sender, const struct mail *mail,
                                struct outgoing *out, struct err_detail *detail);

/* The page of the inbox that has the message, or of an alarm the inbox; nothing if it is unknown.
 */
void channel_put_link(struct buf *out, const struct channel_input *input);

/* Appends at most `max` code points of `text`; false: there were more. */
bool channel_put_cut(struct buf *out, struct str text, size_t max);

/* Ceilings and headers of a post of JSON. */
void channel_open_post(struct outgoing *out);

#endif
