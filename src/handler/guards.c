/* SPDX-License-Identifier: MIT */
/*
 * Who may pass. The decision about a credential is service/signin's; here it
 * becomes an HTTP answer. A wrong password, an unknown user, a revoked token
 * and a broken header all get the same one.
 */
#include "guards.h"

#include "base/clock.h"
#include "http/reply.h"

struct guard_job {
    struct signin_attempt attempt;
    struct exchange *x;
    enum access needed;
};

enum flow guard_open(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    (void)x;
    return FLOW_NEXT;
}

static enum flow reply_sign_in(struct exchange *x)
{
    reply_header(x, "WWW-Authenticate", "Basic realm=\"contactd\", charset=\"UTF-8\"");
    return reply_problem(x, PROBLEM_UNAUTHORIZED, NULL);
}

/* Nobody who may not pass learns which parameters there are. */
static enum flow check_query(struct exchange *x)
{
    const char *wrong = route_is_described(x->route) ? parameters_read(x) : NULL;

    return wrong ? reply_problem(x, PROBLEM_INVALID_QUERY, wrong) : FLOW_NEXT;
}

static enum flow pass(struct exchange *x, struct guard_job *job)
{
    if (job->attempt.identity.access < job->needed)
        return reply_problem(x, PROBLEM_FORBIDDEN, NULL);
    x->principal = arena_alloc(&x->arena, sizeof *x->principal);
    if (!x->principal)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    x->principal->identity = job->attempt.identity;
    return check_query(x);
}

static void guard_done(struct job *job, bool more)
{
    exchange_wake(CONTAINER_OF(job, struct guard_job, attempt.job)->x, more);
}

static enum flow guard_verified(struct app_ctx *ctx, struct exchange *x)
{
    struct guard_job *job = CONTAINER_OF(x->job, struct guard_job, attempt.job);

    (void)ctx;
    if (job->attempt.job.result == ERR_OK)
        return pass(x, job);
    if (job->attempt.job.result == ERR_DENIED)
        return reply_sign_in(x);
    if (job->attempt.job.result != ERR_FULL)
        LOG(LOG_ERROR, "signin_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(job->attempt.job.result)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

static enum flow guard_access(struct app_ctx *ctx, struct exchange *x, enum access needed)
{
    struct str authorization = x->headers[HEADER_AUTHORIZATION];
    struct guard_job *job = arena_alloc(&x->arena, sizeof *job);
    int64_t wait_ms = 0;

    if (!job)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    if (!authorization.ptr)
        return reply_sign_in(x);
    job->x = x;
    job->needed = needed;
    job->attempt.job.done = guard_done;
    switch (signin_begin(ctx->signin, authorization, x->source, clock_mono_ms(), &job->attempt,
                         &wait_ms)) {
    case SIGNIN_KNOWN:
        return pass(x, job);
    case SIGNIN_REFUSED:
        return reply_sign_in(x);
    case SIGNIN_THROTTLED:
        return reply_retry_later(x, PROBLEM_TOO_MANY_ATTEMPTS, wait_ms);
    case SIGNIN_STARTABLE:
        break;
    }
    x->job = &job->attempt.job;
    exchange_wait(x, guard_verified);
    signin_verify(&job->attempt);
    return FLOW_WAIT;
}

enum flow guard_read(struct app_ctx *ctx, struct exchange *x)
{
    return guard_access(ctx, x, ACCESS_READ);
}

enum flow guard_write(struct app_ctx *ctx, struct exchange *x)
{
    return guard_access(ctx, x, ACCESS_WRITE);
}

enum flow guard_manage(struct app_ctx *ctx, struct exchange *x)
{
    return guard_access(ctx, x, ACCESS_MANAGE);
}

bool principal_sees(const struct exchange *x, struct str form)
{
    return scope_has(&x->principal->identity.scope, form);
}

static bool is_loopback(struct str source)
{
    struct cidr v4, v6;
    struct address address;

    return cidr_parse(STR("127.0.0.0/8"), &v4) && cidr_parse(STR("::1"), &v6) &&
           address_parse(source, &address) &&
           (cidr_contains(&v4, &address) || cidr_contains(&v6, &address));
}

enum flow guard_local_or_read(struct app_ctx *ctx, struct exchange *x)
{
    if (!x->headers[HEADER_X_FORWARDED_FOR].ptr && !x->headers[HEADER_AUTHORIZATION].ptr &&
        is_loopback(x->source))
        return check_query(x);
    return guard_access(ctx, x, ACCESS_READ);
}

static const struct guard_row {
    step_fn guard;
    struct demand demand;
} GUARDS[] = {
    {guard_open, {.access = ACCESS_NONE}},
    {guard_rate, {.is_rated = true}},
    {guard_rate_reads, {.is_rated = true}},
    {guard_read, {.access = ACCESS_READ}},
    {guard_write, {.access = ACCESS_WRITE}},
    {guard_manage, {.access = ACCESS_MANAGE}},
    {guard_local_or_read, {.access = ACCESS_READ, .may_be_local = true}},
};

static const struct demand *demand_of(step_fn step)
{
    for (size_t i = 0; i < COUNTOF(GUARDS); i++)
        if (GUARDS[i].guard == step)
            return &GUARDS[i].demand;
    return NULL;
}

struct demand guards_demand(const struct route *route)
{
    struct demand all = {.access = ACCESS_NONE};

    for (size_t i = 0; i < ROUTE_STEPS_MAX && route->steps[i]; i++) {
        const struct demand *one = demand_of(route->steps[i]);
        if (!one)
            continue;
        all.access = one->access > all.access ? one->access : all.access;
        all.is_rated = all.is_rated || one->is_rated;
        all.may_be_local = all.may_be_local || one->may_be_local;
    }
    return all;
}
