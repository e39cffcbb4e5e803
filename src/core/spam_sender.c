/* SPDX-License-Identifier: MIT */
/*
 * The rules about how a post came here: what traps, tokens, clocks and
 * counters say, and what was learned from others like it.
 */
#include <stdio.h>

#include "core/spam_view.h"

/* --- traps and verdicts --------------------------------------------------- */

int judge_honeypot(const struct spam_view *view, char *detail)
{
    if (!view->trapped.len)
        return 0;
    spam_tell(detail, "", view->trapped);
    return 100;
}

int judge_honeypot_missing(const struct spam_view *view, char *detail)
{
    if (!view->input->honeypot.len || view->has_own_trap)
        return 0;
    spam_tell(detail, "", view->input->honeypot);
    return 100;
}

struct verdict_row {
    const char *text;
    int token, proof, captcha; /* shares */
};

/* Tokens grow old in open tabs and pages are restored from history, so no verdict says it all. */
static const struct verdict_row VERDICTS[] = {
    [VERDICT_NONE] = {"not looked at", 0, 0, 0},
    [VERDICT_FINE] = {"fine", 0, -25, -50},
    [VERDICT_ABSENT] = {"absent", 40, 40, 60},
    [VERDICT_MALFORMED] = {"malformed", 75, 75, 75},
    [VERDICT_FORGED] = {"forged", 100, 100, 100},
    [VERDICT_OTHER_FORM] = {"for another form", 60, 60, 60},
    [VERDICT_TOO_YOUNG] = {"too young", 75, 75, 75},
    [VERDICT_EXPIRED] = {"expired", 15, 15, 25},
    [VERDICT_WRONG] = {"wrong", 75, 75, 90},
    [VERDICT_REUSED] = {"reused", 75, 75, 75},
    [VERDICT_UNREACHABLE] = {"unreachable", 0, 0, 0},
};

_Static_assert(COUNTOF(VERDICTS) == VERDICT__COUNT, "one row per verdict");

const char *verdict_text(enum verdict verdict)
{
    return VERDICTS[verdict].text;
}

int spam_verdict_share(enum spam_part part, enum verdict verdict, char *detail)
{
    const struct verdict_row *row = &VERDICTS[verdict];

    spam_tell(detail, "", str_of(row->text));
    if (part == SPAM_TOKEN)
        return row->token;
    return part == SPAM_PROOF ? row->proof : row->captcha;
}

int judge_token(const struct spam_view *view, char *detail)
{
    return spam_verdict_share(SPAM_TOKEN, view->input->token, detail);
}

int judge_proof(const struct spam_view *view, char *detail)
{
    return spam_verdict_share(SPAM_PROOF, view->input->proof, detail);
}

int judge_captcha(const struct spam_view *view, char *detail)
{
    return spam_verdict_share(SPAM_CAPTCHA, view->input->captcha, detail);
}

/* --- how it was sent ------------------------------------------------------ */

int judge_no_origin(const struct spam_view *view, char *detail)
{
    (void)detail;
    return view->input->hides_origin ? 100 : 0;
}

/* The page's clock is the visitor's: an age below 0 says nothing, and none says much. */
int judge_haste(const struct spam_view *view, char *detail)
{
    const int64_t age_ms = view->input->now_ms - view->input->loaded_at_ms;

    if (!view->input->loaded_at_ms || age_ms < 0 || age_ms >= 2000)
        return 0;
    snprintf(detail, SPAM_DETAIL_MAX + 1, "after %d ms", (int)age_ms);
    return age_ms < 1000 ? 100 : age_ms < 1500 ? 65 : 40;
}

int judge_webdriver(const struct spam_view *view, char *detail)
{
    (void)detail;
    return view->input->is_webdriver ? 100 : 0;
}

struct agent_row {
    const char *text; /* how the header begins, or "*" and what it holds */
    int share;
};

static const struct agent_row AGENTS[] = {
    {"*HeadlessChrome", 100},
    {"*PhantomJS", 100},
    {"curl/", 85},
    {"Wget/", 85},
    {"python", 85},
    {"aiohttp", 85},
    {"Go-http", 85},
    {"okhttp", 85},
    {"Java/", 85},
    {"libwww", 85},
    {"node", 85},
    {"undici", 85},
    {"axios", 85},
    {"Scrapy", 85},
    {"Guzzle", 85},
    {"PHP", 85},
    {"Ruby", 85},
    {"PostmanRuntime", 85},
    {"Apache-HttpClient", 85},
};

static bool agent_fits(const char *text, struct str agent)
{
    if (*text != '*')
        return str_starts_with_nocase(agent, str_of(text));
    return memmem(agent.ptr, agent.len, text + 1, strlen(text + 1)) != NULL;
}

/* Programs may post what they like; but then they do not come from a page. */
int judge_agent(const struct spam_view *view, char *detail)
{
    struct str agent = view->input->user_agent;

    if (!view->input->is_from_page)
        return 0;
    spam_tell(detail, "", agent.len ? agent : STR("absent"));
    if (!agent.len)
        return 50;
    for (size_t i = 0; i < COUNTOF(AGENTS); i++)
        if (agent_fits(AGENTS[i].text, agent))
            return AGENTS[i].share;
    return 0;
}

/* --- what else came ------------------------------------------------------- */

int judge_same_body(const struct spam_view *view, char *detail)
{
    static const struct spam_step STEPS[] = {{1, 35}, {2, 55}, {3, 75}, {5, 100}, {0, 0}};
    const unsigned forms = view->input->same_body_forms;

    if (forms)
        snprintf(detail, SPAM_DETAIL_MAX + 1, "%u in the last day", forms);
    return spam_share_of(STEPS, forms);
}

int judge_rate(const struct spam_view *view, char *detail)
{
    static const struct spam_step POSTS[] = {{6, 15}, {11, 30}, {21, 65}, {51, 100}, {0, 0}};
    static const struct spam_step REFUSALS[] = {{4, 20}, {11, 35}, {0, 0}};
    const unsigned posts = view->input->source_posts, refusals = view->input->source_refusals;
    int share = spam_share_of(POSTS, posts) + spam_share_of(REFUSALS, refusals);

    if (share)
        snprintf(detail, SPAM_DETAIL_MAX + 1, "%u taken, %u refused", posts, refusals);
    return share < 100 ? share : 100;
}

/*
 * Words are not independent, so log-odds exaggerate: below DOUBT they say
 * nothing, and what a score needs takes more than twice that. Sure of the
 * opposite, they outweigh a sign or two.
 */
static int bayes_share(int log_odds)
{
    enum { DOUBT = 1000, SURE = 3000, HELP_MAX = 30 };

    if (log_odds > SURE)
        return 100;
    if (log_odds > DOUBT)
        return (log_odds - DOUBT) * 100 / (SURE - DOUBT);
    if (log_odds > -DOUBT)
        return 0;
    return log_odds / (DOUBT / 10) < -HELP_MAX ? -HELP_MAX : log_odds / (DOUBT / 10);
}

int judge_bayes(const struct spam_view *view, char *detail)
{
    const int log_odds = view->input->bayes_log_odds;
    const int share = bayes_share(log_odds), size = log_odds < 0 ? -log_odds : log_odds;

    if (share)
        snprintf(detail, SPAM_DETAIL_MAX + 1, "log-odds %s%d.%02d", log_odds < 0 ? "-" : "",
                 size / 100, size % 100);
    return share;
}
