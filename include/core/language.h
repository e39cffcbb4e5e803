/* SPDX-License-Identifier: MIT */
/*
 * Guesses which language a text in Latin letters is written in, by its
 * commonest words. Meant for "is this at least not one that I can read":
 * short or undecided texts are no language at all. Pure; any thread.
 */
#ifndef CONTACTD_CORE_LANGUAGE_H
#define CONTACTD_CORE_LANGUAGE_H

#include "base/str.h"

/* The bit of a language (ISO 639; only the first subtag counts) that can be guessed; 0: none. */
uint32_t language_bit(struct str language);

/*
 * The ISO 639-1 code of the language that a text is in, other than those of
 * the bits `expected`; NULL when it may well be one of those, and in doubt.
 */
const char *language_guess(struct str text, uint32_t expected);

#endif
