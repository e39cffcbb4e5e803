/* SPDX-License-Identifier: MIT */
/* What `doctor` finds when it comes as a visitor does, through the public address. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/alarm.h"
#include "core/web.h"
#include "doctor.h"
#include "notify/lookup.h"

enum { BODY_MAX = 256 * 1024, URL_MAX_BYTES = 600 };

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
    CLEANUP(buf_done) struct buf text = buf_new(FINDING_TEXT), remedy = buf_new(FINDING_TEXT);
    int64_t now_ms = clock_wall_ms();

    if (strncmp(url, "https://", 8) != 0) {
        finding_set(finding, LEVEL_WARNING, "%s answers, without encryption", url);
        finding_mend(finding, "set tls-cert and tls-key, or put a proxy with TLS in front; sign-in "
                              "from elsewhere needs it");
        return;
    }
    if (!page->expires_ms) {
        finding_set(finding, LEVEL_OK, "%s answers; when its certificate ends is not known", url);
        return;
    }
    alarm_certificate_render(web_url_host(str_of(url)), page->expires_ms, now_ms, &text, &remedy);
    bool is_fine = alarm_certificate(page->expires_ms, now_ms) == CERTIFICATE_FINE;
    finding_set(finding, is_fine ? LEVEL_OK : LEVEL_WARNING, "%s answers; %.*s", url, (int)text.len,
                text.len ? text.ptr : "");
    finding_mend(finding, "%.*s", (int)remedy.len, remedy.len ? remedy.ptr : "");
}

/* In the words that the canary's alarm would have. */
static void explain(const struct lookup_page *page, const struct buf *body,
                    const struct err_detail *detail, const char *url, struct finding *finding)
{
    const struct reach_answer answer = {.reach = page->reach,
                                        .error = str_of(detail->text),
                                        .status = page->status,
                                        .body = buf_str(body)};
    CLEANUP(buf_done) struct buf text = buf_new(FINDING_TEXT), remedy = buf_new(FINDING_TEXT);

    reach_explain(&answer, &text, &remedy);
    finding_set(finding, LEVEL_PROBLEM, "%s: %.*s", url, (int)text.len, text.len ? text.ptr : "");
    finding_mend(finding, "%.*s", (int)remedy.len, remedy.len ? remedy.ptr : "");
}

void check_public_url(const struct patient *patient, struct finding *finding)
{
    CLEANUP(buf_done) struct buf body = buf_new(BODY_MAX);
    struct lookup_page page = {.reach = REACH_BROKEN};
    struct err_detail detail = {""};
    const char *url = patient->config->public_url;

    if (!has_public_url(patient, finding))
        return;
    enum err err = get(patient, "/version", &body, &page, &detail);
    if (err == ERR_OK && is_ours(&page, &body))
        judge_certificate(&page, url, finding);
    else
        explain(&page, &body, &detail, url, finding);
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
    if (get(patient, "/version", &body, &page, &detail) != ERR_OK || !is_ours(&page, &body)) {
        finding_set(finding, LEVEL_OK,
                    "not looked at: public-url does not lead here, see the line \"public url\"");
        return;
    }
    body.len = 0;
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
