# SPDX-License-Identifier: MIT
"""Starts that fail halfway: each ends with a word and an exit code, and nothing that was promised is lost."""
import json
import os
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from http.client import HTTPException, HTTPSConnection

import pytest

from harness import CANNOT_LISTEN, SANITIZER, SLOW
from passing import passing
from tls import Authority, TlsServer

TIMEOUT = 30 * SLOW
NO_LIBRARIES = 127  # exit code, of the dynamic linker


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def start_with(server, files, sockets=(), is_enough=lambda: True):
    """How a start with so many open files ends: (exit code, what it said). When it succeeds it is stopped, and has said None."""
    argv, environment = server.command()
    limited = ["/bin/sh", "-c", f'ulimit -n {files}; exec "$0" serve', argv[0]]
    process = subprocess.Popen(**(passing(sockets, limited, "contactd:redirect") if sockets else {"args": limited}),
                               env=environment, cwd=server.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    end = threading.Timer(TIMEOUT, process.kill)
    end.start()
    said, is_ready = [], False
    try:
        for line in process.stderr:
            said.append(line)
            if '"event":"redirecting"' in line:
                is_ready = True
                while not is_enough() and process.poll() is None:
                    time.sleep(0.02)
                process.terminate()
        code = process.wait()
    finally:
        end.cancel()
        process.stderr.close()
    assert not SANITIZER.search("".join(said)), "".join(said)[-4000:]
    return code, None if is_ready else "".join(line for line in said if line.startswith("contactd: "))


def until_it_starts(server, sockets=()):
    """One file more each time; so each thing that needs one is lacking once."""
    for files in range(4, 200):
        code, said = start_with(server, files, sockets)
        if said is None:
            assert code == 0
            return
        assert code == NO_LIBRARIES or (1 <= code <= 5 and said), (files, code, said)
    raise AssertionError("it does not start")


@pytest.mark.parametrize("threads", [1, 3])
def test_a_start_says_what_ends_it_wherever_open_files_run_out(tmp_path, authority, threads):
    until_it_starts(TlsServer(tmp_path, authority, listen="127.0.0.1:0", redirect_listen="127.0.0.1:0", threads=threads))


class Visitor(threading.Thread):
    """Posts to whoever serves now, and remembers what was promised."""

    def __init__(self, port, context, label):
        super().__init__(daemon=True)
        self.port, self.context, self.label = port, context, label
        self.promised, self.is_stopping = [], False

    def run(self):
        number = 0
        while not self.is_stopping:
            number += 1
            body = json.dumps({"name": "Ada", "email": "ada@example.org", "message": f"{self.label}/{number}"})
            try:
                http = HTTPSConnection("localhost", self.port, timeout=TIMEOUT, context=self.context)
                http.request("POST", "/contact", body, {"Content-Type": "application/json"})
                reply = http.getresponse()
                text = reply.read()
                if reply.status == 200:
                    self.promised.append(json.loads(text)["id"])
                http.close()
            except (OSError, HTTPException):
                pass  # nothing was promised


def test_what_a_start_has_promised_before_it_failed_is_kept(tmp_path, authority):
    server = TlsServer(tmp_path, authority, threads=3)
    with ExitStack() as stack:
        main, redirect = (stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64)) for _ in range(2))
        crowd = [Visitor(main.getsockname()[1], server.context, f"v{i}") for i in range(4)]
        for visitor in crowd:
            visitor.start()
        until_it_starts(server, [main, redirect])
        # That one had files enough to start, but perhaps none for a connection.
        code, said = start_with(server, 1000, [main, redirect], lambda: all(visitor.promised for visitor in crowd))
        assert (code, said) == (0, None)
        for visitor in crowd:
            visitor.is_stopping = True
    for visitor in crowd:
        visitor.join(TIMEOUT)
    done = server.cli("export", "--format", "ndjson")
    assert done.returncode == 0, done.stderr
    stored = {json.loads(line)["id"] for line in done.stdout.splitlines()}
    assert {i for visitor in crowd for i in visitor.promised} <= stored


def test_a_redirect_listener_whose_port_is_taken_is_named(tmp_path, authority):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, said = start_with(TlsServer(tmp_path, authority, listen="127.0.0.1:0", redirect_listen=address), 1000)
        assert code == CANNOT_LISTEN
        assert said == f"contactd: cannot listen on {address}: bind: Address already in use; " \
                       "stop what uses it or choose another --redirect-listen\n"
        code, said = start_with(TlsServer(tmp_path, authority, listen=address, redirect_listen="127.0.0.1:0"), 1000)
        assert code == CANNOT_LISTEN and said.endswith("choose another --listen\n")
    assert not os.path.exists(tmp_path / "contactd.db"), "nothing was opened"
