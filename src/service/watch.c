/* SPDX-License-Identifier: MIT */
/*
 * A look reads everything with a reader of its own, which is closed again, decides
 * (core/alarm), and changes the list of alarms in one job of the committer's, with the
 * rows of whoever is to hear of what is new.
 */
#include "service/watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pause.h"
#include "core/alarm.h"
#include "core/web.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, LOOK_BYTES_MAX = 16 * 1024 * 1024, MIB = 1024 * 1024 };

struct watch {
    struct watch_options options;
    struct commit *commit;
    struct store *writer;
    struct forms *forms;
    struct outbox *outbox;
    pthread_t thread;
    struct pause pause;
};

/* One alarm: as it was, as it is to be, or both. */
struct finding {
    struct finding *next;
    struct alarm alarm;
    bool was_raised, is_raised;
    bool is_reworded; /* still raised, in other words */
    bool is_louder;   /* and so wrong by now that everybody is told anew */
};

struct form_history {
    struct form_history *next;
    struct str form;
    struct alarm_history history;
};

struct look {
    struct watch *watch;
    struct store *reader;
    struct arena arena;
    struct finding *findings;
    struct form_history *histories;
    int64_t now_ms, today;
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

    if (!finding)
        return ERR_MEMORY;
    *finding = (struct finding){.next = look->findings, .alarm = *alarm};
    TRY(arena_keep(&look->arena, alarm->kind, &finding->alarm.kind));
    TRY(arena_keep(&look->arena, alarm->form, &finding->alarm.form));
    TRY(arena_keep(&look->arena, alarm->name, &finding->alarm.name));
    TRY(arena_keep(&look->arena, alarm->text, &finding->alarm.text));
    look->findings = finding;
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

/* What is still wrong keeps its time and its words. */
static enum err raise(struct look *look, struct str kind, struct str form, struct str name,
                      const struct buf *text)
{
    const struct alarm alarm = {
        .kind = kind, .form = form, .name = name, .since_ms = look->now_ms, .text = buf_str(text)};
    struct finding *finding = find(look, kind, form, name);

    if (!finding)
        TRY(add(look, &alarm, &finding));
    finding->is_raised = true;
    return ERR_OK;
}

/* The same for what must be told as it is now. */
static enum err raise_as_it_is(struct look *look, struct str kind, const struct buf *text,
                               bool is_louder)
{
    struct finding *known = find(look, kind, STR(""), STR(""));

    if (!known || str_equal(known->alarm.text, buf_str(text)))
        return raise(look, kind, STR(""), STR(""), text);
    known->is_raised = known->is_reworded = true;
    known->is_louder = is_louder;
    if (is_louder)
        known->alarm.since_ms = look->now_ms;
    return arena_keep(&look->arena, buf_str(text), &known->alarm.text);
}

/* What nobody has looked at since the start is what it was. */
static void keep(struct look *look, struct str kind)
{
    struct finding *known = find(look, kind, STR(""), STR(""));

    if (known)
        known->is_raised = known->was_raised;
}

/* --- looking ------------------------------------------------------------- */

static enum err see_destination(void *arg, const struct destination_tally *tally)
{
    struct look *look = arg;
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);
    char since[CLOCK_TEXT_LEN + 1];

    if (!alarm_destination(tally, look->now_ms))
        return ERR_OK;
    clock_format(tally->failing_since_ms, since);
    buf_put(&text, tally->name);
    if (tally->form.len) {
        buf_put(&text, STR(" of the form "));
        buf_put(&text, tally->form);
    }
    buf_printf(&text, " has not been reached since %s; %lld wait, %lld were given up", since,
               (long long)tally->waiting, (long long)tally->failed);
    if (tally->error.ptr) {
        buf_put(&text, STR(". The last answer: "));
        buf_put(&text, tally->error);
    }
    return raise(look, STR("destination"), tally->form, tally->name, &text);
}

static enum err see_tally(void *arg, const struct tally *tally)
{
    struct look *look = arg;
    struct form_history *history = look->histories;
    int64_t ago = look->today - tally->day;

