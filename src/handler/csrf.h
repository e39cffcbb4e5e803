/* SPDX-License-Identifier: MIT */
/*
 * Against other sites that let a browser ask for changes in its user's name:
 * the cookie goes along by itself (SameSite=Strict keeps most of that away),
 * so a change needs proof that one of our own pages has asked. Pure.
 */
#ifndef CONTACTD_HANDLER_CSRF_H
#define CONTACTD_HANDLER_CSRF_H

#include "http/exchange.h"

/* The browser says that our own page asks, and the page knows the session's CSRF token. */
bool csrf_is_passed(const struct exchange *x, const char *token);

/* The browser says that another site asks. */
bool csrf_is_foreign(const struct exchange *x);

#endif
