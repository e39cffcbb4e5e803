/* SPDX-License-Identifier: MIT */
/* What the server signs with. Made once per database, kept there. */
#ifndef CONTACTD_HANDLER_SECRETS_H
#define CONTACTD_HANDLER_SECRETS_H

#include "core/altcha.h"

struct secrets {
    uint8_t token[DIGEST_KEY_BYTES]; /* form tokens */
    struct altcha_key altcha;        /* challenges */
};

#endif
