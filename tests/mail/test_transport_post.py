# SPDX-License-Identifier: MIT
"""notify/transport against HTTP receivers, over real sockets, as they are and as they misbehave."""
import email.utils
import time

import pytest

from world import WAIT, Authority, Listener, answer, black_hole, drive, http_talk, post

BLOCKED_MS = 3000  # a call that stays so much longer than told has waited for somebody


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def drip(line):
    line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not line.pause(0.2):
        line.send(b"x")


def drip_head(line):
    for byte in b"HTTP/1.1 200 OK":
        line.send(bytes([byte]))
        line.pause(1)


def pour(line, status=b"200 OK"):
    line.send(b"HTTP/1.1 " + status + b"\r\n\r\n")
    while not line.stopping.is_set():
        line.send(b"x" * 65536)


def close(line):
    pass


def cut(line):
    line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


# path: (what the receiver does, the result, its status, words of the error)
RECEIVERS = {
    "/ok": (answer("200 OK", body=b"thanks"), "delivered", 200, ""),
    "/none": (answer("204 No Content"), "delivered", 204, ""),
    "/accepted": (answer("202 Accepted"), "delivered", 202, ""),
    "/moved": (answer("301 Moved", "Location: /ok"), "refused", 301, "redirect"),
    "/found": (answer("302 Found", "Location: /ok"), "refused", 302, "redirect"),
    "/kept": (answer("308 Permanent", "Location: /ok"), "refused", 308, "redirect"),
    "/bad": (answer("400 Bad", body=b'\r\n{"error":"no such field"}\nmore'), "refused", 400, '{"error":"no such field"}'),
    "/unauthorized": (answer("401 Who", "WWW-Authenticate: Basic"), "refused", 401, "401"),
    "/missing": (answer("404 Missing"), "refused", 404, "404"),
    "/gone": (answer("410 Gone"), "refused", 410, "410"),
    "/timeout": (answer("408 Timeout"), "later", 408, "408"),
    "/early": (answer("425 Early"), "later", 425, "425"),
    "/busy": (answer("429 Slowly", "Retry-After: 120"), "later", 429, "429"),
    "/broken": (answer("500 Oops", body=b"<html>a page for people</html>"), "later", 500, "500"),
    "/down": (answer("503 Down", "Retry-After: 99999999"), "later", 503, "503"),
    "/close": (close, "later", 0, "mpty reply"),
    "/cut": (cut, "delivered", 200, ""),
    "/pour": (pour, "delivered", 200, ""),
    "/pour500": (lambda line: pour(line, b"500 Oops"), "later", 500, "500"),
    "/no-http": (lambda line: line.send(b"SSH-2.0-server\r\n"), "later", 0, "HTTP"),
    "/head": (lambda line: line.send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100000), None, None, ""),
    "/controls": (answer("400 Bad", body=b"a\x1b[31mb\x00c\xff\xe2\x80\xae" + b"d" * 5000), "refused", 400, "a?[31mb?c??ddd"),
}
TIMED_OUT = {
    "/drip": (drip, "delivered", 200),
    "/drip-head": (drip_head, "later", 0),
    "/silent": (lambda line: line.hold(), "later", 0),
}


def talk(requests):
    return http_talk({path: row[0] for path, row in {**RECEIVERS, **TIMED_OUT}.items()}, requests)


def check_end(end):
    assert end["overstayMs"] < BLOCKED_MS and end["closeMs"] < BLOCKED_MS, end


def test_every_answer_is_understood_and_told():
    requests = []
    with Listener(talk(requests)) as receiver:
        results, end = drive(*[post(f"http://127.0.0.1:{receiver.port}{path}") for path in RECEIVERS])
    for (path, (_, expected, status, words)), result in zip(RECEIVERS.items(), results):
        if expected:
            assert (result["result"], result["status"]) == (expected, status), (path, result)
        assert result["end"] == "answer", "whoever takes the connection has been reached"
        assert words in result["error"] and (result["result"] == "delivered") == (not result["error"]), (path, result)
        assert result["error"].isprintable() and len(result["error"].encode()) < 300 and "<html" not in result["error"]
    waits = {path: result["retryAfterMs"] for path, result in zip(RECEIVERS, results) if result["retryAfterMs"]}
    assert waits == {"/busy": 120_000, "/down": 21_600_000}
    assert [request.path for request in requests if request.path == "/ok"] == ["/ok"], "redirects are not followed"
    check_end(end)


