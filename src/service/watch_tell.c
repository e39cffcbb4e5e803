/* SPDX-License-Identifier: MIT */
/*
 * What a look found becomes one letter for each who is to hear of it, however much it is:
 * its first line says it short, below it stands a line for each thing. All of it is one
 * job of the committer's. Who hears of a form hears of that form; the server's own people
 * hear of everything, and nobody hears twice. A destination that fails is not told of itself,
 * nor of others that do: it would only wait for it, too.
 */
#include "base/log.h"
#include "watch_look.h"

enum { LETTER_MAX = 8000 /* bytes of lines */, SUBJECT_MAX = 500 };

struct telling {
    struct job job;
    struct look *look;
};

static bool is_news(const struct finding *finding)
{
    return finding->is_raised != finding->was_raised || finding->is_reworded;
}

/* What is raised is told, and what has ended if there is something to say. */
static bool is_told(const struct finding *finding)
{
    if (finding->is_raised)
        return !finding->was_raised || finding->is_louder;
    return finding->was_raised && finding->over.ptr;
}

/* --- letters ------------------------------------------------------------- */

struct letter {
    struct buf subject, lines;
    size_t count, left_out;
};

static void letter_done(struct letter *letter)
{
    buf_done(&letter->subject);
    buf_done(&letter->lines);
}

static void letter_add(struct letter *letter, const struct finding *finding)
{
    struct str line = finding->is_raised ? finding->alarm.text : finding->over;

    if (!letter->count++)
        buf_put(&letter->subject, finding->subject);
    if (letter->lines.len + line.len + 2 > LETTER_MAX) {
        letter->left_out++;
        return;
    }
    buf_put_char(&letter->lines, '\n');
    buf_put(&letter->lines, line);
    buf_put_char(&letter->lines, '.');
}

static void letter_render(const struct letter *letter, struct buf *out)
{
    buf_put(out, STR("contactd: "));
    buf_put(out, buf_str(&letter->subject));
    if (letter->count > 1)
        buf_printf(out, ", and %zu more", letter->count - 1);
    buf_put_char(out, '\n');
    buf_put(out, buf_str(&letter->lines));
    if (letter->left_out)
        buf_printf(out, "\nand %zu more.", letter->left_out);
}

static enum err letter_send(struct telling *self, struct store *writer, const struct letter *letter,
                            struct str form, const struct destination *to)
{
    CLEANUP(buf_done) struct buf text = buf_new(LETTER_MAX + SUBJECT_MAX + 100);
    int64_t now_ms = self->look->now_ms;

    letter_render(letter, &text);
    TRY(buf_status(&text));
    const struct delivery row = {.id = store_next_id(writer, now_ms),
                                 .form = form,
                                 .destination = to->name,
                                 .due_at_ms = now_ms,
                                 .changed_at_ms = now_ms,
                                 .text = buf_str(&text)};
    self->look->has_rows = true;
    return store_delivery_insert(writer, &row);
}

/* --- who hears ----------------------------------------------------------- */

static bool is_same(const struct destination *a, const struct destination *b)
{
    return a->channel == b->channel && str_equal_nocase(a->address, b->address) &&
           str_equal(a->chat, b->chat) && str_equal(a->secret, b->secret);
}

static bool has_same(const struct notice *notice, const struct destination *to)
{
    for (size_t i = 0; notice && i < notice->count; i++)
        if (notice->destinations[i].wants_alarms && is_same(&notice->destinations[i], to))
            return true;
    return false;
}

static bool is_destinations(const struct finding *finding)
{
    return str_equal(finding->alarm.kind, STR("destination"));
}

/* Fails now, or did at the look before. */
static bool is_failing(const struct look *look, struct str form, const struct destination *to)
{
    for (const struct finding *it = look->findings; it; it = it->next)
        if (is_destinations(it) && str_equal(it->alarm.name, to->name) &&
            (!form.len || str_equal(it->alarm.form, form)))
            return true;
    return false;
}

/* An empty form: of everything. */
static enum err tell_one(struct telling *self, struct store *writer, struct str form,
                         const struct destination *to)
{
    CLEANUP(letter_done)
    struct letter letter = {.subject = buf_new(SUBJECT_MAX), .lines = buf_new(LETTER_MAX)};
    bool is_deaf = is_failing(self->look, form, to);

    for (const struct finding *it = self->look->findings; it; it = it->next)
        if (is_told(it) && !(is_deaf && is_destinations(it)) &&
            (!form.len || str_equal(it->alarm.form, form)))
            letter_add(&letter, it);
    return letter.count ? letter_send(self, writer, &letter, form, to) : ERR_OK;
}

/* But for those of `others`, who hear of it anyhow. */
static enum err tell_notice(struct telling *self, struct store *writer, struct str form,
                            const struct notice *notice, const struct notice *others)
{
    for (size_t i = 0; notice && i < notice->count; i++) {
        const struct destination *to = &notice->destinations[i];
        if (to->wants_alarms && !has_same(others, to))
            TRY(tell_one(self, writer, form, to));
    }
    return ERR_OK;
}

static enum err tell_form(struct telling *self, struct store *writer, struct str form)
{
    struct forms *forms = self->look->forms;
    const struct notice *servers = forms_server_notice(forms);
    const struct form_entry *entry = forms_find_or_default(forms, form);
    enum err err = ERR_OK;

    if (entry && entry->notice != servers)
        err = tell_notice(self, writer, form, entry->notice, servers);
    form_entry_release(entry);
    return err;
}

static bool is_first_of_form(const struct look *look, const struct finding *finding)
{
    const struct finding *it = look->findings;

    while (it != finding && !(is_told(it) && str_equal(it->alarm.form, finding->alarm.form)))
        it = it->next;
    return it == finding;
}

static enum err tell(struct telling *self, struct store *writer)
{
    const struct look *look = self->look;

    for (const struct finding *it = look->findings; it; it = it->next)
        if (is_told(it) && it->alarm.form.len && is_first_of_form(look, it))
            TRY(tell_form(self, writer, it->alarm.form));
    return tell_notice(self, writer, STR(""), forms_server_notice(look->forms), NULL);
}

/* --- the committer's part, and the log ----------------------------------- */

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
    }
    return tell(self, writer);
}

static void log_finding(const struct finding *finding)
{
    if (!finding->is_raised)
        LOG(LOG_INFO, "alarm_over", LOG_STR("kind", finding->alarm.kind),
            LOG_STR("form", finding->alarm.form), LOG_STR("destination", finding->alarm.name));
    else if (is_told(finding))
        LOG(LOG_ERROR, "alarm", LOG_STR("kind", finding->alarm.kind),
            LOG_STR("text", finding->alarm.text));
}

enum err look_tell(struct look *look)
{
    struct telling telling = {.job.run = telling_run, .look = look};
    bool has_news = false;

    for (const struct finding *it = look->findings; it; it = it->next)
        has_news |= is_news(it);
    if (!has_news)
        return ERR_OK;
    TRY(commit_run(look->commit, &telling.job));
    for (const struct finding *it = look->findings; it; it = it->next)
        if (is_news(it))
            log_finding(it);
    return ERR_OK;
}
