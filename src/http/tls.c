/* SPDX-License-Identifier: MIT */
/*
 * Files into pairs. A pair is counted: by the server's `tls` while it is in force,
 * and by every connection that began with it, so the last of these frees it.
 * `lock` guards which pair is in force; what is in a pair never changes. The key's text is
 * wiped when GnuTLS has read it, and GnuTLS wipes its own copy.
 */
#include "tls_pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"

enum { FILE_MAX_BYTES = 256 * 1024, CHAIN_MAX = 16, NAME_MAX_BYTES = 256 };

struct tls_pair {
    gnutls_certificate_credentials_t credentials;
    gnutls_x509_crt_t chain[CHAIN_MAX]; /* the server's own first */
    unsigned chain_len;
    atomic_uint users;
};

/* By what a file is known to be another one, or to have other readers. */
struct mark {
    dev_t device;
    ino_t inode;
    off_t bytes;
    struct timespec written, changed;
};

enum { CERT, KEY, FILES };

struct tls {
    const char *files[FILES];
    pthread_mutex_t lock;
    struct tls_pair *pair;

    /* Of the thread that reloads. */
    struct mark read[FILES], seen[FILES];
    bool is_locked;      /* what was to be read could not be opened */
    int64_t retry_at_ms; /* Unix time; what was read was too early; 0: it was not */
};

/* --- files --------------------------------------------------------------- */

struct text {
    unsigned char *ptr;
    size_t len;
};

static void text_done(struct text *text)
{
    if (text->ptr)
        secret_wipe(text->ptr, text->len);
    free(text->ptr);
}

static enum err fail_file(struct err_detail *detail, const char *file)
{
    enum err err = errno == ENOENT ? ERR_NOT_FOUND : errno == EACCES ? ERR_DENIED : ERR_IO;

    return err_set(detail, err, "%s: %s%s", file, strerror(errno),
                   err == ERR_DENIED ? "; let the user that contactd runs as read it" : "");
}

static enum err read_all(int fd, const char *file, struct text *text, struct err_detail *detail)
{
    struct stat status;
    size_t have = 0;
    ssize_t got = 1;

    if (fstat(fd, &status))
        return fail_file(detail, file);
    if (!S_ISREG(status.st_mode) || status.st_size > FILE_MAX_BYTES)
        return err_set(detail, ERR_INVALID, "%s: not a file of at most 256 KiB", file);
    text->len = (size_t)status.st_size;
    text->ptr = malloc(text->len + 1);
    if (!text->ptr)
        return ERR_MEMORY;
    while (have < text->len && got > 0) {
        got = read(fd, text->ptr + have, text->len - have);
        have += got > 0 ? (size_t)got : 0;
    }
    return got < 0 ? fail_file(detail, file) : ERR_OK;
}

static enum err read_file(const char *file, struct text *text, struct err_detail *detail)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return fail_file(detail, file);
    enum err err = read_all(fd, file, text, detail);
    close(fd);
    return err;
}

static void look(const struct tls *tls, struct mark marks[FILES])
{
    struct stat status;

    memset(marks, 0, FILES * sizeof *marks);
    for (size_t i = 0; i < FILES; i++)
        if (stat(tls->files[i], &status) == 0)
            marks[i] = (struct mark){status.st_dev, status.st_ino, status.st_size, status.st_mtim,
                                     status.st_ctim};
}

static bool is_moment(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct mark a[FILES], const struct mark b[FILES])
{
    for (size_t i = 0; i < FILES; i++)
        if (a[i].device != b[i].device || a[i].inode != b[i].inode || a[i].bytes != b[i].bytes ||
            !is_moment(a[i].written, b[i].written) || !is_moment(a[i].changed, b[i].changed))
            return false;
    return true;
}

