/* SPDX-License-Identifier: MIT */
/*
 * Signing in. What has been verified is remembered under a keyed hash of the
 * credential, so that a script with curl pays for argon2id once in five
 * minutes, and the credential itself is kept nowhere.
 *
 * Guessing is slowed by three buckets: per source, per account, and overall.
 * A source from which the right password came once may go on past the latter
 * two, and every source may make an attempt in ten minutes whatever the others
 * do: strangers who hammer an account delay each other, not its owner.
 * Tokens and sessions have 256 random bits and need no brake.
 *
 * HTTP threads call signin_begin...(), the workers' threads run the attempts;
 * `lock` guards `memory`, `friends` and the buckets; what counts changes is atomic.
 *
 * Changes of accounts are counted, and each account's place keeps the number of
 * its latest: what was verified before that is asked for anew. Others do not notice.
 */
#include "service/signin.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "core/address.h"
#include "core/password.h"
#include "core/token.h"
#include "service/limiter.h"
#include "traces.h"

enum {
    HASH_QUEUE_MAX = 8,
    MEMORY_SLOTS = 256, /* remembered credentials */
    FRIEND_SLOTS = 256, /* remembered (source, account) pairs */
    LIMITER_BUCKETS = 8192,
    PASSWORD_KEPT_MS = 5 * 60 * 1000,
    TOKEN_KEPT_MS = 60 * 1000,
};

static const struct bucket_limit PER_SOURCE = {.burst = 10, .per_hour = 600};
static const struct bucket_limit PER_ACCOUNT = {.burst = 10, .per_hour = 600};
static const struct bucket_limit OVERALL = {.burst = 20, .per_hour = 5 * 3600};

/* Kept for those who did not try for long: now and then one, of as many sources as there are. */
static const struct bucket_limit NOW_AND_THEN = {.burst = 1, .per_hour = 6};
static const struct bucket_limit NEWCOMERS = {.burst = 60, .per_hour = 6 * 3600};

/* What the audit log is told of: per source and account, and of failures also overall. */
static const struct bucket_limit TOLD_FAILURES = {.burst = 1, .per_hour = 60};
static const struct bucket_limit TOLD_SESSIONS = {.burst = 1, .per_hour = 60};
static const struct bucket_limit TOLD_SUCCESSES = {.burst = 1, .per_hour = 1};
static const struct bucket_limit ALL_TOLD_FAILURES = {.burst = 60, .per_hour = 120};

struct remembered {
    struct digest key;
    int64_t until_ms;
    struct identity identity;
};

struct signin {
    struct signin_options options;
    struct worker *hasher; /* one thread: one argon2id at a time */
    struct limiter *limiter;
    uint8_t key[DIGEST_KEY_BYTES];
    atomic_uint_least64_t changes;                  /* how many there were */
    atomic_uint_least64_t changed[SIGNIN_ACCOUNTS]; /* the latest one of each place */
    pthread_mutex_t lock;
    struct bucket overall, newcomers; /* not in the limiter, where strangers could crowd them out */
    struct bucket told_failures;
    struct remembered memory[MEMORY_SLOTS];
    struct digest friends[FRIEND_SLOTS];
};

/* --- changes ------------------------------------------------------------- */

/* FNV-1a; a token is not the user of the same name. */
static uint16_t place_of(bool is_token, struct str name)
{
    uint32_t hash = (2166136261u ^ is_token) * 16777619u;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    return (uint16_t)((hash ^ hash >> 16) % SIGNIN_ACCOUNTS);
}

bool signin_stands(struct signin *signin, const struct standing *standing)
{
    return atomic_load(&signin->changed[standing->account]) <= standing->since;
}

void signin_forget(struct signin *signin, bool is_token, struct str name)
{
    uint16_t place = place_of(is_token, name);
    uint_least64_t change = atomic_fetch_add(&signin->changes, 1) + 1;
    uint_least64_t latest = atomic_load(&signin->changed[place]);

    while (latest < change &&
           !atomic_compare_exchange_weak(&signin->changed[place], &latest, change))
        ;
    events_recall(signin->options.events, place);
}

/* --- memory -------------------------------------------------------------- */

static size_t slot_of(const struct digest *key, size_t slots)
{
    return (size_t)(key->bytes[0] | key->bytes[1] << 8) % slots;
}

