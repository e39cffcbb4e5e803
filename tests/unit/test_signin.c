/* SPDX-License-Identifier: MIT */
/*
 * Signing in over the memory store. A verification costs what argon2id costs,
 * so a case has as few of them as it can: most of what is asked here is
 * answered by signin_begin() alone. Times are arguments, so nothing waits.
 */
#include "service/signin.h"

#include <semaphore.h>
#include <time.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "check.h"
#include "core/password.h"
#include "core/token.h"

#define ADA_PASSWORD "correct horse"
#define BOB_PASSWORD "battery staple"

/* "ada:correct horse" and so on, as Basic wants it. */
#define ADA       "Basic YWRhOmNvcnJlY3QgaG9yc2U="
#define ADA_WRONG "Basic YWRhOmNvcnJlY3QgaG9yc2Y="
#define ADA_EMPTY "Basic YWRhOg=="
#define BOB       "Basic Ym9iOmJhdHRlcnkgc3RhcGxl"
#define EVE       "Basic ZXZlOmNvcnJlY3QgaG9yc2U="
#define TOO_LONG  "Basic dG9vLWxvbmc6Y29ycmVjdCBob3JzZQ=="
#define DAMAGED   "Basic ZGFtYWdlZDpjb3JyZWN0IGhvcnNl"

enum { MINUTE_MS = 60000, CROWD = 2500 };

/* One house for all cases: the accounts. Signing in itself starts anew in each. */
static struct {
    struct store *store;
    struct worker *readers;
    char token[TOKEN_TEXT_LEN + 1], other[TOKEN_TEXT_LEN + 1], expired[TOKEN_TEXT_LEN + 1],
        unknown[TOKEN_TEXT_LEN + 1];
} house;

static bool add_user(const char *name, const char *hash, enum role role)
{
    struct user user = {.name = str_of(name), .password_hash = str_of(hash), .role = role};

    return store_user_insert(house.store, &user) == ERR_OK;
}

static bool add_hashed(const char *name, const char *password, enum role role)
{
    char hash[PASSWORD_HASH_LEN];

    return password_hash(str_of(password), hash) == ERR_OK && add_user(name, hash, role);
}

static void make_token(char text[TOKEN_TEXT_LEN + 1])
{
    uint8_t random[TOKEN_RANDOM_BYTES];

    secret_random(random, sizeof random);
    token_format(random, text);
}

static bool add_token(const char *name, char text[TOKEN_TEXT_LEN + 1], enum access scope,
                      int64_t expires_at_ms)
{
    static uint8_t number;
    struct token token = {
        .id = {{++number}}, .name = str_of(name), .scope = scope, .expires_at_ms = expires_at_ms};

    make_token(text);
    token.hash = token_digest(str_of(text));
    return store_token_insert(house.store, &token) == ERR_OK;
}

static bool add_accounts(void)
{
    char too_long[PASSWORD_HASH_LEN + 1];

    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    int64_t now_ms = clock_wall_ms();

    make_token(house.unknown);
    return store_begin(house.store) == ERR_OK && add_hashed("ada", ADA_PASSWORD, ROLE_OWNER) &&
           add_hashed("bob", BOB_PASSWORD, ROLE_READER) &&
           add_user("damaged", "no hash at all", ROLE_OWNER) &&
           add_user("too-long", too_long, ROLE_OWNER) &&
           add_token("script", house.token, ACCESS_WRITE, 0) &&
           add_token("old", house.expired, ACCESS_MANAGE, now_ms - 1) &&
           add_token("other", house.other, ACCESS_READ, now_ms + 60 * MINUTE_MS) &&
           store_commit(house.store) == ERR_OK;
}

static int open_house(void **state)
{
    (void)state;
    if (secret_start() != ERR_OK || store_open("memory:", true, &house.store, NULL) != ERR_OK ||
        !add_accounts())
        return -1;
    return worker_start(house.store, 1, 100, &house.readers, NULL) == ERR_OK ? 0 : -1;
}

static int close_house(void **state)
{
    (void)state;
    worker_stop(house.readers);
    store_close(house.store);
    return 0;
}

static void signin_stopp(struct signin **signin)
{
    signin_stop(*signin);
}

static struct signin *start(bool has_rate_limit)
{
    const struct signin_options options = {.has_rate_limit = has_rate_limit,
                                           .readers = house.readers};
    struct signin *signin = NULL;

    assert_int_equal(signin_start(house.store, &options, &signin, NULL), ERR_OK);
    return signin;
}

/* An attempt and whoever waits for it. */
struct visit {
    struct signin_attempt attempt;
    sem_t is_done;
    int64_t wait_ms;
    enum signin_verdict verdict;
};

static void done(struct job *job, bool more)
{
    struct signin_attempt *attempt = CONTAINER_OF(job, struct signin_attempt, job);

    (void)more;
    sem_post(&CONTAINER_OF(attempt, struct visit, attempt)->is_done);
}

