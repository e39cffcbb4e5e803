# SPDX-License-Identifier: MIT
"""What a break-in attempt of a day found, so that it stays mended."""
import base64
import os
import shutil
import socket
import sqlite3
import subprocess
import time

import pytest
import requests

from harness import SLOW, Server, connect, running
from test_search import is_indexed, row_of

HALF_POST = (b"POST /contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
             b"Content-Length: 65536\r\n\r\n{")


def message(text):
    return {"name": "Ada", "email": "ada@example.org", "message": text}


def post(server, text, **options):
    return requests.post(server.url + "/contact", json=message(text), timeout=10 * SLOW, **options)


def connections(server):
    text = requests.get(server.url + "/metrics", timeout=10 * SLOW).text
    return int(next(line for line in text.splitlines() if line.startswith("contactd_connections ")).split()[1])


def wait_until(claim, seconds):
    end = time.monotonic() + seconds * SLOW
    while not claim():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("piece", [b"GET /h", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", HALF_POST],
                         ids=["line", "head", "body"])
def test_who_hangs_up_in_the_middle_keeps_no_place(server, piece):
    """libmicrohttpd misses an end that comes together with the last bytes."""
    for _ in range(200):
        with connect(server.port) as s:
            s.sendall(piece)
    assert wait_until(lambda: connections(server) <= 2, 5), f"{connections(server)} are still open"


def test_a_few_slow_clients_do_not_keep_everybody_out(start):
    """All places are taken by clients that ask for something now and then, or send a body slowly."""
    server = start(max_connections="40")
    taken = [connect(server.port) for _ in range(40)]
    for i, s in enumerate(taken):
        s.sendall(HALF_POST if i % 2 else b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    started = time.monotonic()
    assert requests.get(server.url + "/healthz", timeout=20 * SLOW).status_code == 200
    assert time.monotonic() - started < 10 * SLOW  # the deadlines that they would have are 30 and 84 s
    for s in taken:
        s.close()


@pytest.mark.parametrize("victims, how", [
    (("contactd.db",), "remove"), (("contactd.db",), "move"), (("contactd.db-wal",), "remove"),
    (("contactd.db", "contactd.db-wal", "contactd.db-shm"), "remove"), (("contactd.db.lock",), "remove"),
    (("contactd.db",), "replace"),
], ids=["removed", "moved", "log", "all", "lock", "replaced"])
def test_nothing_is_acknowledged_when_the_files_are_gone(start, victims, how):
    server = start()
    assert post(server, "before").status_code == 200
    for name in victims:
        path = server.directory / name
        if how == "remove":
            path.unlink()
        elif how == "move":
            path.rename(server.directory / "elsewhere")
        else:
            shutil.copy(path, server.directory / "copy")
            (server.directory / "copy").rename(path)
    answers = [post(server, f"after {i}").status_code for i in range(3)]
    assert answers == [503, 503, 503]
    assert requests.get(server.url + "/readyz", timeout=10 * SLOW).status_code == 503
    failed = server.log_lines("commit_failed")
    assert failed and "was moved, removed or replaced" in failed[0]["detail"]


def test_a_file_that_comes_back_is_written_again(start):
    server = start()
    path, away = server.directory / "contactd.db", server.directory / "away"
    path.rename(away)
    assert post(server, "lost?").status_code == 503
    away.rename(path)
    assert post(server, "found").status_code == 200


def test_a_database_has_one_name(start):
    server = start()
    os.link(server.directory / "contactd.db", server.directory / "other.db")
    done = subprocess.run([str(server.binary), "serve"], capture_output=True, text=True, timeout=30 * SLOW,
                          env={**server.environment(), "CONTACTD_DATABASE": str(server.directory / "other.db"),
                               "CONTACTD_LISTEN": "127.0.0.1:0"})
    assert done.returncode == 4
    assert "hard link" in done.stderr
    os.unlink(server.directory / "other.db")


def test_the_lock_is_not_written_over_something_else(start):
    server = start()
    server.stop()
    other = server.directory / "precious"
    other.write_text("do not touch\n")
    lock = server.directory / "contactd.db.lock"
    lock.unlink()
    os.link(other, lock)
    done = server.cli("user", "list")
    assert done.returncode == 4 and "not a file of its own" in done.stderr
    assert other.read_text() == "do not touch\n"


def test_an_owner_gets_in_while_strangers_guess(start):
    """Eight sources hammer the account; the owner comes from a ninth that was never seen."""
    server = start(rate_limit="on", trusted_proxies="127.0.0.0/8")
    made = server.cli("user", "add", "ada", "--role", "owner")
    assert made.returncode == 0, made.stderr
    password = made.stdout.strip()

    def ask(source, secret):
        credential = base64.b64encode(f"ada:{secret}".encode()).decode()
        return requests.get(server.url + "/admin/submissions", timeout=20 * SLOW,
                            headers={"Authorization": f"Basic {credential}", "X-Forwarded-For": source}).status_code

    seen = [ask(f"203.0.113.{i % 8}", f"wrong password {i}") for i in range(80)]
    assert 429 in seen and 200 not in seen
    assert ask("198.51.100.1", password) == 200


@pytest.mark.parametrize("count, width", [(5, 2500), (30, 400), (90, 100), (137, 22), (136, 20), (160, 20), (1, 11000),
                                          (1, 9000), (1, 11700), (100, 60)])
def test_a_message_with_a_large_head_is_stored_and_answered_or_neither(server, count, width):
    head = "".join(f"X-H-{i:04d}: {'v' * width}\r\n" for i in range(count))
    body = b'{"name":"Ada","email":"ada@example.org","message":"%d %d"}' % (count, width)
    with connect(server.port) as s:
        s.sendall(b"POST /contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
                  + f"Content-Length: {len(body)}\r\n{head}\r\n".encode() + body)
        got = bytearray()
        try:
            while piece := s.recv(65536):
                got += piece
        except ConnectionError:
            pass
    token = server.token()
    rows = requests.get(server.url + "/admin/submissions", headers={"Authorization": f"Bearer {token}"},
                        timeout=10 * SLOW).json()["submissions"]
    is_stored = any(row["message"] == f"{count} {width}" for row in rows)
    # Beyond the connection's memory the library has no room left to say 431, and closes.
    assert got.startswith(b"HTTP/1.1 200") if is_stored else not got or b" 431 " in got[:20], bytes(got[:80])


def test_a_log_that_nobody_reads_stops_nothing(tmp_path):
    """stderr is a pipe; it fills, and the service goes on without its log."""
    server = Server(tmp_path)
    reader, writer = os.pipe()
    server.start()
    server.stop()
    process = subprocess.Popen([str(server.binary), "serve"], env=server.environment(), stderr=writer,
                               stdout=subprocess.DEVNULL, cwd=tmp_path)
    os.close(writer)
    try:
        assert wait_until(server.is_healthy, 15)
        with requests.Session() as session:
            for i in range(1000):
                assert session.get(f"{server.url}/healthz?{'x' * 450}{i}", timeout=10 * SLOW).status_code == 200
        assert post(server, "unlogged").status_code == 200
        os.set_blocking(reader, False)
        while True:
            try:
                if not os.read(reader, 65536):
                    break
            except BlockingIOError:
                break
        assert server.is_healthy()
        os.set_blocking(reader, True)
        assert b"log_lines_dropped" in os.read(reader, 65536)
    finally:
        process.terminate()
        assert process.wait(timeout=15 * SLOW) == 0
        os.close(reader)


def test_closed_standard_files_do_not_become_the_lock(tmp_path):
    with running(Server(tmp_path)):
        pass
    server = Server(tmp_path)
    server.port = socket.create_server(("127.0.0.1", 0)).getsockname()[1]
    process = subprocess.Popen(["/bin/sh", "-c", f'exec "{server.binary}" serve 0<&- 1>&- 2>&-'],
                               env=server.environment(), cwd=tmp_path)
    try:
        assert wait_until(server.is_healthy, 15)
        assert post(server, "x").status_code == 200
        assert (tmp_path / "contactd.db.lock").read_text() == f"{process.pid}\n"
    finally:
        process.terminate()
        assert process.wait(timeout=15 * SLOW) == 0


# --- what a new user stumbled over ------------------------------------------------


def test_healthcheck_finds_a_server_on_all_addresses(tmp_path):
    server = Server(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as s:
        server.port = s.getsockname()[1]
    environment = {**server.environment(), "CONTACTD_LISTEN": f":{server.port}"}
    process = subprocess.Popen([str(server.binary), "serve"], env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        assert wait_until(server.is_healthy, 15)
        assert subprocess.run([str(server.binary), "healthcheck"], env=environment, timeout=20 * SLOW).returncode == 0
    finally:
        process.terminate()
        process.wait(timeout=15 * SLOW)


@pytest.mark.parametrize("verb", [("user", "list"), ("token", "add", "x", "--forms", "*"), ("form", "add", "x"), ("user", "add", "eve", "--forms", "*")])
def test_only_serve_makes_a_database(tmp_path, verb):
    server = Server(tmp_path)
    done = server.cli(*verb)
    assert done.returncode == 4 and "start the service" in done.stderr and done.stdout == ""
    assert not (tmp_path / "contactd.db").exists()


def test_the_last_owner_stays(server):
    assert wait_until(lambda: "admin" in server.cli("user", "list").stdout, 10)  # it is made behind the start
    refused = server.cli("user", "remove", "admin")
    assert refused.returncode == 1 and "--role owner" in refused.stderr
    assert server.cli("user", "add", "ada", "--role", "owner").returncode == 0
    assert server.cli("user", "remove", "admin").returncode == 0
    assert server.cli("user", "remove", "ada").returncode == 1


def test_who_corrects_a_mistake_loses_nothing(start):
    server = start(rate_limit="on")
    for _ in range(30):
        assert requests.post(server.url + "/contact", json={"name": "A"}, timeout=9 * SLOW).status_code == 422
    for i in range(20):
        assert post(server, f"number {i}").status_code == 200
    assert post(server, "one too many").status_code == 429


def test_json_without_its_header_is_recognised(server):
    answer = requests.post(server.url + "/contact", data='{"name":"A"}', timeout=9 * SLOW,
                           headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400 and "application/json" in answer.json()["message"]


def test_check_config_refuses_what_serve_refuses(tmp_path):
    done = Server(tmp_path, trusted_proxies="127.0.0.1,bogus").cli("check-config")
    assert done.returncode == 3 and "bogus" in done.stderr


def test_until_1970_is_not_for_ever(server):
    post(server, "now")
    token = server.token()
    for until in ("1970-01-01", "1970-01-01T00:00:00Z"):
        answer = requests.get(server.url + "/admin/submissions", params={"until": until}, timeout=10 * SLOW,
                              headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["submissions"] == []


def test_a_parameter_is_sent_once(server):
    token = server.token()
    answer = requests.get(server.url + "/admin/submissions?limit=1&limit=200", timeout=10 * SLOW,
                          headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 400 and "twice" in answer.json()["message"]


def test_a_first_password_that_nobody_saw_is_told(tmp_path):
    server = Server(tmp_path)
    server.port = socket.create_server(("127.0.0.1", 0)).getsockname()[1]
    with open("/dev/full", "w") as full, open(tmp_path / "log", "w") as log:
        process = subprocess.Popen([str(server.binary), "serve"], env=server.environment(), cwd=tmp_path,
                                   stdout=full, stderr=log)
        try:
            assert wait_until(lambda: "first_password_not_shown" in (tmp_path / "log").read_text(), 15)
        finally:
            process.terminate()
            process.wait(timeout=15 * SLOW)
    assert "contactd user passwd admin" in (tmp_path / "log").read_text()


COSTLY = "+".join(f"{letter}*" for letter in "abcdefghijklmno") + "+zzzz"


def start_searchable(directory, rows=15000):
    """Messages of which every word is a rare one, which makes the beginnings of words costly to look for."""
    server = Server(directory)
    server.start()
    server.stop()
    with sqlite3.connect(server.directory / "contactd.db") as db:
        for number in range(1, rows + 1):
            ms = int(time.time() * 1000) - 86400_000 + number
            text = " ".join(f"{letter}{number * 7919 % 1000003}" for letter in "abcdefghijklmno")
            db.execute("INSERT INTO submission (seq, id, state, spam_score, form, name, message) VALUES (?, ?, 0, 0, 'shop', 'Past', ?)",
                       (*row_of(ms, number), text))
    db.close()
    server.start()
    assert wait_until(lambda: is_indexed(server), 60)
    return server


class Searches:
    """Requests of one account, all sent before any answer is read."""

    def __init__(self, server, token, count):
        self.sockets = [connect(server.port) for _ in range(count)]
        for i, s in enumerate(self.sockets):
            s.sendall(f"GET /admin/submissions?q={COSTLY}{i} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                      f"Authorization: Bearer {token}\r\n\r\n".encode())

    def statuses(self):
        seen = []
        for s in self.sockets:
            s.settimeout(30 * SLOW)
            with s, s.makefile("rb") as answer:
                seen.append(int((answer.readline().split() or [0, 0])[1]))
        return seen


def test_costly_searches_of_one_keep_nobody_else_waiting(tmp_path):
    server = start_searchable(tmp_path)
    with running(server):
        attacker, other = server.token(), server.token()
        searches = Searches(server, attacker, 60)
        time.sleep(0.2)
        for limit in range(1, 6):
            started = time.monotonic()
            answer = requests.get(f"{server.url}/admin/submissions?limit={limit}", timeout=20 * SLOW,
                                  headers={"Authorization": f"Bearer {other}"})
            assert answer.status_code == 200 and len(answer.json()["submissions"]) == limit
            assert time.monotonic() - started < 1 * SLOW
        assert searches.statuses().count(429) >= 40
        for turn in range(9):  # every place was given back
            assert requests.get(server.url + f"/admin/submissions?q=past&limit={turn + 1}", timeout=20 * SLOW,
                                headers={"Authorization": f"Bearer {attacker}"}).status_code == 200
        refused = Searches(server, attacker, 30)
        assert 429 in refused.statuses()


def test_a_stop_does_not_wait_for_searches(tmp_path):
    server = start_searchable(tmp_path)
    with running(server):
        tokens = [server.token() for _ in range(20)]
        searches = [Searches(server, token, 4) for token in tokens]
        time.sleep(0.5)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 3 * SLOW
        seen = [status for group in searches for status in group.statuses()]
        assert 503 in seen and set(seen) <= {0, 200, 503}
        assert not server.log_lines("stop_timed_out") and not server.log_lines("read_failed")


def test_one_account_does_not_have_all_streams(start):
    server = start(max_connections=80)  # 40 places, 10 for one
    first, second = server.token(), server.token()

    def watch(token):
        s = connect(server.port)
        s.sendall(f"GET /admin/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        return s, s.recv(65536).split()[1]

    streams = [watch(first) for _ in range(12)]
    assert [status for _, status in streams] == [b"200"] * 10 + [b"429"] * 2
    s, status = watch(second)
    assert status == b"200"
    s.close()
    for s, _ in streams:
        s.close()

    def may_watch():
        s, status = watch(first)
        s.close()
        return status == b"200"

    assert wait_until(may_watch, 20)
