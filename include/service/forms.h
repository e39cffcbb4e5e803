/* SPDX-License-Identifier: MIT */
/*
 * The forms that are registered, ready for use: their settings and field rules
 * are compiled once, when the server starts and whenever one has changed, and
 * never on the way of a message. Any thread.
 */
#ifndef CONTACTD_SERVICE_FORMS_H
#define CONTACTD_SERVICE_FORMS_H

#include "core/bayes.h"
#include "core/form.h"
#include "core/notice.h"
#include "core/schema.h"
#include "core/spam.h"
#include "store/store.h"

struct forms;

#define FORM_DEFAULT "default"

/* A form in use. Constant, and there until form_entry_release(). */
struct form_entry {
    struct str name;
    int64_t created_at_ms; /* wall; 0: the default form, as long as nobody has set anything */
    const struct form_rules *rules;
    const struct schema *schema;
    struct spam_expected expected;
    const struct notice *notice; /* who hears of it; NULL: nobody */
    const struct bayes *model;   /* what its admin has taught; NULL: nothing yet */
};

MUST_CHECK enum err forms_new(struct forms **ret_forms);
void forms_free(struct forms *forms); /* NULL is allowed */

/*
 * Who hears of the default form if its settings do not say, and of the server's own
 * alarms; must outlive the forms. Before the first reload; NULL: nobody.
 */
void forms_set_server_notice(struct forms *forms, const struct notice *notice);
const struct notice *forms_server_notice(const struct forms *forms);

/*
 * Reads every form anew. A form that cannot be compiled (a later version wrote
 * it) fails alone: it is logged, and its doors take messages by the built-in
 * rules for registered forms. On failure what was there stays.
 */
MUST_CHECK enum err forms_reload(struct forms *forms, struct store *store);

/*
 * Whether the form's name and aliases are nobody else's: else the messages of one form
 * would go to the other. ERR_EXISTS: the detail names the id and who has it. For a
 * form that is about to be stored, in the same transaction.
 */
MUST_CHECK enum err forms_check_ids(struct store *store, const struct form *form,
                                    struct err_detail *detail);

/* The form with this name or alias, or NULL. The default form is always there. */
const struct form_entry *forms_find(struct forms *forms, struct str id);
/* The form whose name comes after `name`, or NULL; an empty name: the first of all. */
const struct form_entry *forms_after(struct forms *forms, struct str name);
/* The same, or what a form that is not registered lives by: the default form. */
const struct form_entry *forms_find_or_default(struct forms *forms, struct str id);
void form_entry_release(const struct form_entry *entry); /* NULL is allowed */

/*
 * Who hears of `form`, whose entry forms_find_or_default() has found; an empty name: of the
 * server's own alarms. NULL: nobody.
 */
const struct notice *forms_notice(const struct forms *forms, const struct form_entry *entry,
                                  struct str form);
/* Whether the form's settings have a destination of this name; an empty form: the server's own. */
bool forms_have_destination(struct forms *forms, struct str form, struct str name);

#endif
