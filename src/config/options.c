/* SPDX-License-Identifier: MIT */
/*
 * THE option table. To add an option, add a member to struct config and a row
 * here; nothing else. Defaults suit a machine with one CPU and 512 MB.
 */
#include "config/options.h"

#include "core/web.h"

#define MEMBER(name) offsetof(struct config, name)

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR
};

static bool is_host_and_port(struct str text)
{
    const char *colon = text.len ? memrchr(text.ptr, ':', text.len) : NULL;
    uint64_t port;

    if (!colon)
        return false;
    struct str host = {text.ptr, (size_t)(colon - text.ptr)};
    struct str port_text = {colon + 1, text.len - host.len - 1};
    if (!str_to_u64(port_text, 65535, &port))
        return false;
    if (host.len && host.ptr[0] == '[')
        return host.len >= 4 && host.ptr[host.len - 1] == ']' && memchr(host.ptr, ':', host.len);
    return host.len == 0 || (str_is_visible_ascii(host) && !memchr(host.ptr, ':', host.len));
}

static const char *check_listen(struct str value)
{
    const struct str prefix = STR("unix:/");
    const size_t path_max = 107 + sizeof "unix:" - 1; /* sun_path, with its NUL */

    if (str_starts_with_nocase(value, prefix))
        return value.len > prefix.len && value.len <= path_max
                   ? NULL
                   : "not a socket path; use unix:/PATH with at most 107 bytes";
    return is_host_and_port(value) ? NULL
                                   : "not an address; use HOST:PORT, [IPV6]:PORT or unix:/PATH";
}

static const char *check_redirect_listen(struct str value)
{
    return value.len == 0 || is_host_and_port(value)
               ? NULL
               : "not an address; use HOST:PORT or [IPV6]:PORT, such as :80";
}

/* Others read its host and origin with core/web, so nothing else passes here. */
static const char *check_public_url(struct str value)
{
    static const char COMPLAINT[] =
        "not an address; use https://HOST without a '/' or '.' at its end, such as "
        "https://forms.example.org";
    bool has_scheme =
        str_starts_with(value, STR("https://")) || str_starts_with(value, STR("http://"));

    if (value.len == 0)
        return NULL;
    if (!has_scheme || !web_url_origin(value).len || value.ptr[value.len - 1] == '/')
        return COMPLAINT;
    for (size_t i = 0; i < value.len; i++)
        if (strchr("?#@\"'<>", value.ptr[i]))
            return COMPLAINT;
    return NULL;
}

