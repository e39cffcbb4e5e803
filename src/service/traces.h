/* SPDX-License-Identifier: MIT */
/*
 * What is written down behind an answer: that a session or token was used, and
 * who came with a password. Nobody waits for it, and nobody is told when it
 * fails. `commit` NULL: nothing is written. Any thread. Room-private.
 */
#ifndef CONTACTD_SERVICE_TRACES_H
#define CONTACTD_SERVICE_TRACES_H

#include "service/commit.h"

void trace_session(struct commit *commit, const struct digest *hash);
void trace_token(struct commit *commit, const struct digest *hash);
/* `name` up to ACCOUNT_NAME_MAX bytes. */
void trace_signin(struct commit *commit, struct str name, struct str source, bool is_right);

#endif
