/* SPDX-License-Identifier: MIT */
/* tests/proof holds the same against ALTCHA's own library; here it is every verdict and bound. */
#include "core/altcha.h"

#include <sodium.h>

#include "base/json.h"
#include "base/pbkdf2.h"
#include "check.h"

static const int64_t EXPIRES = INT64_C(1800000000000);
static const int64_t NOW = INT64_C(1799999000000);

static struct altcha_key key_of(uint8_t first)
{
    const uint8_t secret[DIGEST_KEY_BYTES] = {first};
    struct altcha_key key;

    altcha_key_derive(secret, &key);
    return key;
}

/* Made and solved by altcha-lib 2.8.0 with the key of the secret of zeros. */
#define V1                                                                                         \
    "{\"algorithm\":\"SHA-256\",\"challenge\":"                                                    \
    "\"d8da54b7feed19803b33cb212f2ebb86171bf9b39ccada82418bad91d78715fb\",\"number\":698,"         \
    "\"salt\":\"38310cd32d4cf7b243f5167b?expires=1800000000&form=shop&\",\"signature\":"           \
    "\"788959f6e341e49bdf651e45df5e9e03112fc293a36ec52bc58dc4aaf665bf86\",\"took\":58}"
#define V2                                                                                         \
    "{\"challenge\":{\"parameters\":{\"algorithm\":\"PBKDF2/SHA-256\",\"cost\":50,\"data\":{"      \
    "\"form\":\"shop\"},\"expiresAt\":1800000000,\"keyLength\":32,\"keyPrefix\":\"00\","           \
    "\"nonce\":\"4b44549c44e6a756632a8c115c74b5ad\","                                              \
    "\"salt\":\"c178692e358b116c9ec096b31e1975e4\"},\"signature\":"                                \
    "\"5a251a673ae7bb09a8da0e0de78949783b65cdad9e975d0607690a48c63911b1\"},\"solution\":{"         \
    "\"counter\":269,\"derivedKey\":"                                                              \
    "\"004bba3a9074a0fcbc49f777ce56de49400bff9ab75dd4815cd12259f355e821\",\"time\":22.3}}"

static struct altcha_proof read_text(struct str text, const char *form, int64_t now_ms)
{
    struct altcha_key key = key_of(0);
    struct altcha_proof proof;

    assert_int_equal(altcha_read(&key, str_of(form), text, now_ms, &proof), ERR_OK);
    return proof;
}

static struct altcha_proof read_json(struct str json, const char *form, int64_t now_ms)
{
    char text[2 * ALTCHA_TEXT_MAX];

    sodium_bin2base64(text, sizeof text, (const unsigned char *)json.ptr, json.len,
                      sodium_base64_VARIANT_ORIGINAL);
    return read_text(str_of(text), form, now_ms);
}

/* The payload with the first `from` in it replaced. */
static enum verdict verdict_edited(const char *json, const char *from, const char *to)
{
    char room[ALTCHA_TEXT_MAX];
    const char *at = strstr(json, from);

    assert_non_null(at);
    snprintf(room, sizeof room, "%.*s%s%s", (int)(at - json), json, to, at + strlen(from));
    struct altcha_proof proof = read_json(str_of(room), "shop", NOW);
    return altcha_verify(&proof);
}

struct edit {
    const char *from, *to;
    enum verdict verdict;
};

static void check_edits(const char *json, const struct edit *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_ROW(verdict_edited(json, rows[i].from, rows[i].to) == rows[i].verdict, rows[i].to);
}

