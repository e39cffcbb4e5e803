/* SPDX-License-Identifier: MIT */
/*
 * A look reads everything with a reader of its own, which is closed again, and decides
 * (core/alarm). What it found is changed and told by watch_tell.c.
 */
#include "service/watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pause.h"
#include "core/web.h"
#include "watch_look.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    LOOK_BYTES_MAX = 16 * 1024 * 1024,
    MIB = 1024 * 1024,
    SUBJECT_MAX = 500
};

struct watch {
    struct watch_options options;
    struct commit *commit;
    struct store *writer;
    struct forms *forms;
    struct outbox *outbox;
    pthread_t thread;
    struct pause pause;
};

struct form_history {
    struct form_history *next;
    struct str form;
    struct alarm_history history;
};

/* A look with what only this file needs. */
struct round {
    struct look look;
    struct watch *watch;
    struct store *reader;
    struct form_history *histories;
    int64_t today;
};

/* --- findings ------------------------------------------------------------ */

static struct finding *find(struct look *look, struct str kind, struct str form, struct str name)
{
    struct finding *finding = look->findings;

    while (finding &&
           !(str_equal(finding->alarm.kind, kind) && str_equal(finding->alarm.form, form) &&
             str_equal(finding->alarm.name, name)))
        finding = finding->next;
    return finding;
}

static enum err add(struct look *look, const struct alarm *alarm, struct finding **ret_finding)
{
    struct finding *finding = arena_alloc(&look->arena, sizeof *finding);
    struct finding **end = &look->findings;

    if (!finding)
        return ERR_MEMORY;
    *finding = (struct finding){.alarm = *alarm};
    TRY(arena_keep(&look->arena, alarm->kind, &finding->alarm.kind));
    TRY(arena_keep(&look->arena, alarm->form, &finding->alarm.form));
    TRY(arena_keep(&look->arena, alarm->name, &finding->alarm.name));
    TRY(arena_keep(&look->arena, alarm->text, &finding->alarm.text));
    while (*end)
        end = &(*end)->next;
    *end = finding;
    *ret_finding = finding;
    return ERR_OK;
}

static enum err see_alarm(void *arg, const struct alarm *alarm)
{
    struct finding *finding = NULL;

    TRY(add(arg, alarm, &finding));
    finding->was_raised = true;
    return ERR_OK;
}

/* In words that tell how it is now; what was wrong already keeps its time, unless it is louder. */
static enum err raise(struct look *look, const struct alarm *alarm, const struct buf *subject,
                      bool is_louder)
{
    struct finding *finding = find(look, alarm->kind, alarm->form, alarm->name);
    bool is_known = finding != NULL;

    if (!is_known)
        TRY(add(look, alarm, &finding));
    finding->is_raised = true;
    TRY(arena_keep(&look->arena, buf_str(subject), &finding->subject));
    if (!is_known || str_equal(finding->alarm.text, alarm->text))
        return ERR_OK;
    finding->is_reworded = true;
    finding->is_louder = is_louder;
    if (is_louder)
        finding->alarm.since_ms = alarm->since_ms;
    return arena_keep(&look->arena, alarm->text, &finding->alarm.text);
}

static enum err raise_servers(struct look *look, const char *kind, const char *subject,
                              const struct buf *text, bool is_louder)
{
    const struct alarm alarm = {.kind = str_of(kind),
                                .form = STR(""),
                                .name = STR(""),
                                .since_ms = look->now_ms,
                                .text = buf_str(text)};
    CLEANUP(buf_done) struct buf line = buf_new(SUBJECT_MAX);

    buf_put(&line, str_of(subject));
    return raise(look, &alarm, &line, is_louder);
}

/* What was wrong is right again: worth telling, unlike what was only taken away. */
static enum err end(struct look *look, struct finding *finding, const struct buf *subject,
                    const struct buf *text)
{
    TRY(arena_keep(&look->arena, buf_str(subject), &finding->subject));
    return arena_keep(&look->arena, buf_str(text), &finding->over);
}

static enum err end_servers(struct look *look, const char *kind, const char *text)
{
    struct finding *known = find(look, str_of(kind), STR(""), STR(""));
    CLEANUP(buf_done) struct buf line = buf_new(SUBJECT_MAX);

    buf_put(&line, str_of(text));
    return known ? end(look, known, &line, &line) : ERR_OK;
}

/* What nobody has looked at since the start is what it was. */
static void keep(struct look *look, struct str kind, struct str form)
{
    struct finding *known = find(look, kind, form, STR(""));

    if (known)
        known->is_raised = known->was_raised;
}

/* --- looking ------------------------------------------------------------- */

