/* SPDX-License-Identifier: MIT */
/*
 * What a mail says: subject, text and HTML from one template. A template is text
 * with names in double braces and no logic: {{name}}, {{email}}, {{message}}, any further
 * field ({{phone}}, {{car.color}}), {{form}}, {{title}}, {{page}}, {{date}}. A name that the
 * message does not have is nothing; a value is never read as a template, and is escaped
 * for where it goes. Pure; any thread.
 */
#ifndef CONTACTD_CORE_MAIL_TEXT_H
#define CONTACTD_CORE_MAIL_TEXT_H

#include "core/channel.h"

struct mail_text {
    struct buf subject; /* one line */
    struct buf text;
    struct buf html; /* empty: the text stands alone */
};

enum {
    MAIL_TEXT_MAX = 700 * 1024, /* bytes of text and of HTML: less than 1 MB as a mail */
    MAIL_ROWS_MAX = 100,        /* messages of a digest; the rest is counted */
    MAIL_DIGEST_MAX =
        350 * 1024,         /* bytes that a digest has room for, as mail_text_weigh() counts */
    MAIL_VALUE_MAX = 20000, /* characters of one value; more are cut */
    MAIL_DIGEST_VALUE_MAX = 1000, /* the same in a digest */
    MAIL_REPLY_VALUE_MAX = 500,   /* the same in an automatic reply */
};

void mail_text_init(struct mail_text *text);
void mail_text_done(struct mail_text *text);

/*
 * Fills a `text` that is fresh from mail_text_init(): of one row a notice, of more a
 * digest, of none an alarm, and for CHANNEL_REPLY the answer to the row's visitor, in
 * which what the visitor wrote has no links. Without a template the subject is
 * what the page has sent as _subject or subject, else one that names the visitor.
 * A digest tells of its rows in the order in which they came. ERR_FULL, ERR_MEMORY.
 */
MUST_CHECK enum err mail_text_compose(const struct channel_input *input,
                                      struct mail_text *ret_text);

/* How much of a digest the first row of `input` takes, in bytes of text and of HTML. */
size_t mail_text_weigh(const struct channel_input *input);

#endif
