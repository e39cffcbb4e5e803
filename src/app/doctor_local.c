/* SPDX-License-Identifier: MIT */
/* What `doctor` finds on this machine: options, disk, database, port, clock. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "doctor.h"
#include "listen.h"
#include "notify/lookup.h"
#include "secure.h"
#include "store/store.h"

enum { MIB = 1024 * 1024, FEW_MIB = 200, TOO_FEW_MIB = 20, FEW_INODES = 1000 };
enum { EXAMINE_MS = 15000 };
enum { DRIFT_WARNING_MS = 60 * 1000, DRIFT_PROBLEM_MS = 10 * 60 * 1000 };

#define RELEASED_AT "2026-01-01T00:00:00Z"

/* --- options ------------------------------------------------------------- */

static unsigned count_set(const struct config *config)
{
    unsigned count = 0;

    for (size_t i = 0; i < CONFIG_OPTIONS_MAX; i++)
        count += config->origins[i].source != CONFIG_DEFAULT;
    return count;
}

void check_configuration(const struct patient *patient, struct finding *finding)
{
    const struct config_list *proxies = &patient->config->trusted_proxies;
    struct cidr range;

    finding_set(finding, LEVEL_OK, "%u options differ from their defaults",
                count_set(patient->config));
    if (patient->sending_error.text[0])
        finding_set(finding, LEVEL_PROBLEM, "%s", patient->sending_error.text);
    for (size_t i = 0; i < proxies->count; i++)
        if (!cidr_parse(str_of(proxies->items[i]), &range))
            finding_set(finding, LEVEL_PROBLEM, "trusted-proxies: %s is not an address or range",
                        proxies->items[i]);
}

/* --- disk ---------------------------------------------------------------- */

static bool is_in_memory(const struct patient *patient)
{
    return strncmp(patient->config->database, "memory:", 7) == 0;
}

static void find_directory(const char *database, char ret_path[PATH_MAX])
{
    const char *slash = strrchr(database, '/');
    size_t len = slash ? (size_t)(slash - database) : 0;

    snprintf(ret_path, PATH_MAX, "%.*s", slash ? (int)(len ? len : 1) : 1, slash ? database : ".");
}

static void judge_space(const struct statvfs *space, const char *path, struct finding *finding)
{
    unsigned long long mib = (unsigned long long)space->f_bavail * space->f_frsize / MIB;
    bool has_few_files = space->f_files > 0 && space->f_favail < FEW_INODES;
    enum level level = mib < TOO_FEW_MIB                ? LEVEL_PROBLEM
                       : mib < FEW_MIB || has_few_files ? LEVEL_WARNING
                                                        : LEVEL_OK;

    finding_set(finding, level, "%s: %llu MB free%s", path, mib,
                has_few_files ? ", and hardly any more files can be made" : "");
}

/* It is made when the server starts, if the directory above it is there. */
static void check_backups(const char *directory, struct finding *finding)
{
    char path[PATH_MAX];
    struct stat status;

    snprintf(path, sizeof path, "%s", directory);
    if (stat(path, &status) && errno == ENOENT)
        find_directory(directory, path);
    if (access(path, W_OK | X_OK) == 0)
        return;
    finding_set(finding, LEVEL_PROBLEM, "backup-dir: %s: %s", path, strerror(errno));
    finding_mend(finding, "make it for the user that contactd runs as, or name another one");
}

void check_disk(const struct patient *patient, struct finding *finding)
{
    char path[PATH_MAX];
    struct statvfs space;

    find_directory(patient->config->database, path);
    if (is_in_memory(patient)) {
        finding_set(finding, LEVEL_WARNING, "the database is in memory, and gone with the process");
        finding_mend(finding, "name a file with --database");
    } else if (statvfs(path, &space)) {
        finding_set(finding, LEVEL_PROBLEM, "%s: %s", path, strerror(errno));
        finding_mend(finding, "make this directory for the user that contactd runs as");
    } else if (access(path, W_OK | X_OK)) {
        finding_set(finding, LEVEL_PROBLEM, "%s: %s", path, strerror(errno));
        finding_mend(finding, "give it to the user that contactd runs as; files beside the "
                              "database must be made there");
    } else {
        judge_space(&space, path, finding);
    }
    if (finding->level == LEVEL_OK && patient->config->backup_dir[0])
        check_backups(patient->config->backup_dir, finding);
}

/* --- database ------------------------------------------------------------ */

static void judge_health(const struct store_health *health, const char *path,
                         struct finding *finding)
{
    long long mib = (health->bytes + MIB - 1) / MIB;

    if (health->is_damaged) {
        finding_set(finding, LEVEL_PROBLEM, "%s is damaged: %s", path, health->complaint);
        return;
    }
    finding_set(finding, LEVEL_OK, "%s: %lld MB, schema %lld of %lld, %s", path, mib,
                (long long)health->schema, (long long)health->schema_known,
                health->is_whole ? "no damage" : "no damage in what was seen in time");
}

static bool is_for_others(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO));
}

