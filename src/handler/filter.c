/* SPDX-License-Identifier: MIT */
/*
 * The parameters that choose messages. Values were held against the rows by the
 * guard, so that here they are only taken; the scope of who asks comes on top.
 */
#include "filter.h"

#include "core/search_text.h"

#define STATE_AS_WORD(id, text) text,
static const char *const STATES[] = {SUBMISSION_STATE_LIST(STATE_AS_WORD) "all", "inbox", NULL};
#undef STATE_AS_WORD

#define QUERY_RULE "at most 16 words in 256 bytes"
_Static_assert(SEARCH_TERMS_MAX == 16 && SEARCH_QUERY_MAX == 256, "the rule tells the ceilings");

static bool fits_query(struct str text)
{
    struct search search NOT_CLEARED;

    return search_parse(text, &search);
}

/* There is nobody who looks for what has no star. */
static const char *const ONLY_TRUE[] = {"true", NULL};

static const struct parameter FILTER_ROWS[] = {
    {"form", PARAMETER_TEXT, "those of this form", .fits = form_name_is_valid,
     .expected = "a form's name"},
    {"state", PARAMETER_WORD,
     "those in this state, or in all; inbox: new and read; none: neither spam nor trash",
     .words = STATES},
    {"starred", PARAMETER_WORD, "those with a star", .words = ONLY_TRUE},
    {"since", PARAMETER_TIME, .help = "those that arrived then or later"},
    {"until", PARAMETER_TIME, .help = "those that arrived before then"},
    {"q", PARAMETER_TEXT,
     "those that say this; the last word may go on, \"quoted words\" stand together",
     .fits = fits_query, .expected = QUERY_RULE},
    {0},
};

const struct parameters FILTER_PARAMETERS = {FILTER_ROWS, NULL};

/* One state or several; 0, if none was sent, leaves out spam and trash. */
static unsigned wanted_states(const struct exchange *x)
{
    struct str word = parameter_text(x, "state");

    if (!word.ptr)
        return 0;
    if (str_equal(word, STR("all")))
        return STATES_ALL;
    if (str_equal(word, STR("inbox")))
        return 1u << STATE_NEW | 1u << STATE_READ;
    return 1u << parameter_number(x, "state");
}

/* What `q` asks, parsed; NULL in *ret_query when nothing is asked. False: no memory. */
static bool read_query(struct exchange *x, const struct search **ret_query)
{
    struct str text = parameter_text(x, "q");
    struct search *search = text.ptr ? arena_alloc(&x->arena, sizeof *search) : NULL;
    bool is_read = search && search_parse(text, search);

    *ret_query = is_read && search->is_asked ? search : NULL;
    return is_read || !text.ptr;
}

bool filter_read(struct exchange *x, struct submission_filter *ret_filter)
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
    return read_query(x, &ret_filter->query);
}
