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
    bool is_its_own = entry && entry->notice && str_equal(entry->name, form);
    uint32_t days = is_its_own ? entry->notice->silence_days : 0;

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

static enum err telling_run(struct job *job, struct store *writer)
{
    struct telling *self = CONTAINER_OF(job, struct telling, job);

    for (const struct finding *it = self->look->findings; it; it = it->next) {
        if (it->is_raised == it->was_raised)
            continue;
        if (it->is_raised) {
            TRY(store_alarm_add(writer, &it->alarm));
            TRY(tell(self, writer, &it->alarm));
        } else {
            TRY(store_alarm_delete(writer, it->alarm.kind, it->alarm.form, it->alarm.name));
        }
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
        has_news |= it->is_raised != it->was_raised;
    if (!has_news)
        return ERR_OK;
    TRY(commit_run(look->watch->commit, &telling.job));
    for (const struct finding *it = look->findings; it; it = it->next)
        if (it->is_raised != it->was_raised)
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

static void *watch_main(void *arg)
{
    struct watch *watch = arg;
    int64_t wait_ms = watch->options.first_ms;

    while (pause_ms(&watch->pause, wait_ms)) {
        look_once(watch);
        wait_ms = watch->options.period_ms;
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
    pthread_join(watch->thread, NULL);
    pause_done(&watch->pause);
    free(watch);
}