static void an_edited_v1_proof_fails(void **state)
{
    static const struct edit ROWS[] = {
        {"shop", "shop", VERDICT_FINE},
        {",\"took\":58", "", VERDICT_FINE},
        {"698", "699", VERDICT_WRONG},
        {"698", "0", VERDICT_WRONG},
        {"698", "9223372036854775807", VERDICT_WRONG},
        {"698", "9223372036854775808", VERDICT_MALFORMED},
        {"698", "-698", VERDICT_MALFORMED},
        {"698", "698.0", VERDICT_MALFORMED},
        {"698", "\"698\"", VERDICT_MALFORMED},
        {"698", "null", VERDICT_MALFORMED},
        {"SHA-256", "SHA-512", VERDICT_MALFORMED},
        {"\"SHA-256\"", "1", VERDICT_MALFORMED},
        {"=1800000000&", "=1800000001&", VERDICT_WRONG},
        {"=1800000000&", "=&", VERDICT_MALFORMED},
        {"=1800000000&", "=-1800000000&", VERDICT_MALFORMED},
        {"=1800000000&", "=9223372036854776&", VERDICT_MALFORMED},
        {"=1800000000&form=shop&", "=1800000000", VERDICT_MALFORMED},
        {"expires=1800000000&", "", VERDICT_MALFORMED},
        {"form=shop", "form=news", VERDICT_WRONG},
        {"form=shop&", "form=shop", VERDICT_MALFORMED},
        {"form=shop&\",", "form=shop&6\",", VERDICT_MALFORMED},
        {"form=shop", "more=shop", VERDICT_MALFORMED},
        {"?expires", "&expires", VERDICT_MALFORMED},
        {"38310c", "", VERDICT_MALFORMED},
        {"38310c", "48310c", VERDICT_WRONG},
        {"d8da54", "d8da55", VERDICT_FORGED},
        {"d8da54", "D8DA54", VERDICT_FORGED},
        {"d8da54", "", VERDICT_MALFORMED},
        {"788959", "788958", VERDICT_FORGED},
        {"65bf86", "65bf87", VERDICT_FORGED},
        {"788959", "", VERDICT_MALFORMED},
        {"signature", "seal", VERDICT_MALFORMED},
        {"challenge", "question", VERDICT_MALFORMED},
    };

    (void)state;
    check_edits(V1, ROWS, COUNTOF(ROWS));
}

static void an_edited_v2_proof_fails(void **state)
{
    static const struct edit ROWS[] = {
        {"shop", "shop", VERDICT_FINE},
        {",\"time\":22.3", "", VERDICT_FINE},
        {"269", "270", VERDICT_WRONG},
        {"269", "4294967295", VERDICT_WRONG},
        {"269", "4294967296", VERDICT_MALFORMED},
        {"269", "-1", VERDICT_MALFORMED},
        {"269", "269.0", VERDICT_MALFORMED},
        {"004bba", "004bbb", VERDICT_WRONG},
        {"004bba", "104bba", VERDICT_WRONG},
        {"004bba", "014bba", VERDICT_WRONG},
        {"004bba", "", VERDICT_MALFORMED},
        {"004bba", "00zbba", VERDICT_MALFORMED},
        {"solution", "answer", VERDICT_MALFORMED},
        {"PBKDF2/SHA-256", "SHA-256", VERDICT_MALFORMED},
        {"\"cost\":50", "\"cost\":51", VERDICT_FORGED},
        {"\"cost\":50", "\"cost\":1", VERDICT_FORGED},
        {"\"cost\":50", "\"cost\":0", VERDICT_MALFORMED},
        {"\"cost\":50", "\"cost\":10000", VERDICT_FORGED},
        {"\"cost\":50", "\"cost\":10001", VERDICT_MALFORMED},
        {"\"cost\":50", "\"cost\":50.0", VERDICT_MALFORMED},
        {"\"cost\":50,", "", VERDICT_MALFORMED},
        {"\"cost\":50", "\"costs\":50", VERDICT_MALFORMED},
        {"\"cost\":50", "\"cost\":50,\"memoryCost\":1", VERDICT_MALFORMED},
        {"{\"form\":\"shop\"}", "{\"form\":\"news\"}", VERDICT_FORGED},
        {"{\"form\":\"shop\"}", "{\"form\":\"shop\\\",\\\"x\\\":\\\"\"}", VERDICT_FORGED},
        {"{\"form\":\"shop\"}", "{\"form\":\"shop\",\"x\":1}", VERDICT_MALFORMED},
        {"{\"form\":\"shop\"}", "{\"form\":1}", VERDICT_MALFORMED},
        {"{\"form\":\"shop\"}", "{}", VERDICT_MALFORMED},
        {"{\"form\":\"shop\"}", "\"shop\"", VERDICT_MALFORMED},
        {":1800000000", ":1800000001", VERDICT_FORGED},
        {":1800000000", ":\"1800000000\"", VERDICT_MALFORMED},
        {":1800000000", ":9223372036854775807", VERDICT_MALFORMED},
        {"\"keyLength\":32", "\"keyLength\":31", VERDICT_MALFORMED},
        {"\"keyLength\":32", "\"keyLength\":33", VERDICT_MALFORMED},
        {"\"keyPrefix\":\"00\"", "\"keyPrefix\":\"0\"", VERDICT_FORGED},
        {"\"keyPrefix\":\"00\"", "\"keyPrefix\":\"\"", VERDICT_FORGED},
        {"\"keyPrefix\":\"00\"", "\"keyPrefix\":0", VERDICT_MALFORMED},
        {"4b4454", "4b4455", VERDICT_FORGED},
        {"4b4454", "4B4454", VERDICT_FORGED},
        {"4b4454", "4b445", VERDICT_MALFORMED},
        {"c17869", "c17868", VERDICT_FORGED},
        {"c17869", "c17869c17869", VERDICT_MALFORMED},
        {"5a251a", "5a251b", VERDICT_FORGED},
        {"5a251a", "5A251A", VERDICT_FORGED},
        {"5a251a", "", VERDICT_FORGED},
        {"\"signature\"", "\"seal\"", VERDICT_FORGED},
        {"\"parameters\":{", "\"x\":{", VERDICT_MALFORMED},
    };

    (void)state;
    check_edits(V2, ROWS, COUNTOF(ROWS));
}

