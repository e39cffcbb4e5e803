# SPDX-License-Identifier: MIT
"""Clients that are slow, silent or endless are cut at absolute deadlines, and everybody else is served all along.

libmicrohttpd's own timeout measures idleness: a byte now and then keeps a connection for ever. These tests drip.
"""
import select
import socket
import threading
import time

import pytest
import requests

from harness import SLOW, Reply, Server, connect, raw, receive, running
from vector import statuses

# The server's deadlines in seconds, and how much later than that a cut may be seen.
HEADER, BODY, REPLY, IDLE = 2, 3, 3, 3
GRACE = 3 * SLOW
TICK = 0.5

HEAD = b"POST /contact HTTP/1.1\r\nHost: contactd.local\r\nContent-Type: application/json\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: contactd.local\r\n\r\n"
SUBMISSION = {"name": "Ada", "email": "ada@example.org", "message": "hello"}
BODY_CEILING = 64 * 1024


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory):
    with running(Server(tmp_path_factory.mktemp("slow"), header_timeout=f"{HEADER}s", body_timeout=f"{BODY}s",
                        reply_timeout=f"{REPLY}s", idle_timeout=f"{IDLE}s")) as server:
        yield server


class Bystander(threading.Thread):
    """A normal client that asks and submits the whole time."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.done = url, threading.Event()
        self.failures, self.seconds = [], []

    def run(self):
        while not self.done.is_set():
            for ask in (self.look, self.submit):
                start = time.monotonic()
                try:
                    answer = ask()
                    if answer.status_code != 200:
                        self.failures.append(answer.text)
                except requests.RequestException as e:
                    self.failures.append(repr(e))
                self.seconds.append(time.monotonic() - start)
            time.sleep(0.05)

    def look(self):
        return requests.get(self.url + "/healthz", timeout=10 * SLOW)

    def submit(self):
        return requests.post(self.url + "/contact", json=SUBMISSION, timeout=10 * SLOW)


@pytest.fixture
def port(slow_server):
    """The port of a server that somebody else uses at the same time, and must go on serving them."""
    bystander = Bystander(slow_server.url)
    bystander.start()
    yield slow_server.port
    bystander.done.set()
    bystander.join()
    assert not bystander.failures, bystander.failures[:3]
    assert bystander.seconds and max(bystander.seconds) < 2 * SLOW, "a normal client had to wait"


def drip(port, opening, drop, patience):
    """Sends `opening`, then `drop` at every tick, until the server closes or patience ends."""
    got, start = b"", time.monotonic()
    with connect(port) as s:
        s.sendall(opening)
        while time.monotonic() - start < patience:
            piece = receive(s, TICK)
            if piece == b"":
                return Reply(got, True, time.monotonic() - start)
            got += piece or b""
            try:
                if piece is None and drop:
                    s.sendall(drop)
            except OSError:
                return Reply(got, True, time.monotonic() - start)
    return Reply(got, False, patience)


@pytest.mark.parametrize("opening, drop, deadline", [
    pytest.param(b"", b"", HEADER, id="nothing-at-all"),
    pytest.param(b"GET /", b"a", HEADER, id="request-line"),
    pytest.param(b"GET /healthz HTTP/1.1\r\nX-Drip: ", b"a", HEADER, id="header-value"),
    pytest.param(b"GET /healthz HTTP/1.1\r\n", b"a: b\r\n", HEADER, id="header-after-header"),
    pytest.param(b"\r\n", b"\r\n", HEADER, id="blank-lines"),
    pytest.param(GET, b"", IDLE, id="nothing-after-an-answer"),
    pytest.param(GET + b"GET /", b"a", max(HEADER, IDLE), id="second-request-line"),
    pytest.param(HEAD + b"Content-Length: 100\r\n\r\n{", b"a", BODY + 1, id="body"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", BODY, id="chunks"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a", BODY, id="chunk-extension"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n", BODY, id="trailers"),
    pytest.param(HEAD + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n", b"", BODY + 1, id="permission-unused"),
    pytest.param(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n", b"a", BODY + 1,
                 id="body-that-nobody-wants"),
])
def test_drip_is_cut(port, opening, drop, deadline):
    reply = drip(port, opening, drop, deadline + GRACE + 2)
    assert reply.closed, "still open"
    assert reply.seconds <= deadline + GRACE
    accepted = 1 if opening.startswith(GET) else 0
    assert sum(code < 400 for code in statuses(reply.data)) == accepted, reply.data


def test_crowd_of_unfinished_heads_is_cut(port):
    start = time.monotonic()
    crowd = [connect(port) for _ in range(400)]
    for s in crowd:
        s.sendall(b"GET /healthz HTTP/1.1\r\nX-Drip: ")
    opened, waiting = time.monotonic(), set(crowd)
    while waiting and time.monotonic() < opened + HEADER + GRACE:
        for s in select.select(list(waiting), [], [], 0.2)[0]:
            if receive(s, 0) == b"":
                waiting.discard(s)
    for s in crowd:
        s.close()
    assert not waiting, f"{len(waiting)} of {len(crowd)} still open {time.monotonic() - start:.1f} s after connecting"


def test_reader_that_never_reads_is_cut(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", port))
        s.setblocking(False)
        # Answers pile up until the server can write no more; then it reads no more, and we cannot send.
        while select.select([], [s], [], 1)[1]:
            try:
                s.send(GET * 100)
            except ConnectionError:
                break
        stuck = time.monotonic()
        poll = select.poll()
        poll.register(s, 0)  # nothing but the end of the connection
        events = poll.poll((REPLY + GRACE) * 1000)
        assert events, f"not cut {time.monotonic() - stuck:.1f} s after the server got stuck"


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"], ids=["body-follows", "asks-first"])
def test_ten_gigabytes_are_declined_unread(port, expect):
    body = b"" if expect else b"x" * 4096
    reply = raw(port, HEAD + b"Content-Length: 9999999999\r\n" + expect + b"\r\n" + body, HEADER + GRACE)
    assert statuses(reply.data) in ([413], [417]), reply.data
    assert b" 100 " not in reply.data, "invited to send"
    assert reply.closed


def test_endless_chunks_are_cut_at_the_ceiling(port):
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    with connect(port) as s:
        s.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        sent, answer = 0, None
        # Slow enough for the server to keep up, so that what was sent is what it has read.
        while answer is None and sent < 2 * BODY_CEILING:
            s.sendall(chunk)
            sent += 4096
            answer = receive(s, 0.02 * SLOW)
        # It has had twice the ceiling at most. Now it answers without asking for more.
        answer = answer or receive(s, GRACE)
        assert answer and statuses(answer) == [413], f"after {sent} bytes: {answer!r}"
        assert sent > BODY_CEILING, "cut before the ceiling"
        # And a client that does not listen finds the connection gone.
        end = time.monotonic() + BODY + GRACE
        with pytest.raises(ConnectionError):
            while time.monotonic() < end:
                s.sendall(chunk)
                time.sleep(0.01)
