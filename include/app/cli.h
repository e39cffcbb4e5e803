/* SPDX-License-Identifier: MIT */
/* The command line: verbs, their options, and what they print. */
#ifndef CONTACTD_APP_CLI_H
#define CONTACTD_APP_CLI_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_CONFIG = 3,
    EXIT_DATABASE = 4,
    EXIT_LISTEN = 5,
};

/* Runs the verb that the arguments name and returns the process's exit code. */
int cli_run(int argc, char **argv, char **envp);

#endif
