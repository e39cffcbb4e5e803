/* SPDX-License-Identifier: MIT */
/* One question to a server of our own, for `healthcheck` and `doctor`. The caller's thread. */
#include <gnutls/gnutls.h>

#include "http/tls.h"

static bool shake_hands(gnutls_session_t session)
{
    int code;

    do
        code = gnutls_handshake(session);
    while (code < 0 && !gnutls_error_is_fatal(code) && code != GNUTLS_E_AGAIN);
    return code == GNUTLS_E_SUCCESS;
}

/* Until the room is full, the server has ended, or the socket's patience has. */
static size_t listen_to(gnutls_session_t session, char *reply, size_t room)
{
    size_t have = 0;
    ssize_t got = 1;

    while (have < room && got > 0) {
        got = gnutls_record_recv(session, reply + have, room - have);
        have += got > 0 ? (size_t)got : 0;
    }
    return have;
}

static bool ask(gnutls_session_t session, int fd, struct str request, char *ret_reply, size_t room)
{
    gnutls_transport_set_int(session, fd);
    if (!shake_hands(session) || gnutls_record_send(session, request.ptr, request.len) < 0)
        return false;
    size_t len = listen_to(session, ret_reply, room - 1);
    ret_reply[len] = '\0';
    return len > 0;
}

bool tls_ask(int fd, struct str request, char *ret_reply, size_t room)
{
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
    bool is_answered = false;

    ret_reply[0] = '\0';
    if (gnutls_certificate_allocate_credentials(&credentials) < 0)
        return false;
    if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == GNUTLS_E_SUCCESS) {
        if (gnutls_set_default_priority(session) == GNUTLS_E_SUCCESS &&
            gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) ==
                GNUTLS_E_SUCCESS)
            is_answered = ask(session, fd, request, ret_reply, room);
        gnutls_deinit(session);
    }
    gnutls_certificate_free_credentials(credentials);
    return is_answered;
}
