/* SPDX-License-Identifier: MIT */
/*
 * Four layers, each of use without the others: no new privileges and no
 * capabilities; Landlock, which leaves the database's directory and what
 * resolving names and checking certificates reads; limits; the filter of system
 * calls in sandbox_filter.c. Nothing is ever executed, so no rule
 * allows it. To which ports the server connects is for the owner of a webhook
 * to say, so only binding TCP ports ends here. RLIMIT_NPROC is left alone: it counts what others
 * of the same user do, and threads that cannot start lose messages.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox_filter.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_SANITIZER true
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER true
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER false
#endif

/* --- Landlock ------------------------------------------------------------ */

/* The kernel's own words, since headers may be older than the kernel that runs. */
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule       445
#define __NR_landlock_restrict_self  446
#endif

enum {
    ASK_VERSION = 1, /* flag of landlock_create_ruleset() */
    RULE_BENEATH = 1,

    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_FILE = 1 << 5,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    ALL_OF_ABI_1 = (1 << 13) - 1,
    REFER = 1 << 13,    /* since ABI 2 */
    TRUNCATE = 1 << 14, /* 3 */
    IOCTL_DEV = 1 << 15 /* 5 */,
    BIND_TCP = 1, /* 4 */
    SCOPE_ABSTRACT = 1,
    SCOPE_SIGNAL = 2 /* 6 */,

    OF_FILES = WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
    READING = READ_FILE | READ_DIR,
    KEEPING = READING | WRITE_FILE | REMOVE_FILE | MAKE_REG | MAKE_SOCK | REFER | TRUNCATE,
};

struct ruleset_attr {
    uint64_t files, ports, scopes;
};

