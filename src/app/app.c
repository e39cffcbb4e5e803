/* SPDX-License-Identifier: MIT */
/*
 * The stage table. A stage knows what it needs from the configuration and
 * hands the service its own small options; stopping is the walk back through
 * the same table, so a request under way still finds everything beneath it.
 */
#include "app.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "handler/routes.h"
#include "listen.h"
#include "passed.h"
#include "sending.h"

enum {
    BATCH_MAX = 512,
    /* Small, so that no batch waits long behind a checkpoint, and the log stays in the cache. */
    CHECKPOINT_BYTES = 1024 * 1024,
    READ_QUEUE_MAX = 4096,
    SEARCH_QUEUE_MAX = 64,   /* who would wait longer had better come back */
    RECENT_READ = 20000,     /* of these read at the start: a tenth of a second */
    RECENT_ROWS = 65536,     /* of messages that may be repeated; 2.5 MB when all are in use */
    ECHO_TEXTS = 16384,      /* 256 KB */
    CENSUS_BUCKETS = 16384,  /* 512 KB, which caches hold */
    LIMITER_BUCKETS = 65536, /* 2 MB when all are in use */
    SENDING_TEXTS_MAX = 64 * 1024,
    WATCH_FIRST_MS = 60 * 1000,
    WATCH_PERIOD_MS = 5 * 60 * 1000,
    CANARY_FIRST_MS = 10 * 1000,
    STREAM_SHARES = 4,         /* one account has one of these at most */
    SPARE_FDS = 64,            /* database, sockets, eventfds and the like */
    OTHER_FDS = 4 * SPARE_FDS, /* more than there will ever be beside connections */
    REDIRECT_CONNECTIONS = 128,
};

/* --- the stages ---------------------------------------------------------- */

static enum err see_user(void *arg, const struct user *user)
{
    bool *has_user = arg;

    (void)user;
    *has_user = true;
    return ERR_OK;
}

static enum err database_start(struct app *app, struct err_detail *detail)
{
    bool has_user = false;

    TRY(store_open(app->config->database, true, &app->writer, detail));
    enum err err = store_user_list(app->writer, see_user, &has_user);
    if (err != ERR_OK) {
        err_set(detail, err, "cannot read %s: %s", app->config->database, store_error(app->writer));
        store_close(app->writer);
        return err;
    }
    app->is_first_start = !has_user;
    return ERR_OK;
}

static void database_stop(struct app *app)
{
    store_close(app->writer);
}

/* Who gets a mail of the default form's messages, written as a form's setting would be. */
static enum err read_recipients(struct app *app, struct err_detail *detail)
{
    const struct config_list *list = &app->config->notify_to;
    json_t *mails = json_array();

    app->server_settings = json_pack("{so*}", "mail", mails);
    for (size_t i = 0; i < list->count; i++)
        if (json_array_append_new(mails, json_string(list->items[i])))
            return ERR_MEMORY;
    if (!app->server_settings)
        return ERR_MEMORY;
    return list->count ? notice_compile(app->server_settings, &app->server_notice, detail) : ERR_OK;
}

static void sending_stop(struct app *app)
{
    notice_done(&app->server_notice);
    json_decref(app->server_settings);
    arena_done(&app->sending_texts);
}

static enum err sending_start(struct app *app, struct err_detail *detail)
{
    arena_init(&app->sending_texts, SENDING_TEXTS_MAX, NULL, 0);
    enum err err = sending_read(app->config, &app->sending_texts, &app->sending, detail);
    if (err == ERR_OK)
        err = read_recipients(app, detail);
    if (err != ERR_OK)
        sending_stop(app);
    return err;
}

static enum err outbox_stage_start(struct app *app, struct err_detail *detail)
{
    return outbox_start(&app->sending, app->commit, app->writer, app->forms, app->events,
                        &app->outbox, detail);
}

static void outbox_stage_stop(struct app *app)
{
    outbox_stop(app->outbox);
}

