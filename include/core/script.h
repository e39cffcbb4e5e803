/* SPDX-License-Identifier: MIT */
/*
 * The writing systems of texts, and the languages that tell themselves apart
 * by their commonest words. Nothing here knows of people or places: a form's
 * owner says what is expected, and the rest is counting. Pure; any thread.
 */
#ifndef CONTACTD_CORE_SCRIPT_H
#define CONTACTD_CORE_SCRIPT_H

#include "base/str.h"

enum script {
    SCRIPT_NONE, /* no letter: digits, signs, emoji */
    SCRIPT_LATIN,
    SCRIPT_GREEK,
    SCRIPT_CYRILLIC,
    SCRIPT_ARMENIAN,
    SCRIPT_HEBREW,
    SCRIPT_ARABIC,
    SCRIPT_DEVANAGARI,
    SCRIPT_BENGALI,
    SCRIPT_GURMUKHI,
    SCRIPT_GUJARATI,
    SCRIPT_TAMIL,
    SCRIPT_TELUGU,
    SCRIPT_KANNADA,
    SCRIPT_MALAYALAM,
    SCRIPT_SINHALA,
    SCRIPT_THAI,
    SCRIPT_LAO,
    SCRIPT_MYANMAR,
    SCRIPT_GEORGIAN,
    SCRIPT_ETHIOPIC,
    SCRIPT_KHMER,
    SCRIPT_HANGUL,
    SCRIPT_KANA,
    SCRIPT_HAN,
    SCRIPT__COUNT
};

/* The bit of a script in a mask of several. */
#define SCRIPT_BIT(script) (UINT32_C(1) << (script))

/* The script's name in English. */
const char *script_text(enum script script);

/* The script of a letter or of a mark that belongs to letters, by its block. */
enum script script_of(int32_t point);

/* Simple lower case for Latin, Greek, Cyrillic and Armenian; final sigma is a sigma. */
int32_t script_fold(int32_t point);

/* The scripts that a language (ISO 639, of which only the first subtag counts) is written in; 0 if
 * unknown. */
uint32_t script_of_language(struct str language);

struct script_count {
    uint32_t letters[SCRIPT__COUNT]; /* [SCRIPT_NONE] stays 0 */
    uint32_t total;
    uint32_t mixed_words; /* words that mix Latin with Greek or Cyrillic letters */
};

/* Adds the letters of `text`, up to where it is no longer UTF-8. */
void script_count(struct str text, struct script_count *count);

#endif