static void begin_at(struct visit *visit, struct signin *signin, const char *authorization,
                     const char *source, int64_t now_ms)
{
    *visit = (struct visit){.attempt = {.job = {.done = done, .result = ERR_CORRUPT}}};
    visit->verdict = signin_begin(signin, str_of(authorization), str_of(source), now_ms,
                                  &visit->attempt, &visit->wait_ms);
}

static enum signin_verdict verdict_at(struct signin *signin, const char *authorization,
                                      const char *source, int64_t now_ms)
{
    struct visit visit;

    begin_at(&visit, signin, authorization, source, now_ms);
    return visit.verdict;
}

static bool is_wiped(const struct signin_attempt *attempt)
{
    for (size_t i = 0; i < sizeof attempt->scratch; i++)
        if (attempt->scratch[i])
            return false;
    return true;
}

static enum err wait_for(struct visit *visit)
{
    while (sem_wait(&visit->is_done))
        ;
    sem_destroy(&visit->is_done);
    return visit->attempt.job.result;
}

static void verify(struct visit *visit)
{
    assert_int_equal(visit->verdict, SIGNIN_STARTABLE);
    assert_int_equal(sem_init(&visit->is_done, 0, 0), 0);
    signin_verify(&visit->attempt);
}

/* The whole way, which must be open. */
static enum err sign_in(struct visit *visit, struct signin *signin, const char *authorization,
                        const char *source)
{
    begin_at(visit, signin, authorization, source, clock_mono_ms());
    verify(visit);
    enum err err = wait_for(visit);
    assert_true(is_wiped(&visit->attempt));
    return err;
}

static void check_identity(const struct visit *visit, const char *name, enum access access,
                           bool is_token)
{
    assert_string_equal(visit->attempt.identity.name, name);
    assert_int_equal(visit->attempt.identity.access, access);
    assert_int_equal(visit->attempt.identity.is_token, is_token);
}

/* "Basic ..." for any name with a password that is wrong. */
static const char *guess(const char *name, char room[200])
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char plain[100];
    size_t len, at = 6;

    len = (size_t)snprintf(plain, sizeof plain, "%s:wrong password", name);
    while (len % 3)
        plain[len++] = 'x';
    memcpy(room, "Basic ", at);
    for (size_t i = 0; i < len; i += 3) {
        unsigned bits =
            (unsigned)plain[i] << 16 | (unsigned)plain[i + 1] << 8 | (unsigned)plain[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            room[at++] = ALPHABET[bits >> shift & 63];
    }
    room[at] = '\0';
    return room;
}

static void check_counted(int64_t *signins, int64_t *failed, int more_signins, int more_failed)
{
    *signins += more_signins;
    *failed += more_failed;
    assert_int_equal(metric_get(METRIC_SIGNINS), *signins);
    assert_int_equal(metric_get(METRIC_SIGNINS_FAILED), *failed);
}

static void the_right_password_opens_and_no_other(void **state)
{
    static const struct {
        const char *authorization;
        enum err err;
        const char *name;
        enum access access;
    } ROWS[] = {
        {ADA, ERR_OK, "ada", ACCESS_MANAGE},      {BOB, ERR_OK, "bob", ACCESS_READ},
        {ADA_WRONG, ERR_DENIED, "", ACCESS_NONE}, {ADA_EMPTY, ERR_DENIED, "", ACCESS_NONE},
        {EVE, ERR_DENIED, "", ACCESS_NONE},       {"Basic Og==", ERR_DENIED, "", ACCESS_NONE},
    };
    int64_t signins = metric_get(METRIC_SIGNINS), failed = metric_get(METRIC_SIGNINS_FAILED);
    CLEANUP(signin_stopp) struct signin *signin = start(true);

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct visit visit;
        CHECK_ROW(sign_in(&visit, signin, ROWS[i].authorization, "192.0.2.1") == ROWS[i].err,
                  ROWS[i].authorization);
        check_identity(&visit, ROWS[i].name, ROWS[i].access, false);
        check_counted(&signins, &failed, 1, ROWS[i].err == ERR_DENIED);
    }
}

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Without the hash for nothing it would be a thousandth. */
static void an_unknown_user_costs_what_a_wrong_password_costs(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(true);
    struct visit visit;

    (void)state;
    double begun = cpu_seconds();
    assert_int_equal(sign_in(&visit, signin, ADA_WRONG, "192.0.2.1"), ERR_DENIED);
    double wrong = cpu_seconds() - begun;
    begun = cpu_seconds();
    assert_int_equal(sign_in(&visit, signin, EVE, "192.0.2.1"), ERR_DENIED);
    double unknown = cpu_seconds() - begun;
    assert_true(unknown > wrong / 10 && wrong > unknown / 10);
}