/* How soon the first look is, or how long it is from one to the next. */
static int64_t watch_ms(int64_t usual_ms)
{
    const char *hurry = getenv("CONTACTD_TEST_WATCH_MS");

    return hurry ? strtol(hurry, NULL, 10) : usual_ms;
}

/* Without messages to send there is still a certificate to look at, if it is an https address. */
static enum err canary_start(struct app *app, struct err_detail *detail)
{
    const struct config *config = app->config;
    int64_t every_ms = config->canary_every_ms;
    int64_t first_ms = every_ms && every_ms < CANARY_FIRST_MS ? every_ms : CANARY_FIRST_MS;
    const struct canary_options options = {.public_url = config->public_url,
                                           .ca_file = app->sending.ca_file,
                                           .every_ms = every_ms,
                                           .first_ms =
                                               every_ms ? first_ms : watch_ms(WATCH_FIRST_MS)};

    if (!every_ms && strncmp(config->public_url, "https://", 8) != 0)
        return ERR_OK;
    return canary_new(&options, &app->canary, detail);
}

static void canary_stop(struct app *app)
{
    canary_free(app->canary);
}

static int64_t certificate_ends_ms(void *tls)
{
    return tls_expires_at_ms(tls);
}

static enum err watch_stage_start(struct app *app, struct err_detail *detail)
{
    bool has_file = strcmp(app->config->database, "memory:") != 0;
    const struct watch_options options = {.database = has_file ? app->config->database : NULL,
                                          .first_ms = watch_ms(WATCH_FIRST_MS),
                                          .period_ms = watch_ms(WATCH_PERIOD_MS),
                                          .canary = app->canary,
                                          .certificate_ends_ms =
                                              app->tls ? certificate_ends_ms : NULL,
                                          .arg = app->tls};

    return watch_start(&options, app->commit, app->writer, app->forms, app->outbox, &app->watch,
                       detail);
}

static void watch_stage_stop(struct app *app)
{
    watch_stop(app->watch);
}

static enum err forms_start(struct app *app, struct err_detail *detail)
{
    TRY(forms_new(&app->forms));
    forms_set_server_notice(app->forms, app->server_notice.count ? &app->server_notice : NULL);
    enum err err = forms_reload(app->forms, app->writer);
    if (err != ERR_OK) {
        forms_free(app->forms);
        return err_set(detail, err, "cannot read the forms in %s: %s", app->config->database,
                       store_error(app->writer));
    }
    return ERR_OK;
}

static void forms_stop(struct app *app)
{
    forms_free(app->forms);
}

static enum err make_secret(struct store *writer, uint8_t secret[DIGEST_KEY_BYTES])
{
    char text[BASE64URL_LEN(DIGEST_KEY_BYTES) + 1];

    secret_random(secret, DIGEST_KEY_BYTES);
    base64url_encode(secret, DIGEST_KEY_BYTES, text);
    TRY(store_begin(writer));
    enum err err = store_meta_put(writer, STR("secret"), str_of(text));
    secret_wipe(text, sizeof text);
    if (err == ERR_OK)
        return store_commit(writer);
    store_rollback(writer);
    return err;
}

/* What pages hold must still be good after a restart, so it is kept with the messages. */
static enum err load_secret(struct store *writer, uint8_t secret[DIGEST_KEY_BYTES])
{
    CLEANUP(buf_done) struct buf text = buf_new(BASE64URL_LEN(DIGEST_KEY_BYTES));
    size_t len;

    enum err err = store_meta_get(writer, STR("secret"), &text);
    if (err == ERR_NOT_FOUND)
        return make_secret(writer, secret);
    TRY(err);
    if (!base64url_decode(buf_str(&text), secret, DIGEST_KEY_BYTES, &len) ||
        len != DIGEST_KEY_BYTES)
        return ERR_CORRUPT;
    return ERR_OK;
}

static enum err secrets_start(struct app *app, struct err_detail *detail)
{
    enum err err = load_secret(app->writer, app->secrets.token);

    if (err != ERR_OK)
        return err_set(detail, err, "cannot read the server's secret in %s: %s",
                       app->config->database, store_error(app->writer));
    altcha_key_derive(app->secrets.token, &app->secrets.altcha);
    return ERR_OK;
}