static bool recall(struct signin *signin, const struct digest *key, int64_t now_ms,
                   struct identity *ret_identity)
{
    pthread_mutex_lock(&signin->lock);
    const struct remembered *slot = &signin->memory[slot_of(key, MEMORY_SLOTS)];
    bool is_known = slot->until_ms > now_ms && digest_equal(&slot->key, key) &&
                    signin_stands(signin, &slot->identity.standing);
    if (is_known)
        *ret_identity = slot->identity;
    pthread_mutex_unlock(&signin->lock);
    return is_known;
}

/* `kept_ms` at most; the slot's former owner simply verifies again. */
static void remember(struct signin_attempt *attempt, int64_t kept_ms)
{
    struct signin *signin = attempt->signin;

    attempt->identity.standing = (struct standing){
        .since = attempt->since,
        .account = place_of(attempt->identity.is_token, str_of(attempt->identity.name))};
    pthread_mutex_lock(&signin->lock);
    signin->memory[slot_of(&attempt->key, MEMORY_SLOTS)] = (struct remembered){
        .key = attempt->key, .until_ms = clock_mono_ms() + kept_ms, .identity = attempt->identity};
    pthread_mutex_unlock(&signin->lock);
}

enum { PAIR_MAX = 64 + 1 + ACCOUNT_NAME_MAX };

/* Source and account as one text. */
static struct str pair_of(const struct signin_attempt *attempt, char room[PAIR_MAX])
{
    struct str user = attempt->credential.user;
    size_t len = strlen(attempt->source);

    memcpy(room, attempt->source, len);
    room[len++] = '\n';
    memcpy(room + len, user.ptr, user.len);
    return (struct str){room, len + user.len};
}

static struct digest friend_key(struct signin *signin, const struct signin_attempt *attempt)
{
    char room[PAIR_MAX];

    return digest_of(pair_of(attempt, room), signin->key);
}

static bool is_friend(struct signin *signin, const struct signin_attempt *attempt)
{
    struct digest key = friend_key(signin, attempt);

    pthread_mutex_lock(&signin->lock);
    bool is_known = digest_equal(&signin->friends[slot_of(&key, FRIEND_SLOTS)], &key);
    pthread_mutex_unlock(&signin->lock);
    return is_known;
}

static void befriend(struct signin *signin, const struct signin_attempt *attempt)
{
    struct digest key = friend_key(signin, attempt);

    pthread_mutex_lock(&signin->lock);
    signin->friends[slot_of(&key, FRIEND_SLOTS)] = key;
    pthread_mutex_unlock(&signin->lock);
}

/* --- verifying ----------------------------------------------------------- */

static void set_identity(struct identity *identity, struct str name, enum access access,
                         const struct scope *scope)
{
    *identity = (struct identity){.access = access, .scope = *scope};
    memcpy(identity->name, name.ptr, name.len <= ACCOUNT_NAME_MAX ? name.len : ACCOUNT_NAME_MAX);
}

static int64_t take(struct signin *signin, struct bucket *bucket, const struct bucket_limit *limit,
                    int64_t now_ms)
{
    pthread_mutex_lock(&signin->lock);
    int64_t wait_ms = bucket_take(bucket, limit, now_ms);
    pthread_mutex_unlock(&signin->lock);
    return wait_ms;
}

/* Somebody who exists came with a wrong password. */
static void tell_failure(const struct signin_attempt *attempt)
{
    struct signin *signin = attempt->signin;
    int64_t now_ms = clock_mono_ms();
    char room[PAIR_MAX];
    struct str pair = pair_of(attempt, room);

    if (!limiter_take(signin->limiter, 'f', pair, &TOLD_FAILURES, now_ms) &&
        !take(signin, &signin->told_failures, &ALL_TOLD_FAILURES, now_ms))
        trace_signin(signin->options.commit, attempt->credential.user, str_of(attempt->source),
                     false);
}

/* With the right one. Of a session its maker tells, in the transaction that makes it. */
static void tell_success(struct signin_attempt *attempt)
{
    struct signin *signin = attempt->signin;
    bool is_for_session = attempt->is_for_session;
    char room[PAIR_MAX];

    attempt->is_news =
        !limiter_take(signin->limiter, is_for_session ? 'w' : 'a', pair_of(attempt, room),
                      is_for_session ? &TOLD_SESSIONS : &TOLD_SUCCESSES, clock_mono_ms());
    if (attempt->is_news && !is_for_session)
        trace_signin(signin->options.commit, attempt->credential.user, str_of(attempt->source),
                     true);
}

struct found_user {
    bool is_found;
    enum role role;
    struct scope scope;
    char hash[PASSWORD_HASH_LEN];
};

