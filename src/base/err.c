/* SPDX-License-Identifier: MIT */
/*
 * The texts of the error values, and the one way to write an error's detail.
 * Pure and without state: any thread.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#define ERR_AS_TEXT(name, text) [ERR_##name] = text,
static const char *const TEXTS[ERR__COUNT] = {ERR_LIST(ERR_AS_TEXT)};
#undef ERR_AS_TEXT

const char *err_text(enum err err)
{
    return (unsigned)err < ERR__COUNT ? TEXTS[err] : "unknown error";
}

enum err err_set(struct err_detail *detail, enum err err, const char *format, ...)
{
    va_list args;

    if (!detail || detail->text[0])
        return err;
    va_start(args, format);
    vsnprintf(detail->text, sizeof detail->text, format, args);
    va_end(args);
    return err;
}
