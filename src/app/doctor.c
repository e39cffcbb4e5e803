/* SPDX-License-Identifier: MIT */
/*
 * The verb `doctor`: everything that goes wrong outside the program, looked at and
 * told with what mends it. All checks run at once, each bounded in itself;
 * one that does not come back all the same is left behind, and said so.
 */
#include "doctor.h"

#include <pthread.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "sending.h"
#include "verbs.h"

enum { PATIENCE_S = 40, TEXT_MAX_BYTES = 64 * 1024 };

static const struct check CHECKS[] = {
    {"configuration", check_configuration, "contactd check-config shows what is in force"},
    {"disk", check_disk, "free some space, or name another place with --database"},
    {"database", check_database,
     "restore a backup, or give the file to the user that contactd runs as"},
    {"deliveries", check_deliveries,
     "see contactd delivery list --state failed; mend what it says, then contactd delivery retry"},
    {"port", check_port, "stop what uses it or choose another --listen"},
    {"certificate", check_certificate, "give tls-cert and tls-key the files of one issue"},
    {"clock", check_clock, "let the machine keep its time (systemd-timesyncd, chrony)"},
    {"spf", check_spf, "add a TXT record such as \"v=spf1 include:YOUR-MAIL-SERVICE -all\""},
    {"dkim", check_dkim, "publish the key that the mail service shows you as a TXT record"},
    {"dmarc", check_dmarc, "add a TXT record at _dmarc such as \"v=DMARC1; p=quarantine\""},
    {"mx", check_mx, "send from a domain that takes mail, so that replies and bounces arrive"},
    {"mail server", check_mail_server, "compare smtp-url with what the mail service tells"},
    {"public url", check_public_url, "compare public-url with the proxy's configuration"},
    {"proxy", check_proxy, "set trusted-proxies to the proxy's address, such as 127.0.0.1"},
    {"test mail", check_test_mail, "see the line \"mail server\""},
};

static const char *const LEVELS[] = {"ok", "warning", "problem"};

void finding_set(struct finding *finding, enum level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    finding->level = level;
    vsnprintf(finding->text, sizeof finding->text, format, args);
    va_end(args);
}

void finding_mend(struct finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(finding->remedy, sizeof finding->remedy, format, args);
    va_end(args);
}

/* --- all at once --------------------------------------------------------- */

/* Static, since threads that are left behind still write to it. */
static struct exam {
    pthread_t thread;
    struct finding finding;
    bool is_started, is_done; /* the latter with the lock */
} exams[COUNTOF(CHECKS)];

static struct patient patient;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_news = PTHREAD_COND_INITIALIZER;

static void *examine(void *arg)
{
    struct exam *exam = arg;
    struct finding finding = {.level = LEVEL_OK};

    CHECKS[exam - exams].run(&patient, &finding);
    pthread_mutex_lock(&lock);
    exam->finding = finding;
    exam->is_done = true;
    pthread_cond_broadcast(&has_news);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void start_all(void)
{
    for (size_t i = 0; i < COUNTOF(exams); i++)
        exams[i].is_started = pthread_create(&exams[i].thread, NULL, examine, &exams[i]) == 0;
}

/* Waits for one of them; false: it did not come back in time. */
static bool wait_for(struct exam *exam, const struct timespec *end, struct finding *ret_finding)
{
    int is_late = !exam->is_started;

    pthread_mutex_lock(&lock);
    while (!exam->is_done && !is_late)
        is_late = pthread_cond_timedwait(&has_news, &lock, end);
    bool is_done = exam->is_done;
    *ret_finding = exam->finding;
    pthread_mutex_unlock(&lock);
    if (is_done)
        pthread_join(exam->thread, NULL);
    else
        finding_set(ret_finding, LEVEL_PROBLEM, "no result within %d seconds", PATIENCE_S);
    return is_done;
}

/* --- telling ------------------------------------------------------------- */

static void tell_json(struct buf *out, const struct check *check, const struct finding *finding,
                      const char *remedy)
{
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "name", str_of(check->name));
    js_field_string(out, "level", str_of(LEVELS[finding->level]));
    js_field_string(out, "text", str_of(finding->text));
    js_field_string(out, "remedy", str_of(finding->level == LEVEL_OK ? NULL : remedy));
    js_close(out, '}');
}

static void tell(const struct cli *cli, struct buf *out, size_t index,
                 const struct finding *finding)
{
    const struct check *check = &CHECKS[index];
    const char *remedy = finding->remedy[0] ? finding->remedy : check->remedy;

    if (finding->text[0] == '\0')
        return; /* it was not asked for */
    if (cli->is_json) {
        tell_json(out, check, finding, remedy);
        return;
    }
    printf("%-8s %-14s %s\n", LEVELS[finding->level], check->name, finding->text);
    if (finding->level != LEVEL_OK)
        printf("%-8s %-14s -> %s\n", "", "", remedy);
    fflush(stdout);
}

/* One that is left behind must not find the configuration gone. */
static enum exit_code end(bool has_all, bool is_healthy)
{
    enum exit_code code = is_healthy ? EXIT_OK : EXIT_FAILED;

    if (has_all)
        return code;
    fflush(stdout);
    _exit((int)code);
}

enum exit_code verb_doctor(struct cli *cli)
{
    CLEANUP(buf_done) struct buf out = buf_new(TEXT_MAX_BYTES);
    bool has_all = true, is_healthy = true;
    struct timespec until;

    patient = (struct patient){
        .config = &cli->config, .dkim_selector = cli->dkim_selector, .send_test = cli->send_test};
    enum err err =
        sending_read(&cli->config, &cli->config.arena, &patient.sending, &patient.sending_error);
    err_set(&patient.sending_error, err, "%s", err == ERR_OK ? "" : err_text(err));
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    start_all();
    js_open(&out, '[');
    for (size_t i = 0; i < COUNTOF(exams); i++) {
        struct finding finding;
        has_all = wait_for(&exams[i], &until, &finding) && has_all;
        is_healthy = is_healthy && finding.level != LEVEL_PROBLEM;
        tell(cli, &out, i, &finding);
    }
    js_close(&out, ']');
    if (cli->is_json && buf_status(&out) == ERR_OK)
        printf("{\"ok\":%s,\"checks\":%.*s}\n", is_healthy ? "true" : "false", (int)out.len,
               out.ptr);
    return end(has_all, is_healthy);
}