struct beneath_attr {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

struct ruleset {
    int fd, abi;
    uint64_t files;  /* rights over files that this kernel knows */
    bool leaves_all; /* something lies in a directory beneath which nearly everything is */
};

/*
 * What names and certificates take. Files that are replaced are other files to
 * Landlock, so what resolvers write anew is named by its directory. /etc as
 * a whole only to a user whom modes keep from its secrets.
 */
static const char *const READABLE[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/localtime",
    "/etc/ld.so.cache",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates",
    "/etc/pki/tls",
    "/etc/pki/ca-trust",
    "/etc/gnutls",
    "/etc/pkcs11",
    "/etc/crypto-policies",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/crypto-policies",
    "/usr/share/p11-kit",
    "/usr/share/zoneinfo",
    "/dev/urandom",
    "/proc/sys",
    "/sys/devices/system/cpu",
};

static bool ruleset_open(struct ruleset *set)
{
    const char *notify = getenv("NOTIFY_SOCKET");
    struct ruleset_attr attr = {.files = ALL_OF_ABI_1};
    size_t size = sizeof attr.files;

    set->abi = (int)syscall(__NR_landlock_create_ruleset, NULL, 0, ASK_VERSION);
    if (set->abi < 1)
        return false;
    attr.files |= (set->abi >= 2 ? REFER : 0) | (set->abi >= 3 ? TRUNCATE : 0) |
                  (set->abi >= 5 ? IOCTL_DEV : 0);
    set->files = attr.files;
    if (set->abi >= 4) {
        attr.ports = BIND_TCP;
        size = offsetof(struct ruleset_attr, scopes);
    }
    if (set->abi >= 6) {
        /* systemd may listen on an abstract address. */
        attr.scopes = SCOPE_SIGNAL | (notify && notify[0] == '@' ? 0 : SCOPE_ABSTRACT);
        size = sizeof attr;
    }
    set->fd = (int)syscall(__NR_landlock_create_ruleset, &attr, size, 0);
    return set->fd >= 0;
}

/* False: the rule was not added. errno says why; without such a file it has nothing to be about. */
static bool allow(const struct ruleset *set, const char *path, uint64_t rights)
{
    struct beneath_attr beneath = {.allowed = rights & set->files};
    struct stat status;

    beneath.fd = open(path, O_PATH | O_CLOEXEC);
    if (beneath.fd < 0)
        return false;
    if (fstat(beneath.fd, &status) == 0 && !S_ISDIR(status.st_mode))
        beneath.allowed &= OF_FILES;
    bool is_added = syscall(__NR_landlock_add_rule, set->fd, RULE_BENEATH, &beneath, 0) == 0;
    close(beneath.fd);
    return is_added;
}

static bool is_same(const char *path, const char *other_path)
{
    struct stat status, other;

    return stat(path, &status) == 0 && stat(other_path, &other) == 0 &&
           status.st_dev == other.st_dev && status.st_ino == other.st_ino;
}

/* A place that the configuration names. From /etc modes keep whoever is not root. */
static bool allow_named(struct ruleset *set, const char *path, uint64_t rights)
{
    set->leaves_all |= is_same(path, "/") || (geteuid() == 0 && is_same(path, "/etc"));
    return allow(set, path, rights);
}

/* The directory of a path as it is written, "." for one without. */
static void directory_of(const char *path, char ret_directory[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;

    if (slash == path)
        len = 1;
    snprintf(ret_directory, PATH_MAX, "%.*s", slash ? (int)len : 1, slash ? path : ".");
}

/* What lies beside a file, and beside the file that its symbolic link means. */
static bool allow_beside(struct ruleset *set, const char *path, uint64_t rights)
{
    char directory[PATH_MAX], target[PATH_MAX];

    directory_of(path, directory);
    bool is_allowed = allow_named(set, directory, rights);
    if (realpath(path, target)) {
        directory_of(target, directory);
        if (strcmp(directory, "/etc") != 0)
            is_allowed &= allow_named(set, directory, rights);
    }
    return is_allowed;
}

static bool is_path(const char *path)
{
    return path && path[0];
}

/* Where nothing can be written anyway, nothing needs to be allowed. */
static bool allow_directory(struct ruleset *set, const char *path)
{
    struct stat status;

    return allow_named(set, path, KEEPING) || stat(path, &status) != 0;
}

static bool allow_all(struct ruleset *set, const struct sandbox_options *options)
{
    const char *const *readable = options->readable, *const *directories = options->directories;

    for (size_t i = 0; i < COUNTOF(READABLE); i++)
        (void)allow(set, READABLE[i], READING);
    if (geteuid() != 0)
        (void)allow(set, "/etc", READING);
    (void)allow(set, "/dev/null", READ_FILE | WRITE_FILE);
    for (size_t i = 0; i < SANDBOX_PATHS_MAX; i++)
        if (is_path(readable[i]))
            (void)allow_beside(set, readable[i], READING);
    if (is_path(getenv("SSL_CERT_FILE")))
        (void)allow_beside(set, getenv("SSL_CERT_FILE"), READING);
    if (strncmp(options->listen, "unix:", 5) == 0)
        (void)allow_beside(set, options->listen + 5, REMOVE_FILE);
    for (size_t i = 0; i < SANDBOX_PATHS_MAX; i++)
        if (is_path(directories[i]) && !allow_directory(set, directories[i]))
            return false;
    return access(options->database, F_OK) || allow_beside(set, options->database, KEEPING);
}

static bool close_files(const struct sandbox_options *options, int *ret_abi, bool *ret_leaves_all)
{
    struct ruleset set = {.leaves_all = false};

    if (!ruleset_open(&set))
        return false;
    bool is_closed =
        allow_all(&set, options) && syscall(__NR_landlock_restrict_self, set.fd, 0) == 0;
    close(set.fd);
    *ret_abi = is_closed ? set.abi : 0;
    *ret_leaves_all = is_closed && set.leaves_all;
    return is_closed;
}

/* --- privileges ---------------------------------------------------------- */

/* Root without its rights over files cannot write a database that is somebody else's. */
static bool is_elsewhose(const char *path)
{
    char directory[PATH_MAX];
    struct stat status;

    directory_of(path, directory);
    return (stat(path, &status) == 0 && status.st_uid != geteuid()) ||
           (stat(directory, &status) == 0 && status.st_uid != geteuid());
}

static bool set_capabilities(uint32_t kept)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct had[2], sets[2] = {{0}, {0}};

    if (syscall(__NR_capget, &head, had))
        return false;
    /* Who has none needs no call for it, which systemd's unit would refuse. */
    if (!(had[0].permitted | had[0].inheritable | had[1].permitted | had[1].inheritable))
        return true;
    kept &= had[0].permitted;
    sets[0] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept};
    return syscall(__NR_capset, &head, sets) == 0;
}

