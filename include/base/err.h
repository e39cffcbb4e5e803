/* SPDX-License-Identifier: MIT */
/*
 * Errors are values. Fallible functions return `enum err`; where a person will
 * read about it, the detail travels in a `struct err_detail`.
 */
#ifndef CONTACTD_BASE_ERR_H
#define CONTACTD_BASE_ERR_H

#include "base/attr.h"

/* X(NAME, "what it means, for a log line") */
#define ERR_LIST(X)                                                                                \
    X(OK, "no error")                                                                              \
    X(MEMORY, "out of memory")                                                                     \
    X(FULL, "a ceiling was reached")                                                               \
    X(INVALID, "invalid input")                                                                    \
    X(NOT_FOUND, "not found")                                                                      \
    X(EXISTS, "already exists")                                                                    \
    X(DENIED, "permission denied")                                                                 \
    X(BUSY, "owned by somebody else at the moment")                                                \
    X(STOPPING, "the service is stopping")                                                         \
    X(IO, "input or output failed")                                                                \
    X(DISK_FULL, "no space is left on the device")                                                 \
    X(CORRUPT, "the database is damaged")                                                          \
    X(NEWER, "the database was made by a newer version")                                           \
    X(STORE, "the database refused the operation")

#define ERR_AS_ENUM(name, text) ERR_##name,
enum err { ERR_LIST(ERR_AS_ENUM) ERR__COUNT };
#undef ERR_AS_ENUM

/* A short lower-case text for the log; never NULL. Any thread. */
const char *err_text(enum err err);

/* What went wrong, told to a person: origin, reason and, where there is one, the remedy. */
struct err_detail {
    char text[320];
};

/*
 * Writes the detail unless one is there already (the first error wins) and
 * returns `err`, so that a failure is told and returned in one line. `detail`
 * may be NULL. Longer texts are cut.
 */
PRINTF_LIKE(3, 4)
enum err err_set(struct err_detail *detail, enum err err, const char *format, ...);

/* The only macro in this program that hides a return. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        enum err try_err = (expression);                                                           \
        if (try_err != ERR_OK)                                                                     \
            return try_err;                                                                        \
    } while (0)

#endif
