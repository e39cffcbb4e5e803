/* SPDX-License-Identifier: MIT */
/*
 * One line per event on stderr, as JSON or as text. Never a body, never a
 * secret: the caller chooses fields, the writer makes any bytes harmless.
 * Any thread; a line is one write(2).
 */
#ifndef CONTACTD_BASE_LOG_H
#define CONTACTD_BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_AS_AUTO, LOG_AS_TEXT, LOG_AS_JSON }; /* auto: text on a terminal */

struct log_field {
    const char *key;
    struct str text; /* when ptr is not NULL, else: */
    int64_t number;
};

#define LOG_STR(k, v)                                                                              \
    {                                                                                              \
        .key = (k), .text = (v)                                                                    \
    }
#define LOG_TEXT(k, v)                                                                             \
    {                                                                                              \
        .key = (k), .text = str_of(v)                                                              \
    }
#define LOG_INT(k, v)                                                                              \
    {                                                                                              \
        .key = (k), .number = (int64_t)(v)                                                         \
    }

/* Call once before the first thread starts. */
void log_start(enum log_level level, enum log_format format);

/* Whether a line of this level would be written: for lines that cost something to make. */
bool log_is_on(enum log_level level);

/* `event` is a fixed snake_case word. Lines over 4 KiB are cut at a field. */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

/* LOG(LOG_WARN, "commit_failed", LOG_TEXT("reason", text), LOG_INT("jobs", 3)) */
#define LOG(level, event, ...)                                                                     \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__},                           \
              COUNTOF(((const struct log_field[]){__VA_ARGS__})))

#endif
