/* SPDX-License-Identifier: MIT */
/*
 * What visitors are told, in their language, and what mails of messages say beside the
 * message, in the form's. Every language has every sentence. Pure; any thread.
 */
#ifndef CONTACTD_CORE_TEXT_H
#define CONTACTD_CORE_TEXT_H

#include "core/validate.h"

/* X(NAME, "ISO 639-1 code") */
#define LANGUAGE_LIST(X)                                                                           \
    X(EN, "en")                                                                                    \
    X(DE, "de")                                                                                    \
    X(FR, "fr")                                                                                    \
    X(ES, "es")                                                                                    \
    X(PT, "pt")                                                                                    \
    X(IT, "it")                                                                                    \
    X(NL, "nl")                                                                                    \
    X(PL, "pl")

enum language {
#define LANGUAGE_AS_ENUM(name, code) LANGUAGE_##name,
    LANGUAGE_LIST(LANGUAGE_AS_ENUM)
#undef LANGUAGE_AS_ENUM
        LANGUAGE__COUNT
};

enum text {
    TEXT_THANKS,     /* a title */
    TEXT_ARRIVED,    /* the message has */
    TEXT_BACK,       /* a link to the page before */
    TEXT_NOT_SENT,   /* a title: the message has not been sent yet */
    TEXT_CORRECT,    /* correct what is marked */
    TEXT_LATER,      /* it did not work now; try again in a moment */
    TEXT_REFUSED,    /* this form cannot take it; tell the site's owner */
    TEXT_TOO_LARGE,  /* the message is */
    TEXT_KEPT,       /* everything that was written is still here */
    TEXT_GO_BACK,    /* it is not here, but on the page before */
    TEXT_SEND_AGAIN, /* a button */

    TEXT_LABEL_NAME, /* what the fields with a column are called */
    TEXT_LABEL_EMAIL,
    TEXT_LABEL_MESSAGE,

    TEXT_REQUIRED, /* what is wrong with one field */
    TEXT_EMAIL,
    TEXT_FORMAT,
    TEXT_NUMBER,
    TEXT_TOO_LONG,
    TEXT_TOO_SHORT,
    TEXT_CHOICE,
    TEXT_FILE,
    TEXT_UNKNOWN_FIELD,
    TEXT_FIELD_NAME,
    TEXT_INVALID,
    TEXT_EMPTY, /* of the whole form */

    TEXT_NEWS,      /* of mails that tell of messages: a new one */
    TEXT_NEWS_FROM, /* before the sender's name */
    TEXT_NEWS_MANY, /* '#' is how many; two at least */
    TEXT_FIELDS,
    TEXT_AND_MORE, /* a label, and what stands behind it */
    TEXT_NOT_ALL,
    TEXT_COUNT_MORE, /* '#' is how many */
    TEXT_FORM,
    TEXT_PAGE,
    TEXT_RECEIVED,
    TEXT_SPAM,
    TEXT_POINTS,
    TEXT_OPEN_MESSAGE, /* links */
    TEXT_OPEN_INBOX,
    TEXT__COUNT
};

/* A sentence in UTF-8; static. */
const char *text_say(enum language language, enum text text);

/* "de". */
const char *language_code(enum language language);

/* "de" or "de-AT"; false when it is none of ours. */
MUST_CHECK bool language_parse(struct str tag, enum language *ret_language);

/*
 * The visitor's favourite among ours (RFC 9110, section 12.5.4); of equal
 * weights the first holds, as browsers mean it. English when there is none;
 * "*" is no favourite.
 */
enum language language_negotiate(struct str accept_language);

/* What is wrong with a field. */
enum text text_of_field_code(enum field_code code);

#endif
