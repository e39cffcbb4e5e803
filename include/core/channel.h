/* SPDX-License-Identifier: MIT */
/*
 * What is sent to a destination: one row and one pure function per channel. Composes
 * bytes and never sends any; service/outbox gives them to notify/transport.
 */
#ifndef CONTACTD_CORE_CHANNEL_H
#define CONTACTD_CORE_CHANNEL_H

#include "core/notice.h"
#include "core/submission.h"
#include "core/text.h"

/* How mail leaves the house: the option smtp_url by its scheme. */
enum mail_service { MAIL_NONE, MAIL_SMTP, MAIL_POSTMARK, MAIL_RESEND, MAIL_MAILGUN };

/* The operator's own sender. Constant; texts live as long as the process. */
struct mail_sender {
    enum mail_service service;
    struct str url;     /* smtp://host:587, smtps://host:465; of an HTTP API: its endpoint */
    struct str user;    /* SMTP AUTH; ptr NULL: none */
    struct str secret;  /* password, or the API's key; ptr NULL: none */
    struct str address; /* From and envelope sender: a mailbox */
    struct str name;    /* shown with it; ptr NULL: none */
};

/* What there is to tell. Everything is borrowed. */
struct channel_input {
    const struct destination *destination;
    const struct notice *notice; /* of the form */
    const struct mail_sender *sender;
    struct str form, form_title;   /* title ptr NULL: the name is shown */
    enum language language;        /* of what mails say beside the message */
    const struct submission *rows; /* one; of a digest more; of an alarm none */
    size_t row_count;
    struct str text;       /* of an alarm; ptr NULL else */
    struct str id;         /* the same in every attempt; letters, digits, '-', '_', '.' */
    struct str public_url; /* of this server, for links; ptr NULL: unknown */
    int64_t now_ms;        /* wall */
};

/* What is to be sent. Buffers are the caller's, made with the ceilings that it gives. */
struct outgoing {
    bool is_smtp;       /* else an HTTP POST */
    struct buf url;     /* with a NUL behind it, as all texts here */
    struct buf from;    /* SMTP: the envelope's sender */
    struct buf to;      /* SMTP: the envelope's one recipient */
    struct buf headers; /* HTTP: lines "Name: value", each ended by '\n' */
    struct buf body;    /* the mail as it goes over the wire (CRLF, no dot-stuffing), or the post */
};

void outgoing_init(struct outgoing *out);
void outgoing_done(struct outgoing *out);

/*
 * Fills an `out` that is fresh from outgoing_init(). ERR_INVALID: this cannot be sent as
 * it is (the detail says why: no mail sender is set, a visitor without an address, ...), and trying
 * again is of no use. ERR_FULL, ERR_MEMORY.
 */
MUST_CHECK enum err channel_compose(const struct channel_input *input, struct outgoing *out,
                                    struct err_detail *detail);

#endif