static const struct option ROWS[] = {
    {.name = OPTION_CONFIG,
     .kind = OPTION_STRING,
     .offset = MEMBER(file),
     .max = 4095,
     .unit = "FILE",
     .fallback = "",
     .help = "file with more options, one NAME = VALUE per line"},
    {.name = "listen",
     .kind = OPTION_STRING,
     .offset = MEMBER(listen),
     .min = 1,
     .max = 300,
     .unit = "ADDRESS",
     .fallback = "127.0.0.1:3000",
     .check = check_listen,
     .help = "where to listen: HOST:PORT, [IPV6]:PORT or unix:/PATH"},
    {.name = "database",
     .kind = OPTION_STRING,
     .offset = MEMBER(database),
     .min = 1,
     .max = 4095,
     .unit = "PATH",
     .fallback = "./contactd.db",
     .help = "the database; made on the first start"},
    {.name = "tls-cert",
     .kind = OPTION_STRING,
     .offset = MEMBER(tls_cert),
     .max = 4095,
     .unit = "FILE",
     .fallback = "",
     .help = "certificate and its chain (PEM): listen speaks TLS; read anew when it changes"},
    {.name = "tls-key",
     .kind = OPTION_STRING,
     .offset = MEMBER(tls_key),
     .max = 4095,
     .unit = "FILE",
     .fallback = "",
     .help = "the certificate's private key (PEM)"},
    {.name = "redirect-listen",
     .kind = OPTION_STRING,
     .offset = MEMBER(redirect_listen),
     .max = 300,
     .unit = "ADDRESS",
     .fallback = "",
     .check = check_redirect_listen,
     .help = "where else to listen, without TLS, to send everybody on to https: :80"},
    {.name = "hsts",
     .kind = OPTION_DURATION,
     .offset = MEMBER(hsts_ms),
     .max = 10 * 365 * (uint64_t)DAY,
     .unit = "TIME",
     .fallback = "0s",
     .help = "that browsers shall keep to https (Strict-Transport-Security), such as 365d"},
    {.name = "threads",
     .kind = OPTION_U32,
     .offset = MEMBER(threads),
     .min = 1,
     .max = 64,
     .unit = "NUMBER",
     .fallback = "1",
     .help = "threads that serve connections"},
    {.name = "workers",
     .kind = OPTION_U32,
     .offset = MEMBER(workers),
     .min = 1,
     .max = 64,
     .unit = "NUMBER",
     .fallback = "2",
     .help = "threads that read the database and check passwords"},
    {.name = "max-connections",
     .kind = OPTION_U32,
     .offset = MEMBER(max_connections),
     .min = 1,
     .max = 1000000,
     .unit = "NUMBER",
     .fallback = "4096",
     .help = "connections at a time; further ones wait"},
    {.name = "connection-memory",
     .kind = OPTION_SIZE,
     .offset = MEMBER(connection_memory_bytes),
     .min = 4 * KIB,
     .max = 64 * KIB,
     .unit = "SIZE",
     .fallback = "12k",
     .help = "memory of a connection for its headers"},
    {.name = "request-memory",
     .kind = OPTION_SIZE,
     .offset = MEMBER(request_memory_bytes),
     .min = 1 * MIB,
     .max = 1024 * MIB,
     .unit = "SIZE",
     .fallback = "48m",
     .help = "memory of all bodies and replies together; beyond it 503"},
    {.name = "max-body",
     .kind = OPTION_SIZE,
     .offset = MEMBER(max_body_bytes),
     .min = 1 * KIB,
     .max = 1 * MIB,
     .unit = "SIZE",
     .fallback = "64k",
     .help = "largest body of a request"},
    {.name = "header-timeout",
     .kind = OPTION_DURATION,
     .offset = MEMBER(header_timeout_ms),
     .min = 1 * SECOND,
     .max = 1 * HOUR,
     .unit = "TIME",
     .fallback = "10s",
     .help = "for a request's headers to arrive"},
    {.name = "body-timeout",
     .kind = OPTION_DURATION,
     .offset = MEMBER(body_timeout_ms),
     .min = 1 * SECOND,
     .max = 1 * HOUR,
     .unit = "TIME",
     .fallback = "20s",
     .help = "for a request's body to arrive"},
    {.name = "reply-timeout",
     .kind = OPTION_DURATION,
     .offset = MEMBER(reply_timeout_ms),
     .min = 1 * SECOND,
     .max = 1 * HOUR,
     .unit = "TIME",
     .fallback = "30s",
     .help = "for a reply to be taken"},
    {.name = "idle-timeout",
     .kind = OPTION_DURATION,
     .offset = MEMBER(idle_timeout_ms),
     .min = 1 * SECOND,
     .max = 1 * HOUR,
     .unit = "TIME",
     .fallback = "15s",
     .help = "that a connection may stay open between requests"},
    {.name = "shutdown-timeout",
     .kind = OPTION_DURATION,
     .offset = MEMBER(shutdown_timeout_ms),
     .min = 1 * SECOND,
     .max = 10 * MINUTE,
     .unit = "TIME",
     .fallback = "10s",
     .help = "for requests in flight to finish when stopping"},
    {.name = "commit-queue",
     .kind = OPTION_U32,
     .offset = MEMBER(commit_queue),
     .min = 1,
     .max = 1000000,
     .unit = "NUMBER",
     .fallback = "10000",
     .help = "writes that may wait for the disk"},
    {.name = "backup-dir",
     .kind = OPTION_STRING,
     .offset = MEMBER(backup_dir),
     .max = 3800,
     .unit = "PATH",
     .fallback = "",
     .help = "directory for scheduled backups; none are made without one"},
    {.name = "backup-every",
     .kind = OPTION_DURATION,
     .offset = MEMBER(backup_every_ms),
     .min = 1 * SECOND,
     .max = 365 * (uint64_t)DAY,
     .unit = "TIME",
     .fallback = "24h",
     .help = "from one scheduled backup to the next"},
    {.name = "backup-keep",
     .kind = OPTION_U32,
     .offset = MEMBER(backup_keep),
     .min = 1,
     .max = 10000,
     .unit = "NUMBER",
     .fallback = "7",
     .help = "scheduled backups that are kept; the oldest go"},
    {.name = "trusted-proxies",
     .kind = OPTION_LIST,
     .offset = MEMBER(trusted_proxies),
     .max = 4095,
     .unit = "LIST",
     .fallback = "",
     .help = "proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8,fd00::/8"},
    {.name = "rate-limit",
     .kind = OPTION_BOOL,
     .offset = MEMBER(has_rate_limit),
     .unit = "on|off",
     .fallback = "on",
     .help = "limit posts, and attempts to sign in"},
    {.name = "sandbox",
     .kind = OPTION_ENUM,
     .offset = MEMBER(sandbox),
     .unit = "off|on|required",
     .fallback = "on",
     .help = "give away what serving does not take; --no-sandbox: off"},
    {.name = "smtp-url",
     .kind = OPTION_STRING,
     .offset = MEMBER(smtp_url),
     .max = SECRET_MAX,
     .unit = "URL",
     .fallback = "",
     .is_secret = true,
     .help = "how mails leave: smtp://USER:PASSWORD@HOST:587, or a service's KEY"},
    {.name = "smtp-from",
     .kind = OPTION_STRING,
     .offset = MEMBER(smtp_from),
     .max = 512,
     .unit = "MAILBOX",
     .fallback = "",
     .help = "whom mails come from: an address, or Name <address>"},
    {.name = "notify-to",
     .kind = OPTION_LIST,
     .offset = MEMBER(notify_to),
     .max = 4095,
     .unit = "LIST",
     .fallback = "",
     .help = "who gets a mail of each message to the form \"default\""},
    {.name = "public-url",
     .kind = OPTION_STRING,
     .offset = MEMBER(public_url),
     .max = 512,
     .unit = "URL",
     .fallback = "",
     .check = check_public_url,
     .help = "where this server is reached from outside, for links in mails and to watch it"},
    {.name = "canary-every",
     .kind = OPTION_DURATION,
     .offset = MEMBER(canary_every_ms),
     .min = 0,
     .max = 365 * (uint64_t)DAY,
     .unit = "TIME",
     .fallback = "0s",
     .help = "from one test message through public-url to the next; 0s: none"},
    {.name = "webhook-allow",
     .kind = OPTION_LIST,
     .offset = MEMBER(webhook_allow),
     .max = 4095,
     .unit = "LIST",
     .fallback = "",
     .help = "private ranges that webhooks may reach, such as 10.1.2.0/24"},
    {.name = "ca-file",
     .kind = OPTION_STRING,
     .offset = MEMBER(ca_file),
     .max = 4095,
     .unit = "FILE",
     .fallback = "",
     .help = "certificates (PEM) of an own authority, for mail servers and webhooks"},
    {.name = "allow-plain",
     .kind = OPTION_BOOL,
     .offset = MEMBER(may_be_plain),
     .unit = "on|off",
     .fallback = "off",
     .help = "mails and webhooks without TLS, for tests and own networks"},
    {.name = "log-level",
     .kind = OPTION_ENUM,
     .offset = MEMBER(log_level),
     .unit = "debug|info|warn|error",
     .fallback = "info",
     .help = "the least that is logged"},
    {.name = "log-format",
     .kind = OPTION_ENUM,
     .offset = MEMBER(log_format),
     .unit = "auto|text|json",
     .fallback = "auto",
     .help = "auto: text on a terminal, else JSON"},
};

_Static_assert(COUNTOF(ROWS) <= CONFIG_OPTIONS_MAX, "every row has an origin");

const struct option_table OPTIONS = {ROWS, COUNTOF(ROWS), sizeof(struct config)};
