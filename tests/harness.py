# SPDX-License-Identifier: MIT
"""Runs the real contactd binary and talks to it from outside: processes, sockets and files only.

Nothing here knows what contactd does inside. Every wait is bounded and, because sanitizer builds are
slow, multiplied by CONTACTD_TEST_SLOW.
"""
import ctypes
import itertools
import json
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
SLOW = float(os.environ.get("CONTACTD_TEST_SLOW", "1"))
SANITIZER = re.compile("ERROR: AddressSanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer")
CANNOT_LISTEN = 5  # exit code
TOKEN_NAMES = itertools.count(1)  # a server may be started again on the same database


def default_binary():
    return pathlib.Path(os.environ.get("CONTACTD", ROOT / "build/contactd")).resolve()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A server that runs: started, found ready, stopped, and read afterwards."""

    ready_path = "/healthz"
    user = None  # whose process it is; None: the tester's

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.stderr_path = self.directory / "stderr.log"
        self.port = self.process = self.exit_code = None
        self.killed = False

    def command(self):
        """(argv, environment) for self.port."""
        raise NotImplementedError

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        # A free port may be taken by somebody else before the server binds it; then another one is tried.
        for attempt in range(5):
            self.port, self.exit_code, self.killed = free_port(), None, False
            argv, env = self.command()
            with open(self.stderr_path, "ab") as err, open(self.directory / "stdout.log", "ab") as out:
                self.process = subprocess.Popen(argv, env=env, cwd=self.directory, stdin=subprocess.DEVNULL,
                                                stdout=out, stderr=err, user=self.user)
            if self._becomes_ready():
                return self
            code = self.process.wait()
            if code != CANNOT_LISTEN:
                break
        raise RuntimeError(f"{argv[0]} did not start (exit code {code}):\n{self.stderr()[-2000:]}")

    def _becomes_ready(self):
        end = time.monotonic() + 15 * SLOW
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            if self.is_healthy(timeout=1 * SLOW):
                return True
            time.sleep(0.02)
        self.process.kill()
        return False

    def http(self, timeout):
        return HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def is_healthy(self, timeout=5 * SLOW):
        http = self.http(timeout)
        try:
            http.request("GET", self.ready_path)
            return http.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            http.close()

    def stop(self):
        """SIGTERM; returns the exit code. A server that does not end in time is killed: code -9."""
        if self.process is not None and self.exit_code is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.exit_code = self.process.wait(timeout=15 * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.exit_code = self.process.wait()
        return self.exit_code

    def kill(self):
        """SIGKILL, the way a power failure looks to the process."""
        self.killed = True
        self.process.kill()
        self.exit_code = self.process.wait()

    def stderr(self):
        return self.stderr_path.read_text(errors="replace") if self.stderr_path.exists() else ""

    def log_lines(self, event=None):
        """The JSON lines logged so far, as dictionaries; only those of one event if it is given."""
        lines = []
        for text in self.stderr().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and (event is None or line.get("event") == event):
                lines.append(line)
        return lines

    def http_library(self):
        """The version of the libmicrohttpd that the program loads, (0, 9, 75) for one; None if it is linked in."""
        loads = subprocess.run(["ldd", self.command()[0][0]], capture_output=True, text=True).stdout
        path = re.search(r"libmicrohttpd\S* => (\S+)", loads)
        if not path:
            return None
        version = ctypes.CDLL(path[1]).MHD_get_version
        version.restype = ctypes.c_char_p
        return tuple(int(number) for number in re.findall(r"\d+", version().decode()))

    def complaints(self):
        """What must fail the test that used this server, once it has ended: sanitizer reports, a bad exit."""
        text = self.stderr()
        found = SANITIZER.search(text)
        if found:
            return f"sanitizer report:\n{text[max(0, found.start() - 200):found.start() + 4000]}"
        if not self.killed and self.exit_code != 0:
            return f"exit code {self.exit_code} on SIGTERM:\n{text[-2000:]}"
        return None


class Server(Process):
    """contactd itself. `options` become CONTACTD_<NAME>; None leaves the product's default in place."""

    DEFAULTS = {"log_format": "json", "rate_limit": "off"}

    def __init__(self, tmp_path, binary=None, **options):
        super().__init__(tmp_path)
        self.binary = pathlib.Path(binary) if binary else default_binary()
        self.options = {**self.DEFAULTS, "database": self.directory / "contactd.db", **options}

    def environment(self):
        # The tester's own CONTACTD_* settings must not leak into the server under test.
        env = {k: v for k, v in os.environ.items() if not k.startswith("CONTACTD")}
        env.update({f"CONTACTD_{k.upper()}": str(v) for k, v in self.options.items() if v is not None})
        if self.port:
            env["CONTACTD_LISTEN"] = f"127.0.0.1:{self.port}"
        return env

    def command(self):
        return [str(self.binary), "serve"], self.environment()

    def cli(self, *args, input=None):
        """Runs a verb with the server's own settings; returns the CompletedProcess, as text."""
        return subprocess.run([str(self.binary), *map(str, args)], input=input, capture_output=True, text=True,
                              env=self.environment(), cwd=self.directory, user=self.user, timeout=30 * SLOW)

    def token(self, scope="read"):
        """Makes an API token and returns it."""
        done = self.cli("token", "add", f"test-{os.getpid()}-{next(TOKEN_NAMES)}", "--scope", scope, "--forms", "*")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def running(*servers):
    """Servers under test: started, stopped at the end, and what they complain about fails the test."""
    try:
        for server in servers:
            if server.process is None:
                server.start()
        yield servers[0] if len(servers) == 1 else servers
    finally:
        for server in servers:
            server.stop()
    for server in servers:
        complaint = server.complaints()
        assert complaint is None, complaint


class Reply(NamedTuple):
    data: bytes      # everything that came
    closed: bool     # the server ended the connection
    seconds: float   # from connect to the last look


def connect(port, timeout=10 * SLOW, context=None):
    """With an ssl.SSLContext the handshake is done, too."""
    s = socket.create_connection(("127.0.0.1", port), timeout)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(s, server_hostname="localhost") if context else s


def receive(s, wait):
    """What arrives within `wait` seconds: bytes, b"" when the server closed, None when nothing came."""
    has_some = isinstance(s, ssl.SSLSocket) and s.pending()
    if not has_some and not select.select([s], [], [], wait)[0]:
        return None
    try:
        return s.recv(65536)
    except TimeoutError:
        return None  # of TLS there was something, but nothing to read
    except (ConnectionError, ssl.SSLEOFError):
        return b""


def raw(port, data, timeout, quiet=None, heard_enough=bool, context=None):
    """Sends bytes on a fresh connection and reads until the server closes or `timeout` is over.

    With a list of parts, something to come back is awaited (a second at most) before the next part is sent.
    With `quiet`, a connection that the server keeps open is left before that: when heard_enough(bytes so far)
    is true and nothing more came for `quiet` seconds.
    """
    got, closed, start = bytearray(), False, time.monotonic()
    with connect(port, context=context) as s:
        for i, part in enumerate([data] if isinstance(data, bytes) else data):
            if i:
                got += receive(s, 1 * SLOW) or b""
            try:
                s.sendall(part)
            except OSError:
                break  # the server has had enough; what it said is read below
        while not closed and (left := start + timeout - time.monotonic()) > 0:
            is_enough = quiet is not None and heard_enough(bytes(got))
            piece = receive(s, min(left, quiet) if is_enough else left)
            if piece is None:
                break
            got += piece
            closed = piece == b""
    return Reply(bytes(got), closed, time.monotonic() - start)