static enum err take_user(void *arg, const struct user *user)
{
    struct found_user *found = arg;

    if (user->password_hash.len >= sizeof found->hash || !scope_parse(user->forms, &found->scope))
        return ERR_CORRUPT;
    memcpy(found->hash, user->password_hash.ptr, user->password_hash.len);
    found->hash[user->password_hash.len] = '\0';
    found->role = user->role;
    if (user->role == ROLE_OWNER)
        found->scope = scope_all();
    found->is_found = true;
    return ERR_OK;
}

static void set_user(struct identity *identity, struct str name, const struct found_user *found)
{
    set_identity(identity, name, role_access(found->role), &found->scope);
    identity->role = found->role;
}

/* Without such a user the same work is done for nothing, so that time tells nothing. */
static enum err run_password(struct job *job, struct store *reader)
{
    struct signin_attempt *attempt = CONTAINER_OF(job, struct signin_attempt, job);
    struct found_user found = {.is_found = false};

    enum err err = store_user_get(reader, attempt->credential.user, take_user, &found);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    err = password_verify(attempt->credential.secret,
                          found.is_found ? str_of(found.hash) : password_dummy_hash());
    if (err == ERR_OK && !found.is_found)
        err = ERR_DENIED;
    if (err == ERR_OK) {
        set_user(&attempt->identity, attempt->credential.user, &found);
        attempt->identity.password = digest_of(str_of(found.hash), NULL);
        if (!attempt->is_for_session)
            remember(attempt, PASSWORD_KEPT_MS);
        befriend(attempt->signin, attempt);
    }
    if (err == ERR_OK)
        tell_success(attempt);
    else if (err == ERR_DENIED && found.is_found)
        tell_failure(attempt);
    return err;
}

/* Whether what was seen then should be noted to be seen now. */
static bool is_due(int64_t seen_at_ms)
{
    return clock_wall_ms() - seen_at_ms >= (int64_t)SEEN_STEP_S * 1000;
}

static enum err take_token(void *arg, const struct token *token)
{
    struct signin_attempt *attempt = arg;
    int64_t left_ms = TOKEN_KEPT_MS;
    struct scope scope;

    if (!scope_parse(token->forms, &scope))
        return ERR_CORRUPT;

    if (token->expires_at_ms) {
        int64_t valid_ms = token->expires_at_ms - clock_wall_ms();
        if (valid_ms <= 0)
            return ERR_DENIED;
        left_ms = valid_ms < left_ms ? valid_ms : left_ms;
    }
    set_identity(&attempt->identity, token->name, token->scope, &scope);
    attempt->identity.is_token = true;
    attempt->identity.expires_at_ms = token->expires_at_ms;
    remember(attempt, left_ms);
    if (is_due(token->used_at_ms))
        trace_token(attempt->signin->options.commit, &token->hash);
    return ERR_OK;
}

static enum err run_token(struct job *job, struct store *reader)
{
    struct signin_attempt *attempt = CONTAINER_OF(job, struct signin_attempt, job);
    struct digest hash = token_digest(attempt->credential.secret);

    enum err err = store_token_get(reader, &hash, take_token, attempt);
    return err == ERR_NOT_FOUND ? ERR_DENIED : err;
}

struct found_session {
    struct signin_attempt *attempt;
    int64_t left_ms; /* 0 or below: it has ended */
    bool is_due;
    char user[ACCOUNT_NAME_MAX + 1];
};

static enum err take_session(void *arg, const struct session *session)
{
    struct found_session *found = arg;
    struct identity *identity = &found->attempt->identity;

    if (session->user.len > ACCOUNT_NAME_MAX || session->csrf.len != SESSION_TEXT_LEN)
        return ERR_CORRUPT;
    memcpy(found->user, session->user.ptr, session->user.len);
    memcpy(identity->csrf, session->csrf.ptr, SESSION_TEXT_LEN);
    identity->expires_at_ms = session_ends_at_ms(session);
    found->left_ms = identity->expires_at_ms - clock_wall_ms();
    found->is_due = is_due(session->seen_at_ms);
    return ERR_OK;
}

/* The user may have gone or changed since: what counts is what he may do now. */
static enum err admit_session(struct found_session *session, const struct found_user *user)
{
    struct signin_attempt *attempt = session->attempt;
    struct identity found = attempt->identity;

