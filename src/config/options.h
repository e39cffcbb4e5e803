/* SPDX-License-Identifier: MIT */
/*
 * The shape of an option and of the table. Loading, --help and printing walk a
 * table that they are given, so that tests may bring their own.
 */
#ifndef CONTACTD_CONFIG_OPTIONS_H
#define CONTACTD_CONFIG_OPTIONS_H

#include "config/config.h"

enum option_kind {
    OPTION_STRING,   /* const char * */
    OPTION_U32,      /* uint32_t */
    OPTION_SIZE,     /* size_t: bytes, 12k, 1m */
    OPTION_DURATION, /* int64_t milliseconds: 500ms, 10s, 5m, 2h, 30d */
    OPTION_BOOL,     /* bool: on, off */
    OPTION_ENUM,     /* an enum, in the order of the words */
    OPTION_LIST,     /* struct config_list: by commas or blanks */
};

enum { OPTION_NAME_MAX = 40, OPTION_SPELLING_MAX = OPTION_NAME_MAX + 16 };

struct option {
    const char *name; /* as on the command line; the environment's is made from it */
    enum option_kind kind;
    size_t offset;        /* of the member in struct config */
    uint64_t min, max;    /* in bytes, milliseconds or ones; of a string, its bytes */
    const char *unit;     /* what --help calls the value; of an enum its words, "on|off" */
    const char *fallback; /* the default, as it would be written */
    const char *help;
    bool is_secret; /* a string, kept as struct secret; may also come as NAME-file */

    /* More than the kind asks: returns what is wrong and the remedy, or NULL. */
    const char *(*check)(struct str value);
};

struct option_table {
    const struct option *rows;
    size_t count;
    size_t config_bytes; /* of the struct that the offsets point into */
};

extern const struct option_table OPTIONS;

/* The option that names the file; it cannot stand in one. */
#define OPTION_CONFIG "config"

/* By its name, or of a secret by NAME-file as well. NULL: there is none. */
const struct option *option_find(const struct option_table *table, struct str name,
                                 bool *ret_is_file);

/* The option whose name looks most like it, or NULL when none looks like it at all. */
const struct option *option_nearest(const struct option_table *table, struct str name);

/* Its name as it is written in a source: "--max-body", "CONTACTD_MAX_BODY" or "max-body". */
void option_spell(enum config_source source, const struct option *option,
                  char ret_text[OPTION_SPELLING_MAX + 1]);

/* The reverse for the environment, without its prefix: "MAX_BODY" to "max-body". */
MUST_CHECK bool option_from_env(struct str variable, char ret_name[OPTION_NAME_MAX + 1]);

/* config_load(), config_help() and config_print() over any table. */
MUST_CHECK enum err options_load(const struct option_table *table, int argc, char **argv,
                                 char **envp, struct config *config, struct err_detail *detail);
void options_help(const struct option_table *table, FILE *out);
void options_print(const struct option_table *table, const struct config *config, FILE *out);

/* A configuration file's text alone, the rest by default: the door for the fuzzer. */
MUST_CHECK enum err options_load_text(const struct option_table *table, struct str text,
                                      struct config *config, struct err_detail *detail);

#endif
