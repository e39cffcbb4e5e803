# SPDX-License-Identifier: MIT
"""The canary: the server's test message to itself through its public address, past real proxies that fail in real ways.

Each proxy here listens on 127.0.0.1 and passes requests on to the server, unless it is told to do something else.
"""
import contextlib
import json
import socket
import sqlite3
import ssl
import time

import pytest
import requests

from harness import SLOW, Server, running
from receiver import MailServer, wait
from world import Authority, Listener, Request, answer, openssl, read_request

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}
DAY = 24 * 3600


class Proxy(Listener):
    """Passes on to `server`. `act` takes a request's place: act(line, request, pass_on)."""

    def __init__(self, tls=None):
        super().__init__(self.talk_once, tls)
        self.server, self.act, self.requests = None, None, []

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    def talk_once(self, line):
        request = read_request(line)
        if not request:
            return
        self.requests.append(request)
        act = self.act
        if act:
            act(line, request, self.pass_on)
        else:
            line.send(self.pass_on(request))

    def pass_on(self, request, port=None, path=None):
        """What the server answers, whole; nothing while it is away."""
        method = request.line.split(" ")[0]
        head = [f"{method} {path or request.path} HTTP/1.1", "Host: here", "X-Forwarded-For: 203.0.113.9", "Connection: close",
                f"Content-Type: {request.headers.get('content-type', 'text/plain')}", f"Content-Length: {len(request.body)}", "", ""]
        got = b""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port or self.server.port), 20 * SLOW) as there:
            there.settimeout(20 * SLOW)
            there.sendall("\r\n".join(head).encode() + request.body)
            while data := there.recv(65536):
                got += data
        return got


@contextlib.contextmanager
def behind(proxy, tmp_path, **options):
    """A server whose public address is the proxy's."""
    server = Server(tmp_path, public_url=proxy.url, **{"canary_every": "50ms", "trusted_proxies": "127.0.0.1", **options})
    proxy.server = server
    with running(server):
        yield server


def admin(server, path, **query):
    if not hasattr(server, "read_token"):
        server.read_token = server.token()
    reply = requests.get(server.url + path, params=query, headers={"Authorization": f"Bearer {server.read_token}"}, timeout=20 * SLOW)
    assert reply.status_code == 200, reply.text
    return reply


def alarms(server, kind=None):
    """But for what the tester's own disk may say."""
    return [a for a in admin(server, "/admin/alarms").json()["alarms"] if a["kind"] != "disk" and kind in (None, a["kind"])]


def metric(server, name):
    return next(int(line.split()[1]) for line in admin(server, "/metrics").text.splitlines() if line.startswith(name + " "))


def canaries(server):
    return [line for line in server.log_lines("request") if line["route"] == "canary"]


def came_through(server):
    return [line for line in canaries(server) if line["decision"] == "canary"]


def more_come_through(server, count=3):
    """Waits until so many more messages have come through."""
    before = len(came_through(server))
    wait(lambda: len(came_through(server)) >= before + count)


def rows(server, query):
    with sqlite3.connect(server.options["database"]) as database:
        return database.execute(query).fetchall()


# --- when all is well ------------------------------------------------------------


def seen(server):
    """Whatever tells of messages, as an admin or a program would look."""
    metrics = admin(server, "/metrics").text.splitlines()
    return {
        "list": admin(server, "/admin/submissions", state="all").json(),
        "search": admin(server, "/admin/submissions", state="all", q="canary").json(),
        "test": admin(server, "/admin/submissions", state="all", q="test message").json(),
        "stats": admin(server, "/admin/stats", days=30).json(),
        "export": admin(server, "/admin/export", format="ndjson").text,
        "deliveries": admin(server, "/admin/deliveries").json(),
        "destinations": admin(server, "/admin/destinations").json(),
        "audit": rows(server, "SELECT count(*) FROM audit WHERE action <> 'export'")[0][0],
        "forms": admin(server, "/admin/forms").json(),
        "metrics": [line for line in metrics if line.startswith(("contactd_submissions", "contactd_deliver")) or 'route="contact' in line],
    }