static void what_is_not_known_is_not_denied(void **state)
{
    static const struct {
        const char *authorization;
        enum err err;
    } ROWS[] = {{DAMAGED, ERR_INVALID}, {TOO_LONG, ERR_CORRUPT}};
    int64_t signins = metric_get(METRIC_SIGNINS), failed = metric_get(METRIC_SIGNINS_FAILED);
    CLEANUP(signin_stopp) struct signin *signin = start(true);

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct visit visit;
        assert_int_equal(sign_in(&visit, signin, ROWS[i].authorization, "192.0.2.1"), ROWS[i].err);
        check_identity(&visit, "", ACCESS_NONE, false);
        check_counted(&signins, &failed, 1, 0);
        begin_at(&visit, signin, ROWS[i].authorization, "192.0.2.1", clock_mono_ms());
        assert_int_equal(visit.verdict, SIGNIN_STARTABLE);
    }
}

static void what_is_no_credential_is_refused_without_looking(void **state)
{
    static const char *const ROWS[] = {
        "",
        "Basic",
        "Basic ",
        "Basic ?",
        "Basic YWRh",                     /* no colon */
        "Basic YWRhOmNvcnJlY3QgaG9yc2U",  /* no padding */
        "Basic YWRhOmNvcnJlY3QKaG9yc2U=", /* a newline in the password */
        "Digest username=\"ada\"",
        "YWRhOmNvcnJlY3QgaG9yc2U=",
        "Bearer",
        "Bearer ",
        "Bearer ctd_",
        "Bearer correct horse",
        "Bearer xyz_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "Bearer ctd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* one short */
    };
    int64_t signins = metric_get(METRIC_SIGNINS), throttled = metric_get(METRIC_SIGNINS_THROTTLED);
    CLEANUP(signin_stopp) struct signin *signin = start(true);

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(verdict_at(signin, ROWS[i], "192.0.2.1", 1000) == SIGNIN_REFUSED, ROWS[i]);
    assert_int_equal(metric_get(METRIC_SIGNINS), signins);
    assert_int_equal(metric_get(METRIC_SIGNINS_THROTTLED), throttled);
}

static void what_was_verified_is_remembered_for_a_while(void **state)
{
    int64_t signins = metric_get(METRIC_SIGNINS);
    CLEANUP(signin_stopp) struct signin *signin = start(true);
    struct visit visit;
    int64_t before_ms = clock_mono_ms();

    (void)state;
    assert_int_equal(sign_in(&visit, signin, ADA, "192.0.2.1"), ERR_OK);
    int64_t now_ms = clock_mono_ms();
    for (int i = 0; i < 50; i++) { /* more than any brake would let through */
        begin_at(&visit, signin, ADA, i % 2 ? "192.0.2.1" : "198.51.100.7", now_ms);
        assert_int_equal(visit.verdict, SIGNIN_KNOWN);
        check_identity(&visit, "ada", ACCESS_MANAGE, false);
    }
    assert_int_equal(verdict_at(signin, ADA, "192.0.2.1", before_ms + 5 * MINUTE_MS - 1),
                     SIGNIN_KNOWN);
    assert_int_equal(verdict_at(signin, ADA, "192.0.2.1", now_ms + 5 * MINUTE_MS),
                     SIGNIN_STARTABLE);
    assert_int_equal(metric_get(METRIC_SIGNINS), signins + 1);
}

/* Guesses with names and from sources counted up, until one is throttled. */
static int passed(struct signin *signin, const char *name, const char *source, int64_t now_ms)
{
    char names[32], sources[32], room[200];

    for (int i = 0; i < CROWD; i++) {
        snprintf(names, sizeof names, "user%d", i);
        snprintf(sources, sizeof sources, "198.51.%d.%d", i / 256, i % 256);
        enum signin_verdict verdict =
            verdict_at(signin, guess(name ? name : names, room), source ? source : sources, now_ms);
        if (verdict == SIGNIN_THROTTLED)
            return i;
        assert_int_equal(verdict, SIGNIN_STARTABLE);
    }
    return CROWD;
}

static void only_what_was_verified_is_remembered(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(false);
    struct visit visit;

    (void)state;
    assert_int_equal(sign_in(&visit, signin, ADA_WRONG, "192.0.2.1"), ERR_DENIED);
    assert_int_equal(sign_in(&visit, signin, ADA, "192.0.2.1"), ERR_OK);
    static const char *const ROWS[] = {ADA_WRONG, ADA_EMPTY, BOB, EVE};
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(verdict_at(signin, ROWS[i], "192.0.2.1", clock_mono_ms()) == SIGNIN_STARTABLE,
                  ROWS[i]);
    assert_int_equal(verdict_at(signin, ADA, "192.0.2.1", clock_mono_ms()), SIGNIN_KNOWN);
    /* The memory has places that many share; that must open nothing. */
    assert_int_equal(passed(signin, NULL, NULL, clock_mono_ms()), CROWD);
}

static void set_password(const char *name, const char *password)
{
    char hash[PASSWORD_HASH_LEN];

    assert_int_equal(password_hash(str_of(password), hash), ERR_OK);
    assert_int_equal(store_begin(house.store), ERR_OK);
    assert_int_equal(store_user_set_password(house.store, str_of(name), str_of(hash)), ERR_OK);
    assert_int_equal(store_commit(house.store), ERR_OK);
}

