# SPDX-License-Identifier: MIT
"""What operators see: health, metrics, logs, sockets, and the command line."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest
import requests

from harness import Server, running, ROOT, SLOW, default_binary, free_port

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}


def contactd(*args, env=None, cwd=None, input=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CONTACTD")}
    return subprocess.run([default_binary(), *args], env={**clean, **(env or {})}, cwd=cwd, input=input,
                          capture_output=True, text=True, timeout=30 * SLOW)


def test_health_ready_and_version(server):
    assert requests.get(server.url + "/healthz", timeout=5).json() == {"status": "ok"}
    assert requests.get(server.url + "/readyz", timeout=5).json() == {"status": "ok"}
    version = requests.get(server.url + "/version", timeout=5).json()
    assert version["name"] == "contactd" and re.fullmatch(r"\d+\.\d+\.\d+", version["version"]) and version["releaseYear"] >= 2026


def test_metrics_count_what_happened_and_are_for_this_machine_only(server):
    requests.post(server.url + "/contact", json=ADA, timeout=5)
    requests.post(server.url + "/contact", json={}, timeout=5)
    page = requests.get(server.url + "/metrics", timeout=5).text
    assert re.search(r"^contactd_submissions_total 1$", page, re.M)
    assert re.search(r'^contactd_requests_total\{route="contact_create",code="2xx"\} 1$', page, re.M)
    assert re.search(r'^contactd_requests_total\{route="contact_create",code="4xx"\} 1$', page, re.M)
    names = set(re.findall(r"^(contactd_\w+)", page, re.M))
    assert all(re.search(rf"^# TYPE {re.sub('_(bucket|sum|count)$', '', n)} ", page, re.M) for n in names)
    proxied = requests.get(server.url + "/metrics", headers={"X-Forwarded-For": "203.0.113.1"}, timeout=5)
    assert proxied.status_code == 401


def test_one_log_line_per_request_says_what_was_decided(server):
    requests.post(server.url + "/contact", json=ADA, timeout=5)
    requests.post(server.url + "/contact", json={}, timeout=5)
    server.stop()
    decisions = [(l["method"], l["path"], l["status"], l["decision"]) for l in server.log_lines("request") if l["method"] == "POST"]
    assert decisions == [("POST", "/contact", 200, "stored"), ("POST", "/contact", 422, "invalid_fields")]


def test_log_lines_cannot_be_forged(server):
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"GET /%0a%1b[31m\xe2\x80\xae HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\n\r\n")
        s.recv(1000)
    server.stop()
    text = server.stderr()
    assert "\x1b" not in text and "\u202e" not in text
    assert all(json.loads(line) for line in text.splitlines())


def test_text_log_is_for_people(start):
    server = start(log_format="text")
    requests.get(server.url + "/healthz", timeout=5)
    server.stop()
    assert re.search(r"^\S+Z info request .*method=GET path=/healthz route=health status=200 decision=", server.stderr(), re.M)


def test_the_first_start_makes_an_admin_and_shows_the_password_once(start):
    server = start()
    end = time.monotonic() + 10 * SLOW
    while "admin :" not in (server.directory / "stdout.log").read_text() and time.monotonic() < end:
        time.sleep(0.05)
    shown = (server.directory / "stdout.log").read_text()
    password = re.search(r"admin : (\S+)", shown).group(1)
    commands = re.findall(r"^ +(curl .*)$", shown, re.M)
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(command + " -fsS", shell=True, capture_output=True, text=True, timeout=30 * SLOW)
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["submissions"][0]["message"] == "Hello!"
    server.stop()
    server.start()
    server.stop()
    assert (server.directory / "stdout.log").read_text().count(password) == shown.count(password)
    assert password not in server.stderr()


def test_verbs_work_with_and_without_a_running_server(server):
    assert server.cli("user", "add", "eve", "--forms", "*", "--password-file", "-", input="pass-word-1\n").returncode == 0
    listed = json.loads(server.cli("user", "list", "--json").stdout)
    server.stop()
    assert "eve" in {u["name"] for u in listed}
    offline = json.loads(server.cli("user", "list", "--json").stdout)
    assert offline == listed
    assert re.fullmatch(r"ctd_[\w-]{43}\n", server.cli("token", "add", "ci", "--forms", "*").stdout)
    assert server.cli("token", "add", "ci", "--forms", "*").returncode == 1
    server.start()
    assert server.cli("token", "revoke", "ci").returncode == 0
    missing = server.cli("token", "revoke", "ci")
    assert missing.returncode == 1 and "no token named ci" in missing.stderr


def test_a_table_for_people(server):
    server.cli("user", "add", "eve", "--forms", "*", "--role", "reader", "--password-file", "-", input="pass-word-1\n")
    table = server.cli("user", "list").stdout.splitlines()
    assert table[0].split() == ["name", "role", "forms", "createdAt"] and any(line.split()[:2] == ["eve", "reader"] for line in table)


@pytest.mark.parametrize("args, code, hint", [
    (["frobnicate"], 2, "--help"),
    (["user", "add"], 2, "NAME"),
    (["user", "add", "a/b", "--forms", "*"], 1, "not a name"),
    (["user", "add", "eve", "--forms", "*", "--role", "king"], 1, "owner"),
    (["token", "add", "t", "--forms", "*", "--scope", "all"], 1, "read"),
    (["token", "add", "t", "--forms", "*", "--expires", "soon"], 2, "90d"),
    (["user", "add", "eve", "--forms", "*", "--password-file", "/nonexistent"], 1, "/nonexistent"),
    (["user", "add", "eve"], 2, "--forms '*'"),
    (["user", "add", "eve", "--role", "manager"], 2, "--forms shop,jobs"),
    (["token", "add", "t"], 2, "--forms '*'"),
    (["serve", "--listne", "x"], 3, "listen"),
    (["serve", "--listen", "nowhere"], 3, "HOST:PORT"),
    (["serve", "--listen", "192.0.2.1:3000"], 5, "192.0.2.1:3000"),
    (["serve", "--trusted-proxies", "10.0.0.0/99"], 3, "10.0.0.0/8"),
    (["serve", "--database", "/nonexistent/dir/x.db", "--listen", "127.0.0.1:0"], 4, "/nonexistent/dir"),
    (["check-config", "--max-body", "1x"], 3, "64k"),
])
def test_a_mistake_names_its_remedy_and_has_its_exit_code(tmp_path, args, code, hint):
    with running(Server(tmp_path)):
        pass  # so that there is a database
    done = contactd(*args, cwd=tmp_path, input="")
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert hint in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_short_password_is_refused(server):
    done = server.cli("user", "add", "eve", "--forms", "*", "--password-file", "-", input="short\n")
    assert done.returncode == 1 and "8" in done.stderr


def test_environment_file_and_flag_in_their_order(tmp_path):
    (tmp_path / "contactd.conf").write_text("listen = 127.0.0.1:1\nlog-level = warn\n")
    env = {"CONTACTD_CONFIG": str(tmp_path / "contactd.conf"), "CONTACTD_LISTEN": "127.0.0.1:2"}
    shown = contactd("check-config", "--threads", "3", env=env).stdout
    assert re.search(r"^listen += 127.0.0.1:2\b", shown, re.M)
    assert re.search(r"^log-level += warn\b", shown, re.M) and re.search(r"^threads += 3\b", shown, re.M)
    wrong = contactd("check-config", env={"CONTACTD_LISTNE": "x"})
    assert wrong.returncode == 3 and "CONTACTD_LISTEN" in wrong.stderr


def test_help_suffices():
    text = contactd("--help").stdout
    for word in ("serve", "check-config", "user add", "token add", "healthcheck", "routes", "version", "--listen", "CONTACTD_", "exit codes"):
        assert word in text
    assert contactd("version").stdout.startswith("contactd ")
    routes = contactd("routes").stdout
    assert "/admin/submissions" in routes and "POST" in routes


def test_healthcheck_tells_by_its_exit_code(server):
    env = {"CONTACTD_LISTEN": f"127.0.0.1:{server.port}"}
    assert contactd("healthcheck", env=env).returncode == 0
    server.stop()
    done = contactd("healthcheck", env=env)
    assert done.returncode == 1 and str(server.port) in done.stderr


def test_two_servers_never_own_one_database(server):
    second = contactd("serve", env={"CONTACTD_DATABASE": str(server.options["database"]), "CONTACTD_LISTEN": f"127.0.0.1:{free_port()}"})
    assert second.returncode == 4 and len(second.stderr.strip().splitlines()) == 1
    assert str(server.process.pid) in second.stderr
    assert requests.get(server.url + "/readyz", timeout=5).status_code == 200


def test_an_occupied_address_says_so(server, tmp_path):
    second = contactd("serve", cwd=tmp_path, env={"CONTACTD_LISTEN": f"127.0.0.1:{server.port}", "CONTACTD_DATABASE": str(tmp_path / "b.db")})
    assert second.returncode == 5 and "--listen" in second.stderr


def test_a_newer_and_a_foreign_database_are_refused(server, tmp_path):
    import sqlite3
    server.stop()
    path = server.directory / "contactd.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 9999")
    env = {"CONTACTD_DATABASE": str(path), "CONTACTD_LISTEN": f"127.0.0.1:{free_port()}"}
    newer = contactd("serve", env=env)
    assert newer.returncode == 4 and "newer" in newer.stderr
    (tmp_path / "text.db").write_bytes(b"this is no database\n" * 400)
    foreign = contactd("serve", env={**env, "CONTACTD_DATABASE": str(tmp_path / "text.db")})
    assert foreign.returncode == 4 and (tmp_path / "text.db").read_bytes() == b"this is no database\n" * 400


def speak(path, request):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(path))
        s.sendall(request)
        return s.recv(65536)


def spawn(env, cwd, **options):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CONTACTD")}
    return subprocess.Popen([default_binary(), "serve"], env={**clean, **env}, cwd=cwd, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def until(condition, seconds=15):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError("did not happen in time")


def test_a_unix_socket_serves_and_survives_a_crash(tmp_path):
    path, env = tmp_path / "http.sock", {"CONTACTD_LISTEN": f"unix:{tmp_path}/http.sock"}
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    process = spawn(env, tmp_path)
    until(lambda: b" 200 " in speak(path, request))
    assert contactd("healthcheck", env=env).returncode == 0
    process.kill()
    process.wait()
    assert path.exists()
    process = spawn(env, tmp_path)
    until(lambda: b" 200 " in speak(path, request))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15 * SLOW) == 0 and not path.exists()


def test_memory_database_serves_too(start):
    server = start(database="memory:")
    assert requests.post(server.url + "/contact", json=ADA, timeout=5).status_code == 200


def test_several_event_threads_serve_together(start):
    server = start(threads=4, workers=3)
    for _ in range(50):
        assert requests.post(server.url + "/contact", json=ADA, timeout=5).status_code == 200


def test_a_caller_of_the_control_socket_who_says_nothing_does_not_hold_up_the_end(server):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(server.options["database"]) + ".sock")
        time.sleep(0.2)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5 * SLOW


def test_the_control_socket_answers_nonsense_and_is_private(server):
    path = str(server.options["database"]) + ".sock"
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert "error" in json.loads(speak(path, b"nonsense\n"))
    assert "error" in json.loads(speak(path, b'{"verb":"user","object":"fly"}\n'))
    assert server.is_healthy()


def test_the_options_that_the_readme_names_exist():
    help_text = contactd("--help").stdout
    table = (ROOT / "README.md").read_text().split("| option | default | |")[1].split("\n\n")[0]
    names = [n for row in re.findall(r"^\| (`.*?`) \|", table, re.M) for n in re.findall(r"`([a-z-]+)`", row)]
    assert len(names) >= 10 and [n for n in names if f"--{n}" not in help_text] == []


def test_request_ids_count_nothing(start):
    server = start(threads=2)
    ids = [int(requests.get(server.url + "/healthz", timeout=10).headers["X-Request-Id"], 16) for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(abs(a - b) > 2**32 for a, b in zip(ids, ids[1:]))


class Everywhere(Server):
    """A server that listens on all addresses."""

    def environment(self):
        return {**super().environment(), "CONTACTD_LISTEN": f":{self.port}"}


def test_a_port_alone_means_all_addresses(tmp_path):
    hosts = ["127.0.0.1"]
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        hosts.append("::1")
    with running(Everywhere(tmp_path)) as server:
        for host in hosts:
            with socket.create_connection((host, server.port), timeout=20 * SLOW) as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert s.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert server.cli("healthcheck").returncode == 0


def test_a_verb_that_is_wrong_is_told_what_would_be_right(tmp_path):
    done = subprocess.run([str(default_binary()), "--database", str(tmp_path / "x.db"), "user", "list"], capture_output=True, text=True, timeout=30 * SLOW)
    assert done.returncode == 2 and done.stderr == 'contactd: serve takes no "user"; a verb goes before all options\n'
    assert not (tmp_path / "x.db").exists()
    done = subprocess.run([str(default_binary()), "user", "show"], capture_output=True, text=True, timeout=30 * SLOW)
    assert done.returncode == 2 and done.stderr.startswith("contactd: no such verb: user show; there are user add, user ")
