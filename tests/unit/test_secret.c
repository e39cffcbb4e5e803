/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include "check.h"

static int start(void **state)
{
    (void)state;
    return secret_start() == ERR_OK ? 0 : -1;
}

static void a_secret_keeps_its_bounds(void **state)
{
    static struct secret secret;
    char text[SECRET_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(secret_set(&secret, (struct str){text, SECRET_MAX}), ERR_OK);
    assert_int_equal(secret.len, SECRET_MAX);
    assert_int_equal(strlen(secret.text), SECRET_MAX);
    assert_int_equal(secret_set(&secret, (struct str){text, SECRET_MAX + 1}), ERR_FULL);
    assert_int_equal(secret.len, SECRET_MAX);
    assert_int_equal(secret_set(&secret, STR("short")), ERR_OK);
    assert_string_equal(secret.text, "short");
    assert_int_equal(secret_set(&secret, (struct str){0}), ERR_OK);
    assert_string_equal(secret.text, "");
}

static void a_done_secret_is_wiped(void **state)
{
    static struct secret secret;
    static const struct secret ZERO;

    (void)state;
    assert_int_equal(secret_set(&secret, STR("hush")), ERR_OK);
    secret_done(&secret);
    assert_memory_equal(&secret, &ZERO, sizeof ZERO);
}

static void wiping_clears(void **state)
{
    char bytes[4] = "abc";

    (void)state;
    secret_wipe(bytes, 3);
    assert_memory_equal(bytes, "\0\0\0\0", 4);
}

static void comparing_sees_every_byte(void **state)
{
    (void)state;
    assert_true(secret_equal("abcd", "abcd", 4));
    assert_false(secret_equal("abcd", "abce", 4));
    assert_false(secret_equal("abcd", "bbcd", 4));
    assert_true(secret_equal("a", "b", 0));
}

static void random_bytes_differ(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};

    (void)state;
    secret_random(a, sizeof a);
    secret_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void check_digest(struct digest digest, const char *hex)
{
    char text[2 * DIGEST_BYTES + 1];

    for (int i = 0; i < DIGEST_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", digest.bytes[i]);
    assert_string_equal(text, hex);
}

static void the_digest_is_blake2b_256(void **state)
{
    uint8_t key[DIGEST_KEY_BYTES];

    (void)state;
    for (int i = 0; i < DIGEST_KEY_BYTES; i++)
        key[i] = (uint8_t)i;
    check_digest(digest_of(STR("abc"), NULL),
                 "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    check_digest(digest_of((struct str){0}, NULL),
                 "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    check_digest(digest_of(STR("abc"), key),
                 "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
}

static void digests_compare(void **state)
{
    struct digest a = digest_of(STR("a"), NULL), b = digest_of(STR("b"), NULL);

    (void)state;
    assert_true(digest_equal(&a, &a));
    assert_false(digest_equal(&a, &b));
}

static void a_seal_tells_nothing_and_is_read_by_its_key_alone(void **state)
{
    const uint8_t key[SEAL_KEY_BYTES] = {1}, other[SEAL_KEY_BYTES] = {2};
    uint8_t seal[SEAL_BYTES], again[SEAL_BYTES];
    uint64_t number = 7;

    (void)state;
    seal_number(UINT64_MAX - 1, key, seal);
    seal_number(UINT64_MAX - 1, key, again);
    assert_memory_not_equal(seal, again, sizeof seal);
    assert_false(seal_open(seal, other, &number));
    assert_int_equal(number, 7);
    assert_true(seal_open(seal, key, &number));
    assert_true(number == UINT64_MAX - 1);
    for (size_t i = 0; i < sizeof seal; i++) {
        seal[i] ^= 1;
        assert_false(seal_open(seal, key, &number));
        seal[i] ^= 1;
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a secret keeps its bounds", a_secret_keeps_its_bounds),
        CASE("a done secret is wiped", a_done_secret_is_wiped),
        CASE("wiping clears", wiping_clears),
        CASE("comparing sees every byte", comparing_sees_every_byte),
        CASE("random bytes differ", random_bytes_differ),
        CASE("the digest is BLAKE2b-256, keyed or not", the_digest_is_blake2b_256),
        CASE("digests compare", digests_compare),
        CASE("a seal tells nothing, and is read by its key alone",
             a_seal_tells_nothing_and_is_read_by_its_key_alone),
    };

    return cmocka_run_group_tests(CASES, start, NULL);
}
