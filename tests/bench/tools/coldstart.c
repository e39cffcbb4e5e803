// SPDX-License-Identifier: MIT
//
// coldstart http|https PORT PATH CPU COMMAND [ARGUMENT...]
//
// Starts COMMAND pinned to CPU and asks it for PATH on 127.0.0.1:PORT, every
// 0.1 ms, until the first answer 200. Prints the milliseconds from fork() to
// that answer and ends the command. The asking is C and on another CPU because
// the best peers start in 2 ms, which a Python loop would blur.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, STOP_MS = 2000, STATUS_LEN = 12, TRIES = 8 };

// Of https; else NULL. They know no authority: whose certificate it is, the caller knows.
static gnutls_certificate_credentials_t credentials;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void pause_us(long us)
{
    struct timespec t = {0, us * 1000};
    nanosleep(&t, NULL);
}

static void pin_to(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static pid_t start(int cpu, char **command)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    pin_to(cpu);
    setpgid(0, 0);
    // If we are killed, the server must not outlive us.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execvp(command[0], command);
    _exit(127);
}

static bool ask(int fd, const char *request, char *status)
{
    return write(fd, request, strlen(request)) > 0 &&
           recv(fd, status, STATUS_LEN, MSG_WAITALL) == STATUS_LEN;
}

static bool ask_tls(int fd, const char *request, char *status)
{
    gnutls_session_t session;
    gnutls_init(&session, GNUTLS_CLIENT);
    gnutls_set_default_priority(session);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_transport_set_int(session, fd);
    bool is_asked =
        gnutls_handshake(session) == 0 && gnutls_record_send(session, request, strlen(request)) > 0;
    size_t got = 0;
    for (int i = 0; is_asked && got < STATUS_LEN && i < TRIES; i++) {
        ssize_t more = gnutls_record_recv(session, status + got, STATUS_LEN - got);
        got += more > 0 ? (size_t)more : 0;
    }
    gnutls_deinit(session);
    return got == STATUS_LEN;
}

// One request on a connection of its own: is the answer a 200?
static bool answers(const struct sockaddr_in *address, const char *request)
{
    char answer[16] = "";
    struct timeval patience = {10, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    // What ends the handshake must not wait for its acknowledgement before the request may go.
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    bool is_200 = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
                  (credentials ? ask_tls : ask)(fd, request, answer) &&
                  strcmp(answer + 8, " 200") == 0;
    close(fd);
    return is_200;
}

static void stop(pid_t pid)
{
    kill(-pid, SIGTERM);
    for (int ms = 0; ms < STOP_MS; ms += 5) {
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return;
        pause_us(5000);
    }
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: coldstart http|https PORT PATH CPU COMMAND [ARGUMENT...]\n");
        return 2;
    }
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(argv[2])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    char request[512];
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", argv[3]);
    if (strcmp(argv[1], "https") == 0)
        gnutls_certificate_allocate_credentials(&credentials);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1000); // nanoseconds; the default would add 50 us to each pause

    double began = now_ms();
    pid_t pid = start(atoi(argv[4]), argv + 5);
    while (now_ms() - began < PATIENCE_MS) {
        if (answers(&address, request)) {
            printf("%.3f\n", now_ms() - began);
            stop(pid);
            return 0;
        }
        if (waitpid(pid, NULL, WNOHANG) == pid) {
            fprintf(stderr, "coldstart: the server ended before it answered\n");
            return 1;
        }
        pause_us(100);
    }
    fprintf(stderr, "coldstart: no answer in %d ms\n", PATIENCE_MS);
    stop(pid);
    return 1;
}
