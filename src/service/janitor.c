/* SPDX-License-Identifier: MIT */
/*
 * The janitor's thread: whose turn it is, how much may be done in it, and how
 * long to rest after it. The work itself runs on the committer's thread, one
 * piece at a time and each in its own mark; while a piece runs this thread
 * sleeps, so what belongs to the rounds needs no lock.
 */
#include "service/janitor.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/pause.h"
#include "base/rest.h"
#include "chores.h"

enum {
    AMOUNT_FIRST = 8,
    LOOK_WAIT_MS = 250, /* between two looks whether there is news */
    FAILED_WAIT_MS = 5000,
    NEWS_WAIT_MS = 5000,
};

/* How much may be taken from those who post, by how much they post. */
static const struct pace {
    int64_t messages_per_s; /* at least */
    int64_t piece_us;       /* what a piece should take */
    int64_t rest_percent;   /* of the piece's time, behind it */
} PACES[] = {
    {2000, 1500, 10000}, /* the machine is at work: one part in a hundred */
    {1, 2500, 900},      /* it is not, but somebody waits for every answer: a tenth */
    {0, 4000, 50},
};

struct round {
    struct chore_place place;
    int64_t due_ms; /* monotonic */
    int64_t ended_ms;
    int64_t news; /* of when the last round began to end */
    int amount;
};

struct janitor {
    struct commit *commit;
    struct forms *forms;
    struct round rounds[CHORE_COUNT];
    int64_t pieces;    /* that did something */
    int64_t messages;  /* that had come when the last piece ended */
    int64_t looked_ms; /* monotonic; when that was */
    const struct pace *pace;
    struct rest_watch rest;
    pthread_t thread;
    struct pause pause;
};

/* One piece, on its way through the committer. */
struct piece {
    struct job job;
    const struct chore *chore;
    struct chore_turn turn;
    struct chore_place place; /* the chore's own, unless the piece fails */
    bool has_more;
    int64_t took_us;
};

static enum err piece_run(struct job *job, struct store *writer)
{
    struct piece *piece = CONTAINER_OF(job, struct piece, job);
    int64_t start_us = clock_mono_us();

    piece->turn.writer = writer;
    enum err err = piece->chore->step(&piece->turn, &piece->has_more);
    piece->took_us = clock_mono_us() - start_us;
    return err;
}

/* Twice or half as much next time, if that brings it nearer to what a piece should take. */
static int next_amount(const struct piece *piece, int64_t piece_us)
{
    int amount = piece->turn.amount;

    if (piece->took_us > piece_us)
        return amount > 1 ? amount / 2 : 1;
    if (piece->took_us < piece_us / 3 && piece->turn.done >= amount && amount < CHORE_AMOUNT_MAX)
        return amount * 2;
    return amount;
}

static void tell(const struct piece *piece, enum err err)
{
    if (err != ERR_OK)
        LOG(LOG_WARN, "chore_failed", LOG_TEXT("chore", piece->chore->name),
            LOG_TEXT("reason", err_text(err)));
    else if (piece->chore->is_told && piece->turn.done)
        LOG(LOG_INFO, "chore_done", LOG_TEXT("chore", piece->chore->name),
            LOG_INT("count", piece->turn.done));
}

/* What may make a round worth while: messages, and what other chores have done. */
static int64_t news(const struct janitor *janitor)
{
    return metric_get(METRIC_SUBMISSIONS) + janitor->pieces;
}

/* Looks how many messages have come since the last look. */
static void choose_pace(struct janitor *janitor, int64_t now_ms)
{
    int64_t messages = metric_get(METRIC_SUBMISSIONS) - janitor->messages;
    int64_t ms = now_ms - janitor->looked_ms + 1;

    janitor->messages += messages;
    janitor->looked_ms = now_ms;
    janitor->pace = PACES;
    while (messages * 1000 < janitor->pace->messages_per_s * ms)
        janitor->pace++;
}