def endless(beginning, more):
    def talk(line):
        line.send(beginning)
        while not line.stopping.is_set():
            line.send(more)
            line.sent = getattr(line, "sent", 0) + len(more)
            flood.most = max(flood.most, line.sent)
    return talk


class flood:
    """How much whoever never ends could say, at most."""
    most = 0


LINES = b"".join(b"X-%d: %s\r\n" % (i, b"a" * 900) for i in range(70))
CHUNKED = b"HTTP/1.1 500 no\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "/trailers": endless(CHUNKED + b"0\r\n", LINES),
    "/one-trailer": endless(CHUNKED + b"0\r\nX: ", b"a" * 65536),
    "/extensions": endless(CHUNKED, b"1;" + b"e" * 60000 + b"\r\na\r\n"),
    "/one-extension": endless(CHUNKED + b"1;", b"e" * 65536),
    "/headers": endless(b"HTTP/1.1 500 no\r\n", LINES),
    "/one-header": endless(b"HTTP/1.1 500 no\r\nX: ", b"a" * 65536),
    "/hints": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 500),
    "/status": endless(b"HTTP/1.1 500 ", b"a" * 65536),
}
HEARD_MAX = 40_000_000  # what two sockets hold between them, generously


@pytest.mark.parametrize("path", ENDLESS)
@pytest.mark.parametrize("ask", [post, lambda url: {"get": url}, lambda url: {"form": url}], ids=["post", "get", "form"])
def test_nobody_is_listened_to_without_end(path, ask):
    """libcurl keeps every line that follows a chunked body: 2 GB in 15 seconds."""
    flood.most = 0
    with Listener(http_talk(ENDLESS, [])) as receiver:
        (result,), end = drive(ask(f"http://127.0.0.1:{receiver.port}{path}"))
    assert flood.most < HEARD_MAX, result
    assert result["result"] == "later" or "get" in ask(""), result
    assert end["peakKb"] < 200_000, "with a sanitizer's shadow"


def test_retry_after_may_be_a_date():
    requests = []
    later = answer("429 Slowly", "Retry-After: " + email.utils.formatdate(time.time() + 3600, usegmt=True))
    with Listener(http_talk({"/": later}, requests)) as receiver:
        (result,), _ = drive(post(f"http://127.0.0.1:{receiver.port}/"))
    assert 3000_000 < result["retryAfterMs"] <= 3601_000, result


