/* SPDX-License-Identifier: MIT */
/*
 * Who is to hear of a form's messages: the setting `notify`, read. Every
 * member is one row of a table in notice.c, from which the check, the error texts and
 * the API description are made. Pure; constant once made, then any thread.
 *
 *   {"mail": ["owner@client.example", {"to": "sales@client.example", "digest": "daily"}],
 *    "webhooks": [{"name": "crm", "url": "https://crm.example/in", "secret": "whsec_..."}],
 *    "subject": "Enquiry from {{name}}",
 *    "autoreply": {"subject": "Thank you", "text": "We have received your message, {{name}}."}}
 */
#ifndef CONTACTD_CORE_NOTICE_H
#define CONTACTD_CORE_NOTICE_H

#include "base/json.h"

/* How a destination is spoken to: rows of the table in core/channel. */
enum channel {
    CHANNEL_MAIL,
    CHANNEL_REPLY, /* the autoresponder: a mail to the visitor */
    CHANNEL_WEBHOOK,
    CHANNEL_SLACK,
    CHANNEL_DISCORD,
    CHANNEL_TELEGRAM,
    CHANNEL_TEAMS,
    CHANNEL_NTFY,
    CHANNEL_GOTIFY,
    CHANNEL_COUNT
};

/* Mails one by one, or gathered into a digest. */
enum rhythm { RHYTHM_AT_ONCE, RHYTHM_HOURLY, RHYTHM_DAILY };

enum signature {
    SIGNATURE_STANDARD, /* Standard Webhooks 1.0: webhook-id, -timestamp, -signature */
    SIGNATURE_FORMSPREE /* t=,v1= in Formspree-Signature, and the standard's as well */
};

/* Texts but the name point into the settings' document; ptr NULL where it says nothing. */
struct destination {
    struct str name; /* unique within its form and stored with deliveries: "mail:a@b.example",
                        "webhook:crm", "slack" if it was given no name, "reply" */
    enum channel channel;
    struct str address; /* a mailbox, or a URL */
    struct str secret;  /* signs, or lets in: whsec_..., a bot's or an application's token */
    struct str chat;    /* Telegram's chat, ntfy's topic if the URL has none */
    enum signature signature;
    enum rhythm rhythm; /* mail only */
    bool wants_spam;    /* hears of spam at once, too; never the autoresponder */
    bool wants_alarms;  /* unless told otherwise; never the autoresponder */
};

enum {
    DESTINATIONS_MAX = 16,
    DESTINATION_NAME_MAX = 260, /* bytes */
};

struct notice {
    struct destination destinations[DESTINATIONS_MAX]; /* the autoresponder is the last, if any */
    size_t count;
    struct str subject;                   /* of mails; a template; ptr NULL: the built-in one */
    struct str text;                      /* of mails, in front of the fields; a template */
    struct str reply_subject, reply_text; /* of the autoresponder; templates of escaped fields */
    uint32_t reply_per_day;               /* to one address from one form */
    uint32_t silence_days;                /* alarm after so many without a message; 0: judged by
                                             the form's own history */
    json_t *names;                        /* own the destinations' names */
};

/*
 * `settings` is the member `notify` (may be NULL: nobody hears) and must outlive the
 * notice. ERR_INVALID: the detail names the member, what is wrong, what is known; never a secret.
 */
MUST_CHECK enum err notice_compile(const json_t *settings, struct notice *ret_notice,
                                   struct err_detail *detail);

/* Frees what notice_compile() made; a notice of zeroes is allowed. */
void notice_done(struct notice *notice);

/* Appends a JSON Schema of `settings`: without its opening brace and its type. */
void notice_render_schema(struct buf *out);

/* The destination of this name, or NULL. */
const struct destination *notice_find(const struct notice *notice, struct str name);

/* The channel's word in settings and answers: "mail", "reply", "webhook", "slack"... */
const char *channel_text(enum channel channel);

#endif