static int64_t do_piece(struct janitor *janitor, const struct chore *chore, struct round *round)
{
    struct piece piece = {.job.run = piece_run, .chore = chore, .place = round->place};
    int64_t news_before = news(janitor);

    piece.turn = (struct chore_turn){.forms = janitor->forms,
                                     .place = &piece.place,
                                     .now_ms = clock_wall_ms(),
                                     .amount = round->amount};
    enum err err = commit_run(janitor->commit, &piece.job);
    int64_t now_ms = clock_mono_ms();
    if (err != ERR_STOPPING && err != ERR_FULL) /* messages go first */
        tell(&piece, err);
    if (err != ERR_OK) {
        round->due_ms = now_ms + FAILED_WAIT_MS;
        round->amount = 1;
        return 1;
    }
    round->place = piece.place;
    choose_pace(janitor, now_ms);
    round->amount = next_amount(&piece, janitor->pace->piece_us);
    round->due_ms = now_ms + (piece.has_more ? 0 : chore->period_ms);
    janitor->pieces += piece.turn.done > 0;
    if (!piece.has_more) {
        round->news = news_before + (piece.turn.done > 0);
        round->ended_ms = now_ms;
    }
    return 1 + piece.took_us * janitor->pace->rest_percent / 100 / 1000;
}

static bool is_worth_while(const struct janitor *janitor, const struct chore *chore,
                           const struct round *round, int64_t now_ms)
{
    return !chore->is_for_news || round->news != news(janitor) ||
           now_ms - round->ended_ms >= NEWS_WAIT_MS;
}

/* The first one that is due and urgent, else the one that is due first. */
static size_t next_chore(const struct janitor *janitor, int64_t now_ms)
{
    size_t best = 0;

    for (size_t i = 0; i < CHORE_COUNT; i++) {
        if (CHORES[i].is_urgent && janitor->rounds[i].due_ms <= now_ms)
            return i;
        if (janitor->rounds[i].due_ms < janitor->rounds[best].due_ms)
            best = i;
    }
    return best;
}

/* Milliseconds until there is something to do again. */
static int64_t take_turn(struct janitor *janitor)
{
    int64_t now_ms = clock_mono_ms();
    size_t at = next_chore(janitor, now_ms);
    struct round *round = &janitor->rounds[at];

    if (rest_begins(&janitor->rest, now_ms, clock_cpu_us()))
        rest_give_back();
    if (round->due_ms > now_ms)
        return round->due_ms - now_ms;
    if (is_worth_while(janitor, &CHORES[at], round, now_ms))
        return do_piece(janitor, &CHORES[at], round);
    round->due_ms = now_ms + LOOK_WAIT_MS;
    return 0;
}

static void *janitor_main(void *arg)
{
    struct janitor *janitor = arg;

    while (pause_ms(&janitor->pause, take_turn(janitor)))
        ;
    return NULL;
}

enum err janitor_start(struct commit *commit, struct forms *forms, struct janitor **ret_janitor)
{
    struct janitor *janitor = calloc(1, sizeof *janitor);

    if (!janitor)
        return ERR_MEMORY;
    janitor->commit = commit;
    janitor->forms = forms;
    janitor->messages = metric_get(METRIC_SUBMISSIONS);
    janitor->looked_ms = clock_mono_ms();
    for (size_t i = 0; i < CHORE_COUNT; i++)
        janitor->rounds[i] = (struct round){.amount = AMOUNT_FIRST, .news = -1};
    if (pause_init(&janitor->pause) != ERR_OK) {
        free(janitor);
        return ERR_MEMORY;
    }
    if (pthread_create(&janitor->thread, NULL, janitor_main, janitor)) {
        pause_done(&janitor->pause);
        free(janitor);
        return ERR_MEMORY;
    }
    *ret_janitor = janitor;
    return ERR_OK;
}

void janitor_stop(struct janitor *janitor)
{
    if (!janitor)
        return;
    pause_end(&janitor->pause);
    pthread_join(janitor->thread, NULL);
    pause_done(&janitor->pause);
    free(janitor);
}