void check_database(const struct patient *patient, struct finding *finding)
{
    const char *path = patient->config->database;
    struct store_health health;
    struct err_detail detail = {""};

    enum err err = store_examine(path, EXAMINE_MS, &health, &detail);
    if (err == ERR_NOT_FOUND)
        finding_set(finding, LEVEL_OK, "%s is not there yet; the first start makes it", path);
    else if (err != ERR_OK)
        finding_set(finding, LEVEL_PROBLEM, "%s", detail.text[0] ? detail.text : err_text(err));
    else
        judge_health(&health, path, finding);
    if (finding->level == LEVEL_OK && !is_in_memory(patient) && is_for_others(path)) {
        finding_set(finding, LEVEL_WARNING, "%s can be read by other users of this machine", path);
        finding_mend(finding, "chmod 600 %s", path);
    }
}

/* Also of a server that does not run. */
void check_deliveries(const struct patient *patient, struct finding *finding)
{
    struct store_health health;
    struct err_detail detail = {""};

    if (store_examine(patient->config->database, 0, &health, &detail) != ERR_OK) {
        finding_set(finding, LEVEL_OK, "there is nothing to look at; see the line \"database\"");
        return;
    }
    enum level level = health.failing                     ? LEVEL_PROBLEM
                       : health.given_up || health.alarms ? LEVEL_WARNING
                                                          : LEVEL_OK;
    finding_set(finding, level,
                "%lld destinations fail, %lld deliveries were given up, %lld "
                "alarms stand%s%s",
                (long long)health.failing, (long long)health.given_up, (long long)health.alarms,
                health.worst[0] ? "; failing for longest: " : "", health.worst);
    if (!health.failing && !health.given_up && health.alarms)
        finding_mend(finding, "the panel tells what they are, and so does GET /admin/alarms");
}

/* --- port ---------------------------------------------------------------- */

/* What answers there: its version, or "". False: nothing takes a connection. */
static bool ask_version(const struct config *config, char ret_version[64])
{
    char reply[1024];

    ret_version[0] = '\0';
    if (!secure_ask(config,
                    STR("GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                    reply, sizeof reply))
        return false;
    const char *at = strstr(reply, "\"name\":\"contactd\",\"version\":\"");
    if (at)
        sscanf(at, "\"name\":\"contactd\",\"version\":\"%63[^\"]", ret_version);
    return true;
}

void check_port(const struct patient *patient, struct finding *finding)
{
    const char *address = patient->config->listen;
    struct err_detail detail = {""};
    struct listener listener;
    char version[64];

    if (ask_version(patient->config, version)) {
        finding_set(finding, version[0] ? LEVEL_OK : LEVEL_PROBLEM, "%s: %s%s answers", address,
                    version[0] ? "contactd " : "another program", version);
        return;
    }
    if (strncmp(address, "unix:", 5) == 0) {
        finding_set(finding, LEVEL_OK, "%s: nothing answers; it is free", address);
        return;
    }
    if (listen_open("listen", address, &listener, &detail) != ERR_OK) {
        finding_set(finding, LEVEL_PROBLEM, "%s", detail.text);
        return;
    }
    listen_close(&listener);
    finding_set(finding, LEVEL_OK, "%s: nothing answers; it is free", address);
}

/* --- clock --------------------------------------------------------------- */

/* The difference to what the public address says, if there is one. */
static bool find_drift(const struct patient *patient, int64_t *ret_drift_ms)
{
    CLEANUP(buf_done) struct buf body = buf_new(64 * 1024);
    struct lookup_page page;
    struct err_detail detail = {""};
    char url[600];

    if (!patient->sending.public_url.ptr)
        return false;
    snprintf(url, sizeof url, "%s/healthz", patient->config->public_url);
    enum err err = lookup_get(url, patient->sending.ca_file, &body, &page, &detail);
    if (err != ERR_OK || page.date_ms == 0)
        return false;
    *ret_drift_ms = clock_wall_ms() - page.date_ms;
    return true;
}

void check_clock(const struct patient *patient, struct finding *finding)
{
    struct timex state = {.modes = 0};
    char now[CLOCK_TEXT_LEN + 1];
    int64_t released_ms, drift_ms = 0;

    clock_format(clock_wall_ms(), now);
    bool has_drift = find_drift(patient, &drift_ms);
    long long seconds = llabs((long long)drift_ms) / 1000;
    if (!clock_parse(STR(RELEASED_AT), &released_ms) || clock_wall_ms() < released_ms)
        finding_set(finding, LEVEL_PROBLEM, "it says %s, which is before this version was made",
                    now);
    else if (has_drift && seconds * 1000 > DRIFT_WARNING_MS)
        finding_set(finding, seconds * 1000 > DRIFT_PROBLEM_MS ? LEVEL_PROBLEM : LEVEL_WARNING,
                    "it says %s, %lld seconds %s the public address", now, seconds,
                    drift_ms > 0 ? "ahead of" : "behind");
    else if (adjtimex(&state) == TIME_ERROR && (state.status & STA_UNSYNC))
        finding_set(finding, LEVEL_WARNING, "it says %s, and nothing keeps it right", now);
    else
        finding_set(finding, LEVEL_OK, "%s%s", now,
                    has_drift ? ", as the public address says" : "");
}
