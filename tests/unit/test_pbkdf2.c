/* SPDX-License-Identifier: MIT */
#include "base/pbkdf2.h"

#include <sodium.h>

#include "check.h"

struct row {
    const char *about;
    struct str password, salt;
    uint32_t iterations;
    size_t len;
    const char *key;
};

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void published_vectors_come_out(void **state)
{
    static const struct row ROWS[] = {
        {"RFC 7914, section 11, first", TEXT("passwd"), TEXT("salt"), 1, 64,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
         "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
        {"RFC 7914, section 11, second", TEXT("Password"), TEXT("NaCl"), 80000, 64,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
         "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
        /* The inputs of RFC 6070, with SHA-256. */
        {"one round", TEXT("password"), TEXT("salt"), 1, 32,
         "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"},
        {"two rounds", TEXT("password"), TEXT("salt"), 2, 32,
         "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"},
        {"4096 rounds", TEXT("password"), TEXT("salt"), 4096, 32,
         "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"},
        {"a key of a block and a quarter", TEXT("passwordPASSWORDpassword"),
         TEXT("saltSALTsaltSALTsaltSALTsaltSALTsalt"), 4096, 40,
         "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1c635518c7dac47e9"},
        {"bytes that are zero", TEXT("pass\0word"), TEXT("sa\0lt"), 4096, 16,
         "89b69d0516f829893c696226650a8687"},
        /* Of OpenSSL. */
        {"a password longer than a block, no salt",
         TEXT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), TEXT(""), 3, 33,
         "5d1935c6ce2fe0fbe0c27a8bc516005b6165114d74a9f2cab516a49fde73d50884"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        uint8_t key[64 + 1] = {0};
        char text[2 * sizeof key + 1];
        pbkdf2_sha256(ROWS[i].password, ROWS[i].salt, ROWS[i].iterations, key, ROWS[i].len);
        sodium_bin2hex(text, sizeof text, key, ROWS[i].len);
        CHECK_ROW(strcmp(text, ROWS[i].key) == 0, ROWS[i].about);
        CHECK_ROW(key[ROWS[i].len] == 0, ROWS[i].about); /* and not a byte more */
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("published vectors come out", published_vectors_come_out),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
