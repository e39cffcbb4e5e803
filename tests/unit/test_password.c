/* SPDX-License-Identifier: MIT */
#include "core/password.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "check.h"
#include "core/account.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER true
#elif defined(__has_feature)
#define HAS_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define HAS_SANITIZER false
#endif

static int start(void **state)
{
    (void)state;
    return secret_start() == ERR_OK ? 0 : -1;
}

static void a_hashed_password_is_verified(void **state)
{
    char hash[PASSWORD_HASH_LEN], again[PASSWORD_HASH_LEN];

    (void)state;
    assert_int_equal(password_hash(STR("correct horse"), hash), ERR_OK);
    assert_true(str_starts_with_nocase(str_of(hash), STR("$argon2id$v=19$m=19456,t=2,p=1$")));
    assert_int_equal(password_verify(STR("correct horse"), str_of(hash)), ERR_OK);
    assert_int_equal(password_verify(STR("correct horsf"), str_of(hash)), ERR_DENIED);
    assert_int_equal(password_verify(STR("correct horse "), str_of(hash)), ERR_DENIED);
    assert_int_equal(password_verify((struct str){0}, str_of(hash)), ERR_DENIED);
    assert_int_equal(password_hash(STR("correct horse"), again), ERR_OK);
    assert_string_not_equal(hash, again); /* another salt */
}

static void any_bytes_make_a_password(void **state)
{
    const struct str password = {"\0\xff\n12345", 8}, other = {"\0\xff\n12346", 8};
    char hash[PASSWORD_HASH_LEN];

    (void)state;
    assert_int_equal(password_hash(password, hash), ERR_OK);
    assert_int_equal(password_verify(password, str_of(hash)), ERR_OK);
    assert_int_equal(password_verify(other, str_of(hash)), ERR_DENIED);
}

