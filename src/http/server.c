/* SPDX-License-Identifier: MIT */
/*
 * Starting and stopping the loops. Stopping is a conversation with every
 * loop's thread: it stops accepting, finishes what has been read, and ends;
 * here we only say until when.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "internal.h"

static void server_free(struct server *server)
{
    for (size_t i = 0; i < server->loop_count; i++) {
        struct loop *loop = &server->loops[i];
        while (loop->spare) {
            struct http_exchange *spare = loop->spare;
            loop->spare = spare->spare_next;
            free(spare);
        }
        close(loop->wake_fd);
        pthread_mutex_destroy(&loop->wake_lock);
    }
    free(server->stats);
    free(server);
}

static enum err server_new(const struct server_options *options, struct server **ret_server)
{
    struct server *server = calloc(1, sizeof *server + options->threads * sizeof server->loops[0]);

    if (!server)
        return ERR_MEMORY;
    server->options = *options;
    server->options.max_body++; /* for the NUL behind a body */
    secret_random(&server->request_id_base, sizeof server->request_id_base);
    if (stats_new(options->routes->count, &server->stats) != ERR_OK) {
        free(server);
        return ERR_MEMORY;
    }
    *ret_server = server;
    return ERR_OK;
}

enum err server_start(const struct server_options *options, struct server **ret_server,
                      struct err_detail *detail)
{
    struct server *server;

    TRY(router_check(options->routes, detail));
    TRY(server_new(options, &server));
    while (server->loop_count < options->threads) {
        struct loop *loop = &server->loops[server->loop_count];
        enum err err = loop_start(loop, server, detail);
        if (err != ERR_OK) {
            enum err stopped = server_stop(server, 0);
            (void)stopped; /* nothing waits yet */
            return err;
        }
        server->loop_count++;
    }
    *ret_server = server;
    return ERR_OK;
}

enum err server_stop(struct server *server, int64_t timeout_ms)
{
    bool is_stuck = false;

    if (!server)
        return ERR_OK;
    atomic_store(&server->stop_by_ms, clock_mono_ms() + timeout_ms);
    atomic_store(&server->is_stopping, true);
    for (size_t i = 0; i < server->loop_count; i++) {
        atomic_store(&server->loops[i].needs_nudge, true);
        loop_nudge(&server->loops[i]);
    }
    for (size_t i = 0; i < server->loop_count; i++) {
        pthread_join(server->loops[i].thread, NULL);
        is_stuck = is_stuck || server->loops[i].daemon;
    }
    if (is_stuck)
        return ERR_BUSY;
    server_free(server);
    return ERR_OK;
}
