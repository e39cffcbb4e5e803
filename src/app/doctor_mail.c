/* SPDX-License-Identifier: MIT */
/*
 * What `doctor` finds about mail: whether the domain in From says that these mails are its own,
 * and whether the mail server lets us in.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/email.h"
#include "doctor.h"
#include "notify/lookup.h"
#include "notify/transport.h"

enum { RECORDS_MAX = 16 * 1024, NAME_MAX_BYTES = 512, SMTP_MS = 25000, POLL_MS = 200 };

static bool has_mail(const struct patient *patient, struct finding *finding)
{
    if (patient->sending.sender.service != MAIL_NONE)
        return true;
    finding_set(finding, LEVEL_OK, "%s",
                patient->config->smtp_url.len
                    ? "not looked at: the mail options do not fit, see the line \"configuration\""
                    : "not looked at: smtp-url is not set, no mails are sent");
    return false;
}

static const char *domain_of(const struct patient *patient)
{
    const char *at = strrchr(patient->sending.sender.address.ptr, '@');

    return at ? at + 1 : "";
}

/* --- name servers -------------------------------------------------------- */

/* How many of the lines begin with `prefix`; the first of them goes to `ret_line`. */
static int count_lines(const struct buf *lines, const char *prefix, struct str *ret_line)
{
    struct str rest = buf_str(lines);
    int count = 0;

    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        if (!str_starts_with_nocase(line, str_of(prefix)))
            continue;
        if (count++ == 0)
            *ret_line = line;
    }
    return count;
}

/* False: no name server answers, and the finding says so. */
static bool look_up(const char *name, enum dns_type type, struct buf *out, struct finding *finding)
{
    struct err_detail detail = {""};

    enum err err = lookup_records(name, type, out, &detail);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        return true;
    finding_set(finding, LEVEL_PROBLEM, "%s: %s", name,
                detail.text[0] ? detail.text : err_text(err));
    finding_mend(finding, "see /etc/resolv.conf, and whether port 53 is open to the outside");
    return false;
}

void check_spf(const struct patient *patient, struct finding *finding)
{
    CLEANUP(buf_done) struct buf records = buf_new(RECORDS_MAX);
    struct str line = {NULL, 0};

    if (!has_mail(patient, finding))
        return;
    const char *domain = domain_of(patient);
    if (!look_up(domain, DNS_TXT, &records, finding))
        return;
    int count = count_lines(&records, "v=spf1", &line);
    if (count == 1)
        finding_set(finding, LEVEL_OK, "%s: %.*s", domain, (int)line.len, line.ptr);
    else
        finding_set(finding, count ? LEVEL_PROBLEM : LEVEL_WARNING, "%s has %s record", domain,
                    count ? "more than one SPF" : "no SPF");
    if (count > 1)
        finding_mend(finding, "merge them into one; with several, receivers ignore all");
}

void check_dkim(const struct patient *patient, struct finding *finding)
{
    CLEANUP(buf_done) struct buf records = buf_new(RECORDS_MAX);
    char name[NAME_MAX_BYTES];
    const char *selector = patient->dkim_selector;

    if (!has_mail(patient, finding))
        return;
    if (!selector) {
        finding_set(finding, LEVEL_OK,
                    "not looked at: give the mail service's selector with --dkim-selector");
        return;
    }
    snprintf(name, sizeof name, "%s._domainkey.%s", selector, domain_of(patient));
    if (!look_up(name, DNS_TXT, &records, finding))
        return;
    struct str text = buf_str(&records);
    const char *key = text.len ? memmem(text.ptr, text.len, "p=", 2) : NULL;
    bool has_key = key && key + 2 < text.ptr + text.len && !strchr(";\n", key[2]);
    finding_set(finding, has_key ? LEVEL_OK : LEVEL_PROBLEM, "%s: %s", name,
                has_key    ? "a key is there"
                : text.len ? "the key was withdrawn"
                           : "no key is there");
}

