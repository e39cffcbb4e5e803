/* SPDX-License-Identifier: MIT */
/* What `doctor` finds in the certificate's files, whatever a running server has in its memory. */
#include <string.h>

#include "base/clock.h"
#include "doctor.h"
#include "secure.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, SOON_DAYS = 14 };

/* The host of public-url, or nothing. */
static struct str public_host(const char *url)
{
    const char *start = strstr(url, "://");

    if (!start)
        return (struct str){0};
    start += 3;
    return *start == '[' ? (struct str){start + 1, strcspn(start + 1, "]")}
                         : (struct str){start, strcspn(start, ":/")};
}

static void judge_time(const struct tls_facts *facts, struct finding *finding)
{
    char begin[CLOCK_TEXT_LEN + 1], end[CLOCK_TEXT_LEN + 1];
    int64_t now_ms = clock_wall_ms();
    long long days = (facts->expires_at_ms - now_ms) / DAY_MS;

    clock_format(facts->begins_at_ms, begin);
    clock_format(facts->expires_at_ms, end);
    finding_mend(finding, "renew it, and see why that did not happen by itself");
    if (facts->begins_at_ms > now_ms)
        finding_set(finding, LEVEL_PROBLEM, "for %s, but not before %.10s", facts->names, begin);
    else if (facts->expires_at_ms <= now_ms)
        finding_set(finding, LEVEL_PROBLEM, "for %s, expired on %.10s", facts->names, end);
    else
        finding_set(finding, days < SOON_DAYS ? LEVEL_WARNING : LEVEL_OK,
                    "for %s, good for %lld days, until %.10s; the key is its own; chain of %zu",
                    facts->names, days, end, facts->chain);
}

static void judge_chain(const struct config *config, const struct tls_facts *facts,
                        struct finding *finding)
{
    if (!facts->is_chain_whole) {
        finding_set(finding, LEVEL_PROBLEM, "the chain in %s is broken", config->tls_cert);
        finding_mend(finding, "the server's certificate first, then each one's issuer");
    } else if (facts->is_self_signed) {
        finding_set(finding, LEVEL_WARNING, "it has signed itself; browsers warn of it");
        finding_mend(finding, "get one from an authority, such as Let's Encrypt");
    }
}

static void judge(const struct config *config, struct tls *tls, struct finding *finding)
{
    struct str host = public_host(config->public_url);
    struct tls_facts facts;

    tls_describe(tls, &facts);
    judge_time(&facts, finding);
    if (finding->level == LEVEL_PROBLEM)
        return;
    if (host.len && !tls_is_for(tls, host)) {
        finding_set(finding, LEVEL_PROBLEM, "for %s, but not for %.*s of public-url", facts.names,
                    (int)host.len, host.ptr);
        finding_mend(finding, "get one for this name, or mend public-url");
        return;
    }
    judge_chain(config, &facts, finding);
}

void check_certificate(const struct patient *patient, struct finding *finding)
{
    struct err_detail detail = {""};
    struct tls *tls;

    enum err err = secure_open(patient->config, &tls, &detail);
    if (err != ERR_OK)
        finding_set(finding, LEVEL_PROBLEM, "%s", detail.text[0] ? detail.text : err_text(err));
    else if (!tls)
        finding_set(finding, LEVEL_OK, "not looked at: tls-cert is not set");
    else
        judge(patient->config, tls, finding);
    tls_close(err == ERR_OK ? tls : NULL);
}
