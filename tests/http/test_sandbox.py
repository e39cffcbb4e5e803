# SPDX-License-Identifier: MIT
"""The sandbox: what an intruder inside the server can do with it, and without it."""
import errno
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
import requests

from harness import ROOT, SLOW, Server, default_binary, free_port, running

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}
# What the kernel says when it looked at the arguments; anything else was stopped before.
REACHED = {errno.ENOENT, errno.EINVAL, errno.EFAULT}
PROBES = re.findall(r'^    \{"(\w+)", \w+\},$', (ROOT / "tests/sandbox/probe.c").read_text(), re.M)
# What may not be had without the sandbox either: not root, unknown to this kernel, or forbidden by a container.
MAY_BE_CLOSED = {"read_passwords", "listen_to_wire", "odd_socket", "load_program", "send_signal", "trace",
                 "read_memory", "own_namespace", "mount", "change_root", "take_capabilities"}


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """The library that makes the attempts."""
    library = tmp_path_factory.mktemp("probe") / "probe.so"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library,
                    ROOT / "tests/sandbox/probe.c"], check=True)
    return library


def sanitized():
    """Sanitizers' run-time libraries come first, and have the sandbox off."""
    return b"__asan_init" in default_binary().read_bytes() or b"__tsan_init" in default_binary().read_bytes()


def attempt(probe, name, directory, *arguments):
    """Runs the server until it would wait for signals; (what the probe said, exit code, log)."""
    outside = directory / "outside"
    outside.mkdir(parents=True)
    (outside / "file").write_text("secret")
    server = Server(directory / "data")
    server.port = free_port()
    argv, env = server.command()
    env.update(LD_PRELOAD=str(probe), PROBE=name, PROBE_FILE=str(outside / "file"))
    done = subprocess.run([*argv, *arguments], env=env, cwd=server.directory, capture_output=True, text=True,
                          timeout=60 * SLOW)
    return re.findall(r"^probe: (\w+)(?: (\d+))?$", done.stderr, re.M), done.returncode, done.stderr, outside


def is_blocked(said, code):
    if code == -signal.SIGSYS:
        return not said
    return len(said) == 1 and said[0][0] == "refused" and int(said[0][1]) not in REACHED


needs_preload = pytest.mark.skipif(sanitized(), reason="a sanitizer's build has no sandbox")


@needs_preload
@pytest.mark.parametrize("name", PROBES)
def test_an_escape_is_blocked_and_would_succeed_without_the_sandbox(probe, name, tmp_path):
    said, code, log, outside = attempt(probe, name, tmp_path / "with", "--sandbox", "required")
    assert is_blocked(said, code), (said, code, log)
    assert (outside / "file").read_text() == "secret" and os.listdir(outside) == ["file"]

    said, code, log, _ = attempt(probe, name, tmp_path / "without", "--no-sandbox")
    if name in MAY_BE_CLOSED and said and said[0][0] == "refused":
        return
    assert code == 0 and not is_blocked(said, code), (said, code, log)


@needs_preload
def test_a_refused_call_is_logged_and_costs_nothing_else(probe, tmp_path):
    said, code, log, _ = attempt(probe, "unknown_call", tmp_path)
    assert said == [("refused", str(errno.ENOSYS))] and code == 0
    assert log.count('"event":"sandbox_refused"') == 1


def status_of(server):
    return dict(line.split(":\t", 1) for line in open(f"/proc/{server.process.pid}/status").read().splitlines() if ":\t" in line)


@needs_preload
def test_every_thread_is_sealed_and_has_no_privileges(start):
    server = start(sandbox="required")
    assert until(lambda: server.log_lines("sandbox"))  # it answers a moment before that
    for thread in os.listdir(f"/proc/{server.process.pid}/task"):
        lines = open(f"/proc/{server.process.pid}/task/{thread}/status").read()
        values = dict(line.split(":", 1) for line in lines.splitlines())
        assert values["NoNewPrivs"].strip() == "1" and values["Seccomp"].strip() == "2"
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert int(values[name], 16) == 0, (thread, name)
        if os.geteuid() == 0:
            assert int(values["CapBnd"], 16) == 0
    limits = open(f"/proc/{server.process.pid}/limits").read()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M)
    assert requests.post(server.url + "/contact", json=ADA, timeout=10 * SLOW).status_code == 200
    assert server.stop() == 0


@needs_preload
def test_it_is_on_by_default_allows_at_most_60_calls_and_refuses_none_that_the_server_makes(start):
    server = start()
    for _ in range(3):
        assert requests.post(server.url + "/contact", json=ADA, timeout=10 * SLOW).status_code == 200
    assert server.cli("user", "list").returncode == 0
    assert server.stop() == 0
    lines = server.log_lines("sandbox")
    assert len(lines) == 1 and 0 < lines[0]["system_calls"] <= 60 and lines[0]["landlock_abi"] >= 1
    assert not server.log_lines("sandbox_refused")


@needs_preload
def test_a_directory_that_is_not_there_opens_nothing(start):
    server = start(sandbox="required", backup_dir="nowhere/backups")
    assert until(lambda: server.log_lines("sandbox"))[0]["landlock_abi"] >= 1
    assert server.stop() == 0


