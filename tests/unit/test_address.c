/* SPDX-License-Identifier: MIT */
#include "core/address.h"

#include "check.h"

static struct address address(const char *text)
{
    struct address address = {{0}};

    CHECK_ROW(address_parse(str_of(text), &address), text);
    return address;
}

static void check_text(const struct address *address, const char *expected)
{
    char text[ADDRESS_TEXT_LEN + 1];

    address_format(address, text);
    assert_string_equal(text, expected);
}

static void addresses_are_read_and_written(void **state)
{
    static const struct {
        const char *text, *written;
        bool is_v4;
    } ROWS[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"0.0.0.0", "0.0.0.0", true},
        {"255.255.255.255", "255.255.255.255", true},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"::FFFF:c000:201", "192.0.2.1", true},
        {"::1", "::1", false},
        {"[::1]", "::1", false},
        {"::", "::", false},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", false},
        {"2001:db8::192.0.2.1", "2001:db8::c000:201", false},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct address read = address(ROWS[i].text);
        check_text(&read, ROWS[i].written);
        CHECK_ROW(address_is_v4(&read) == ROWS[i].is_v4, ROWS[i].text);
    }
}

static void other_texts_are_no_addresses(void **state)
{
    static const char *const ROWS[] = {
        "",           "localhost",
        "1.2.3",      "1.2.3.4.5",
        "256.1.1.1",  "01.2.3.4",
        "1.2.3.4 ",   " 1.2.3.4",
        "0x7f.0.0.1", "127.1",
        "1.2.3.4:80", "[1.2.3.4]",
        "[::1",       "::1]",
        "[]",         "[::1]:80",
        "fe80::1%lo", "fe80::1%25lo",
        "1::2::3",    ":1",
        "12345::",    "1:2:3:4:5:6:7:8:9",
        "-1.2.3.4",   "unknown",
        "_gazonk",    "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    };
    struct address read;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!address_parse(str_of(ROWS[i]), &read), ROWS[i]);
    assert_false(address_parse((struct str){"::1\0", 4}, &read));
    assert_false(address_parse((struct str){0}, &read));
}

static void ranges_contain_their_addresses(void **state)
{
    static const struct {
        const char *cidr, *address;
        bool is_in;
    } ROWS[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.1.2.3/8", "10.9.9.9", true}, /* bits behind the prefix do not matter */
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1/32", "::ffff:192.0.2.1", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "::1", true},
        {"::/0", "10.0.0.1", true},
        {"::ffff:10.0.0.0/104", "10.1.1.1", true},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fe00::1", false},
        {"[2001:db8::]/33", "2001:db8:7fff::", true},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"::1/128", "::1", true},
        {"::1/128", "::", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct address inside = address(ROWS[i].address);
        struct cidr cidr;
        CHECK_ROW(cidr_parse(str_of(ROWS[i].cidr), &cidr), ROWS[i].cidr);
        CHECK_ROW(cidr_contains(&cidr, &inside) == ROWS[i].is_in, ROWS[i].cidr);
    }
}

static void other_texts_are_no_ranges(void **state)
{
    static const char *const ROWS[] = {"",
                                       "/8",
                                       "10.0.0.0/",
                                       "10.0.0.0/33",
                                       "::/129",
                                       "10/8",
                                       "10.0.0.0/-1",
                                       "10.0.0.0/8/8",
                                       "10.0.0.0 /8",
                                       "10.0.0.0/ 8",
                                       "10.0.0.0/255.0.0.0",
                                       "*"};
    struct cidr cidr;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!cidr_parse(str_of(ROWS[i]), &cidr), ROWS[i]);
}

static void sources_are_counted_by_subscriber(void **state)
{
    struct address v4 = address("192.0.2.77"), v6 = address("2001:db8:1:2:3:4:5:6");
    struct address v4_key = address_source_key(&v4), v6_key = address_source_key(&v6);

    (void)state;
    check_text(&v4_key, "192.0.2.77");
    check_text(&v6_key, "2001:db8:1:2::");
}

static void the_client_is_the_right_most_untrusted_hop(void **state)
{
    static const char *const TRUSTED[] = {"10.0.0.0/8", "fd00::/8", "127.0.0.1"};
    static const struct {
        const char *peer, *forwarded_for, *client;
    } ROWS[] = {
        {"203.0.113.9", "", "203.0.113.9"},
        {"203.0.113.9", "1.1.1.1", "203.0.113.9"}, /* nobody we believe */
        {"203.0.113.9", "10.0.0.1", "203.0.113.9"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.7", "198.51.100.7"},
        {"10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"}, /* the left one is forged */
        {"10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"},
        {"10.0.0.1", "1.1.1.1,198.51.100.7,\t10.0.0.3 , 10.0.0.2", "198.51.100.7"},
        {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"}, /* all are ours */
        {"10.0.0.1", "2001:db8::1", "2001:db8::1"},
        {"10.0.0.1", "[2001:db8::1]", "2001:db8::1"},
        {"10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"},
        {"10.0.0.1", "198.51.100.7:4711", "198.51.100.7"},
        {"10.0.0.1", "198.51.100.7:99999", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.7:", "10.0.0.1"},
        {"10.0.0.1", "unknown", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", "unknown, 198.51.100.7", "198.51.100.7"},
        {"10.0.0.1", "198.51.100.7,", "10.0.0.1"},
        {"10.0.0.1", ",", "10.0.0.1"},
        {"10.0.0.1", ",198.51.100.7", "198.51.100.7"},
        {"10.0.0.1", "198.51.100.7;10.0.0.2", "10.0.0.1"},
        {"10.0.0.1", "<script>", "10.0.0.1"},
        {"10.0.0.1", ":80", "10.0.0.1"},
        {"10.0.0.1", "[]:80", "10.0.0.1"},
        {"10.0.0.1", "fe80::1%eth0", "10.0.0.1"},
        {"::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"},
        {"fd00::1", "::ffff:198.51.100.7", "198.51.100.7"},
        {"127.0.0.1", "198.51.100.7, 127.0.0.1", "198.51.100.7"},
        {"127.0.0.2", "198.51.100.7", "127.0.0.2"},
    };
    struct cidr trusted[COUNTOF(TRUSTED)];

    (void)state;
    for (size_t i = 0; i < COUNTOF(TRUSTED); i++)
        assert_true(cidr_parse(str_of(TRUSTED[i]), &trusted[i]));
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct address peer = address(ROWS[i].peer), expected = address(ROWS[i].client);
        struct address client =
            address_client(&peer, str_of(ROWS[i].forwarded_for), trusted, COUNTOF(trusted));
        CHECK_ROW(memcmp(&client, &expected, sizeof client) == 0, ROWS[i].forwarded_for);
    }
}

static void without_trusted_proxies_the_peer_is_the_client(void **state)
{
    struct address peer = address("127.0.0.1");
    struct address client = address_client(&peer, STR("198.51.100.7"), NULL, 0);

    (void)state;
    check_text(&client, "127.0.0.1");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("addresses are read and written", addresses_are_read_and_written),
        CASE("other texts are no addresses", other_texts_are_no_addresses),
        CASE("ranges contain their addresses", ranges_contain_their_addresses),
        CASE("other texts are no ranges", other_texts_are_no_ranges),
        CASE("sources are counted by subscriber", sources_are_counted_by_subscriber),
        CASE("the client is the right-most untrusted hop",
             the_client_is_the_right_most_untrusted_hop),
        CASE("without trusted proxies the peer is the client",
             without_trusted_proxies_the_peer_is_the_client),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