/* At the domain itself, or at the domain that it belongs to. */
void check_dmarc(const struct patient *patient, struct finding *finding)
{
    CLEANUP(buf_done) struct buf records = buf_new(RECORDS_MAX);
    char name[NAME_MAX_BYTES];
    struct str line = {NULL, 0};

    if (!has_mail(patient, finding))
        return;
    const char *domain = domain_of(patient);
    for (const char *at = domain; at && strchr(at, '.'); at = strchr(at, '.') + 1) {
        snprintf(name, sizeof name, "_dmarc.%s", at);
        if (!look_up(name, DNS_TXT, &records, finding))
            return;
        if (count_lines(&records, "v=DMARC1", &line) > 0) {
            finding_set(finding, LEVEL_OK, "%s: %.*s", name, (int)line.len, line.ptr);
            return;
        }
    }
    finding_set(finding, LEVEL_WARNING, "%s has no DMARC record", domain);
}

void check_mx(const struct patient *patient, struct finding *finding)
{
    CLEANUP(buf_done) struct buf records = buf_new(RECORDS_MAX);
    struct str line;

    if (!has_mail(patient, finding))
        return;
    const char *domain = domain_of(patient);
    if (!look_up(domain, DNS_MX, &records, finding))
        return;
    int count = count_lines(&records, "", &line);
    finding_set(finding, count ? LEVEL_OK : LEVEL_WARNING, "%s: %d mail server%s", domain, count,
                count == 1 ? "" : "s");
}

/* --- the mail server ------------------------------------------------------ */

struct errand {
    struct parcel parcel;
    bool is_done;
};

static void note_end(struct parcel *parcel)
{
    CONTAINER_OF(parcel, struct errand, parcel)->is_done = true;
}

/* Sends one parcel and waits for its end. */
static void run_errand(const struct patient *patient, struct errand *errand)
{
    const struct transport_options options = {.ca_file = patient->sending.ca_file};
    struct transport *transport = NULL;
    struct err_detail detail = {""};

    errand->parcel.done = note_end;
    errand->parcel.timeout_ms = SMTP_MS;
    errand->parcel.may_be_plain = patient->sending.may_be_plain;
    if (transport_open(&options, &transport, &detail) != ERR_OK) {
        snprintf(errand->parcel.error, sizeof errand->parcel.error, "%.250s", detail.text);
        errand->parcel.result = PARCEL_LATER;
        return;
    }
    transport_send(transport, &errand->parcel);
    while (!errand->is_done)
        transport_poll(transport, POLL_MS);
    transport_close(transport);
}

static void suggest(const struct parcel *parcel, struct finding *finding)
{
    if (strstr(parcel->error, "STARTTLS"))
        finding_mend(finding, "use the port with TLS (smtps://HOST:465); for a server of your own "
                              "network, allow-plain");
    else if (strstr(parcel->error, "certificate"))
        finding_mend(finding, "write the host as its certificate does; for an authority of your "
                              "own, ca-file");
    else if (parcel->status == 535)
        finding_mend(finding, "check user and password in smtp-url; some services want a password "
                              "for applications");
}

static void sign_in(const struct patient *patient, struct finding *finding)
{
    const struct mail_sender *sender = &patient->sending.sender;
    struct errand errand = {.parcel = {.is_smtp = true,
                                       .url = sender->url.ptr,
                                       .user = sender->user.ptr,
                                       .password = sender->secret.ptr}};

    run_errand(patient, &errand);
    bool is_fine = errand.parcel.result == PARCEL_DELIVERED;
    /* Without TLS a server may offer no AUTH, and libcurl goes on without. */
    bool is_sure = !patient->sending.may_be_plain || str_starts_with(sender->url, STR("smtps"));
    finding_set(finding, is_fine ? LEVEL_OK : LEVEL_PROBLEM, "%s: %s", sender->url.ptr,
                !is_fine            ? errand.parcel.error
                : !sender->user.ptr ? "it answers; no user is set"
                : is_sure           ? "it lets us in"
                                    : "it answers; whether it asked for the password is not known, "
                                      "since allow-plain lets mails go without TLS");
    suggest(&errand.parcel, finding);
}

