/* SPDX-License-Identifier: MIT */
/*
 * One row per system call that is allowed, answered with an error, or deadly. A call without a row
 * is refused as one that the kernel does not have, and logged once: a library's new
 * whim must cost no message. Deadly is only what no part of this program can
 * mean. Rows of one call are tried in order; the most frequent calls stand first. The table becomes
 * a BPF program; refused calls come back as SIGSYS, in any thread.
 */
#include "sandbox_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/log.h"

#if defined __x86_64__
#define MACHINE         AUDIT_ARCH_X86_64
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined __aarch64__
#define MACHINE         AUDIT_ARCH_AARCH64
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#endif

enum {
    X32_BIT = 0x40000000, /* calls of another ABI, which x86-64 kernels may have */
    RULES_MAX = 2,
    VALUES_MAX = 3,
    ROW_INSTRUCTIONS = 3 + RULES_MAX * (2 + VALUES_MAX),
    FROM_FILTER = 1, /* SYS_SECCOMP, which glibc does not have */
    NUMBERS = 1024,  /* system calls, generously */
    NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                 CLONE_NEWPID | CLONE_NEWNET,
};

enum verdict {
    ALLOW,
    REFUSE, /* with its error, and a line in the log */
    ANSWER, /* with its error; libraries ask, and know what to do without */
    DEADLY,
};

/* The argument's lower half, masked, is one of these values. */
struct rule {
    uint32_t arg, mask, values[VALUES_MAX];
    uint32_t count; /* of values */
};

struct row {
    const char *name;
    uint32_t number;
    enum verdict verdict;
    int error;
    struct rule rules[RULES_MAX]; /* all of them hold; mask 0 ends them */
};

#define CALL(name) #name, __NR_##name

#define ALL_BITS    UINT32_MAX
#define SOCKET_KIND 15U

