# SPDX-License-Identifier: MIT
"""A small disk of one's own that fills while deliveries are on their way: run by test_disk.py in a mount namespace.

    unshare -m python3 tests/fault/disk.py DIRECTORY END > RESULT.json
"""
import contextlib
import http.client
import json
import pathlib
import sqlite3
import subprocess
import sys
import threading
import time

import requests

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from harness import SLOW, Server  # noqa: E402
from load import BODY, lost  # noqa: E402
from receiver import Receiver, wait  # noqa: E402

DISK_MB = 6
CLIENTS = 4
REFUSED = 40  # posts that must meet the full disk


class Poster(threading.Thread):
    """Posts one message after the other, whatever the answer is, and notes it."""

    def __init__(self, crowd, label):
        super().__init__(daemon=True)
        self.crowd, self.label = crowd, label

    def run(self):
        for number in range(1_000_000):
            if self.crowd.is_over:
                return
            self.crowd.gate.wait(60 * SLOW)
            message = f"{self.label}/{number} " + "x" * 1000
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.crowd.note(message, *self.post(message))
            time.sleep(0.002)

    def post(self, message):
        connection = http.client.HTTPConnection("127.0.0.1", self.crowd.server.port, timeout=20 * SLOW)
        with contextlib.closing(connection):
            connection.request("POST", "/contact", json.dumps({**BODY, "message": message}),
                               {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.getheader("Retry-After"), json.loads(reply.read())


class Crowd:
    def __init__(self, server):
        self.server, self.is_over, self.gate = server, False, threading.Event()
        self.gate.set()
        self.acknowledged, self.others, self.lock = {}, {}, threading.Lock()
        self.posters = [Poster(self, i) for i in range(CLIENTS)]
        for poster in self.posters:
            poster.start()

    def note(self, message, status, retry_after, said):
        with self.lock:
            if status == 200:
                self.acknowledged[said["id"]] = message
            else:
                key = f"{status} {'with' if retry_after else 'without'} Retry-After"
                self.others[key] = self.others.get(key, 0) + 1

    def refused(self):
        return sum(self.others.values())

    def more(self, count):
        """Waits until so many more were acknowledged."""
        before = len(self.acknowledged)
        wait(lambda: len(self.acknowledged) >= before + count, 60)

    def end(self):
        self.is_over = True
        for poster in self.posters:
            poster.join(timeout=30 * SLOW)
            assert not poster.is_alive(), "a post was neither answered nor closed"


class Disk:
    def __init__(self, path):
        self.path, self.filler = path, path / "filler"
        path.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(path)], check=True)

    def fill(self):
        with open(self.filler, "ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)

    def empty(self):
        self.filler.unlink()


def count(path, where):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute(f"SELECT count(*) FROM delivery WHERE {where}").fetchone()[0]


def heard(receiver):
    ids = {}
    for post in list(receiver.posts):
        ids[post.id] = ids.get(post.id, 0) + 1
    return ids


def run(directory, end):
    """`end`: what happens while the disk is full: "space" comes back, a "stop" and a start, "kill -9" and a start."""
    disk = Disk(pathlib.Path(directory) / "disk")
    with Receiver() as receiver:
        server = Server(directory, database=disk.path / "contactd.db", **receiver.options)
        notify = {"webhooks": [{"name": "crm", "url": receiver.url + "/slow/in"}]}
        server.start()
        done = server.cli("form", "add", "default", "notify=" + json.dumps(notify))
        assert done.returncode == 0, done.stderr
        reader = {"Authorization": f"Bearer {server.token()}"}
        crowd = Crowd(server)
        crowd.more(50)
        wait(lambda: count(server.options["database"], "leased") >= 4)

        def meets_a_full_disk():
            disk.fill()
            return crowd.refused() >= REFUSED
        wait(meets_a_full_disk, 60)
        crowd.gate.clear()
        receiver.gate.set()  # what is on its way arrives, and cannot be written down
        wait(lambda: len(receiver.posts) >= 4)
        failed = len(server.log_lines("commit_failed"))
        wait(lambda: len(server.log_lines("commit_failed")) >= failed + 3, 60)
        at_full = {"refused": crowd.refused(), "heard": sum(heard(receiver).values())}
        if end != "space":
            server.stop() if end == "stop" else server.kill()
            disk.fill()
            server.start()
            assert requests.get(f"{server.url}/admin/submissions", headers=reader, timeout=20 * SLOW).json()["submissions"]
        disk.empty()
        crowd.gate.set()
        crowd.more(50)
        crowd.end()
        wait(lambda: count(server.options["database"], "state <> 2") == 0, 120)
        code = server.stop()
        by_id = heard(receiver)
        return {
            "code": code, "acknowledged": len(crowd.acknowledged), "others": crowd.others, "atFull": at_full,
            "lost": len(lost(crowd.acknowledged, server.options["database"])),
            "unheard": len([i for i in crowd.acknowledged if f"msg_{i}" not in by_id]),
            "repeated": {i: n for i, n in by_id.items() if n > 1},
            "complaint": server.complaints(),
        }


if __name__ == "__main__":
    print(json.dumps(run(*sys.argv[1:])))
