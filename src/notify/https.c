/* SPDX-License-Identifier: MIT */
/*
 * A form to an https address and its short reply back, in one call that waits.
 * What libcurl is asked to do in every case stands in curl.c.
 */
#include "notify/https.h"

#include "notify/curl.h"

enum { CONNECT_MS = 3000, AROUND_MAX = 64 * 1024 /* bytes of an answer besides its body */ };

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

static enum err perform(const struct curl_lib *lib, CURL *easy, struct buf *reply,
                        struct err_detail *detail)
{
    long status = 0;

    CURLcode code = lib->easy_perform(easy);
    TRY(buf_status(reply));
    if (code != CURLE_OK)
        return err_set(detail, ERR_IO, "%s", curl_lib_explain(code));
    lib->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299)
        return err_set(detail, ERR_IO, "it answered %ld", status);
    return ERR_OK;
}

enum err https_post_form(const char *url, struct str form, int64_t timeout_ms, struct buf *reply,
                         struct err_detail *detail)
{
    const struct curl_lib *lib = curl_lib();

    if (!lib)
        return err_set(detail, ERR_IO, CURL_LIB_MISSING);
    if (!is_allowed(url))
        return err_set(detail, ERR_INVALID, "only https is allowed");
    CURL *easy = curl_lib_easy();
    if (!easy)
        return ERR_MEMORY;
    struct curl_meter meter = {.max = reply->max + AROUND_MAX};
    curl_lib_limit(easy, &meter);
    lib->easy_setopt(easy, CURLOPT_URL, url);
    lib->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)form.len);
    lib->easy_setopt(easy, CURLOPT_POSTFIELDS, form.ptr);
    lib->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    lib->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    lib->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    lib->easy_setopt(easy, CURLOPT_WRITEDATA, reply);
    enum err err = perform(lib, easy, reply, detail);
    lib->easy_cleanup(easy);
    return err;
}
