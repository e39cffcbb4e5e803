/* SPDX-License-Identifier: MIT */
/* One run of the command line, and the verbs that have files of their own. */
#ifndef CONTACTD_APP_VERBS_H
#define CONTACTD_APP_VERBS_H

#include <stdbool.h>

#include "app/cli.h"
#include "base/json.h"
#include "config/config.h"
#include "store/store.h"

struct cli;

enum { VERB_ONE_AT_MOST = -100 };

struct verb {
    const char *verb, *object; /* object may be NULL */
    enum exit_code (*run)(struct cli *cli);
    int args; /* how many words it takes beside options; below 0: at least -args, or
                 VERB_ONE_AT_MOST */
    const char *usage, *help;
};

struct cli {
    const struct verb *verb;
    int argc; /* what follows the verb, without the verb's own options */
    char **argv, **envp;
    struct config config;
    const char *role, *scope, *forms, *expires, *password_file, *settings; /* NULL: not given */
    bool is_json, is_send_waiting, is_with_secrets;
    const char *format, *form, *output, *from, *state, *to; /* NULL: not given */
    const char *dkim_selector, *send_test;                  /* NULL: not given */
};

/* Prints the detail, or the error's own words, on stderr; returns `code`. */
enum exit_code cli_complain(enum err err, const struct err_detail *detail, enum exit_code code);

/* A way to the database that serves several commands. */
struct caller {
    const char *database;
    struct store *writer;    /* NULL: a server owns the database */
    struct err_detail owned; /* said of that, in case it does not answer */
};

/* Opens the database unless somebody owns it. On failure there is nothing to close. */
enum exit_code caller_open(struct caller *caller, struct cli *cli);
void caller_close(struct caller *caller);

/* Runs one command, here or in the server; complains if it fails. Takes `args`. */
enum exit_code caller_call(struct caller *caller, const char *verb, const char *object,
                           json_t *args, struct buf *result);

/* Opens the database, or finds the server that owns it, and runs the verb. Takes `args`. */
enum exit_code cli_command(struct cli *cli, json_t *args, struct buf *result);

enum exit_code verb_form_add(struct cli *cli); /* form.c, and below */
enum exit_code verb_form_set(struct cli *cli);
enum exit_code verb_form_show(struct cli *cli);
enum exit_code verb_form_settings(struct cli *cli);
enum exit_code verb_serve(struct cli *cli);       /* serve.c */
enum exit_code verb_healthcheck(struct cli *cli); /* serve.c */
enum exit_code verb_user_add(struct cli *cli);    /* account.c, and below */
enum exit_code verb_user_passwd(struct cli *cli);
enum exit_code verb_user_set(struct cli *cli);
enum exit_code verb_token_add(struct cli *cli);
enum exit_code verb_export(struct cli *cli); /* export.c */
enum exit_code verb_import(struct cli *cli); /* import.c */
enum exit_code verb_backup(struct cli *cli); /* backup.c, and below */
enum exit_code verb_restore(struct cli *cli);
enum exit_code verb_verify(struct cli *cli);
enum exit_code verb_list(struct cli *cli);                  /* user list, token list */
enum exit_code verb_named(struct cli *cli);                 /* user remove, token revoke */
enum exit_code verb_export(struct cli *cli);                /* export.c */
enum exit_code verb_import(struct cli *cli);                /* import.c */
enum exit_code verb_doctor(struct cli *cli);                /* doctor.c */
enum exit_code verb_list(struct cli *cli);                  /* user list, token list */
enum exit_code verb_list_of(struct cli *cli, json_t *args); /* with arguments, which it takes */
enum exit_code verb_delivery_list(struct cli *cli);         /* resend.c */
enum exit_code verb_delivery_again(struct cli *cli);        /* delivery retry, delivery replay */
enum exit_code verb_named(struct cli *cli);                 /* user remove, token revoke */

#endif
