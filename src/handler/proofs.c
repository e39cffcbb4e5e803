/* SPDX-License-Identifier: MIT */
/*
 * A page asks for a token when somebody begins to fill in its form; with it
 * comes a challenge that costs the visitor's browser a moment and a bot's
 * owner money. Both are optional until a form's owner says otherwise, and
 * whatever is wrong with them counts in the spam score: no message is refused.
 */
#include "proofs.h"

#include "base/clock.h"
#include "base/json.h"
#include "core/form_token.h"
#include "cors.h"
#include "guards.h"
#include "http/reply.h"
#include "judge.h"
#include "page.h"
#include "topics.h"

static enum flow token_get(struct app_ctx *ctx, struct exchange *x);
static enum flow challenge_get(struct app_ctx *ctx, struct exchange *x);

static const struct reply_style PROOF_STYLE = {.dress = cors_dress};

static const struct parameter FORM_ROWS[] = {
    {"form", PARAMETER_TEXT, .help = "the form's name or one of its aliases"},
    {"action", PARAMETER_TEXT, .help = "instead: the path of the form's address"},
    {0},
};

static const struct parameter TOKEN_ROWS[] = {
    {"lang", PARAMETER_TEXT, .help = "the language of `text`, such as en"},
    {0},
};

static const char *const VERSIONS[] = {"1", "2", NULL};

static const struct parameter ALTCHA_ROWS[] = {
    {"v", PARAMETER_WORD, .help = "the version of ALTCHA's protocol", .words = VERSIONS},
    {0},
};

static const struct parameters FORM = {FORM_ROWS, NULL};
static const struct parameters TOKEN = {TOKEN_ROWS, &FORM};
static const struct parameters ALTCHA = {ALTCHA_ROWS, &FORM};

const struct route PROOF_ROUTES[PROOF_ROUTE_COUNT] = {
    {.name = "token",
     .method = "GET",
     .path = "/token",
     .steps = {guard_rate_reads, token_get},
     .style = &PROOF_STYLE,
     .help = "a form token and a challenge for a page",
     .query = &TOKEN,
     .replies = {{200, "FormToken"}}},
    {.name = "altcha",
     .method = "GET",
     .path = "/altcha",
     .steps = {guard_rate_reads, challenge_get},
     .style = &PROOF_STYLE,
     .help = "a challenge for ALTCHA's widget",
     .query = &ALTCHA,
     .replies = {{200, "Challenge"}}},
};

/* --- giving out ---------------------------------------------------------- */

/*
 * The form's id in its address: "/contact" alone is the default form's, of
 * "/p/project/f/key" it is "project/key" or "key", else the last segment.
 */
static const struct form_entry *find_by_action(struct app_ctx *ctx, struct str action,
                                               struct str *ret_id, struct arena *arena)
{
    struct str rest = action, part[5] = {{0}};
    size_t count = 0;

    while (rest.ptr && count < COUNTOF(part))
        part[count++] = str_cut(&rest, '/');
    *ret_id = count ? part[count - 1] : (struct str){0};
    if (str_equal(action, STR("/contact")))
        *ret_id = STR(FORM_DEFAULT);
    *ret_id = find_without_json(*ret_id);
    if (count == 5 && str_equal(part[1], STR("p")) && str_equal(part[3], STR("f")))
        return find_in_project(ctx->forms, arena, part[2], part[4]);
    return forms_find(ctx->forms, *ret_id);
}

/* The name that a message to this form will be stored under. */
static struct str form_name(struct app_ctx *ctx, struct exchange *x)
{
    struct str id = parameter_text(x, "form");
    const struct form_entry *entry =
        id.len ? forms_find(ctx->forms, id)
               : find_by_action(ctx, parameter_text(x, "action"), &id, &x->arena);
    struct str name = form_name_is_valid(id) ? id : STR(FORM_DEFAULT);

    if (entry && arena_keep(&x->arena, entry->name, &name) != ERR_OK)
        name = STR(FORM_DEFAULT);
    form_entry_release(entry);
    return name;
}

static void put_challenge(struct app_ctx *ctx, struct exchange *x, struct str form,
                          enum altcha_version version)
{
    uint8_t random[ALTCHA_RANDOM_BYTES];
    struct altcha_load load = judge_load(ctx, x);

    secret_random(random, sizeof random);
    const struct altcha_order order = {.version = version,
                                       .form = form,
                                       .effort = altcha_effort(&load),
                                       .expires_at_ms = clock_wall_ms() + ALTCHA_LIFE_MS,
                                       .random = random};
    altcha_issue(&x->reply.body, &ctx->secrets->altcha, &order);
}

static enum flow token_get(struct app_ctx *ctx, struct exchange *x)
{
    uint8_t nonce[FORM_TOKEN_NONCE_BYTES];
    char token[FORM_TOKEN_TEXT_LEN + 1];