static void a_changed_password_is_forgotten(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(true);
    struct visit visit;
    char bearer[80];

    (void)state;
    snprintf(bearer, sizeof bearer, "Bearer %s", house.token);
    assert_int_equal(sign_in(&visit, signin, BOB, "192.0.2.1"), ERR_OK);
    assert_int_equal(verdict_at(signin, BOB, "192.0.2.1", clock_mono_ms()), SIGNIN_KNOWN);
    assert_int_equal(sign_in(&visit, signin, bearer, "192.0.2.1"), ERR_OK);
    assert_int_equal(verdict_at(signin, bearer, "192.0.2.1", clock_mono_ms()), SIGNIN_KNOWN);
    set_password("bob", "something else");
    signin_forget(signin, false, STR("bob"));
    enum err err = sign_in(&visit, signin, BOB, "192.0.2.1");
    set_password("bob", BOB_PASSWORD); /* for the cases that follow */
    assert_int_equal(err, ERR_DENIED);
    assert_int_equal(sign_in(&visit, signin, BOB, "192.0.2.1"), ERR_OK);
    assert_int_equal(verdict_at(signin, BOB, "192.0.2.1", clock_mono_ms()), SIGNIN_KNOWN);
}

/* Two that are remembered; they may fall on one place of the memory, which another key changes. */
static struct signin *start_with(const char *a, const char *b)
{
    struct visit visit;

    for (;;) {
        struct signin *signin = start(false);
        assert_int_equal(sign_in(&visit, signin, a, "192.0.2.1"), ERR_OK);
        assert_int_equal(sign_in(&visit, signin, b, "192.0.2.1"), ERR_OK);
        if (verdict_at(signin, a, "192.0.2.1", clock_mono_ms()) == SIGNIN_KNOWN)
            return signin;
        signin_stop(signin);
    }
}

static void one_account_is_forgotten_and_no_other(void **state)
{
    char script[80], other[80];
    const struct {
        const char *kept, *forgotten;
        bool is_token;
        const char *name;
    } ROWS[] = {
        {script, other, true, "other"}, {other, script, true, "script"},
        {BOB, script, true, "script"},  {script, BOB, false, "bob"},
        {ADA, BOB, false, "bob"},
    };

    (void)state;
    snprintf(script, sizeof script, "Bearer %s", house.token);
    snprintf(other, sizeof other, "Bearer %s", house.other);
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(signin_stopp) struct signin *signin = start_with(ROWS[i].kept, ROWS[i].forgotten);
        int64_t now_ms = clock_mono_ms();
        signin_forget(signin, !ROWS[i].is_token, str_of(ROWS[i].name)); /* its namesake */
        CHECK_ROW(verdict_at(signin, ROWS[i].forgotten, "192.0.2.1", now_ms) == SIGNIN_KNOWN,
                  ROWS[i].name);
        signin_forget(signin, ROWS[i].is_token, str_of(ROWS[i].name));
        CHECK_ROW(verdict_at(signin, ROWS[i].forgotten, "192.0.2.1", now_ms) == SIGNIN_STARTABLE,
                  ROWS[i].name);
        CHECK_ROW(verdict_at(signin, ROWS[i].kept, "192.0.2.1", now_ms) == SIGNIN_KNOWN,
                  ROWS[i].name);
    }
}

static void what_was_verified_stands_until_its_account_is_changed(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(false);
    struct visit visit, later;
    char script[80];

    (void)state;
    snprintf(script, sizeof script, "Bearer %s", house.token);
    signin_forget(signin, true, STR("script")); /* before it: that is another matter */
    assert_int_equal(sign_in(&visit, signin, script, "192.0.2.1"), ERR_OK);
    signin_forget(signin, true, STR("other"));
    signin_forget(signin, false, STR("script"));
    assert_true(signin_stands(signin, &visit.attempt.identity.standing));
    signin_forget(signin, true, STR("script"));
    assert_false(signin_stands(signin, &visit.attempt.identity.standing));
    assert_int_equal(sign_in(&later, signin, script, "192.0.2.1"), ERR_OK);
    assert_true(signin_stands(signin, &later.attempt.identity.standing));
    assert_false(signin_stands(signin, &visit.attempt.identity.standing));
}

static void a_token_opens_what_its_scope_says(void **state)
{
    const struct {
        const char *token;
        enum err err;
        const char *name;
        enum access access;
    } ROWS[] = {
        {house.token, ERR_OK, "script", ACCESS_WRITE},
        {house.other, ERR_OK, "other", ACCESS_READ},
        {house.expired, ERR_DENIED, "", ACCESS_NONE},
        {house.unknown, ERR_DENIED, "", ACCESS_NONE},
    };
    int64_t signins = metric_get(METRIC_SIGNINS), failed = metric_get(METRIC_SIGNINS_FAILED);
    CLEANUP(signin_stopp) struct signin *signin = start(true);

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        bool is_right = ROWS[i].err == ERR_OK;
        struct visit visit;
        char bearer[80];
        snprintf(bearer, sizeof bearer, "Bearer %s", ROWS[i].token);
        assert_int_equal(sign_in(&visit, signin, bearer, "192.0.2.1"), ROWS[i].err);
        check_identity(&visit, ROWS[i].name, ROWS[i].access, is_right);
        check_counted(&signins, &failed, 1, !is_right);
        begin_at(&visit, signin, bearer, "192.0.2.1", clock_mono_ms());
        assert_int_equal(visit.verdict, is_right ? SIGNIN_KNOWN : SIGNIN_STARTABLE);
        check_identity(&visit, ROWS[i].name, ROWS[i].access, is_right);
    }
}