static void what_is_no_payload_is_malformed(void **state)
{
    static const char *const TEXTS[] = {"x", "true", "e30", "e30=\n", "====", "eyJhIjoxfQ", "{}"};
    static const char *const JSONS[] = {
        "{}",
        "[]",
        "null",
        "{\"challenge\":null,\"solution\":null,\"test\":true}",
        "{\"challenge\":{}}",
        "{\"challenge\":{\"parameters\":null},\"solution\":1}",
        "{\"algorithm\":\"SHA-256\",\"verificationData\":\"verified=true\",\"verified\":true,"
        "\"signature\":\"00\"}",
        V1 V1};

    (void)state;
    for (size_t i = 0; i < COUNTOF(TEXTS); i++)
        CHECK_ROW(read_text(str_of(TEXTS[i]), "shop", NOW).verdict == VERDICT_MALFORMED, TEXTS[i]);
    for (size_t i = 0; i < COUNTOF(JSONS); i++)
        CHECK_ROW(read_json(str_of(JSONS[i]), "shop", NOW).verdict == VERDICT_MALFORMED, JSONS[i]);
    assert_int_equal(read_text(STR(""), "shop", NOW).verdict, VERDICT_ABSENT);
    assert_int_equal(read_text((struct str){0}, "shop", NOW).verdict, VERDICT_ABSENT);
}

/* Blanks behind a JSON text mean nothing, so length alone decides here. */
static void a_payload_has_a_ceiling(void **state)
{
    char json[ALTCHA_TEXT_MAX] = V2;

    (void)state;
    memset(json + sizeof V2 - 1, ' ', sizeof json - (sizeof V2 - 1));
    size_t fits = ALTCHA_TEXT_MAX / 4 * 3;
    assert_int_equal(read_json((struct str){json, fits}, "shop", NOW).verdict, VERDICT_FINE);
    assert_int_equal(read_json((struct str){json, fits + 1}, "shop", NOW).verdict,
                     VERDICT_MALFORMED);
}

static void a_proof_is_of_its_form_time_and_server(void **state)
{
    static const struct str PAYLOADS[] = {{V1, sizeof V1 - 1}, {V2, sizeof V2 - 1}};

    (void)state;
    for (size_t i = 0; i < COUNTOF(PAYLOADS); i++) {
        struct altcha_proof proof = read_json(PAYLOADS[i], "shop", EXPIRES);
        assert_int_equal(proof.verdict, VERDICT_FINE);
        assert_int_equal(altcha_verify(&proof), VERDICT_FINE);
        assert_int_equal(proof.version, i + 1);
        assert_int_equal(proof.expires_at_ms, EXPIRES);

        struct altcha_proof late = read_json(PAYLOADS[i], "shop", EXPIRES + 1);
        assert_int_equal(late.verdict, VERDICT_EXPIRED);
        assert_int_equal(altcha_verify(&late), VERDICT_EXPIRED);
        assert_true(digest_equal(&late.digest, &proof.digest));
        assert_int_equal(read_json(PAYLOADS[i], "news", NOW).verdict, VERDICT_OTHER_FORM);
        assert_int_equal(read_json(PAYLOADS[i], "shop2", NOW).verdict, VERDICT_OTHER_FORM);
    }
}

/* --- our own challenges --------------------------------------------------- */

struct issued {
    struct buf json;
    json_t *challenge;
};

static struct issued issue(const struct altcha_key *key, enum altcha_version version,
                           uint32_t effort, uint8_t chance)
{
    uint8_t random[ALTCHA_RANDOM_BYTES];
    struct issued issued = {.json = buf_new(1024)};

    memset(random, chance, sizeof random);
    altcha_issue(&issued.json, key,
                 &(struct altcha_order){version, STR("shop"), effort, EXPIRES + 999, random});
    assert_int_equal(buf_status(&issued.json), ERR_OK);
    assert_int_equal(js_parse_object(buf_str(&issued.json), &issued.challenge, NULL), ERR_OK);
    return issued;
}