static void secrets_stop(struct app *app)
{
    secret_wipe(&app->secrets, sizeof app->secrets);
}

static enum err remember(void *arg, const struct submission *row)
{
    struct app *app = arg;
    struct content content = submission_content(row, app->secrets.token, NULL);

    recent_put(app->recent, &content, &row->id);
    return ERR_OK;
}

/* What arrived just before a restart is still known after it. */
static enum err posts_start(struct app *app, struct err_detail *detail)
{
    TRY(recent_new(RECENT_ROWS, &app->recent));
    enum err err = store_submission_newest(app->writer, clock_wall_ms() - RECENT_KEPT_MS,
                                           RECENT_READ, remember, app);
    if (err == ERR_OK)
        err = limiter_new(CENSUS_BUCKETS, &app->census);
    if (err == ERR_OK)
        err = echo_new(ECHO_TEXTS, &app->echo);
    if (err == ERR_OK)
        err = cache_new(&app->cache);
    if (err == ERR_OK && app->config->has_rate_limit)
        err = limiter_new(LIMITER_BUCKETS, &app->limiter);
    if (err == ERR_OK)
        return ERR_OK;
    cache_free(app->cache);
    echo_free(app->echo);
    limiter_free(app->census);
    recent_free(app->recent);
    return err_set(detail, err, "cannot read the newest messages in %s: %s", app->config->database,
                   store_error(app->writer));
}

static void posts_stop(struct app *app)
{
    recent_free(app->recent);
    limiter_free(app->limiter);
    limiter_free(app->census);
    cache_free(app->cache);
    echo_free(app->echo);
}

static enum err commit_stage_start(struct app *app, struct err_detail *detail)
{
    const struct commit_options options = {.queue_max = app->config->commit_queue,
                                           .batch_max = BATCH_MAX,
                                           .checkpoint_bytes = CHECKPOINT_BYTES};

    (void)detail;
    return commit_start(app->writer, &options, &app->commit);
}

static void commit_stage_stop(struct app *app)
{
    commit_stop(app->commit);
}

static enum err readers_start(struct app *app, struct err_detail *detail)
{
    return worker_start(app->writer, app->config->workers, READ_QUEUE_MAX, &app->readers, detail);
}

static void readers_stop(struct app *app)
{
    worker_stop(app->readers);
}

/* A thread of its own, lest lists and sign-ins wait behind a costly search. */
static enum err searchers_start(struct app *app, struct err_detail *detail)
{
    return worker_start(app->writer, 1, SEARCH_QUEUE_MAX, &app->searchers, detail);
}

static void searchers_stop(struct app *app)
{
    worker_stop(app->searchers);
}

static enum err signin_stage_start(struct app *app, struct err_detail *detail)
{
    const struct signin_options options = {.has_rate_limit = app->config->has_rate_limit,
                                           .readers = app->readers,
                                           .commit = app->commit,
                                           .events = app->events};

    return signin_start(app->writer, &options, &app->signin, detail);
}

static void signin_stage_stop(struct app *app)
{
    signin_stop(app->signin);
}

static enum err captcha_stage_start(struct app *app, struct err_detail *detail)
{
    return captcha_start(getenv("CONTACTD_TEST_CAPTCHA_URL"), &app->captcha, detail);
}

static void captcha_stage_stop(struct app *app)
{
    captcha_stop(app->captcha);
}

static enum err janitor_stage_start(struct app *app, struct err_detail *detail)
{
    (void)detail;
    return janitor_start(app->commit, app->forms, &app->janitor);
}

static void janitor_stage_stop(struct app *app)
{
    janitor_stop(app->janitor);
}

/* Before the sandbox, which makes no directories. Who cannot make it now is told when it is needed.
 */
static enum err shelf_start(struct app *app, struct err_detail *detail)
{
    (void)detail;
    if (app->config->backup_dir[0])
        (void)mkdir(app->config->backup_dir, 0700);
    return ERR_OK;
}

static void shelf_rest(struct app *app)
{
    (void)app; /* backups stay */
}

