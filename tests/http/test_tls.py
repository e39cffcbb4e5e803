# SPDX-License-Identifier: MIT
"""TLS of our own: who gets in, what is exchanged while it runs, and that everything behind it is as without it."""
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection

import pytest
import requests

from harness import SLOW, Server, connect, default_binary, raw, receive, running
from tls import Authority, TlsServer, openssl
from vector import statuses

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEADER = 2  # seconds, of the servers whose deadlines are short
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # how a client begins


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secure(tmp_path, authority):
    with running(TlsServer(tmp_path / "server", authority)) as server:
        yield server
    assert not server.log_lines("sandbox_refused")


@pytest.fixture
def start_secure(tmp_path, authority):
    servers = []

    def start(**options):
        servers.append(TlsServer(tmp_path / f"server-{len(servers)}", authority, **options))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()
    assert not [c for c in (server.complaints() for server in servers) if c]
    assert not [line for server in servers for line in server.log_lines("sandbox_refused")]


def ask(server, method, path, **options):
    return requests.request(method, server.url + path, verify=str(server.authority.file), timeout=20 * SLOW, **options)


def wait_until(is_so, what, seconds=20):
    end = time.monotonic() + seconds * SLOW
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def is_alive(s):
    """Asks over a connection and reads the whole answer, which may come in two records."""
    s.sendall(GET)
    got = b""
    while not got.endswith(b'{"status":"ok"}\n'):
        piece = receive(s, 10 * SLOW)
        if not piece:
            return False
        got += piece
    return statuses(got) == [200]


def serial_of(server):
    """Of the certificate that a new connection gets."""
    with connect(server.port, context=server.context) as s:
        der = s.getpeercert(binary_form=True)
    done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-serial"], input=der, capture_output=True)
    return int(done.stdout.split(b"=")[1], 16)


def metric(server, name):
    return int(re.search(rf"^{name} (\d+)$", ask(server, "GET", "/metrics").text, re.M)[1])


# --- who gets in ------------------------------------------------------------------


def client(**change):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    for name, value in change.items():
        setattr(context, name, value)
    return context


