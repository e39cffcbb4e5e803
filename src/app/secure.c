/* SPDX-License-Identifier: MIT */
/*
 * TLS of our own. A certificate that has expired is served all the same, and told:
 * a server that does not start helps nobody, and a browser says why.
 */
#include "secure.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/web.h"
#include "listen.h"

enum { PATIENCE_S = 5 };

static const char *complaint(const struct config *config)
{
    bool has_cert = config->tls_cert[0], has_key = config->tls_key[0];

    if (has_cert != has_key)
        return has_cert ? "tls-cert: its key is missing; set tls-key too, such as certbot's "
                          "privkey.pem"
                        : "tls-key: its certificate is missing; set tls-cert too, such as "
                          "certbot's fullchain.pem";
    if (!has_cert && config->redirect_listen[0])
        return "redirect-listen: there is no https to send anybody to; set tls-cert and tls-key, "
               "or let the proxy that has the certificate do this";
    if (!has_cert && config->hsts_ms)
        return "hsts: is said over TLS only; set tls-cert and tls-key, or let the proxy that has "
               "the certificate say it";
    return NULL;
}

enum err secure_open(const struct config *config, struct tls **ret_tls, struct err_detail *detail)
{
    const char *wrong = complaint(config);

    *ret_tls = NULL;
    if (wrong)
        return err_set(detail, ERR_INVALID, "%s", wrong);
    return config->tls_cert[0] ? tls_open(config->tls_cert, config->tls_key, ret_tls, detail)
                               : ERR_OK;
}

const char *secure_hsts(const struct config *config, char room[HSTS_MAX])
{
    if (!config->hsts_ms)
        return NULL;
    snprintf(room, HSTS_MAX, "max-age=%lld", (long long)config->hsts_ms / 1000);
    return room;
}

struct redirect secure_redirect(const struct config *config, struct tls *tls, unsigned port)
{
    struct str url = str_of(config->public_url);
    bool is_https = str_starts_with(url, STR("https://"));

    return (struct redirect){
        .origin = is_https ? web_url_origin(url) : (struct str){0}, .tls = tls, .port = port};
}

void secure_tell(struct tls *tls, const char *why)
{
    struct tls_facts facts;
    char until[CLOCK_TEXT_LEN + 1];
    int64_t now_ms = clock_wall_ms();

    if (!tls)
        return;
    tls_describe(tls, &facts);
    clock_format(facts.expires_at_ms, until);
    metric_set(METRIC_TLS_EXPIRES_AT, facts.expires_at_ms / 1000);
    LOG(LOG_INFO, "certificate", LOG_TEXT("why", why), LOG_TEXT("names", facts.names),
        LOG_TEXT("until", until), LOG_INT("chain", facts.chain));
    if (now_ms >= facts.expires_at_ms || now_ms < facts.begins_at_ms)
        LOG(LOG_WARN, "certificate_not_valid", LOG_TEXT("until", until),
            LOG_TEXT("remedy", "renew it, and see why that did not happen by itself"));
}

void secure_reload(struct tls *tls, const char *why)
{
    struct err_detail detail = {""};

    if (!tls)
        return;
    enum err err = tls_reload(tls, &detail);
    if (err == ERR_OK) {
        metric_add(METRIC_TLS_RELOADS, 1);
        secure_tell(tls, why);
        return;
    }
    metric_add(METRIC_TLS_RELOADS_FAILED, 1);
    LOG(LOG_ERROR, "certificate_not_reloaded", LOG_TEXT("why", why),
        LOG_TEXT("reason", detail.text[0] ? detail.text : err_text(err)),
        LOG_TEXT("meaning", "the certificate before stays in force"));
}

static bool ask_plainly(int fd, struct str request, char *ret_reply, size_t room)
{
    ssize_t got = send(fd, request.ptr, request.len, MSG_NOSIGNAL) > 0
                      ? recv(fd, ret_reply, room - 1, MSG_WAITALL)
                      : 0;

    ret_reply[got > 0 ? got : 0] = '\0';
    return got > 0;
}

bool secure_ask(const struct config *config, struct str request, char *ret_reply, size_t room)
{
    const struct timeval limit = {.tv_sec = PATIENCE_S};
    int fd = listen_connect(config->listen);

    ret_reply[0] = '\0';
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    (void)(config->tls_cert[0] ? tls_ask(fd, request, ret_reply, room)
                               : ask_plainly(fd, request, ret_reply, room));
    close(fd);
    return true;
}