#ifdef MACHINE
static const struct row ROWS[] = {
    {CALL(futex), ALLOW, 0, {{0}}},
    {CALL(read), ALLOW, 0, {{0}}},
    {CALL(write), ALLOW, 0, {{0}}},
    {CALL(recvfrom), ALLOW, 0, {{0}}},
    {CALL(sendmsg), ALLOW, 0, {{0}}},
    {CALL(epoll_ctl), ALLOW, 0, {{0}}},
#ifdef __NR_epoll_wait
    {CALL(epoll_wait), ALLOW, 0, {{0}}},
    {CALL(poll), ALLOW, 0, {{0}}},
    {CALL(readlink), ALLOW, 0, {{0}}},
    {CALL(unlink), ALLOW, 0, {{0}}},
    {CALL(rename), ALLOW, 0, {{0}}},
#else
    {CALL(epoll_pwait), ALLOW, 0, {{0}}},
    {CALL(ppoll), ALLOW, 0, {{0}}},
    {CALL(readlinkat), ALLOW, 0, {{0}}},
    {CALL(unlinkat), ALLOW, 0, {{0}}},
    {CALL(renameat), ALLOW, 0, {{0}}},
#endif
    {CALL(accept4), ALLOW, 0, {{0}}},
    {CALL(close), ALLOW, 0, {{0}}},
    {CALL(setsockopt), ALLOW, 0, {{0}}},
    {CALL(getsockopt), ALLOW, 0, {{0}}},
    {CALL(shutdown), ALLOW, 0, {{0}}},
    {CALL(pread64), ALLOW, 0, {{0}}},
    {CALL(pwrite64), ALLOW, 0, {{0}}},
    {CALL(fdatasync), ALLOW, 0, {{0}}},
    {CALL(fcntl), ALLOW, 0, {{0}}},
    {CALL(sendto), ALLOW, 0, {{0}}},

    {CALL(openat), ALLOW, 0, {{0}}},
    {CALL(newfstatat), ALLOW, 0, {{0}}},
    {CALL(fstat), ALLOW, 0, {{0}}},
    {CALL(lseek), ALLOW, 0, {{0}}},
    {CALL(fsync), ALLOW, 0, {{0}}},
    {CALL(ftruncate), ALLOW, 0, {{0}}},
    {CALL(fchmod), ALLOW, 0, {{0}}},
    {CALL(getdents64), ALLOW, 0, {{0}}},
    {CALL(getcwd), ALLOW, 0, {{0}}}, /* SQLite, of a relative path */

    {CALL(munmap), ALLOW, 0, {{0}}},
    {CALL(madvise), ALLOW, 0, {{0}}},
    {CALL(brk), ALLOW, 0, {{0}}},
    {CALL(mmap), ALLOW, 0, {{2, PROT_EXEC, {0}, 1}}},
    {CALL(mprotect), ALLOW, 0, {{2, PROT_EXEC, {0}, 1}}},
    {CALL(mprotect), REFUSE, EPERM, {{0}}},

    {CALL(clone),
     ALLOW,
     0,
     {{0, CLONE_THREAD | CLONE_VM | NAMESPACES, {CLONE_THREAD | CLONE_VM}, 1}}},
    {CALL(clone), ANSWER, EPERM, {{0}}},   /* fork() blocks SIGSYS */
    {CALL(clone3), ANSWER, ENOSYS, {{0}}}, /* whose arguments cannot be seen; then clone is used */
    {CALL(rseq), ALLOW, 0, {{0}}},
    {CALL(exit), ALLOW, 0, {{0}}},
    {CALL(exit_group), ALLOW, 0, {{0}}},
    {CALL(getpid), ALLOW, 0, {{0}}},
    {CALL(gettid), ALLOW, 0, {{0}}},
    {CALL(rt_sigprocmask), ALLOW, 0, {{0}}},
    {CALL(rt_sigreturn), ALLOW, 0, {{0}}},
    {CALL(rt_sigtimedwait), ALLOW, 0, {{0}}},
    {CALL(restart_syscall), ALLOW, 0, {{0}}},
    {CALL(clock_nanosleep), ALLOW, 0, {{0}}},
    {CALL(clock_gettime), ALLOW, 0, {{0}}}, /* where the vDSO cannot tell */
    {CALL(gettimeofday), ALLOW, 0, {{0}}},
    {CALL(getrandom), ALLOW, 0, {{0}}},

    {CALL(socket), ALLOW, 0, {{0, ALL_BITS, {AF_UNIX}, 1}}},
    {CALL(socket),
     ALLOW,
     0,
     {{0, ALL_BITS, {AF_INET, AF_INET6}, 2}, {1, SOCKET_KIND, {SOCK_STREAM, SOCK_DGRAM}, 2}}},
    {CALL(socket), ALLOW, 0, {{0, ALL_BITS, {AF_NETLINK}, 1}, {2, ALL_BITS, {0}, 1}}},
    {CALL(socket), REFUSE, EAFNOSUPPORT, {{0}}},
    {CALL(connect), ALLOW, 0, {{0}}},
    {CALL(bind), ALLOW, 0, {{0}}}, /* getaddrinfo() of its NETLINK socket */
    {CALL(getsockname), ALLOW, 0, {{0}}},
    {CALL(getpeername), ALLOW, 0, {{0}}},
    {CALL(recvmsg), ALLOW, 0, {{0}}},
    {CALL(sendmmsg), ALLOW, 0, {{0}}},
    {CALL(eventfd2), ALLOW, 0, {{0}}}, /* and socketpair: libcurl wakes itself with one of them */
    {CALL(socketpair), ALLOW, 0, {{0, ALL_BITS, {AF_UNIX}, 1}}},
    {CALL(ioctl), ALLOW, 0, {{1, ALL_BITS, {FIONREAD, FIONBIO}, 2}}},
    {CALL(ioctl), ANSWER, ENOTTY, {{0}}},

    /* What libraries ask for, and do as well without. */
    {CALL(set_robust_list), ANSWER, ENOSYS, {{0}}}, /* for mutexes of several processes */
    {CALL(mremap), ANSWER, ENOMEM, {{0}}},          /* realloc() copies then */
    {CALL(geteuid), ANSWER, EPERM, {{0}}},          /* SQLite: is this root, who must chown? */
    {CALL(fchown), ANSWER, EPERM, {{0}}}, /* SQLite as root, of a log that is there already */
    {CALL(prctl), ANSWER, EINVAL, {{0}}}, /* names of threads and of memory */
    {CALL(statfs),
     ANSWER,
     ENOSYS,
     {{0}}}, /* libselinux, which comes with libcurl: is it mounted? */
#ifdef __NR_access
    {CALL(access), ANSWER, EACCES, {{0}}}, /* SQLite: may files for a while lie here? */
#else
    {CALL(faccessat), ANSWER, EACCES, {{0}}},
#endif
    {CALL(uname), ANSWER, ENOSYS, {{0}}},             /* the resolver's default domain */
    {CALL(sched_getaffinity), ANSWER, ENOSYS, {{0}}}, /* malloc(): how many arenas? */
    {CALL(sysinfo), ANSWER, ENOSYS, {{0}}},           /* qsort(): how much memory? */

    {CALL(execve), DEADLY, 0, {{0}}},
    {CALL(execveat), DEADLY, 0, {{0}}},
    {CALL(ptrace), DEADLY, 0, {{0}}},
    {CALL(process_vm_readv), DEADLY, 0, {{0}}},
    {CALL(process_vm_writev), DEADLY, 0, {{0}}},
    {CALL(bpf), DEADLY, 0, {{0}}},
    {CALL(perf_event_open), DEADLY, 0, {{0}}},
    {CALL(mount), DEADLY, 0, {{0}}},
    {CALL(umount2), DEADLY, 0, {{0}}},
    {CALL(pivot_root), DEADLY, 0, {{0}}},
    {CALL(chroot), DEADLY, 0, {{0}}},
    {CALL(unshare), DEADLY, 0, {{0}}},
    {CALL(setns), DEADLY, 0, {{0}}},
    {CALL(open_by_handle_at), DEADLY, 0, {{0}}},
    {CALL(init_module), DEADLY, 0, {{0}}},
    {CALL(finit_module), DEADLY, 0, {{0}}},
    {CALL(delete_module), DEADLY, 0, {{0}}},
    {CALL(kexec_load), DEADLY, 0, {{0}}},
    {CALL(reboot), DEADLY, 0, {{0}}},
    {CALL(swapon), DEADLY, 0, {{0}}},
    {CALL(add_key), DEADLY, 0, {{0}}},
    {CALL(keyctl), DEADLY, 0, {{0}}},
};

