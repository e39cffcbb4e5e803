/* SPDX-License-Identifier: MIT */
/*
 * A refused page is the commonest reason why a form "does not work": its owner
 * must be able to see which page it was and why, so each refusal is counted in
 * the database. The note has a life of its own, longer than the request's.
 * HTTP threads; note_run() and note_done() are the committer's.
 */
#include "refusal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "http/reply.h"
#include "page_origin.h"

enum { ORIGIN_MAX = 255 };

struct note {
    struct job job;
    char form[FORM_NAME_MAX + 1];
    char origin[ORIGIN_MAX + 1];
};

static void copy_text(char *room, size_t max, struct str text)
{
    size_t len = text.len < max ? text.len : max;

    if (len)
        memcpy(room, text.ptr, len);
    room[len] = '\0';
}

static enum err note_run(struct job *job, struct store *writer)
{
    const struct note *note = CONTAINER_OF(job, struct note, job);
    int64_t now_ms = clock_wall_ms();
    const struct refusal refusal = {.form = str_of(note->form),
                                    .origin = str_of(note->origin),
                                    .reason = STR("not one of the form's origins"),
                                    .count = 1,
                                    .first_at_ms = now_ms,
                                    .last_at_ms = now_ms};

    return store_refusal_add(writer, &refusal);
}

static void note_done(struct job *job, bool more)
{
    (void)more;
    free(CONTAINER_OF(job, struct note, job));
}

static void take_note(struct post *post, struct str origin)
{
    struct note *note = malloc(sizeof *note);

    if (!note)
        return;
    *note = (struct note){.job = {.run = note_run, .done = note_done}};
    copy_text(note->form, FORM_NAME_MAX, post->row.form);
    copy_text(note->origin, ORIGIN_MAX, str_is_visible_ascii(origin) ? origin : STR("(not a URL)"));
    commit_submit(post->ctx->commit, &note->job, false);
}

bool refusal_is_due(struct post *post)
{
    const struct form_rules *rules = post->form->rules;
    struct str origin = page_origin(post->x);

    return rules->origins.count && origin.ptr && !form_origin_is_allowed(rules, origin);
}

enum flow refusal_answer(struct post *post)
{
    struct str origin = page_origin(post->x);

    take_note(post, origin);
    return reply_problem(post->x, PROBLEM_ORIGIN_REFUSED,
                         "this page is not one of the form's origins; its owner can allow it: "
                         "contactd form set NAME origins+=URL");
}
