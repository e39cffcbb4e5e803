/* SPDX-License-Identifier: MIT */
/*
 * Who may pass. The decision about a credential is service/signin's; here it
 * becomes an HTTP answer. A wrong password, an unknown user, a revoked token,
 * an ended session and a broken header all get the same one. A cookie is looked
 * at only where there is no Authorization, and changes need more than it: csrf.h.
 */
#include "guards.h"

#include <stdio.h>

#include "base/clock.h"
#include "csrf.h"
#include "http/reply.h"

struct guard_job {
    struct signin_attempt attempt;
    struct exchange *x;
    enum access needed;
    bool needs_all_forms;
};

enum flow guard_open(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    (void)x;
    return FLOW_NEXT;
}

enum flow guard_sign_in(struct exchange *x)
{
    struct str mode = x->headers[HEADER_SEC_FETCH_MODE];

    if (!mode.ptr || str_equal(mode, STR("navigate")))
        reply_header(x, "WWW-Authenticate", "Basic realm=\"contactd\", charset=\"UTF-8\"");
    return reply_problem(x, PROBLEM_UNAUTHORIZED, NULL);
}

/* Nobody who may not pass learns which parameters there are. */
static enum flow check_query(struct exchange *x)
{
    const char *wrong = route_is_described(x->route) ? parameters_read(x) : NULL;

    return wrong ? reply_problem(x, PROBLEM_INVALID_QUERY, wrong) : FLOW_NEXT;
}

static bool is_change(const struct exchange *x)
{
    return !str_equal(x->method, STR("GET")) && !str_equal(x->method, STR("HEAD"));
}

static enum flow pass(struct exchange *x, struct guard_job *job)
{
    const struct identity *identity = &job->attempt.identity;

    if (identity->is_session && is_change(x) && !csrf_is_passed(x, identity->csrf))
        return reply_problem(x, PROBLEM_CSRF, NULL);
    if (identity->access < job->needed || (job->needs_all_forms && !identity->scope.is_all))
        return reply_problem(x, PROBLEM_FORBIDDEN, NULL);
    x->principal = arena_alloc(&x->arena, sizeof *x->principal);
    if (!x->principal)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    x->principal->identity = *identity;
    snprintf(x->principal->actor, sizeof x->principal->actor, "%s%s",
             identity->is_token ? "token:" : "", identity->name);
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
        return guard_sign_in(x);
    if (job->attempt.job.result != ERR_FULL)
        LOG(LOG_ERROR, "signin_failed", LOG_TEXT("requestId", x->request_id),
            LOG_TEXT("reason", err_text(job->attempt.job.result)));
    return reply_retry_later(x, PROBLEM_UNAVAILABLE, 0);
}

/* Whatever the request brings along to say who it is from. */
static enum signin_verdict begin(struct app_ctx *ctx, struct exchange *x,
                                 struct signin_attempt *attempt, int64_t *ret_wait_ms)
{
    struct str authorization = x->headers[HEADER_AUTHORIZATION];
    struct str session = session_of_cookies(x->headers[HEADER_COOKIE]);

    if (authorization.ptr)
        return signin_begin(ctx->signin, authorization, x->source, clock_mono_ms(), attempt,
                            ret_wait_ms);
    if (session.ptr)
        return signin_begin_session(ctx->signin, session, clock_mono_ms(), attempt);
    return SIGNIN_REFUSED;
}

static enum flow guard_with(struct app_ctx *ctx, struct exchange *x, struct guard_job *job)
{
    int64_t wait_ms = 0;

    job->x = x;
    job->attempt.job.done = guard_done;
    switch (begin(ctx, x, &job->attempt, &wait_ms)) {
    case SIGNIN_KNOWN:
        return pass(x, job);
    case SIGNIN_REFUSED:
        return guard_sign_in(x);
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

static enum flow guard_access(struct app_ctx *ctx, struct exchange *x, enum access needed,
                              bool needs_all_forms)
{
    struct guard_job *job = arena_alloc(&x->arena, sizeof *job);

    if (!job)
        return reply_problem(x, PROBLEM_INTERNAL, NULL);
    job->needed = needed;
    job->needs_all_forms = needs_all_forms;
    return guard_with(ctx, x, job);
}

enum flow guard_read(struct app_ctx *ctx, struct exchange *x)
{
    return guard_access(ctx, x, ACCESS_READ, false);
}

enum flow guard_write(struct app_ctx *ctx, struct exchange *x)
{
    return guard_access(ctx, x, ACCESS_WRITE, false);
}

enum flow guard_manage(struct app_ctx *ctx, struct exchange *x)
{
    return guard_access(ctx, x, ACCESS_MANAGE, false);
}

enum flow guard_owner(struct app_ctx *ctx, struct exchange *x)
{
    return guard_access(ctx, x, ACCESS_MANAGE, true);
}

enum flow guard_no_query(struct app_ctx *ctx, struct exchange *x)
{
    (void)ctx;
    if (x->query.len)
        return reply_problem(x, PROBLEM_INVALID_QUERY, "this address takes no query parameters");
    return FLOW_NEXT;
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
    return guard_access(ctx, x, ACCESS_READ, true);
}

static const struct guard_row {
    step_fn guard;
    struct demand demand;
} GUARDS[] = {
    {guard_open, {.access = ACCESS_NONE}},
    {guard_rate, {.is_rated = true}},
    {guard_rate_reads, {.is_rated = true}},
    {guard_canary, {.is_rated = true}},
    {guard_read, {.access = ACCESS_READ}},
    {guard_write, {.access = ACCESS_WRITE}},
    {guard_manage, {.access = ACCESS_MANAGE}},
    {guard_owner, {.access = ACCESS_MANAGE}},
    {guard_no_query, {.takes_no_query = true}},
    {guard_local_or_read, {.access = ACCESS_READ, .may_be_local = true}},
};

static const struct demand *demand_of(step_fn step)
{
    for (size_t i = 0; i < COUNTOF(GUARDS); i++)
        if (GUARDS[i].guard == step)
            return &GUARDS[i].demand;
    return NULL;
}

bool guards_know(step_fn guard)
{
    return demand_of(guard);
}

struct demand guards_demand(const struct route *route)
{
    struct demand all = {.access = ACCESS_NONE};

    for (size_t i = 0; i < ROUTE_STEPS_MAX && route->steps[i]; i++) {
        const struct demand *one = demand_of(route->steps[i]);
        if (!one)
            continue;
        all.access = one->access > all.access ? one->access : all.access;
        all.takes_no_query = all.takes_no_query || one->takes_no_query;
        all.is_rated = all.is_rated || one->is_rated;
        all.may_be_local = all.may_be_local || one->may_be_local;
    }
    return all;
}
