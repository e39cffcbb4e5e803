# SPDX-License-Identifier: MIT
"""Live events: what is told to whom, what happens to streams that nobody reads, and what many of them cost."""
import base64
import json
import os
import resource
import socket
import struct
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
import requests

from harness import SLOW, connect

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}
MANY = int(os.environ.get("CONTACTD_TEST_STREAMS", "500"))


def post(server, form="", **change):
    answer = requests.post(f"{server.url}/contact{'/' + form if form else ''}", json={**ADA, **change}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


class Stream:
    """One client of /admin/events over a bare socket: HTTP/1.1, chunked. `token` may be a whole header instead."""

    def __init__(self, server, token, last_id=None, version="1.1"):
        self.socket = connect(server.port)
        more = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        credential = token if ": " in token else f"Authorization: Bearer {token}"
        self.socket.sendall(f"GET /admin/events HTTP/{version}\r\nHost: x\r\n{credential}\r\n{more}\r\n".encode())
        self.data, self.events, self.is_closed = b"", [], False

    def read(self, seconds):
        """Whether anything came; b"" from the socket marks the end."""
        self.socket.settimeout(max(seconds, 0.01))
        try:
            piece = self.socket.recv(65536)
        except (TimeoutError, socket.timeout):
            return False
        except ConnectionError:
            piece = b""
        self.is_closed = not piece
        self.data += piece
        return bool(piece)

    def text(self):
        head, _, body = self.data.partition(b"\r\n\r\n")
        if b"chunked" not in head.lower():
            return body.decode()
        text = b""
        while b"\r\n" in body:
            size, _, body = body.partition(b"\r\n")
            length = int(size, 16)
            text, body = text + body[:length], body[length + 2:]
        return text.decode()

    def blocks(self):
        """(event, data, id) of each complete block so far."""
        result = []
        for block in self.text().split("\n\n")[:-1]:
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            result.append((lines.get("event"), json.loads(lines["data"]) if "data" in lines else None, lines.get("id")))
        return result

    def wait(self, is_enough, seconds=10):
        end = time.monotonic() + seconds * SLOW
        while not is_enough(self.blocks()) and time.monotonic() < end and not self.is_closed:
            self.read(end - time.monotonic())
        found = self.blocks()
        assert is_enough(found), found
        return found

    def started(self):
        self.wait(lambda blocks: blocks)
        return self

    def is_admitted(self):
        """Whether there is a stream; else somebody has said no."""
        while b"\r\n\r\n" not in self.data and not self.is_closed:
            self.read(10 * SLOW)
        return self.data.startswith(b"HTTP/1.1 200")

    def ends_by(self, end):
        """Whether the last chunk came; the connection may stay."""
        while not self.data.endswith(b"\r\n0\r\n\r\n") and not self.is_closed and time.monotonic() < end:
            self.read(end - time.monotonic())
        return self.data.endswith(b"\r\n0\r\n\r\n")

    def close(self):
        self.socket.close()


@contextmanager
def watching(server, token, count=1, **options):
    """`token` may be several, which take turns: one account has a quarter of the places at most."""
    tokens = [token] if isinstance(token, str) else token
    streams = [Stream(server, tokens[i % len(tokens)], **options) for i in range(count)]
    try:
        yield streams[0] if count == 1 else streams
    finally:
        for stream in streams:
            stream.close()


def names(blocks):
    return [name for name, _, _ in blocks if name]


def test_a_message_and_its_change_are_told(server):
    token = server.token("write")
    with watching(server, token) as stream:
        stream.started()
        identity = post(server, "shop")
        (found,) = [b for b in stream.wait(lambda b: "submission" in names(b)) if b[0] == "submission"]
        assert found[1] == {"id": identity, "form": "shop", "state": "new"}
        answer = requests.patch(f"{server.url}/admin/submissions/{identity}", json={"state": "archived"}, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 200
        (found,) = [b for b in stream.wait(lambda b: "change" in names(b)) if b[0] == "change"]
        assert (found[1]["ids"], found[1]["form"], found[1]["state"]) == ([identity], "shop", "archived")
        assert b"content-type: text/event-stream" in stream.data.lower()
        assert b"hello" not in stream.data.lower().partition(b"\r\n\r\n")[2]  # never what a message says


def test_a_form_that_changes_is_told(server):
    token = server.token("manage")
    with watching(server, token) as stream:
        stream.started()
        headers = {"Authorization": f"Bearer {token}"}
        assert requests.put(f"{server.url}/admin/forms/shop", json={"title": "Shop"}, headers=headers, timeout=10).status_code == 200
        assert [b[1] for b in stream.wait(lambda b: names(b)) if b[0]] == [{"name": "shop"}]


def test_http_1_0_gets_the_same_without_chunks(server):
    with watching(server, server.token(), version="1.0") as stream:
        stream.started()
        post(server)
        assert names(stream.wait(lambda b: names(b))) == ["submission"]
        assert b"chunked" not in stream.data


def test_a_stream_resumes_and_a_gap_is_told(server):
    token = server.token()
    with watching(server, token) as stream:
        stream.started()
        first = post(server, message="one")
        last_id = stream.wait(lambda b: names(b))[-1][2]
    second, third = post(server, message="two"), post(server, message="three")
    with watching(server, token, last_id=last_id) as stream:
        found = [b for b in stream.wait(lambda b: len(names(b)) == 2) if b[0]]
        assert [b[1]["id"] for b in found] == [second, third] and first not in stream.text()
    for foreign in ("00000000-1", "nonsense", last_id[:-1], last_id + "A", "A" * len(last_id), last_id[::-1], "x" * 500):
        with watching(server, token, last_id=foreign) as stream:
            assert names(stream.wait(lambda b: names(b))) == ["reset"], foreign


def test_a_ring_that_has_gone_round_is_a_gap(server):
    token = server.token()
    with watching(server, token) as stream:
        first = stream.started().blocks()[0][2]
    with requests.Session() as session:
        for i in range(1030):
            session.post(server.url + "/contact", json={**ADA, "message": f"number {i}"}, timeout=10)
    with watching(server, token, last_id=first) as stream:
        assert names(stream.wait(lambda b: names(b)))[0] == "reset"


def narrow_token(server, forms):
    """A token that is bound to these forms."""
    done = server.cli("token", "add", "narrow", "--scope", "read", "--forms", forms)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_only_forms_of_the_scope_are_told(server):
    with watching(server, narrow_token(server, "shop")) as stream:
        stream.started()
        post(server, "other")
        identity = post(server, "shop")
        found = [b for b in stream.wait(lambda b: names(b)) if b[0]]
        assert [b[1]["id"] for b in found] == [identity]


def test_without_credentials_or_with_parameters_there_is_no_stream(server):
    assert requests.get(server.url + "/admin/events", timeout=10).status_code == 401
    headers = {"Authorization": f"Bearer {server.token()}"}
    assert requests.get(server.url + "/admin/events?form=x", headers=headers, timeout=10).status_code == 400
    answer = requests.head(server.url + "/admin/events", headers=headers, timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/event-stream"


def test_who_may_no_longer_watch_does_not(server):
    done = server.cli("token", "add", "short-lived", "--scope", "read", "--forms", "*")
    with watching(server, done.stdout.strip()) as stream:
        stream.started()
        assert server.cli("token", "revoke", "short-lived").returncode == 0
        post(server)
        stream.read(5 * SLOW)
        assert names(stream.blocks()) == []
        with watching(server, done.stdout.strip()) as again:
            again.read(5 * SLOW)
            assert again.data.startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("path", ["/admin/events", "/admin/export"])
def test_nothing_follows_the_head_that_was_asked_for(server, path):
    """Not even the chunk that ends all others: the next answer would be read with it."""
    with connect(server.port) as s:
        s.settimeout(10 * SLOW)
        s.sendall(f"HEAD {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token()}\r\n\r\n".encode())
        data = b""
        while piece := s.recv(65536):
            data += piece
    head, end, rest = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and end and not rest, data


def end_is_logged(server, count, seconds=10):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        lines = [line for line in server.log_lines("request") if line.get("route") == "event_stream"]
        if len(lines) >= count:
            return lines
        time.sleep(0.05)
    raise AssertionError(lines)


def test_who_leaves_is_noticed_and_logged_once(server):
    with watching(server, server.token(), 5) as streams:
        for stream in streams:
            stream.started()
    lines = end_is_logged(server, 5)
    time.sleep(0.7)
    lines = end_is_logged(server, 5)
    assert len(lines) == 5 and {line["decision"] for line in lines} == {"watched"}
    assert all(line["bytesOut"] > 0 for line in lines)


def test_who_takes_nothing_any_more_is_cut(start):
    server = start(reply_timeout="2s")
    token = server.token()
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.connect(("127.0.0.1", server.port))
        s.sendall(f"GET /admin/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        assert s.recv(64).startswith(b"HTTP/1.1 200")
        end, number = time.monotonic() + 20 * SLOW, 0
        with requests.Session() as session:  # and the messages do not mind
            while time.monotonic() < end and not [line for line in server.log_lines("request") if line.get("route") == "event_stream"]:
                for number in range(number + 1, number + 20):
                    assert session.post(server.url + "/contact", json={**ADA, "message": f"number {number}"}, timeout=10).status_code == 200
        assert time.monotonic() < end


def test_half_of_the_connections_may_watch(start):
    server = start(max_connections=8)
    tokens = [server.token() for _ in range(5)]
    token = tokens.pop()
    with watching(server, tokens, 4) as streams:
        for stream in streams:
            stream.started()
        answer = requests.get(server.url + "/admin/events", headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
        post(server)
    end_is_logged(server, 5)
    with watching(server, token) as stream:
        stream.started()


def test_a_stop_is_not_delayed_by_streams(server):
    with watching(server, server.token(), 20) as streams:
        for stream in streams:
            stream.started()
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 3 * SLOW
        for stream in streams:
            while stream.read(2 * SLOW):
                pass
            assert stream.is_closed and stream.data.endswith(b"0\r\n\r\n")  # a clean end, not a cut one


def test_comings_and_goings_while_messages_arrive(server):
    """Watchers that come, read a little and vanish, in the middle of everything; for the sanitizers most of all."""
    token, failed = server.token(), []
    stop = time.monotonic() + 3

    def come_and_go(number):
        try:
            while time.monotonic() < stop:
                with watching(server, token) as stream:
                    stream.read(0.05 * (number % 4))
        except OSError as error:
            failed.append(error)

    def keep_posting(number):
        i = 0
        while time.monotonic() < stop:
            i += 1
            post(server, f"form{number}", message=f"{number} {i}")

    threads = [threading.Thread(target=come_and_go, args=(n,)) for n in range(8)]
    threads += [threading.Thread(target=keep_posting, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with admitted(server, token) as stream:
        post(server)
        stream.wait(lambda b: names(b))


@contextmanager
def admitted(server, token, seconds=60):
    """A stream, as soon as there is a place for it."""
    end = time.monotonic() + seconds * SLOW
    stream = Stream(server, token)
    while not stream.is_admitted():
        assert b" 429 " in stream.data[:20] and time.monotonic() < end, stream.data
        stream.close()
        time.sleep(0.05)
        stream = Stream(server, token)
    try:
        yield stream
    finally:
        stream.close()


def leave(stream, how):
    """The ways to go: just so, with one's own end first, and with a reset."""
    if how == 1:
        stream.socket.shutdown(socket.SHUT_WR)
    if how == 2:
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def test_who_has_gone_leaves_no_place_taken(start):
    server = start(max_connections=1600)  # 800 places for streams, 200 of them for one account
    token = server.token()
    for number in range(1000):
        with admitted(server, token) as stream:
            leave(stream, number % 3)
        if number % 10 == 0:
            leave(Stream(server, token), number % 3)  # before it was answered
    with requests.Session() as session:
        for _ in range(300):
            assert session.head(server.url + "/admin/events", headers={"Authorization": f"Bearer {token}"}, timeout=10 * SLOW).status_code in (200, 429)
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(admitted(server, token))
        one_more = Stream(server, token)
        assert not one_more.is_admitted() and b"account_busy" in one_more.data
        one_more.close()


def basic(name):
    return "Authorization: Basic " + base64.b64encode(f"{name}:correct horse".encode()).decode()


def add_user(server, name, role="manager"):
    done = server.cli("user", "add", name, "--role", role, "--forms", "*", "--password-file", "-", input="correct horse\n")
    assert done.returncode == 0, done.stderr
    return basic(name)


def add_token(server, name, scope="read"):
    done = server.cli("token", "add", name, "--scope", scope, "--forms", "*")
    assert done.returncode == 0, done.stderr
    return "Authorization: Bearer " + done.stdout.strip()


def session_of(server, name):
    """A session's cookie as a header, and what its changes need."""
    answer = requests.post(server.url + "/admin/session", json={"name": name, "password": "correct horse"}, timeout=20 * SLOW)
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    return "Cookie: " + cookie, {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf"], "Sec-Fetch-Site": "same-origin"}


def test_each_account_has_its_own_places(start):
    """With one place for each: a user and a token of the same name are two, a user's sessions and password are one."""
    server = start(max_connections=8)
    user, token, other = add_user(server, "ci"), add_token(server, "ci"), add_token(server, "ci2")
    session, _ = session_of(server, "ci")
    with watching(server, user) as by_password, watching(server, token) as by_token, watching(server, other) as by_other:
        assert by_password.is_admitted() and by_token.is_admitted() and by_other.is_admitted()
        for credential in (user, session, token, other):
            with watching(server, credential) as refused:
                assert not refused.is_admitted() and b'"account_busy"' in refused.data and b"retry-after:" in refused.data.lower()
    with admitted(server, session), watching(server, user) as refused:
        assert not refused.is_admitted()


ENDS = {
    "a token that is revoked": ("token", lambda server, call: call("DELETE", "/admin/tokens/ci")),
    "by the command line": ("token", lambda server, call: server.cli("token", "revoke", "ci")),
    "a user who is removed": ("user", lambda server, call: call("DELETE", "/admin/users/ci")),
    "removed by the command line": ("user", lambda server, call: server.cli("user", "remove", "ci")),
    "a user who may do less": ("user", lambda server, call: call("PATCH", "/admin/users/ci", json={"role": "reader", "forms": ["shop"]})),
    "less by the command line": ("user", lambda server, call: server.cli("user", "set", "ci", "--forms", "shop")),
    "another password": ("user", lambda server, call: call("PATCH", "/admin/users/ci", json={"password": "battery staple"})),
    "a session that signs out": ("session", lambda server, call: call("DELETE", "/admin/session")),
    "a session that is ended": ("session", lambda server, call: call("DELETE", "/admin/sessions/" + call("GET", "/admin/sessions").json()["sessions"][0]["id"])),
}


@pytest.mark.parametrize("case", ENDS)
def test_an_account_that_is_changed_ends_its_own_streams_at_once_and_no_others(server, case):
    """Idle ones, long before the comment that they are due in 15 seconds."""
    kind, change = ENDS[case]
    headers = {"Authorization": "Bearer " + server.token("manage")}
    # Two names in a thousand meet in one place of signin's, and end together: these never do.
    user, token, stays = add_user(server, "ci"), add_token(server, "ci"), add_token(server, "stays")
    credential = {"user": user, "token": token}.get(kind)
    if kind == "session":
        credential, headers = session_of(server, "ci")
    namesake = token if kind != "token" else user
    with watching(server, [credential, namesake, stays], 3) as (ends, other, third):
        assert ends.is_admitted() and other.is_admitted() and third.is_admitted()
        end = time.monotonic() + 10

        def call(method, path, **options):
            answer = requests.request(method, server.url + path, headers=headers, timeout=20 * SLOW, **options)
            assert answer.status_code in (200, 204), answer.text
            return answer

        done = change(server, call)
        assert getattr(done, "returncode", 0) == 0
        assert ends.ends_by(max(end, time.monotonic() + 2 * SLOW))
        post(server)
        for stream in (other, third):
            assert names(stream.wait(lambda b: names(b))) == ["submission"] and not stream.is_closed


def test_ids_of_events_tell_nothing(server):
    token = server.token()
    with watching(server, token, 2) as (first, second):
        starts = [stream.started().blocks()[0][2] for stream in (first, second)]
        post(server)
        found = [stream.wait(lambda b: names(b))[-1][2] for stream in (first, second)]
    assert len({*starts, *found}) == 4 and {len(one) for one in starts + found} == {48}
    with watching(server, token, last_id=starts[1]) as third:
        assert names(third.wait(lambda b: names(b))) == ["submission"]
    with watching(server, token, last_id=found[0]) as fourth:
        second_id = post(server, message="another")
        assert [b[1]["id"] for b in fourth.wait(lambda b: names(b)) if b[0]] == [second_id]


def test_what_others_forms_have_to_tell_is_no_loss(server):
    """Neither for who is there meanwhile nor for who comes back: a reset would say how busy the others are."""
    narrow = narrow_token(server, "shop,quiet")
    with watching(server, narrow) as stays, watching(server, narrow) as stream:
        first = stream.started().blocks()[0][2]
        stays.started()
        stream.close()
        with requests.Session() as session:
            for i in range(1030):
                assert session.post(server.url + "/contact/other", json={**ADA, "message": f"number {i}"}, timeout=10).status_code == 200
        identity = post(server, "shop")
        found = stays.wait(lambda b: names(b))
        assert names(found) == ["submission"] and found[-1][1]["id"] == identity
        with watching(server, narrow, last_id=first) as again:
            found = again.wait(lambda b: names(b))
            assert names(found) == ["submission"] and found[-1][1]["id"] == identity
        with requests.Session() as session:
            for i in range(1030):
                session.post(server.url + "/contact/other", json={**ADA, "message": f"late {i}"}, timeout=10)
        with watching(server, narrow, last_id=first) as again:  # now one of its own is gone
            assert names(again.wait(lambda b: names(b))) == ["reset"]


def rss_kib(server):
    for line in open(f"/proc/{server.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def test_many_streams_are_cheap_and_all_are_told(start):
    """CONTACTD_TEST_STREAMS=5000 is the promise: 64 MB for all of it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = start(max_connections=2 * MANY + 100)
    tokens = [server.token() for _ in range(4)]
    before = rss_kib(server)
    with watching(server, tokens, MANY) as streams:
        for stream in streams:
            stream.started()
        idle = rss_kib(server)
        began = time.monotonic()
        identity = post(server)
        for stream in streams:
            stream.wait(lambda b: names(b), 30)
            assert identity in stream.text()
        seconds, after = time.monotonic() - began, rss_kib(server)
        print(f"{MANY} streams: {before} KiB before, {idle} open, {after} after an event, told in {seconds:.2f} s; {(after - before) / MANY:.1f} KiB each")
        if SLOW == 1:  # sanitizers have a memory of their own
            assert after <= before + 4096 + 11 * MANY
            assert MANY < 5000 or after <= 64 * 1024
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