def test_it_comes_through_and_nobody_sees_anything_of_it(tmp_path):
    with MailServer() as mails, Proxy() as proxy:
        options = {"rate_limit": "on", "notify_to": "operator@example.org", "test_watch_ms": 100, **mails.options}
        with behind(proxy, tmp_path, **options) as server:
            more_come_through(server, 1)
            # Hears every event from here on.
            stream = requests.get(server.url + "/admin/events", headers={"Authorization": f"Bearer {server.token()}"}, stream=True,
                                  timeout=60 * SLOW)
            lines = stream.iter_lines(chunk_size=1)
            assert next(lines) is not None
            admin(server, "/admin/forms")  # makes its token, which the audit log has
            before = seen(server)
            more_come_through(server, 30)  # more than one address may post at once
            assert seen(server) == before and before["list"]["submissions"] == []
            refused = [line for line in canaries(server) if line["status"] != 200]
            assert refused == [] and metric(server, "contactd_canary_failures_total") == 0
            assert abs(metric(server, "contactd_canary_timestamp_seconds") - time.time()) < 60 * SLOW
            # A visitor from the canary's own address has a limit of his own.
            posted = requests.post(server.url + "/contact", json=ADA, headers={"X-Forwarded-For": "203.0.113.9"}, timeout=20 * SLOW)
            assert posted.status_code == 200 and ";r=19;" in posted.headers["RateLimit"], posted.headers
            events = []
            while not any(event == "submission" for event in events):
                line = next(lines).decode()
                if line.startswith("event: "):
                    events.append(line.removeprefix("event: "))
                if line.startswith("data: ") and events and events[-1] == "submission":
                    assert json.loads(line.removeprefix("data: "))["id"] == posted.json()["id"]
            assert set(events) <= {"submission", "reset", "hello"} and events.count("submission") == 1, events
            stream.close()
            wait(lambda: mails.to("operator@example.org"))
            more_come_through(server)
            assert alarms(server) == [] and len(mails.mails) == 1
            # Else so many posts from his address would speak against the visitor.
            stored = admin(server, "/admin/submissions/" + posted.json()["id"]).json()
            assert not [reason for reason in stored["spamReasons"] if "rate" in json.dumps(reason)], stored["spamReasons"]
        assert rows(server, "SELECT count(*) FROM submission") == [(1,)]
        assert rows(server, "SELECT count(*) FROM spent") == [(0,)]
        at, = rows(server, "SELECT value FROM meta WHERE key = 'canary_at'")
        assert at[0].startswith("20")
        assert server.log_lines("canary_failed") == []


def test_it_needs_no_form_and_no_form_is_in_its_way(tmp_path):
    with Proxy() as proxy, behind(proxy, tmp_path, rate_limit="on") as server:
        rules = {"type": "object", "properties": {"phone": {"type": "string"}}, "required": ["phone"], "additionalProperties": False}
        done = server.cli("form", "add", "default", "schema=" + json.dumps(rules), "origins=https://elsewhere.example", "token=required",
                          "proof=required", "ratePerHour=1")
        assert done.returncode == 0, done.stderr
        more_come_through(server, 10)
        assert metric(server, "contactd_canary_failures_total") == 0


def test_it_must_be_told_where_to(tmp_path):
    done = Server(tmp_path, canary_every="1m").cli("check-config")
    assert done.returncode == 3 and "canary-every" in done.stderr and "public-url" in done.stderr


# --- whoever else comes -----------------------------------------------------------