    set_user(&attempt->identity, str_of(session->user), user);
    attempt->identity.is_session = true;
    attempt->identity.session = token_digest(attempt->credential.secret);
    attempt->identity.expires_at_ms = found.expires_at_ms;
    memcpy(attempt->identity.csrf, found.csrf, sizeof found.csrf);
    remember(attempt, session->left_ms < TOKEN_KEPT_MS ? session->left_ms : TOKEN_KEPT_MS);
    if (session->is_due)
        trace_session(attempt->signin->options.commit, &attempt->identity.session);
    return ERR_OK;
}

static enum err run_session(struct job *job, struct store *reader)
{
    struct signin_attempt *attempt = CONTAINER_OF(job, struct signin_attempt, job);
    struct digest hash = token_digest(attempt->credential.secret);
    struct found_session session = {.attempt = attempt};
    struct found_user user = {.is_found = false};

    enum err err = store_session_get(reader, &hash, take_session, &session);
    if (err == ERR_OK)
        err = session.left_ms > 0 ? store_user_get(reader, str_of(session.user), take_user, &user)
                                  : ERR_DENIED;
    if (err == ERR_OK)
        return admit_session(&session, &user);
    attempt->identity = (struct identity){.access = ACCESS_NONE};
    return err == ERR_NOT_FOUND ? ERR_DENIED : err;
}

static enum err run(struct job *job, struct store *reader)
{
    static enum err (*const RUNS[])(struct job *, struct store *) = {
        [CREDENTIAL_BASIC] = run_password,
        [CREDENTIAL_BEARER] = run_token,
        [CREDENTIAL_SESSION] = run_session,
    };
    struct signin_attempt *attempt = CONTAINER_OF(job, struct signin_attempt, job);

    attempt->identity = (struct identity){.access = ACCESS_NONE};
    /* Read before the database: a change that comes between makes this result old. */
    attempt->since = atomic_load(&attempt->signin->changes);
    enum err err = RUNS[attempt->credential.kind](job, reader);
    metric_add(METRIC_SIGNINS, 1);
    if (err == ERR_DENIED)
        metric_add(METRIC_SIGNINS_FAILED, 1);
    return err;
}

/* Here and not in run(), which a refused attempt never sees. */
static void done(struct job *job, bool more)
{
    struct signin_attempt *attempt = CONTAINER_OF(job, struct signin_attempt, job);

    secret_wipe(attempt->scratch, sizeof attempt->scratch);
    attempt->told(job, more);
}

/* --- the door ------------------------------------------------------------ */

static void set_source(struct signin_attempt *attempt, struct str source)
{
    char room[ADDRESS_TEXT_LEN + 1];
    struct str text = address_source_text(source, room);
    size_t len = text.len < sizeof attempt->source ? text.len : sizeof attempt->source - 1;

    if (len)
        memcpy(attempt->source, text.ptr, len);
    attempt->source[len] = '\0';
}

static int64_t throttle(struct signin *signin, const struct signin_attempt *attempt, int64_t now_ms)
{
    struct str user = attempt->credential.user;

    if (!signin->options.has_rate_limit || attempt->credential.kind != CREDENTIAL_BASIC)
        return 0;
    int64_t wait_ms =
        limiter_take(signin->limiter, 's', str_of(attempt->source), &PER_SOURCE, now_ms);
    if (wait_ms || is_friend(signin, attempt))
        return wait_ms;
    wait_ms = limiter_take(signin->limiter, 'u', user, &PER_ACCOUNT, now_ms);
    if (!wait_ms)
        wait_ms = take(signin, &signin->overall, &OVERALL, now_ms);
    if (!wait_ms ||
        limiter_take(signin->limiter, 'q', str_of(attempt->source), &NOW_AND_THEN, now_ms))
        return wait_ms;
    wait_ms = take(signin, &signin->newcomers, &NEWCOMERS, now_ms);
    if (wait_ms) /* the turn was not had: it may be tried again at once */
        limiter_give_back(signin->limiter, 'q', str_of(attempt->source));
    return wait_ms;
}

/* The last of the door's questions, with a credential that could be one. */
static enum signin_verdict admit(struct signin *signin, struct str source, int64_t now_ms,
                                 struct signin_attempt *attempt, int64_t *ret_wait_ms)
{
    set_source(attempt, source);
    *ret_wait_ms = throttle(signin, attempt, now_ms);
    if (!*ret_wait_ms)
        return SIGNIN_STARTABLE;
    metric_add(METRIC_SIGNINS_THROTTLED, 1);
    secret_wipe(attempt->scratch, sizeof attempt->scratch);
    return SIGNIN_THROTTLED;
}