static enum err raise_destination(struct look *look, const struct destination_tally *tally)
{
    CLEANUP(buf_done) struct buf subject = buf_new(SUBJECT_MAX);
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);

    alarm_destination_name(tally->form, tally->name, &subject);
    buf_put(&subject, STR(" fails"));
    alarm_destination_render(tally, &text);
    const struct alarm alarm = {.kind = STR("destination"),
                                .form = tally->form,
                                .name = tally->name,
                                .since_ms = look->now_ms,
                                .text = buf_str(&text)};
    return raise(look, &alarm, &subject, false);
}

static enum err end_destination(struct look *look, const struct destination_tally *tally)
{
    struct finding *known = find(look, STR("destination"), tally->form, tally->name);
    CLEANUP(buf_done) struct buf subject = buf_new(SUBJECT_MAX);
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);
    char at[CLOCK_TEXT_LEN + 1];

    if (!known || !tally->delivered_at_ms)
        return ERR_OK;
    alarm_destination_name(tally->form, tally->name, &subject);
    buf_put(&subject, STR(" is reached again"));
    clock_format(tally->delivered_at_ms, at);
    buf_put(&text, buf_str(&subject));
    buf_printf(&text, ", the last time at %s; %lld wait, %lld were given up", at,
               (long long)tally->waiting, (long long)tally->failed);
    return end(look, known, &subject, &text);
}

static enum err see_destination(void *arg, const struct destination_tally *tally)
{
    struct look *look = arg;

    if (!forms_have_destination(look->forms, tally->form, tally->name))
        return ERR_OK; /* it was taken away */
    if (alarm_destination(tally, look->now_ms))
        return raise_destination(look, tally);
    return tally->failing_since_ms ? ERR_OK : end_destination(look, tally);
}

static struct form_history *find_history(const struct round *round, struct str form)
{
    struct form_history *history = round->histories;

    while (history && !str_equal(history->form, form))
        history = history->next;
    return history;
}

static enum err see_tally(void *arg, const struct tally *tally)
{
    struct round *round = arg;
    struct form_history *history = find_history(round, tally->form);
    int64_t ago = round->today - tally->day;

    if (tally->day == TALLY_ALL_DAYS || ago < 0 || ago >= ALARM_HISTORY_DAYS ||
        STATES_FLAGGED >> tally->state & 1)
        return ERR_OK;
    if (!history) {
        history = arena_alloc(&round->look.arena, sizeof *history);
        if (!history)
            return ERR_MEMORY;
        *history = (struct form_history){.next = round->histories};
        TRY(arena_keep(&round->look.arena, tally->form, &history->form));
        round->histories = history;
    }
    history->history.days[ago] += (uint32_t)tally->count;
    return ERR_OK;
}

/* `how`: what makes it an alarm. */
static enum err raise_silence(struct look *look, struct str form, const struct buf *how)
{
    CLEANUP(buf_done) struct buf subject = buf_new(SUBJECT_MAX);
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);

    buf_put(&subject, form);
    buf_put(&subject, STR(" is silent"));
    buf_put(&text, STR("the form "));
    buf_put(&text, form);
    buf_put(&text, buf_str(how));
    const struct alarm alarm = {.kind = STR("silence"),
                                .form = form,
                                .name = STR(""),
                                .since_ms = look->now_ms,
                                .text = buf_str(&text)};
    return raise(look, &alarm, &subject, false);
}

static enum err end_silence(struct look *look, struct finding *known)
{
    CLEANUP(buf_done) struct buf subject = buf_new(SUBJECT_MAX);
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);

    buf_put(&subject, known->alarm.form);
    buf_put(&subject, STR(" has messages again"));
    buf_put(&text, STR("the form "));
    buf_put(&text, buf_str(&subject));
    return end(look, known, &subject, &text);
}

/* At the end of what the form's own word has raised. */
#define LIMIT "(silenceDays)"

static bool is_by_setting(const struct finding *finding)
{
    struct str text = finding->alarm.text, limit = STR(LIMIT);

    return text.len > limit.len &&
           str_equal((struct str){text.ptr + text.len - limit.len, limit.len}, limit);
}

/* By the past. What that has raised stays so until a message comes, however long that takes. */
static enum err judge_history(struct round *round, const struct form_history *history)
{
    struct look *look = &round->look;
    struct finding *known = find(look, STR("silence"), history->form, STR(""));
    CLEANUP(buf_done) struct buf how = buf_new(ALARM_TEXT_MAX);
    uint32_t days;

    bool is_silent = alarm_silence(&history->history, &days);
    bool is_answered = known && round->today - days >= known->alarm.since_ms / DAY_MS;
    if (!is_silent && is_answered)
        return end_silence(look, known);
    if (!is_silent && (!known || is_by_setting(known)))
        return ERR_OK;
    buf_printf(&how, " has had no message for %u days, which is unusual for it", (unsigned)days);
    return raise_silence(look, history->form, &how);
}

