/* SPDX-License-Identifier: MIT */
/* The system calls that are left to a running server. */
#ifndef CONTACTD_APP_SANDBOX_FILTER_H
#define CONTACTD_APP_SANDBOX_FILTER_H

#include <stdbool.h>

/* How many different calls are allowed, if only with certain arguments. */
int filter_count(void);

/*
 * Closes the others to every thread, and answers those that are refused (not fatal) with
 * their error and one line in the log. `may_load`: libraries may still be loaded. False, with
 * errno: the kernel does not do that.
 */
bool filter_install(bool may_load);

#endif