static enum err snapshots_stage_start(struct app *app, struct err_detail *detail)
{
    const struct config *config = app->config;
    const struct snapshots_options options = {.database = config->database,
                                              .dir = config->backup_dir,
                                              .every_ms = config->backup_every_ms,
                                              .keep = config->backup_keep};

    if (!config->backup_dir[0])
        return ERR_OK;
    if (strcmp(config->database, "memory:") == 0)
        return err_set(detail, ERR_INVALID, "backup-dir: a database in memory has no backups");
    return snapshots_start(&options, &app->snapshots);
}

static void snapshots_stage_stop(struct app *app)
{
    snapshots_stop(app->snapshots);
}

static enum err proxies_start(struct app *app, struct err_detail *detail)
{
    const struct config_list *list = &app->config->trusted_proxies;

    app->trusted_proxies = calloc(list->count + 1, sizeof *app->trusted_proxies);
    if (!app->trusted_proxies)
        return ERR_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        if (!cidr_parse(str_of(list->items[i]), &app->trusted_proxies[i]))
            return err_set(detail, ERR_INVALID,
                           "trusted-proxies: %s is not an address or range; write them like "
                           "10.0.0.0/8,fd00::/8",
                           list->items[i]);
    return ERR_OK;
}

static void proxies_stop(struct app *app)
{
    free(app->trusted_proxies);
}

static enum err tls_start(struct app *app, struct err_detail *detail)
{
    TRY(secure_open(app->config, &app->tls, detail));
    secure_tell(app->tls, "start");
    return ERR_OK;
}

static void tls_stop(struct app *app)
{
    tls_close(app->tls);
}

/* What systemd has passed goes before what the options say. */
static enum err listen_start(struct app *app, struct err_detail *detail)
{
    struct passed passed;

    TRY(passed_take(&passed, detail));
    app->listener = (struct listener){.fd = passed.main_fd, .is_passed = true};
    app->redirect_listener = (struct listener){.fd = passed.redirect_fd, .is_passed = true};
    if (passed.redirect_fd >= 0 && !app->tls)
        return err_set(detail, ERR_INVALID,
                       "LISTEN_FDS: for the socket named \"redirect\" there is no https to send "
                       "anybody to; set tls-cert and tls-key, or disable its unit");
    return passed.main_fd >= 0 ? ERR_OK
                               : listen_open("listen", app->config->listen, &app->listener, detail);
}

static void listen_stop(struct app *app)
{
    listen_close(&app->listener);
}

static enum err redirect_listen_start(struct app *app, struct err_detail *detail)
{
    if (app->redirect_listener.fd >= 0 || !app->config->redirect_listen[0])
        return ERR_OK;
    return listen_open("redirect-listen", app->config->redirect_listen, &app->redirect_listener,
                       detail);
}

static void redirect_listen_stop(struct app *app)
{
    listen_close(&app->redirect_listener);
}

/* As many connections as there are file descriptors for. */
static unsigned fit_connections(unsigned wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return wanted;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    rlim_t fitting = limit.rlim_cur > 2 * SPARE_FDS ? limit.rlim_cur - SPARE_FDS : SPARE_FDS / 2;
    if (wanted <= fitting)
        return wanted;
    LOG(LOG_WARN, "fewer_connections", LOG_INT("wanted", wanted), LOG_INT("possible", fitting),
        LOG_TEXT("remedy", "raise the limit of open files (ulimit -n, LimitNOFILE=)"));
    return (unsigned)fitting;
}

/* The same, but that it knows no path and speaks without TLS. */
static enum err redirect_make(struct app *app, struct server_options options,
                              struct err_detail *detail)
{
    static const struct route_table NONE = {.count = 0};

    app->redirect = secure_redirect(app->config, app->tls, listen_port(app->listener.fd));
    options.listen_fd = app->redirect_listener.fd;
    options.threads = 1;
    options.max_connections = REDIRECT_CONNECTIONS;
    options.routes = &NONE;
    options.stray_style = NULL;
    options.tls = NULL;
    options.hsts = NULL;
    options.redirect = &app->redirect;
    return server_new(&options, &app->redirect_server, detail);
}