static void a_token_is_remembered_no_longer_than_it_lives(void **state)
{
    static const struct {
        const char *name;
        int64_t lives_ms, kept_ms; /* lives 0: for ever */
    } ROWS[] = {{"for ever", 0, MINUTE_MS},
                {"an hour", 60 * MINUTE_MS, MINUTE_MS},
                {"brief", 30000, 30000}};
    const int64_t slack_ms = 5000; /* for what happens between two looks at the clocks */

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(signin_stopp) struct signin *signin = start(true);
        char token[TOKEN_TEXT_LEN + 1], bearer[80];
        struct visit visit;
        int64_t before_ms = clock_mono_ms();
        assert_int_equal(store_begin(house.store), ERR_OK);
        assert_true(add_token(ROWS[i].name, token, ACCESS_READ,
                              ROWS[i].lives_ms ? clock_wall_ms() + ROWS[i].lives_ms : 0));
        assert_int_equal(store_commit(house.store), ERR_OK);
        snprintf(bearer, sizeof bearer, "Bearer %s", token);
        assert_int_equal(sign_in(&visit, signin, bearer, "192.0.2.1"), ERR_OK);
        int64_t now_ms = clock_mono_ms();
        CHECK_ROW(verdict_at(signin, bearer, "192.0.2.1", before_ms + ROWS[i].kept_ms - slack_ms) ==
                      SIGNIN_KNOWN,
                  ROWS[i].name);
        CHECK_ROW(verdict_at(signin, bearer, "192.0.2.1", now_ms + ROWS[i].kept_ms + slack_ms) ==
                      SIGNIN_STARTABLE,
                  ROWS[i].name);
    }
}

/* A session of `user` that was made and seen so long ago; its cookie's value is `text`. */
static void add_session(const char *user, uint8_t mark, int64_t seen_ago_ms, int64_t left_ms,
                        char text[SESSION_TEXT_LEN + 1])
{
    uint8_t random[SESSION_RANDOM_BYTES] = {mark};
    int64_t now_ms = clock_wall_ms();

    session_text_format(random, text);
    const struct session session = {.hash = token_digest(str_of(text)),
                                    .user = str_of(user),
                                    .csrf = STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                                    .created_at_ms = now_ms - seen_ago_ms,
                                    .seen_at_ms = now_ms - seen_ago_ms,
                                    .expires_at_ms = now_ms + left_ms,
                                    .source = STR("192.0.2.1")};
    assert_int_equal(store_begin(house.store), ERR_OK);
    (void)!store_session_delete(house.store, &session.hash);
    assert_int_equal(store_session_insert(house.store, &session), ERR_OK);
    assert_int_equal(store_commit(house.store), ERR_OK);
}

static void begin_session_at(struct visit *visit, struct signin *signin, const char *text,
                             int64_t now_ms)
{
    *visit = (struct visit){.attempt = {.job = {.done = done, .result = ERR_CORRUPT}}};
    visit->verdict = signin_begin_session(signin, str_of(text), now_ms, &visit->attempt);
}

static enum err open_session(struct visit *visit, struct signin *signin, const char *text)
{
    begin_session_at(visit, signin, text, clock_mono_ms());
    verify(visit);
    enum err err = wait_for(visit);
    assert_true(is_wiped(&visit->attempt));
    return err;
}

static void a_session_is_worth_what_its_user_may(void **state)
{
    const int64_t day_ms = 24 * 60 * MINUTE_MS;
    const struct {
        const char *user;
        int64_t seen_ago_ms, left_ms;
        enum err err;
        enum access access;
    } ROWS[] = {
        {"ada", 0, day_ms, ERR_OK, ACCESS_MANAGE},
        {"bob", day_ms - MINUTE_MS, day_ms, ERR_OK, ACCESS_READ},
        {"ada", day_ms + 1, day_ms, ERR_DENIED, ACCESS_NONE},
        {"ada", 0, 0, ERR_DENIED, ACCESS_NONE},
        {"gone", 0, day_ms, ERR_DENIED, ACCESS_NONE},
    };
    CLEANUP(signin_stopp) struct signin *signin = start(true);

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char text[SESSION_TEXT_LEN + 1];
        struct visit visit;
        add_session(ROWS[i].user, (uint8_t)i, ROWS[i].seen_ago_ms, ROWS[i].left_ms, text);
        assert_int_equal(open_session(&visit, signin, text), ROWS[i].err);
        check_identity(&visit, ROWS[i].err == ERR_OK ? ROWS[i].user : "", ROWS[i].access, false);
        assert_int_equal(visit.attempt.identity.is_session, ROWS[i].err == ERR_OK);
        assert_int_equal(strlen(visit.attempt.identity.csrf),
                         ROWS[i].err == ERR_OK ? SESSION_TEXT_LEN : 0);
        begin_session_at(&visit, signin, text, clock_mono_ms());
        assert_int_equal(visit.verdict, ROWS[i].err == ERR_OK ? SIGNIN_KNOWN : SIGNIN_STARTABLE);
        assert_int_equal(verdict_at(signin, text, "192.0.2.1", clock_mono_ms()), SIGNIN_REFUSED);
    }
}

