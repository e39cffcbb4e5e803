/* SPDX-License-Identifier: MIT */
/*
 * The rules about what a post says: pure functions from what was seen to a
 * share of their points. What they weigh stands in spam.c, how much is too
 * much stands here, in steps. No rule asks who somebody is or where from.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "core/language.h"
#include "core/spam_view.h"

int spam_share_of(const struct spam_step *steps, unsigned count)
{
    int share = 0;

    for (; steps->count && count >= steps->count; steps++)
        share = steps->share;
    return share;
}

void spam_tell(char *detail, const char *prefix, struct str text)
{
    size_t start = strlen(prefix), len = 0;
    struct str rest = text;

    while (rest.len && utf8_next(&rest) >= 0 && start + text.len - rest.len <= SPAM_DETAIL_MAX)
        len = text.len - rest.len;
    memcpy(detail, prefix, start);
    if (len)
        memcpy(detail + start, text.ptr, len);
    detail[start + len] = '\0';
}

int judge_links(const struct spam_view *view, char *detail)
{
    static const struct spam_step STEPS[] = {{1, 10}, {2, 20},  {3, 30},   {4, 45}, {5, 60},
                                             {6, 65}, {10, 80}, {15, 100}, {0, 0}};
    const unsigned count = view->counts[LINK_URL] + view->counts[LINK_BARE];
    char prefix[24];

    if (!count)
        return 0;
    snprintf(prefix, sizeof prefix, "%u, first to ", count);
    spam_tell(detail, prefix, view->host);
    return spam_share_of(STEPS, count);
}

int judge_links_only(const struct spam_view *view, char *detail)
{
    (void)detail;
    return view->message_link_bytes && view->message_link_bytes * 10 >= view->message_bytes * 7
               ? 100
               : 0;
}

/* A shop may be called after its domain, but not after a whole address. */
int judge_link_in_name(const struct spam_view *view, char *detail)
{
    const unsigned *links = view->name_links;
    const unsigned strong =
        links[LINK_URL] + links[LINK_BBCODE] + links[LINK_ANCHOR] + links[LINK_ACTIVE];

    if (!strong && !links[LINK_BARE])
        return 0;
    spam_tell(detail, "", view->input->name);
    return strong ? 100 : 30;
}

int judge_markup(const struct spam_view *view, char *detail)
{
    static const struct {
        enum link_kind kind;
        const char *text;
        int share;
    } ROWS[] = {
        {LINK_BBCODE, "forum links", 55},
        {LINK_ANCHOR, "HTML links", 50},
        {LINK_ACTIVE, "active HTML", 45},
        {LINK_TAG, "HTML", 15},
    };

    if (view->counts[LINK_BBCODE] && view->counts[LINK_ANCHOR]) {
        spam_tell(detail, "", STR("forum and HTML links"));
        return 100;
    }
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        if (view->counts[ROWS[i].kind]) {
            spam_tell(detail, "", str_of(ROWS[i].text));
            return ROWS[i].share;
        }
    return 0;
}

int judge_unknown_fields(const struct spam_view *view, char *detail)
{
    static const struct spam_step STEPS[] = {{1, 30}, {2, 65}, {3, 100}, {0, 0}};
    char prefix[24];

    if (!view->unknown_count)
        return 0;
    snprintf(prefix, sizeof prefix, "%u, first ", view->unknown_count);
    spam_tell(detail, prefix, view->unknown);
    return spam_share_of(STEPS, view->unknown_count);
}

int judge_script(const struct spam_view *view, char *detail)
{
    const struct script_count *letters = &view->letters;
    uint32_t unexpected = 0;
    enum script most = SCRIPT_NONE;

    if (!view->input->expected.has_scripts)
        return 0;
    for (enum script i = SCRIPT_LATIN; i < SCRIPT__COUNT; i++) {
        if (view->input->expected.scripts & SCRIPT_BIT(i))
            continue;
        unexpected += letters->letters[i];
        if (letters->letters[i] > letters->letters[most])
            most = i;
    }
    if (unexpected < 12 || unexpected < letters->total / 5)
        return 0;
    spam_tell(detail, "", str_of(script_text(most)));
    return unexpected >= letters->total / 2 ? 100 : 50;
}

int judge_language(const struct spam_view *view, char *detail)
{
    const struct spam_expected *expected = &view->input->expected;
    const char *language =
        expected->has_languages ? language_guess(view->input->message, expected->languages) : NULL;

    if (!language)
        return 0;
    spam_tell(detail, "", str_of(language));
    return 100;
}

int judge_disguise(const struct spam_view *view, char *detail)
{
    static const struct spam_step STEPS[] = {{1, 40}, {2, 100}, {0, 0}};

    if (view->letters.mixed_words)
        snprintf(detail, SPAM_DETAIL_MAX + 1, "%u words", (unsigned)view->letters.mixed_words);
    return spam_share_of(STEPS, view->letters.mixed_words);
}

/* Capitals that follow small letters: one in "McDonald", many in what generators make up. */
static bool is_gibberish(struct str word)
{
    unsigned flips = 0;

    if (word.len < 8)
        return false;
    for (size_t i = 0; i < word.len; i++) {
        bool is_small = word.ptr[i] >= 'a' && word.ptr[i] <= 'z';
        bool is_capital = word.ptr[i] >= 'A' && word.ptr[i] <= 'Z';
        if (!is_small && !is_capital)
            return false;
        flips += i && is_capital && word.ptr[i - 1] >= 'a';
    }
    return flips >= 3;
}

int judge_gibberish(const struct spam_view *view, char *detail)
{
    static const int SHARES[2][2] = {{0, 55}, {35, 100}};
    const bool name = is_gibberish(view->input->name), message = is_gibberish(view->input->message);

    if (name || message)
        spam_tell(detail, "", name ? view->input->name : view->input->message);
    return SHARES[name][message];
}

int judge_name_is_message(const struct spam_view *view, char *detail)
{
    (void)detail;
    return view->input->name.len && str_equal(view->input->name, view->input->message) ? 100 : 0;
}

/* Mail services that ignore dots give one mailbox a thousand names. */
int judge_dotted_email(const struct spam_view *view, char *detail)
{
    struct str rest = view->input->email;
    struct str local = str_cut(&rest, '@');
    unsigned dots = 0;

    for (size_t i = 0; i < local.len; i++)
        dots += local.ptr[i] == '.';
    if (dots < 4)
        return 0;
    snprintf(detail, SPAM_DETAIL_MAX + 1, "%u dots", dots);
    return 100;
}