/* Made before and freed after the services that wake its exchanges. */
static enum err server_make(struct app *app, struct err_detail *detail)
{
    const struct config *config = app->config;

    app->max_connections = fit_connections(config->max_connections);
    struct server_options options = {
        .listen_fd = app->listener.fd,
        .threads = config->threads,
        .max_connections = app->max_connections,
        .connection_memory = config->connection_memory_bytes,
        .request_memory = config->request_memory_bytes,
        .max_body = config->max_body_bytes,
        .header_timeout_ms = config->header_timeout_ms,
        .body_timeout_ms = config->body_timeout_ms,
        .reply_timeout_ms = config->reply_timeout_ms,
        .idle_timeout_ms = config->idle_timeout_ms,
        .routes = &ROUTES,
        .stray_style = &STRAY_STYLE,
        .ctx = &app->ctx,
        .client_address = handler_client_address,
        .may_shake = handler_may_shake,
        .before_sleep = handler_before_sleep,
        .tls = app->tls,
        .hsts = secure_hsts(config, app->hsts),
    };

    TRY(server_new(&options, &app->server, detail));
    enum err err = app->redirect_listener.fd >= 0 ? redirect_make(app, options, detail) : ERR_OK;
    if (err != ERR_OK) {
        server_free(app->server);
        app->server = NULL; /* app_stop() looks at it first */
    }
    return err;
}

/* At most half of the connections watch; the rest is for messages. */
static unsigned watchers_max(const struct app *app)
{
    return (app->max_connections + 1) / 2;
}

static enum err events_stage_start(struct app *app, struct err_detail *detail)
{
    return events_start(watchers_max(app), &app->events, detail);
}

static void events_stage_stop(struct app *app)
{
    events_stop(app->events);
}

static void server_unmake(struct app *app)
{
    server_free(app->redirect_server);
    server_free(app->server);
}

static enum err server_run(struct app *app, struct err_detail *detail)
{
    app->ctx.commit = app->commit;
    app->ctx.readers = app->readers;
    app->ctx.searchers = app->searchers;
    app->ctx.signin = app->signin;
    app->ctx.forms = app->forms;
    app->ctx.recent = app->recent;
    app->ctx.limiter = app->limiter;
    app->ctx.census = app->census;
    app->ctx.echo = app->echo;
    app->ctx.cache = app->cache;
    app->ctx.secrets = &app->secrets;
    app->ctx.captcha = app->captcha;
    app->ctx.canary = app->canary;
    app->ctx.events = app->events;
    app->ctx.outbox = app->outbox;
    app->ctx.streams_each = (watchers_max(app) + STREAM_SHARES - 1) / STREAM_SHARES;
    app->ctx.trusted_proxies = app->trusted_proxies;
    app->ctx.trusted_proxy_count = app->config->trusted_proxies.count;
    atomic_init(&app->ctx.is_ready, true);
    /* Who takes messages comes last: then there is little left that could end it. */
    if (app->redirect_server)
        TRY(server_start(app->redirect_server, detail));
    return server_start(app->server, detail);
}

static void server_rest(struct app *app)
{
    (void)app; /* app_stop() has stopped it, and knows whether that went well */
}

static enum err control_stage_start(struct app *app, struct err_detail *detail)
{
    if (strcmp(app->config->database, "memory:") == 0)
        return ERR_OK;
    return control_start(app->config->database, app->commit, app->signin, app->forms, app->readers,
                         app->outbox, &app->control, detail);
}

static void control_stage_stop(struct app *app)
{
    control_stop(app->control);
}

/* What is opened by name after this is named here, or in READABLE of sandbox.c. */
static enum err sandbox_start(struct app *app, struct err_detail *detail)
{
    const struct sandbox_options options = {
        .mode = (enum sandbox_mode)app->config->sandbox,
        .database = app->config->database,
        .listen = app->config->listen,
        .readable = {app->config->ca_file, app->config->tls_cert, app->config->tls_key},
        .directories = {app->config->backup_dir},
        .max_fds = app->max_connections + REDIRECT_CONNECTIONS + OTHER_FDS,
    };

