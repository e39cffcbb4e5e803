/* SPDX-License-Identifier: MIT */
/*
 * What the pages of other form services write into their forms, and what their
 * clients expect back: one row per service and one per name. Moving a page
 * here means changing the host in it, and nothing else. Pure; any thread.
 */
#ifndef CONTACTD_CORE_DIALECT_H
#define CONTACTD_CORE_DIALECT_H

#include <stdbool.h>

#include "base/str.h"

/* A service whose pages we understand. */
enum dialect {
    DIALECT_CONTACTD,
    DIALECT_FORMSPREE,  /* /f/{id}; also Basin, Getform, FormBackend and others */
    DIALECT_FORMCARRY,  /* /s/{id} */
    DIALECT_WEB3FORMS,  /* /submit; also StaticForms */
    DIALECT_FORMSUBMIT, /* /ajax/{alias}, /el/{alias} */
    DIALECT_NETLIFY,    /* / with form-name */
};

/* What a field is for when it is not a part of the message. */
enum special {
    SPECIAL_NONE,           /* an ordinary field */
    SPECIAL_HONEYPOT,       /* no person fills it */
    SPECIAL_REDIRECT,       /* where to go after success */
    SPECIAL_ERROR_REDIRECT, /* where to go after an error */
    SPECIAL_FORM,           /* which form this is */
    SPECIAL_REPLY_TO,       /* the visitor's address, or the name of the field that has it */
    SPECIAL_LANGUAGE,       /* of the built-in pages */
    SPECIAL_PAGE,           /* the URL of the page that the form is on */
    SPECIAL_VISIT,          /* how the visitor came there: kept, and no rule asks about it */
    SPECIAL_TOKEN,          /* our signed form token */
    SPECIAL_PROOF,          /* an ALTCHA payload */
    SPECIAL_TURNSTILE,      /* tokens of the captcha services */
    SPECIAL_HCAPTCHA,
    SPECIAL_RECAPTCHA,
    SPECIAL_SETTING, /* a setting that only the owner may make; never obeyed */
    SPECIAL__COUNT,
};

/* What the field `name` means on a page written for `dialect`. */
enum special special_of(enum dialect dialect, struct str name);

/* How a service's clients read an answer; see wire.md c.8. */
struct dialect_answer {
    const char *status;   /* the word in "status" after success */
    bool success_is_text; /* "success":"true" */
    bool is_always_json;  /* whoever asks */
};

const struct dialect_answer *dialect_answer(enum dialect dialect);

/* What a request tells of who waits for its answer: header values, ptr NULL when not sent. */
struct asker {
    struct str accept, fetch_dest, fetch_mode, requested_with;
};

/*
 * Whether a script asked, which must get JSON, or a browser that goes to the
 * answer as a page. Fetch Metadata (W3C) knows; without it the other signs
 * decide, and in doubt it is a script: it cannot use a page, a person can read JSON.
 */
bool asker_is_script(const struct asker *asker);

#endif