/* An API is asked nothing that would cost a mail: that it answers at all must do. */
static void reach_api(const struct patient *patient, struct finding *finding)
{
    CLEANUP(buf_done) struct buf body = buf_new(RECORDS_MAX);
    struct lookup_page page;
    struct err_detail detail = {""};
    const char *url = patient->sending.sender.url.ptr;

    if (lookup_get(url, patient->sending.ca_file, &body, &page, &detail) == ERR_OK)
        finding_set(finding, LEVEL_OK,
                    "%s: it answers; whether it takes the key, --send-test tells", url);
    else
        finding_set(finding, LEVEL_PROBLEM, "%s: %s", url, detail.text);
}

void check_mail_server(const struct patient *patient, struct finding *finding)
{
    if (!has_mail(patient, finding))
        return;
    if (patient->sending.sender.service == MAIL_SMTP)
        sign_in(patient, finding);
    else
        reach_api(patient, finding);
}

/* --- a probe mail ---------------------------------------------------------- */

static enum err compose_probe(const struct patient *patient, struct outgoing *out,
                              struct err_detail *detail)
{
    const struct destination destination = {
        .name = STR("mail:probe"), .channel = CHANNEL_MAIL, .address = str_of(patient->send_test)};
    const struct notice notice = {.count = 0};
    char id[64];

    snprintf(id, sizeof id, "probe-%lld", (long long)clock_wall_ms());
    const struct channel_input input = {
        .destination = &destination,
        .notice = &notice,
        .sender = &patient->sending.sender,
        .text = STR("This is a probe mail of contactd doctor. It has arrived, so mails leave."),
        .id = str_of(id),
        .public_url = patient->sending.public_url,
        .now_ms = clock_wall_ms()};
    return channel_compose(&input, out, detail);
}

static void send_probe(const struct patient *patient, struct outgoing *out, struct finding *finding)
{
    const struct mail_sender *sender = &patient->sending.sender;
    struct errand errand = {.parcel = {.is_smtp = out->is_smtp,
                                       .url = out->url.ptr,
                                       .user = out->is_smtp ? sender->user.ptr : NULL,
                                       .password = out->is_smtp ? sender->secret.ptr : NULL,
                                       .from = out->from.ptr,
                                       .to = out->to.ptr,
                                       .headers = out->headers.ptr,
                                       .body = buf_str(&out->body)}};

    run_errand(patient, &errand);
    if (errand.parcel.result == PARCEL_DELIVERED)
        finding_set(finding, LEVEL_OK, "accepted for %.250s; see whether it arrives, and where",
                    patient->send_test);
    else
        finding_set(finding, LEVEL_PROBLEM, "not accepted: %s", errand.parcel.error);
    suggest(&errand.parcel, finding);
}

void check_test_mail(const struct patient *patient, struct finding *finding)
{
    struct outgoing out;
    struct err_detail detail = {""};

    if (!patient->send_test)
        return;
    if (!email_is_valid(str_of(patient->send_test)) ||
        patient->sending.sender.service == MAIL_NONE) {
        finding_set(finding, LEVEL_PROBLEM, "cannot be sent to %.250s", patient->send_test);
        finding_mend(finding, "give an address, and set smtp-url and smtp-from");
        return;
    }
    outgoing_init(&out);
    enum err err = compose_probe(patient, &out, &detail);
    if (err == ERR_OK)
        send_probe(patient, &out, finding);
    else
        finding_set(finding, LEVEL_PROBLEM, "cannot be composed: %s",
                    detail.text[0] ? detail.text : err_text(err));
    outgoing_done(&out);
}