enum signin_verdict signin_begin(struct signin *signin, struct str authorization, struct str source,
                                 int64_t now_ms, struct signin_attempt *attempt,
                                 int64_t *ret_wait_ms)
{
    attempt->signin = signin;
    attempt->is_for_session = false;
    attempt->key = digest_of(authorization, signin->key);
    if (recall(signin, &attempt->key, now_ms, &attempt->identity))
        return SIGNIN_KNOWN;
    if (!credential_parse(authorization, attempt->scratch, &attempt->credential)) {
        secret_wipe(attempt->scratch, sizeof attempt->scratch);
        return SIGNIN_REFUSED;
    }
    if (attempt->credential.kind == CREDENTIAL_BEARER &&
        !token_is_well_formed(attempt->credential.secret)) {
        secret_wipe(attempt->scratch, sizeof attempt->scratch);
        return SIGNIN_REFUSED;
    }
    return admit(signin, source, now_ms, attempt, ret_wait_ms);
}

enum signin_verdict signin_begin_password(struct signin *signin, struct str user,
                                          struct str password, struct str source, int64_t now_ms,
                                          struct signin_attempt *attempt, int64_t *ret_wait_ms)
{
    attempt->signin = signin;
    attempt->is_for_session = true;
    if (!credential_from_password(user, password, attempt->scratch, &attempt->credential))
        return SIGNIN_REFUSED;
    return admit(signin, source, now_ms, attempt, ret_wait_ms);
}

enum signin_verdict signin_begin_session(struct signin *signin, struct str value, int64_t now_ms,
                                         struct signin_attempt *attempt)
{
    char text[1 + SESSION_TEXT_LEN] = "\n"; /* in no header: as Authorization it opens nothing */

    attempt->signin = signin;
    attempt->is_for_session = false;
    memcpy(text + 1, value.ptr, SESSION_TEXT_LEN);
    attempt->key = digest_of((struct str){text, sizeof text}, signin->key);
    secret_wipe(text, sizeof text);
    if (recall(signin, &attempt->key, now_ms, &attempt->identity))
        return SIGNIN_KNOWN;
    credential_from_session(value, attempt->scratch, &attempt->credential);
    return SIGNIN_STARTABLE;
}

int64_t signin_throttle(struct signin *signin, struct str source, int64_t now_ms)
{
    char room[ADDRESS_TEXT_LEN + 1];

    if (!signin->options.has_rate_limit)
        return 0;
    return limiter_take(signin->limiter, 's', address_source_text(source, room), &PER_SOURCE,
                        now_ms);
}

void signin_verify(struct signin_attempt *attempt)
{
    bool is_password = attempt->credential.kind == CREDENTIAL_BASIC;

    attempt->job.run = run;
    attempt->told = attempt->job.done;
    attempt->job.done = done;
    worker_submit(is_password ? attempt->signin->hasher : attempt->signin->options.readers,
                  &attempt->job);
}

static enum err run_hash(struct job *job, struct store *reader)
{
    struct signin_hashing *hashing = CONTAINER_OF(job, struct signin_hashing, job);

    (void)reader;
    return password_hash(hashing->password, hashing->hash);
}

void signin_hash(struct signin *signin, struct signin_hashing *hashing)
{
    hashing->job.run = run_hash;
    worker_submit(signin->hasher, &hashing->job);
}

enum err signin_start(struct store *writer, const struct signin_options *options,
                      struct signin **ret_signin, struct err_detail *detail)
{
    struct signin *signin = calloc(1, sizeof *signin);

    if (!signin)
        return ERR_MEMORY;
    signin->options = *options;
    pthread_mutex_init(&signin->lock, NULL);
    secret_random(signin->key, sizeof signin->key);
    enum err err = limiter_new(LIMITER_BUCKETS, &signin->limiter);
    if (err == ERR_OK)
        err = worker_start(writer, 1, HASH_QUEUE_MAX, &signin->hasher, detail);
    if (err != ERR_OK) {
        signin_stop(signin);
        return err;
    }
    *ret_signin = signin;
    return ERR_OK;
}

void signin_stop(struct signin *signin)
{
    if (!signin)
        return;
    worker_stop(signin->hasher);
    limiter_free(signin->limiter);
    pthread_mutex_destroy(&signin->lock);
    secret_wipe(signin, sizeof *signin);
    free(signin);
}
