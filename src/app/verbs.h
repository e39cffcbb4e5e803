/* SPDX-License-Identifier: MIT */
/* One run of the command line, and the verbs that have files of their own. */
#ifndef CONTACTD_APP_VERBS_H
#define CONTACTD_APP_VERBS_H

#include <stdbool.h>

#include "app/cli.h"
#include "config/config.h"

struct cli;

struct verb {
    const char *verb, *object; /* object may be NULL */
    enum exit_code (*run)(struct cli *cli);
    int args; /* how many words it takes beside options */
    const char *usage, *help;
};

struct cli {
    const struct verb *verb;
    int argc; /* what follows the verb, without the verb's own options */
    char **argv, **envp;
    struct config config;
    const char *role, *scope, *expires, *password_file; /* NULL: not given */
    bool is_json;
};

enum exit_code verb_serve(struct cli *cli);       /* serve.c */
enum exit_code verb_healthcheck(struct cli *cli); /* serve.c */
enum exit_code verb_user_add(struct cli *cli);    /* account.c, and below */
enum exit_code verb_user_passwd(struct cli *cli);
enum exit_code verb_token_add(struct cli *cli);
enum exit_code verb_list(struct cli *cli);  /* user list, token list */
enum exit_code verb_named(struct cli *cli); /* user remove, token revoke */

#endif
