/* SPDX-License-Identifier: MIT */
/* The rows that each topic file carries; routes.c makes the table of them. */
#ifndef CONTACTD_HANDLER_TOPICS_H
#define CONTACTD_HANDLER_TOPICS_H

#include "handler/ctx.h"

enum { CONTACT_ROUTE_COUNT = 10 };

extern const struct route CONTACT_ROUTES[CONTACT_ROUTE_COUNT];
extern const struct route CANARY_ROUTES[1];
enum { PAGE_ROUTE_COUNT = 2, PROOF_ROUTE_COUNT = 2 };

extern const struct route PROOF_ROUTES[PROOF_ROUTE_COUNT];

extern const struct route PAGE_ROUTES[PAGE_ROUTE_COUNT];

enum { FORM_ROUTE_COUNT = 5, TRIAGE_ROUTE_COUNT = 2 };

extern const struct route TRIAGE_ROUTES[TRIAGE_ROUTE_COUNT];

extern const struct route FORM_ROUTES[FORM_ROUTE_COUNT];
extern const struct route SUBMISSION_ROUTES[2];
extern const struct route OPS_ROUTES[4];

extern const struct route EVENT_ROUTES[1];
enum { NOTE_ROUTE_COUNT = 2, ERASE_ROUTE_COUNT = 2, ALLOW_ROUTE_COUNT = 2 };

extern const struct route NOTE_ROUTES[NOTE_ROUTE_COUNT];
extern const struct route ERASE_ROUTES[ERASE_ROUTE_COUNT];
extern const struct route ALLOW_ROUTES[ALLOW_ROUTE_COUNT];
enum { DELIVERY_ROUTE_COUNT = 6 };

extern const struct route DELIVERY_ROUTES[DELIVERY_ROUTE_COUNT];
enum { DESCRIPTION_ROUTE_COUNT = 3 };

extern const struct route DESCRIPTION_ROUTES[DESCRIPTION_ROUTE_COUNT];
extern const struct route EXPORT_ROUTES[1];
enum { STATS_ROUTE_COUNT = 1 };

extern const struct route STATS_ROUTES[STATS_ROUTE_COUNT];
enum {
    AUDIT_ROUTE_COUNT = 1,
    INVITATION_ROUTE_COUNT = 5,
    SESSION_ROUTE_COUNT = 6,
    TOKEN_ROUTE_COUNT = 3,
    USER_ROUTE_COUNT = 4
};

extern const struct route AUDIT_ROUTES[AUDIT_ROUTE_COUNT];
extern const struct route INVITATION_ROUTES[INVITATION_ROUTE_COUNT];
extern const struct route SESSION_ROUTES[SESSION_ROUTE_COUNT];
extern const struct route TOKEN_ROUTES[TOKEN_ROUTE_COUNT];
extern const struct route USER_ROUTES[USER_ROUTE_COUNT];
enum { PANEL_ROUTE_COUNT = 3 };

extern const struct route PANEL_ROUTES[PANEL_ROUTE_COUNT];

#endif