static void issued_done(struct issued *issued)
{
    js_decref(&issued->challenge);
    buf_done(&issued->json);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    assert_non_null(text);
    return text;
}

/* By brute force, as a widget does; `*ret_number` is what was found. */
static void solve_v1(const json_t *challenge, struct buf *payload, uint32_t *ret_number)
{
    const char *salt = text_of(challenge, "salt"), *wanted = text_of(challenge, "challenge");
    uint32_t max = (uint32_t)json_integer_value(json_object_get(challenge, "maxnumber")), number;

    for (number = 0; number <= max; number++) {
        char text[256], hex[65];
        uint8_t hash[32];
        snprintf(text, sizeof text, "%s%u", salt, number);
        crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
        sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
        if (strcmp(hex, wanted) == 0)
            break;
    }
    assert_true(number <= max);
    buf_printf(payload,
               "{\"algorithm\":\"%s\",\"challenge\":\"%s\",\"number\":%u,\"salt\":\"%s\","
               "\"signature\":\"%s\"}",
               text_of(challenge, "algorithm"), wanted, number, salt,
               text_of(challenge, "signature"));
    *ret_number = number;
}

static void from_hex(const char *hex, uint8_t *bytes, size_t len)
{
    assert_int_equal(sodium_hex2bin(bytes, len, hex, strlen(hex), NULL, NULL, NULL), 0);
}

/* The first counter whose key has the prefix, or has not. */
static void derive_v2(const struct issued *issued, bool has_prefix, struct buf *payload)
{
    const json_t *parameters = json_object_get(issued->challenge, "parameters");
    const char *prefix = text_of(parameters, "keyPrefix");
    uint32_t cost = (uint32_t)json_integer_value(json_object_get(parameters, "cost"));
    uint8_t salt[16], password[20], key[32];
    char hex[65] = "";
    unsigned counter = 0;

    from_hex(text_of(parameters, "salt"), salt, sizeof salt);
    from_hex(text_of(parameters, "nonce"), password, 16);
    for (;; counter++) {
        memcpy(password + 16, (uint8_t[]){0, 0, (uint8_t)(counter >> 8), (uint8_t)counter}, 4);
        pbkdf2_sha256((struct str){(char *)password, 20}, (struct str){(char *)salt, 16}, cost, key,
                      sizeof key);
        sodium_bin2hex(hex, sizeof hex, key, sizeof key);
        if ((strncmp(hex, prefix, strlen(prefix)) == 0) == has_prefix)
            break;
        assert_true(counter < 65535);
    }
    buf_printf(payload, "{\"challenge\":%.*s,\"solution\":{\"counter\":%u,\"derivedKey\":\"%s\"}}",
               (int)issued->json.len, issued->json.ptr, counter, hex);
}

static struct altcha_proof check_solved(const struct buf *payload)
{
    assert_int_equal(buf_status(payload), ERR_OK);
    struct altcha_proof proof = read_json(buf_str(payload), "shop", NOW);
    assert_int_equal(proof.verdict, VERDICT_FINE);
    assert_int_equal(altcha_verify(&proof), VERDICT_FINE);
    assert_int_equal(proof.expires_at_ms, EXPIRES); /* whole seconds count */
    return proof;
}

static void a_solved_v1_challenge_is_fine(void **state)
{
    struct altcha_key key = key_of(0);
    struct digest last = {0};

    (void)state;
    for (uint8_t chance = 0; chance < 20; chance++) {
        CLEANUP(issued_done) struct issued issued = issue(&key, ALTCHA_V1, 100, chance);
        CLEANUP(buf_done) struct buf payload = buf_new(1024);
        uint32_t number;
        solve_v1(issued.challenge, &payload, &number);
        assert_in_range(number, 1, 100);
        struct altcha_proof proof = check_solved(&payload);
        assert_false(digest_equal(&proof.digest, &last));
        last = proof.digest;
    }
}

static void a_solved_v2_challenge_is_fine(void **state)
{
    struct altcha_key key = key_of(0);
    struct digest last = {0};

    (void)state;
    for (uint8_t chance = 0; chance < 8; chance++) {
        CLEANUP(issued_done) struct issued issued = issue(&key, ALTCHA_V2, 16, chance);
        CLEANUP(buf_done) struct buf payload = buf_new(1024);
        derive_v2(&issued, true, &payload);
        struct altcha_proof proof = check_solved(&payload);
        assert_false(digest_equal(&proof.digest, &last));
        last = proof.digest;
    }
}

