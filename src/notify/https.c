/* SPDX-License-Identifier: MIT */
/*
 * libcurl, loaded when it is first needed: it and the two dozen libraries that
 * it brings would take more memory than everything else together, and most
 * servers never ask anybody anything. `once` guards the loading; afterwards
 * the table of functions is constant.
 */
#include "notify/https.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>

enum { CONNECT_MS = 3000 };

static struct {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    bool is_there;
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* POSIX has it that a function's address fits into a data pointer; ISO C does not. */
static bool find(void *library, const char *name, void *ret_function)
{
    void *found = dlsym(library, name);

    memcpy(ret_function, &found, sizeof found);
    return found;
}

static void load(void)
{
    static const char *const NAMES[] = {"libcurl-gnutls.so.4", "libcurl.so.4"};
    void *library = NULL;

    for (size_t i = 0; i < COUNTOF(NAMES) && !library; i++)
        library = dlopen(NAMES[i], RTLD_NOW | RTLD_LOCAL);
    lib.is_there = library && find(library, "curl_global_init", &lib.global_init) &&
                   find(library, "curl_easy_init", &lib.easy_init) &&
                   find(library, "curl_easy_setopt", &lib.easy_setopt) &&
                   find(library, "curl_easy_perform", &lib.easy_perform) &&
                   find(library, "curl_easy_getinfo", &lib.easy_getinfo) &&
                   find(library, "curl_easy_strerror", &lib.easy_strerror) &&
                   find(library, "curl_easy_cleanup", &lib.easy_cleanup) &&
                   lib.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *reply = arg;

    buf_put(reply, (struct str){bytes, size * count});
    return buf_status(reply) == ERR_OK ? size * count : 0;
}

static bool is_allowed(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://127.0.0.1:", 17) == 0;
}

static enum err perform(CURL *easy, struct buf *reply, struct err_detail *detail)
{
    long status = 0;

    CURLcode code = lib.easy_perform(easy);
    TRY(buf_status(reply));
    if (code != CURLE_OK)
        return err_set(detail, ERR_IO, "%s", lib.easy_strerror(code));
    lib.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299)
        return err_set(detail, ERR_IO, "it answered %ld", status);
    return ERR_OK;
}

enum err https_post_form(const char *url, struct str form, int64_t timeout_ms, struct buf *reply,
                         struct err_detail *detail)
{
    pthread_once(&once, load);
    if (!lib.is_there)
        return err_set(detail, ERR_IO, "libcurl is not installed (Debian: libcurl3-gnutls)");
    if (!is_allowed(url))
        return err_set(detail, ERR_INVALID, "only https is allowed");
    CURL *easy = lib.easy_init();
    if (!easy)
        return ERR_MEMORY;
    lib.easy_setopt(easy, CURLOPT_URL, url);
    lib.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)form.len);
    lib.easy_setopt(easy, CURLOPT_POSTFIELDS, form.ptr);
    lib.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    lib.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    lib.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    lib.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    lib.easy_setopt(easy, CURLOPT_PROXY, "");
    lib.easy_setopt(easy, CURLOPT_USERAGENT, "contactd/" CONTACTD_VERSION);
    lib.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    lib.easy_setopt(easy, CURLOPT_WRITEDATA, reply);
    enum err err = perform(easy, reply, detail);
    lib.easy_cleanup(easy);
    return err;
}
