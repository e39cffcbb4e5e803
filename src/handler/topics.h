/* SPDX-License-Identifier: MIT */
/* The rows that each topic file carries; routes.c makes the table of them. */
#ifndef CONTACTD_HANDLER_TOPICS_H
#define CONTACTD_HANDLER_TOPICS_H

#include "handler/ctx.h"

extern const struct route CONTACT_ROUTES[2];
extern const struct route SUBMISSION_ROUTES[2];
extern const struct route OPS_ROUTES[4];

#endif
