/* SPDX-License-Identifier: MIT */
/* Everything long-lived, started in order and stopped in reverse. */
#ifndef CONTACTD_APP_APP_H
#define CONTACTD_APP_APP_H

#include "app/cli.h"
#include "config/config.h"
#include "control.h"
#include "handler/ctx.h"
#include "listen.h"
#include "sandbox.h"
#include "secure.h"
#include "service/janitor.h"
#include "service/outbox.h"
#include "service/snapshots.h"
#include "service/watch.h"

struct app {
    const struct config *config;
    struct store *writer;
    struct commit *commit;
    struct worker *readers;
    struct worker *searchers;
    struct forms *forms;
    struct recent *recent;
    struct captcha *captcha;
    struct janitor *janitor;
    struct snapshots *snapshots; /* NULL: none are wanted */
    struct secrets secrets;
    struct limiter *census;
    struct echo *echo;
    struct cache *cache;
    struct limiter *limiter; /* NULL: off */
    struct signin *signin;
    struct server *server;
    struct control *control;
    struct events *events;
    struct outbox *outbox;
    struct canary *canary; /* NULL: there is nothing to try */
    struct watch *watch;
    struct outbox_options sending;
    struct arena sending_texts;
    json_t *server_settings; /* what notify-to stands for */
    struct notice server_notice;
    unsigned max_connections; /* as many as there are file descriptors for */
    struct tls *tls;          /* NULL: off */
    char hsts[HSTS_MAX];
    struct listener listener;
    struct listener redirect_listener; /* this and the next two: from http to https */
    struct redirect redirect;
    struct server *redirect_server; /* NULL: there is none */
    struct sandbox sandbox;
    bool is_first_start; /* the database had no user when it was opened */
    struct app_ctx ctx;
    struct cidr *trusted_proxies;
    size_t started; /* stages that run */
};

/*
 * Starts every stage. On failure what had started is stopped again; the code says which stage.
 * Should requests still wait for a service then, `started` is not 0, and the process must end at
 * once.
 */
MUST_CHECK enum exit_code app_start(struct app *app, const struct config *config,
                                    struct err_detail *detail);

/* Stops in reverse. EXIT_FAILED when requests still waited for a service at the end. */
enum exit_code app_stop(struct app *app);

#endif
