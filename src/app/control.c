/* SPDX-License-Identifier: MIT */
/*
 * One request per connection: a line of JSON in, a line of JSON out. One
 * caller at a time; the work itself is a job of the committer, like any other
 * write, or of a reader if it only reads. The thread touches nothing else; `lock` guards the
 * caller's descriptor, which control_stop() may shut down.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "command.h"
#include "resend.h"

enum { CALLER_TIMEOUT_S = 10, PENDING_MAX = 16 };

struct control {
    struct commit *commit;
    struct signin *signin;
    struct forms *forms;
    struct worker *readers;
    struct outbox *outbox;
    uid_t owner; /* asked for before the sandbox, in which nobody learns it */
    int listen_fd, stop_fd;
    pthread_t thread;
    pthread_mutex_t lock; /* guards caller_fd */
    int caller_fd;        /* being served; -1: nobody */
    char path[CONTROL_PATH_MAX];
};

/* --- the socket's address ------------------------------------------------ */

/*
 * A unix address holds 107 bytes, a path may be longer: then the directory is
 * opened and named through /proc, which is short. `*ret_dir_fd` is -1 or must
 * be closed after use.
 */
static bool make_address(const char *path, struct sockaddr_un *ret_address, int *ret_dir_fd)
{
    const char *slash = strrchr(path, '/');

    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    *ret_dir_fd = -1;
    if (strlen(path) < sizeof ret_address->sun_path) {
        memcpy(ret_address->sun_path, path, strlen(path) + 1);
        return true;
    }
    char dir[CONTROL_PATH_MAX];
    if (!slash || (size_t)(slash - path) >= sizeof dir)
        return false;
    memcpy(dir, path, (size_t)(slash - path));
    dir[slash - path] = '\0';
    *ret_dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int len = snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "/proc/self/fd/%d%s",
                       *ret_dir_fd, slash);
    return *ret_dir_fd >= 0 && len > 0 && (size_t)len < sizeof ret_address->sun_path;
}

static bool socket_path(const char *database, char ret_path[CONTROL_PATH_MAX])
{
    int len = snprintf(ret_path, CONTROL_PATH_MAX, "%s.sock", database);

    return len > 0 && len < CONTROL_PATH_MAX;
}

