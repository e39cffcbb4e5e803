/* SPDX-License-Identifier: MIT */
/* What `doctor` finds when it comes as a visitor does, through the public address. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "doctor.h"
#include "notify/lookup.h"

enum { BODY_MAX = 256 * 1024, URL_MAX_BYTES = 600 };

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

static bool has_public_url(const struct patient *patient, struct finding *finding)
{
    if (patient->sending.public_url.ptr)
        return true;
    finding_set(finding, LEVEL_OK, "not looked at: public-url is not set");
    return false;
}

static enum err get(const struct patient *patient, const char *path, struct buf *body,
                    struct lookup_page *ret_page, struct err_detail *detail)
{
    char url[URL_MAX_BYTES];

    snprintf(url, sizeof url, "%s%s", patient->config->public_url, path);
    return lookup_get(url, patient->sending.ca_file, body, ret_page, detail);
}

/* --- the address ---------------------------------------------------------- */

static bool is_ours(const struct lookup_page *page, const struct buf *body)
{
    return page->status == 200 && body->len && memmem(body->ptr, body->len, "\"contactd\"", 10);
}

static void judge_certificate(const struct lookup_page *page, const char *url,
                              struct finding *finding)
{
    char text[CLOCK_TEXT_LEN + 1];
    int64_t left_ms = page->expires_ms - clock_wall_ms();

    if (strncmp(url, "https://", 8) != 0) {
        finding_set(finding, LEVEL_WARNING, "%s answers, without encryption", url);
        finding_mend(finding, "set tls-cert and tls-key, or put a proxy with TLS in front; sign-in "
                              "from elsewhere needs it");
        return;
    }
    clock_format(page->expires_ms, text);
    finding_set(finding, page->expires_ms && left_ms < 14 * DAY_MS ? LEVEL_WARNING : LEVEL_OK,
                "%s answers; its certificate is good until %.10s", url,
                page->expires_ms ? text : "an unknown day");
    if (finding->level != LEVEL_OK)
        finding_mend(finding, "renew it, and see why that did not happen by itself");
}

void check_public_url(const struct patient *patient, struct finding *finding)
{
    CLEANUP(buf_done) struct buf body = buf_new(BODY_MAX);
    struct lookup_page page;
    struct err_detail detail = {""};
    const char *url = patient->config->public_url;

    if (!has_public_url(patient, finding))
        return;
    if (get(patient, "/version", &body, &page, &detail) != ERR_OK)
        finding_set(finding, LEVEL_PROBLEM, "%s: %s", url, detail.text);
    else if (page.has_moved)
        finding_set(finding, LEVEL_PROBLEM, "%s leads elsewhere, to %.*s", url, (int)body.len,
                    body.len ? body.ptr : "");
    else if (page.status >= 502 && page.status <= 504)
        finding_set(finding, LEVEL_PROBLEM, "%s: a proxy answers %d; it does not reach contactd",
                    url, page.status);
    else if (!is_ours(&page, &body))
        finding_set(finding, LEVEL_PROBLEM, "%s: something else than contactd answers (%d)", url,
                    page.status);
    else
        judge_certificate(&page, url, finding);
}

/* --- the proxy ----------------------------------------------------------- */

static bool is_behind_proxy(const struct config *config)
{
    const char *listen = config->listen;

    if (config->tls_cert[0])
        return false; /* visitors come themselves */
    return strncmp(config->public_url, "https://", 8) == 0 || strncmp(listen, "unix:", 5) == 0 ||
           strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]", 5) == 0;
}

/*
 * /metrics is open to this machine alone. A request that came through the proxy and is
 * let in was taken for ours, and so would be anybody's.
 */
void check_proxy(const struct patient *patient, struct finding *finding)
{
    CLEANUP(buf_done) struct buf body = buf_new(BODY_MAX);
    struct lookup_page page;
    struct err_detail detail = {""};

    if (!has_public_url(patient, finding))
        return;
    bool is_told = patient->config->trusted_proxies.count > 0;
    enum err err = get(patient, "/metrics", &body, &page, &detail);
    if (!is_told && is_behind_proxy(patient->config)) {
        finding_set(finding, LEVEL_PROBLEM,
                    "all visitors look like the proxy, and share one limit: trusted-proxies is "
                    "not set");
    } else if (err == ERR_OK && page.status == 200 && is_behind_proxy(patient->config)) {
        finding_set(finding, LEVEL_PROBLEM,
                    "the proxy does not say who asks: strangers are taken "
                    "for this machine");
        finding_mend(finding, "let the proxy set X-Forwarded-For to the visitor's address");
    } else {
        finding_set(finding, LEVEL_OK, "%s",
                    is_told ? "it is trusted to say who asks" : "none is needed");
    }
}
