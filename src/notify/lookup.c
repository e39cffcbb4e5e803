/* SPDX-License-Identifier: MIT */
/*
 * Questions to the outside. The resolver's own defaults would wait for half a minute
 * and longer, so its patience is set here; it never falls back to TCP, whose
 * connect() knows no limit.
 */
#include "notify/lookup.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

#include "base/clock.h"
#include "notify/curl.h"

enum { RETRY_S = 3, RETRIES = 2, ANSWER_MAX = 4096, GET_MS = 12000, CONNECT_MS = 5000 };

enum { AROUND_MAX = 256 * 1024 }; /* bytes of a page besides its body */

/* --- name servers -------------------------------------------------------- */

static enum err ask(struct __res_state *state, const char *name, enum dns_type type,
                    struct buf *out, struct err_detail *detail)
{
    unsigned char answer[ANSWER_MAX];

    state->retrans = RETRY_S;
    state->retry = RETRIES;
    state->options |= RES_USE_EDNS0 | RES_IGNTC;
    int len = res_nquery(state, name, ns_c_in, (int)type, answer, (int)sizeof answer);
    if (len < 0 && (state->res_h_errno == HOST_NOT_FOUND || state->res_h_errno == NO_DATA))
        return ERR_NOT_FOUND;
    if (len < 0)
        return err_set(detail, ERR_IO, "no name server answers");
    struct str text = {(const char *)answer, (size_t)(len < ANSWER_MAX ? len : ANSWER_MAX)};
    int count = dns_answer_read(text, type, out);
    if (count < 0)
        return err_set(detail, ERR_IO, "the name server's answer is malformed");
    return count == 0 ? ERR_NOT_FOUND : buf_status(out);
}

enum err lookup_records(const char *name, enum dns_type type, struct buf *out,
                        struct err_detail *detail)
{
    struct __res_state state = {0};

    if (res_ninit(&state))
        return err_set(detail, ERR_IO, "the resolver cannot be set up; see /etc/resolv.conf");
    enum err err = ask(&state, name, type, out, detail);
    res_nclose(&state);
    return err;
}

/* --- pages --------------------------------------------------------------- */

struct getting {
    const struct curl_lib *lib;
    CURL *easy;
    struct buf *body;
    struct lookup_page page;
    struct curl_meter meter;
    char reason[CURL_ERROR_SIZE];
};

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct getting *self = arg;
    size_t room = self->body->max - self->body->len, len = size * count;

    buf_put(self->body, (struct str){bytes, len < room ? len : room});
    return len <= room ? len : 0;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
    struct getting *self = arg;
    struct str value = {bytes, size * count};
    char text[64];

    struct str name = str_cut(&value, ':');
    if (!value.ptr || !str_equal_nocase(name, STR("date")) || value.len >= sizeof text)
        return size * count;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    int64_t at_s = self->lib->getdate(text, NULL);
    self->page.date_ms = at_s > 0 ? at_s * 1000 : 0;
    return size * count;
}

static void set_up(struct getting *self, const char *url, const char *ca_file)
{
    const struct curl_lib *lib = self->lib;
    CURL *easy = self->easy;

    lib->easy_setopt(easy, CURLOPT_URL, url);
    lib->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    lib->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)GET_MS);
    lib->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    lib->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    lib->easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    lib->easy_setopt(easy, CURLOPT_ERRORBUFFER, self->reason);
    lib->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    lib->easy_setopt(easy, CURLOPT_WRITEDATA, self);
    lib->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    lib->easy_setopt(easy, CURLOPT_HEADERDATA, self);
    self->meter.max = self->body->max + AROUND_MAX;
    curl_lib_limit(easy, &self->meter);
    if (ca_file)
        curl_lib_trust(easy, ca_file);
}

static enum err get(struct getting *self, struct err_detail *detail)
{
    long status = 0;

    CURLcode code = self->lib->easy_perform(self->easy);
    self->lib->easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    self->page.reach = status ? REACH_ANSWERED : curl_lib_reach(code);
    if (status == 0)
        return err_set(detail, ERR_IO, "%s",
                       self->reason[0] ? self->reason : curl_lib_explain(code));
    self->page.status = (int)status;
    self->page.expires_ms = curl_lib_expiry(self->easy);
    self->page.has_moved = status >= 300 && status <= 399;
    if (self->page.has_moved)
        curl_lib_target(self->easy, self->body);
    return ERR_OK;
}

enum err lookup_get(const char *url, const char *ca_file, struct buf *body,
                    struct lookup_page *ret_page, struct err_detail *detail)
{
    struct getting self = {.lib = curl_lib(), .body = body};

    if (!self.lib)
        return err_set(detail, ERR_IO, CURL_LIB_MISSING);
    self.easy = curl_lib_easy();
    if (!self.easy)
        return ERR_MEMORY;
    set_up(&self, url, ca_file);
    enum err err = get(&self, detail);
    self.lib->easy_cleanup(self.easy);
    *ret_page = self.page;
    return err;
}