static int open_socket(const char *path, int (*use)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_un address;
    int dir_fd;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_open = fd >= 0 && make_address(path, &address, &dir_fd);

    if (is_open) {
        is_open = use(fd, (const struct sockaddr *)&address, sizeof address) == 0;
        if (dir_fd >= 0)
            close(dir_fd);
    }
    if (is_open)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* --- lines --------------------------------------------------------------- */

static void set_timeouts(int fd)
{
    const struct timeval limit = {.tv_sec = CALLER_TIMEOUT_S};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* Reads up to a newline, which is left out. */
static enum err read_line(int fd, struct buf *line)
{
    for (;;) {
        char *at = buf_reserve(line, 4096);
        if (!at)
            return buf_status(line);
        ssize_t got = recv(fd, at, 4096, 0);
        if (got <= 0)
            return ERR_IO;
        line->len += (size_t)got;
        if (line->ptr[line->len - 1] == '\n') {
            line->len--;
            return ERR_OK;
        }
    }
}

static enum err write_all(int fd, struct str text)
{
    while (text.len) {
        ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return ERR_IO;
        text.ptr += sent;
        text.len -= (size_t)sent;
    }
    return ERR_OK;
}

/* --- serving ------------------------------------------------------------- */

struct control_job {
    struct job job;
    const json_t *request;
    struct buf *result;
    struct err_detail *detail;
};

static enum err control_run(struct job *job, struct store *writer)
{
    struct control_job *self = CONTAINER_OF(job, struct control_job, job);

    return command_run(writer, self->request, self->result, self->detail);
}

struct reload_job {
    struct job job;
    struct forms *forms;
};

static enum err reload_run(struct job *job, struct store *writer)
{
    return forms_reload(CONTAINER_OF(job, struct reload_job, job)->forms, writer);
}

/* After the commit, so that nothing is used that may yet be undone. */
static enum err reload_forms(struct control *control, const json_t *request)
{
    struct reload_job self = {.job.run = reload_run, .forms = control->forms};

    if (!str_equal(js_get_string(request, "verb"), STR("form")))
        return ERR_OK;
    return commit_run(control->commit, &self.job);
}

/* Whatever a command does to an account, who has it is asked for it anew. */
static void forget_account(struct control *control, const json_t *request)
{
    struct str verb = js_get_string(request, "verb");
    struct str name = js_get_string(json_object_get(request, "args"), "name");
    bool is_token = str_equal(verb, STR("token"));

    if (name.ptr && (is_token || str_equal(verb, STR("user"))))
        signin_forget(control->signin, is_token, name);
}

static enum err after_delivery(struct control *control, struct str object, struct buf *result)
{
    if (str_equal(object, STR("list")))
        return resend_add_pauses(control->outbox, result);
    outbox_hurry(control->outbox, NULL);
    return ERR_OK;
}

static enum err run_request(struct control *control, const json_t *request, struct buf *result,
                            struct err_detail *detail)
{
    struct control_job self = {
        .job.run = control_run, .request = request, .result = result, .detail = detail};

    if (str_equal(js_get_string(request, "verb"), STR("export")))
        return worker_run(control->readers, &self.job);
    enum err err = commit_run(control->commit, &self.job);
    forget_account(control, request);
    if (err == ERR_OK && str_equal(js_get_string(request, "verb"), STR("delivery")))
        return after_delivery(control, js_get_string(request, "object"), result);
    return err == ERR_OK ? reload_forms(control, request) : err;
}

static void answer(struct control *control, struct str line, struct buf *reply)
{
    CLEANUP(js_decref) json_t *request = NULL;
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX / 2);
    struct err_detail detail = {""};

    enum err err = js_parse_object(line, &request, &detail);
    if (err == ERR_OK)
        err = run_request(control, request, &result, &detail);
    js_open(reply, '{');
    if (err == ERR_OK) {
        js_key(reply, "result");
        buf_put(reply, buf_str(&result));
    } else {
        js_field_string(reply, "error", str_of(detail.text[0] ? detail.text : err_text(err)));
    }
    js_close(reply, '}');
    buf_put_char(reply, '\n');
    bool is_one_of_many = str_equal(js_get_string(request, "verb"), STR("export")) ||
                          str_equal(js_get_string(request, "verb"), STR("import"));
    LOG(is_one_of_many && err == ERR_OK ? LOG_DEBUG : LOG_INFO, "control",
        LOG_STR("verb", js_get_string(request, "verb")),
        LOG_STR("object", js_get_string(request, "object")), LOG_TEXT("result", err_text(err)));
}

static bool may_call(const struct control *control, int fd)
{
    struct ucred caller;
    socklen_t len = sizeof caller;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &caller, &len) == 0 &&
           (caller.uid == 0 || caller.uid == control->owner);
}

static void serve_caller(struct control *control, int fd)
{
    CLEANUP(buf_done) struct buf line = buf_new(CONTROL_MESSAGE_MAX);
    CLEANUP(buf_done) struct buf reply = buf_new(CONTROL_MESSAGE_MAX);

    set_timeouts(fd);
    if (!may_call(control, fd) || read_line(fd, &line) != ERR_OK)
        return;
    answer(control, buf_str(&line), &reply);
    enum err err = buf_status(&reply) == ERR_OK ? write_all(fd, buf_str(&reply)) : ERR_FULL;
    if (err != ERR_OK)
        LOG(LOG_WARN, "control_reply_lost", LOG_TEXT("reason", err_text(err)));
}

