/* SPDX-License-Identifier: MIT */
/*
 * One mail as it goes over the wire: RFC 5322 with MIME. Whoever wrote its
 * texts, no line of theirs becomes a header. Pure; any thread.
 */
#ifndef CONTACTD_CORE_MAIL_H
#define CONTACTD_CORE_MAIL_H

#include "base/buf.h"

/* What kind of mail it is, for programs that would answer it. */
enum mail_kind {
    MAIL_NOTICE,    /* of one message: whoever answers it answers the visitor */
    MAIL_AUTOMATIC, /* a digest, an alarm: nobody waits for an answer */
    MAIL_REPLY      /* answers a visitor by itself */
};

struct mailbox {
    struct str address; /* ptr NULL: none */
    struct str name;    /* shown with it, any text; ptr NULL: none */
};

struct mail {
    enum mail_kind kind;
    struct mailbox from, to, reply_to;
    struct str subject; /* any text */
    struct str text;    /* UTF-8 */
    struct str html;    /* the same as HTML; ptr NULL: the text stands alone */
    struct str form;    /* for filters; ptr NULL: none */
    struct str id;      /* letters, digits, '-', '_', '.'; the same in every attempt */
    int64_t date_ms;    /* wall */
};

enum {
    MAIL_SUBJECT_MAX = 200, /* characters; what is beyond is cut */
    MAIL_NAME_MAX = 100,    /* of a mailbox */
};

/*
 * Whether `address` may stand in a header and in an envelope as it is: one that
 * email_is_valid(), of ASCII alone, whose local part is a dot-atom (RFC 5322,
 * section 3.2.3). Addresses beyond ASCII are real, but a mail that has one cannot pass
 * a server without SMTPUTF8 (RFC 6531), so they are shown in texts and never used.
 */
bool mail_address_is_usable(struct str address);

/* The same, and the domain has a dot: what a stranger may be reached by. */
bool mail_address_is_public(struct str address);

/*
 * Appends `text` as one line for a header: every run of white space and control
 * characters becomes one blank, those at the ends and bidi controls go, bytes that are not
 * UTF-8 become U+FFFD, and what is beyond `points_max` characters becomes an ellipsis.
 */
void mail_put_line(struct buf *out, struct str text, size_t points_max);

/*
 * Appends `text` as it may stand in a body: every line break, LF, CRLF or CR, as
 * `line_break`; controls other than tabs, and bytes that are not UTF-8, as U+FFFD.
 */
void mail_put_text(struct buf *out, struct str text, struct str line_break);

/* Appends the mailbox as text that is to be encoded by others: "Jane \"J\" Doe" <jane@x.example> */
void mail_put_mailbox(struct buf *out, const struct mailbox *mailbox);

/* Headers that tell programs what kind of mail it is. Static. */
struct mail_mark {
    struct str name, value;
};

const struct mail_mark *mail_marks(enum mail_kind kind, size_t *ret_count);

/* Appends what Message-ID says: "<id@domain of From>". */
void mail_put_id(struct buf *out, const struct mail *mail);

/* "X-Contactd-Form", if the form's name may stand in a header. */
#define MAIL_FORM_HEADER "X-Contactd-Form"
bool mail_has_form(const struct mail *mail);

/*
 * Appends the mail with CRLF at the end of every line. No line is longer than 998
 * bytes, none of a body longer than 76, and headers are folded before column 77 where they can be.
 * Bodies are cleaned as by mail_put_text(). ERR_INVALID: an address is not usable. ERR_FULL,
 * ERR_MEMORY.
 */
MUST_CHECK enum err mail_render(struct buf *out, const struct mail *mail,
                                struct err_detail *detail);

#endif
