/* SPDX-License-Identifier: MIT */
/*
 * Between a visitor and us are a name server, a proxy, sometimes a firewall, and each has
 * its own way to fail. Whether a contactd has answered is seen by the codes of its errors,
 * since no two of them have anything else in common that the other would not have.
 */
#include "core/reach.h"

#include "base/json.h"

struct row {
    enum reach reach;
    const char *text, *remedy;
};

static const struct row WITHOUT_ANSWER[] = {
    {REACH_NO_NAME, "its name leads nowhere", "mend the name's DNS record, or public-url"},
    {REACH_NO_CONNECTION, "no connection comes about",
     "see that the proxy runs, that firewalls let its port through, and that the name's DNS record "
     "is this machine's"},
    {REACH_NO_TRUST, "its certificate is refused",
     "renew it, or name the authority that made it in ca-file"},
    {REACH_TOO_LATE, "no answer came in time",
     "see whether a firewall swallows it, and whether the proxy and contactd have too much to do"},
    {REACH_BROKEN, "no answer came", "see the proxy's own log, and public-url"},
};

/* Beside the codes of http/problem.h, which this room does not see. */
static const struct {
    const char *code, *text, *remedy;
} CODES[] = {
    {"form_not_found", "another contactd answers there, which does not know the message",
     "if there is an old machine, end it; let the name and the proxy lead to this one"},
    {"not_found", "contactd is asked for another path than the one that was sent (404)",
     "let the proxy pass paths on unchanged, or set public-url to what belongs before them"},
    {"unavailable", "contactd cannot store it (503)", "see the server's log, and its disk"},
    {"internal", "contactd cannot answer it (500)", "see the server's log"},
};

/* The code of an error that a contactd answers with, on its doors and elsewhere; or absent. */
static struct str code_of(const json_t *answer)
{
    struct str reason = js_get_string(answer, "reason");

    if (!js_get_string(answer, "requestId").ptr)
        return (struct str){0};
    return reason.ptr ? reason : js_get_string(answer, "code");
}

static bool explain_code(struct str body, struct buf *text, struct buf *remedy)
{
    CLEANUP(js_decref) json_t *answer = NULL;

    if (js_parse_object(body, &answer, NULL) != ERR_OK)
        return false;
    struct str code = code_of(answer);
    for (size_t i = 0; i < COUNTOF(CODES); i++)
        if (str_equal(code, str_of(CODES[i].code))) {
            buf_put(text, str_of(CODES[i].text));
            buf_put(remedy, str_of(CODES[i].remedy));
            return true;
        }
    return false;
}

static void put_visible(struct buf *out, struct str url)
{
    for (size_t i = 0; i < url.len; i++)
        buf_put_char(out, str_is_visible_ascii((struct str){url.ptr + i, 1}) ? url.ptr[i] : '?');
}

static void explain_move(const struct reach_answer *answer, struct buf *text, struct buf *remedy)
{
    enum { URL_SHOWN = 200 };
    struct str url = answer->body;

    for (size_t i = 0; i < url.len; i++) /* what is behind may be another each time */
        if (i == URL_SHOWN || url.ptr[i] == '?' || url.ptr[i] == '#')
            url.len = i;
    buf_printf(text, "it leads elsewhere (%d)", answer->status);
    if (url.len) {
        buf_put(text, STR(", to "));
        put_visible(text, url);
    }
    buf_put(remedy, STR("set public-url to the address that answers without sending on"));
}

static bool is_refusal(int status)
{
    return status == 401 || status == 403 || status == 429 || status == 451;
}

/* Those above 504 are Cloudflare's. */
static bool is_gateways(int status)
{
    return (status >= 502 && status <= 504) || (status >= 520 && status <= 526);
}

static void explain_status(int status, struct buf *text, struct buf *remedy)
{
    if (is_refusal(status)) {
        buf_printf(text, "something before contactd refuses it (%d)", status);
        buf_put(remedy, STR("let posts to /contact pass there"));
    } else if (is_gateways(status)) {
        buf_printf(text, "a proxy answers %d and does not reach contactd", status);
        buf_put(remedy, STR("see that contactd runs, and that the proxy passes on to the address "
                            "that it listens on"));
    } else {
        buf_printf(text, "something else than contactd answers (%d)", status);
        buf_put(remedy, STR("let the proxy pass /contact on to contactd, or mend public-url"));
    }
}

static void explain_silence(const struct reach_answer *answer, struct buf *text, struct buf *remedy)
{
    for (size_t i = 0; i < COUNTOF(WITHOUT_ANSWER); i++) {
        if (WITHOUT_ANSWER[i].reach != answer->reach)
            continue;
        buf_printf(text, "%s: ", WITHOUT_ANSWER[i].text);
        buf_put(text, answer->error);
        buf_put(remedy, str_of(WITHOUT_ANSWER[i].remedy));
    }
}

void reach_explain(const struct reach_answer *answer, struct buf *text, struct buf *remedy)
{
    if (answer->reach != REACH_ANSWERED)
        explain_silence(answer, text, remedy);
    else if (answer->status >= 300 && answer->status <= 399)
        explain_move(answer, text, remedy);
    else if (!explain_code(answer->body, text, remedy))
        explain_status(answer->status, text, remedy);
}