def test_a_token_that_was_seen_is_worth_nothing(tmp_path):
    with Proxy() as proxy, behind(proxy, tmp_path, rate_limit="on") as server:
        replies = []

        def status(reply):
            return int(reply.split(b" ")[1])

        def before_and_after(line, request, pass_on):
            """What somebody in between could do with it, before and after it has arrived."""
            message = json.loads(request.body)
            forged = Request(f"{request.line}\r\ncontent-type: application/json".encode(), b"")
            forged.body = json.dumps({**message, "_canary": "A" * 43}).encode()
            elsewhere = requests.post(server.url + "/contact", json=message, timeout=20 * SLOW)
            replies.append((status(pass_on(forged)), elsewhere.status_code, status(ours := pass_on(request)), status(again := pass_on(request)),
                            b"ateLimit" in again, "RateLimit" in elsewhere.headers))
            line.send(ours)

        more_come_through(server, 1)
        proxy.act = before_and_after
        wait(lambda: len(replies) >= 2)
        proxy.act = None
        more_come_through(server, 1)
        assert set(replies) == {(404, 200, 200, 404, True, True)}, replies
        assert metric(server, "contactd_canary_failures_total") == 0
        # On an ordinary door it is an ordinary message, which everybody sees.
        stored = admin(server, "/admin/submissions", state="all").json()["submissions"]
        assert len(stored) == len(replies)
        old = next(request for request in reversed(proxy.requests) if request.path.endswith("~canary"))
        wait(lambda: proxy.requests[-1] is not old)
        for body in (old.body, b"{", b"", json.dumps({**ADA, "_canary": ""}).encode()):
            reply = requests.post(server.url + "/contact/~canary", data=body, headers={"Content-Type": "application/json"}, timeout=20 * SLOW)
            assert (reply.status_code, reply.json()["reason"]) == (404, "form_not_found"), reply.text
        # Strangers are counted as anywhere: the twentieth at the latest is one too many.
        codes = [requests.post(server.url + "/contact/~canary", json=ADA, timeout=20 * SLOW).status_code for _ in range(25)]
        assert codes[-1] == 429, codes
        more_come_through(server, 3)
        assert len(admin(server, "/admin/submissions", state="all").json()["submissions"]) == len(replies)


# --- what may go wrong ------------------------------------------------------------


def say(data):
    return lambda line, request, pass_on: line.send(data)


BAD_GATEWAY = answer("502 Bad Gateway", "Content-Type: text/html", body=b"<html><h1>502 Bad Gateway</h1><hr>nginx</html>")
PARKED = answer("200 OK", "Content-Type: text/html", body=b"<html>This domain is for sale</html>")
MOVED = answer("301 Moved Permanently", "Location: https://www.forms.example/contact")
FIREWALL = answer("403 Forbidden", "Content-Type: text/html", body=b"<html>blocked</html>")
NOT_THERE = answer("404 Not Found", "Content-Type: text/html", body=b"<html>404</html>")

FAILURES = [
    ("502", say(BAD_GATEWAY), ("a proxy answers 502 and does not reach contactd", "the address that it listens on")),
    ("parked", say(PARKED), ("something else than contactd answers (200)", "pass /contact on")),
    ("moved", say(MOVED), ("it leads elsewhere (301), to https://www.forms.example/", "set public-url")),
    ("firewall", say(FIREWALL), ("something before contactd refuses it (403)", "let posts to /contact pass")),
    ("not there", say(NOT_THERE), ("something else than contactd answers (404)", "pass /contact on")),
    ("path", lambda line, request, pass_on: line.send(pass_on(request, path="/~canary")),
     ("contactd is asked for another path", "paths on unchanged")),
    ("closed", lambda line, request, pass_on: None, ("no answer came", "the proxy's own log")),
    ("swallowed", lambda line, request, pass_on: pass_on(request), ("no answer came", "has arrived, so it is the answer that gets lost")),
    ("changed", lambda line, request, pass_on: pass_on(request) and line.send(PARKED),
     ("something else than contactd answers (200)", "has arrived, so it is the answer that gets lost")),
]


def test_each_failure_is_named_and_ends(tmp_path):
    with MailServer() as mails, Proxy() as proxy, running(Server(tmp_path / "other", public_url="http://127.0.0.1:1")) as other:
        another = lambda line, request, pass_on: line.send(pass_on(request, port=other.port))
        failures = [*FAILURES, ("another", another, ("another contactd answers there", "let the name and the proxy lead to this one"))]
        with behind(proxy, tmp_path / "ours", notify_to="operator@example.org", **mails.options) as server:
            more_come_through(server, 1)
            for number, (name, act, words) in enumerate(failures, 1):
                proxy.act = act
                alarm, = wait(lambda: alarms(server))
                assert (alarm["kind"], alarm["form"], alarm["destination"]) == ("canary", None, None), (name, alarm)
                assert all(word in alarm["text"] for word in (proxy.url, *words)), (name, alarm["text"])
                wait(lambda: len(mails.to("operator@example.org")) == 2 * number - 1)
                assert words[0] in " ".join(mails.mails[-1].message.get_body(("plain",)).get_content().split()), name
                proxy.act = None
                wait(lambda: not alarms(server))
                wait(lambda: len(mails.mails) == 2 * number)
                assert mails.mails[-1].message["Subject"] == "contactd: messages come through the public address again"
            assert len(server.log_lines("alarm")) == len(server.log_lines("alarm_over")) == len(failures)
            assert metric(server, "contactd_canary_failures_total") >= 2 * len(failures)
            more_come_through(server, 1)
            assert len(mails.mails) == 2 * len(failures)
            assert admin(server, "/admin/submissions", state="all").json()["submissions"] == []
        assert admin(other, "/admin/submissions", state="all").json()["submissions"] == [], "the other one has stored it"


