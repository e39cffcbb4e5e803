/* SPDX-License-Identifier: MIT */
/* PBKDF2 with HMAC-SHA-256 (RFC 8018, section 5.2): what browsers derive keys with. Any thread. */
#ifndef CONTACTD_BASE_PBKDF2_H
#define CONTACTD_BASE_PBKDF2_H

#include <stdint.h>

#include "base/str.h"

/* `iterations` at least 1. Costs two SHA-256 blocks for each of them per 32 bytes of the key. */
void pbkdf2_sha256(struct str password, struct str salt, uint32_t iterations, uint8_t *ret_key,
                   size_t len);

#endif
