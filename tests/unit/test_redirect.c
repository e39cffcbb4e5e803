/* SPDX-License-Identifier: MIT */
/* Where http leads to, with a certificate that is made here. */
#include "http/redirect.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static char cert_file[] = "/tmp/contactd-cert-XXXXXX", key_file[] = "/tmp/contactd-key-XXXXXX";
static struct tls *tls;

static void write_file(char *name, gnutls_datum_t text)
{
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.size), text.size);
    close(fd);
    gnutls_free(text.data);
}

static void add_name(gnutls_x509_crt_t certificate, const char *name)
{
    assert_int_equal(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name,
                                                          (unsigned)strlen(name),
                                                          GNUTLS_FSAN_APPEND),
                     0);
}

static int make_certificate(void **state)
{
    static const unsigned char V6[16] = {[15] = 1};
    gnutls_x509_crt_t certificate;
    gnutls_x509_privkey_t key;
    gnutls_datum_t text;
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(
                         key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                     0);
    assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
    gnutls_x509_crt_set_version(certificate, 3);
    gnutls_x509_crt_set_serial(certificate, "\1", 1);
    gnutls_x509_crt_set_activation_time(certificate, time(NULL) - 10);
    gnutls_x509_crt_set_expiration_time(certificate, 2000000000);
    gnutls_x509_crt_set_key(certificate, key);
    add_name(certificate, "forms.example");
    add_name(certificate, "*.wild.example");
    gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, "\x7f\0\0\1", 4,
                                         GNUTLS_FSAN_APPEND);
    gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, V6, sizeof V6,
                                         GNUTLS_FSAN_APPEND);
    assert_int_equal(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text), 0);
    write_file(cert_file, text);
    assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text), 0);
    write_file(key_file, text);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
    if (tls_open(cert_file, key_file, &tls, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    return 0;
}

static int forget_certificate(void **state)
{
    (void)state;
    tls_close(tls);
    unlink(cert_file);
    unlink(key_file);
    return 0;
}

static void the_certificate_says_where_to(void **state)
{
    static const struct {
        const char *host, *url; /* NULL: nowhere */
    } ROWS[] = {
        {"forms.example", "https://forms.example:8443/a?b"},
        {"forms.example:80", "https://forms.example:8443/a?b"},
        {"forms.example:", "https://forms.example:8443/a?b"},
        {"FORMS.example", "https://FORMS.example:8443/a?b"},
        {"a.wild.example", "https://a.wild.example:8443/a?b"},
        {"127.0.0.1:80", "https://127.0.0.1:8443/a?b"},
        {"[::1]:80", "https://[::1]:8443/a?b"},
        {"[::1]", "https://[::1]:8443/a?b"},
        {"::1", NULL},
        {"[::1", NULL},
        {"[::2]", NULL},
        {"[forms.example]", NULL},
        {"[127.0.0.1]", NULL},
        {"", NULL},
        {":80", NULL},
        {"wild.example", NULL},
        {"a.b.wild.example", NULL},
        {"*.wild.example", NULL},
        {"evil.example", NULL},
        {"forms.example.evil.example", NULL},
        {"forms.example/evil", NULL},
        {"forms.example\r\nX: y", NULL},
        {"evil@forms.example", NULL},
        {"forms.example@evil.example", NULL},
    };
    const struct redirect redirect = {.tls = tls, .port = 8443};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf out = buf_new(1024);
        bool is_known = redirect_put(&redirect, str_of(ROWS[i].host), STR("/a?b"), &out);
        CHECK_ROW(is_known == (ROWS[i].url != NULL), ROWS[i].host);
        if (is_known)
            check_str(buf_str(&out), ROWS[i].url);
        else
            assert_int_equal(out.len, 0);
    }
}

static void port_443_goes_without_saying(void **state)
{
    const struct redirect redirect = {.tls = tls, .port = 443};
    CLEANUP(buf_done) struct buf out = buf_new(1024);

    (void)state;
    assert_true(redirect_put(&redirect, STR("forms.example:80"), STR("/"), &out));
    check_str(buf_str(&out), "https://forms.example/");
}

static void what_the_owner_says_goes_first(void **state)
{
    const struct redirect redirect = {.origin = STR("https://forms.example"), .port = 8443};
    CLEANUP(buf_done) struct buf out = buf_new(1024);

    (void)state;
    assert_true(redirect_put(&redirect, STR("evil.example"), STR("//x"), &out));
    check_str(buf_str(&out), "https://forms.example//x");
}

static void the_certificate_is_described(void **state)
{
    struct tls_facts facts;

    (void)state;
    tls_describe(tls, &facts);
    assert_true(facts.expires_at_ms == 2000000000000 && tls_expires_at_ms(tls) == 2000000000000);
    assert_true(facts.chain == 1 && facts.is_self_signed && facts.is_chain_whole);
    assert_string_equal(facts.names, "forms.example, *.wild.example, 127.0.0.1, ::1");
}

static void files_that_are_bad_change_nothing(void **state)
{
    struct err_detail detail = {""};

    (void)state;
    assert_false(tls_has_changed(tls));
    assert_int_equal(truncate(key_file, 10), 0);
    assert_false(tls_has_changed(tls)); /* somebody may be writing */
    assert_true(tls_has_changed(tls));
    assert_int_equal(tls_reload(tls, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, key_file));
    assert_false(tls_has_changed(tls)); /* it is not tried again until it changes */
    assert_true(tls_is_for(tls, STR("forms.example")));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the certificate says where to", the_certificate_says_where_to),
        CASE("port 443 goes without saying", port_443_goes_without_saying),
        CASE("what the owner says goes first", what_the_owner_says_goes_first),
        CASE("the certificate is described", the_certificate_is_described),
        CASE("files that are bad change nothing", files_that_are_bad_change_nothing),
    };

    return cmocka_run_group_tests(CASES, make_certificate, forget_certificate);
}
