/* SPDX-License-Identifier: MIT */
/*
 * libcurl's functions, for this room. Nothing of it is set up before somebody
 * asks for it: most servers never ask anybody anything.
 *
 * Where they come from is the build's business: curl_loaded.c opens the shared
 * library at run time, curl_linked.c stands in its place where libcurl is part
 * of the program.
 */
#ifndef CONTACTD_NOTIFY_CURL_H
#define CONTACTD_NOTIFY_CURL_H

#include <curl/curl.h>

#include "base/str.h"
#include "core/reach.h"

/* Each is called as lib->NAME(...) and is libcurl's curl_NAME. What is missing is added here. */
/* clang-format off */
#define CURL_LIB_FUNCTIONS(each) \
    each(global_init) each(version_info) each(free) \
    each(easy_init) each(easy_setopt) each(easy_perform) each(easy_getinfo) each(easy_strerror) \
    each(easy_reset) each(easy_pause) each(easy_cleanup) \
    each(multi_init) each(multi_setopt) each(multi_add_handle) each(multi_remove_handle) \
    each(multi_perform) each(multi_poll) each(multi_wakeup) each(multi_info_read) \
    each(multi_strerror) each(multi_cleanup) \
    each(slist_append) each(slist_free_all) \
    each(mime_init) each(mime_addpart) each(mime_subparts) each(mime_name) each(mime_filename) \
    each(mime_type) each(mime_encoder) each(mime_headers) each(mime_data) each(mime_data_cb) \
    each(mime_free) \
    each(url) each(url_set) each(url_get) each(url_dup) each(url_cleanup) each(getdate)

struct curl_lib {
#define CURL_LIB_MEMBER(name) __typeof__(curl_##name) *name;
    CURL_LIB_FUNCTIONS(CURL_LIB_MEMBER)
#undef CURL_LIB_MEMBER
};
/* clang-format on */

/* Any thread; constant from the first call on. NULL: it is not there, as CURL_LIB_MISSING says. */
const struct curl_lib *curl_lib(void);

#define CURL_LIB_MISSING "libcurl is not installed (Debian: libcurl3-gnutls)"

/*
 * A new easy handle with what all of ours have: no signals, no proxy, no redirects, our name,
 * and the certificates to trust (those of SSL_CERT_FILE if that is set). The caller cleans it
 * up. NULL: no libcurl, or no memory.
 */
CURL *curl_lib_easy(void);

/* Trusts the certificates in this PEM file as well. */
void curl_lib_trust(CURL *easy, const char *ca_file);

/*
 * Ends a transfer once more than `max` bytes have come, whatever they are: libcurl keeps the lines
 * that follow a chunked body, and does not limit them. Sets the handle's debug and progress
 * functions; who needs these itself calls the two below in them.
 */
struct curl_meter {
    size_t received, max;
};
void curl_lib_limit(CURL *easy, struct curl_meter *meter);
void curl_meter_count(struct curl_meter *meter, curl_infotype type, size_t len);
bool curl_meter_is_over(const struct curl_meter *meter);

/* Puts where a 3xx leads in the place of what `ret_url` holds. */
void curl_lib_target(CURL *easy, struct buf *ret_url);

/* A new multi handle whose end waits for no look-up. The caller cleans it up. NULL: as above. */
CURLM *curl_lib_multi(void);

/* What a failed transfer's code means, for people; static text. */
const char *curl_lib_explain(CURLcode code);

/*
 * When the other side's certificate ends, wall; 0: unknown. After a transfer with
 * CURLOPT_CERTINFO, a refused one too where libcurl has it (GnuTLS).
 */
int64_t curl_lib_expiry(CURL *easy);

/* How far a transfer came that ended without an answer. */
enum reach curl_lib_reach(CURLcode code);

/* --- for curl.c: what the build decides ---------------------------------- */

bool curl_lib_find(struct curl_lib *ret_lib);

/* Certificates (PEM) that were built in; none: libcurl knows where the system's are. */
struct str curl_lib_roots(void);

#endif
