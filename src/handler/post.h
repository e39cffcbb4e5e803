/* SPDX-License-Identifier: MIT */
/* A message on its way: what the files about posting share. Lives in the exchange's arena. */
#ifndef CONTACTD_HANDLER_POST_H
#define CONTACTD_HANDLER_POST_H

#include "core/dialect.h"
#include "core/validate.h"
#include "handler/ctx.h"

struct post {
    struct job job; /* the committer's */
    struct exchange *x;
    struct app_ctx *ctx;
    enum dialect dialect;
    const struct form_entry *form; /* held until the exchange ends */
    struct fields *fields;         /* the visitor's own; NULL once they have become the row */
    size_t visits; /* how many more fields stand behind the visitor's own: how he came */
    struct str special[SPECIAL__COUNT];
    struct submission row; /* texts in the body or the arena */
    struct content content;
    uint64_t message_hash[2]; /* of its text alone */

    enum verdict token, proof, captcha;
    struct altcha_proof *altcha;    /* NULL: none was looked at */
    struct post_question *question; /* NULL: the form has no captcha, or no answer came */
    struct spent {
        enum spam_part part;
        int64_t expires_at_ms;
        struct digest digest;
    } spent[2]; /* what can be used once: the token, the proof */
    size_t spent_count;
    struct spam_result *result; /* kept while `spent` may correct it; else NULL */

    const struct field_errors *errors; /* for the answer, while it is made; else NULL */

    bool is_conflict;   /* its idempotency key stands for another message */
    bool is_remembered; /* the committer has put `content` on its list */
    bool is_awaited;    /* and has written deliveries that are due */
    bool is_canary;     /* the server's own, which counts nowhere */
};

/* What a captcha's service is asked about a post. */
struct post_question {
    struct captcha_question question;
    struct exchange *x;
};

/* The post of an exchange, or NULL while there is none. */
static inline struct post *post_of(struct exchange *x)
{
    return x->job ? CONTAINER_OF(x->job, struct post, job) : NULL;
}

/* Special fields apart, the rest into `own`; of several with one meaning the first with text holds.
 */
void post_sort_fields(struct post *post, const struct fields *posted, struct fields *own);

/* "id.json" is "id". */
struct str find_without_json(struct str id);

/* The form with the alias "project/key" or else with the id "key", held for the caller, or NULL. */
const struct form_entry *find_in_project(struct forms *forms, struct arena *arena,
                                         struct str project, struct str key);

/*
 * On our own doors any name is good: a form that nobody has registered takes
 * messages like the default one, under its name. Other doors have ids that
 * somebody must have given out. False: there is none; post_no_such_form() answers.
 */
MUST_CHECK bool post_find_form(struct post *post);
enum flow post_no_such_form(struct post *post);

/*
 * Holds the fields against the form's rules and makes the row. Its texts point
 * into the body and the arena, which live as long as the exchange. ERR_INVALID:
 * `errors` tells.
 */
MUST_CHECK enum err post_make_row(struct post *post, struct field_errors *errors);

/* Reads the body by its kind; errors as those of core/fields. Free with fields_done(). */
MUST_CHECK enum err contact_read_body(struct exchange *x, struct fields *ret_fields,
                                      struct err_detail *detail);

/* Whether JSON is the answer to `x`; else it is a page or a redirect. */
bool answer_is_json(struct exchange *x);

/* The message is on disk, or was already. */
enum flow answer_stored(struct post *post);

/* It breaks the form's rules. */
enum flow answer_invalid(struct post *post, const struct field_errors *errors);

/* For reply_style.problem on the doors of forms. */
enum flow answer_problem(struct exchange *x, enum problem problem, const char *message,
                         struct str errors);

#endif