def test_the_request_is_what_was_composed_and_nothing_else(monkeypatch, tmp_path):
    """No proxy, no netrc, no cookies, whatever stands in the environment and in files."""
    (tmp_path / ".netrc").write_text("default login eve password leaked\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy":
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    requests, body = [], '{"text":"ümläut"}' * 5000
    with Listener(http_talk({"/in?a=b": answer("200 OK", "Set-Cookie: a=b")}, requests)) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/in?a=b"
        results, _ = drive(post(url, body), WAIT, post(url, ""))
    assert [result["result"] for result in results] == ["delivered"] * 2, results
    first, second = requests
    assert first.line == "POST /in?a=b HTTP/1.1" and first.body.decode() == body and second.body == b""
    assert first.headers["user-agent"].startswith("contactd/")
    del first.headers["user-agent"]
    assert first.headers == {"host": f"127.0.0.1:{receiver.port}", "accept": "*/*", "content-type": "application/json",
                             "x-ours": "yes", "content-length": str(len(body.encode()))}
    assert "cookie" not in second.headers


def test_slow_ones_are_cut_and_others_do_not_wait_for_them():
    requests = []
    with Listener(talk(requests)) as receiver, black_hole() as port:
        url = f"http://127.0.0.1:{receiver.port}"
        slow = [post(url + path, timeout=2000) for path in TIMED_OUT] + [post(f"http://127.0.0.1:{port}/", timeout=2000)]
        results, end = drive(*slow, *[post(url + "/ok") for _ in range(20)])
    for (_, expected, status), result in zip(TIMED_OUT.values(), results):
        assert (result["result"], result["status"], result["end"]) == (expected, status, "answer"), result
    assert (results[len(TIMED_OUT)]["result"], results[len(TIMED_OUT)]["end"]) == ("later", "door"), results
    assert [result["result"] for result in results[len(slow):]] == ["delivered"] * 20
    slowest = max(result["ms"] for result in results[len(slow):])
    assert slowest < min(result["ms"] for result in results[:len(slow)]), "the quick ones ended first"
    check_end(end)


def test_tls_is_verified(authority, tmp_path):
    stranger, requests = Authority(tmp_path, "stranger"), []
    talk_ok = http_talk({"/": answer("200 OK")}, requests)
    with Listener(talk_ok, authority.context()) as right, Listener(talk_ok, authority.context("DNS:other.example")) as other:
        urls = [f"https://localhost:{right.port}/", f"https://localhost:{other.port}/"]
        trusting, _ = drive(*[post(url, plain=False) for url in urls], arguments=["--ca", authority.ca_file])
        doubting, _ = drive(*[post(url) for url in urls], arguments=["--ca", stranger.ca_file])
        system, _ = drive(*[post(url) for url in urls])
    assert [result["result"] for result in trusting] == ["delivered", "later"], trusting
    assert len(requests) == 1
    for result in [trusting[1]] + doubting + system:
        assert result["result"] == "later" and result["end"] == "door" and "certificate" in result["error"].lower(), result


def test_only_the_schemes_that_are_meant():
    requests = []
    with Listener(http_talk({"/": answer("200 OK")}, requests)) as receiver:
        url = f"127.0.0.1:{receiver.port}/"
        schemes = ["http", "ftp", "file", "gopher", "smtp", "dict", "ldap", "telnet", "tftp", "scp", "ws"]
        results, _ = drive(*[post(f"{scheme}://{url}", plain=False) for scheme in schemes],
                           *[post(text, plain=False) for text in ("", "https://", "https://[", "https://a b/")])
    assert {result["result"] for result in results} == {"refused"}, results
    assert all(result["error"] for result in results) and receiver.connections == 0


def test_a_refused_address_is_told_and_gets_no_connection():
    with Listener(close) as receiver:
        (result,), _ = drive(post(f"http://127.0.0.1:{receiver.port}/"), arguments=["--forbid", "127.0.0.0/8"])
        assert result["result"] == "refused" and "127.0.0.1" in result["error"], result
        assert receiver.connections == 0


def test_of_several_addresses_those_that_are_allowed_are_tried():
    """localhost is ::1 as well on most machines; where it is not, nothing is left."""
    requests = []
    with Listener(http_talk({"/": answer("200 OK")}, requests)) as receiver:
        (result,), end = drive(post(f"http://localhost:{receiver.port}/"), arguments=["--forbid", "::1"])
    assert result["result"] == "delivered" and end["asked"] >= 1, result


def test_where_nobody_listens_or_no_name_leads_nobody_is_reached():
    with Listener(close) as receiver:
        port = receiver.port
    results, _ = drive(post(f"http://127.0.0.1:{port}/"), post("http://nobody.invalid/"))
    assert [(result["result"], result["end"]) for result in results] == [("later", "door")] * 2, results


def test_the_end_comes_at_once():
    with Listener(lambda line: line.hold()) as silent, black_hole() as port:
        parcels = [post(f"http://127.0.0.1:{silent.port}/"), post(f"http://127.0.0.1:{port}/")]
        results, end = drive(*parcels, arguments=["--close-after", 700])
    assert all(result["result"] == "later" and "stopped" in result["error"] for result in results), results
    check_end(end)