def versions(low, high):
    context = client()
    context.minimum_version, context.maximum_version = low, high
    return context


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_3_and_1_2_and_nothing_older(secure):
    version = ssl.TLSVersion
    for one, name in (version.TLSv1_2, "TLSv1.2"), (version.TLSv1_3, "TLSv1.3"):
        with connect(secure.port, context=versions(one, one)) as s:
            assert s.version() == name
            assert is_alive(s)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(secure.port, context=versions(version.TLSv1, version.TLSv1_1))
    assert secure.is_healthy()


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "aNULL"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(secure, ciphers):
    context = versions(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    try:
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
    except ssl.SSLError:
        pytest.skip("this OpenSSL does not have it either")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(secure.port, context=context)


def hellos(server):
    """How often a client has to say hello: twice if the server does not take the key that it brought (RFC 8446, section 4.1.4)."""
    answered, asked = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, sent = server.context.wrap_bio(answered, asked, server_hostname="localhost"), b""
    with connect(server.port) as s:
        while True:
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                piece = asked.read()
                s.sendall(piece)
                sent += piece
                answered.write(receive(s, 20 * SLOW) or b"")
                continue
            break
    records = []
    while sent:
        length = 5 + int.from_bytes(sent[3:5], "big")
        records.append(sent[0])
        sent = sent[length:]
    return records.count(22)  # handshake, and not encrypted (RFC 8446, section 5.1)


def test_the_key_that_clients_bring_is_taken_at_once(secure):
    assert hellos(secure) == 1  # OpenSSL and browsers bring one for X25519


def test_http_1_1_is_agreed_on_and_no_session_is_resumed(secure):
    context = secure.authority.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with connect(secure.port, context=context) as s:
        assert s.selected_alpn_protocol() == "http/1.1"
        assert is_alive(s)
        assert not s.session.has_ticket and not s.session_reused


def test_http_on_the_port_of_https_is_closed_and_nobody_else_minds(secure):
    reply = raw(secure.port, GET, 10 * SLOW)
    assert reply.closed and 200 not in statuses(reply.data)
    assert raw(secure.port, b"\x00" * 3000, 10 * SLOW).closed
    assert secure.is_healthy()


# --- behind it everything is the same ----------------------------------------------


def test_hsts_is_said_over_tls_when_it_is_set(start_secure):
    server = start_secure(hsts="365d")
    for path in "/healthz", "/nowhere", "/admin/submissions":
        assert ask(server, "GET", path).headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in ask(start_secure(), "GET", "/healthz").headers


def test_big_bodies_pipelining_and_what_is_too_large(secure):
    large = {**ADA, "message": "x" * 5000, **{f"more{i}": "y" * 1000 for i in range(40)}}
    body = json.dumps(large).encode()
    head = b"POST /contact HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    one = head % len(body) + body
    got = raw(secure.port, one * 20 + GET, 60 * SLOW, 1 * SLOW, lambda data: len(statuses(data)) >= 21,
              context=secure.context)
    assert statuses(got.data) == [200] * 21
    many = raw(secure.port, GET * 500, 60 * SLOW, 1 * SLOW, lambda data: len(statuses(data)) >= 500, context=secure.context)
    assert statuses(many.data) == [200] * 500
    chunked = b"POST /contact HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    too_large = raw(secure.port, chunked + (b"1000\r\n" + b"z" * 4096 + b"\r\n") * 40, 30 * SLOW, context=secure.context)
    assert statuses(too_large.data) == [413] and too_large.closed
    announced = raw(secure.port, head % 10_000_000 + b"z" * 100_000, 30 * SLOW, context=secure.context)
    assert statuses(announced.data) == [413] and announced.closed


def test_the_panel_signs_in_and_the_rest_of_the_admin_api_knows_https(secure):
    assert secure.cli("user", "add", "ada", "--role", "owner", "--forms", "*", "--password-file", "-",
                      input="correct horse battery\n").returncode == 0
    browser, file = requests.Session(), str(secure.authority.file)
    answer = browser.post(secure.url + "/admin/session", json={"name": "ada", "password": "correct horse battery"},
                          headers={"Origin": secure.url}, verify=file, timeout=20 * SLOW)
    assert answer.status_code == 200, answer.text
    assert "__Host-contactd=" in answer.headers["Set-Cookie"] and "Secure" in answer.headers["Set-Cookie"]
    same = {"Origin": secure.url, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": answer.json()["csrf"]}
    made = browser.post(secure.url + "/admin/invitations", json={"name": "eve", "role": "reader", "forms": ["*"]}, headers=same, verify=file,
                        timeout=20 * SLOW)
    assert made.status_code in (200, 201), made.text
    assert secure.url in made.text, made.text
    # Without an Origin the server itself must know how it is reached.
    made = ask(secure, "POST", "/admin/invitations", json={"name": "bob", "role": "reader", "forms": ["*"]},
               auth=("ada", "correct horse battery"))
    assert made.status_code in (200, 201) and secure.url in made.text, made.text


def test_events_are_streamed_and_a_stop_ends_them(start_secure):
    server = start_secure()
    token = server.token()
    with connect(server.port, context=server.context) as s:
        s.sendall(f"GET /admin/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        data = b""

        def has(words):
            nonlocal data
            data += receive(s, 0.2) or b""
            return words in data

        wait_until(lambda: has(b"200 OK"), "no stream")
        sent = ask(server, "POST", "/contact", json=ADA).json()["id"]
        wait_until(lambda: has(sent.encode()), "no event")
        assert server.stop() == 0
        wait_until(lambda: receive(s, 0.2) == b"", "not ended")


def test_a_stop_under_load_loses_no_answer(start_secure):
    server = start_secure()
    token = server.token()
    acknowledged, is_over = [], threading.Event()

    def load():
        http = HTTPSConnection("localhost", server.port, context=server.context, timeout=20 * SLOW)
        while not is_over.is_set():
            try:
                http.request("POST", "/contact", json.dumps({**ADA, "message": os.urandom(8).hex()}),
                             {"Content-Type": "application/json"})
                reply = http.getresponse()
                acknowledged.append(json.loads(reply.read())["id"])
            except Exception:  # noqa: BLE001: it ends; what counts is what was acknowledged
                return

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(acknowledged) > 100, "no load")
    # Handshakes that hang must not hold up the end, nor crash it.
    hanging = [connect(server.port) for _ in range(20)]
    for s in hanging:
        s.sendall(HELLO)
    assert server.stop() == 0
    is_over.set()
    for thread in threads:
        thread.join()
    server.start()
    export = ask(server, "GET", "/admin/export?format=ndjson&state=all", headers={"Authorization": f"Bearer {token}"}).text
    assert set(acknowledged) <= {json.loads(line)["id"] for line in export.splitlines()}


# --- slow and broken handshakes -----------------------------------------------------


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("opening", [b"", HELLO[:1], HELLO, HELLO + b"\x00" * 100], ids=["nothing", "a byte", "a head", "more"])
def test_a_handshake_that_is_never_finished_is_cut_and_costs_nothing(start_secure, opening):
    server = start_secure(header_timeout=f"{HEADER}s")
    before, start = cpu_seconds(server.process.pid), time.monotonic()
    crowd = [connect(server.port) for _ in range(50)]
    for s in crowd:
        s.sendall(opening)
    with connect(server.port, context=server.context) as s:
        assert is_alive(s), "somebody else is not served meanwhile"
    for s in crowd:
        s.settimeout(30 * SLOW)
        assert s.recv(1) == b""
        s.close()
    seconds = time.monotonic() - start
    assert HEADER * 0.9 <= seconds
    # A thread that never sleeps would have used nearly all of it.
    assert cpu_seconds(server.process.pid) - before < 0.5 * HEADER, "it does not sleep"


def test_a_head_that_drips_in_after_the_handshake_is_cut(start_secure):
    server = start_secure(header_timeout=f"{HEADER}s")
    with connect(server.port, context=server.context) as s:
        start, is_closed = time.monotonic(), False
        s.sendall(b"GET / HTTP/1.1\r\nX: ")
        while not is_closed and time.monotonic() < start + 30 * SLOW:
            try:
                s.sendall(b"a")
            except OSError:
                break
            is_closed = receive(s, 0.2) == b""
    assert time.monotonic() - start < 30 * SLOW


def test_handshakes_in_pieces_of_a_byte_succeed(secure):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = secure.context.wrap_bio(incoming, outgoing, server_hostname="localhost")

    def step(action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    s.sendall(bytes([byte]))
                piece = receive(s, 10 * SLOW)
                assert piece
                incoming.write(piece)

    with connect(secure.port) as s:
        step(session.do_handshake)
        session.write(GET)
        assert statuses(step(lambda: session.read(10000))) == [200]


def test_connections_that_vanish_during_the_handshake_leave_nothing_behind(secure):
    for i in range(100):
        s = connect(secure.port)
        s.sendall(HELLO)
        if i % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    wait_until(lambda: metric(secure, "contactd_connections") <= 1, "they are still counted")


def hello(context):
    """How a client begins, whole."""
    outgoing = ssl.MemoryBIO()
    session = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


@contextmanager
def crowd_of_hellos(server, count):
    """Connections that have all said hello; the server looks at the first when the block is over."""
    crowd, word = [], hello(server.context)
    server.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.process.pid, os.WSTOPPED)
    try:
        for _ in range(count):
            crowd.append(connect(server.port))
            crowd[-1].sendall(word)
        yield crowd
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_nothing_is_signed_for_who_has_gone(secure):
    with crowd_of_hellos(secure, 100) as crowd:
        for s in crowd:
            s.close()
    wait_until(lambda: metric(secure, "contactd_tls_handshakes_deserted_total") >= 90, "they are answered")
    wait_until(lambda: metric(secure, "contactd_connections") <= 1, "they are still there")


def test_an_address_begins_so_many_handshakes_and_no_more(start_secure):
    server = start_secure(rate_limit="on", header_timeout="60s")

    def has_told():
        """Twice as many as may begin; on a machine so slow that they come back meanwhile, once more."""
        with crowd_of_hellos(server, 400) as crowd:
            pass
        for s in crowd:
            assert receive(s, 60 * SLOW) is not None, "neither answered nor closed"
            s.close()
        return server.log_lines("handshakes_refused")

    wait_until(has_told, "nobody is refused")
    assert len(server.log_lines("handshakes_refused")) == 1

    told = {}

    def is_in():
        try:
            text = ask(server, "GET", "/metrics").text
        except requests.ConnectionError:
            return False
        told.update(re.findall(r"^contactd_tls_handshakes_(\w+) (\d+)$", text, re.M))
        return True

    wait_until(is_in, "nobody gets in any more")
    assert int(told["total"]) > 200 and int(told["refused_total"]) >= 1, told


@pytest.mark.parametrize("options", [{}, {"rate_limit": "on", "trusted_proxies": "127.0.0.0/8"}], ids=["no limit", "a proxy"])
def test_who_brings_many_is_not_limited(start_secure, options):
    server = start_secure(header_timeout="60s", **options)
    with crowd_of_hellos(server, 400) as crowd:
        pass
    for s in crowd:
        assert receive(s, 60 * SLOW), "closed"
    for s in crowd:
        s.close()
    assert metric(server, "contactd_tls_handshakes_refused_total") == 0


# --- those that fail ------------------------------------------------------------------


def failed(server):
    text = ask(server, "GET", "/metrics").text
    found = re.findall(r'^contactd_tls_handshakes_failed_total\{reason="(\w+)"\} (\d+)$', text, re.M)
    return {reason: int(count) for reason, count in found}


def send_and_wait(server, data):
    """Until the server has had enough of it."""
    assert raw(server.port, data, 60 * SLOW).closed


def send_and_leave(server, data):
    with connect(server.port) as s:
        s.sendall(data)


def shake(server, context):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(server.port, context=context).close()


def leave_after_the_answer(server):
    with connect(server.port) as s:
        s.sendall(hello(server.context))
        assert receive(s, 60 * SLOW)


def old_client():
    return versions(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)


def client_without_a_common_cipher():
    context = versions(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES128-SHA:@SECLEVEL=0")
    return context


def client_that_trusts_nobody(version):
    context = ssl.create_default_context()
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("reason, how", [
    ("not_tls", lambda server: send_and_wait(server, GET)),
    ("not_tls", lambda server: send_and_wait(server, b"\x00" * 3000)),
    ("not_tls", lambda server: send_and_wait(server, b"SSH-2.0-OpenSSH_9.2\r\n")),
    ("hello", lambda server: send_and_wait(server, b"\x16\x03\x01\x00\x05hello" + b"\x00" * 100)),
    ("hello", lambda server: shake(server, old_client())),
    ("cipher", lambda server: shake(server, client_without_a_common_cipher())),
    ("client", lambda server: shake(server, client_that_trusts_nobody(ssl.TLSVersion.TLSv1_2))),
    ("client", lambda server: shake(server, client_that_trusts_nobody(ssl.TLSVersion.TLSv1_3))),
    ("client", lambda server: send_and_wait(server, [hello(server.context), b"\x15\x03\x03\x00\x02\x02\x30"])),
    ("closed", lambda server: send_and_leave(server, HELLO[:1])),
    ("closed", lambda server: send_and_leave(server, HELLO)),
    ("closed", leave_after_the_answer),
    ("timeout", lambda server: send_and_wait(server, HELLO)),
    ("timeout", lambda server: send_and_wait(server, b"\x16")),
    ("timeout", lambda server: send_and_wait(server, hello(server.context))),
], ids=lambda value: value if isinstance(value, str) else "")
def test_handshakes_that_fail_are_counted_by_reason_and_not_logged(start_secure, reason, how):
    server = start_secure(header_timeout=f"{HEADER}s" if reason == "timeout" else "60s")
    before = failed(server)
    assert before == dict.fromkeys(["not_tls", "hello", "cipher", "client", "closed", "timeout"], 0)
    lines = len([line for line in server.log_lines() if line["event"] != "request"])
    for _ in range(2):
        how(server)
    wait_until(lambda: sum(failed(server).values()) >= 2, "they are not counted")
    assert failed(server) == {**before, reason: 2}
    assert server.is_healthy()
    assert len([line for line in server.log_lines() if line["event"] != "request"]) == lines


def test_handshakes_that_succeed_or_never_begin_have_not_failed(start_secure):
    server = start_secure(header_timeout=f"{int(HEADER * max(SLOW, 1))}s")
    before = failed(server)
    connect(server.port).close()  # a balancer's look at the port
    silent = [connect(server.port)]
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        with connect(server.port, context=versions(version, version)) as s:
            assert is_alive(s)
        connect(server.port, context=versions(version, version)).close()
        silent.append(connect(server.port, context=versions(version, version)))
    for s in silent:
        assert receive(s, 60 * SLOW) == b"", "not cut for its silence"
        s.close()
    wait_until(lambda: metric(server, "contactd_connections") <= 1, "they are still there")
    assert failed(server) == before


# --- exchange -----------------------------------------------------------------------


class Load(threading.Thread):
    """Posts all the time, over one connection or over new ones; everything must succeed."""

    def __init__(self, server, is_kept):
        super().__init__(daemon=True)
        self.server, self.is_kept = server, is_kept
        self.done, self.count, self.failures = threading.Event(), 0, []

    def run(self):
        http = None
        while not self.done.is_set() and not self.failures:
            try:
                http = http or HTTPSConnection("localhost", self.server.port, context=self.server.context, timeout=20 * SLOW)
                http.request("POST", "/contact", json.dumps({**ADA, "message": os.urandom(8).hex()}),
                             {"Content-Type": "application/json"})
                reply = http.getresponse()
                reply.read()
                assert reply.status == 200
                self.count += 1
                if not self.is_kept:
                    http = http.close()
            except Exception as e:  # noqa: BLE001
                self.failures.append(repr(e))


@pytest.mark.parametrize("how", ["signal", "change"])
def test_a_renewed_certificate_is_served_without_a_failed_request(secure, how):
    load = [Load(secure, is_kept) for is_kept in (True, True, False, False)]
    with connect(secure.port, context=secure.context) as kept:
        for thread in load:
            thread.start()
        for _ in range(3):
            serial = secure.renew()
            if how == "signal":
                secure.process.send_signal(signal.SIGHUP)
            wait_until(lambda: serial_of(secure) == serial, "the old one is still served")
            assert is_alive(kept)
            counts = [thread.count for thread in load]
            wait_until(lambda: all(thread.failures or thread.count > n + 3 for thread, n in zip(load, counts)), "load stalls")
    for thread in load:
        thread.done.set()
    for thread in load:
        thread.join()
    assert [thread.failures for thread in load] == [[], [], [], []]
    assert metric(secure, "contactd_tls_reloads_total") >= 3


def test_links_that_are_swapped_are_followed(tmp_path, authority):
    """As certbot does it, under the sandbox: live/x/fullchain.pem -> ../../archive/x/fullchain1.pem."""
    live, archive = tmp_path / "live/x", tmp_path / "archive/x"
    live.mkdir(parents=True)
    archive.mkdir(parents=True)

    def issue(number):
        serial = authority.issue(archive / f"fullchain{number}.pem", archive / f"privkey{number}.pem")
        for name in "privkey", "fullchain":
            (live / "new").symlink_to(f"../../archive/x/{name}{number}.pem")
            os.rename(live / "new", live / f"{name}.pem")
        return serial

    server = TlsServer(tmp_path / "server", authority)
    server.options.update(tls_cert=live / "fullchain.pem", tls_key=live / "privkey.pem")
    first = issue(1)
    with running(server):
        assert serial_of(server) == first
        second = issue(2)
        wait_until(lambda: serial_of(server) == second, "the old one is still served")


def break_key(server):
    server.key.write_text("no key")


def break_pair(server):
    server.authority.issue(server.directory / "other.pem", server.key)


def break_certificate(server):
    server.certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


def break_by_absence(server):
    server.certificate.unlink()


@pytest.mark.parametrize("damage, reason", [(break_key, "key.pem: no private key"), (break_pair, "is not the key of"),
                                            (break_certificate, "certificate.pem: no chain"),
                                            (break_by_absence, "certificate.pem: No such file")])
def test_a_broken_pair_is_told_and_the_one_before_stays(secure, damage, reason):
    expiry = metric(secure, "contactd_tls_certificate_expiry_timestamp_seconds")
    serial = secure.serial
    damage(secure)
    secure.process.send_signal(signal.SIGHUP)
    wait_until(lambda: secure.log_lines("certificate_not_reloaded"), "nothing is said")
    assert reason in secure.log_lines("certificate_not_reloaded")[0]["reason"]
    assert serial_of(secure) == serial
    assert metric(secure, "contactd_tls_reloads_failed_total") >= 1
    assert metric(secure, "contactd_tls_certificate_expiry_timestamp_seconds") == expiry
    renewed = secure.renew(days=60)
    wait_until(lambda: serial_of(secure) == renewed, "the good one is not taken")
    assert metric(secure, "contactd_tls_certificate_expiry_timestamp_seconds") > expiry + 20 * 86400


def test_a_key_that_could_not_be_read_is_tried_again(secure):
    serial = secure.serial
    new = secure.directory / "new.pem", secure.directory / "new.key"
    renewed = secure.authority.issue(*new)
    new[1].chmod(0)
    os.rename(new[1], secure.key)
    os.rename(new[0], secure.certificate)
    wait_until(lambda: secure.log_lines("certificate_not_reloaded") or serial_of(secure) == renewed, "nothing is said")
    if serial_of(secure) == renewed:
        pytest.skip("root keeps its rights over files here")
    assert "let the user that contactd runs as read it" in secure.log_lines("certificate_not_reloaded")[-1]["reason"]
    assert serial_of(secure) == serial
    secure.key.chmod(0o400)
    wait_until(lambda: serial_of(secure) == renewed, "the key can be read, but is not")


def test_a_directory_that_was_closed_is_tried_again(tmp_path, authority):
    (tmp_path / "pair").mkdir()
    server = TlsServer(tmp_path / "server", authority)
    certificate, key = tmp_path / "pair/certificate.pem", tmp_path / "pair/key.pem"
    authority.issue(certificate, key)
    server.options.update(tls_cert=certificate, tls_key=key)
    with running(server):
        renewed = authority.issue(certificate, key)
        (tmp_path / "pair").chmod(0)
        wait_until(lambda: server.log_lines("certificate_not_reloaded") or serial_of(server) == renewed, "nothing is said")
        (tmp_path / "pair").chmod(0o700)
        wait_until(lambda: serial_of(server) == renewed, "the files can be read, but are not")


@pytest.mark.parametrize("begins, reason", [(-10 * 86400, "expired at"), (10 * 86400, "is not valid before")])
def test_a_good_pair_does_not_give_way_to_one_that_is_not_valid(secure, begins, reason):
    serial = secure.serial
    failed = metric(secure, "contactd_tls_reloads_failed_total")
    secure.renew(days=5, begins=time.time() + begins)
    wait_until(lambda: secure.log_lines("certificate_not_reloaded"), "nothing is said")
    assert reason in secure.log_lines("certificate_not_reloaded")[-1]["reason"]
    assert serial_of(secure) == serial
    assert metric(secure, "contactd_tls_reloads_failed_total") > failed
    renewed = secure.renew()
    wait_until(lambda: serial_of(secure) == renewed, "the good one is not taken")


def test_a_pair_that_was_too_early_is_taken_when_it_is_valid(secure):
    renewed = secure.renew(begins=time.time() + 6)
    wait_until(lambda: serial_of(secure) == renewed, "its time has come")


def test_a_pair_that_has_expired_is_served_at_a_start_and_gives_way(tmp_path, authority):
    server = TlsServer(tmp_path, authority)
    expired = authority.issue(server.certificate, server.key, days=5, begins=time.time() - 10 * 86400)
    server.context = client()
    with running(server):
        assert serial_of(server) == expired
        also = server.renew(days=6, begins=time.time() - 10 * 86400)
        wait_until(lambda: serial_of(server) == also, "it is no worse than the other")


def test_a_certificate_that_ends_soon_is_an_alarm_until_it_is_renewed(start_secure):
    server = start_secure(test_watch_ms=200)
    credential = {"Authorization": f"Bearer {server.token()}"}

    def alarms():
        return ask(server, "GET", "/admin/alarms", headers=credential).text

    assert "certificate" not in alarms()
    server.renew(days=2)
    wait_until(lambda: "certificate" in alarms(), "no alarm")
    server.renew(days=90)
    wait_until(lambda: "certificate" not in alarms(), "the alarm stays")


# --- from http to https -------------------------------------------------------------


def redirecting(server):
    wait_until(lambda: server.log_lines("redirecting"), "no word of it")
    return int(server.log_lines("redirecting")[0]["url"].rpartition(":")[2])


def by_http(port, method="GET", path="/a/b?c=d", host="localhost", body=None, headers={}):
    http = HTTPConnection("127.0.0.1", port, timeout=20 * SLOW)
    try:
        http.putrequest(method, path, skip_host=True)
        for value in host if isinstance(host, list) else [host]:
            http.putheader("Host", value)
        for name, value in headers.items():
            http.putheader(name, value)
        if body is not None:
            http.putheader("Content-Length", str(len(body)))
        http.endheaders(body)
        reply = http.getresponse()
        reply.read()
        return reply.status, reply.headers.get("Location")
    finally:
        http.close()


def test_everybody_is_sent_on_to_https(start_secure):
    server = start_secure(redirect_listen="127.0.0.1:0")
    port, home = redirecting(server), f"https://localhost:{server.port}"
    for method in "GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS":
        body = b"name=Ada" if method in ("PUT", "POST", "PATCH") else None
        assert by_http(port, method, body=body) == (308, home + "/a/b?c=d"), method
    assert by_http(port, path="//evil.example/%0d%0aX:%20y") == (308, home + "//evil.example/%0d%0aX:%20y")
    assert by_http(port, host=f"localhost:{port}") == (308, home + "/a/b?c=d")
    assert by_http(port, host="LOCALHOST")[1].lower() == home + "/a/b?c=d"
    assert by_http(port, host="127.0.0.1") == (308, f"https://127.0.0.1:{server.port}/a/b?c=d")
    assert by_http(port, "POST", body=b"x" * 1_000_000)[0] == 308
    long = by_http(port, path="/" + "x" * 4000)
    assert long in ((308, home + "/" + "x" * 4000), (431, None))
    assert by_http(port, path="/" + "x" * 9000)[0] in (414, 431)
    # What is followed arrives, a post too.
    sent = requests.post(f"http://localhost:{port}/contact", json=ADA, verify=str(server.authority.file), timeout=20 * SLOW)
    assert sent.status_code == 200 and sent.history[0].status_code == 308 and sent.url.startswith("https://")


@pytest.mark.parametrize("host", [
    "evil.example", "localhost.evil.example", "localhost@evil.example", "localhost/evil.example", "localhost\\evil.example",
    "localhost#evil", "localhost?evil", "localhost:80@evil.example", "localhost:x", "localhost%2eevil.example", "", " ", "[::1]",
    "[localhost]", "[127.0.0.1]x", "127.0.0.1.evil.example", "0x7f.1", "localhost\tevil", ["localhost", "evil.example"],
    ["evil.example", "localhost"], "*", "*.example", "localhost,evil.example", "l\xf6calhost", "127.1"])
def test_nobody_is_sent_to_a_stranger(redirector, host):
    status, location = by_http(redirector, host=host)
    assert status == 400 and location is None, (status, location)


@pytest.fixture(scope="module")
def redirector(tmp_path_factory, authority):
    with running(TlsServer(tmp_path_factory.mktemp("redirect"), authority, redirect_listen="127.0.0.1:0")) as server:
        yield redirecting(server)


def test_heads_that_hide_something_are_refused_there_too(redirector):
    for head in (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n X: y\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: localhost\r\nLocation\x00: z\r\n\r\n", b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        reply = raw(redirector, head, 30 * SLOW, 1 * SLOW, statuses)
        assert 308 not in statuses(reply.data), head


@pytest.mark.parametrize("url, origin", [
    ("https://forms.example", "https://forms.example"), ("https://Forms.Example:8443/some/path", "https://Forms.Example:8443"),
    ("https://[2001:db8::1]", "https://[2001:db8::1]"), ("https://[2001:db8::1]:8443/path", "https://[2001:db8::1]:8443")])
def test_public_url_says_where_to(start_secure, url, origin):
    server = start_secure(redirect_listen="127.0.0.1:0", public_url=url)
    for host in "localhost", "evil.example", "[::1]:80":
        assert by_http(redirecting(server), host=host) == (308, origin + "/a/b?c=d")


def test_a_public_url_of_plain_http_leads_nowhere(start_secure):
    server = start_secure(redirect_listen="127.0.0.1:0", public_url="http://forms.example")
    assert by_http(redirecting(server)) == (308, f"https://localhost:{server.port}/a/b?c=d")
    assert by_http(redirecting(server), host="forms.example") == (400, None)


def test_the_redirecting_port_is_drained_and_limited(start_secure):
    server = start_secure(redirect_listen="127.0.0.1:0", header_timeout=f"{HEADER}s")
    port = redirecting(server)
    crowd = [connect(port) for _ in range(100)]
    assert ask(server, "POST", "/contact", json=ADA).status_code == 200
    assert server.stop() == 0
    for s in crowd:
        s.close()


# --- verbs and options --------------------------------------------------------------


def test_verbs_reach_a_server_that_speaks_tls(secure):
    assert secure.cli("healthcheck").returncode == 0
    doctor = json.loads(secure.cli("doctor", "--json").stdout)
    checks = {check["name"]: check for check in doctor["checks"]}
    assert "contactd" in checks["port"]["text"] and checks["port"]["level"] == "ok"
    assert checks["certificate"]["level"] == "ok", checks["certificate"]
    assert "localhost" in checks["certificate"]["text"] and "127.0.0.1" in checks["certificate"]["text"]
    assert secure.cli("form", "add", "shop").returncode == 0


def certificate_check(server, **change):
    server.options.update(change)
    checks = {check["name"]: check for check in json.loads(server.cli("doctor", "--json").stdout)["checks"]}
    return checks["certificate"]


def test_doctor_finds_what_is_wrong_with_a_certificate(tmp_path, authority):
    server = TlsServer(tmp_path, authority)
    authority.issue(server.certificate, server.key, days=5)
    found = certificate_check(server)
    assert found["level"] == "warning" and re.search(r"\b[45] days", found["text"]), found
    found = certificate_check(server, public_url="https://forms.example")
    assert found["level"] == "problem" and "forms.example" in found["text"], found
    break_pair(server)
    found = certificate_check(server)
    assert found["level"] == "problem" and "not the key" in found["text"], found
    found = certificate_check(Server(tmp_path / "without"))
    assert found["level"] == "ok", found


def test_doctor_holds_the_certificate_against_public_url_however_it_is_written(tmp_path, authority):
    server = TlsServer(tmp_path, authority)
    authority.issue(server.certificate, server.key, names="DNS:forms.example,IP:127.0.0.1,IP:2001:db8::1")
    for url in ("https://forms.example", "https://FORMS.example:8443/some/path", "https://127.0.0.1", "https://[2001:db8::1]",
                "https://[2001:DB8:0::1]:8443/path", ""):
        found = certificate_check(server, public_url=url)
        assert found["level"] == "ok", (url, found)
    for url, host in (("https://www.forms.example", "www.forms.example"), ("https://[2001:db8::2]:8443", "2001:db8::2"),
                      ("https://127.0.0.2", "127.0.0.2"), ("https://forms.example.example/forms.example", "forms.example.example")):
        found = certificate_check(server, public_url=url)
        assert found["level"] == "problem" and f"not for {host} of public-url" in found["text"], (url, found)


@pytest.mark.parametrize("url", ["https://forms.example.", "https://user@forms.example", "https://forms.example:", "https://", "https://[::1"])
def test_a_public_url_that_two_readers_could_read_differently_is_refused(tmp_path, authority, url):
    done = TlsServer(tmp_path, authority, public_url=url).cli("check-config")
    assert done.returncode == 3 and "public-url" in done.stderr.lower().replace("_", "-") and "https://HOST" in done.stderr, done.stderr


def test_doctor_advises_keys_that_are_fast(tmp_path, authority):
    server = TlsServer(tmp_path, authority)
    found = certificate_check(server)
    assert found["level"] == "ok" and "RSA" not in found["text"], found
    authority.issue(server.certificate, server.key, kind=["rsa:3072"])
    found = certificate_check(server)
    assert found["level"] == "ok" and "ECDSA P-256" in found["text"], found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read what the server cannot")
def test_doctor_as_root_finds_files_that_the_server_may_not_read(authority):
    with tempfile.TemporaryDirectory(prefix="contactd-", dir="/tmp") as name:
        home = pathlib.Path(name)
        home.chmod(0o755)
        (home / "data").mkdir()
        os.chown(home / "data", 65534, 65534)
        server = TlsServer(home, authority, database=home / "data/contactd.db")
        server.certificate.chmod(0o644)
        for owner, group, mode, level in [(0, 0, 0o600, "problem"), (65534, 0, 0o400, "ok"), (0, 65534, 0o640, "ok"), (0, 0, 0o640, "problem")]:
            os.chown(server.key, owner, group)
            server.key.chmod(mode)
            found = certificate_check(server)
            assert found["level"] == level, (owner, group, mode, found)
        assert str(server.key) in found["text"] and "install -o nobody" in found["remedy"], found


@pytest.mark.parametrize("options, complaint", [
    (["--tls-cert", "CERT"], "tls-key"), (["--tls-key", "KEY"], "tls-cert"), (["--hsts", "1d"], "tls-cert"),
    (["--redirect-listen", ":8080"], "tls-cert"), (["--tls-cert", "CERT", "--tls-key", "CERT"], "no private key"),
    (["--tls-cert", "KEY", "--tls-key", "KEY"], "no chain"), (["--tls-cert", "/nowhere.pem", "--tls-key", "KEY"], "/nowhere.pem"),
    (["--tls-cert", "CERT", "--tls-key", "OTHER"], "is not the key"), (["--tls-cert", "CERT", "--tls-key", "LOCKED"], "password"),
    (["--tls-cert", "/dev/zero", "--tls-key", "KEY"], "not a file")])
def test_what_does_not_go_together_is_refused_by_serve_and_check_config(tmp_path, authority, options, complaint):
    files = {name: tmp_path / name for name in ("CERT", "KEY", "OTHER", "LOCKED")}
    authority.issue(tmp_path / "unused", files["OTHER"])
    authority.issue(files["CERT"], files["KEY"])
    openssl("ec", "-in", files["KEY"], "-aes128", "-passout", "pass:secret", "-out", files["LOCKED"], cwd=tmp_path)
    options = [str(files.get(option, option)) for option in options]
    for verb in "serve", "check-config":
        done = subprocess.run([default_binary(), verb, "--listen", "127.0.0.1:0", *options], cwd=tmp_path, capture_output=True,
                              text=True, timeout=30 * SLOW)
        assert done.returncode == 3 and complaint in done.stderr, (verb, done.stderr)