static enum err see_newest(void *arg, const struct submission *row)
{
    *(int64_t *)arg = id_wall_ms(&row->id);
    return ERR_OK;
}

/* By the form's own word: from its last message, or from when it was made. */
static enum err judge_setting(struct round *round, const struct form_entry *entry)
{
    struct look *look = &round->look;
    const struct submission_filter filter = {.form = entry->name, .limit = 1};
    struct finding *known = find(look, STR("silence"), entry->name, STR(""));
    CLEANUP(buf_done) struct buf how = buf_new(ALARM_TEXT_MAX);
    int64_t newest_ms = 0;

    TRY(store_submission_list(round->reader, &filter, see_newest, &newest_ms));
    int64_t since_ms = newest_ms ? newest_ms : entry->created_at_ms;
    int64_t days = (look->now_ms - since_ms) / DAY_MS;
    uint32_t most = entry->rules->notice.silence_days;
    if (days < (int64_t)most)
        return known && newest_ms > known->alarm.since_ms ? end_silence(look, known) : ERR_OK;
    buf_printf(&how,
               newest_ms ? " has had no message for %lld days"
                         : " has no message, and was made %lld days ago",
               (long long)days);
    buf_printf(&how, "; its limit is %u " LIMIT, (unsigned)most);
    return raise_silence(look, entry->name, &how);
}

static enum err judge_form(struct round *round, const struct form_entry *entry)
{
    if (entry->rules->notice.silence_days)
        return judge_setting(round, entry);
    const struct form_history *history = find_history(round, entry->name);
    if (history)
        return judge_history(round, history);
    struct finding *known = find(&round->look, STR("silence"), entry->name, STR(""));
    if (known && !is_by_setting(known))
        keep(&round->look, STR("silence"), entry->name);
    return ERR_OK;
}

static enum err judge_forms(struct round *round)
{
    struct forms *forms = round->look.forms;
    const struct form_entry *entry = forms_after(forms, STR(""));
    enum err err = ERR_OK;

    while (entry && err == ERR_OK) {
        err = judge_form(round, entry);
        const struct form_entry *next = forms_after(forms, entry->name);
        form_entry_release(entry);
        entry = next;
    }
    form_entry_release(entry);
    return err;
}

/* A name that is not registered can have messages, and no word of its own. */
static bool is_registered(struct forms *forms, struct str name)
{
    const struct form_entry *entry = forms_find(forms, name);
    bool is_its_name = entry && str_equal(entry->name, name);

    form_entry_release(entry);
    return is_its_name;
}

static enum err look_for_silence(struct round *round)
{
    round->today = round->look.now_ms / DAY_MS;
    TRY(store_tally_list(round->reader, round->today - ALARM_HISTORY_DAYS + 1, (struct str){0},
                         see_tally, round));
    for (const struct form_history *it = round->histories; it; it = it->next)
        if (!is_registered(round->look.forms, it->form))
            TRY(judge_history(round, it));
    return judge_forms(round);
}

static enum err look_at_disk(struct look *look, const char *database)
{
    const struct finding *known = find(look, STR("disk"), STR(""), STR(""));
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);
    struct statvfs disk;

    if (!database || statvfs(database, &disk))
        return ERR_OK;
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    uint64_t total_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
    if (!alarm_disk(free_bytes, total_bytes, known && known->was_raised))
        return end_servers(look, "disk", "the disk of the database has room again");
    buf_printf(&text, "the disk of the database is nearly full: %llu of %llu MB are free",
               (unsigned long long)(free_bytes / MIB), (unsigned long long)(total_bytes / MIB));
    return raise_servers(look, "disk", "the disk is nearly full", &text, false);
}

static enum err look_at_canary(struct look *look, const struct canary *canary)
{
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);

    if (!canary || !canary_has_messages(canary))
        return ERR_OK;
    if (canary_news(canary)->message == CANARY_FINE)
        return end_servers(look, "canary", "messages come through the public address again");
    if (canary_news(canary)->message == CANARY_UNKNOWN) {
        keep(look, STR("canary"), STR(""));
        return ERR_OK;
    }
    buf_put(&text, STR("messages may not come through "));
    buf_put(&text, canary_url(canary));
    buf_put(&text, STR(", two test messages in a row did not: "));
    buf_put(&text, str_of(canary_news(canary)->reason));
    return raise_servers(look, "canary", "messages may not come through", &text, false);
}

/* Whichever ends first: the public address's, or our own. 0: neither is known. */
static int64_t first_end(const struct watch_options *options, struct str *ret_host)
{
    int64_t public_ms = options->canary ? canary_news(options->canary)->certificate_ends_ms : 0;
    int64_t own_ms = options->certificate_ends_ms ? options->certificate_ends_ms(options->arg) : 0;

    if (own_ms && (!public_ms || own_ms < public_ms)) {
        *ret_host = STR("this server itself (tls-cert)");
        return own_ms;
    }
    if (public_ms)
        *ret_host = web_url_host(canary_url(options->canary));
    return public_ms;
}