/* What stands in the way may be a directory, of which the files' own marks tell nothing. */
static bool can_open(const struct tls *tls)
{
    for (size_t i = 0; i < FILES; i++) {
        int fd = open(tls->files[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            return false;
        close(fd);
    }
    return true;
}

static bool is_worth_a_try(const struct tls *tls)
{
    return (tls->is_locked && can_open(tls)) ||
           (tls->retry_at_ms && clock_wall_ms() >= tls->retry_at_ms);
}

bool tls_has_changed(struct tls *tls)
{
    struct mark now[FILES];

    look(tls, now);
    bool is_settled = is_same(now, tls->seen);
    memcpy(tls->seen, now, sizeof now);
    return is_settled && (!is_same(now, tls->read) || is_worth_a_try(tls));
}

/* --- pairs --------------------------------------------------------------- */

static void pair_free(struct tls_pair *pair)
{
    if (!pair)
        return;
    for (unsigned i = 0; i < pair->chain_len; i++)
        gnutls_x509_crt_deinit(pair->chain[i]);
    if (pair->credentials)
        gnutls_certificate_free_credentials(pair->credentials);
    free(pair);
}

static enum err read_chain(struct tls_pair *pair, const char *file, struct err_detail *detail)
{
    CLEANUP(text_done) struct text text = {0};

    TRY(read_file(file, &text, detail));
    const gnutls_datum_t datum = {text.ptr, (unsigned)text.len};
    unsigned room = CHAIN_MAX;
    int count = gnutls_x509_crt_list_import(pair->chain, &room, &datum, GNUTLS_X509_FMT_PEM,
                                            GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (count <= 0)
        return err_set(detail, ERR_INVALID,
                       "%s: no chain of certificates in PEM (%s); name the file that begins with "
                       "the server's own, such as certbot's fullchain.pem",
                       file, count ? gnutls_strerror(count) : "it is empty");
    pair->chain_len = (unsigned)count;
    return ERR_OK;
}

static enum err take_key(struct tls_pair *pair, gnutls_x509_privkey_t key, const char *const *files,
                         struct err_detail *detail)
{
    CLEANUP(text_done) struct text text = {0};

    TRY(read_file(files[KEY], &text, detail));
    const gnutls_datum_t datum = {text.ptr, (unsigned)text.len};
    int code = gnutls_x509_privkey_import(key, &datum, GNUTLS_X509_FMT_PEM);
    if (code < 0)
        return err_set(detail, ERR_INVALID,
                       "%s: no private key in PEM that can be used without a password (%s)",
                       files[KEY], gnutls_strerror(code));
    code =
        gnutls_certificate_set_x509_key(pair->credentials, pair->chain, (int)pair->chain_len, key);
    if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return err_set(detail, ERR_INVALID,
                       "%s is not the key of the first certificate in %s; give both from one issue",
                       files[KEY], files[CERT]);
    if (code < 0)
        return err_set(detail, ERR_INVALID, "%s: %s", files[CERT], gnutls_strerror(code));
    return ERR_OK;
}

static enum err fill(struct tls_pair *pair, const char *const *files, struct err_detail *detail)
{
    gnutls_x509_privkey_t key;

    atomic_init(&pair->users, 1);
    if (gnutls_certificate_allocate_credentials(&pair->credentials) < 0)
        return ERR_MEMORY;
    TRY(read_chain(pair, files[CERT], detail));
    if (gnutls_x509_privkey_init(&key) < 0)
        return ERR_MEMORY;
    enum err err = take_key(pair, key, files, detail);
    gnutls_x509_privkey_deinit(key);
    return err;
}

static enum err pair_read(const char *const *files, struct tls_pair **ret_pair,
                          struct err_detail *detail)
{
    struct tls_pair *pair = calloc(1, sizeof *pair);

    if (!pair)
        return ERR_MEMORY;
    enum err err = fill(pair, files, detail);
    if (err != ERR_OK) {
        pair_free(pair);
        return err;
    }
    *ret_pair = pair;
    return ERR_OK;
}

struct tls_pair *tls_take(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct tls_pair *pair = tls->pair;
    atomic_fetch_add(&pair->users, 1);
    pthread_mutex_unlock(&tls->lock);
    return pair;
}

void tls_give(struct tls_pair *pair)
{
    if (pair && atomic_fetch_sub(&pair->users, 1) == 1)
        pair_free(pair);
}

gnutls_certificate_credentials_t tls_credentials(const struct tls_pair *pair)
{
    return pair->credentials;
}

/* --- in force ------------------------------------------------------------ */

static int64_t to_ms(time_t seconds)
{
    return (int64_t)seconds * 1000;
}

enum err tls_open(const char *cert_file, const char *key_file, struct tls **ret_tls,
                  struct err_detail *detail)
{
    struct tls *tls = calloc(1, sizeof *tls);

    if (!tls)
        return ERR_MEMORY;
    tls->files[CERT] = cert_file;
    tls->files[KEY] = key_file;
    look(tls, tls->read);
    enum err err = pair_read(tls->files, &tls->pair, detail);
    if (err == ERR_OK && pthread_mutex_init(&tls->lock, NULL))
        err = ERR_MEMORY;
    if (err != ERR_OK) {
        pair_free(tls->pair);
        free(tls);
        return err;
    }
    memcpy(tls->seen, tls->read, sizeof tls->seen);
    *ret_tls = tls;
    return ERR_OK;
}

void tls_close(struct tls *tls)
{
    if (!tls)
        return;
    tls_give(tls->pair);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

static int64_t begin_of(const struct tls_pair *pair)
{
    return to_ms(gnutls_x509_crt_get_activation_time(pair->chain[0]));
}

static int64_t end_of(const struct tls_pair *pair)
{
    return to_ms(gnutls_x509_crt_get_expiration_time(pair->chain[0]));
}

static bool is_valid(const struct tls_pair *pair, int64_t now_ms)
{
    return begin_of(pair) <= now_ms && now_ms < end_of(pair);
}

/* One that no browser takes does not follow one that they do. */
static enum err check_time(struct tls *tls, const struct tls_pair *pair, struct err_detail *detail)
{
    int64_t now_ms = clock_wall_ms();
    char when[CLOCK_TEXT_LEN + 1];

    if (is_valid(pair, now_ms) || !is_valid(tls->pair, now_ms))
        return ERR_OK;
    bool is_early = begin_of(pair) > now_ms;
    clock_format(is_early ? begin_of(pair) : end_of(pair), when);
    if (is_early)
        tls->retry_at_ms = begin_of(pair);
    return err_set(detail, ERR_INVALID, "%s: %s %s", tls->files[CERT],
                   is_early ? "is not valid before" : "expired at", when);
}

static enum err read_better(struct tls *tls, struct tls_pair **ret_pair, struct err_detail *detail)
{
    struct tls_pair *pair;

    TRY(pair_read(tls->files, &pair, detail));
    enum err err = check_time(tls, pair, detail);
    if (err != ERR_OK) {
        pair_free(pair);
        return err;
    }
    *ret_pair = pair;
    return ERR_OK;
}

enum err tls_reload(struct tls *tls, struct err_detail *detail)
{
    struct tls_pair *pair;

    /* What is bad now is tried again when it has changed, can be opened or has become valid. */
    look(tls, tls->read);
    memcpy(tls->seen, tls->read, sizeof tls->seen);
    tls->retry_at_ms = 0;
    tls->is_locked = !can_open(tls);
    TRY(read_better(tls, &pair, detail));
    tls->is_locked = false;
    pthread_mutex_lock(&tls->lock);
    struct tls_pair *former = tls->pair;
    tls->pair = pair;
    pthread_mutex_unlock(&tls->lock);
    tls_give(former);
    return ERR_OK;
}

/* --- telling ------------------------------------------------------------- */

int64_t tls_expires_at_ms(struct tls *tls)
{
    struct tls_pair *pair = tls_take(tls);
    int64_t expires_at_ms = end_of(pair);

    tls_give(pair);
    return expires_at_ms;
}

bool tls_is_for(struct tls *tls, struct str host)
{
    char name[NAME_MAX_BYTES];

    if (host.len == 0 || host.len >= sizeof name)
        return false;
    memcpy(name, host.ptr, host.len);
    name[host.len] = '\0';
    struct tls_pair *pair = tls_take(tls);
    bool is_for = gnutls_x509_crt_check_hostname(pair->chain[0], name) != 0;
    tls_give(pair);
    return is_for;
}

static void add_name(struct tls_facts *facts, const char *name, size_t name_len)
{
    size_t len = strlen(facts->names);

    snprintf(facts->names + len, sizeof facts->names - len, "%s%.*s", len ? ", " : "",
             (int)name_len, name);
}

/* As they are written in the certificate; addresses as text. */
static void describe_names(gnutls_x509_crt_t certificate, struct tls_facts *facts)
{
    unsigned kind;
    int code = 0;

    for (unsigned i = 0; code != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE && i < 100; i++) {
        char name[NAME_MAX_BYTES], address[64];
        size_t len = sizeof name;
        code = gnutls_x509_crt_get_subject_alt_name2(certificate, i, name, &len, &kind, NULL);
        if (code == GNUTLS_SAN_DNSNAME)
            add_name(facts, name, strnlen(name, len));
        else if (code == GNUTLS_SAN_IPADDRESS &&
                 inet_ntop(len == 4 ? AF_INET : AF_INET6, name, address, sizeof address))
            add_name(facts, address, strlen(address));
    }
}

static unsigned rsa_bits(gnutls_x509_crt_t certificate)
{
    unsigned bits = 0;

    return gnutls_x509_crt_get_pk_algorithm(certificate, &bits) == GNUTLS_PK_RSA ? bits : 0;
}

void tls_describe(struct tls *tls, struct tls_facts *ret_facts)
{
    struct tls_pair *pair = tls_take(tls);
    gnutls_x509_crt_t first = pair->chain[0];

    *ret_facts = (struct tls_facts){
        .begins_at_ms = begin_of(pair),
        .expires_at_ms = end_of(pair),
        .rsa_bits = rsa_bits(first),
        .chain = pair->chain_len,
        .is_self_signed = gnutls_x509_crt_check_issuer(first, first) != 0,
        .is_chain_whole = true,
    };
    for (unsigned i = 0; i + 1 < pair->chain_len; i++)
        if (!gnutls_x509_crt_check_issuer(pair->chain[i], pair->chain[i + 1]))
            ret_facts->is_chain_whole = false;
    describe_names(first, ret_facts);
    tls_give(pair);
}
