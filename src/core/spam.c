/* SPDX-License-Identifier: MIT */
/*
 * The rules and their weights, and how parts become a score. The weights keep
 * three promises. No weak sign passes the ordinary threshold of 5.00 alone: a
 * person may have links, a stale token, or a hasty browser. A filled trap does,
 * because nobody can see it. And so does a well-taught Bayes filter, which is
 * the only rule that can know polite spam: whoever taught it may correct it.
 */
#include "core/spam.h"

#include "core/language.h"
#include "core/spam_view.h"

const struct spam_rule SPAM_RULES[SPAM_PART__COUNT] = {
    [SPAM_HONEYPOT] = {"honeypot", 700, judge_honeypot, "a field is filled that people cannot see"},
    [SPAM_HONEYPOT_MISSING] = {"honeypot-missing", 150, judge_honeypot_missing,
                               "the page's trap was not sent along"},
    [SPAM_TOKEN] = {"token", 400, judge_token, "the signed form token is not as it should be"},
    [SPAM_PROOF] = {"proof", 400, judge_proof,
                    "the proof of work is not as it should be; a fine one helps"},
    [SPAM_CAPTCHA] = {"captcha", 400, judge_captcha, "the captcha's service said no; a yes helps"},
    [SPAM_HASTE] = {"haste", 470, judge_haste, "sent within two seconds of loading the page"},
    [SPAM_WEBDRIVER] = {"webdriver", 350, judge_webdriver, "the browser is driven by a program"},
    [SPAM_AGENT] = {"agent", 300, judge_agent, "claims to be a page, but is no ordinary browser"},
    [SPAM_LINKS] = {"links", 350, judge_links, "links to foreign hosts, by their number"},
    [SPAM_LINKS_ONLY] = {"links-only", 150, judge_links_only,
                         "the message is hardly more than links"},
    [SPAM_LINK_IN_NAME] = {"link-in-name", 350, judge_link_in_name, "the name holds a link"},
    [SPAM_MARKUP] = {"markup", 450, judge_markup, "forum or HTML markup in a plain text"},
    [SPAM_UNKNOWN_FIELDS] = {"unknown-fields", 200, judge_unknown_fields,
                             "fields that the form does not know"},
    [SPAM_SCRIPT] = {"script", 300, judge_script,
                     "letters of a script that the form does not expect"},
    [SPAM_LANGUAGE] = {"language", 150, judge_language, "a language that the form does not expect"},
    [SPAM_DISGUISE] = {"disguise", 250, judge_disguise, "words that mix alphabets to deceive"},
    [SPAM_GIBBERISH] = {"gibberish", 450, judge_gibberish, "random letters instead of words"},
    [SPAM_NAME_IS_MESSAGE] = {"name-is-message", 150, judge_name_is_message,
                              "name and message are the same"},
    [SPAM_DOTTED_EMAIL] = {"dotted-email", 150, judge_dotted_email,
                           "an e-mail address strewn with dots"},
    [SPAM_SAME_BODY] = {"same-body", 200, judge_same_body,
                        "the same content came to other forms, too"},
    [SPAM_RATE] = {"rate", 300, judge_rate, "many posts from one source within an hour"},
    [SPAM_NO_ORIGIN] = {"no-origin", 150, judge_no_origin,
                        "the page hides its origin, and the form takes only some"},
    [SPAM_BAYES] = {"bayes", 700, judge_bayes,
                    "its words are those of messages marked as spam; or not"},
};

void spam_expect(const struct str *languages, size_t count, struct spam_expected *ret_expected)
{
    const uint32_t latin = SCRIPT_BIT(SCRIPT_LATIN);
    struct spam_expected expected = {latin, 0, count > 0, count > 0};

    for (size_t i = 0; i < count; i++) {
        uint32_t scripts = script_of_language(languages[i]);
        uint32_t language = language_bit(languages[i]);
        expected.scripts |= scripts;
        expected.languages |= language;
        expected.has_scripts &= scripts != 0;
        expected.has_languages &= language != 0 || (scripts && !(scripts & latin));
    }
    *ret_expected = expected;
}

static void add_hit(struct spam_result *result, enum spam_part part, int share, const char *detail)
{
    struct spam_hit *hit = &result->hits[result->count++];

    hit->part = part;
    hit->points = SPAM_RULES[part].points * share / 100;
    memcpy(hit->detail, detail, SPAM_DETAIL_MAX + 1);
    result->score += hit->points;
}

/* What the form requires and is not fine weighs as much as there is to the threshold. */
static void hold_required(struct spam_result *result)
{
    for (size_t i = 0; i < result->count && result->score < result->threshold; i++) {
        struct spam_hit *hit = &result->hits[i];
        if (!(result->required >> hit->part & 1) || hit->points <= 0)
            continue;
        hit->points += result->threshold - result->score;
        result->score = result->threshold;
    }
}

void spam_score(const struct spam_input *input, struct spam_result *ret_result)
{
    struct spam_view view;

    ret_result->score = 0;
    ret_result->count = 0;
    ret_result->required = input->required;
    ret_result->threshold = input->threshold;
    spam_look(input, &view);
    for (size_t i = 0; i < SPAM_PART__COUNT; i++) {
        char detail[SPAM_DETAIL_MAX + 1] NOT_CLEARED;
        detail[0] = '\0';
        int share = SPAM_RULES[i].judge(&view, detail);
        if (share)
            add_hit(ret_result, (enum spam_part)i, share, detail);
    }
    hold_required(ret_result);
}

/* Takes the part's hit out, if there is one. */
static void remove_hit(struct spam_result *result, enum spam_part part)
{
    for (size_t i = 0; i < result->count; i++) {
        struct spam_hit *hit = &result->hits[i];
        if (hit->part != part)
            continue;
        result->score -= hit->points;
        memmove(hit, hit + 1, (--result->count - i) * sizeof *hit);
        return;
    }
}

void spam_set_verdict(struct spam_result *result, enum spam_part part, enum verdict verdict)
{
    char detail[SPAM_DETAIL_MAX + 1] = "";
    int share = spam_verdict_share(part, verdict, detail);

    remove_hit(result, part);
    if (share)
        add_hit(result, part, share, detail);
    hold_required(result);
}

void spam_render(struct buf *out, const struct spam_result *result)
{
    js_open(out, '[');
    for (size_t i = 0; i < result->count; i++) {
        const struct spam_hit *hit = &result->hits[i];
        js_comma(out);
        js_open(out, '{');
        js_field_string(out, "rule", str_of(SPAM_RULES[hit->part].name));
        js_key(out, "points");
        buf_put_hundredths(out, hit->points);
        js_field_string(out, "detail", str_of(hit->detail));
        js_close(out, '}');
    }
    js_close(out, ']');
}
