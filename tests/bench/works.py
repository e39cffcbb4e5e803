# SPDX-License-Identifier: MIT
"""What is measured. A work is asked for one sample of one peer at a time, so that
the rounds interleave: a slow minute of the machine hits every peer alike."""
import shutil
import subprocess
import time
from dataclasses import replace

from measure import DATABASES, SERVER_CPU, Database, Failed, Server, free_port, run_tool, salt

WARM_UP = 1  # seconds, not counted: JIT compilers, caches, the WAL's first growth


class Work:
    """name: for --work; title: in the report, with a note or none; rounds: how many samples a peer gives."""

    note = ""
    rounds = None  # None: as many as --rounds says
    is_load = False  # whether it puts a server under load

    def __init__(self, name, title):
        self.name = name
        self.title = title

    def takes(self, peer):
        return peer.is_for_load or not self.is_load

    def sample(self, peer, seconds):
        raise NotImplementedError


class Post(Work):
    """Durable submissions. The server is killed outright, then the rows are counted."""

    is_load = True

    def __init__(self, name, connections):
        super().__init__(name, f"Durable POST, {connections:,} connections")
        self.connections = connections

    def sample(self, peer, seconds):
        database = Database.new(peer, self.name)
        with Server(peer, database) as server:
            warm = server.load("/contact", self.connections, WARM_UP, ["post", salt()])
            sample = server.load("/contact", self.connections, seconds, ["post", salt()])
        rows, answers = database.rows(), warm.good + sample.good
        if rows < answers:
            sample.void = f"{rows} rows for {answers} answers"
        return sample


class Hello(Work):
    """The smallest JSON answer: what the HTTP side costs by itself."""

    is_load = True

    def sample(self, peer, seconds):
        with Server(peer, Database.new(peer, self.name)) as server:
            server.load(peer.hello, 64, WARM_UP, ["get"])
            return server.load(peer.hello, 64, seconds, ["get"])


class Fresh(Work):
    """The smallest answer over a connection that is new each time: over TLS, what handshakes cost."""

    note = ("No session is resumed: contactd gives no tickets, and the others' are off. wrk spends more on a handshake than "
            "they do, so compare the CPU time per answer.")
    is_load = True

    def sample(self, peer, seconds):
        with Server(peer, Database.new(peer, self.name)) as server:
            server.load(peer.hello, 64, WARM_UP, ["fresh"])
            sample = server.load(peer.hello, 64, seconds, ["fresh"])
        return replace(sample, p50_ms=None, p99_ms=None, served=None)  # wrk's clock starts when the connection is made


class Newest(Work):
    """The admin's list. The rows go in once, through the service's own door."""

    is_load = True

    ROWS = 10_000

    def __init__(self, name, title):
        super().__init__(name, title)
        self.databases = {}

    def sample(self, peer, seconds):
        if peer.name not in self.databases:
            self.databases[peer.name] = self._filled(peer)
        with Server(peer, self.databases[peer.name]) as server:
            newest = server.newest()
            if len(newest) != 50:
                raise Failed(f"{len(newest)} rows in the list, not 50")
            script = ["get", server.database.token]
            server.load("/admin/submissions?limit=50", 64, WARM_UP, script)
            return server.load("/admin/submissions?limit=50", 64, seconds, script)

    def _filled(self, peer):
        database = Database.new(peer, self.name)
        with Server(peer, database) as server:
            client = server.client()
            for number in range(self.ROWS):
                server.post(number, client)
            client.close()
        if database.rows() != self.ROWS:
            raise Failed(f"{database.rows()} rows after {self.ROWS} submissions")
        database.settle()
        return database


class Idle(Work):
    """Resident memory (MB) of a server that has seen a hundred requests, of every kind that it knows."""

    rounds = 3
    SETTLES = 5  # seconds; for all alike

    def sample(self, peer, seconds):
        with Server(peer, Database.new(peer, self.name)) as server:
            for method, path, body, headers in peer.requests(server.database.token):
                status, answer = server.ask(method, path, body, headers)
                if status >= 500:
                    raise Failed(f"{method} {path}: {status} {answer[:100]!r}")
            time.sleep(self.SETTLES)
            return server.rss_mb()


class Start(Work):
    """Milliseconds from fork to the first answer, on a database that exists."""

    rounds = 11

    def __init__(self, name, title):
        super().__init__(name, title)
        self.databases = {}

    def sample(self, peer, seconds):
        if peer.name not in self.databases:
            database = Database.new(peer, self.name)
            with Server(peer, database):
                self.databases[peer.name] = database
        database, port = self.databases[peer.name], free_port()
        return run_tool("coldstart", peer.scheme, port, peer.hello, SERVER_CPU, *peer.command,
                        env=peer.environment(port, database.path, database.token))[0]


class Size(Work):
    """MB of the executable without its debug symbols; shared libraries not counted."""

    rounds = 1

    def sample(self, peer, seconds):
        copy = DATABASES / f"{peer.name}.stripped"
        shutil.copy(peer.executable, copy)
        subprocess.run(["strip", str(copy)], check=False, timeout=60, stderr=subprocess.DEVNULL)
        size = copy.stat().st_size / 1e6
        copy.unlink()
        return size


class Image(Work):
    """MB of what an empty container image with it holds."""

    rounds = 1

    def takes(self, peer):
        return peer.image is not None

    def sample(self, peer, seconds):
        return sum(path.stat().st_size for path in peer.image) / 1e6


class OverTls(Work):
    """Another work, of those that speak TLS. One file has a TLS library of its own, so it is put under load too."""

    def __init__(self, work):
        super().__init__(work.name, f"{work.title}, over TLS")
        self.work = work
        self.note = work.note
        self.rounds = work.rounds
        self.is_load = work.is_load

    def takes(self, peer):
        return peer.tls is not None

    def sample(self, peer, seconds):
        return self.work.sample(peer.over_tls(), seconds)


def all_works():
    return [
        Post("post64", 64),
        Post("post1000", 1000),
        Hello("hello", "GET JSON, 64 connections"),
        Newest("list", "50 newest of 10,000 rows, 64 connections"),
        OverTls(Post("post64-tls", 64)),
        OverTls(Fresh("fresh-tls", "GET JSON, a new connection for each, 64 at a time")),
        Idle("idle", "RSS after 100 requests"),
        OverTls(Idle("idle-tls", "RSS after 100 requests")),
        Start("start", "start to first answer"),
        OverTls(Start("start-tls", "start to first answer")),
        Size("size", "executable"),
        Image("image", "container image"),
    ]


def floor(count=1000):
    """What one durable write costs on this disk: median, p90, p99 in microseconds."""
    return run_tool("fsynclat", DATABASES / "floor.tmp", count)
