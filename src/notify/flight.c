/* SPDX-License-Identifier: MIT */
/*
 * How a parcel is asked of libcurl. Everything that a stranger's server could do to
 * us is bounded here: no redirects, no proxy (curl.c), the schemes that are
 * meant and no others, addresses asked about when they are known, replies
 * read up to a ceiling and thrown away, mails only over TLS unless the operator said otherwise.
 *
 * Mails keep their connection for the next one. libcurl waits for the answer to QUIT when
 * it closes one, and the whole thread with it; so once the server has refused a mail nothing more
 * is heard from it (deafen).
 */
#include "notify/flight.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    CONNECT_MS = 5000,     /* of a post, TLS included */
    GREETING_MS = 15000,   /* of a mail, signing in included: some servers greet late on purpose */
    SLOW_BYTES = 16,       /* a second, */
    SLOW_S = 10,           /* for so long: enough */
    REPLY_MAX = 64 * 1024, /* bytes of a reply's body */
    HEARD_MAX =
        256 * 1024, /* bytes of a reply, with its head and whatever stands around its body */
    BUFFER_BYTES = 16 * 1024,
    IDLE_S = 30,
    LIFE_S = 60, /* of a kept connection */
    GRACE_MS = 500,
};

#define set(flight, option, value) ((flight)->lib->easy_setopt((flight)->easy, (option), (value)))

/* --- sockets ------------------------------------------------------------- */

void flight_sockets_init(struct flight_sockets *sockets)
{
    *sockets = (struct flight_sockets){.count = 0};
    pthread_mutex_init(&sockets->lock, NULL);
}

void flight_sockets_done(struct flight_sockets *sockets)
{
    pthread_mutex_destroy(&sockets->lock);
}

static void shut_all(struct flight_sockets *sockets, int how)
{
    pthread_mutex_lock(&sockets->lock);
    for (size_t i = 0; i < sockets->count; i++)
        shutdown(sockets->fds[i], how);
    pthread_mutex_unlock(&sockets->lock);
}

void flight_sockets_deafen(struct flight_sockets *sockets)
{
    shut_all(sockets, SHUT_RD);
}

void flight_sockets_shut(struct flight_sockets *sockets)
{
    atomic_store(&sockets->is_shut, true);
    shut_all(sockets, SHUT_RDWR);
}

static int add_socket(struct flight_sockets *sockets, const struct curl_sockaddr *to)
{
    int fd = -1;

    pthread_mutex_lock(&sockets->lock);
    if (sockets->count < COUNTOF(sockets->fds) && !atomic_load(&sockets->is_shut))
        fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd >= 0)
        sockets->fds[sockets->count++] = fd;
    pthread_mutex_unlock(&sockets->lock);
    return fd;
}

/* Closed within the lock, lest somebody else's socket of this number is shut. */
static int close_socket(void *arg, curl_socket_t fd)
{
    struct flight_sockets *sockets = arg;

    pthread_mutex_lock(&sockets->lock);
    for (size_t i = 0; i < sockets->count; i++)
        if (sockets->fds[i] == fd) {
            sockets->fds[i] = sockets->fds[--sockets->count];
            break;
        }
    int failed = close(fd);
    pthread_mutex_unlock(&sockets->lock);
    return failed;
}