    if (tally->day == TALLY_ALL_DAYS || ago < 0 || ago >= ALARM_HISTORY_DAYS ||
        STATES_FLAGGED >> tally->state & 1)
        return ERR_OK;
    while (history && !str_equal(history->form, tally->form))
        history = history->next;
    if (!history) {
        history = arena_alloc(&look->arena, sizeof *history);
        if (!history)
            return ERR_MEMORY;
        *history = (struct form_history){.next = look->histories};
        TRY(arena_keep(&look->arena, tally->form, &history->form));
        look->histories = history;
    }
    history->history.days[ago] += (uint32_t)tally->count;
    return ERR_OK;
}

/* The form's word, if it has one; a form that is not registered is judged by its history. */
static uint32_t silence_days(struct look *look, struct str form)
{
    const struct form_entry *entry = forms_find(look->watch->forms, form);
    bool is_its_own = entry && str_equal(entry->name, form);
    uint32_t days = is_its_own ? entry->rules->notice.silence_days : 0;

    form_entry_release(entry);
    return days;
}

static enum err judge_silence(struct look *look, const struct form_history *history)
{
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);
    uint32_t days;

    if (!alarm_silence(&history->history, silence_days(look, history->form), &days))
        return ERR_OK;
    buf_put(&text, STR("the form "));
    buf_put(&text, history->form);
    buf_printf(&text, " has had no message for %u days, which is unusual for it", (unsigned)days);
    return raise(look, STR("silence"), history->form, STR(""), &text);
}

static enum err look_for_silence(struct look *look)
{
    look->today = look->now_ms / DAY_MS;
    TRY(store_tally_list(look->reader, look->today - ALARM_HISTORY_DAYS + 1, (struct str){0},
                         see_tally, look));
    for (const struct form_history *it = look->histories; it; it = it->next)
        TRY(judge_silence(look, it));
    return ERR_OK;
}

static enum err look_at_disk(struct look *look)
{
    const struct finding *known = find(look, STR("disk"), STR(""), STR(""));
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);
    struct statvfs disk;

    if (!look->watch->options.database || statvfs(look->watch->options.database, &disk))
        return ERR_OK;
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    uint64_t total_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
    if (!alarm_disk(free_bytes, total_bytes, known && known->was_raised))
        return ERR_OK;
    buf_printf(&text, "the disk of the database is nearly full: %llu of %llu MB are free",
               (unsigned long long)(free_bytes / MIB), (unsigned long long)(total_bytes / MIB));
    return raise(look, STR("disk"), STR(""), STR(""), &text);
}

static enum err look_at_canary(struct look *look)
{
    const struct canary *canary = look->watch->options.canary;
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);

    if (!canary || !canary_has_messages(canary) || canary_news(canary)->message == CANARY_FINE)
        return ERR_OK;
    if (canary_news(canary)->message == CANARY_UNKNOWN) {
        keep(look, STR("canary"));
        return ERR_OK;
    }
    buf_put(&text, STR("messages may not come through "));
    buf_put(&text, canary_url(canary));
    buf_put(&text, STR(", two test messages in a row did not: "));
    buf_put(&text, str_of(canary_news(canary)->reason));
    return raise_as_it_is(look, STR("canary"), &text, false);
}

/* Whichever ends first: the public address's, or our own. 0: neither is known. */
static int64_t first_end(const struct look *look, struct str *ret_host)
{
    const struct watch_options *options = &look->watch->options;
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
static enum err look_at_certificate(struct look *look)
{
    const struct canary *canary = look->watch->options.canary;
    CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);
    struct str host = {0};

    int64_t ends_ms = first_end(look, &host);
    enum certificate_state state =
        ends_ms ? alarm_certificate(ends_ms, look->now_ms) : CERTIFICATE_FINE;
    if (state != CERTIFICATE_FINE) {
        alarm_certificate_render(host, ends_ms, look->now_ms, &text);
        return raise_as_it_is(look, STR("certificate"), &text, state >= CERTIFICATE_URGENT);
    }
    if (canary && canary_news(canary)->has_certificate && !canary_news(canary)->certificate_ends_ms)
        keep(look, STR("certificate"));
    return ERR_OK;
}

/* --- telling: the committer's part --------------------------------------- */

struct telling {
    struct job job;
    struct look *look;
    bool has_rows;
};

