/* SPDX-License-Identifier: MIT */
/*
 * The server's own test message arrives (service/canary): it goes the way of every other, through
 * body, fields, rules, score and commit, but for what would be seen of it. It is held
 * against the built-in rules, counts in no limit and no rate, becomes no row but one line of
 * the program's own that the next one takes the place of, and nobody is told.
 *
 * Whoever else posts here has no token that is awaited, and finds what any name finds
 * that no form can have.
 */
#include "base/clock.h"
#include "base/json.h"
#include "cors.h"
#include "guards.h"
#include "http/reply.h"
#include "judge.h"
#include "post.h"
#include "topics.h"

enum { BODY_BYTES_MAX = 1024, RETRY_MS = 2000 };

static enum flow canary_create(struct app_ctx *ctx, struct exchange *x);

static const struct reply_style CANARY_STYLE = {.dress = cors_dress, .problem = answer_problem};

const struct route CANARY_ROUTES[1] = {
    {.name = "canary",
     .method = "POST",
     .path = CANARY_PATH,
     .steps = {guard_canary, canary_create},
     .media = MEDIA_JSON | MEDIA_URLENCODED | MEDIA_MULTIPART,
     .style = &CANARY_STYLE,
     .may_end_with_slash = true,
     .help = "the server's test message to itself (canary-every); anybody else's is not found",
     .body = "ContactFields",
     .replies = {{200, "CanaryAnswer"}},
     .problems = PROBLEM_BIT(FORM_NOT_FOUND) | PROBLEM_BIT(UNAVAILABLE)},
};

struct canary_post {
    struct post post;
    char proof[CANARY_TOKEN_LEN + 1];
};

/* --- whose it is --------------------------------------------------------- */

/* False: nobody awaits it. */
static bool take(struct app_ctx *ctx, struct exchange *x, char ret_proof[CANARY_TOKEN_LEN + 1])
{
    struct fields fields NOT_CLEARED;

    if (!ctx->canary || x->media != MEDIA_JSON || x->body.len > BODY_BYTES_MAX ||
        contact_read_body(x, &fields, NULL) != ERR_OK)
        return false;
    bool is_ours = canary_take(ctx->canary, fields_text(&fields, STR("_canary")), ret_proof);
    fields_done(&fields);
    return is_ours;
}

enum flow guard_canary(struct app_ctx *ctx, struct exchange *x)
{
    char proof[CANARY_TOKEN_LEN + 1];

    if (!take(ctx, x, proof))
        return guard_rate(ctx, x);
    struct canary_post *self = arena_alloc(&x->arena, sizeof *self);
    if (!self)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    *self = (struct canary_post){.post = {.x = x,
                                          .ctx = ctx,
                                          .dialect = DIALECT_CONTACTD,
                                          .form = canary_form(ctx->canary),
                                          .is_canary = true}};
    memcpy(self->proof, proof, sizeof proof);
    x->job = &self->post.job;
    return FLOW_NEXT;
}

/* --- the way of a message ------------------------------------------------ */

/* In its own transaction, as any other; committed and fsynced before the answer. */
static enum err canary_store(struct job *job, struct store *store)
{
    char now[CLOCK_TEXT_LEN + 1];

    (void)job;
    clock_format(clock_wall_ms(), now);
    return store_meta_put(store, STR("canary_at"), str_of(now));
}

static void canary_stored(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct post, job)->x, more);
}

static enum flow canary_answer(struct app_ctx *ctx, struct exchange *x)
{
    const struct canary_post *self = CONTAINER_OF(post_of(x), struct canary_post, post);

    (void)ctx;
    if (self->post.job.result != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    x->decision = "canary";
    reply_json(x, 200);
    js_open(&x->reply.body, '{');
    js_field_string(&x->reply.body, "status", STR("ok"));
    js_field_string(&x->reply.body, "proof", str_of(self->proof));
    js_close(&x->reply.body, '}');
    buf_put_char(&x->reply.body, '\n');
    return FLOW_DONE;
}

static enum flow commit_canary(struct post *post)
{
    post->job.run = canary_store;
    post->job.done = canary_stored;
    post->job.is_one_change = true;
    exchange_wait(post->x, canary_answer);
    commit_submit(post->ctx->commit, &post->job, true); /* nudged by handler_before_sleep() */
    return FLOW_WAIT;
}

static enum err examine(struct post *post, struct field_errors *errors)
{
    struct fields posted NOT_CLEARED, own NOT_CLEARED;

    TRY(contact_read_body(post->x, &posted, NULL));
    post_sort_fields(post, &posted, &own);
    post->row.form = post->form->name;
    enum err err = post_make_row(post, errors);
    if (err == ERR_OK)
        err = judge_post(post, &posted);
    post->fields = NULL;
    fields_done(&posted);
    return err;
}

static enum flow canary_create(struct app_ctx *ctx, struct exchange *x)
{
    struct field_errors errors NOT_CLEARED;
    struct post *post = post_of(x);

    (void)ctx;
    if (!post)
        return reply_problem(x, PROBLEM_FORM_NOT_FOUND, "no form can have this name");
    errors.count = 0;
    if (examine(post, &errors) != ERR_OK)
        return reply_retry_later(x, PROBLEM_UNAVAILABLE, RETRY_MS);
    return commit_canary(post);
}