/* As 16 bytes, with the port. False: neither IPv4 nor IPv6. */
static bool read_address(const struct curl_sockaddr *from, uint8_t ret_bytes[16],
                         uint16_t *ret_port)
{
    static const uint8_t V4_PREFIX[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (from->family == AF_INET && from->addrlen >= sizeof v4) {
        memcpy(&v4, &from->addr, sizeof v4);
        memcpy(ret_bytes, V4_PREFIX, sizeof V4_PREFIX);
        memcpy(ret_bytes + sizeof V4_PREFIX, &v4.sin_addr, 4);
        *ret_port = ntohs(v4.sin_port);
        return true;
    }
    if (from->family != AF_INET6 || from->addrlen < sizeof v6)
        return false;
    memcpy(&v6, &from->addr, sizeof v6);
    memcpy(ret_bytes, &v6.sin6_addr, 16);
    *ret_port = ntohs(v6.sin6_port);
    return true;
}

static bool may_connect(struct flight *flight, const struct curl_sockaddr *to)
{
    uint8_t bytes[16];
    uint16_t port;

    if (flight->parcel->is_smtp || !flight->options->may_connect)
        return true;
    if (!read_address(to, bytes, &port))
        return false;
    if (flight->options->may_connect(flight->options->arg, bytes, port))
        return true;
    bool is_v4 = to->family == AF_INET;
    inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes + (is_v4 ? 12 : 0), flight->forbidden,
              sizeof flight->forbidden);
    return false;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct flight *flight = arg;

    (void)purpose;
    if (!may_connect(flight, to)) {
        flight->is_forbidden = true;
        return CURL_SOCKET_BAD;
    }
    flight->is_tried = true;
    return add_socket(flight->sockets, to);
}

/* --- what the other side says -------------------------------------------- */

static void hear(struct flight *flight, struct str text)
{
    size_t room = SAID_MAX - flight->said_len, len = text.len < room ? text.len : room;

    if (len)
        memcpy(flight->said + flight->said_len, text.ptr, len);
    flight->said_len += len;
}

static struct str without_line_end(struct str line)
{
    while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* A refusal ends the connection: what follows need not be waited for. */
static void hear_no_more(struct flight *flight)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    flight->lib->easy_getinfo(flight->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (fd != CURL_SOCKET_BAD)
        shutdown(fd, SHUT_RD);
}

/* "550-5.1.1 there is nobody" and, last of them, "550 5.1.1 of this name". */
static size_t take_smtp_line(char *bytes, size_t size, size_t count, void *arg)
{
    struct flight *flight = arg;
    struct str line = without_line_end((struct str){bytes, size * count});
    uint64_t code;

    if (flight->is_leaving || line.len < 3 || !str_to_u64((struct str){line.ptr, 3}, 999, &code))
        return size * count;
    if (flight->code) { /* of the answer before: "go on", and then what it thinks of the mail */
        flight->code = 0;
        flight->said_len = 0;
    }
    struct str text = {line.ptr + 3, line.len - 3};
    bool is_last = text.len == 0 || text.ptr[0] == ' ';
    if (text.len)
        text = (struct str){text.ptr + 1, text.len - 1};
    if (flight->said_len)
        hear(flight, STR(" "));
    hear(flight, text);
    if (is_last)
        flight->code = (int)code;
    if (is_last && code >= 400 && flight->step != STEP_LOGIN)
        hear_no_more(flight);
    return size * count;
}

static enum flight_step step_of(struct str command)
{
    static const struct {
        const char *word;
        enum flight_step step;
    } STEPS[] = {{"MAIL FROM:", STEP_MAIL}, {"RCPT TO:", STEP_RECIPIENT}, {"DATA\r\n", STEP_DATA}};

