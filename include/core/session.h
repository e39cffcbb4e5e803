/* SPDX-License-Identifier: MIT */
/*
 * What lets people in for a while, and what is written down about it: browser
 * sessions, invitations, and the audit log's entries. Pure; any thread.
 */
#ifndef CONTACTD_CORE_SESSION_H
#define CONTACTD_CORE_SESSION_H

#include "core/account.h"

#define SESSION_COOKIE "__Host-contactd"

enum {
    SESSION_RANDOM_BYTES = 32,
    SESSION_TEXT_LEN = 43,
    SESSION_ID_LEN = 16,
    SESSION_IDLE_S = 24 * 3600,
    SESSION_LIFE_S = 30 * 24 * 3600,
    SESSIONS_PER_USER_MAX = 32,
    SESSION_LIST_MAX = 1000, /* of them that are shown */
    INVITATION_LIFE_S = 7 * 24 * 3600,
    INVITATIONS_MAX = 500,
    SEEN_STEP_S = 10 * 60, /* how exactly it is known when something was used last */
    AUDIT_MAX = 100000,    /* entries that are kept */
    AUDIT_LIST_MAX = 200,
};

struct session {
    struct digest hash; /* of the cookie's value, which is never stored */
    struct str user;
    struct str csrf; /* what the panel's scripts must send with every change */
    int64_t created_at_ms;
    int64_t seen_at_ms; /* to SEEN_STEP_S */
    int64_t expires_at_ms;
    struct str source;
    struct str user_agent; /* ptr NULL: none was sent */
};

/* Whoever has the secret may once make the user `name` and choose the password. */
struct invitation {
    struct str name;
    struct digest hash; /* of the secret */
    enum role role;
    struct str forms; /* as scope_parse() takes them */
    struct str created_by;
    int64_t created_at_ms, expires_at_ms;
};

/* Who did what to whom. No secrets. */
struct audit_entry {
    int64_t id; /* the store's, growing */
    int64_t at_ms;
    struct str actor;  /* "ada", "token:ci", "cli:local" */
    struct str action; /* "user.add" */
    struct str target; /* the user, token, form or message; ptr NULL: none */
    struct str detail; /* for people; ptr NULL: none */
    struct str source; /* the client's address; ptr NULL: none */
};

/* The text of 256 random bits: of a session's cookie, a CSRF token, an invitation. A secret. */
void session_text_format(const uint8_t random[SESSION_RANDOM_BYTES],
                         char ret_text[SESSION_TEXT_LEN + 1]);

/* Whether session_text_format() could have written it. */
bool session_text_is_well_formed(struct str text);

/*
 * The session's secret in a Cookie header (RFC 6265, section 4.2). ptr NULL:
 * there is none, it is not well formed, or there are several. Borrowed from `header`.
 */
struct str session_of_cookies(struct str header);

/* What a session is called where people see it: it finds the row and opens nothing. */
void session_id_format(const struct digest *hash, char ret_id[SESSION_ID_LEN + 1]);

/* When it ends if nobody uses it any more. */
int64_t session_ends_at_ms(const struct session *session);

#endif
