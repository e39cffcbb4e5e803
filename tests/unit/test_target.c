/* SPDX-License-Identifier: MIT */
/* Where webhooks may go: spellings of addresses, and the addresses themselves. */
#include "core/target.h"

#include "check.h"

/* As URLs: each is refused when it is written, or its address when it is reached. */
static const char *const FORBIDDEN[] = {
    /* the machine itself */
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "http://127.255.255.254/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0X7F.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.1./",
    "http://127.0.0.01/",
    "http://0/",
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:7f00:0001]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[::1%25lo]/",
    "http://[::1%lo]/",
    /* the house */
    "http://10.0.0.1/",
    "http://10.1/",
    "http://0xa000001/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://192.168.257/",
    "http://3232235777/",
    "http://100.64.0.1/",
    "http://100.127.255.255/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[2002:c0a8:101::1]/",
    "http://[2a00::5efe:10.0.0.1]/",
    "http://[2a00::200:5efe:192.168.0.1]/",
    /* the cloud's metadata */
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[fd00:ec2::254]/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    /* nobody's or everybody's */
    "http://192.0.2.1/",
    "http://192.31.196.1/",
    "http://192.52.193.1/",
    "http://192.88.99.1/",
    "http://192.175.48.1/",
    "http://[2620:4f:8000::1]/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://198.18.0.1/",
    "http://198.19.255.255/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://[100::1]/",
    "http://[4000::1]/",
    "http://[2001:2::1]/",
    "http://[3ffe::1]/",
    /* two readings */
    "http://good.example@127.0.0.1/",
    "http://127.0.0.1@good.example/",
    "http://good.example:80@127.0.0.1/",
    "http://good.example\\@127.0.0.1/",
    "http://127.0.0.1\\.good.example/",
    "http:\\\\127.0.0.1/",
    "http:/127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "http:///127.0.0.1/",
    "http://good.example#@127.0.0.1/",
    "http://127.0.0.1%2f.good.example/",
    "http://%31%32%37.0.0.1/",
    "http://1\xe2\x91\xa1"
    "7.0.0.1/", /* a circled two */
    "http://127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1/", /* ideographic full stops */
    "http://good.example\t/",
    "http://good.example\r\nHost: x/",
    " http://good.example/",
    "http://good example/",
    "http://good.example:/",
    "http://good.example:0/",
    "http://good.example:65536/",
    "http://good.example:+80/",
    "http://good.example:80:80/",
    "http://[::1/",
    "http://::1/",
    "http://[1.2.3.4]x/",
    "http://[v1.fe80::a]/",
    "http://[1::2::3]/",
    "http://.good.example/",
    "http://good..example/",
    "ftp://good.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:25/_",
    "dict://127.0.0.1:11211/",
    "javascript:alert(1)",
    "",
    /* ports of other services */
    "http://8.8.8.8:25/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:6667/",
    "https://[2606:4700::1111]:587/",
};

static const char *const ALLOWED[] = {
    "https://8.8.8.8/",
    "http://1.1.1.1:8080/in",
    "https://172.15.255.255/",
    "https://172.32.0.1/",
    "https://100.63.255.255/",
    "https://100.128.0.0/",
    "https://192.0.1.1/",
    "https://169.253.255.255/",
    "https://223.255.255.255/",
    "https://198.17.255.255/",
    "https://[2606:4700:4700::1111]/dns",
    "https://[2a01:4f8::1]:8443/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::8.8.8.8]/", /* how a host behind NAT64 reaches it */
};

/* The address that a URL names, if it is one. */
static bool literal(struct str url, struct address *ret_address, uint16_t *ret_port)
{
    struct str path = target_url_path(url);
    size_t scheme = target_url_is_https(url) ? 8 : 7;
    struct str place = {url.ptr + scheme, url.len - path.len - scheme};
    uint64_t port = scheme == 8 ? 443 : 80;
    size_t end = place.len;

    if (address_parse(place, ret_address)) {
        *ret_port = (uint16_t)port;
        return true;
    }
    while (end > 0 && place.ptr[end - 1] != ':')
        end--;
    assert_true(end > 0);
    assert_true(str_to_u64((struct str){place.ptr + end, place.len - end}, 65535, &port));
    *ret_port = (uint16_t)port;
    return address_parse((struct str){place.ptr, end - 1}, ret_address);
}

