/* SPDX-License-Identifier: MIT */
/*
 * Limits on posts, generous: an office behind one address fills in a form more
 * often than one thinks, and a refused message may be a lost customer. They
 * keep a flood from filling the disk, not a bot from writing.
 *
 * The reply tells where its sender stands in the header fields of
 * draft-ietf-httpapi-ratelimit-headers. HTTP threads.
 */
#include "rate.h"

#include "base/clock.h"
#include "guards.h"
#include "http/reply.h"

enum { HOUR_S = 3600, ONE_SOURCE_POSTS = 200 };

static const struct bucket_limit PER_SOURCE = {.burst = 20, .per_hour = 240};
static const struct bucket_limit PER_FORM = {.burst = 1000, .per_hour = 10000};
static const struct bucket_limit READS = {.burst = 60, .per_hour = 1200};
static const struct bucket_limit HANDSHAKES = {.burst = 200, .per_hour = 20 * HOUR_S};
static const struct bucket_limit OVERALL = {.burst = 10000, .per_hour = 360000};

static enum flow refuse(struct exchange *x, int64_t wait_ms)
{
    return reply_retry_later(x, PROBLEM_RATE_LIMITED, wait_ms);
}

/* Seconds until so many tokens have come back. */
static uint64_t seconds_for(uint32_t tokens, const struct bucket_limit *limit)
{
    return ((uint64_t)tokens * HOUR_S + limit->per_hour - 1) / limit->per_hour;
}

static void tell(struct exchange *x, const struct bucket_limit *limit, uint32_t left)
{
    CLEANUP(buf_done) struct buf text = buf_new(128);

    buf_printf(&text, "\"source\";r=%u;t=%llu", left,
               (unsigned long long)seconds_for(limit->burst - left, limit));
    reply_header(x, "RateLimit", arena_copy(&x->arena, buf_str(&text)));
    text.len = 0;
    buf_printf(&text, "\"source\";q=%u;w=%llu", limit->burst,
               (unsigned long long)seconds_for(limit->burst, limit));
    reply_header(x, "RateLimit-Policy", arena_copy(&x->arena, buf_str(&text)));
}

static bool is_private(struct str source)
{
    static const struct str RANGES[] = {{"10.0.0.0/8", 10},     {"172.16.0.0/12", 13},
                                        {"192.168.0.0/16", 14}, {"127.0.0.0/8", 11},
                                        {"::1/128", 7},         {"fc00::/7", 8}};
    struct address address;
    struct cidr range;

    for (size_t i = 0; i < COUNTOF(RANGES) && address_parse(source, &address); i++)
        if (cidr_parse(RANGES[i], &range) && cidr_contains(&range, &address))
            return true;
    return false;
}

/* Once: so many posts in a row from one private address are a proxy's that does not say for whom.
 */
static void watch_sources(struct app_ctx *ctx, struct str source)
{
    uint64_t words[2];

    table_hash(source, ctx->secrets->token, words);
    if (atomic_exchange(&ctx->last_source, words[0]) != words[0]) {
        atomic_store(&ctx->posts_of_last_source, 0);
        return;
    }
    if (atomic_fetch_add(&ctx->posts_of_last_source, 1) == ONE_SOURCE_POSTS && is_private(source) &&
        !atomic_flag_test_and_set(&ctx->has_warned_one_source))
        LOG(LOG_WARN, "all_posts_from_one_address", LOG_STR("source", source),
            LOG_TEXT("reason", "visitors share one limit when a proxy does not say who they are"),
            LOG_TEXT("remedy",
                     "let the proxy send X-Forwarded-For, and name it in trusted-proxies"));
}

enum flow guard_rate(struct app_ctx *ctx, struct exchange *x)
{
    char room[ADDRESS_TEXT_LEN + 1];

    watch_sources(ctx, x->source);
    if (!ctx->limiter)
        return FLOW_NEXT;
    int64_t now_ms = clock_mono_ms();
    struct limiter_answer answer =
        limiter_ask(ctx->limiter, 's', address_source_text(x->source, room), &PER_SOURCE, now_ms);
    tell(x, &PER_SOURCE, answer.left);
    if (!answer.wait_ms)
        answer.wait_ms = limiter_take(ctx->limiter, 'o', (struct str){0}, &OVERALL, now_ms);
    return answer.wait_ms ? refuse(x, answer.wait_ms) : FLOW_NEXT;
}

enum flow guard_rate_reads(struct app_ctx *ctx, struct exchange *x)
{
    char room[ADDRESS_TEXT_LEN + 1];

    if (!ctx->limiter)
        return FLOW_NEXT;
    int64_t wait_ms = limiter_take(ctx->limiter, 't', address_source_text(x->source, room), &READS,
                                   clock_mono_ms());
    return wait_ms ? refuse(x, wait_ms) : FLOW_NEXT;
}

bool rate_take_shake(struct app_ctx *ctx, struct str source)
{
    char room[ADDRESS_TEXT_LEN + 1];

    return !ctx->limiter || limiter_take(ctx->limiter, 'h', address_source_text(source, room),
                                         &HANDSHAKES, clock_mono_ms()) == 0;
}

int64_t rate_take_form(struct app_ctx *ctx, struct exchange *x, const struct form_entry *form,
                       struct str name)
{
    struct bucket_limit limit = PER_FORM;

    if (!ctx->limiter)
        return 0;
    if (form->rules->rate_per_hour) {
        limit.per_hour = form->rules->rate_per_hour;
        limit.burst = limit.per_hour;
    }
    int64_t wait_ms = limiter_take(ctx->limiter, 'f', name, &limit, clock_mono_ms());
    if (wait_ms)
        refuse(x, wait_ms);
    return wait_ms;
}

void rate_give_back_form(struct app_ctx *ctx, struct str name)
{
    if (ctx->limiter)
        limiter_give_back(ctx->limiter, 'f', name);
}

void rate_give_back(struct app_ctx *ctx, struct exchange *x, struct str name)
{
    char room[ADDRESS_TEXT_LEN + 1];

    if (!ctx->limiter)
        return;
    limiter_give_back(ctx->limiter, 's', address_source_text(x->source, room));
    limiter_give_back(ctx->limiter, 'o', (struct str){0});
    rate_give_back_form(ctx, name);
}