    return sandbox_enter(&options, &app->sandbox, detail);
}

static enum err sandbox_finish(struct app *app, struct err_detail *detail)
{
    return sandbox_seal(&app->sandbox, detail);
}

static void sandbox_rest(struct app *app)
{
    (void)app; /* there is no way back */
}

/* Made when somebody asks for it first, which most servers never see. */
static enum err description_start(struct app *app, struct err_detail *detail)
{
    (void)detail;
    atomic_init(&app->ctx.description, NULL);
    return ERR_OK;
}

static void description_stop(struct app *app)
{
    description_free(atomic_load(&app->ctx.description));
}

static const struct stage {
    enum err (*start)(struct app *app, struct err_detail *detail);
    void (*stop)(struct app *app);
    enum exit_code code; /* when it does not start */
} STAGES[] = {
    {proxies_start, proxies_stop, EXIT_CONFIG},
    {sending_start, sending_stop, EXIT_CONFIG},
    {tls_start, tls_stop, EXIT_CONFIG},
    {listen_start, listen_stop, EXIT_LISTEN},
    {redirect_listen_start, redirect_listen_stop, EXIT_LISTEN},
    {server_make, server_unmake, EXIT_FAILED},
    {database_start, database_stop, EXIT_DATABASE},
    {secrets_start, secrets_stop, EXIT_DATABASE},
    {forms_start, forms_stop, EXIT_DATABASE},
    {posts_start, posts_stop, EXIT_FAILED},
    {shelf_start, shelf_rest, EXIT_CONFIG},
    {sandbox_start, sandbox_rest, EXIT_FAILED},           /* before the first thread */
    {events_stage_start, events_stage_stop, EXIT_FAILED}, /* whoever commits tells them */
    {commit_stage_start, commit_stage_stop, EXIT_FAILED},
    {description_start, description_stop, EXIT_FAILED},
    {readers_start, readers_stop, EXIT_DATABASE},
    {searchers_start, searchers_stop, EXIT_DATABASE},
    {signin_stage_start, signin_stage_stop, EXIT_DATABASE},
    {captcha_stage_start, captcha_stage_stop, EXIT_FAILED},
    {outbox_stage_start, outbox_stage_stop, EXIT_FAILED},
    {canary_start, canary_stop, EXIT_FAILED},
    {watch_stage_start, watch_stage_stop, EXIT_FAILED},
    {janitor_stage_start, janitor_stage_stop, EXIT_FAILED},
    {snapshots_stage_start, snapshots_stage_stop, EXIT_CONFIG},
    {control_stage_start, control_stage_stop, EXIT_FAILED}, /* before anybody can see us run */
    {server_run, server_rest, EXIT_FAILED},
    {sandbox_finish, sandbox_rest, EXIT_FAILED}, /* when all has been made that is made but once */
};

/* --- up and down --------------------------------------------------------- */

enum exit_code app_start(struct app *app, const struct config *config, struct err_detail *detail)
{
    *app = (struct app){.config = config};
    while (app->started < COUNTOF(STAGES)) {
        const struct stage *stage = &STAGES[app->started];
        enum err err = stage->start(app, detail);
        if (err != ERR_OK) {
            err_set(detail, err, "%s", err_text(err));
            (void)app_stop(app);
            return stage->code;
        }
        app->started++;
    }
    return EXIT_OK;
}

enum exit_code app_stop(struct app *app)
{
    /* Nobody waits for a search at the end; everything else is still answered. */
    worker_break_off(app->searchers);
    /* It would find nobody who answers, which is no alarm. */
    canary_break_off(app->canary);
    /* First of all, while everything beneath still runs. */
    if (server_stop(app->redirect_server, app->config->shutdown_timeout_ms) != ERR_OK ||
        server_stop(app->server, app->config->shutdown_timeout_ms) != ERR_OK)
        return EXIT_FAILED;
    while (app->started > 0)
        STAGES[--app->started].stop(app);
    return EXIT_OK;
}