static void a_session_is_remembered_for_a_minute_or_until_it_is_forgotten(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(true);
    char text[SESSION_TEXT_LEN + 1], brief[SESSION_TEXT_LEN + 1];
    struct visit visit;

    (void)state;
    add_session("ada", 20, 0, 60 * MINUTE_MS, text);
    add_session("ada", 21, 0, 20000, brief);
    int64_t before_ms = clock_mono_ms();
    assert_int_equal(open_session(&visit, signin, text), ERR_OK);
    assert_int_equal(open_session(&visit, signin, brief), ERR_OK);
    int64_t now_ms = clock_mono_ms();
    begin_session_at(&visit, signin, text, before_ms + MINUTE_MS - 1);
    assert_int_equal(visit.verdict, SIGNIN_KNOWN);
    begin_session_at(&visit, signin, text, now_ms + MINUTE_MS);
    assert_int_equal(visit.verdict, SIGNIN_STARTABLE);
    begin_session_at(&visit, signin, brief, now_ms + 20001);
    assert_int_equal(visit.verdict, SIGNIN_STARTABLE);
    signin_forget(signin, false, STR("ada"));
    begin_session_at(&visit, signin, text, now_ms);
    assert_int_equal(visit.verdict, SIGNIN_STARTABLE);
}

static void begin_password(struct visit *visit, struct signin *signin, const char *user,
                           const char *password)
{
    *visit = (struct visit){.attempt = {.job = {.done = done, .result = ERR_CORRUPT}}};
    visit->verdict = signin_begin_password(signin, str_of(user), str_of(password), STR("192.0.2.1"),
                                           clock_mono_ms(), &visit->attempt, &visit->wait_ms);
}

static void a_password_for_a_session_is_held_against_each_time(void **state)
{
    static const struct digest NOTHING;
    CLEANUP(signin_stopp) struct signin *signin = start(true);
    struct visit visit;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin_password(&visit, signin, "ada", ADA_PASSWORD);
        verify(&visit);
        assert_int_equal(wait_for(&visit), ERR_OK);
        assert_true(is_wiped(&visit.attempt));
        check_identity(&visit, "ada", ACCESS_MANAGE, false);
        assert_false(digest_equal(&visit.attempt.identity.password, &NOTHING));
    }
    assert_int_equal(verdict_at(signin, ADA, "192.0.2.1", clock_mono_ms()), SIGNIN_STARTABLE);
    for (int i = 0; i < 20; i++)
        begin_password(&visit, signin, "ada", ADA_PASSWORD);
    assert_int_equal(visit.verdict, SIGNIN_THROTTLED);
    assert_true(is_wiped(&visit.attempt));
    assert_true(signin_throttle(signin, STR("192.0.2.1"), clock_mono_ms()) > 0);
    assert_int_equal(signin_throttle(signin, STR("192.0.2.2"), clock_mono_ms()), 0);
    begin_password(&visit, signin, "a:b", ADA_PASSWORD);
    assert_int_equal(visit.verdict, SIGNIN_REFUSED);
}

static enum err see_session(void *arg, const struct session *session)
{
    *(int64_t *)arg = session->seen_at_ms;
    return ERR_OK;
}

static enum err count_entry(void *arg, const struct audit_entry *entry)
{
    buf_put(arg, entry->actor);
    buf_printf(arg, " %.*s; ", (int)entry->action.len, entry->action.ptr);
    return ERR_OK;
}

