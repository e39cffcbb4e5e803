/* SPDX-License-Identifier: MIT */
/*
 * One name in three spellings, and the guess what a wrong one was meant to be.
 */
#include "config/options.h"

#define ENV_PREFIX  "CONTACTD_"
#define FILE_SUFFIX "-file"

const struct option *option_find(const struct option_table *table, struct str name,
                                 bool *ret_is_file)
{
    const size_t suffix_len = sizeof FILE_SUFFIX - 1;

    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->rows[i];
        struct str known = str_of(option->name), head = {name.ptr, known.len};
        if (name.len < known.len || !str_equal(head, known))
            continue;
        struct str tail = {name.ptr + known.len, name.len - known.len};
        *ret_is_file = option->is_secret && str_equal(tail, STR(FILE_SUFFIX));
        if (tail.len == 0 || (*ret_is_file && tail.len == suffix_len))
            return option;
    }
    return NULL;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's: insertions, deletions and replacements that make one text the other. */
static size_t distance(struct str a, struct str b)
{
    size_t row[OPTION_NAME_MAX + 1];

    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            diagonal = row[j];
            row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

const struct option *option_nearest(const struct option_table *table, struct str name)
{
    const struct option *nearest = NULL;
    size_t best = name.len / 3 + 2; /* further away it is another word */

    if (name.len > OPTION_NAME_MAX)
        return NULL;
    for (size_t i = 0; i < table->count; i++) {
        size_t found = distance(name, str_of(table->rows[i].name));
        if (found < best) {
            best = found;
            nearest = &table->rows[i];
        }
    }
    return nearest;
}

static char to_env(char c)
{
    return (char)(c == '-' ? '_' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

void option_spell(enum config_source source, const struct option *option,
                  char ret_text[OPTION_SPELLING_MAX + 1])
{
    static const char *const PREFIXES[] = {
        [CONFIG_DEFAULT] = "",
        [CONFIG_FILE] = "",
        [CONFIG_ENVIRONMENT] = ENV_PREFIX,
        [CONFIG_COMMAND_LINE] = "--",
    };
    size_t prefix_len = strlen(PREFIXES[source]);
    char *at = ret_text + prefix_len;

    memcpy(ret_text, PREFIXES[source], prefix_len);
    memcpy(at, option->name, strlen(option->name) + 1);
    for (; source == CONFIG_ENVIRONMENT && *at; at++)
        *at = to_env(*at);
}

bool option_from_env(struct str variable, char ret_name[OPTION_NAME_MAX + 1])
{
    if (variable.len > OPTION_NAME_MAX)
        return false;
    for (size_t i = 0; i < variable.len; i++) {
        char c = variable.ptr[i];
        if (c >= 'A' && c <= 'Z')
            ret_name[i] = (char)(c - 'A' + 'a');
        else if (c == '_')
            ret_name[i] = '-';
        else if (c >= '0' && c <= '9')
            ret_name[i] = c;
        else
            return false;
    }
    ret_name[variable.len] = '\0';
    return true;
}
