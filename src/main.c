/* SPDX-License-Identifier: MIT */
/* contactd: the contact-form backend. The command line chooses the verb, the verb does the rest. */
#include "app/cli.h"

int main(int argc, char **argv, char **envp)
{
    return cli_run(argc, argv, envp);
}