def test_once_is_no_alarm(tmp_path):
    with Proxy() as proxy, behind(proxy, tmp_path) as server:
        more_come_through(server, 1)
        times = []

        def once(line, request, pass_on):
            times.append(request)
            line.send(BAD_GATEWAY if len(times) % 2 else pass_on(request))

        proxy.act = once
        wait(lambda: len(times) >= 20)
        assert len(server.log_lines("canary_failed")) >= 9 and server.log_lines("alarm") == [] and alarms(server) == []


def test_the_alarm_says_what_is_wrong_now_and_outlives_a_restart(tmp_path):
    with MailServer() as mails, Proxy() as proxy:
        with behind(proxy, tmp_path, notify_to="operator@example.org", test_watch_ms=100, **mails.options) as server:
            proxy.act = say(BAD_GATEWAY)
            first, = wait(lambda: alarms(server))
            assert "502" in first["text"]
            proxy.act = say(FIREWALL)
            wait(lambda: "403" in alarms(server)[0]["text"])
            assert alarms(server)[0]["since"] == first["since"]
            wait(lambda: mails.to("operator@example.org"))
            server.stop()
            server.start()
            failed = len(server.log_lines("canary_failed"))
            wait(lambda: len(server.log_lines("canary_failed")) > failed + 4)
            now, = alarms(server)
            assert now["since"] == first["since"] and len(mails.mails) == 1 and server.log_lines("alarm_over") == []
            proxy.act = None
            wait(lambda: not alarms(server))
            # Whoever gives the canary up is not alarmed by it any more.
            proxy.act = say(BAD_GATEWAY)
            wait(lambda: alarms(server))
            server.stop()
            server.options["canary_every"] = "0s"
            server.start()
            wait(lambda: not alarms(server))


