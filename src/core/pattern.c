/* SPDX-License-Identifier: MIT */
/*
 * JSON Schema (section 6.4) wants ECMA-262 regular expressions. PCRE2 comes
 * near with the options below: '$' is the end and not before a last newline,
 * \d and \w are ASCII, \uXXXX is a code point, an unset group matches nothing.
 * \p{Letter} in its long spelling is not known.
 *
 * A pattern is written by a form's owner and met by strangers' texts: limits on
 * backtracking, depth and memory make the worst pair harmless.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include <pcre2.h>
#include <stdlib.h>

enum { MATCH_LIMIT = 100000, DEPTH_LIMIT = 1000, HEAP_LIMIT_KIB = 1024, REASON_MAX = 120 };

struct pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
    char text[];
};

static enum err refuse(int number, size_t offset, struct err_detail *detail)
{
    PCRE2_UCHAR reason[REASON_MAX];

    if (number == PCRE2_ERROR_NOMEMORY || pcre2_get_error_message(number, reason, REASON_MAX) < 0)
        return ERR_MEMORY;
    return err_set(detail, ERR_INVALID, "the pattern is not valid at character %zu: %s", offset + 1,
                   (const char *)reason);
}

enum err pattern_compile(struct str text, struct pattern **ret_pattern, struct err_detail *detail)
{
    const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                             PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C;
    struct pattern *pattern = calloc(1, sizeof *pattern + text.len + 1);
    PCRE2_SIZE offset = 0;
    int number = PCRE2_ERROR_NOMEMORY;

    if (!pattern)
        return ERR_MEMORY;
    memcpy(pattern->text, text.ptr, text.len);
    pattern->limits = pcre2_match_context_create(NULL);
    pcre2_compile_context *dialect = pcre2_compile_context_create(NULL);
    if (dialect) {
        pcre2_set_compile_extra_options(dialect, PCRE2_EXTRA_ALT_BSUX); /* \u{1F600}, too */
        pattern->code =
            pcre2_compile((PCRE2_SPTR)text.ptr, text.len, options, &number, &offset, dialect);
    }
    pcre2_compile_context_free(dialect);
    if (!pattern->code || !pattern->limits) {
        enum err err = pattern->code ? ERR_MEMORY : refuse(number, offset, detail);
        pattern_free(pattern);
        return err;
    }
    pcre2_set_match_limit(pattern->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(pattern->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(pattern->limits, HEAP_LIMIT_KIB);
    *ret_pattern = pattern;
    return ERR_OK;
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    pcre2_match_context_free(pattern->limits);
    free(pattern);
}

const char *pattern_text(const struct pattern *pattern)
{
    return pattern->text;
}

bool pattern_matches(const struct pattern *pattern, struct str text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);

    if (!data)
        return true;
    int found = pcre2_match(pattern->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, 0,
                            PCRE2_NO_UTF_CHECK, data, pattern->limits);
    pcre2_match_data_free(data);
    return found != PCRE2_ERROR_NOMATCH; /* a limit was met: the visitor is not to blame */
}