static void what_was_seen_is_noted_behind_the_answer(void **state)
{
    const struct commit_options commit_options = {.queue_max = 100, .batch_max = 10};
    struct signin_options options = {.readers = house.readers};
    CLEANUP(buf_done) struct buf entries = buf_new(1000);
    char old[SESSION_TEXT_LEN + 1], fresh[SESSION_TEXT_LEN + 1];
    int64_t begun_ms = clock_wall_ms(), old_ms, fresh_ms;
    struct signin *signin = NULL;
    struct visit visit;

    (void)state;
    add_session("ada", 30, 11 * MINUTE_MS, 60 * MINUTE_MS, old);
    add_session("ada", 31, 9 * MINUTE_MS, 60 * MINUTE_MS, fresh);
    assert_int_equal(commit_start(house.store, &commit_options, &options.commit), ERR_OK);
    assert_int_equal(signin_start(house.store, &options, &signin, NULL), ERR_OK);
    assert_int_equal(open_session(&visit, signin, old), ERR_OK);
    assert_int_equal(open_session(&visit, signin, fresh), ERR_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sign_in(&visit, signin, ADA_WRONG, "192.0.2.1"), ERR_DENIED);
        assert_int_equal(sign_in(&visit, signin, EVE, "192.0.2.1"), ERR_DENIED);
    }
    assert_int_equal(sign_in(&visit, signin, BOB, "192.0.2.1"), ERR_OK);
    signin_stop(signin);
    commit_stop(options.commit);
    struct digest old_hash = token_digest(str_of(old)), fresh_hash = token_digest(str_of(fresh));
    assert_int_equal(store_session_get(house.store, &old_hash, see_session, &old_ms), ERR_OK);
    assert_int_equal(store_session_get(house.store, &fresh_hash, see_session, &fresh_ms), ERR_OK);
    assert_true(old_ms >= begun_ms);
    assert_true(fresh_ms < begun_ms - 8 * MINUTE_MS);
    assert_int_equal(store_audit_list(house.store, 0, 100, count_entry, &entries), ERR_OK);
    check_str(buf_str(&entries), "bob signin; ada signin.failed; ");
}

static void tokens_have_no_brake(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(true);
    char bearer[80];

    (void)state;
    snprintf(bearer, sizeof bearer, "Bearer %s", house.unknown);
    for (int i = 0; i < 100; i++)
        assert_int_equal(verdict_at(signin, bearer, "192.0.2.1", 1000), SIGNIN_STARTABLE);
}

static void guesses_are_braked_per_source_per_account_and_overall(void **state)
{
    static const struct {
        const char *name, *source; /* NULL: ever another */
        int passed, later;         /* at once, and in a minute more */
    } ROWS[] = {
        /* Thirty sources more pass as newcomers, each of them once in ten minutes. */
        {NULL, "192.0.2.1", 10, 10},  {"ada", NULL, 70, 10}, {"nobody", NULL, 70, 10},
        {"ada", "192.0.2.1", 10, 10}, {NULL, NULL, 80, 20},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        int64_t throttled = metric_get(METRIC_SIGNINS_THROTTLED);
        CLEANUP(signin_stopp) struct signin *signin = start(true);
        int64_t now_ms = clock_mono_ms();
        assert_int_equal(passed(signin, ROWS[i].name, ROWS[i].source, now_ms), ROWS[i].passed);
        assert_int_equal(metric_get(METRIC_SIGNINS_THROTTLED), throttled + 1);
        /* The sources themselves are others by then, or have their tokens back. */
        assert_int_equal(passed(signin, ROWS[i].name, ROWS[i].source, now_ms + MINUTE_MS),
                         ROWS[i].later);
    }
}

static void whoever_is_throttled_is_told_how_long(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(true);
    int64_t now_ms = clock_mono_ms();
    struct visit visit;

    (void)state;
    assert_int_equal(passed(signin, "ada", "192.0.2.1", now_ms), 10);
    begin_at(&visit, signin, ADA_WRONG, "192.0.2.1", now_ms);
    assert_int_equal(visit.verdict, SIGNIN_THROTTLED);
    assert_true(is_wiped(&visit.attempt));
    assert_in_range(visit.wait_ms, 1, 6000);
    assert_int_equal(verdict_at(signin, ADA_WRONG, "192.0.2.1", now_ms + visit.wait_ms - 1),
                     SIGNIN_THROTTLED);
    assert_int_equal(verdict_at(signin, ADA_WRONG, "192.0.2.1", now_ms + visit.wait_ms),
                     SIGNIN_STARTABLE);
}