    for (size_t i = 0; i < COUNTOF(STEPS); i++)
        if (str_starts_with(command, str_of(STEPS[i].word)))
            return STEPS[i].step;
    return STEP_LOGIN;
}

/*
 * What we say goes out once the connection is there, with its TLS. Of mails, which of our commands
 * an answer belongs to; what came before QUIT is what counts.
 */
static int follow(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
    struct flight *flight = arg;

    (void)easy;
    curl_meter_count(&flight->meter, type, len);
    if (type != CURLINFO_HEADER_OUT)
        return 0;
    flight->has_asked = true;
    if (!flight->parcel->is_smtp)
        return 0;
    flight->is_leaving = str_starts_with((struct str){bytes, len}, STR("QUIT\r\n"));
    if (flight->is_leaving)
        return 0;
    flight->step = step_of((struct str){bytes, len});
    flight->code = 0;
    flight->said_len = 0;
    return 0;
}

/* As far as there is room for it. */
static void keep_reply(struct buf *reply, struct str text)
{
    if (!reply)
        return;
    size_t room = reply->max - reply->len;
    buf_put(reply, (struct str){text.ptr, text.len < room ? text.len : room});
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct flight *flight = arg;
    struct str text = {bytes, size * count};

    flight->received += text.len;
    if (flight->received > REPLY_MAX)
        return 0;
    keep_reply(flight->parcel->reply, text);
    for (size_t i = 0; i < text.len && !flight->is_said; i++) {
        bool is_end = text.ptr[i] == '\n' || text.ptr[i] == '\r';
        if (!is_end)
            hear(flight, (struct str){text.ptr + i, 1});
        flight->is_said = (is_end && flight->said_len) || flight->said_len == SAID_MAX;
    }
    return text.len;
}

/* --- what we say --------------------------------------------------------- */

static size_t give_mail(char *room, size_t size, size_t count, void *arg)
{
    struct flight *flight = arg;
    size_t len = flight->parcel->body.len - flight->sent;

    if (len > size * count)
        len = size * count;
    if (len)
        memcpy(room, flight->parcel->body.ptr + flight->sent, len);
    flight->sent += len;
    return len;
}

/* libcurl asks this also where it waits for a farewell. */
static int watch(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct flight *flight = arg;

    (void)a, (void)b, (void)c, (void)d;
    return flight->is_leaving || atomic_load(&flight->sockets->is_shut) ||
           curl_meter_is_over(&flight->meter) || clock_mono_ms() > flight->deadline_ms;
}

/* --- asking libcurl ------------------------------------------------------ */

static void set_envelope(struct flight *flight)
{
    const struct parcel *parcel = flight->parcel;

    set(flight, CURLOPT_MAIL_FROM, parcel->from);
    set(flight, CURLOPT_MAIL_RCPT, flight->lines);
    set(flight, CURLOPT_UPLOAD, 1L);
    set(flight, CURLOPT_READFUNCTION, give_mail);
    set(flight, CURLOPT_READDATA, flight);
    set(flight, CURLOPT_INFILESIZE_LARGE, (curl_off_t)parcel->body.len);
}

/* Nothing is sent; the server is asked for a sign of life once it has let us in. */
static void set_visit(struct flight *flight)
{
    set(flight, CURLOPT_NOBODY, 1L);
    set(flight, CURLOPT_CUSTOMREQUEST, "NOOP");
}

static void set_mail(struct flight *flight)
{
    const struct parcel *parcel = flight->parcel;

    set(flight, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(flight, CURLOPT_USE_SSL, (long)(parcel->may_be_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    set(flight, CURLOPT_CONNECTTIMEOUT_MS, (long)GREETING_MS);
    if (parcel->to)
        set_envelope(flight);
    else
        set_visit(flight);
    set(flight, CURLOPT_HEADERFUNCTION, take_smtp_line);
    set(flight, CURLOPT_HEADERDATA, flight);
    set(flight, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
    set(flight, CURLOPT_MAXLIFETIME_CONN, (long)LIFE_S);
    if (!parcel->user)
        return;
    set(flight, CURLOPT_USERNAME, parcel->user);
    set(flight, CURLOPT_PASSWORD, parcel->password ? parcel->password : "");
}

static void set_post(struct flight *flight)
{
    const struct parcel *parcel = flight->parcel;

    set(flight, CURLOPT_PROTOCOLS_STR, parcel->may_be_plain ? "http,https" : "https");
    set(flight, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    set(flight, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    set(flight, CURLOPT_FORBID_REUSE, 1L);
    if (!parcel->is_get) {
        set(flight, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)parcel->body.len);
        set(flight, CURLOPT_POSTFIELDS, parcel->body.len ? parcel->body.ptr : "");
    }
    set(flight, CURLOPT_CERTINFO, (long)(parcel->reply != NULL));
    set(flight, CURLOPT_HTTPHEADER, flight->lines);
    set(flight, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    set(flight, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    set(flight, CURLOPT_WRITEFUNCTION, take_body);
    set(flight, CURLOPT_WRITEDATA, flight);
}

static void set_common(struct flight *flight)
{
    set(flight, CURLOPT_URL, flight->parcel->url);
    set(flight, CURLOPT_PRIVATE, flight);
    set(flight, CURLOPT_ERRORBUFFER, flight->reason);
    set(flight, CURLOPT_TIMEOUT_MS, (long)flight->parcel->timeout_ms);
    set(flight, CURLOPT_QUICK_EXIT, 1L); /* leaves a look-up alone that does not end */
    set(flight, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    set(flight, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_BYTES);
    set(flight, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    set(flight, CURLOPT_OPENSOCKETDATA, flight);
    set(flight, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    set(flight, CURLOPT_CLOSESOCKETDATA, flight->sockets);
    set(flight, CURLOPT_VERBOSE, 1L);
    set(flight, CURLOPT_DEBUGFUNCTION, follow);
    set(flight, CURLOPT_DEBUGDATA, flight);
    set(flight, CURLOPT_NOPROGRESS, 0L);
    set(flight, CURLOPT_XFERINFOFUNCTION, watch);
    set(flight, CURLOPT_XFERINFODATA, flight);
    if (flight->options->ca_file)
        curl_lib_trust(flight->easy, flight->options->ca_file);
}

static bool add_line(struct flight *flight, const char *line)
{
    struct curl_slist *lines = flight->lib->slist_append(flight->lines, line);

    if (!lines)
        return false;
    flight->lines = lines;
    return true;
}

static bool add_headers(struct flight *flight)
{
    struct str rest = str_of(flight->parcel->headers);
    bool is_fine = add_line(flight, "Expect:");

    while (is_fine && rest.len) {
        struct str line = str_cut(&rest, '\n');
        char *copy = strndup(line.ptr, line.len);
        is_fine = copy && add_line(flight, copy);
        free(copy);
    }
    return is_fine;
}

static bool add_lines(struct flight *flight)
{
    const struct parcel *parcel = flight->parcel;

    if (!parcel->is_smtp)
        return add_headers(flight);
    return !parcel->to || add_line(flight, parcel->to);
}

bool flight_begin(struct flight *flight)
{
    struct parcel *parcel = flight->parcel;

    flight->deadline_ms = clock_mono_ms() + parcel->timeout_ms + GRACE_MS;
    flight->meter.max = HEARD_MAX;
    flight->lib = curl_lib();
    if (!flight->lib) {
        parcel_fail(parcel, CURL_LIB_MISSING);
        return false;
    }
    flight->easy = curl_lib_easy();
    if (!flight->easy || !add_lines(flight)) {
        parcel_fail(parcel, err_text(ERR_MEMORY));
        return false;
    }
    set_common(flight);
    if (parcel->is_smtp)
        set_mail(flight);
    else
        set_post(flight);
    return true;
}

bool flight_may_repeat(const struct flight *flight, CURLcode code)
{
    enum { CLOSING = 421 };
    long connects = 0;

    flight->lib->easy_getinfo(flight->easy, CURLINFO_NUM_CONNECTS, &connects);
    bool is_cut = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
    return is_cut && connects == 0 && !flight->is_repeated && flight->step <= STEP_MAIL &&
           (flight->code == 0 || flight->code == CLOSING);
}

void flight_repeat(struct flight *flight)
{
    flight->is_repeated = true;
    flight->is_leaving = false;
    flight->step = STEP_LOGIN;
    flight->code = 0;
    flight->said_len = 0;
    flight->sent = 0;
    flight->meter.received = 0;
    flight->reason[0] = '\0';
    set(flight, CURLOPT_FRESH_CONNECT, 1L);
}

void flight_done(struct flight *flight)
{
    if (flight->easy)
        flight->lib->easy_cleanup(flight->easy);
    if (flight->lib)
        flight->lib->slist_free_all(flight->lines);
}
