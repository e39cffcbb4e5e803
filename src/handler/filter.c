/* SPDX-License-Identifier: MIT */
/*
 * The parameters that choose messages. Values were held against the rows by the
 * guard, so that here they are only taken; the scope of who asks comes on top.
 */
#include "filter.h"

#define STATE_AS_WORD(id, text) text,
static const char *const STATES[] = {SUBMISSION_STATE_LIST(STATE_AS_WORD) "all", NULL};
#undef STATE_AS_WORD

/* There is nobody who looks for what has no star. */
static const char *const ONLY_TRUE[] = {"true", NULL};

static const struct parameter FILTER_ROWS[] = {
    {"form", PARAMETER_TEXT, "those of this form", .fits = form_name_is_valid,
     .expected = "a form's name"},
    {"state", PARAMETER_WORD, "those in this state; without it neither spam nor trash",
     .words = STATES},
    {"starred", PARAMETER_WORD, "those with a star", .words = ONLY_TRUE},
    {"since", PARAMETER_TIME, .help = "those that arrived then or later"},
    {"until", PARAMETER_TIME, .help = "those that arrived before then"},
    {0},
};

const struct parameters FILTER_PARAMETERS = {FILTER_ROWS, NULL};

/* One state, or all of them; 0, if none was sent, leaves out spam and trash. */
static unsigned wanted_states(const struct exchange *x)
{
    if (!parameter_text(x, "state").ptr)
        return 0;
    int64_t place = parameter_number(x, "state");
    return STATES[place + 1] ? 1u << place : STATES_ALL;
}

void filter_read(const struct exchange *x, struct submission_filter *ret_filter)
{
    bool has_until = parameter_text(x, "until").ptr;

    *ret_filter = (struct submission_filter){
        .scope = &x->principal->identity.scope,
        .form = parameter_text(x, "form"),
        .states = wanted_states(x),
        .must_be_starred = parameter_text(x, "starred").ptr,
        .since_ms = parameter_number(x, "since"),
        .until_ms = parameter_number(x, "until"),
    };
    /* 0 is "no bound"; nothing arrived within the first millisecond. */
    if (has_until && ret_filter->until_ms == 0)
        ret_filter->until_ms = 1;
}
