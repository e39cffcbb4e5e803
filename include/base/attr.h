/* SPDX-License-Identifier: MIT */
/* The compiler attributes and the few macros that every room may use. */
#ifndef CONTACTD_BASE_ATTR_H
#define CONTACTD_BASE_ATTR_H

#include <stddef.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Runs fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* A large local that is written before it is read: the build need not clear it on every call. */
#define NOT_CLEARED __attribute__((uninitialized))

#define COUNTOF(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that holds `member`, from a pointer to the member. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
