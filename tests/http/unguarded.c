/* SPDX-License-Identifier: MIT */
/*
 * The negative control of test_vectors.py: libmicrohttpd with nothing in front
 * of it. It answers every request with 200 and logs it the way contactd does,
 * so that the same judge must find hidden requests here. Not part of the product.
 */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **state)
{
    static int seen;
    static char body[] = "ok\n";
    struct MHD_Response *response;
    enum MHD_Result result;
    char path[256];
    size_t i;

    (void)cls, (void)method, (void)version, (void)upload;
    if (*state == NULL || *upload_bytes > 0) {
        *state = &seen;
        *upload_bytes = 0;
        return MHD_YES;
    }
    /* Whatever JSON would need an escape for is of no interest here. */
    for (i = 0; url[i] != '\0' && i < sizeof path - 1; i++)
        path[i] = (url[i] > ' ' && url[i] < 127 && url[i] != '"' && url[i] != '\\') ? url[i] : '?';
    path[i] = '\0';
    fprintf(stderr, "{\"event\":\"request\",\"path\":\"%s\",\"status\":200}\n", path);

    response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "text/plain");
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

int main(int argc, char **argv)
{
    sigset_t ends;
    int signal_number;
    struct MHD_Daemon *daemon;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    daemon = MHD_start_daemon(
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, (uint16_t)(argc > 1 ? atoi(argv[1]) : 0),
        NULL, NULL, answer, NULL, MHD_OPTION_CONNECTION_TIMEOUT, 2u,
#if MHD_VERSION >= 0x00097701
        /* Later versions reject much by themselves; a control must be able to fail. */
        MHD_OPTION_CLIENT_DISCIPLINE_LVL, -3,
#endif
        MHD_OPTION_END);
    if (daemon == NULL)
        return 5;
    sigwait(&ends, &signal_number);
    MHD_stop_daemon(daemon);
    return 0;
}
