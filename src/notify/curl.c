/* SPDX-License-Identifier: MIT */
/*
 * libcurl, made ready when it is first needed: it and what it brings would take
 * more memory than everything else together. `once` guards this; afterwards the
 * table of functions is constant. What every request of ours has in common is
 * set here too, so that none of them forgets it.
 */
#include "notify/curl.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum { CA_FILE_MAX = 1024 * 1024, LOOKUPS_MAX = 32 };

static struct curl_lib lib;
static bool is_there;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    is_there = curl_lib_find(&lib) && lib.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

const struct curl_lib *curl_lib(void)
{
    pthread_once(&once, load);
    return is_there ? &lib : NULL;
}

static void trust(CURL *easy)
{
    struct str roots = curl_lib_roots();
    const char *file = getenv("SSL_CERT_FILE");
    struct curl_blob blob = {
        .data = (char *)(uintptr_t)roots.ptr, .len = roots.len, .flags = CURL_BLOB_NOCOPY};

    if (file && file[0])
        lib.easy_setopt(easy, CURLOPT_CAINFO, file);
    else if (roots.len > 0)
        lib.easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
}

/* What is built in, with the file's certificates behind it. False: the file cannot be read. */
static bool trust_both(CURL *easy, struct str roots, const char *ca_file)
{
    CLEANUP(buf_done) struct buf all = buf_new(roots.len + CA_FILE_MAX);
    FILE *file = fopen(ca_file, "re");

    if (!file)
        return false;
    buf_put(&all, roots);
    buf_put_char(&all, '\n');
    char *at = buf_reserve(&all, all.max - all.len);
    if (at)
        all.len += fread(at, 1, all.max - all.len, file);
    fclose(file);
    struct curl_blob blob = {.data = all.ptr, .len = all.len, .flags = CURL_BLOB_COPY};
    return at && lib.easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
}

/* A shared libcurl reads the system's directory of certificates beside the file. */
void curl_lib_trust(CURL *easy, const char *ca_file)
{
    struct str roots = curl_lib_roots();

    if (roots.len > 0 && trust_both(easy, roots, ca_file))
        return;
    lib.easy_setopt(easy, CURLOPT_CAINFO_BLOB, NULL);
    lib.easy_setopt(easy, CURLOPT_CAINFO, ca_file);
}

CURL *curl_lib_easy(void)
{
    CURL *easy = curl_lib() ? lib.easy_init() : NULL;

    if (!easy)
        return NULL;
    lib.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    lib.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    lib.easy_setopt(easy, CURLOPT_PROXY, "");
    lib.easy_setopt(easy, CURLOPT_USERAGENT, "contactd/" CONTACTD_VERSION);
    trust(easy);
    return easy;
}

/* --- what comes ---------------------------------------------------------- */

/* What has come of a body is told before it is decoded: with its chunks' heads and trailers. */
void curl_meter_count(struct curl_meter *meter, curl_infotype type, size_t len)
{
    if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN)
        meter->received += len;
}

bool curl_meter_is_over(const struct curl_meter *meter)
{
    return meter->received > meter->max;
}

static int count(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
    (void)easy, (void)bytes;
    curl_meter_count(arg, type, len);
    return 0;
}

static int watch(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return curl_meter_is_over(arg);
}

void curl_lib_limit(CURL *easy, struct curl_meter *meter)
{
    lib.easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    lib.easy_setopt(easy, CURLOPT_DEBUGFUNCTION, count);
    lib.easy_setopt(easy, CURLOPT_DEBUGDATA, meter);
    lib.easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    lib.easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
    lib.easy_setopt(easy, CURLOPT_XFERINFODATA, meter);
}

/* --- for whoever asks ---------------------------------------------------- */

/* Later libcurls keep the threads that look names up with the multi handle, and wait for them. */
CURLM *curl_lib_multi(void)
{
    enum { RESOLVE_THREADS_MAX = 20, QUICK_EXIT = 21 }; /* not in the headers of 7.88 */
    CURLM *multi = curl_lib() ? lib.multi_init() : NULL;

    if (!multi)
        return NULL;
    lib.multi_setopt(multi, (CURLMoption)RESOLVE_THREADS_MAX, (long)LOOKUPS_MAX);
    lib.multi_setopt(multi, (CURLMoption)QUICK_EXIT, 1L);
    return multi;
}

/* access() would not tell: within the sandbox it always says no. */
static bool can_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

const char *curl_lib_explain(CURLcode code)
{
    if (code == CURLE_COULDNT_RESOLVE_HOST && !can_read("/etc/resolv.conf"))
        return "its name cannot be looked up: /etc/resolv.conf cannot be read, and it says whom to "
               "ask";
    return lib.easy_strerror(code);
}

/* "2026-11-23 13:14:08 GMT" of GnuTLS, "Nov 23 13:14:08 2026 GMT" of OpenSSL; 0: neither. */
static int64_t parse_day(const char *text)
{
    char rfc3339[] = "0000-00-00T00:00:00Z";
    int64_t at_ms;

    if (strlen(text) >= sizeof rfc3339 - 2)
        memcpy(rfc3339, text, sizeof rfc3339 - 2);
    rfc3339[10] = 'T';
    if (clock_parse(str_of(rfc3339), &at_ms))
        return at_ms;
    int64_t at_s = lib.getdate(text, NULL);
    return at_s > 0 ? at_s * 1000 : 0;
}

/* Of the first certificate, which is the server's own. */
int64_t curl_lib_expiry(CURL *easy)
{
    const struct str name = STR("Expire date:");
    struct curl_certinfo *chain = NULL;

    lib.easy_getinfo(easy, CURLINFO_CERTINFO, &chain);
    if (!chain || chain->num_of_certs < 1)
        return 0;
    for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
        if (str_starts_with_nocase(str_of(line->data), name))
            return parse_day(line->data + name.len);
    return 0;
}

void curl_lib_target(CURL *easy, struct buf *ret_url)
{
    const char *target = NULL;

    lib.easy_getinfo(easy, CURLINFO_REDIRECT_URL, &target);
    buf_done(ret_url);
    buf_put(ret_url, str_of(target));
}

enum reach curl_lib_reach(CURLcode code)
{
    static const struct {
        CURLcode code;
        enum reach reach;
    } ROWS[] = {
        {CURLE_COULDNT_RESOLVE_HOST, REACH_NO_NAME},
        {CURLE_COULDNT_CONNECT, REACH_NO_CONNECTION},
        {CURLE_PEER_FAILED_VERIFICATION, REACH_NO_TRUST},
        {CURLE_SSL_ISSUER_ERROR, REACH_NO_TRUST},
        {CURLE_SSL_CACERT_BADFILE, REACH_NO_TRUST},
        {CURLE_OPERATION_TIMEDOUT, REACH_TOO_LATE},
    };

    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        if (ROWS[i].code == code)
            return ROWS[i].reach;
    return REACH_BROKEN;
}
