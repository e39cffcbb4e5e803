/* SPDX-License-Identifier: MIT */
/*
 * The settings of one run. Every option is one row of the table in
 * src/config/options.c; the command line, the environment, the file, --help and
 * the printed configuration are all read from that row. Owner only; nothing
 * here is handed to another room: app copies what a service needs.
 */
#ifndef CONTACTD_CONFIG_CONFIG_H
#define CONTACTD_CONFIG_CONFIG_H

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"

enum { CONFIG_OPTIONS_MAX = 64 };

enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_COMMAND_LINE };

/* Where a value came from. */
struct config_origin {
    enum config_source source;
    unsigned line;    /* of the file */
    const char *text; /* as it was given; NULL for a secret */
};

/* In the order of the option's words. */
enum sandbox_words { CONFIG_SANDBOX_OFF, CONFIG_SANDBOX_ON, CONFIG_SANDBOX_REQUIRED };

struct config_list {
    const char *const *items;
    size_t count;
};

/* Texts are NUL-terminated and live until config_done(). */
struct config {
    const char *file;   /* the configuration file; "" when there is none */
    const char *listen; /* HOST:PORT, [IPV6]:PORT or unix:/PATH; HOST may be empty (all) */
    const char *database;
    const char *tls_cert; /* "": TLS is a proxy's matter */
    const char *tls_key;
    const char *redirect_listen; /* as `listen`; "": nobody is sent on from http to https */
    int64_t hsts_ms;             /* 0: off */
    uint32_t threads;
    uint32_t workers;
    uint32_t max_connections;
    size_t connection_memory_bytes;
    size_t request_memory_bytes;
    size_t max_body_bytes;
    int64_t header_timeout_ms;
    int64_t body_timeout_ms;
    int64_t reply_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t shutdown_timeout_ms;
    uint32_t commit_queue;  /* jobs */
    const char *backup_dir; /* "": no scheduled backups */
    int64_t backup_every_ms;
    uint32_t backup_keep;
    struct config_list trusted_proxies;
    bool has_rate_limit;
    enum sandbox_words sandbox;
    struct secret smtp_url;           /* how mails leave; core/mail_sender.h */
    const char *smtp_from;            /* a mailbox, or Name <mailbox> */
    struct config_list notify_to;     /* mailboxes that hear of the form "default" */
    const char *public_url;           /* without a '/' at its end, or "" */
    int64_t canary_every_ms;          /* 0: no test messages */
    struct config_list webhook_allow; /* private ranges */
    const char *ca_file;
    bool may_be_plain;
    enum log_level log_level;
    enum log_format log_format;

    char **args; /* what was neither an option nor an option's value, in order */
    int arg_count;

    struct config_origin origins[CONFIG_OPTIONS_MAX]; /* by row of the table */
    struct arena arena;
};

/*
 * Loads every option: command line before environment before file before
 * default. `argv` starts with the first argument after the verb and, like
 * main's, ends with NULL; options are `--name value` or `--name=value`, and
 * `--` ends them. `envp` ends with NULL; variables without our prefix are
 * ignored, and so are CONTACTD_TEST_* and what Kubernetes makes for a service.
 *
 * ERR_INVALID: a value is wrong or a name unknown. ERR_NOT_FOUND, ERR_DENIED,
 * ERR_IO, ERR_FULL: a file could not be read. ERR_MEMORY. `detail` gets origin,
 * reason and remedy. On failure the struct is all zero.
 */
MUST_CHECK enum err config_load(int argc, char **argv, char **envp, struct config *ret_config,
                                struct err_detail *detail);

/* Frees the texts, wipes the secrets. Safe on an all-zero struct. */
void config_done(struct config *config);

/* One aligned line per option. */
void config_help(FILE *out);

/*
 * One line per option, with its effective value and its origin behind a '#'; secrets
 * are hidden. Written to be read back as a configuration file.
 */
void config_print(const struct config *config, FILE *out);

#endif
