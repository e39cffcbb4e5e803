/* SPDX-License-Identifier: MIT */
/* The frame of the conformance suite: every case runs over every backend in the table. */
#ifndef CONTACTD_TESTS_STORE_CONFORMANCE_H
#define CONTACTD_TESTS_STORE_CONFORMANCE_H

#include "support.h"

static const struct store_ops *backend;

struct fixture {
    struct place place;
    struct store *store;
    char url[96];
    bool is_durable;
};

static inline int set_up(void **state)
{
    struct fixture *fix = calloc(1, sizeof *fix);

    assert_non_null(fix);
    place_make(&fix->place);
    fix->is_durable = strcmp(backend->name, "memory") != 0;
    snprintf(fix->url, sizeof fix->url, "%s%s", backend->scheme,
             fix->is_durable ? fix->place.path : "");
    assert_ok(store_open(fix->url, true, &fix->store, NULL));
    assert_string_equal(store_backend(fix->store), backend->name);
    *state = fix;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fix = *state;

    store_close(fix->store);
    place_clean(&fix->place);
    free(fix);
    return 0;
}

static inline void reopen(struct fixture *fix)
{
    store_close(fix->store);
    fix->store = NULL;
    assert_ok(store_open(fix->url, false, &fix->store, NULL));
}

static inline struct store *reader_of(struct fixture *fix)
{
    struct store *reader = NULL;

    assert_ok(store_open_reader(fix->store, &reader, NULL));
    return reader;
}

static inline void assert_same_text(struct str got, struct str want)
{
    assert_int_equal(got.ptr == NULL, want.ptr == NULL);
    assert_true(str_equal(got, want));
}

static inline enum err compare_rows(void *arg, const struct submission *got)
{
    const struct submission *want = arg;

    assert_memory_equal(got->id.bytes, want->id.bytes, sizeof got->id.bytes);
    assert_same_text(got->form, want->form);
    assert_same_text(got->name, want->name);
    assert_same_text(got->email, want->email);
    assert_same_text(got->message, want->message);
    assert_same_text(got->fields, want->fields);
    assert_same_text(got->source, want->source);
    assert_same_text(got->user_agent, want->user_agent);
    assert_same_text(got->page, want->page);
    return ERR_OK;
}

static inline enum err compare_users(void *arg, const struct user *got)
{
    const struct user *want = arg;

    assert_same_text(got->name, want->name);
    assert_same_text(got->password_hash, want->password_hash);
    assert_int_equal(got->role, want->role);
    assert_int_equal(got->created_at_ms, want->created_at_ms);
    return ERR_OK;
}

static inline struct token sample_token(const char *name, uint8_t mark)
{
    struct token token = {.id = id_at(T0, mark, mark),
                          .name = str_of(name),
                          .scope = ACCESS_WRITE,
                          .created_at_ms = T0,
                          .expires_at_ms = T0 + mark};

    memset(token.hash.bytes, mark, sizeof token.hash.bytes);
    return token;
}

static inline enum err compare_tokens(void *arg, const struct token *got)
{
    const struct token *want = arg;

    assert_memory_equal(&got->id, &want->id, sizeof got->id);
    assert_same_text(got->name, want->name);
    assert_memory_equal(&got->hash, &want->hash, sizeof got->hash);
    assert_int_equal(got->scope, want->scope);
    assert_int_equal(got->created_at_ms, want->created_at_ms);
    assert_int_equal(got->expires_at_ms, want->expires_at_ms);
    return ERR_OK;
}

static inline enum err no_user(void *arg, const struct user *user)
{
    (void)arg;
    (void)user;
    return ERR_OK;
}

static const struct user ADA = {
    .name = {"ada", 3}, .password_hash = {"h1", 2}, .role = ROLE_OWNER, .created_at_ms = 1};

static inline void assert_meta(struct store *store, const char *key, const char *want)
{
    CLEANUP(buf_done) struct buf value = buf_new(1000);
    enum err err = store_meta_get(store, str_of(key), &value);

    assert_err(err, want ? ERR_OK : ERR_NOT_FOUND);
    if (want)
        assert_true(str_equal(buf_str(&value), str_of(want)));
}

/* Appends the name of a user or token. */
static inline enum err put_user(void *arg, const struct user *user)
{
    buf_put(arg, user->name);
    buf_put_char(arg, ' ');
    return ERR_OK;
}

static inline enum err put_token(void *arg, const struct token *token)
{
    buf_put(arg, token->name);
    buf_put_char(arg, ' ');
    return ERR_OK;
}

/* Numbers that are the same on every machine and every backend. */
static inline uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static const char *const FORMS[] = {"a", "ab", "b"};

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
