/* SPDX-License-Identifier: MIT */
/*
 * Rows say only what nothing else tells. Here is the rest: the topic and the
 * meaning of path parameters, by the beginning of the path; the problems, by
 * guards, body and query.
 */
#include "describe.h"

enum topic_id {
    TOPIC_DOORS,
    TOPIC_PAGES,
    TOPIC_MESSAGES,
    TOPIC_FORMS,
    TOPIC_SESSIONS,
    TOPIC_ACCOUNTS,
    TOPIC_PANEL,
    TOPIC_SERVER,
};

static const struct topic TOPICS[] = {
    [TOPIC_DOORS] = {"Posting", "Where forms post, as our own and in the ways of other services. "
                                "Everybody may; a form's settings say which pages and which "
                                "fields. 200 means that the message is on disk."},
    [TOPIC_PAGES] = {"For pages", "What pages and visitors' browsers fetch for themselves."},
    [TOPIC_MESSAGES] = {"Messages", "What has arrived: reading it, sorting it, taking it along."},
    [TOPIC_FORMS] = {"Forms", "Forms, their settings, and the pages that they refused."},
    [TOPIC_SESSIONS] = {"Signing in", "Sessions for browsers, which the panel uses."},
    [TOPIC_ACCOUNTS] = {"Accounts", "Users, invitations, tokens, and who did what."},
    [TOPIC_PANEL] = {"The panel", "The program in which people read their messages."},
    [TOPIC_SERVER] = {"The server", "How it does, and what it can do."},
};

/* The first row that fits holds. */
static const struct topic_row {
    const char *beginning;
    enum topic_id topic;
} BEGINNINGS[] = {
    {"/contact", TOPIC_DOORS},
    {"/f/", TOPIC_DOORS},
    {"/p/", TOPIC_DOORS},
    {"/s/", TOPIC_DOORS},
    {"/submit", TOPIC_DOORS},
    {"/ajax/", TOPIC_DOORS},
    {"/el/", TOPIC_DOORS},
    {"/token", TOPIC_PAGES},
    {"/altcha", TOPIC_PAGES},
    {"/thanks", TOPIC_PAGES},
    {"/form.js", TOPIC_PAGES},
    {"/admin/submissions", TOPIC_MESSAGES},
    {"/admin/erase", TOPIC_MESSAGES},
    {"/admin/export", TOPIC_MESSAGES},
    {"/admin/stats", TOPIC_MESSAGES},
    {"/admin/events", TOPIC_MESSAGES},
    {"/admin/form", TOPIC_FORMS},
    {"/admin/refusals", TOPIC_FORMS},
    {"/admin/settings", TOPIC_FORMS},
    {"/admin/session", TOPIC_SESSIONS},
    {"/admin/pass", TOPIC_SESSIONS},
    {"/admin/users", TOPIC_ACCOUNTS},
    {"/admin/inv", TOPIC_ACCOUNTS},
    {"/admin/tokens", TOPIC_ACCOUNTS},
    {"/admin/audit", TOPIC_ACCOUNTS},
    {"/admin", TOPIC_PANEL},
};

static const struct path_row {
    const char *beginning, *name, *help;
} PATHS[] = {
    {"/contact/", "form", "the form's name; it need not be registered"},
    {"/p/", "project", "the project's id, as the other service gave it out"},
    {"/p/", "key", "the form's key in the project"},
    {"/admin/submissions/", "id", "the message's id"},
    {"/admin/submissions/", "note", "the note's id"},
    {"/admin/sessions/", "id", "the session's id"},
    {"/admin/forms/", "name", "the form's name"},
    {"/admin/users/", "name", "the user's name"},
    {"/admin/tokens/", "name", "the token's name"},
    {"/admin/invitations/", "name", "the name of whom it is for"},
    {"/admin/panel/", "file", "the file's name"},
    {"/docs/", "file", "the file's name"},
    {"/", "id", "the form's name or one of its aliases"},
};

static bool begins(const struct route *route, const char *beginning)
{
    return str_starts_with(str_of(route->path), str_of(beginning));
}

const struct topic *describe_topic_at(size_t index)
{
    return index < COUNTOF(TOPICS) ? &TOPICS[index] : NULL;
}

const struct topic *describe_topic(const struct route *route)
{
    for (size_t i = 0; i < COUNTOF(BEGINNINGS); i++)
        if (begins(route, BEGINNINGS[i].beginning))
            return &TOPICS[BEGINNINGS[i].topic];
    return &TOPICS[describe_is_door(route) ? TOPIC_DOORS : TOPIC_SERVER];
}

bool describe_is_door(const struct route *route)
{
    return route->style && route->style->problem;
}

bool describe_has_pages(const struct route *route)
{
    for (size_t i = 0; i < ROUTE_REPLIES_MAX; i++)
        if (route->replies[i].status == 303)
            return describe_is_door(route);
    return false;
}

static uint64_t of_guards(const struct demand *demand, bool is_change)
{
    uint64_t set = demand->takes_no_query ? PROBLEM_BIT(INVALID_QUERY) : 0;

    if (demand->access != ACCESS_NONE)
        set |= PROBLEM_BIT(UNAUTHORIZED) | PROBLEM_BIT(TOO_MANY_ATTEMPTS) |
               PROBLEM_BIT(INVALID_QUERY) | PROBLEM_BIT(UNAVAILABLE);
    if (demand->access != ACCESS_NONE && is_change)
        set |= PROBLEM_BIT(CSRF);
    if (demand->access > ACCESS_READ)
        set |= PROBLEM_BIT(FORBIDDEN);
    if (demand->is_rated)
        set |= PROBLEM_BIT(RATE_LIMITED);
    return set;
}

uint64_t describe_problems(const struct route *route)
{
    const struct demand demand = guards_demand(route);
    uint64_t set = route->problems | of_guards(&demand, strcmp(route->method, "GET") != 0);

    if (route->media)
        set |= PROBLEM_BIT(LENGTH_REQUIRED) | PROBLEM_BIT(BODY_TOO_LARGE) |
               PROBLEM_BIT(UNSUPPORTED_MEDIA);
    return set | PROBLEM_BIT(BAD_REQUEST) | PROBLEM_BIT(INTERNAL);
}

bool describe_path_next(struct str *rest, struct str *ret_name)
{
    while (rest->ptr) {
        struct str segment = str_cut(rest, '/');
        if (segment.len < 3 || segment.ptr[0] != '{')
            continue;
        *ret_name = (struct str){segment.ptr + 1, segment.len - 2};
        return true;
    }
    return false;
}

const char *describe_path_help(const struct route *route, struct str name)
{
    for (size_t i = 0; i < COUNTOF(PATHS); i++)
        if (begins(route, PATHS[i].beginning) && str_equal(name, str_of(PATHS[i].name)))
            return PATHS[i].help;
    return NULL;
}

const char *describe_status(unsigned status)
{
    switch (status) {
    case 200:
        return "done";
    case 201:
        return "made";
    case 204:
        return "done; there is no body";
    case 303:
        return "done; a browser goes on to Location";
    case 304:
        return "not changed since";
    case 308:
        return "it is elsewhere, see Location";
    default:
        return "an answer";
    }
}
