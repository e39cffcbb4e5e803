#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A mixed attack on a server in a small box, while others go on posting.

    tests/fault/attack.py                      60 s in 512 MB and one CPU, and a report
    tests/fault/attack.py --seconds 10 --rate 500
    tests/fault/attack.py --idle 10000         that many connections that say nothing, instead

At the same time: heads and bodies that come a byte at a time, bodies that are too large or as large as they may be, pages
that nobody takes, a flood of sign-ins, and --rate posts a second of people who mean it, through a proxy that is trusted and on connections
that it keeps; a tenth of them comes on connections of its own. They are sent when they are due, whether or not the
ones before are answered, and their time counts from then.
"""
import argparse
import base64
import json
import multiprocessing
import os
import pathlib
import resource
import selectors
import socket
import sqlite3
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from box import Box, NoBox  # noqa: E402
from harness import ROOT, Server, running  # noqa: E402

MIB = 1024 * 1024
MEMORY, CPUS = 512 * MIB, 1
ATTACKERS = "127.66.{}.{}"  # whom no proxy speaks for


class Boxed(Server):
    """contactd in its box, or where there can be none, on one CPU of many."""

    def __init__(self, tmp_path, box, **options):
        super().__init__(tmp_path, **{"trusted_proxies": "127.0.0.1", "log_level": "warn", "rate_limit": "on", **options})
        self.box = box

    def command(self):
        argv, environment = super().command()
        enter = self.box.enter() if self.box else []
        return [*enter, "taskset", "-c", str(min(os.sched_getaffinity(0))), *argv], environment

    def rss(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_peak(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024


# --- who means it --------------------------------------------------------------


class Sender:
    """One connection that carries one post at a time. `keeps`: the same one for many."""

    def __init__(self, port, keeps):
        self.port, self.keeps = port, keeps
        self.socket, self.due, self.email, self.answer = None, None, None, b""

    def send(self, due, email, request):
        if self.socket is None:
            self.socket = socket.socket()
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.setblocking(False)
            self.socket.connect_ex(("127.0.0.1", self.port))
        self.due, self.email, self.request, self.answer = due, email, request, b""
        self.write()

    def write(self):
        """Whether all is written."""
        try:
            self.request = self.request[self.socket.send(self.request):]
        except (BlockingIOError, OSError) as error:
            return False if isinstance(error, BlockingIOError) or error.errno == 107 else None
        return not self.request

    def is_usable(self):
        """False once the server has closed, which a proxy sees before it sends the next request."""
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = self.due = None


def make_request(number, label):
    """(email, bytes) of a post from an address of its own to one of many forms."""
    email = f"{label}.{number}@example.org"
    body = json.dumps({"name": f"Ada {number}", "email": email, "message": f"Call me back about offer {number} of {label}, please. " * 6}).encode()
    source = f"198.{18 + number // 65536 % 2}.{number // 256 % 256}.{number % 256}"
    return email, (f"POST /contact/form-{number % 1000} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {source}\r\nContent-Type: application/json\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def post_steadily(port, label, rate, seconds, keeps, results):
    """`rate` posts a second, open loop; puts what came of them into the queue."""
    selector, idle, busy = selectors.DefaultSelector(), [], set()
    kept, codes, acknowledged, late = [], {}, [], 0
    begin = time.monotonic() + 0.2
    end, number = begin + seconds, 0
    total = int(rate * seconds)

    def finish(sender, code, now):
        nonlocal late
        selector.unregister(sender.socket)
        busy.discard(sender)
        codes[code] = codes.get(code, 0) + 1
        if code == 200:
            kept.append(now - sender.due)
            acknowledged.append(sender.email)
        if code == 200 and keeps:
            sender.due = None
            idle.append(sender)
        else:
            sender.close()

    while (number < total or busy) and time.monotonic() < end + 30:
        now = time.monotonic()
        while number < total and begin + number / rate <= now:
            while idle and not idle[-1].is_usable():
                idle.pop().close()
            sender = idle.pop() if idle else Sender(port, keeps)
            fresh = sender.socket is None
            email, request = make_request(number, label)
            sender.send(begin + number / rate, email, request)
            busy.add(sender)
            selector.register(sender.socket, selectors.EVENT_READ | (selectors.EVENT_WRITE if fresh or sender.request else 0), sender)
            number += 1
        wait = begin + number / rate - time.monotonic() if number < total else 0.05
        for key, events in selector.select(max(0, min(wait, 0.05))):
            sender = key.data
            if events & selectors.EVENT_WRITE and sender.request:
                done = sender.write()
                if done is None:
                    finish(sender, "lost", time.monotonic())
                    continue
                if done:
                    selector.modify(sender.socket, selectors.EVENT_READ, sender)
            elif events & selectors.EVENT_WRITE:
                selector.modify(sender.socket, selectors.EVENT_READ, sender)
            if events & selectors.EVENT_READ:
                try:
                    piece = sender.socket.recv(65536)
                except OSError:
                    piece = b""
                sender.answer += piece
                head, gap, body = sender.answer.partition(b"\r\n\r\n")
                if gap and len(body) >= int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
                    finish(sender, int(head[9:12]), time.monotonic())
                elif not piece:
                    finish(sender, "lost", time.monotonic())
    codes["no answer"] = len(busy) + total - number
    results.put({"label": label, "seconds": kept, "codes": {k: v for k, v in codes.items() if v}, "acknowledged": acknowledged})


# --- who does not --------------------------------------------------------------


def from_attacker(port, number):
    s = socket.socket()
    s.bind((ATTACKERS.format(number // 250 % 250, 1 + number % 250), 0))
    s.settimeout(5)
    s.connect(("127.0.0.1", port))
    return s


def drip(port, connections, first, stop):
    """Connections that begin with `first` and go on with a byte a second; each is replaced when it is cut."""
    crowd = {}
    while not stop.is_set():
        for number in range(connections):
            if stop.is_set():
                break
            try:
                if number not in crowd:
                    crowd[number] = from_attacker(port, number)
                    crowd[number].sendall(first)
                    crowd[number].setblocking(False)
                else:
                    crowd[number].send(b"a")
                    if crowd[number].recv(4096) == b"":
                        raise OSError("cut")
            except BlockingIOError:
                pass
            except OSError:
                if number in crowd:
                    crowd.pop(number).close()
        stop.wait(1)


def pour(port, body_bytes, said_bytes, stop):
    """Bodies as large as they may be, and larger ones, one after the other."""
    number = 0
    head = f"POST /contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {said_bytes}\r\n\r\n".encode()
    body = b'{"a":[' + b"0," * (body_bytes // 2 - 8)
    body += b" " * (body_bytes - len(body) - 4) + b"0]} "
    while not stop.is_set():
        number += 1
        try:
            with from_attacker(port, number) as s:
                s.sendall(head + body)
                s.recv(4096)
        except OSError:
            pass
        stop.wait(0.002)


def hold(port, connections, stop):
    """Bodies as large as they may be of which all but the last byte comes at once."""
    head = b"POST /contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 65000\r\n\r\n"
    drip(port, connections, head + b'{"a":"' + b"a" * 64900, stop)


def deaf(port, connections, stop):
    """Connections that ask for the largest page there is and take nothing of it."""
    crowd = []
    while not stop.is_set():
        for s in crowd[:connections // 20]:
            s.close()
        del crowd[:connections // 20]
        while len(crowd) < connections and not stop.is_set():
            try:
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                s.bind((ATTACKERS.format(251, 1 + len(crowd) % 250), 0))
                s.settimeout(5)
                s.connect(("127.0.0.1", port))
                s.sendall(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n")
                crowd.append(s)
            except OSError:
                break
        stop.wait(1)


def guess(port, stop):
    """Passwords for the administrator, as fast as they are refused, from ever new addresses."""
    number = os.getpid() * 7
    while not stop.is_set():
        number += 1
        credential = base64.b64encode(f"admin:guess-{number}".encode()).decode()
        try:
            with from_attacker(port, number) as s:
                s.sendall(f"GET /admin/submissions HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credential}\r\nConnection: close\r\n\r\n".encode())
                while s.recv(4096):
                    pass
        except OSError:
            pass
        stop.wait(0.005)


SLOW_HEAD = b"POST /contact HTTP/1.1\r\nHost: x\r\nX-Long: "
SLOW_BODY = b"POST /contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"


def attackers(port, stop, part):
    """What each process does; `part` of the full number of connections."""
    return [(drip, (port, int(1500 * part), SLOW_HEAD, stop)), (drip, (port, int(1500 * part), SLOW_BODY, stop)),
            (hold, (port, int(600 * part), stop)), (deaf, (port, int(600 * part), stop)), (pour, (port, 65000, 65000, stop)), (pour, (port, 65000, 50_000_000, stop)),
            *[(guess, (port, stop))] * 3]


# --- what happens --------------------------------------------------------------


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


class Watcher(threading.Thread):
    """Looks every 50 ms how much memory the box has of its own."""

    def __init__(self, box):
        super().__init__(daemon=True)
        self.box, self.most, self.is_over = box, 0, threading.Event()

    def run(self):
        while not self.is_over.wait(0.05):
            self.most = max(self.most, self.box.own_bytes())


def attack(server, seconds, rate, part):
    """What came of it. The server runs; `part` of the full number of slow connections."""
    context = multiprocessing.get_context("fork")
    stop, results = context.Event(), context.Queue()
    watcher = Watcher(server.box) if server.box else None
    rows = [("kept", rate * 0.9, True), ("fresh", rate * 0.1, False)]
    crowd = [context.Process(target=target, args=arguments, daemon=True) for target, arguments in attackers(server.port, stop, part)]
    senders = [context.Process(target=post_steadily, args=(server.port, label, each, seconds, keeps, results), daemon=True)
               for label, each, keeps in rows]
    began, worked = time.monotonic(), server.cpu_seconds()
    for process in [*crowd, *senders]:
        process.start()
    if watcher:
        watcher.start()
    told = [results.get(timeout=seconds + 120) for _ in senders]  # before join(): who has more to say waits for a reader
    busy = (server.cpu_seconds() - worked) / (time.monotonic() - began)
    stop.set()
    for process in [*senders, *crowd]:
        process.join(timeout=20)
        process.kill()
    if watcher:
        watcher.is_over.set()
        watcher.join()
    return {"busy": busy, "told": {row["label"]: row for row in told}, "rss": server.rss_peak(), "own": watcher.most if watcher else None,
            "kills": server.box.kills() if server.box else None, "peak": server.box.peak_bytes() if server.box else None}


def missing(result, database):
    """E-mail addresses of messages that were acknowledged and are not there."""
    promised = {email for row in result["told"].values() for email in row["acknowledged"]}
    with sqlite3.connect(database) as rows:
        return promised - {email for email, in rows.execute("SELECT email FROM submission")}


def report(result):
    for label, row in result["told"].items():
        took = row["seconds"]
        print(f"{label}: {row['codes']}, p50 {percentile(took, 0.5) * 1e3:.1f} ms, p99 {percentile(took, 0.99) * 1e3:.1f} ms, "
              f"most {max(took, default=0) * 1e3:.0f} ms")
    print(f"the server had {result['busy']:.0%} of a CPU; others on this machine make it wait: load {os.getloadavg()[0]:.1f}")
    print(f"memory: resident {result['rss'] / MIB:.1f} MiB at most" + (
        f", own memory of the box {result['own'] / MIB:.1f}, with cached files {(result['peak'] or 0) / MIB:.1f}; killed {result['kills']} times"
        if result["own"] is not None else "; no box, so nothing was limited but the CPU"))


# --- connections that say nothing -----------------------------------------------


def idle(server, count):
    """What `count` idle connections take in bytes, and the seconds of 200 new ones that ask something."""
    time.sleep(3)  # until the first start has made its password
    before, crowd, took = server.rss(), [], []
    for number in range(count):
        s = from_attacker(server.port, number)
        s.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        crowd.append(s)
    for s in crowd:
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
    held = server.rss()
    for number in range(200):
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(make_request(number, "new")[1])
            assert s.recv(4096).startswith(b"HTTP/1.1 200")
        took.append(time.monotonic() - begin)
    for s in crowd:
        s.close()
    return before, held, took


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rate", type=float, default=2000)
    options.add_argument("--part", type=float, default=1, help="of the slow connections")
    options.add_argument("--idle", type=int, help="so many connections that say nothing, instead")
    options.add_argument("--head", default="7k", help="the connection-memory that they get")
    options.add_argument("--limits", choices=("on", "off"), default="on", help="rate limits; sign-ins have some too")
    options = options.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, [resource.getrlimit(resource.RLIMIT_NOFILE)[1]] * 2)
    try:
        box = Box(MEMORY, CPUS)
    except NoBox as why:
        print(f"{why}; without a limit")
        box = None
    try:
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            more = {"max_connections": options.idle + 500, "connection_memory": options.head, "idle_timeout": "10m"} if options.idle else {}
            server = Boxed(pathlib.Path(folder), box, rate_limit=options.limits, **more)
            with running(server):
                if options.idle:
                    before, held, took = idle(server, options.idle)
                    print(f"{options.idle} idle connections: {held / MIB:.1f} MiB, {(held - before) / options.idle:.0f} bytes each; "
                          f"a new one is answered in {percentile(took, 0.5) * 1e3:.1f} ms (p50), {percentile(took, 0.99) * 1e3:.1f} ms (p99)")
                    return
                result = attack(server, options.seconds, options.rate, options.part)
            report(result)
            print(f"{len(missing(result, server.options['database']))} acknowledged messages lost")
    finally:
        if box:
            box.remove()


if __name__ == "__main__":
    main()
