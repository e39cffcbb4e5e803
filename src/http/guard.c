/* SPDX-License-Identifier: MIT */
/*
 * Request smuggling lives on requests that two parsers read differently. This
 * guard lets through only those that have one reading (RFC 9112, sections 3,
 * 5 and 6; RFC 9110, section 5.5), whatever the library below has let pass:
 * libmicrohttpd 0.9.75 ignores "Content-Length : 5", joins folded lines into
 * the header's name, and runs the second of two requests that differ in length.
 */
#include "guard.h"

#include <string.h>

enum { CONTENT_LENGTH_DIGITS_MAX = 10 };

#define HEADER_AS_NAME(id, text) [HEADER_##id] = {.ptr = text, .len = sizeof text - 1},
static const struct str NAMES[HEADER__COUNT] = {HEADER_LIST(HEADER_AS_NAME)};
#undef HEADER_AS_NAME

enum header header_find(struct str name)
{
    for (int i = 0; i < HEADER__COUNT; i++)
        if (name.len == NAMES[i].len && str_equal_nocase(name, NAMES[i]))
            return (enum header)i;
    return HEADER__COUNT;
}

/*
 * Fields that may be sent on several lines, which together are one list (RFC 9110, section 5.3).
 * Cookies should not, but visitors' proxies split them; joined they open nothing.
 */
bool header_is_list(enum header header)
{
    return header == HEADER_ACCEPT || header == HEADER_COOKIE || header == HEADER_ACCEPT_ENCODING ||
           header == HEADER_ACCEPT_LANGUAGE || header == HEADER_IF_NONE_MATCH ||
           header == HEADER_ACCESS_CONTROL_REQUEST_HEADERS || header == HEADER_X_FORWARDED_FOR;
}

/* tchar of RFC 9110, section 5.6.2: what is visible in ASCII and no delimiter. */
static bool is_tchar(char c)
{
    switch (c) {
    case '(':
    case ')':
    case '<':
    case '>':
    case '@':
    case ',':
    case ';':
    case ':':
    case '\\':
    case '"':
    case '/':
    case '[':
    case ']':
    case '?':
    case '=':
    case '{':
    case '}':
        return false;
    default:
        return c > ' ' && c <= '~';
    }
}

static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_tchar(text.ptr[i]))
            return false;
    return text.len > 0;
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* Names that another parser could take for a framing header. */
static bool is_framing_lookalike(struct str name)
{
    static const struct str LENGTH = {"content-length", 14}, CODING = {"transfer-encoding", 17};

    return (str_starts_with_nocase(name, LENGTH) && name.len > LENGTH.len) ||
           (str_starts_with_nocase(name, CODING) && name.len > CODING.len) ||
           str_equal_nocase(name, STR("content_length")) ||
           str_equal_nocase(name, STR("transfer_encoding"));
}

/* uri-host [ ":" port ] (RFC 9110, section 7.2; RFC 3986, section 3.2.2). */
static bool is_host(struct str host)
{
    bool is_literal = host.len && host.ptr[0] == '[';
    const char *close = is_literal ? memchr(host.ptr, ']', host.len) : NULL;
    size_t name_len = is_literal ? (close ? (size_t)(close - host.ptr) + 1 : 0) : 0;

    while (!is_literal && name_len < host.len && host.ptr[name_len] != ':') {
        char c = host.ptr[name_len++];
        if (c <= ' ' || c > '~' || strchr("\"#,/<>?@[\\]^`{|}", c))
            return false;
    }
    struct str port = {host.ptr + name_len, host.len - name_len};
    uint64_t number;
    return name_len > 0 && (port.len <= 1 ? port.len == 0 || port.ptr[0] == ':'
                                          : port.ptr[0] == ':' &&
                                                str_to_u64((struct str){port.ptr + 1, port.len - 1},
                                                           65535, &number));
}

