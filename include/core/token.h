/* SPDX-License-Identifier: MIT */
/* API tokens: "ctd_" and 256 random bits. Only their digest is ever stored. Any thread. */
#ifndef CONTACTD_CORE_TOKEN_H
#define CONTACTD_CORE_TOKEN_H

#include "base/secret.h"

enum { TOKEN_RANDOM_BYTES = 32, TOKEN_TEXT_LEN = 47 };

/* The token's text, NUL-terminated. It is a secret: wipe it. */
void token_format(const uint8_t random[TOKEN_RANDOM_BYTES], char ret_text[TOKEN_TEXT_LEN + 1]);

/* Whether token_format() could have written it; saves looking up what cannot be there. */
bool token_is_well_formed(struct str text);

/* What is stored and looked up. A fast hash is enough: there is nothing to guess. */
struct digest token_digest(struct str text);

#endif