static void a_source_is_an_address_or_a_subscriber_s_network(void **state)
{
    static const struct {
        const char *first, *second;
        bool is_same;
    } ROWS[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
        {"unix", "unix", true},
        {"unix", "192.0.2.1", false},
        {"", "", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(signin_stopp) struct signin *signin = start(true);
        assert_int_equal(passed(signin, NULL, ROWS[i].first, 1000), 10);
        CHECK_ROW(verdict_at(signin, ADA_WRONG, ROWS[i].second, 1000) ==
                      (ROWS[i].is_same ? SIGNIN_THROTTLED : SIGNIN_STARTABLE),
                  ROWS[i].second);
    }
}

static void an_account_under_fire_is_still_open_to_its_owner(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(true);
    struct visit visit;

    (void)state;
    assert_int_equal(sign_in(&visit, signin, ADA, "192.0.2.1"), ERR_OK);
    assert_int_equal(sign_in(&visit, signin, ADA_WRONG, "192.0.2.2"), ERR_DENIED);
    signin_forget(signin, false, STR("ada"));
    int64_t now_ms = clock_mono_ms();
    assert_int_equal(passed(signin, "ada", NULL, now_ms), 8 + 60); /* two were ours */
    passed(signin, NULL, NULL, now_ms); /* the whole house is under fire */
    assert_int_equal(verdict_at(signin, ADA, "198.51.100.9", now_ms), SIGNIN_THROTTLED);
    assert_int_equal(verdict_at(signin, ADA, "192.0.2.2", now_ms), SIGNIN_THROTTLED);
    assert_int_equal(verdict_at(signin, BOB, "192.0.2.1", now_ms), SIGNIN_THROTTLED);
    for (int i = 0; i < CROWD; i++) { /* nor does any other source pass for the owner's */
        char source[32];
        snprintf(source, sizeof source, "203.0.%d.%d", i / 256, i % 256);
        assert_int_equal(verdict_at(signin, ADA, source, now_ms), SIGNIN_THROTTLED);
    }
    assert_int_equal(verdict_at(signin, ADA, "192.0.2.1", now_ms), SIGNIN_STARTABLE);
    /* But from there, too, guessing is slowed: three tokens of ten were taken. */
    assert_int_equal(passed(signin, "ada", "192.0.2.1", now_ms), 7);
}

static void without_rate_limit_nobody_is_throttled(void **state)
{
    CLEANUP(signin_stopp) struct signin *signin = start(false);

    (void)state;
    assert_int_equal(passed(signin, "ada", "192.0.2.1", 1000), CROWD);
}

/* One argon2id at a time, few that wait: who comes then is told, not kept. */
static void a_crowd_is_told_that_there_is_no_room(void **state)
{
    static struct visit visits[30];
    CLEANUP(signin_stopp) struct signin *signin = start(false);
    size_t counts[ERR__COUNT] = {0};

    (void)state;
    for (size_t i = 0; i < COUNTOF(visits); i++) {
        begin_at(&visits[i], signin, ADA_WRONG, "192.0.2.1", 1000);
        verify(&visits[i]);
    }
    for (size_t i = 0; i < COUNTOF(visits); i++) {
        counts[wait_for(&visits[i])]++;
        assert_true(is_wiped(&visits[i].attempt)); /* the refused ones too */
    }
    assert_int_equal(counts[ERR_DENIED] + counts[ERR_FULL], COUNTOF(visits));
    assert_in_range(counts[ERR_DENIED], 8, COUNTOF(visits) - 1);
}

static void stopping_finishes_what_waits(void **state)
{
    struct signin *signin = start(true);
    struct visit visits[3];

    (void)state;
    for (size_t i = 0; i < COUNTOF(visits); i++) {
        begin_at(&visits[i], signin, i ? ADA : ADA_WRONG, "192.0.2.1", clock_mono_ms());
        verify(&visits[i]);
    }
    signin_stop(signin);
    for (size_t i = 0; i < COUNTOF(visits); i++)
        assert_int_equal(wait_for(&visits[i]), i ? ERR_OK : ERR_DENIED);
    signin_stop(NULL);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the right password opens, and no other", the_right_password_opens_and_no_other),
        CASE("an unknown user costs what a wrong password costs",
             an_unknown_user_costs_what_a_wrong_password_costs),
        CASE("what is not known is not denied", what_is_not_known_is_not_denied),
        CASE("what is no credential is refused without looking",
             what_is_no_credential_is_refused_without_looking),
        CASE("what was verified is remembered for a while",
             what_was_verified_is_remembered_for_a_while),
        CASE("only what was verified is remembered", only_what_was_verified_is_remembered),
        CASE("a changed password is forgotten", a_changed_password_is_forgotten),
        CASE("one account is forgotten, and no other", one_account_is_forgotten_and_no_other),
        CASE("what was verified stands until its account is changed",
             what_was_verified_stands_until_its_account_is_changed),
        CASE("a token opens what its scope says", a_token_opens_what_its_scope_says),
        CASE("a token is remembered no longer than it lives",
             a_token_is_remembered_no_longer_than_it_lives),
        CASE("a session is worth what its user may", a_session_is_worth_what_its_user_may),
        CASE("a session is remembered for a minute, or until it is forgotten",
             a_session_is_remembered_for_a_minute_or_until_it_is_forgotten),
        CASE("a password for a session is held against each time",
             a_password_for_a_session_is_held_against_each_time),
        CASE("what was seen is noted behind the answer", what_was_seen_is_noted_behind_the_answer),
        CASE("tokens have no brake", tokens_have_no_brake),
        CASE("guesses are braked per source, per account and overall",
             guesses_are_braked_per_source_per_account_and_overall),
        CASE("whoever is throttled is told how long", whoever_is_throttled_is_told_how_long),
        CASE("a source is an address or a subscriber's network",
             a_source_is_an_address_or_a_subscriber_s_network),
        CASE("an account under fire is still open to its owner",
             an_account_under_fire_is_still_open_to_its_owner),
        CASE("without rate limit nobody is throttled", without_rate_limit_nobody_is_throttled),
        CASE("a crowd is told that there is no room", a_crowd_is_told_that_there_is_no_room),
        CASE("stopping finishes what waits", stopping_finishes_what_waits),
    };

    return cmocka_run_group_tests(CASES, open_house, close_house);
}
