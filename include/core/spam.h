/* SPDX-License-Identifier: MIT */
/*
 * How much a post looks like spam: a score made of parts that people can see
 * and understand. Points are hundredths; a form flags what reaches its
 * threshold, 5.00 unless it says otherwise. Nothing is ever dropped: the score
 * only decides in which folder a message lies. Pure; any thread.
 */
#ifndef CONTACTD_CORE_SPAM_H
#define CONTACTD_CORE_SPAM_H

#include "core/dialect.h"
#include "core/fields.h"
#include "core/verdict.h"

enum {
    SPAM_THRESHOLD_DEFAULT = 500,
    SPAM_TEXT_MAX = 16 * 1024, /* bytes of text that are looked at; the rest counts not */
    SPAM_DETAIL_MAX = 63,
};

/* The parts of a score. Their weights and meanings are SPAM_RULES. */
enum spam_part {
    SPAM_HONEYPOT,
    SPAM_HONEYPOT_MISSING,
    SPAM_TOKEN,
    SPAM_PROOF,
    SPAM_CAPTCHA,
    SPAM_HASTE,
    SPAM_WEBDRIVER,
    SPAM_AGENT,
    SPAM_LINKS,
    SPAM_LINKS_ONLY,
    SPAM_LINK_IN_NAME,
    SPAM_MARKUP,
    SPAM_UNKNOWN_FIELDS,
    SPAM_SCRIPT,
    SPAM_LANGUAGE,
    SPAM_DISGUISE,
    SPAM_GIBBERISH,
    SPAM_NAME_IS_MESSAGE,
    SPAM_DOTTED_EMAIL,
    SPAM_SAME_BODY,
    SPAM_RATE,
    SPAM_NO_ORIGIN,
    SPAM_BAYES,
    SPAM_PART__COUNT
};

/* The word for it: "too young". */
const char *verdict_text(enum verdict verdict);

/* What a form's languages mean for texts. All zero: anything is expected. */
struct spam_expected {
    uint32_t scripts;   /* SCRIPT_BITs */
    uint32_t languages; /* language_bit()s */
    bool has_scripts;   /* unexpected scripts count */
    bool has_languages; /* unexpected languages count */
};

/*
 * Reads a form's languages (ISO 639 or BCP 47) once, for its many posts. Latin
 * letters are at home in every text. A language that the program cannot tell
 * from others switches that part of the check off.
 */
void spam_expect(const struct str *languages, size_t count, struct spam_expected *ret_expected);

/* Everything that the rules look at. All zero is a post of which nothing is known. */
struct spam_input {
    const struct fields *fields; /* as posted */
    enum dialect dialect;        /* decides which names are special */
    struct str name, email, message;

    /* What the form expects. */
    struct str honeypot; /* the name of the page's own trap; empty: it has none */
    struct spam_expected expected;
    bool (*knows)(const void *form, struct str field); /* NULL: the form takes any field */
    const void *form;                                  /* for knows() */

    /* How it was sent. */
    bool is_from_page; /* has the headers that only browsers send: Origin, Referer, Sec-Fetch-* */
    struct str user_agent; /* empty: not sent */
    struct str page_host;  /* of Origin or Referer; links to it are free */
    int64_t now_ms;
    int64_t loaded_at_ms; /* when the page says that it was loaded; 0: it does not */
    bool is_webdriver;    /* the page says that it is driven by a program */

    /* What was found out elsewhere. */
    enum verdict token, proof, captcha;
    unsigned required;        /* 1 << part: SPAM_TOKEN, ... without which a post is flagged */
    int threshold;            /* hundredths, from where on it is */
    bool hides_origin;        /* a page that does not say which, where the form lists its own */
    uint32_t same_body_forms; /* other forms that got this body in the last day */
    uint32_t source_posts;    /* of this source in the last hour, before this one */
    uint32_t source_refusals; /* the same for posts that were refused */
    int bayes_log_odds;       /* see core/bayes.h; 0: even, or not trained */
};

struct spam_view;

struct spam_rule {
    const char *name;
    int points;                                               /* hundredths, at a share of 100 */
    int (*judge)(const struct spam_view *view, char *detail); /* returns the share */
    const char *help;
};

/* One row per enum spam_part. */
extern const struct spam_rule SPAM_RULES[SPAM_PART__COUNT];

struct spam_hit {
    enum spam_part part;
    int points;                       /* hundredths; below 0: speaks for the post */
    char detail[SPAM_DETAIL_MAX + 1]; /* what was found, in English; may be empty */
};

/* Each part at most once: the order of the rules, corrected ones last. */
struct spam_result {
    int score; /* the sum of the points */
    size_t count;
    unsigned required; /* as those of the input; for corrections */
    int threshold;
    struct spam_hit hits[SPAM_PART__COUNT];
};

void spam_score(const struct spam_input *input, struct spam_result *ret_result);

/*
 * Corrects the part of a token, proof or captcha with a verdict that came only
 * later: the commit saw that it was spent, or its service has answered.
 */
void spam_set_verdict(struct spam_result *result, enum spam_part part, enum verdict verdict);

/* Appends a JSON array of {"rule","points","detail"}, with points such as 1.50. */
void spam_render(struct buf *out, const struct spam_result *result);

#endif
