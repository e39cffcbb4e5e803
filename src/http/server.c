/* SPDX-License-Identifier: MIT */
/*
 * Making, starting and stopping the loops. Stopping is a conversation with
 * every loop's thread: it stops accepting, finishes what has been read, and
 * ends; here we only say until when.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/secret.h"
#include "internal.h"

enum { SILENT_PART = 10 }; /* of the time for stopping */

enum err server_new(const struct server_options *options, struct server **ret_server,
                    struct err_detail *detail)
{
    struct server *server;

    TRY(router_check(options->routes, detail));
    server = calloc(1, sizeof *server + options->threads * sizeof server->loops[0]);
    if (!server)
        return ERR_MEMORY;
    server->options = *options;
    server->options.max_body++; /* for the NUL behind a body */
    secret_random(server->request_id_key, sizeof server->request_id_key);
    enum err err = stats_new(options->routes->count, &server->stats);
    for (size_t i = 0; err == ERR_OK && i < options->threads; i++)
        err = loop_init(&server->loops[i], server);
    if (err != ERR_OK) {
        server_free(server);
        return err_set(detail, err, "cannot make an event thread: %s",
                       err == ERR_IO ? "too many open files (ulimit -n, LimitNOFILE=)"
                                     : err_text(err));
    }
    *ret_server = server;
    return ERR_OK;
}

void server_free(struct server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->options.threads; i++)
        loop_done(&server->loops[i]);
    free(server->stats);
    free(server);
}

enum err server_start(struct server *server, struct err_detail *detail)
{
    while (server->started < server->options.threads) {
        TRY(loop_start(&server->loops[server->started], detail));
        server->started++;
    }
    return ERR_OK;
}

enum err server_stop(struct server *server, int64_t timeout_ms)
{
    bool is_stuck = false;

    if (!server)
        return ERR_OK;
    int64_t now_ms = clock_mono_ms();
    atomic_store(&server->stop_by_ms, now_ms + timeout_ms);
    atomic_store(&server->silent_until_ms, now_ms + timeout_ms / SILENT_PART);
    atomic_store(&server->is_stopping, true);
    for (size_t i = 0; i < server->started; i++) {
        atomic_store(&server->loops[i].needs_nudge, true);
        loop_nudge(&server->loops[i]);
    }
    for (; server->started > 0; server->started--) {
        struct loop *loop = &server->loops[server->started - 1];
        pthread_join(loop->thread, NULL);
        is_stuck = is_stuck || loop->daemon;
    }
    return is_stuck ? ERR_BUSY : ERR_OK;
}