static bool drop_capabilities(bool must_keep_files)
{
    const uint32_t of_files = 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER;

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    /* Refused to whoever has no right to it, and who then has nothing to lose either. */
    for (unsigned long each = 0; each < 64; each++)
        (void)prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
    return set_capabilities(must_keep_files ? of_files : 0);
}

/* --- limits -------------------------------------------------------------- */

static void limit(const struct sandbox_options *options)
{
    const struct rlimit none = {0, 0};
    struct rlimit files;

    (void)setrlimit(RLIMIT_CORE, &none);
    if (options->max_fds && getrlimit(RLIMIT_NOFILE, &files) == 0 &&
        files.rlim_cur > options->max_fds) {
        files.rlim_cur = files.rlim_max = options->max_fds;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#ifdef PR_SET_MDWE
    (void)prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
#endif
}

/* --- both halves --------------------------------------------------------- */

static void miss(struct sandbox *sandbox, const char *what, const char *why)
{
    size_t len = strlen(sandbox->missing);

    snprintf(sandbox->missing + len, sizeof sandbox->missing - len, "%s%s: %s", len ? "; " : "",
             what, why);
}

static enum err judge(const struct sandbox *sandbox, struct err_detail *detail)
{
    if (sandbox->mode != SANDBOX_REQUIRED || !sandbox->missing[0])
        return ERR_OK;
    return err_set(detail, ERR_DENIED,
                   "--sandbox required: %s; what the kernel lacks a newer one may have, or the "
                   "container allow",
                   sandbox->missing);
}

static enum sandbox_mode mode_of(const struct sandbox_options *options)
{
    /* Its helpers need what the sandbox takes. */
    return HAS_SANITIZER && options->mode == SANDBOX_ON ? SANDBOX_OFF : options->mode;
}

enum err sandbox_enter(const struct sandbox_options *options, struct sandbox *ret_sandbox,
                       struct err_detail *detail)
{
    bool leaves_all;

    *ret_sandbox = (struct sandbox){.mode = mode_of(options)};
    if (ret_sandbox->mode == SANDBOX_OFF)
        return ERR_OK;
    ret_sandbox->has_kept_files = geteuid() == 0 && is_elsewhose(options->database);
    limit(options);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        miss(ret_sandbox, "no_new_privs", strerror(errno));
    if (!close_files(options, &ret_sandbox->landlock_abi, &leaves_all))
        miss(ret_sandbox, "Landlock", strerror(errno));
    else if (leaves_all)
        miss(ret_sandbox, "Landlock",
             "the database, backups or a certificate lie in / or /etc itself; give them a "
             "directory of their own");
    if (!drop_capabilities(ret_sandbox->has_kept_files))
        miss(ret_sandbox, "capabilities", strerror(errno));
    return judge(ret_sandbox, detail);
}

static void tell(const struct sandbox *sandbox)
{
    if (sandbox->missing[0])
        LOG(LOG_WARN, "sandbox_weaker", LOG_TEXT("missing", sandbox->missing),
            LOG_INT("landlock_abi", sandbox->landlock_abi),
            LOG_INT("system_calls", sandbox->calls));
    else
        LOG(LOG_INFO, "sandbox", LOG_INT("landlock_abi", sandbox->landlock_abi),
            LOG_INT("system_calls", sandbox->calls));
    if (sandbox->has_kept_files)
        LOG(LOG_WARN, "sandbox_root_rights_kept",
            LOG_TEXT("reason", "this is root, and the database belongs to somebody else"),
            LOG_TEXT("remedy", "run as the database's owner"));
}

enum err sandbox_seal(struct sandbox *sandbox, struct err_detail *detail)
{
    if (sandbox->mode == SANDBOX_OFF) {
        LOG(LOG_WARN, "sandbox_off",
            LOG_TEXT("reason", HAS_SANITIZER ? "built with a sanitizer" : "--no-sandbox"),
            LOG_TEXT("meaning", "whoever takes over this process has all rights of its user"));
        return ERR_OK;
    }
    /* A program without a loader loads nothing. */
    if (filter_install(getauxval(AT_BASE) != 0))
        sandbox->calls = filter_count();
    else
        miss(sandbox, "seccomp", strerror(errno));
    tell(sandbox);
    return judge(sandbox, detail);
}
