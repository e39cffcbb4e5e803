/* SPDX-License-Identifier: MIT */
/*
 * What a search compares: a message as a line of plain words, and what somebody
 * looks for as a few terms, put through the same mill. Letters lose case and
 * accents; scripts that are written without blanks fall into single characters.
 * Pure; any thread.
 */
#ifndef CONTACTD_CORE_SEARCH_TEXT_H
#define CONTACTD_CORE_SEARCH_TEXT_H

#include "base/buf.h"
#include "core/submission.h"

enum {
    SEARCH_RULES = 1, /* goes up when the same text gives other words: all is indexed anew */
    SEARCH_TEXT_MAX = 64 * 1024, /* bytes of a message's words; what lies behind is not found */
    SEARCH_QUERY_MAX = 256,      /* bytes */
    SEARCH_TERMS_MAX = 16,
    SEARCH_WORD_MAX = 64, /* bytes; of a longer word only the beginning counts */
    SEARCH_FORM_MAX = 1 + 2 * FORM_NAME_MAX,
};

/*
 * Makes `*out` (whose ceiling should be SEARCH_TEXT_MAX) the words of name,
 * email, message and all texts of the further fields: lower case, a blank
 * before and behind each.
 */
MUST_CHECK enum err search_text_make(const struct submission *row, struct buf *out);

/* The word that stands for a form, so that a search in one form does not walk the others. */
void search_put_form(struct buf *out, struct str form);

/* One word, or several that must follow each other. */
struct search_term {
    uint16_t at, len; /* in struct search: a blank, words, a blank */
    uint16_t words;
    bool is_prefix; /* the last word may go on */
};

/* What is looked for: every term must be there. */
struct search {
    struct search_term terms[SEARCH_TERMS_MAX];
    size_t count;  /* 0: nothing that could be found */
    bool is_asked; /* there was a text at all */
    size_t used;
    char text[8 * SEARCH_QUERY_MAX];
};

/*
 * Words are terms; the last one, and any that ends in '*', may go on; "quoted
 * words" follow each other. Any text can be read, but for one that is longer
 * than SEARCH_QUERY_MAX or has more than SEARCH_TERMS_MAX terms: false.
 */
MUST_CHECK bool search_parse(struct str text, struct search *ret_search);

/* Whether a message with these words (of search_text_make()) has every term. */
bool search_fits(const struct search *search, struct str words);

/*
 * Appends what FTS5 (columns text and form, tokenizer ascii) is asked: exactly
 * the messages that search_fits(). `is_rough`: more than those, without the words
 * that may go on, which cost FTS5 a look at every word that they may go on to.
 * False: nothing would be left to ask.
 */
MUST_CHECK bool search_put_match(struct buf *out, const struct search *search, bool is_rough);

/* Before that: one of the forms that alone are asked for. The caller closes: ") AND ". */
void search_put_form_match(struct buf *out, struct str form, bool is_first);

#endif