/* Its words are others when it is later, or another certificate. */
static enum err look_at_certificate(struct look *look, const struct watch_options *options)
{
    const struct canary *canary = options->canary;
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX), remedy = buf_new(ALARM_TEXT_MAX);
    struct str host = {0};

    int64_t ends_ms = first_end(options, &host);
    enum certificate_state state =
        ends_ms ? alarm_certificate(ends_ms, look->now_ms) : CERTIFICATE_FINE;
    if (state != CERTIFICATE_FINE) {
        alarm_certificate_render(host, ends_ms, look->now_ms, &text, &remedy);
        buf_put(&text, STR("; "));
        buf_put(&text, buf_str(&remedy));
        return raise_servers(look, "certificate",
                             state == CERTIFICATE_OVER ? "a certificate has ended"
                                                       : "a certificate ends soon",
                             &text, state >= CERTIFICATE_URGENT);
    }
    if (canary && canary_news(canary)->has_certificate && !canary_news(canary)->certificate_ends_ms)
        keep(look, STR("certificate"), STR(""));
    return ends_ms ? end_servers(look, "certificate", "the certificate has been renewed") : ERR_OK;
}

/* --- one look ------------------------------------------------------------ */

static enum err look_round(struct round *round)
{
    const struct watch_options *options = &round->watch->options;
    struct look *look = &round->look;

    TRY(store_alarm_list(round->reader, see_alarm, look));
    TRY(store_destination_list(round->reader, see_destination, look));
    TRY(look_for_silence(round));
    TRY(look_at_disk(look, options->database));
    TRY(look_at_canary(look, options->canary));
    TRY(look_at_certificate(look, options));
    return look_tell(look);
}

static void look_once(struct watch *watch)
{
    struct round round = {
        .watch = watch,
        .look = {.commit = watch->commit, .forms = watch->forms, .now_ms = clock_wall_ms()}};
    struct err_detail detail = {""};

    arena_init(&round.look.arena, LOOK_BYTES_MAX, NULL, 0);
    enum err err = store_open_reader(watch->writer, &round.reader, &detail);
    if (err == ERR_OK)
        err = look_round(&round);
    if (err == ERR_OK && round.look.has_rows)
        outbox_nudge(watch->outbox);
    if (err != ERR_OK && err != ERR_STOPPING)
        LOG(LOG_WARN, "watch_failed", LOG_TEXT("reason", err_text(err)));
    store_close(round.reader);
    arena_done(&round.look.arena);
}

/* --- the thread ---------------------------------------------------------- */

/* The canary's part; whether it has news. */
static bool try_canary(struct watch *watch)
{
    struct canary *canary = watch->options.canary;

    return canary && clock_mono_ms() >= canary_due_ms(canary) && canary_try(canary);
}

/* Until a look or the canary is due. */
static int64_t rest_ms(const struct watch *watch, int64_t look_at_ms)
{
    const struct canary *canary = watch->options.canary;
    bool is_canarys = canary && canary_due_ms(canary) < look_at_ms;

    return (is_canarys ? canary_due_ms(canary) : look_at_ms) - clock_mono_ms();
}

static void *watch_main(void *arg)
{
    struct watch *watch = arg;
    int64_t look_at_ms = clock_mono_ms() + watch->options.first_ms;

    while (pause_ms(&watch->pause, rest_ms(watch, look_at_ms))) {
        if (!try_canary(watch) && clock_mono_ms() < look_at_ms)
            continue;
        look_once(watch);
        look_at_ms = clock_mono_ms() + watch->options.period_ms;
    }
    return NULL;
}

enum err watch_start(const struct watch_options *options, struct commit *commit,
                     struct store *writer, struct forms *forms, struct outbox *outbox,
                     struct watch **ret_watch, struct err_detail *detail)
{
    struct watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return ERR_MEMORY;
    *watch = (struct watch){
        .options = *options, .commit = commit, .writer = writer, .forms = forms, .outbox = outbox};
    if (pause_init(&watch->pause) != ERR_OK) {
        free(watch);
        return ERR_MEMORY;
    }
    if (pthread_create(&watch->thread, NULL, watch_main, watch)) {
        pause_done(&watch->pause);
        free(watch);
        return err_set(detail, ERR_MEMORY, "cannot start the thread of alarms");
    }
    *ret_watch = watch;
    return ERR_OK;
}

void watch_stop(struct watch *watch)
{
    if (!watch)
        return;
    pause_end(&watch->pause);
    canary_break_off(watch->options.canary);
    pthread_join(watch->thread, NULL);
    pause_done(&watch->pause);
    free(watch);
}
