/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail when a test says so. The program's own definitions
 * win over the C library's, also for libsqlite3. One thread.
 */
#ifndef CONTACTD_TESTS_STORE_FAULT_H
#define CONTACTD_TESTS_STORE_FAULT_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum { FAULT_KILL = -1 }; /* instead of an error number: the process dies there */

static struct {
    int countdown; /* the call that fails; 0: none */
    int number;
    bool is_lasting; /* and all after it */
    bool has_hit;
    int wal_syncs; /* fdatasync() of a write-ahead log */
} fault;

static inline void fault_set(int countdown, int number, bool is_lasting)
{
    fault.countdown = countdown;
    fault.number = number;
    fault.is_lasting = is_lasting;
    fault.has_hit = false;
}

static inline void fault_clear(void)
{
    fault.countdown = 0;
}

static bool fault_strikes(void)
{
    if (fault.countdown == 0 || --fault.countdown > 0)
        return false;
    fault.countdown = fault.is_lasting;
    fault.has_hit = true;
    if (fault.number == FAULT_KILL)
        kill(getpid(), SIGKILL);
    errno = fault.number;
    return true;
}

EXPORTED ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return fault_strikes() ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

EXPORTED ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return fault_strikes() ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

EXPORTED int ftruncate64(int fd, off64_t len)
{
    return fault_strikes() ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

EXPORTED int ftruncate(int fd, off_t len)
{
    return fault_strikes() ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

static bool is_wal(int fd)
{
    char name[32], path[256];

    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(name, path, sizeof path);
    return len > 4 && memcmp(path + len - 4, "-wal", 4) == 0;
}

EXPORTED int fdatasync(int fd)
{
    if (fault_strikes())
        return -1;
    fault.wal_syncs += is_wal(fd);
    return (int)syscall(SYS_fdatasync, fd);
}

EXPORTED int fsync(int fd)
{
    return fault_strikes() ? -1 : (int)syscall(SYS_fsync, fd);
}

#endif