/* What loading a library takes: a file's code, never to be written. */
static const struct row LOADING[] = {
    {CALL(mmap),
     ALLOW,
     0,
     {{2, PROT_EXEC | PROT_WRITE, {PROT_EXEC}, 1}, {3, MAP_ANONYMOUS, {0}, 1}}},
};

/* Behind the others. */
static const struct row LAST[] = {
    {CALL(mmap), REFUSE, EPERM, {{0}}},
};

int filter_count(void)
{
    int count = 0;

    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        if (ROWS[i].verdict == ALLOW && (i == 0 || ROWS[i - 1].number != ROWS[i].number))
            count++;
    return count + 1; /* tgkill(), to ourselves */
}

/* --- the table as a program ---------------------------------------------- */

struct program {
    struct sock_filter code[(COUNTOF(ROWS) + 8) * ROW_INSTRUCTIONS];
    size_t len;
};

static void emit(struct program *program, uint16_t code, uint8_t yes, uint8_t no, uint32_t value)
{
    program->code[program->len++] = (struct sock_filter){code, yes, no, value};
}

static void load(struct program *program, size_t offset)
{
    emit(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void put_verdict(struct program *program, enum verdict verdict, int error)
{
    static const uint32_t ACTIONS[] = {[ALLOW] = SECCOMP_RET_ALLOW,
                                       [REFUSE] = SECCOMP_RET_TRAP,
                                       [ANSWER] = SECCOMP_RET_ERRNO,
                                       [DEADLY] = SECCOMP_RET_KILL_PROCESS};

    emit(program, BPF_RET | BPF_K, 0, 0, ACTIONS[verdict] | (uint32_t)error);
}

static size_t rule_count(const struct row *row)
{
    size_t count = 0;

    while (count < RULES_MAX && row->rules[count].mask)
        count++;
    return count;
}

/* The last value that is not the argument's leads out of the row; `out` mends the jump. */
static void put_rule(struct program *program, const struct rule *rule)
{
    load(program, offsetof(struct seccomp_data, args) + 8 * rule->arg);
    emit(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, rule->mask);
    for (uint32_t i = 0; i < rule->count; i++)
        emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(rule->count - 1 - i), 0,
             rule->values[i]);
}

static void put_row(struct program *program, const struct row *row)
{
    size_t starts[RULES_MAX + 1], rules = rule_count(row), jump;

    load(program, offsetof(struct seccomp_data, nr));
    jump = program->len;
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, row->number);
    for (size_t i = 0; i < rules; i++) {
        put_rule(program, &row->rules[i]);
        starts[i] = program->len - 1;
    }
    put_verdict(program, row->verdict, row->error);
    program->code[jump].jf = (uint8_t)(program->len - jump - 1);
    for (size_t i = 0; i < rules; i++)
        program->code[starts[i]].jf = (uint8_t)(program->len - starts[i] - 1);
}

