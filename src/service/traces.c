/* SPDX-License-Identifier: MIT */
/*
 * Small jobs for the committer with a life of their own, longer than that of
 * the request which they tell of. How often they come is bounded by those who
 * send them (service/signin): once in ten minutes for each session and token,
 * less than once a second for guesses.
 */
#include "traces.h"

#include <stdlib.h>

#include "base/clock.h"

enum { SOURCE_MAX = 64 };

struct trace {
    struct job job;
    struct digest hash;
    int64_t at_ms; /* wall */
    bool is_right;
    char name[ACCOUNT_NAME_MAX + 1];
    char source[SOURCE_MAX + 1];
};

static void trace_done(struct job *job, bool more)
{
    (void)more;
    free(CONTAINER_OF(job, struct trace, job));
}

static struct trace *trace_new(enum err (*run)(struct job *, struct store *))
{
    struct trace *trace = malloc(sizeof *trace);

    if (trace)
        *trace = (struct trace){.job = {.run = run, .done = trace_done}, .at_ms = clock_wall_ms()};
    return trace;
}

static enum err touch_session(struct job *job, struct store *writer)
{
    const struct trace *trace = CONTAINER_OF(job, struct trace, job);

    return store_session_touch(writer, &trace->hash, trace->at_ms);
}

static enum err touch_token(struct job *job, struct store *writer)
{
    const struct trace *trace = CONTAINER_OF(job, struct trace, job);

    return store_token_touch(writer, &trace->hash, trace->at_ms);
}

static void submit_touch(struct commit *commit, const struct digest *hash,
                         enum err (*run)(struct job *, struct store *))
{
    struct trace *trace = commit ? trace_new(run) : NULL;

    if (!trace)
        return;
    trace->hash = *hash;
    trace->job.is_one_change = true;
    commit_submit(commit, &trace->job, false);
}

void trace_session(struct commit *commit, const struct digest *hash)
{
    submit_touch(commit, hash, touch_session);
}

void trace_token(struct commit *commit, const struct digest *hash)
{
    submit_touch(commit, hash, touch_token);
}

static enum err add_signin(struct job *job, struct store *writer)
{
    const struct trace *trace = CONTAINER_OF(job, struct trace, job);
    const struct audit_entry entry = {
        .at_ms = trace->at_ms,
        .actor = str_of(trace->name),
        .action = trace->is_right ? STR("signin") : STR("signin.failed"),
        .detail = trace->is_right ? STR("HTTP Basic") : (struct str){0},
        .source = str_of(trace->source)};

    return store_audit_add(writer, &entry);
}

static void copy_text(char *room, size_t max, struct str text)
{
    size_t len = text.len < max ? text.len : max;

    if (len)
        memcpy(room, text.ptr, len);
    room[len] = '\0';
}

void trace_signin(struct commit *commit, struct str name, struct str source, bool is_right)
{
    struct trace *trace = commit ? trace_new(add_signin) : NULL;

    if (!trace)
        return;
    copy_text(trace->name, ACCOUNT_NAME_MAX, name);
    copy_text(trace->source, SOURCE_MAX, source);
    trace->is_right = is_right;
    commit_submit(commit, &trace->job, false);
}
