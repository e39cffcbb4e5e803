/* SPDX-License-Identifier: MIT */
/* What one look at a post finds, for the rules to judge. */
#ifndef CONTACTD_CORE_SPAM_VIEW_H
#define CONTACTD_CORE_SPAM_VIEW_H

#include "core/links.h"
#include "core/script.h"
#include "core/spam.h"

struct spam_view {
    const struct spam_input *input;

    struct str trapped;     /* the name of the first honeypot that is filled; empty: none */
    bool has_own_trap;      /* the form's own honeypot was posted, filled or not */
    unsigned unknown_count; /* fields that the form does not know */
    struct str unknown;     /* the first of them */

    unsigned counts[LINK__COUNT]; /* links to foreign hosts, and markup, in all texts */
    struct str host;              /* of the first link that counts */
    unsigned name_links[LINK__COUNT];
    size_t message_bytes, message_link_bytes;
    struct script_count letters; /* every byte of plain ASCII texts is a Latin letter */
};

/* One pass over all fields. `*ret_view` borrows from the input. */
void spam_look(const struct spam_input *input, struct spam_view *ret_view);

/* From `count` on, this share. */
struct spam_step {
    unsigned count;
    int share;
};

/* The share of the last step that `count` reaches. Steps grow; a count of 0 ends the list. */
int spam_share_of(const struct spam_step *steps, unsigned count);

/* Writes a detail: the prefix and as much of `text` as fits, up to a code point's end. */
void spam_tell(char *detail, const char *prefix, struct str text);

/* A verdict's share of the points of its part, and its word as the detail. */
int spam_verdict_share(enum spam_part part, enum verdict verdict, char *detail);

/*
 * The rules: each returns the share of its points that it gives, in percent,
 * and may tell in `detail` (SPAM_DETAIL_MAX + 1 bytes, "" before) what it saw.
 */
typedef int spam_judge(const struct spam_view *view, char *detail);

spam_judge judge_honeypot, judge_honeypot_missing, judge_no_origin, judge_token, judge_proof,
    judge_captcha;
spam_judge judge_haste, judge_webdriver, judge_agent, judge_same_body, judge_rate, judge_bayes;
spam_judge judge_links, judge_links_only, judge_link_in_name, judge_markup, judge_unknown_fields;
spam_judge judge_script, judge_language, judge_disguise, judge_gibberish, judge_name_is_message;
spam_judge judge_dotted_email;

#endif
