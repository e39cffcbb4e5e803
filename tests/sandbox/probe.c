/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into the server, to do from within what an intruder would. The server waits for
 * signals with sigwaitinfo() once everything runs: there the attempt that
 * PROBE names is made instead, its outcome told on stderr, and the process ended. An
 * attempt that must not succeed even without a sandbox is made with arguments that the
 * kernel refuses for their own sake: then it has looked at them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *target(void)
{
    return getenv("PROBE_FILE");
}

static long run_shell(void)
{
    char *arguments[] = {(char *)"sh", (char *)"-c", (char *)"echo probe: reached >&2", NULL};

    return execve("/bin/sh", arguments, environ);
}

static long start_process(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid(child, NULL, 0);
    return child;
}

static long read_file(void)
{
    return open(target(), O_RDONLY);
}

static long read_passwords(void)
{
    return open("/etc/shadow", O_RDONLY);
}

static long read_directory(void)
{
    return open("/", O_RDONLY | O_DIRECTORY);
}

static long write_file(void)
{
    return open(target(), O_WRONLY);
}

static long make_file(void)
{
    char path[4096];

    snprintf(path, sizeof path, "%s.new", target());
    return open(path, O_WRONLY | O_CREAT, 0600);
}

static long remove_file(void)
{
    return unlink(target());
}

static long trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long read_memory(void)
{
    char from[4] = "abc", to[4] = "";
    struct iovec local = {to, sizeof to}, remote = {from, sizeof from};

    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}

static long listen_to_wire(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}

static long odd_socket(void)
{
    return socket(AF_ALG, SOCK_SEQPACKET, 0);
}

static long open_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&address, sizeof address))
        return -1;
    return listen(fd, 1);
}

static long mount_nowhere(void)
{
    return mount("none", "/nonexistent/probe", "tmpfs", 0, NULL);
}

static long change_root(void)
{
    return chroot("/nonexistent/probe");
}

static long own_namespace(void)
{
    return unshare(CLONE_FS); /* which nobody is refused */
}

static long load_program(void)
{
    return syscall(SYS_bpf, 9999, NULL, 0);
}

static long become_user(void)
{
    return setuid(getuid());
}

static long take_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];

    if (syscall(SYS_capget, &head, sets))
        return -1;
    return syscall(SYS_capset, &head, sets);
}

static long send_signal(void)
{
    return kill(getppid(), 0);
}

static long run_written_memory(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long map_executable(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
}

static long nameless_file(void)
{
    return memfd_create("probe", 0);
}

static long unknown_call(void)
{
    return syscall(SYS_getcpu, NULL, NULL, NULL);
}

static const struct {
    const char *name;
    long (*attempt)(void);
} PROBES[] = {
    {"run_shell", run_shell},
    {"start_process", start_process},
    {"read_file", read_file},
    {"read_passwords", read_passwords},
    {"read_directory", read_directory},
    {"write_file", write_file},
    {"make_file", make_file},
    {"remove_file", remove_file},
    {"trace", trace},
    {"read_memory", read_memory},
    {"listen_to_wire", listen_to_wire},
    {"odd_socket", odd_socket},
    {"open_port", open_port},
    {"mount", mount_nowhere},
    {"change_root", change_root},
    {"own_namespace", own_namespace},
    {"load_program", load_program},
    {"become_user", become_user},
    {"take_capabilities", take_capabilities},
    {"send_signal", send_signal},
    {"run_written_memory", run_written_memory},
    {"map_executable", map_executable},
    {"nameless_file", nameless_file},
    {"unknown_call", unknown_call},
};

static void tell(const char *outcome, int number)
{
    char line[80];
    int len = snprintf(line, sizeof line, "probe: %s %d\n", outcome, number);

    if (write(STDERR_FILENO, line, (size_t)len) != len)
        _exit(3);
}

int sigwaitinfo(const sigset_t *signals, siginfo_t *ret_info)
{
    (void)signals;
    (void)ret_info;
    unsetenv("LD_PRELOAD"); /* the shell must not be probed in its turn */
    for (size_t i = 0; i < sizeof PROBES / sizeof *PROBES; i++) {
        if (strcmp(PROBES[i].name, getenv("PROBE")) != 0)
            continue;
        errno = 0;
        if (PROBES[i].attempt() >= 0)
            tell("reached", 0);
        else
            tell("refused", errno);
        _exit(0);
    }
    tell("unknown", 0);
    _exit(2);
}