static void set_caller(struct control *control, int fd)
{
    pthread_mutex_lock(&control->lock);
    if (control->caller_fd >= 0)
        close(control->caller_fd);
    control->caller_fd = fd;
    pthread_mutex_unlock(&control->lock);
}

static void *control_main(void *arg)
{
    struct control *control = arg;
    struct pollfd fds[] = {{.fd = control->listen_fd, .events = POLLIN},
                           {.fd = control->stop_fd, .events = POLLIN}};

    for (;;) {
        if (poll(fds, COUNTOF(fds), -1) < 0)
            continue;
        if (fds[1].revents)
            return NULL;
        int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        set_caller(control, fd);
        serve_caller(control, fd);
        set_caller(control, -1);
    }
}

/* --- start and stop ------------------------------------------------------ */

static enum err control_listen(struct control *control, struct err_detail *detail)
{
    unlink(control->path); /* ours: we own the database */
    mode_t old = umask(0177);
    control->listen_fd = open_socket(control->path, bind);
    umask(old);
    if (control->listen_fd < 0 || listen(control->listen_fd, PENDING_MAX))
        return err_set(detail, ERR_IO, "cannot make the control socket %s: %s", control->path,
                       strerror(errno));
    return ERR_OK;
}

enum err control_start(const char *database, struct commit *commit, struct signin *signin,
                       struct forms *forms, struct worker *readers, struct outbox *outbox,
                       struct control **ret_control, struct err_detail *detail)
{
    struct control *control = calloc(1, sizeof *control);

    if (!control)
        return ERR_MEMORY;
    control->commit = commit;
    control->signin = signin;
    control->forms = forms;
    control->readers = readers;
    control->outbox = outbox;
    control->owner = geteuid();
    control->listen_fd = control->caller_fd = -1;
    pthread_mutex_init(&control->lock, NULL);
    control->stop_fd = eventfd(0, EFD_CLOEXEC);
    enum err err = socket_path(database, control->path)
                       ? control_listen(control, detail)
                       : err_set(detail, ERR_INVALID, "the path %s is too long", database);
    if (err == ERR_OK && pthread_create(&control->thread, NULL, control_main, control))
        err = err_set(detail, ERR_MEMORY, "cannot start the control thread");
    if (err != ERR_OK) {
        if (control->listen_fd >= 0)
            close(control->listen_fd);
        close(control->stop_fd);
        free(control);
        return err;
    }
    *ret_control = control;
    return ERR_OK;
}

void control_stop(struct control *control)
{
    const uint64_t one = 1;

    if (!control)
        return;
    ssize_t written = write(control->stop_fd, &one, sizeof one);
    (void)written;
    /* A caller that says nothing must not hold up the end. */
    pthread_mutex_lock(&control->lock);
    if (control->caller_fd >= 0)
        shutdown(control->caller_fd, SHUT_RD);
    pthread_mutex_unlock(&control->lock);
    pthread_join(control->thread, NULL);
    unlink(control->path);
    close(control->listen_fd);
    close(control->stop_fd);
    pthread_mutex_destroy(&control->lock);
    free(control);
}

/* --- calling ------------------------------------------------------------- */

enum err control_call(const char *database, struct str request, struct buf *reply,
                      struct err_detail *detail)
{
    char path[CONTROL_PATH_MAX];

    if (!socket_path(database, path))
        return err_set(detail, ERR_INVALID, "the path %s is too long", database);
    int fd = open_socket(path, connect);
    if (fd < 0)
        return err_set(detail, ERR_NOT_FOUND, "no server answers on %s: %s", path, strerror(errno));
    set_timeouts(fd);
    enum err err = write_all(fd, request);
    if (err == ERR_OK)
        err = write_all(fd, STR("\n"));
    if (err == ERR_OK)
        err = read_line(fd, reply);
    close(fd);
    return err == ERR_OK ? ERR_OK
                         : err_set(detail, err,
                                   "the server did not answer on %s; is it another user's?", path);
}
