/* SPDX-License-Identifier: MIT */
/* A message that somebody left on a form, as it is stored and shown. */
#ifndef CONTACTD_CORE_SUBMISSION_H
#define CONTACTD_CORE_SUBMISSION_H

#include "base/buf.h"
#include "base/id.h"
#include "base/secret.h"

enum {
    FORM_NAME_MAX = 64, /* bytes */
    SUBMISSION_LIST_MAX = 200,
    SUBMISSION_LIST_DEFAULT = 50,
};

/* X(enum value, "as it is written"); numbers are stored, so new ones come last */
#define SUBMISSION_STATE_LIST(X)                                                                   \
    X(STATE_NEW, "new")                                                                            \
    X(STATE_READ, "read")                                                                          \
    X(STATE_ARCHIVED, "archived")                                                                  \
    X(STATE_SPAM, "spam")                                                                          \
    X(STATE_TRASH, "trash")

enum submission_state {
#define STATE_AS_ENUM(id, text) id,
    SUBMISSION_STATE_LIST(STATE_AS_ENUM)
#undef STATE_AS_ENUM
};

enum {
    STATES_ALL =
        1 << STATE_NEW | 1 << STATE_READ | 1 << STATE_ARCHIVED | 1 << STATE_SPAM | 1 << STATE_TRASH,
    STATES_FLAGGED = 1 << STATE_SPAM | 1 << STATE_TRASH,
    STATES_INBOX = STATES_ALL & ~STATES_FLAGGED,
};

/* What the form's spam filter has learnt from it. */
enum submission_taught { TAUGHT_NOTHING, TAUGHT_GOOD, TAUGHT_SPAM };

const char *submission_state_text(enum submission_state state);
MUST_CHECK bool submission_state_parse(struct str text, enum submission_state *ret_state);

/* All texts are valid UTF-8 without NUL and borrowed from whoever made the struct. */
struct submission {
    struct id id; /* carries the time of arrival */
    struct str form;
    struct str name;
    struct str email;
    struct str message;
    struct str fields;     /* further fields: a JSON object as text, in order; ptr NULL: none */
    struct str source;     /* the client's address as text */
    struct str user_agent; /* ptr NULL: none was sent */
    struct str page;       /* Origin or Referer; ptr NULL: none was sent */
    enum submission_state state;
    int spam_score; /* hundredths of a point */
    enum submission_taught taught;
    struct str spam_reasons;    /* a JSON array as text; ptr NULL: none */
    struct str idempotency_key; /* ptr NULL: none was sent */
    bool is_starred;
    int64_t state_at_ms; /* wall; of the last change of state; 0: there was none */
};

/* What somebody of the house has written beside a message. */
struct submission_note {
    int64_t id;        /* a row number as submissions have: tells the time, counts nothing */
    struct str author; /* a user's or token's name */
    struct str text;
    int64_t created_at_ms;
};

enum {
    NOTES_MAX = 100,      /* of one submission */
    NOTE_TEXT_MAX = 4000, /* characters */
};

struct scope;
struct search; /* see core/search_text.h */

/* Which submissions, newest first. */
struct submission_filter {
    struct str form;   /* ptr NULL: every form */
    int64_t since_ms;  /* arrived at or after; 0: no bound */
    int64_t until_ms;  /* arrived before; 0: no bound */
    int64_t below_seq; /* id_seq() of the last row of the page before; 0: from the newest */
    unsigned states;   /* 1 << state for each that is asked for; 0: STATES_INBOX */
    int limit;         /* rows; one more than a page shows whether another page follows */
    bool must_be_starred;
    const struct scope *scope;  /* the forms that may be seen; NULL: every form */
    const struct search *query; /* what they must say; NULL: anything */
};

/* How many there are of a form in a state. */
struct tally {
    int64_t day; /* on which they came, since 1970 UTC; TALLY_ALL_DAYS: whenever */
    struct str form;
    enum submission_state state;
    int64_t count;
};

enum { TALLY_ALL_DAYS = -1, TALLY_DAY_MS = 24 * 60 * 60 * 1000 };

/* A message that may have become too old to be kept. */
struct aged {
    struct id id;
    struct str form;
    int64_t since_ms; /* wall; when it came or, of spam, became spam */
};

/* Which ones to look at: all of a form, or the spam of every form. */
struct aged_filter {
    struct str form;   /* ptr NULL: spam, whatever its form */
    int64_t above_seq; /* for spam: id_seq() of the last one that was looked at */
    int64_t until_ms;  /* arrived before */
    int limit;
};

/* A form's name in a URL: lower-case letters, digits, '-' and '_', starting with a letter or
 * digit, at most FORM_NAME_MAX bytes. */
bool form_name_is_valid(struct str name);

/* What a message says, in 128 bits. */
struct content {
    uint64_t words[2];
};

/*
 * Equal for two messages that say the same on the same form and, where they have no
 * e-mail address, come from the same source (IPv6: the same /64); who does not know
 * the key cannot make two others equal. `ret_message` (or NULL) is the hash of the
 * message's text alone, whatever the form.
 */
struct content submission_content(const struct submission *submission,
                                  const uint8_t key[TABLE_KEY_BYTES], uint64_t ret_message[2]);

static inline bool content_equal(const struct content *a, const struct content *b)
{
    return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

/* Appends the submission as one JSON object. */
void submission_render(struct buf *out, const struct submission *submission);
/* The same without the brace at the end: more members may follow. */
void submission_render_open(struct buf *out, const struct submission *submission);

void note_render(struct buf *out, const struct submission_note *note);

/*
 * Whether this is what an address (one that email_is_valid()) has sent: its
 * email, or the whole of a text in its further fields. ASCII letters compare
 * without case.
 */
bool submission_has_address(const struct submission *submission, struct str address);

#endif
