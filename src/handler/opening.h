/* SPDX-License-Identifier: MIT */
/* A browser session begins: after a password was right, or an invitation accepted. */
#ifndef CONTACTD_HANDLER_OPENING_H
#define CONTACTD_HANDLER_OPENING_H

#include "handler/ctx.h"

enum { OPENING_AGENT_MAX = 256 };

/* Lives in the exchange's arena, inside of a job. */
struct opening {
    struct identity identity; /* whose session it is, and then of the session itself */
    struct digest former;     /* of the session that came along, which ends */
    char former_user[ACCOUNT_NAME_MAX + 1]; /* whose that was; empty: there was none */
    bool has_former;
    bool is_untold; /* the audit log knows of one like it already */
    struct str source;
    char cookie[SESSION_TEXT_LEN + 1];
    char user_agent[OPENING_AGENT_MAX + 1];
};

/* `identity`: of the user; only its name, role, access and scope count. */
void opening_prepare(struct opening *self, const struct exchange *x,
                     const struct identity *identity);

/* Inside the job's transaction; the entry in the audit log is made here, unless it is_untold. */
MUST_CHECK enum err opening_run(struct opening *self, struct store *writer);

/* The reply, with the cookie. Wipes the secret. */
enum flow opening_answer(struct opening *self, struct exchange *x);

/* Appends who somebody is as a JSON object. */
void opening_render(struct buf *out, const struct identity *identity);

/* Tells the browser to forget the cookie. */
void opening_forget(struct exchange *x);

#endif
