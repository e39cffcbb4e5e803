/* SPDX-License-Identifier: MIT */
/*
 * Lines of peer, X-Forwarded-For and trusted ranges. Addresses and ranges come
 * back as they were written, and nobody is believed who is not trusted.
 */
#include <assert.h>

#include "core/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RANGES_MAX = 4 };

static bool is_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static void check_round_trip(const struct address *address)
{
    char text[ADDRESS_TEXT_LEN + 1];
    struct address again;

    address_format(address, text);
    assert(strlen(text) <= ADDRESS_TEXT_LEN);
    assert(address_parse(str_of(text), &again) && is_equal(address, &again));
    assert(address_is_v4(address) == !strchr(text, ':'));
    struct address key = address_source_key(address), key_of_key = address_source_key(&key);
    assert(is_equal(&key, &key_of_key));
}

static size_t parse_ranges(struct str rest, struct cidr ranges[RANGES_MAX])
{
    size_t count = 0;

    while (rest.ptr && count < RANGES_MAX) {
        if (!cidr_parse(str_cut(&rest, '\n'), &ranges[count]))
            continue;
        assert(ranges[count].bits <= 128);
        assert(cidr_contains(&ranges[count], &ranges[count].base));
        check_round_trip(&ranges[count].base);
        count++;
    }
    return count;
}

static bool is_trusted(const struct address *address, const struct cidr *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cidr_contains(&ranges[i], address))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str peer_text = str_cut(&rest, '\n'), forwarded_for = str_cut(&rest, '\n');
    struct address peer = {{127, 0, 0, 1}};
    struct cidr ranges[RANGES_MAX];

    if (address_parse(peer_text, &peer))
        check_round_trip(&peer);
    size_t count = parse_ranges(rest, ranges);
    struct address client = address_client(&peer, forwarded_for, ranges, count);
    check_round_trip(&client);
    assert(is_trusted(&peer, ranges, count) || is_equal(&client, &peer));
    /* Whatever a visitor puts in front changes nothing once somebody untrusted is found. */
    if (!is_trusted(&client, ranges, count) && forwarded_for.len && forwarded_for.len < 1000) {
        char forged[1100] = "192.0.2.66, ";
        size_t len = strlen(forged);
        memcpy(forged + len, forwarded_for.ptr, forwarded_for.len);
        struct address same =
            address_client(&peer, (struct str){forged, len + forwarded_for.len}, ranges, count);
        assert(is_equal(&same, &client));
    }
    return 0;
}
