/* SPDX-License-Identifier: MIT */
/* The filter of system calls, and what is told of files, each time in a process of its own. The
 * rest of the sandbox is tried from within a server. */
#include "app/sandbox.h"
#include "app/sandbox_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "check.h"

/* A sanitizer makes calls of its own, which the filter knows nothing of; there the server has it
 * off. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_SANITIZER true
#else
#define HAS_SANITIZER false
#endif

/* The status of a process that ends with what `body` returns. */
static int run_apart(int (*body)(const void *), const void *arg)
{
    int status = 0;

    if (HAS_SANITIZER)
        skip();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(body(arg));
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

struct filtered {
    bool may_load;
    int (*attempt)(void);
};

static int install_and_attempt(const void *arg)
{
    const struct filtered *filtered = arg;

    log_start(LOG_ERROR, LOG_AS_JSON);
    bool is_on = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter_install(filtered->may_load);
    return is_on ? filtered->attempt() : 255;
}

static int run(bool may_load, int (*attempt)(void))
{
    return run_apart(install_and_attempt, &(struct filtered){may_load, attempt});
}

static int error_of(bool may_load, int (*attempt)(void))
{
    int status = run(may_load, attempt);

    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int outcome(long result)
{
    return result < 0 ? errno : 0;
}

static int map_file_as_code(void)
{
    int fd = open("/proc/self/exe", O_RDONLY);

    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? errno : 0;
}

static int map_file_as_code_and_data(void)
{
    int fd = open("/proc/self/exe", O_RDONLY);

    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED
               ? errno
               : 0;
}

static int map_memory_as_code(void)
{
    return mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno
                                                                                         : 0;
}

static int map_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED
               ? errno
               : 0;
}

static int unknown(void)
{
    return outcome(syscall(SYS_inotify_init1, 0));
}

static int no_call(void)
{
    return outcome(syscall(-1));
}

static int tcp(void)
{
    return outcome(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int raw_tcp(void)
{
    return outcome(socket(AF_INET, SOCK_RAW, 0));
}

static int addresses(void)
{
    return outcome(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int audit(void)
{
    return outcome(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 9));
}

static int packets(void)
{
    return outcome(socket(AF_PACKET, SOCK_RAW, 0));
}

static int forks(void)
{
    return outcome(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int newest_clone(void)
{
    return outcome(syscall(SYS_clone3, NULL, 0));
}

static int signals_itself(void)
{
    return outcome(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0));
}

static int signals_another(void)
{
    return outcome(syscall(SYS_tgkill, 1, 1, 0));
}

static int executes(void)
{
    return outcome(syscall(SYS_execve, "/bin/true", NULL, NULL));
}

static int traces(void)
{
    return outcome(syscall(SYS_ptrace, 0, 0, NULL, NULL));
}

static void test_at_most_60_calls_are_allowed(void **state)
{
    (void)state;
    assert_in_range(filter_count(), 1, 60);
}

static void test_refused_calls_return_an_error_and_the_process_goes_on(void **state)
{
    (void)state;
    assert_int_equal(error_of(true, unknown), ENOSYS);
    assert_int_equal(error_of(true, newest_clone), ENOSYS);
    assert_int_equal(error_of(true, forks), EPERM);
    assert_int_equal(error_of(true, signals_itself), 0);
    assert_int_equal(error_of(true, signals_another), ENOSYS);
}

static void test_a_call_that_a_tracer_took_away_is_none(void **state)
{
    (void)state;
    assert_int_equal(error_of(true, no_call), ENOSYS);
}

static void test_sockets_are_of_known_families_and_kinds(void **state)
{
    (void)state;
    assert_int_equal(error_of(true, tcp), 0);
    assert_int_equal(error_of(true, addresses), 0);
    assert_int_equal(error_of(true, raw_tcp), EAFNOSUPPORT);
    assert_int_equal(error_of(true, audit), EAFNOSUPPORT);
    assert_int_equal(error_of(true, packets), EAFNOSUPPORT);
}

static void test_only_files_become_code_and_only_where_libraries_are_loaded(void **state)
{
    (void)state;
    assert_int_equal(error_of(true, map_file_as_code), 0);
    assert_int_equal(error_of(true, map_file_as_code_and_data), EPERM);
    assert_int_equal(error_of(true, map_memory_as_code), EPERM);
    assert_int_equal(error_of(true, map_memory), 0);
    assert_int_equal(error_of(false, map_file_as_code), EPERM);
    assert_int_equal(error_of(false, map_memory), 0);
}

static void test_what_only_an_intruder_does_is_the_end(void **state)
{
    int (*const attempts[])(void) = {executes, traces};

    (void)state;
    for (size_t i = 0; i < COUNTOF(attempts); i++) {
        int status = run(true, attempts[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
}

/* --- files --------------------------------------------------------------- */

/* What a process is told that it would read `path` anew; it ends with which of these it is. */
enum { IS_CLOSED, IS_TOLD, IS_REFUSED, HAS_NO_LANDLOCK };

static int enter(const void *arg)
{
    struct sandbox sandbox;
    struct err_detail detail = {""};

    enum err err = sandbox_enter(arg, &sandbox, &detail);
    if (!sandbox.landlock_abi)
        return HAS_NO_LANDLOCK;
    if (err != ERR_OK)
        return strstr(detail.text, "of their own") ? IS_REFUSED : 255;
    return strstr(sandbox.missing, "of their own") ? IS_TOLD : IS_CLOSED;
}

static int enter_with(const char *path, enum sandbox_mode mode)
{
    const struct sandbox_options options = {
        .mode = mode, .database = "memory:", .listen = "", .readable = {path}};
    int status = run_apart(enter, &options);

    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == HAS_NO_LANDLOCK)
        skip();
    return WEXITSTATUS(status);
}

/* What lies beside a file that is read anew can be read as well: it may have another name then. */
static void test_a_file_that_lies_where_everything_does_is_told(void **state)
{
    (void)state;
    assert_int_equal(enter_with("/nowhere.pem", SANDBOX_ON), IS_TOLD);
    assert_int_equal(enter_with("/./nowhere.pem", SANDBOX_REQUIRED), IS_REFUSED);
    assert_int_equal(enter_with("/etc/ssl/certs/nowhere.pem", SANDBOX_REQUIRED), IS_CLOSED);
    assert_int_equal(enter_with("/etc/nowhere.pem", SANDBOX_ON),
                     geteuid() == 0 ? IS_TOLD : IS_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_most_60_calls_are_allowed),
        cmocka_unit_test(test_refused_calls_return_an_error_and_the_process_goes_on),
        cmocka_unit_test(test_a_call_that_a_tracer_took_away_is_none),
        cmocka_unit_test(test_sockets_are_of_known_families_and_kinds),
        cmocka_unit_test(test_only_files_become_code_and_only_where_libraries_are_loaded),
        cmocka_unit_test(test_what_only_an_intruder_does_is_the_end),
        cmocka_unit_test(test_a_file_that_lies_where_everything_does_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