    parameters_read_leniently(x);
    struct str form = form_name(ctx, x);
    secret_random(nonce, sizeof nonce);
    form_token_make(ctx->secrets->token, form, clock_wall_ms(), nonce, token);
    x->decision = "token";
    reply_json(x, 200);
    js_open(&x->reply.body, '{');
    js_field_string(&x->reply.body, "form", form);
    js_field_string(&x->reply.body, "token", str_of(token));
    js_key(&x->reply.body, "challenge");
    put_challenge(ctx, x, form, ALTCHA_V1);
    /* For the time when there is no connection to ask us what to say. */
    js_field_string(&x->reply.body, "text",
                    str_of(text_say(page_language(x, parameter_text(x, "lang")), TEXT_LATER)));
    js_close(&x->reply.body, '}');
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

static enum flow challenge_get(struct app_ctx *ctx, struct exchange *x)
{
    parameters_read_leniently(x);
    x->decision = "challenge";
    reply_json(x, 200);
    put_challenge(ctx, x, form_name(ctx, x),
                  str_equal(parameter_text(x, "v"), STR("2")) ? ALTCHA_V2 : ALTCHA_V1);
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

/* --- taking back --------------------------------------------------------- */

/* What is not there counts only where the form's owner asks for it. */
static enum verdict by_policy(enum verdict verdict, enum form_policy policy)
{
    if (policy == POLICY_OFF || (policy == POLICY_OPTIONAL && verdict == VERDICT_ABSENT))
        return VERDICT_NONE;
    return verdict;
}

static void will_spend(struct post *post, enum spam_part part, int64_t expires_at_ms,
                       const struct digest *digest)
{
    post->spent[post->spent_count++] = (struct spent){part, expires_at_ms, *digest};
}

static void read_token(struct post *post, int64_t now_ms)
{
    const struct form_token_limits limits = {FORM_TOKEN_AGE_MIN_MS, FORM_TOKEN_AGE_MAX_MS};
    struct form_token token;

    enum verdict verdict = form_token_check(post->ctx->secrets->token, post->row.form,
                                            post->special[SPECIAL_TOKEN], now_ms, &limits, &token);
    post->token = by_policy(verdict, post->form->rules->token);
    if (post->token == VERDICT_FINE || post->token == VERDICT_TOO_YOUNG)
        will_spend(post, SPAM_TOKEN, token.expires_at_ms, &token.digest);
}

/* The form's captcha: its answer is on its way to somebody else's server, later. */
static enum err read_captcha(struct post *post)
{
    static const enum special ANSWERS[] = {[CAPTCHA_TURNSTILE] = SPECIAL_TURNSTILE,
                                           [CAPTCHA_HCAPTCHA] = SPECIAL_HCAPTCHA,
                                           [CAPTCHA_RECAPTCHA] = SPECIAL_RECAPTCHA};
    const struct form_rules *rules = post->form->rules;

    if (rules->captcha == CAPTCHA_NONE)
        return ERR_OK;
    struct str answer = post->special[ANSWERS[rules->captcha]];
    post->captcha = answer.len ? VERDICT_NONE : VERDICT_ABSENT;
    if (!answer.len)
        return ERR_OK;
    post->question = arena_alloc(&post->x->arena, sizeof *post->question);
    if (!post->question)
        return ERR_MEMORY;
    *post->question = (struct post_question){.x = post->x,
                                             .question = {.kind = rules->captcha,
                                                          .secret = rules->captcha_secret,
                                                          .answer = answer,
                                                          .source = post->x->source}};
    return ERR_OK;
}

enum err proofs_read(struct post *post)
{
    TRY(read_captcha(post));
    enum form_policy policy = post->form->rules->proof;
    struct str text = post->special[SPECIAL_PROOF];
    int64_t now_ms = clock_wall_ms();

    if (post->form->rules->token != POLICY_OFF)
        read_token(post, now_ms);
    if (policy == POLICY_OFF || (policy == POLICY_OPTIONAL && !text.len))
        return ERR_OK;
    post->altcha = arena_alloc(&post->x->arena, sizeof *post->altcha);
    if (!post->altcha)
        return ERR_MEMORY;
    TRY(altcha_read(&post->ctx->secrets->altcha, post->row.form, text, now_ms, post->altcha));
    post->proof = by_policy(post->altcha->verdict, policy);
    if (post->proof == VERDICT_FINE)
        will_spend(post, SPAM_PROOF, post->altcha->expires_at_ms, &post->altcha->digest);
    return ERR_OK;
}

bool proofs_need_check(const struct post *post)
{
    return post->proof == VERDICT_FINE && post->altcha->version == ALTCHA_V2;
}

enum verdict proofs_check(const struct post *post, struct store *reader)
{
    if (store_spent_find(reader, post->altcha->expires_at_ms, &post->altcha->digest) == ERR_OK)
        return VERDICT_REUSED;
    return altcha_verify(post->altcha);
}
