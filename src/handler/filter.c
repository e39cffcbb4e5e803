/* SPDX-License-Identifier: MIT */
/* The query parameters that choose submissions: rows of a table, for lists and exports alike. */
#include "filter.h"

#include "base/clock.h"
#include "core/cursor.h"

static bool set_limit(struct submission_filter *filter, struct str value)
{
    uint64_t limit;

    if (!str_to_u64(value, SUBMISSION_LIST_MAX, &limit) || limit == 0)
        return false;
    filter->limit = (int)limit;
    return true;
}

static bool set_cursor(struct submission_filter *filter, struct str value)
{
    return cursor_parse(value, &filter->below_seq);
}

static bool set_form(struct submission_filter *filter, struct str value)
{
    filter->form = value;
    return form_name_is_valid(value);
}

static bool set_since(struct submission_filter *filter, struct str value)
{
    return clock_parse(value, &filter->since_ms);
}

static bool set_until(struct submission_filter *filter, struct str value)
{
    if (!clock_parse(value, &filter->until_ms))
        return false;
    if (filter->until_ms == 0)
        filter->until_ms = 1; /* 0 is "no bound"; nothing arrived within the first millisecond */
    return true;
}

/* One state, or all of them; without it spam and trash are left out. */
static bool set_state(struct submission_filter *filter, struct str value)
{
    enum submission_state state;

    if (str_equal(value, STR("all"))) {
        filter->states = STATES_ALL;
        return true;
    }
    if (!submission_state_parse(value, &state))
        return false;
    filter->states = 1u << state;
    return true;
}

static const struct parameter {
    const char *name;
    bool (*set)(struct submission_filter *filter, struct str value);
    const char *rule;
} PARAMETERS[] = {
    {"limit", set_limit, "limit must be a number from 1 to 200"},
    {"cursor", set_cursor, "cursor must be the 'next' of an earlier page"},
    {"form", set_form, "form must be a form's name"},
    {"state", set_state, "state must be new, read, archived, spam, trash or all"},
    {"since", set_since, "since must be an RFC 3339 time such as 2026-01-31T09:00:00Z or a date"},
    {"until", set_until, "until must be an RFC 3339 time such as 2026-01-31T09:00:00Z or a date"},
};

const char *filter_set(struct submission_filter *filter, struct str key, struct str value,
                       unsigned *seen)
{
    for (size_t i = 0; i < COUNTOF(PARAMETERS); i++) {
        if (!str_equal(key, str_of(PARAMETERS[i].name)))
            continue;
        if (*seen & 1u << i)
            return "a parameter was sent twice";
        *seen |= 1u << i;
        return PARAMETERS[i].set(filter, value) ? NULL : PARAMETERS[i].rule;
    }
    return "unknown parameter; known are limit, cursor, form, state, since and until";
}

bool filter_is_paging(struct str key)
{
    return str_equal(key, STR("limit")) || str_equal(key, STR("cursor"));
}