static enum err tell_notice(struct telling *self, struct store *writer, const struct alarm *alarm,
                            const struct notice *notice, struct str form)
{
    int64_t now_ms = self->look->now_ms;

    for (size_t i = 0; notice && i < notice->count; i++) {
        const struct destination *destination = &notice->destinations[i];
        if (destination->channel == CHANNEL_REPLY || str_equal(destination->name, alarm->name))
            continue;
        const struct delivery row = {.id = store_next_id(writer, now_ms),
                                     .form = form,
                                     .destination = destination->name,
                                     .due_at_ms = now_ms,
                                     .changed_at_ms = now_ms,
                                     .text = alarm->text};
        TRY(store_delivery_insert(writer, &row));
        self->has_rows = true;
    }
    return ERR_OK;
}

/* Everybody else who hears of the form, and the server's own people. */
static enum err tell(struct telling *self, struct store *writer, const struct alarm *alarm)
{
    struct forms *forms = self->look->watch->forms;
    const struct form_entry *entry = alarm->form.len ? forms_find(forms, alarm->form) : NULL;
    const struct notice *notice = entry ? entry->notice : NULL;
    enum err err = ERR_OK;

    if (notice != forms_server_notice(forms))
        err = tell_notice(self, writer, alarm, notice, alarm->form);
    if (err == ERR_OK)
        err = tell_notice(self, writer, alarm, forms_server_notice(forms), STR(""));
    form_entry_release(entry);
    return err;
}

static bool is_news(const struct finding *finding)
{
    return finding->is_raised != finding->was_raised || finding->is_reworded;
}

static bool is_told(const struct finding *finding)
{
    return finding->is_raised && (!finding->was_raised || finding->is_louder);
}

static enum err telling_run(struct job *job, struct store *writer)
{
    struct telling *self = CONTAINER_OF(job, struct telling, job);

    for (const struct finding *it = self->look->findings; it; it = it->next) {
        if (!is_news(it))
            continue;
        if (it->was_raised)
            TRY(store_alarm_delete(writer, it->alarm.kind, it->alarm.form, it->alarm.name));
        if (it->is_raised)
            TRY(store_alarm_add(writer, &it->alarm));
        if (is_told(it))
            TRY(tell(self, writer, &it->alarm));
    }
    return ERR_OK;
}

static void log_finding(const struct finding *finding)
{
    if (finding->is_raised)
        LOG(LOG_ERROR, "alarm", LOG_STR("kind", finding->alarm.kind),
            LOG_STR("text", finding->alarm.text));
    else
        LOG(LOG_INFO, "alarm_over", LOG_STR("kind", finding->alarm.kind),
            LOG_STR("form", finding->alarm.form), LOG_STR("destination", finding->alarm.name));
}

static enum err tell_all(struct look *look)
{
    struct telling telling = {.job.run = telling_run, .look = look};
    bool has_news = false;

    for (const struct finding *it = look->findings; it; it = it->next)
        has_news |= is_news(it);
    if (!has_news)
        return ERR_OK;
    TRY(commit_run(look->watch->commit, &telling.job));
    for (const struct finding *it = look->findings; it; it = it->next)
        if (is_news(it))
            log_finding(it);
    if (telling.has_rows)
        outbox_nudge(look->watch->outbox);
    return ERR_OK;
}

/* --- one look ------------------------------------------------------------ */

static enum err look_round(struct look *look)
{
    TRY(store_alarm_list(look->reader, see_alarm, look));
    TRY(store_destination_list(look->reader, see_destination, look));
    TRY(look_for_silence(look));
    TRY(look_at_disk(look));
    TRY(look_at_canary(look));
    TRY(look_at_certificate(look));
    return tell_all(look);
}

static void look_once(struct watch *watch)
{
    struct look look = {.watch = watch, .now_ms = clock_wall_ms()};
    struct err_detail detail = {""};

    arena_init(&look.arena, LOOK_BYTES_MAX, NULL, 0);
    enum err err = store_open_reader(watch->writer, &look.reader, &detail);
    if (err == ERR_OK)
        err = look_round(&look);
    if (err != ERR_OK && err != ERR_STOPPING)
        LOG(LOG_WARN, "watch_failed", LOG_TEXT("reason", err_text(err)));
    store_close(look.reader);
    arena_done(&look.arena);
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
