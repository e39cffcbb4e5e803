/* SPDX-License-Identifier: MIT */
/* What `doctor` finds in the certificate's files, whatever a running server has in its memory. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/alarm.h"
#include "core/web.h"
#include "doctor.h"
#include "secure.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    RSA_BITS_CHEAP = 2048,
    USER_NAME_MAX = 64,
    GROUPS_MAX = 64,
    LINE_MAX_BYTES = 16 * 1024,
};

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
        finding_set(finding,
                    alarm_certificate(facts->expires_at_ms, now_ms) == CERTIFICATE_FINE
                        ? LEVEL_OK
                        : LEVEL_WARNING,
                    "for %s, good for %lld days, until %.10s; the key is its own; chain of %zu%s",
                    facts->names, days, end, facts->chain,
                    facts->rsa_bits > RSA_BITS_CHEAP
                        ? "; so long an RSA key makes handshakes slow, ECDSA P-256 is fast"
                        : "");
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
    struct str host = web_host_bare(web_url_host(str_of(config->public_url)));
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

/* --- who reads the next one ---------------------------------------------- */

/* The server's user, as far as can be told: whose the database's directory is. */
struct reader {
    uid_t uid;
    gid_t gid, groups[GROUPS_MAX];
    size_t group_count;
    char name[USER_NAME_MAX];
};

/* The files alone, not what else knows names: a static program cannot ask that. */
static void find_name(struct reader *reader)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd line, *found = NULL;
    char room[LINE_MAX_BYTES];

    snprintf(reader->name, sizeof reader->name, "%u", (unsigned)reader->uid);
    while (file && fgetpwent_r(file, &line, room, sizeof room, &found) == 0)
        if (line.pw_uid == reader->uid) {
            snprintf(reader->name, sizeof reader->name, "%s", line.pw_name);
            reader->gid = line.pw_gid;
            break;
        }
    if (file)
        fclose(file);
}

static bool is_member(const struct group *group, const char *name)
{
    for (size_t i = 0; group->gr_mem[i]; i++)
        if (strcmp(group->gr_mem[i], name) == 0)
            return true;
    return false;
}

static void find_groups(struct reader *reader)
{
    FILE *file = fopen("/etc/group", "re");
    struct group line, *found = NULL;
    char room[LINE_MAX_BYTES];

    while (file && reader->group_count < GROUPS_MAX &&
           fgetgrent_r(file, &line, room, sizeof room, &found) == 0)
        if (is_member(&line, reader->name))
            reader->groups[reader->group_count++] = line.gr_gid;
    if (file)
        fclose(file);
}

/* False: he is root, or is not known. */
static bool find_reader(const char *database, struct reader *ret_reader)
{
    struct stat home;
    char *name = strdup(database);

    bool is_known = name && stat(dirname(name), &home) == 0 && home.st_uid != 0;
    free(name);
    if (!is_known)
        return false;
    *ret_reader = (struct reader){.uid = home.st_uid, .gid = home.st_gid};
    find_name(ret_reader);
    find_groups(ret_reader);
    return true;
}

/* In a child, which is nobody else's thread; 0, or why he cannot. */
static int try_to_read(const struct reader *reader, const char *file)
{
    if (setgroups(reader->group_count, reader->groups) ||
        setresgid(reader->gid, reader->gid, reader->gid) ||
        setresuid(reader->uid, reader->uid, reader->uid))
        return 0; /* then nothing is known */
    return open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK) < 0 ? errno : 0;
}

static bool can_read(const struct reader *reader, const char *file)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(try_to_read(reader, file) == EACCES);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

/* Root reads everything, and the server started so perhaps; the renewed ones it reads as itself. */
static void judge_readers(const struct config *config, struct finding *finding)
{
    const char *const files[] = {config->tls_cert, config->tls_key};
    struct reader reader;

    if (geteuid() != 0 || strcmp(config->database, "memory:") == 0 ||
        !find_reader(config->database, &reader))
        return;
    for (size_t i = 0; i < COUNTOF(files); i++) {
        if (can_read(&reader, files[i]))
            continue;
        finding_set(finding, LEVEL_PROBLEM,
                    "%s: user %s, whose the database's directory is, may not read it", files[i],
                    reader.name);
        finding_mend(finding,
                     "let a hook of the renewal copy both to a directory of his, with install -o "
                     "%s -m 0400, and name those in tls-cert and tls-key",
                     reader.name);
        return;
    }
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
    if (err == ERR_OK && tls && finding->level != LEVEL_PROBLEM)
        judge_readers(patient->config, finding);
    tls_close(err == ERR_OK ? tls : NULL);
}