static void an_honest_key_without_the_work_is_wrong(void **state)
{
    struct altcha_key key = key_of(0);
    CLEANUP(issued_done) struct issued issued = issue(&key, ALTCHA_V2, 16, 1);
    CLEANUP(buf_done) struct buf payload = buf_new(1024);

    (void)state;
    derive_v2(&issued, false, &payload);
    assert_int_equal(read_json(buf_str(&payload), "shop", NOW).verdict, VERDICT_WRONG);
}

static void a_challenge_of_another_server_is_forged(void **state)
{
    struct altcha_key other = key_of(1);
    CLEANUP(issued_done) struct issued one = issue(&other, ALTCHA_V1, 16, 5);
    CLEANUP(issued_done) struct issued two = issue(&other, ALTCHA_V2, 16, 5);
    CLEANUP(buf_done) struct buf first = buf_new(1024);
    CLEANUP(buf_done) struct buf second = buf_new(1024);
    uint32_t number;

    (void)state;
    solve_v1(one.challenge, &first, &number);
    assert_int_equal(read_json(buf_str(&first), "shop", NOW).verdict, VERDICT_FORGED);
    derive_v2(&two, true, &second);
    assert_int_equal(read_json(buf_str(&second), "shop", NOW).verdict, VERDICT_FORGED);
}

static void a_challenge_that_does_not_fit_is_an_error(void **state)
{
    static const uint8_t RANDOM[ALTCHA_RANDOM_BYTES];
    struct altcha_key key = key_of(0);

    (void)state;
    for (int version = ALTCHA_V1; version <= ALTCHA_V2; version++)
        for (size_t room = 0; room < 200; room += 7) {
            CLEANUP(buf_done) struct buf out = buf_new(room);
            altcha_issue(&out, &key,
                         &(struct altcha_order){(enum altcha_version)version, STR("shop"), 16,
                                                EXPIRES, RANDOM});
            assert_int_equal(buf_status(&out), ERR_FULL);
        }
}

/* --- the price ------------------------------------------------------------ */

static void more_effort_is_more_work_at_a_bounded_price(void **state)
{
    static const struct {
        uint32_t effort;
        const char *prefix;
        int64_t cost;
    } ROWS[] = {
        {ALTCHA_EFFORT_MIN, "00", 3125}, {80000, "00", 5000},
        {160015, "00", 10000},           {160016, "000", 625},
        {400000, "000", 1562},           {ALTCHA_EFFORT_MAX, "000", 3906},
    };
    struct altcha_key key = key_of(0);

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(issued_done) struct issued issued = issue(&key, ALTCHA_V2, ROWS[i].effort, 0);
        const json_t *parameters = json_object_get(issued.challenge, "parameters");
        assert_string_equal(text_of(parameters, "keyPrefix"), ROWS[i].prefix);
        assert_int_equal(json_integer_value(json_object_get(parameters, "cost")), ROWS[i].cost);
    }
}

static void the_effort_grows_with_the_load(void **state)
{
    static const struct {
        struct altcha_load load;
        uint32_t effort;
    } ROWS[] = {
        {{0, 0, 0}, 50000},    {{0, 0, 1}, 50000},
        {{1, 0, 1}, 100000},   {{2, 59, 1}, 150000},
        {{0, 60, 1}, 100000},  {{0, 600, 1}, 550000},
        {{0, 0, 3}, 150000},   {{1, 60, 3}, 600000},
        {{18, 0, 1}, 950000},  {{19, 0, 1}, 1000000},
        {{20, 0, 1}, 1000000}, {{UINT32_MAX, UINT32_MAX, UINT32_MAX}, 1000000},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        assert_int_equal(altcha_effort(&ROWS[i].load), ROWS[i].effort);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("an edited v1 proof fails", an_edited_v1_proof_fails),
        CASE("an edited v2 proof fails", an_edited_v2_proof_fails),
        CASE("what is no payload is malformed", what_is_no_payload_is_malformed),
        CASE("a payload has a ceiling", a_payload_has_a_ceiling),
        CASE("a proof is of its form, time and server", a_proof_is_of_its_form_time_and_server),
        CASE("a solved v1 challenge is fine", a_solved_v1_challenge_is_fine),
        CASE("a solved v2 challenge is fine", a_solved_v2_challenge_is_fine),
        CASE("an honest key without the work is wrong", an_honest_key_without_the_work_is_wrong),
        CASE("a challenge of another server is forged", a_challenge_of_another_server_is_forged),
        CASE("a challenge that does not fit is an error",
             a_challenge_that_does_not_fit_is_an_error),
        CASE("more effort is more work at a bounded price",
             more_effort_is_more_work_at_a_bounded_price),
        CASE("the effort grows with the load", the_effort_grows_with_the_load),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
