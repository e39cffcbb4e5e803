# SPDX-License-Identifier: MIT
"""Who is measured: how each is started, and what differs in how it is asked."""
import copy
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from kinds import JSON, hundred, message  # noqa: E402

OUT = HERE.parent.parent / "build" / "bench"  # where build-peers.sh leaves everything
TLS = OUT / "tls"
CERTIFICATE, KEY = TLS / "certificate.pem", TLS / "key.pem"  # of one run, for all alike
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
TOKEN = "bench-0123456789abcdef0123456789abcdef"

# Nothing of the caller's environment may tune one peer and not another.
CLEAN = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(OUT)}


class Peer:
    """A service of build-peers.sh. One name per row; two rows may share a build."""

    hello = "/hello"
    table = "submissions"
    scheme = "http"
    image = None  # the files of an empty container image with it, if it can be alone in one
    is_for_load = True  # False: the program of another row in other clothes, so only its size, memory and start count

    def __init__(self, name, label, build, command, executable=None, env=None, is_batching=False, tls=None):
        self.name = name
        self.label = label
        self.build = build
        self.command = [str(part) for part in command]
        self.executable = executable or command[0]
        self.env = env or {}
        self.is_batching = is_batching
        self.tls = tls  # what of its environment turns TLS on, if it speaks it

    def over_tls(self):
        """The same, with TLS on."""
        other = copy.copy(self)
        other.scheme = "https"
        other.env = {**self.env, **self.tls}
        return other

    def version(self):
        """What it is made of, or None if it is not built."""
        try:
            return (OUT / self.build / "version").read_text().strip()
        except OSError:
            return None

    def reason_missing(self):
        try:
            for line in (OUT / "missing.txt").read_text().splitlines():
                name, _, reason = line.partition("\t")
                if name == self.build:
                    return reason
        except OSError:
            pass
        return "not built: run tests/bench/build-peers.sh"

    def environment(self, port, database, token):
        return {**CLEAN, **self.env, "PORT": str(port), "DB": str(database), "TOKEN": token, "SYNC": "FULL"}

    def new_token(self, database):
        """Called once for each new database, before the first start on it."""
        return TOKEN

    def rows_of(self, document):
        return document

    def requests(self, token):
        """(method, path, body, headers) of a hundred requests, of every kind that it knows."""
        for number in range(40):
            yield "GET", self.hello, None, {}
            yield "POST", "/contact", json.dumps(message(number)), JSON
            if number % 2:
                yield "GET", "/admin/submissions?limit=50", None, {"Authorization": f"Bearer {token}"}


class Alone(Peer):
    """A peer of one file that needs no other; but to verify whom it calls it needs to know the authorities."""

    is_for_load = False

    @property
    def image(self):
        return [Path(self.executable), AUTHORITIES]


class Contactd(Peer):
    hello = "/version"
    table = "submission"

    def __init__(self, binary, name="contactd", label="contactd"):
        super().__init__(name, label, "", [binary, "serve"], is_batching=True,
                         tls={"CONTACTD_TLS_CERT": str(CERTIFICATE), "CONTACTD_TLS_KEY": str(KEY)})
        self.binary = str(binary)

    def version(self):
        if not os.access(self.binary, os.X_OK):
            return None
        try:
            return self._run("version", CLEAN).splitlines()[0]
        except (OSError, RuntimeError, IndexError, subprocess.SubprocessError):
            return "version unknown"

    def reason_missing(self):
        return f"{self.binary} is not built: run make"

    def environment(self, port, database, token):
        return {**CLEAN, **self.env, "CONTACTD_LISTEN": f"127.0.0.1:{port}", "CONTACTD_DATABASE": str(database),
                "CONTACTD_LOG_LEVEL": "warn", "CONTACTD_RATE_LIMIT": "off"}

    def new_token(self, database):
        # Only the server makes a database, so it runs once, for as long as the verb needs it.
        env = {**CLEAN, "CONTACTD_DATABASE": str(database), "CONTACTD_LISTEN": f"unix:{database}.http"}
        server = subprocess.Popen([self.binary, "serve"], env=env, cwd=OUT, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(200):
                if os.path.exists(f"{database}.sock"):
                    break
                time.sleep(0.05)
            return self._run("token add bench --scope manage --forms *", env)
        finally:
            server.terminate()
            server.wait(timeout=30)

    def rows_of(self, document):
        return document["submissions"]

    def requests(self, token):
        return hundred(token)

    def _run(self, arguments, env):
        done = subprocess.run([self.binary, *arguments.split()], env=env, cwd=OUT, text=True, timeout=30,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no word"])[-1]
            raise RuntimeError(f"contactd {arguments}: exit {done.returncode}: {last}")
        return done.stdout.strip()


class ContactdAlone(Contactd):
    """The same in one file, which has the authorities in it."""

    is_for_load = False

    def __init__(self, binary):
        super().__init__(binary, "contactd-static", "contactd, one file")
        self.image = [binary, *(binary.parent / name for name in ("contactd.cdx.json", "LICENSES"))]

    def reason_missing(self):
        return f"{self.binary} is not built: run make static"


def all_peers(contactd_binary):
    node = Path(shutil.which("node") or "node").resolve()
    production = {"NODE_ENV": "production"}
    tls = {"TLS_CERT": str(CERTIFICATE), "TLS_KEY": str(KEY)}
    static = contactd_binary.parent / "static"
    # GOMAXPROCS: on one CPU Go would run one goroutine at a time, and the committer
    # would hold the others up through every fsync. The peers without one are faster as they are.
    return [
        Contactd(contactd_binary),
        ContactdAlone(static / "contactd"),
        Peer("axumgc", "axum, group commit", "axum", [OUT / "axum/server"], env={"AXUM_BATCH": "1"}, is_batching=True),
        Peer("gonetgc", "Go net/http, group commit", "gonet", [OUT / "gonet/server", "-batch"], is_batching=True,
             env={"GOMAXPROCS": "2"}, tls=tls),
        Peer("axum", "axum", "axum", [OUT / "axum/server"]),
        Peer("gonet", "Go net/http", "gonet", [OUT / "gonet/server"], tls=tls),
        Peer("gin", "Gin", "gin", [OUT / "gin/server"], tls=tls),
        Alone("gin-static", "Gin, one file", "gin-static", [OUT / "gin-static/server"], tls=tls),
        Peer("fastify", "Fastify", "node", [node, OUT / "node/fastify.js"], env=production),
        Peer("express", "Express", "node", [node, OUT / "node/express.js"], env=production),
        Peer("fastapi", "FastAPI", "fastapi", [OUT / "fastapi/server"], executable=Path("/usr/bin/python3").resolve()),
    ]
