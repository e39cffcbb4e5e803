# SPDX-License-Identifier: MIT
"""Upgrades under load, the socket handed from process to process: no request fails, nothing is lost."""
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import threading
import time

import pytest

from handover import Supervisor
from harness import ROOT, SANITIZER, SLOW
from load import BODY, lost, stored
from tls import Authority

CYCLES = int(os.environ.get("HANDOVER_CYCLES", "12"))
TIMEOUT = 60 * SLOW


class Visitor(threading.Thread):
    """Posts one message after the other, as browsers do: on a new connection, or on one that it keeps as long as
    the server does not say that it closes it. Whatever is not a 200 is a failure; nothing is sent twice."""

    def __init__(self, port, label, keeps, context=None):
        super().__init__(daemon=True)
        self.port, self.label, self.keeps, self.context = port, label, keeps, context
        self.acknowledged, self.failures, self.is_stopping = {}, [], False

    def connect(self):
        if self.context:
            return http.client.HTTPSConnection("localhost", self.port, timeout=TIMEOUT, context=self.context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def post(self, connection, message):
        connection.request("POST", "/contact", json.dumps({**BODY, "message": message}), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise ValueError(f"{reply.status} {text[:200]}")
        self.acknowledged[json.loads(text)["id"]] = message
        return not reply.will_close

    def run(self):
        connection, number = None, 0
        while not self.is_stopping:
            number += 1
            message = f"{self.label}/{number}"
            try:
                connection = connection or self.connect()
                if not (self.post(connection, message) and self.keeps):
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(f"{message}: {error!r}")
                connection = None


class ByHttp(Visitor):
    """Comes to the port that sends on to https; it must lead there, in each process."""

    def post(self, connection, message):
        connection.request("POST", f"/contact?{message}", json.dumps(BODY), {"Host": "localhost", "Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        if reply.status != 308 or not reply.headers["Location"].endswith(f"/contact?{message}"):
            raise ValueError(f"{reply.status} {reply.headers['Location']}")
        self.acknowledged[message] = message
        return not reply.will_close


@pytest.fixture
def supervise(tmp_path):
    made = []

    def make(**options):
        made.append(Supervisor(tmp_path, database=tmp_path / "contactd.db", log_format="json", rate_limit="off",
                               log_level="warn", shutdown_timeout="10m", **options))
        return made[-1]

    yield make
    for supervisor in made:
        supervisor.close()
        assert not SANITIZER.search(supervisor.stderr()), supervisor.stderr()[-4000:]


def visitors(port, count=8, kind=Visitor, context=None):
    crowd = [kind(port, f"v{i}", keeps=i % 2 == 1, context=context) for i in range(count)]
    for visitor in crowd:
        visitor.start()
    return crowd


def settle(crowd):
    for visitor in crowd:
        visitor.is_stopping = True
    for visitor in crowd:
        visitor.join(timeout=2 * TIMEOUT)
        assert not visitor.is_alive(), "a visitor still waits for an answer"
    assert [f for visitor in crowd for f in visitor.failures] == []
    return {i: m for visitor in crowd for i, m in visitor.acknowledged.items()}


def until(condition, what):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def upgrade(supervisor, *crowds, cycles=CYCLES):
    """One process after the other, each when somebody of every crowd was answered by the one before."""
    moment = random.Random(20261121)

    def answered():
        return [sum(len(visitor.acknowledged) for visitor in crowd) for crowd in crowds]

    for _ in range(cycles):
        before = answered()
        until(lambda: all(now > then + 20 for now, then in zip(answered(), before)), "nobody is answered")
        time.sleep(moment.uniform(0, 0.1))
        assert supervisor.stop() == 0, supervisor.stderr()[-2000:]
        supervisor.hear("STOPPING=1")
        supervisor.start().hear("READY=1")


def test_upgrades_under_load_fail_no_request_and_lose_nothing(supervise):
    supervisor = supervise()
    supervisor.start().hear("READY=1")
    crowd = visitors(supervisor.port)
    upgrade(supervisor, crowd)
    promised = settle(crowd)
    assert supervisor.stop() == 0
    assert lost(promised, supervisor.options["database"]) == {}
    assert set(promised) == set(stored(supervisor.options["database"])), "a message came twice"
    print(f"\n{CYCLES} upgrades, {len(promised)} acknowledged, 0 failed, 0 lost")


def test_upgrades_under_load_with_tls_and_a_socket_for_who_comes_by_http(supervise, tmp_path):
    authority = Authority(tmp_path / "authority")
    authority.issue(tmp_path / "certificate.pem", tmp_path / "key.pem")
    supervisor = supervise(has_redirect=True, tls_cert=tmp_path / "certificate.pem", tls_key=tmp_path / "key.pem")
    supervisor.start().hear("READY=1")
    secure = visitors(supervisor.port, context=authority.context())
    by_http = visitors(supervisor.redirect.getsockname()[1], count=4, kind=ByHttp)
    upgrade(supervisor, secure, by_http, cycles=max(CYCLES // 3, 1))
    settle(by_http)
    promised = settle(secure)
    assert supervisor.stop() == 0
    assert lost(promised, supervisor.options["database"]) == {}


def old_database(path, schema, rows):
    """As an earlier version has left it: its migrations, and messages of that time."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
        for file in sorted((ROOT / "sql/sqlite").glob("0*.sql"))[:schema]:
            db.executescript(file.read_text())
        db.execute(f"PRAGMA application_id = {0x63746364}")
        db.execute(f"PRAGMA user_version = {schema}")
        start = 1_790_000_000_000
        columns = {row[1] for row in db.execute("PRAGMA table_info(submission)")}
        extra = {"state": 0, "spam_score": 0} if "state" in columns else {}
        names = ", ".join(["seq", "id", "form", "name", "email", "message", *extra])
        marks = ", ".join("?" * (6 + len(extra)))
        db.executemany(f"INSERT INTO submission ({names}) VALUES ({marks})", (
            ((start + n) << 15, (start + n).to_bytes(6, "big") + b"\x70\x00\x80" + n.to_bytes(7, "big"), "default",
             "Ada", "ada@example.org", f"old {n}", *extra.values()) for n in range(rows)))


@pytest.mark.parametrize("schema", [1, 2, 3, 4])
def test_an_earlier_schema_is_copied_and_migrated_while_visitors_wait(supervise, schema):
    supervisor = supervise()
    path, rows = supervisor.options["database"], 5000
    old_database(path, schema, rows)
    crowd = visitors(supervisor.port)  # nobody serves yet: they wait in the backlog
    supervisor.start().hear("READY=1")
    until(lambda: sum(len(v.acknowledged) for v in crowd) > 20, "nobody is answered")
    promised = settle(crowd)
    assert supervisor.stop() == 0, supervisor.stderr()[-2000:]
    assert lost(promised, path) == {}
    assert sum(1 for m in stored(path).values() if m.startswith("old ")) == rows
    copy = path.with_name(path.name + f".schema-{schema}")
    assert copy.stat().st_mode & 0o7777 == 0o600
    with sqlite3.connect(f"file:{copy}?immutable=1", uri=True) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA user_version").fetchone() == (schema,)
        assert db.execute("SELECT count(*) FROM submission").fetchone() == (rows,)


def test_a_connection_that_came_before_the_stop_is_answered(supervise):
    """Whoever has connected is about to send; he is not sent away for the sake of an upgrade."""
    supervisor = supervise()
    supervisor.start().hear("READY=1")
    with socket.create_connection(("127.0.0.1", supervisor.port)) as s:
        s.settimeout(TIMEOUT)
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")  # so it is surely accepted by this process
        assert s.recv(65536).startswith(b"HTTP/1.1 200 ")
        supervisor.process.send_signal(signal.SIGTERM)
        reply = b""
        while b"Connection: close" not in reply:  # the first ones may come before the signal does
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            reply = s.recv(65536)
            assert reply.startswith(b"HTTP/1.1 200 ")
    assert supervisor.process.wait(timeout=TIMEOUT) == 0


def test_the_supervisor_hears_of_everything(supervise):
    supervisor = supervise()
    supervisor.start(WATCHDOG_USEC="400000").hear("READY=1")
    supervisor.hear("WATCHDOG=1")
    supervisor.hear("WATCHDOG=1")
    supervisor.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in supervisor.hear("RELOADING=1")
    supervisor.hear("READY=1")
    assert supervisor.stop() == 0
    supervisor.hear("STOPPING=1")
    assert supervisor.told[0] == "READY=1", "nothing is said before it is ready"


def test_a_watchdog_for_another_process_is_not_fed(supervise):
    supervisor = supervise()
    supervisor.start(WATCHDOG_USEC="40000", WATCHDOG_PID="1").hear("READY=1")
    time.sleep(0.5)
    assert supervisor.stop() == 0
    supervisor.hear("STOPPING=1")
    assert not any("WATCHDOG=1" in text for text in supervisor.told)
