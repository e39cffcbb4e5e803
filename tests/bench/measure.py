# SPDX-License-Identifier: MIT
"""The instruments: a server on its CPU, wrk on the other, /proc, the clock.

Every process that is started here dies with us, however we die, and every wait
has an end.
"""
import atexit
import ctypes
import http.client
import json
import os
import resource
import secrets
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from peers import CERTIFICATE, CLEAN, HERE, KEY, OUT, TLS

SERVER_CPU, LOAD_CPU = 0, 1
DATABASES = OUT / "db"
LOGS = OUT / "log"
START_PATIENCE = 20  # seconds

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_libc = ctypes.CDLL(None, use_errno=True)
_running = set()
_last_port = 17000  # below the ephemeral ports, where wrk's own connections are


class Failed(Exception):
    """One measurement could not be made; the others go on."""


@atexit.register
def kill_all():
    for process in list(_running):
        kill(process)


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(timeout=10)
    _running.discard(process)


def start(command, cpu, **options):
    def before_exec():
        _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: if we are killed, so is it
        os.sched_setaffinity(0, {cpu})

    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                               preexec_fn=before_exec, **options)
    _running.add(process)
    return process


def run_tool(name, *arguments, env=CLEAN, patience=60):
    process = start([OUT / "tools" / name, *map(str, arguments)], LOAD_CPU, env=env, text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise Failed(f"{name} takes more than {patience} s") from None
    finally:
        kill(process)
    if process.returncode != 0:
        raise Failed(err.strip() or f"{name}: exit {process.returncode}")
    return [float(word) for word in out.split()]


def free_port():
    """A port nobody listens on, and none that was used a moment ago."""
    global _last_port
    while _last_port < 30000:
        _last_port += 1
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", _last_port))
                return _last_port
            except OSError:
                pass
    raise Failed("no free port")


def make_certificate():
    """Of 127.0.0.1, ECDSA P-256, by itself."""
    TLS.mkdir(exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "90", "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-out", CERTIFICATE, "-keyout", KEY], env=CLEAN, check=True, timeout=30, stderr=subprocess.DEVNULL)


# --- databases ----------------------------------------------------------------