static bool is_reached(const char *text, struct target_rules *rules)
{
    struct str url = str_of(text);
    struct address address;
    uint16_t port;

    if (!target_url_is_sound(url))
        return false;
    if (!literal(url, &address, &port))
        fail_msg("%s is sound, but names no address", text);
    return target_may_connect(rules, address.bytes, port);
}

static void forbidden_places_are_not_reached(void **state)
{
    (void)state;
    assert_true(COUNTOF(FORBIDDEN) >= 60);
    for (size_t i = 0; i < COUNTOF(FORBIDDEN); i++)
        CHECK_ROW(!is_reached(FORBIDDEN[i], NULL), FORBIDDEN[i]);
}

static void public_places_are_reached(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTOF(ALLOWED); i++)
        CHECK_ROW(is_reached(ALLOWED[i], NULL), ALLOWED[i]);
}

static void the_operator_may_allow_more(void **state)
{
    struct cidr ranges[2];
    struct target_rules rules = {ranges, COUNTOF(ranges)};

    (void)state;
    assert_true(cidr_parse(STR("10.1.0.0/16"), &ranges[0]));
    assert_true(cidr_parse(STR("::1"), &ranges[1]));
    assert_true(is_reached("http://10.1.2.3/", &rules));
    assert_true(is_reached("http://[::ffff:10.1.2.3]/", &rules));
    assert_true(is_reached("http://[::1]:8080/", &rules));
    assert_true(is_reached("http://[64:ff9b::10.1.2.3]/", &rules));
    assert_false(is_reached("http://[::1]:25/", &rules));
    assert_false(is_reached("http://10.2.0.1/", &rules));
    assert_false(is_reached("http://127.0.0.1/", &rules));
}

static void a_refusal_says_why(void **state)
{
    struct address address;

    (void)state;
    assert_true(address_parse(STR("127.0.0.1"), &address));
    assert_string_equal(target_refusal(NULL, address.bytes, 80), "loopback (RFC 1122)");
    assert_true(address_parse(STR("64:ff9b::a00:1"), &address));
    assert_string_equal(target_refusal(NULL, address.bytes, 80), "private (RFC 1918)");
    static const struct {
        const char *address, *why;
    } ROWS[] = {
        {"::", "unspecified (RFC 4291)"},
        {"::1", "loopback (RFC 4291)"},
        {"::7f00:1", "IPv4-compatible (RFC 4291)"},
        {"::ffff:0:7f00:1", "IPv4-translated (RFC 2765)"},
        {"64:ff9b:1::1", "local NAT64 (RFC 8215)"},
        {"100::1", "discarded (RFC 6666)"},
        {"2001::1", "Teredo (RFC 4380)"},
        {"5f00::1", "segment routing (RFC 9602)"},
        {"fd00::1", "private (RFC 4193)"},
        {"fe80::1", "link-local (RFC 4291)"},
        {"fec0::1", "site-local (RFC 3879)"},
        {"ff02::1", "multicast (RFC 4291)"},
        {"4000::1", "not handed out to anybody (RFC 4291)"},
    };
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        assert_true(address_parse(str_of(ROWS[i].address), &address));
        assert_string_equal(target_refusal(NULL, address.bytes, 443), ROWS[i].why);
    }
    assert_true(address_parse(STR("9.9.9.9"), &address));
    assert_null(target_refusal(NULL, address.bytes, 443));
    assert_string_equal(target_refusal(NULL, address.bytes, 25), "a port of other services");
}

static void names_are_sound(void **state)
{
    (void)state;
    assert_true(target_url_is_sound(STR("https://hooks.example/a?b=c@d")));
    assert_true(target_url_is_sound(STR("HTTPS://7-eleven.example:8443")));
    assert_true(target_url_is_sound(STR("https://1.2.3.example/")));
    check_str(target_url_path(STR("https://a.example:81/b?c")), "/b?c");
    check_str(target_url_path(STR("https://a.example")), "");
    assert_true(target_url_is_https(STR("HTTPS://a.example")));
    assert_false(target_url_is_https(STR("http://a.example")));
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("forbidden places are not reached", forbidden_places_are_not_reached),
        CASE("public places are reached", public_places_are_reached),
        CASE("the operator may allow more", the_operator_may_allow_more),
        CASE("a refusal says why", a_refusal_says_why),
        CASE("names are sound", names_are_sound),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