static void put_rows(struct program *program, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_row(program, &rows[i]);
}

static void put_head(struct program *program)
{
    load(program, offsetof(struct seccomp_data, arch));
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, MACHINE);
    put_verdict(program, DEADLY, 0);
    load(program, offsetof(struct seccomp_data, nr));
    /* What a tracer has taken away: no call at all. */
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, UINT32_MAX);
    put_verdict(program, ALLOW, 0);
    emit(program, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
    put_verdict(program, DEADLY, 0);
}

static void write_program(struct program *program, bool may_load)
{
    const struct row signal_row = {
        CALL(tgkill), ALLOW, 0, {{0, ALL_BITS, {(uint32_t)getpid()}, 1}}};

    put_head(program);
    put_rows(program, ROWS, COUNTOF(ROWS));
    put_row(program, &signal_row);
    if (may_load)
        put_rows(program, LOADING, COUNTOF(LOADING));
    put_rows(program, LAST, COUNTOF(LAST));
    put_verdict(program, REFUSE, ENOSYS);
}

/* --- what is refused ----------------------------------------------------- */

static atomic_flag told[NUMBERS];

/* LOG() takes nothing but what the program has on its stack, so a signal handler may. */
static void tell(int number, int error)
{
    if (number < 0 || number >= NUMBERS || atomic_flag_test_and_set(&told[number]))
        return;
    LOG(LOG_WARN, "sandbox_refused", LOG_INT("system_call", number), LOG_INT("errno", error));
}

static void refused(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *registers = context;
    int kept = errno;

    (void)signal_number;
    if (info->si_code != FROM_FILTER)
        return;
    tell(info->si_syscall, info->si_errno);
    RESULT(registers) = (__typeof__(RESULT(registers)))-(long)info->si_errno;
    errno = kept;
}

bool filter_install(bool may_load)
{
    struct program program = {.len = 0};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};

    action.sa_sigaction = refused;
    write_program(&program, may_load);
    const struct sock_fprog whole = {(unsigned short)program.len, program.code};
    if (sigaction(SIGSYS, &action, NULL))
        return false;
    long failed = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &whole);
    if (failed > 0)
        errno = EBUSY; /* the thread of that number has a filter of its own */
    return failed == 0;
}

#else

int filter_count(void)
{
    return 0;
}

bool filter_install(bool may_load)
{
    (void)may_load;
    errno = ENOSYS;
    return false;
}

#endif