def file_system(path):
    """The type of the file system that holds path."""
    best = ("", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mount, kind = line.split()[:3]
        mount = mount.replace("\\040", " ")
        if Path(mount) == path or Path(mount) in path.parents:
            best = max(best, (mount, kind), key=lambda m: len(m[0]))
    return best[1]


@dataclass
class Database:
    """One peer's database file and the token its admin door takes."""

    peer: object
    path: Path
    token: str

    @classmethod
    def new(cls, peer, purpose):
        path = DATABASES / f"{peer.name}-{purpose}.db"
        for old in DATABASES.glob(f"{path.name}*"):
            old.unlink()
        try:
            return cls(peer, path, peer.new_token(path))
        except (OSError, RuntimeError, subprocess.SubprocessError) as e:
            raise Failed(str(e)) from e

    def rows(self):
        try:
            db = sqlite3.connect(self.path, timeout=10)
            try:
                return db.execute(f"SELECT count(*) FROM {self.peer.table}").fetchone()[0]
            finally:
                db.close()
        except sqlite3.Error as e:
            raise Failed(f"cannot count the rows: {e}") from e

    def settle(self):
        """Moves the write-ahead log into the database: readers start alike."""
        db = sqlite3.connect(self.path, timeout=10)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.close()


# --- the server ---------------------------------------------------------------

class Server:
    """A peer, running on its CPU. Ends by SIGKILL: what it answered must be on disk."""

    def __init__(self, peer, database):
        self.peer = peer
        self.database = database
        self.port = free_port()
        self.process = None
        self.trust = ssl.create_default_context(cafile=CERTIFICATE) if peer.scheme == "https" else None

    def __enter__(self):
        env = self.peer.environment(self.port, self.database.path, self.database.token)
        with open(LOGS / f"{self.peer.name}.log", "ab") as log:
            self.process = start(self.peer.command, SERVER_CPU, cwd=DATABASES, env=env, stdout=log, stderr=log)
        try:
            self._wait_ready()
        except BaseException:
            kill(self.process)
            raise
        return self

    def __exit__(self, *_):
        kill(self.process)

    def _wait_ready(self):
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed(f"ended with {self.process.returncode} at its start (log: {self.peer.name}.log)")
            try:
                if self.ask("GET", self.peer.hello)[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.01)
        raise Failed(f"no answer within {START_PATIENCE} s")

    def url(self, path):
        return f"{self.peer.scheme}://127.0.0.1:{self.port}{path}"

    def client(self):
        if self.trust:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.trust)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def ask(self, method, path, body=None, headers=None, client=None):
        own = client or self.client()
        try:
            own.request(method, path, body, headers or {})
            answer = own.getresponse()
            return answer.status, answer.read()
        finally:
            if client is None:
                own.close()

    def post(self, number, client=None):
        body = json.dumps({"name": f"Grace Hopper {number}", "email": f"grace.{number}@example.org",
                           "message": f"Message {number}: " + "could you call me back about the offer? " * 7})
        status, answer = self.ask("POST", "/contact", body, {"Content-Type": "application/json"}, client)
        if status != 200:
            raise Failed(f"POST /contact: {status} {answer[:100]!r}")

    def newest(self, client=None):
        status, answer = self.ask("GET", "/admin/submissions?limit=50", client=client,
                                  headers={"Authorization": f"Bearer {self.database.token}"})
        if status != 200:
            raise Failed(f"GET /admin/submissions: {status} {answer[:100]!r}")
        return self.peer.rows_of(json.loads(answer))

    def pids(self):
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                todo += [int(child) for child in children.read_text().split()]
        return found

    def cpu_seconds(self):
        """User and system time of all its threads and processes."""
        ticks = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICK

    def rss_mb(self):
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids()) * _PAGE / 1e6

    def _check_alive(self):
        if self.process.poll() is not None:
            raise Failed(f"died under load with {self.process.returncode} (log: {self.peer.name}.log)")

    def load(self, path, connections, seconds, script):
        """One run of wrk; returns a Sample."""
        cpu, wrk_cpu, all_cpu, rss = self.cpu_seconds(), children_cpu(), machine_cpu(), 0.0
        process = start(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
                         "-s", str(HERE / "load.lua"), self.url(path), "--", *script],
                        LOAD_CPU, env=CLEAN, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + seconds + 30
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise Failed("wrk does not end")
                self._check_alive()
                rss = max(rss, self.rss_mb())
                time.sleep(0.1)
            out = process.stdout.read()
        finally:
            kill(process)
        self._check_alive()
        result = next((line[7:] for line in out.splitlines() if line.startswith("RESULT ")), None)
        if result is None:
            raise Failed("wrk: " + (out.strip().splitlines() or ["no word"])[-1])
        result = json.loads(result)
        answers = result["answers"]
        cpu, wrk_cpu = self.cpu_seconds() - cpu, children_cpu() - wrk_cpu
        if answers == result["refused"]:
            raise Failed(f"not one good answer ({answers} bad ones)")
        return Sample(
            good=answers - result["refused"],
            rate=(answers - result["refused"]) / result["seconds"],
            p50_ms=result["p50_ms"], p99_ms=result["p99_ms"],
            served=answers / result["seconds"] * result["mean_ms"] / 1e3 / connections,
            cpu_us=cpu * 1e6 / answers,
            wrk_busy=wrk_cpu / result["seconds"],
            others_busy=(machine_cpu() - all_cpu - cpu - wrk_cpu) / result["seconds"],
            refused=result["refused"], broken=result["broken"], late=result["late"], rss_mb=rss)


@dataclass
class Sample:
    """What one run of wrk tells."""

    good: int  # answers below 400
    rate: float  # of those, per second
    p50_ms: float  # from the request on: whoever connects anew for each has None here and in the next two
    p99_ms: float
    served: float  # share of the connections that had their turn (Little's law)
    cpu_us: float  # the server's, per answer
    wrk_busy: float  # 1.0: wrk had no time left, the server may have
    others_busy: float  # CPUs' worth of everything else on the machine, this program's share too
    refused: int  # answers of 400 and more
    broken: int  # socket errors
    late: int  # answers after more than 10 s
    rss_mb: float  # the server's largest
    void: str = ""  # why this run does not count


def machine_cpu():
    """User, nice, system and stolen seconds of all CPUs. Interrupts are left out:
    on loopback they are the server's and wrk's own."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(ticks[:3]) + ticks[7]) / _TICK


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def salt():
    return secrets.token_hex(4)
