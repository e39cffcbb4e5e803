/* SPDX-License-Identifier: MIT */
/*
 * Gathers what the rules of core/spam look at: headers, what the page says of
 * itself, and how often this source and this text were seen lately. Counting
 * is done in buckets that leak, so memory is fixed and old visits fade.
 */
#include "judge.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "core/web.h"
#include "page_origin.h"

enum { SESSION_MAX = 512, COMMON_TEXT_MAX = 40, REASONS_MAX = 4096 };

/* Counters, not limits: what leaks out in an hour is what is forgotten in an hour. */
static const struct bucket_limit POSTS = {.burst = 1000, .per_hour = 60};
static const struct bucket_limit REFUSALS = {.burst = 1000, .per_hour = 60};
static const struct bucket_limit EVERYBODY = {.burst = 100000, .per_hour = 3600}; /* beyond 1/s */

/* Formspree's clients send base64 of {"loadedAt":ms,"webdriver":bool}; ours does too. */
static void read_session(struct exchange *x, struct spam_input *input)
{
    struct str header = x->headers[HEADER_FORMSPREE_SESSION_DATA];
    CLEANUP(js_decref) json_t *session = NULL;
    char text[SESSION_MAX];
    size_t len;

    if (!header.len || !base64_decode(header, text, sizeof text, &len) ||
        js_parse_object((struct str){text, len}, &session, NULL) != ERR_OK)
        return;
    input->loaded_at_ms = json_integer_value(json_object_get(session, "loadedAt"));
    input->is_webdriver = json_is_true(json_object_get(session, "webdriver"));
}

/*
 * Short texts are everybody's. Forms that nobody has registered are anybody's to
 * make up, and a text is not made suspect by who sends it to a hundred of them.
 */
static unsigned same_body_forms(const struct post *post, int64_t now_ms)
{
    if (post->row.message.len < COMMON_TEXT_MAX || !str_equal(post->row.form, post->form->name))
        return 0;
    return echo_count(post->ctx->echo, post->message_hash[0], post->row.form, now_ms);
}

/* Who has switched limits off does not want visits counted either. */
static void count_visits(struct post *post, struct spam_input *input)
{
    struct limiter *census = post->ctx->census;
    char room[ADDRESS_TEXT_LEN + 1];
    int64_t now_ms = clock_mono_ms();

    if (post->is_canary)
        return;
    input->same_body_forms = same_body_forms(post, now_ms);
    if (!post->ctx->limiter)
        return;
    struct str source = address_source_text(post->x->source, room);
    input->source_posts = POSTS.burst - limiter_ask(census, 'p', source, &POSTS, now_ms).left - 1;
    limiter_ask(census, 'a', (struct str){0}, &EVERYBODY, now_ms);
    input->source_refusals = limiter_used(census, 'r', source, &REFUSALS, now_ms);
}

void judge_note_refusal(struct app_ctx *ctx, struct exchange *x)
{
    char room[ADDRESS_TEXT_LEN + 1];

    limiter_ask(ctx->census, 'r', address_source_text(x->source, room), &REFUSALS, clock_mono_ms());
}

static int bayes_of(const struct post *post)
{
    const struct bayes *model = post->form->model;
    const struct bayes_text text = {
        .email = post->row.email, .message = post->row.message, .fields = post->fields};

    return model && bayes_is_trained(model) ? bayes_log_odds(model, &text) : 0;
}

static bool knows(const void *form, struct str field)
{
    const struct post *post = form;

    return rule_find(&post->form->schema->root, field) ||
           validate_is_carried(field, post->fields->may_have_subject);
}

static unsigned required_of(const struct form_rules *rules)
{
    return (unsigned)(rules->token == POLICY_REQUIRED) << SPAM_TOKEN |
           (unsigned)(rules->proof == POLICY_REQUIRED) << SPAM_PROOF |
           (unsigned)(rules->captcha != CAPTCHA_NONE) << SPAM_CAPTCHA;
}

static struct spam_input input_of(struct post *post, const struct fields *posted)
{
    struct exchange *x = post->x;
    const struct form_entry *form = post->form;

    return (struct spam_input){
        .fields = posted,
        .dialect = post->dialect,
        .name = post->row.name,
        .email = post->row.email,
        .message = post->row.message,
        .honeypot = form->rules->honeypot,
        .expected = form->expected,
        .knows = form->rules->schema ? knows : NULL,
        .form = post,
        .is_from_page = x->headers[HEADER_ORIGIN].ptr || x->headers[HEADER_REFERER].ptr ||
                        x->headers[HEADER_SEC_FETCH_MODE].ptr,
        .hides_origin =
            form->rules->origins.count && x->headers[HEADER_ORIGIN].ptr && !page_origin(x).ptr,
        .user_agent = post->row.user_agent,
        .page_host = web_url_host(page_origin(x)),
        .now_ms = clock_wall_ms(),
        .token = post->token,
        .proof = post->proof,
        .captcha = post->captcha,
        .required = required_of(form->rules),
        .threshold = form->rules->spam_threshold,
        .bayes_log_odds = bayes_of(post),
    };
}

/* The row as the result has it. */
static enum err write_down(struct post *post, const struct spam_result *result)
{
    CLEANUP(buf_done) struct buf reasons = buf_new(REASONS_MAX);
    bool is_spam = result->score >= post->form->rules->spam_threshold;

    post->row.spam_score = result->score;
    post->row.state = is_spam ? STATE_SPAM : STATE_NEW;
    post->row.spam_reasons = (struct str){0};
    if (!result->count)
        return ERR_OK;
    spam_render(&reasons, result);
    TRY(buf_status(&reasons));
    return arena_keep(&post->x->arena, buf_str(&reasons), &post->row.spam_reasons);
}

enum err judge_post(struct post *post, const struct fields *posted)
{
    struct spam_input input = input_of(post, posted);
    struct spam_result result NOT_CLEARED;

    read_session(post->x, &input);
    count_visits(post, &input);
    spam_score(&input, &result);
    /* Only what may be corrected later is kept. */
    if (post->spent_count || post->question) {
        post->result = arena_alloc(&post->x->arena, sizeof *post->result);
        if (!post->result)
            return ERR_MEMORY;
        *post->result = result;
    }
    return write_down(post, &result);
}

void judge_correct(struct post *post, enum spam_part part, enum verdict verdict)
{
    if (!post->result)
        return;
    spam_set_verdict(post->result, part, verdict);
    /* Without memory the reasons are left out: the row must be stored all the same. */
    if (write_down(post, post->result) != ERR_OK)
        post->row.spam_reasons = (struct str){0};
}

struct altcha_load judge_load(struct app_ctx *ctx, struct exchange *x)
{
    char room[ADDRESS_TEXT_LEN + 1];
    int64_t now_ms = clock_mono_ms();

    return (struct altcha_load){
        .by_source =
            limiter_used(ctx->census, 'p', address_source_text(x->source, room), &POSTS, now_ms),
        .by_all = limiter_used(ctx->census, 'a', (struct str){0}, &EVERYBODY, now_ms),
        .multiplier = 1,
    };
}