static void lengths_are_bounded(void **state)
{
    char hash[PASSWORD_HASH_LEN], text[PASSWORD_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(password_hash((struct str){text, PASSWORD_MIN - 1}, hash), ERR_INVALID);
    assert_int_equal(password_hash((struct str){text, PASSWORD_MAX + 1}, hash), ERR_INVALID);
    assert_int_equal(password_hash((struct str){text, PASSWORD_MAX}, hash), ERR_OK);
    assert_int_equal(password_verify((struct str){text, PASSWORD_MAX}, str_of(hash)), ERR_OK);
    assert_int_equal(password_verify((struct str){text, PASSWORD_MAX + 1}, str_of(hash)),
                     ERR_DENIED);
}

static void cheaper_and_dearer_hashes_are_verified(void **state)
{
    static const char *const ROWS[] = {
        /* made by libsodium: 8 KiB and 1 pass, 64 MiB and 3 passes */
        "$argon2id$v=19$m=8,t=1,p=1$LaPYafPRFuugDj5XrPNnrA$xh++"
        "R4NXSULjwGy5MnqaIdFnKvokn2a65voWEIask7w",
        "$argon2id$v=19$m=65536,t=3,p=1$ohSIupZDuanhShPXSfguRQ$YahZtm4cmIAq1CLQBrqoCro7Fe/"
        "PB48wJlGsqTEXhrM",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CHECK_ROW(password_verify(STR("correct horse"), str_of(ROWS[i])) == ERR_OK, ROWS[i]);
        CHECK_ROW(password_verify(STR("wrong horse"), str_of(ROWS[i])) == ERR_DENIED, ROWS[i]);
    }
}

#define SALT_AND_HASH "$UruQlO5AnV0NnoAz7dqL5Q$4uYT+Ooq7nAiwZarlTCKK7Pw4gakxV7+sPyqkuFEbZ4"

static void hostile_and_broken_hashes_are_refused_before_any_work(void **state)
{
    static const char *const ROWS[] = {
        "",
        "$",
        "plain text",
        "$argon2id",
        "$argon2id$v=19$m=65537,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=4194304,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=4294967295,t=4294967295,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=18446744073709571072,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=11,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=2,p=2" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=2" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=2,p=1,x=1" SALT_AND_HASH,
        "$argon2id$v=19$t=2,m=19456,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=-1,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=0,t=0,p=0" SALT_AND_HASH,
        "$argon2id$v=16$m=19456,t=2,p=1" SALT_AND_HASH,
        "$argon2id$m=19456,t=2,p=1" SALT_AND_HASH,
        "$argon2i$v=19$m=19456,t=2,p=1" SALT_AND_HASH,
        "$argon2d$v=19$m=19456,t=2,p=1" SALT_AND_HASH,
        "$2y$10$abcdefghijklmnopqrstuuN3hSgbRPjFrFm.mc9yUeWWAAAAAAAAA",
        " $argon2id$v=19$m=19456,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$$",
        "$argon2id$v=19$m=19456,t=2,p=1$UruQlO5AnV0NnoAz7dqL5Q",
        "$argon2id$v=19$m=19456,t=2,p=1$!!!!$4uYT",
        "$argon2id$v=19$m=19456,t=2,p=1" SALT_AND_HASH "!",
        "$argon2id$v=19$m=19456,t=2,p=1" SALT_AND_HASH SALT_AND_HASH,
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(password_verify(STR("correct horse"), str_of(ROWS[i])) == ERR_INVALID, ROWS[i]);
    assert_int_equal(password_verify(STR("correct horse"), (struct str){0}), ERR_INVALID);
    struct str with_nul = password_dummy_hash();
    with_nul.len++;
    assert_int_equal(password_verify(STR("correct horse"), with_nul), ERR_INVALID);
}

static void the_dummy_costs_as_much_and_never_fits(void **state)
{
    char hash[PASSWORD_HASH_LEN];
    struct str dummy = password_dummy_hash();
    const size_t cost_len = strlen("$argon2id$v=19$m=19456,t=2,p=1$");

    (void)state;
    assert_int_equal(password_hash(STR("correct horse"), hash), ERR_OK);
    assert_int_equal(dummy.len, strlen(hash));
    assert_memory_equal(dummy.ptr, hash, cost_len);
    assert_int_equal(password_verify(STR("correct horse"), dummy), ERR_DENIED);
    assert_int_equal(password_verify(STR(""), dummy), ERR_DENIED);
}

/* In a child: hashes with less memory left than it takes. */
static int hash_in_little_memory(void)
{
    const struct rlimit little = {8 << 20, 8 << 20};
    char hash[PASSWORD_HASH_LEN];

    setrlimit(RLIMIT_AS, &little);
    return password_hash(STR("correct horse"), hash) == ERR_MEMORY &&
                   password_verify(STR("correct horse"), password_dummy_hash()) == ERR_MEMORY
               ? 0
               : 1;
}

static void too_little_memory_is_told_apart(void **state)
{
    int status = -1;

    (void)state;
    if (HAS_SANITIZER)
        skip();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(hash_in_little_memory());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void generated_passwords_are_readable(void **state)
{
    static const uint8_t ZERO[16], COUNTING[16] = {0,    0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6,
                                                   0x35, 0xcf, 0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6};
    uint8_t ones[16];
    char text[PASSWORD_GENERATED_LEN + 1];

    (void)state;
    password_generate(ZERO, text);
    assert_string_equal(text, "00000-00000-00000-00000-00000");
    password_generate(COUNTING, text);
    assert_string_equal(text, "01234-56789-abcde-fghjk-mnpqr");
    memset(ones, 0xff, sizeof ones);
    password_generate(ones, text);
    assert_string_equal(text, "zzzzz-zzzzz-zzzzz-zzzzz-zzzzz");
    assert_int_equal(strlen(text), PASSWORD_GENERATED_LEN);
    assert_in_range(PASSWORD_GENERATED_LEN, PASSWORD_MIN, PASSWORD_MAX);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a hashed password is verified", a_hashed_password_is_verified),
        CASE("any bytes make a password", any_bytes_make_a_password),
        CASE("lengths are bounded", lengths_are_bounded),
        CASE("cheaper and dearer hashes are verified", cheaper_and_dearer_hashes_are_verified),
        CASE("hostile and broken hashes are refused before any work",
             hostile_and_broken_hashes_are_refused_before_any_work),
        CASE("the dummy costs as much and never fits", the_dummy_costs_as_much_and_never_fits),
        CASE("too little memory is told apart", too_little_memory_is_told_apart),
        CASE("generated passwords are readable", generated_passwords_are_readable),
    };

    return cmocka_run_group_tests(CASES, start, NULL);
}
