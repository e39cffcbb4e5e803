/* SPDX-License-Identifier: MIT */
/* The route table: every topic's rows, and the client's address that all of them see. */
#include "handler/routes.h"

#include "rate.h"
#include "topics.h"

/* The rows of a topic that has so many; another number does not compile. */
#define FIRST(topic, count) &(topic)[0 * sizeof(char[COUNTOF(topic) == (count) ? 1 : -1])]
#define TO_3(topic)         &(topic)[1], &(topic)[2]
#define TO_5(topic)         TO_3(topic), &(topic)[3], &(topic)[4]
#define TO_9(topic)         TO_5(topic), &(topic)[5], &(topic)[6], &(topic)[7], &(topic)[8]
#define ROWS_1(topic)       FIRST(topic, 1)
#define ROWS_2(topic)       FIRST(topic, 2), &(topic)[1]
#define ROWS_3(topic)       FIRST(topic, 3), TO_3(topic)
#define ROWS_4(topic)       FIRST(topic, 4), TO_3(topic), &(topic)[3]
#define ROWS_5(topic)       FIRST(topic, 5), TO_5(topic)
#define ROWS_6(topic)       FIRST(topic, 6), TO_5(topic), &(topic)[5]
#define ROWS_10(topic)      FIRST(topic, 10), TO_9(topic), &(topic)[9]

// clang-format off
static const struct route *const ROWS[] = {
    ROWS_1(CANARY_ROUTES), /* before the row that takes any name of a form */
    ROWS_10(CONTACT_ROUTES),
    ROWS_2(SUBMISSION_ROUTES),
    ROWS_2(TRIAGE_ROUTES),
    ROWS_2(NOTE_ROUTES),
    ROWS_2(ERASE_ROUTES),
    ROWS_6(DELIVERY_ROUTES),
    ROWS_1(STATS_ROUTES),
    ROWS_1(EXPORT_ROUTES),
    ROWS_1(EVENT_ROUTES),
    ROWS_5(FORM_ROUTES),
    ROWS_2(ALLOW_ROUTES),
    ROWS_6(SESSION_ROUTES),
    ROWS_4(USER_ROUTES),
    ROWS_5(INVITATION_ROUTES),
    ROWS_3(TOKEN_ROUTES),
    ROWS_1(AUDIT_ROUTES),
    ROWS_2(PROOF_ROUTES),
    ROWS_2(PAGE_ROUTES),
    ROWS_3(PANEL_ROUTES),
    ROWS_3(DESCRIPTION_ROUTES),
    ROWS_4(OPS_ROUTES),
};
// clang-format on

const struct route_table ROUTES = {.routes = ROWS, .count = COUNTOF(ROWS)};

/* A unix socket is reached by local proxies only, so it counts as a trusted one. */
static const struct cidr *trusted(struct app_ctx *ctx, bool is_unix, size_t *ret_count)
{
    static const struct cidr UNSPECIFIED = {.bits = 128};

    *ret_count = is_unix ? 1 : ctx->trusted_proxy_count;
    return is_unix ? &UNSPECIFIED : ctx->trusted_proxies;
}

static bool is_proxy(const struct app_ctx *ctx, const struct address *peer)
{
    for (size_t i = 0; i < ctx->trusted_proxy_count; i++)
        if (cidr_contains(&ctx->trusted_proxies[i], peer))
            return true;
    return false;
}

/* Once: a proxy that is not trusted makes all its visitors one source, and a stranger may lie. */
static void warn_untrusted(struct app_ctx *ctx, const struct address *peer, struct str peer_text)
{
    if (!is_proxy(ctx, peer) && !atomic_flag_test_and_set(&ctx->has_warned_forwarded))
        LOG(LOG_WARN, "x_forwarded_for_ignored", LOG_STR("peer", peer_text),
            LOG_TEXT("reason", "it comes from an address that is not in trusted-proxies"),
            LOG_TEXT("remedy", "if that is your proxy, set trusted-proxies to its address"));
}

struct str handler_client_address(struct app_ctx *ctx, struct str peer, struct str forwarded,
                                  char *room, size_t room_bytes)
{
    struct address address = {{0}};
    size_t count;

    if (!forwarded.ptr || room_bytes < ADDRESS_TEXT_LEN + 1)
        return peer;
    bool is_unix = !address_parse(peer, &address);
    const struct cidr *proxies = trusted(ctx, is_unix, &count);
    if (!is_unix)
        warn_untrusted(ctx, &address, peer);
    address = address_client(&address, forwarded, proxies, count);
    address_format(&address, room);
    return str_of(room);
}

bool handler_may_shake(struct app_ctx *ctx, struct str peer)
{
    struct address address;

    if (!address_parse(peer, &address) || is_proxy(ctx, &address) || rate_take_shake(ctx, peer))
        return true;
    if (!atomic_flag_test_and_set(&ctx->has_warned_handshakes))
        LOG(LOG_WARN, "handshakes_refused", LOG_STR("peer", peer),
            LOG_TEXT("reason", "this address began more than 200 at once, or 20 a second"),
            LOG_TEXT("remedy", "if that is your proxy, set trusted-proxies to its address"));
    return false;
}

void handler_before_sleep(struct app_ctx *ctx)
{
    commit_nudge(ctx->commit);
}
