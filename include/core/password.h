/* SPDX-License-Identifier: MIT */
/*
 * Passwords: argon2id (RFC 9106) through libsodium, with OWASP's profile of 19
 * MiB, 2 passes, 1 lane. Hashing and verifying take tens of milliseconds and
 * 19 MiB: never on an HTTP thread. secret_start() must have succeeded.
 */
#ifndef CONTACTD_CORE_PASSWORD_H
#define CONTACTD_CORE_PASSWORD_H

#include "base/err.h"
#include "base/str.h"

enum {
    PASSWORD_HASH_LEN = 128,     /* room of a hash as text, with its NUL */
    PASSWORD_GENERATED_LEN = 29, /* bytes of a generated password */
};

/*
 * Writes "$argon2id$v=19$m=19456,t=2,p=1$salt$hash", NUL-terminated.
 * ERR_INVALID: not PASSWORD_MIN to PASSWORD_MAX bytes long (core/account.h).
 * ERR_MEMORY.
 */
MUST_CHECK enum err password_hash(struct str password, char ret_text[PASSWORD_HASH_LEN]);

/*
 * ERR_OK: it is the password. ERR_DENIED: it is not. ERR_INVALID: `hash` is not
 * an argon2id hash, or asks for more than 64 MiB, 10 passes or 1 lane; found
 * before anything is computed. ERR_MEMORY: not known.
 */
MUST_CHECK enum err password_verify(struct str password, struct str hash);

/*
 * The hash of a password that nobody knows, with the same cost as a real one:
 * verify against it when there is no such user, so that time tells nothing.
 */
struct str password_dummy_hash(void);

/*
 * A password to be read out and typed once: 125 of the 128 random bits as five
 * groups of five lower-case letters and digits, none of them alike.
 */
void password_generate(const uint8_t random[16], char ret_text[PASSWORD_GENERATED_LEN + 1]);

#endif
