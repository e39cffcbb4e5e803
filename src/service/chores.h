/* SPDX-License-Identifier: MIT */
/* What the janitor does: a table of chores, each done piece by piece. Room-private. */
#ifndef CONTACTD_SERVICE_CHORES_H
#define CONTACTD_SERVICE_CHORES_H

#include "service/forms.h"

enum { CHORE_AMOUNT_MAX = 256 };

/* Where a chore is between two pieces; its own to use. Zeros at first. */
struct chore_place {
    int64_t seq;
    char form[FORM_NAME_MAX + 1];
};

/* One piece, on the committer's thread and in a transaction. */
struct chore_turn {
    struct store *writer;
    struct forms *forms;
    struct chore_place *place;
    int64_t now_ms; /* wall */
    int amount;     /* of whatever the chore counts; chosen so that a piece takes a few ms */
    int done;       /* how much of it was done: set by the chore */
};

struct chore {
    const char *name;
    /* Does a piece; `*ret_has_more`: the round is not at its end. */
    enum err (*step)(struct chore_turn *turn, bool *ret_has_more);
    int64_t period_ms; /* from the end of a round to the next */
    bool is_urgent;    /* when it is due, its round goes before all others */
    bool is_for_news;  /* a round is put off (NEWS_WAIT_MS at most) while no message has come */
    bool is_told;      /* in the log, when something was done */
};

extern const struct chore CHORES[];
enum { CHORE_COUNT = 6 };

#endif