@needs_preload
@pytest.mark.parametrize("place", ["file/backups", "loop/backups", "x" * 300])
def test_a_directory_that_cannot_be_there_opens_nothing_either(start, place, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    server = start(sandbox="required", backup_dir=tmp_path / place)
    assert until(lambda: server.log_lines("sandbox"))[0]["landlock_abi"] >= 1
    assert server.stop() == 0


def until(look, seconds=20 * SLOW):
    """What `look` finds, once it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("user", [0, 65534])
def test_verbs_reach_the_server_of_their_own_user_and_nobody_elses(user):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(default_binary(), folder)
        server = Server(pathlib.Path(folder, "data"), binary)
        os.chown(server.directory, user, user)
        server.user = user
        with running(server):
            assert server.cli("form", "add", "shop").returncode == 0
            assert "shop" in server.cli("form", "list").stdout
            assert server.cli("export").returncode == 0
            server.user = 65533
            assert server.cli("form", "list").returncode != 0


def test_a_name_that_does_not_exist_is_not_blamed_on_the_sandbox(start):
    server = start()
    notify = '{"webhooks":[{"name":"crm","url":"https://crm.nowhere.invalid/in"}]}'
    assert server.cli("form", "add", "shop", f"notify={notify}").returncode == 0
    assert requests.post(server.url + "/contact/shop", json=ADA, timeout=10 * SLOW).status_code == 200

    def error():
        rows = server.cli("delivery", "list", "--json").stdout
        return [row["error"] for row in json.loads(rows) if row["error"]]

    errors = until(error)
    assert errors and "resolv.conf" not in errors[0], errors


def test_without_it_the_log_says_so(tmp_path):
    server = Server(tmp_path, sandbox="off").start()
    assert requests.post(server.url + "/contact", json=ADA, timeout=10 * SLOW).status_code == 200
    assert status_of(server)["Seccomp"].strip() == "0"
    assert server.stop() == 0
    assert [line["level"] for line in server.log_lines("sandbox_off")] == ["warn"]


NUMBER, DENY, ALLOW = (0x20, 0, 0, 0), (0x06, 0, 0, 0x00050000 | errno.EPERM), (0x06, 0, 0, 0x7fff0000)


def deny_landlock():
    """A filter as containers have, by which landlock_* do not exist."""
    put_filter([NUMBER, (0x35, 0, 2, 444), (0x25, 1, 0, 446), DENY, ALLOW])


def put_filter(code):
    """In the child, before it is the server."""
    import ctypes
    import struct
    libc = ctypes.CDLL(None, use_errno=True)
    program = b"".join(struct.pack("HBBI", *line) for line in code)
    text = ctypes.create_string_buffer(program)
    whole = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(text)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, whole, 0, 0) == 0


@needs_preload
@pytest.mark.parametrize("mode", ["on", "required"])
def test_where_the_kernel_does_not_have_it_the_server_starts_unless_it_is_required(mode, tmp_path):
    server = Server(tmp_path, sandbox=mode)
    server.port = free_port()
    argv, env = server.command()
    with open(server.stderr_path, "wb") as log:
        server.process = subprocess.Popen(argv, env=env, cwd=tmp_path, stderr=log, preexec_fn=deny_landlock)
    if mode == "required":
        assert server.process.wait(timeout=30 * SLOW) == 1
        assert "--sandbox required: Landlock" in server.stderr()
        return
    assert server._becomes_ready()
    assert requests.post(server.url + "/contact", json=ADA, timeout=10 * SLOW).status_code == 200
    assert server.stop() == 0
    weaker = server.log_lines("sandbox_weaker")
    assert len(weaker) == 1 and "Landlock" in weaker[0]["missing"] and weaker[0]["system_calls"] > 0


def named_calls(words):
    """Names of system calls, those of systemd's groups for the groups."""
    for word in words:
        if not word.startswith("@"):
            yield word
            continue
        told = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word], capture_output=True, text=True, check=True).stdout
        yield from named_calls(re.findall(r"^ +([@\w-]+)$", told, re.M))


def filter_of_the_unit():
    """What systemd makes of SystemCallFilter= in our unit, as a program of the kernel's."""
    allowed = set()
    for words in re.findall(r"^SystemCallFilter=(.*)$", (ROOT / "packaging/systemd/contactd.service").read_text(), re.M):
        calls = set(named_calls(words.lstrip("~").split()))
        allowed = allowed - calls if words.startswith("~") else allowed | calls
    headers = subprocess.run(["cc", "-E", "-dM", "-include", "sys/syscall.h", "-xc", "/dev/null"], capture_output=True, text=True, check=True).stdout
    numbers = [int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", headers, re.M) if name in allowed]
    assert len(numbers) > 100
    return [NUMBER, *(line for number in numbers for line in ((0x15, 0, 1, number), ALLOW)), DENY]


@needs_preload
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemds_unit_leaves_it_the_calls_that_it_takes():
    """Neither its own filter, nor Landlock, nor anything that is made later is missing under systemd's."""
    code = filter_of_the_unit()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        server = Server(pathlib.Path(folder, "data"), shutil.copy(default_binary(), folder), sandbox="required")
        server.port = free_port()
        user = 65534 if os.geteuid() == 0 else None  # of a unit's user, who has no capabilities
        if user:
            os.chown(server.directory, user, user)
        argv, env = server.command()
        with open(server.stderr_path, "wb") as log:
            server.process = subprocess.Popen(argv, env=env, cwd=server.directory, stderr=log, user=user, preexec_fn=lambda: put_filter(code))
        with running(server):
            assert server._becomes_ready(), server.stderr()
            assert requests.post(server.url + "/contact", json=ADA, timeout=10 * SLOW).status_code == 200
        assert server.log_lines("sandbox") and not server.log_lines("sandbox_refused")