def test_nobody_there(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        server = Server(tmp_path, canary_every="50ms", public_url=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with running(server):
            alarm, = wait(lambda: alarms(server))
            assert "no connection comes about" in alarm["text"] and "see that the proxy runs" in alarm["text"], alarm
            nobody.listen()
            nobody.settimeout(60 * SLOW)
            connection, _ = nobody.accept()
            connection.close()
            wait(lambda: "no answer came" in alarms(server)[0]["text"])


def test_a_name_that_leads_nowhere(tmp_path):
    server = Server(tmp_path, canary_every="50ms", public_url="http://nobody.contactd.invalid:8080")
    with running(server):
        alarm, = wait(lambda: alarms(server), 60)
        assert "its name leads nowhere" in alarm["text"] and "DNS record" in alarm["text"], alarm


def test_a_proxy_that_never_answers(tmp_path):
    """Also the end of a server does not wait for it."""
    with Proxy() as proxy, behind(proxy, tmp_path) as server:
        more_come_through(server, 1)
        held = []

        def hold(line, request, pass_on):
            held.append(request)
            line.hold()

        proxy.act = hold
        alarm, = wait(lambda: alarms(server), 60)
        assert "no answer came in time" in alarm["text"] and "firewall" in alarm["text"], alarm
        wait(lambda: len(held) > len(server.log_lines("canary_failed")))
        started = time.monotonic()
        assert server.stop() == 0 and time.monotonic() - started < 8 * SLOW
        assert len(server.log_lines("canary_failed")) < len(held), "what was broken off is no failure"


def test_a_full_disk_is_not_the_proxys_fault(tmp_path):
    with Proxy() as proxy, behind(proxy, tmp_path) as server:
        more_come_through(server, 1)
        with contextlib.closing(sqlite3.connect(server.options["database"], timeout=30)) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")  # nothing can be committed meanwhile
            wait(lambda: len(server.log_lines("canary_failed")) >= 2, 120)
            other.execute("ROLLBACK")
        assert all("cannot store it (503)" in line["reason"] for line in server.log_lines("canary_failed")), server.log_lines("canary_failed")
        wait(lambda: not alarms(server))


# --- certificates ------------------------------------------------------------------


class Dated(Authority):
    """Makes certificates with whatever end."""

    CONFIG = """[ca]
default_ca = ours
[ours]
database = index.txt
new_certs_dir = .
certificate = {name}.pem
private_key = {name}.key
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""

    def ending(self, days):
        def day(offset):
            return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + offset * DAY))

        stem = f"ending-{days}".replace(".", "-")
        (self.directory / "ca.cnf").write_text(self.CONFIG.format(name=self.name))
        (self.directory / "index.txt").touch()
        (self.directory / f"{stem}.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", f"{stem}.key", "-out", f"{stem}.csr", cwd=self.directory)
        openssl("ca", "-batch", "-config", "ca.cnf", "-notext", "-in", f"{stem}.csr", "-out", f"{stem}.crt", "-extfile", f"{stem}.ext",
                "-startdate", day(min(days, 0) - 30), "-enddate", day(days), cwd=self.directory)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f"{stem}.crt", self.directory / f"{stem}.key")
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Dated(tmp_path_factory.mktemp("authority"))


def test_a_certificate_that_ends(tmp_path, authority):
    with MailServer() as mails, Proxy(authority.ending(60)) as proxy:
        options = {"notify_to": "operator@example.org", "ca_file": authority.ca_file, **mails.options}
        with behind(proxy, tmp_path, **options) as server:
            more_come_through(server, 3)
            assert alarms(server) == []
            proxy.tls = authority.ending(10)
            near, = wait(lambda: alarms(server))
            assert near["kind"] == "certificate" and near["form"] is near["destination"] is None
            ends = time.strftime("%Y-%m-%dT", time.gmtime(time.time() + 10 * DAY))
            assert "the certificate of localhost ends at " + ends[:8] in near["text"] and "renew it" in near["text"], near
            proxy.tls = authority.ending(2)
            urgent, = wait(lambda: [a for a in alarms(server) if "less than three days" in a["text"]])
            assert urgent["since"] > near["since"] and "renew it now" in urgent["text"]
            proxy.tls = authority.ending(-1)
            wait(lambda: len(alarms(server)) == 2)
            over, = alarms(server, "certificate")
            refused, = alarms(server, "canary")
            assert "has ended at" in over["text"], over
            assert "its certificate is refused" in refused["text"] and "renew it" in refused["text"], refused
            wait(lambda: len(mails.mails) == 4)
            proxy.tls = authority.ending(61)
            wait(lambda: not alarms(server))
            more_come_through(server, 2)
            ends = lambda: "".join(mail.message.get_body(("plain",)).get_content() for mail in mails.mails[4:])
            wait(lambda: "the certificate has been renewed." in ends() and "messages come through the public address again." in ends())
            assert len(mails.mails) <= 6 and len(server.log_lines("alarm")) == 4


def test_a_certificate_that_nobody_trusts(tmp_path, authority):
    with Proxy(authority.ending(62)) as proxy, behind(proxy, tmp_path) as server:
        alarm, = wait(lambda: alarms(server))
        assert alarm["kind"] == "canary" and "its certificate is refused" in alarm["text"] and "ca-file" in alarm["text"], alarm


def test_a_certificate_is_looked_at_without_a_canary(tmp_path, authority):
    with Proxy(authority.ending(9)) as proxy:
        with behind(proxy, tmp_path, canary_every=None, ca_file=authority.ca_file, test_watch_ms=100) as server:
            alarm, = wait(lambda: alarms(server))
            assert alarm["kind"] == "certificate" and "localhost" in alarm["text"]
            assert [request.line for request in proxy.requests] == ["GET /healthz HTTP/1.1"]
            assert canaries(server) == [] and metric(server, "contactd_canary_timestamp_seconds") == 0
        # What is known stays known until somebody has looked again.
        since, proxy.tls = alarm["since"], authority.ending(8)
        server.options["test_watch_ms"] = 100
        with running(server.start()):
            wait(lambda: time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * DAY)) in alarms(server)[0]["text"])
            assert alarms(server)[0]["since"] == since and len(server.log_lines("alarm")) <= 2
