/* SPDX-License-Identifier: MIT */
/* The verb `serve`: start, say so, wait for a signal, stop. And `healthcheck`, its counterpart. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/password.h"
#include "listen.h"
#include "supervisor.h"
#include "verbs.h"

enum { URL_MAX = 512, CERTIFICATE_LOOK_MS = 2000 };

/* --- the first administrator --------------------------------------------- */

struct first_user_job {
    struct job job;
    struct user user;
};

static enum err first_user_run(struct job *job, struct store *writer)
{
    return store_user_insert(writer, &CONTAINER_OF(job, struct first_user_job, job)->user);
}

static enum err add_first_user(struct app *app, const char *hash)
{
    struct first_user_job self = {
        .job.run = first_user_run,
        .user = {.name = STR("admin"),
                 .password_hash = str_of(hash),
                 .role = ROLE_OWNER,
                 .created_at_ms = clock_wall_ms()},
    };

    return commit_run(app->commit, &self.job);
}

/*
 * Somebody must be able to read what arrives: a database without users gets
 * one. The password is shown here and nowhere else, ever.
 */
static void introduce(struct app *app, const char *url)
{
    uint8_t random[16];
    char password[PASSWORD_GENERATED_LEN + 1], hash[PASSWORD_HASH_LEN];

    secret_random(random, sizeof random);
    password_generate(random, password);
    enum err err = password_hash(str_of(password), hash);
    if (err == ERR_OK)
        err = add_first_user(app, hash);
    if (err == ERR_OK)
        printf(
            "\n"
            "The first administrator was made. This password is shown only once:\n\n"
            "    admin : %s\n\n"
            "Leave a message, then read it:\n\n"
            "    curl -H 'Content-Type: application/json' -d "
            "'{\"name\":\"Ada\",\"email\":\"ada@example.org\",\"message\":\"Hello!\"}' %s/contact\n"
            "    curl -u admin:%s %s/admin/submissions\n\n",
            password, url, password, url);
    else
        LOG(LOG_ERROR, "first_user_failed", LOG_TEXT("reason", err_text(err)),
            LOG_TEXT("remedy", "add one with: contactd user add NAME"));
    if (err == ERR_OK && (fflush(stdout) || ferror(stdout)))
        LOG(LOG_ERROR, "first_password_not_shown",
            LOG_TEXT("reason", "standard output cannot be written"),
            LOG_TEXT("remedy", "make a new one with: contactd user passwd admin"));
    secret_wipe(password, sizeof password);
    secret_wipe(random, sizeof random);
}

/* --- serving ------------------------------------------------------------- */

static void block_signals(sigset_t *ret_signals)
{
    sigemptyset(ret_signals);
    sigaddset(ret_signals, SIGTERM);
    sigaddset(ret_signals, SIGINT);
    sigaddset(ret_signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a size limit is a full disk, not a death */
}

static enum err beat(struct job *job, struct store *writer)
{
    (void)job;
    (void)writer;
    return ERR_OK;
}

/*
 * The committer is the heart: when it does a job, the watchdog hears of it. A full queue is no
 * sign of death as long as it moves.
 */
static void feed_watchdog(struct app *app, int64_t *commits)
{
    struct job job = {.run = beat};
    enum err err = commit_run(app->commit, &job);
    int64_t now = metric_get(METRIC_COMMITS);

    if (err != ERR_FULL || now != *commits)
        supervisor_tell("WATCHDOG=1");
    *commits = now;
}

static void reload(struct app *app)
{
    supervisor_tell_reloading();
    secure_reload(app->tls, "SIGHUP");
    supervisor_tell("READY=1");
}

/* Of two times that are waited; 0: not at all. */
static int64_t soonest(int64_t a_ms, int64_t b_ms)
{
    return a_ms && (!b_ms || a_ms < b_ms) ? a_ms : b_ms;
}

static int wait_for_end(struct app *app, const sigset_t *signals)
{
    int64_t watch_ms = supervisor_watch_ms(), commits = 0;
    int64_t wait_ms = soonest(watch_ms, app->tls ? CERTIFICATE_LOOK_MS : 0);
    const struct timespec limit = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};

    for (;;) {
        int number = wait_ms ? sigtimedwait(signals, NULL, &limit) : sigwaitinfo(signals, NULL);
        if (number == SIGHUP)
            reload(app);
        else if (number > 0)
            return number;
        if (number > 0 || !wait_ms || errno != EAGAIN)
            continue;
        if (app->tls && tls_has_changed(app->tls))
            secure_reload(app->tls, "its files have changed");
        if (watch_ms)
            feed_watchdog(app, &commits);
    }
}

enum exit_code verb_serve(struct cli *cli)
{
    static struct app app; /* its address is known to every thread */
    struct err_detail detail = {""};
    char url[URL_MAX];
    sigset_t signals;

    block_signals(&signals);
    enum exit_code code = app_start(&app, &cli->config, &detail);
    if (code != EXIT_OK) {
        fprintf(stderr, "contactd: %s\n", detail.text);
        if (app.started)
            _exit((int)code); /* threads still run, as below */
        return code;
    }
    listen_url(app.listener.fd, app.tls ? "https" : "http", url, sizeof url);
    LOG(LOG_INFO, "listening", LOG_TEXT("url", url), LOG_TEXT("version", CONTACTD_VERSION),
        LOG_TEXT("database", cli->config.database));
    if (app.redirect_server) {
        char from[URL_MAX];
        listen_url(app.redirect_listener.fd, "http", from, sizeof from);
        LOG(LOG_INFO, "redirecting", LOG_TEXT("url", from));
    }
    if (app.is_first_start)
        introduce(&app, url);
    supervisor_tell("READY=1");
    int number = wait_for_end(&app, &signals);
    supervisor_tell("STOPPING=1");
    LOG(LOG_INFO, "stopping", LOG_TEXT("signal", number == SIGINT ? "SIGINT" : "SIGTERM"));
    code = app_stop(&app);
    if (code != EXIT_OK) {
        LOG(LOG_ERROR, "stop_timed_out",
            LOG_TEXT("reason", "requests still wait for the database"));
        _exit((int)code); /* threads still run: nothing may be torn down under them */
    }
    LOG(LOG_INFO, "stopped", LOG_TEXT("url", url));
    return EXIT_OK;
}

/* --- is it there? -------------------------------------------------------- */

enum exit_code verb_healthcheck(struct cli *cli)
{
    char status[sizeof "HTTP/1.1 200"];

    if (!secure_ask(&cli->config,
                    STR("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                    status, sizeof status)) {
        fprintf(stderr, "contactd: nothing answers on %s\n", cli->config.listen);
        return EXIT_FAILED;
    }
    if (strcmp(status, "HTTP/1.1 200") == 0)
        return EXIT_OK;
    fprintf(stderr, "contactd: %s does not answer as a healthy contactd does\n",
            cli->config.listen);
    return EXIT_FAILED;
}