static const char *check_framing(struct guard *guard, enum header header, struct str value)
{
    if (header == HEADER_CONTENT_LENGTH && (value.len > CONTENT_LENGTH_DIGITS_MAX ||
                                            !str_to_u64(value, UINT64_MAX, &guard->content_length)))
        return "Content-Length is not a plain number";
    if (header == HEADER_TRANSFER_ENCODING && !str_equal_nocase(value, STR("chunked")))
        return "Transfer-Encoding is not exactly 'chunked'";
    if (header == HEADER_HOST && !is_host(value))
        return "Host is not a host";
    return NULL;
}

static const char *check_header(struct guard *guard, struct str name, struct str value)
{
    if (!is_token(name))
        return "a header name is not a token";
    if (is_framing_lookalike(name))
        return "a header name looks like a framing header";
    if (has_control(value))
        return "a header value has a control character";
    enum header header = header_find(name);
    if (header == HEADER__COUNT)
        return NULL;
    if (guard->counts[header]++ && !header_is_list(header))
        return "a header that must be single was sent twice";
    return check_framing(guard, header, value);
}

void guard_header(struct guard *guard, struct str name, struct str value)
{
    const char *reason = check_header(guard, name, value);

    guard->headers++;
    if (!guard->reason)
        guard->reason = reason;
}

static bool is_known_method(struct str method)
{
    static const struct str METHODS[] = {{"GET", 3},   {"HEAD", 4},   {"POST", 4},   {"PUT", 3},
                                         {"PATCH", 5}, {"DELETE", 6}, {"OPTIONS", 7}};

    for (size_t i = 0; i < COUNTOF(METHODS); i++)
        if (str_equal(method, METHODS[i]))
            return true;
    return false;
}

static bool takes_body(struct str method)
{
    return str_equal(method, STR("POST")) || str_equal(method, STR("PUT")) ||
           str_equal(method, STR("PATCH"));
}

static const char *check_request(const struct guard *guard, struct str method, struct str version,
                                 struct str target)
{
    bool is_11 = str_equal(version, STR("HTTP/1.1"));
    bool has_length = guard->counts[HEADER_CONTENT_LENGTH];
    bool is_chunked = guard->counts[HEADER_TRANSFER_ENCODING];

    if (!is_token(method))
        return "the method is not a token";
    if (!is_11 && !str_equal(version, STR("HTTP/1.0")))
        return "only HTTP/1.0 and HTTP/1.1 are spoken here";
    if (target.len == 0 || target.ptr[0] != '/' || !str_is_visible_ascii(target))
        return "the request target is not an absolute path";
    if (memchr(target.ptr, '#', target.len))
        return "the request target has a fragment";
    if (has_length && is_chunked)
        return "Content-Length and Transfer-Encoding exclude each other";
    if (is_chunked && !is_11)
        return "HTTP/1.0 knows no chunked bodies";
    if (is_11 && !guard->counts[HEADER_HOST])
        return "Host is missing";
    if (!takes_body(method) && (is_chunked || (has_length && guard->content_length)))
        return "this method takes no body";
    return NULL;
}

static enum verdict refuse(enum problem *ret_problem, enum problem problem)
{
    *ret_problem = problem;
    return VERDICT_REFUSE;
}

enum verdict guard_verdict(struct guard *guard, struct str method, struct str version,
                           struct str target, enum problem *ret_problem)
{
    if (!guard->reason)
        guard->reason = check_request(guard, method, version, target);
    if (guard->reason)
        return refuse(ret_problem, PROBLEM_BAD_REQUEST);
    if (!is_known_method(method))
        return refuse(ret_problem, PROBLEM_NOT_IMPLEMENTED);
    guard->has_no_framing = takes_body(method) && !guard->counts[HEADER_CONTENT_LENGTH] &&
                            !guard->counts[HEADER_TRANSFER_ENCODING];
    return guard->counts[HEADER_TRANSFER_ENCODING] || guard->has_no_framing ? VERDICT_CLOSE
                                                                            : VERDICT_OK;
}
