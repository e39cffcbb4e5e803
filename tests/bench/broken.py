#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What eight broken destinations cost whoever posts a form: times of posts beside those to a form whose eight
destinations work, and to one that has none, in turns in the same run.

    tests/bench/broken.py                     about four minutes
    tests/bench/broken.py --rounds 1          a look

The server has one CPU; the posts come at a steady rate from the other, where the destinations
live too, each at an address of its own and with the lowest priority. Times count from when a post was due.
Figures (medians over the rounds) go to stdout as a Markdown table, progress to stderr.
"""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / "mail")]
from faults import drip, http, pour  # noqa: E402
from harness import Server, free_port  # noqa: E402
from world import Listener, answer, smtp_talk  # noqa: E402

SENDERS = 8
SERVER_CPU, OTHER_CPU = {0}, {1}
BROKEN = {
    "silent": lambda line: line.hold(),
    "drips": drip,
    "pours": pour,
    "500": answer("500 Oops"),
    "closes": lambda line: None,
    "429": answer("429 Later"),
}


def tell(text):
    print(f"broken: {text}", file=sys.stderr, flush=True)


def destinations(kind):
    """In a process of its own: says where they are, and stays until its input ends."""
    os.sched_setaffinity(0, OTHER_CPU)
    os.nice(19)
    works = kind == "work"
    with contextlib.ExitStack() as stack:
        hooks = [{"name": "nobody", "url": f"http://127.0.0.2:{free_port()}/in"}]
        if works:
            server = stack.enter_context(Listener(http(answer("200 OK")), host="127.0.0.2"))
            hooks = [{"name": "nobody", "url": f"http://127.0.0.2:{server.port}/in"}]
        for number, (name, talk) in enumerate(BROKEN.items(), 3):
            server = stack.enter_context(Listener(http(answer("200 OK") if works else talk), host=f"127.0.0.{number}"))
            hooks.append({"name": name, "url": f"http://127.0.0.{number}:{server.port}/in"})
        mails = stack.enter_context(Listener(smtp_talk({} if works else {"GREETING": "hold"})))
        print(json.dumps({"mail": mails.port, "hooks": hooks}), flush=True)
        sys.stdin.read()
        os._exit(0)  # who holds a line would be waited for


def send(server, number, count, rate, times, failures):
    """Every SENDERS-th of the posts, each at its time."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    start = time.monotonic() + 0.1
    for index in range(number, count, SENDERS):
        due = start + index / rate
        time.sleep(max(0, due - time.monotonic()))
        body = json.dumps({"name": "Ada", "email": "ada@example.org", "message": f"Message {index}"})
        connection.request("POST", "/contact/shop", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        times.append((time.monotonic() - due) * 1000)
        if reply.status != 200:
            failures.append(reply.status)


def measure(kind, seconds, rate):
    """(p50, p99) in ms."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        notify, options = {}, {"allow_plain": "on", "webhook_allow": "127.0.0.0/8"}
        if kind != "none":
            there = stack.enter_context(subprocess.Popen([sys.executable, __file__, "--be", kind], stdin=subprocess.PIPE,
                                                         stdout=subprocess.PIPE, text=True))
            stack.callback(there.stdin.close)
            at = json.loads(there.stdout.readline())
            options |= {"smtp_url": f"smtp://127.0.0.1:{at['mail']}", "smtp_from": "forms@here.example"}
            notify = {"mail": ["owner@there.example"], "webhooks": at["hooks"]}
        server = Server(folder, **options)
        os.sched_setaffinity(0, SERVER_CPU)
        server.start()
        stack.callback(server.stop)
        os.sched_setaffinity(0, OTHER_CPU)
        done = server.cli("form", "add", "shop", "notify=" + json.dumps(notify))
        assert done.returncode == 0, done.stderr
        times, failures = [], []
        senders = [threading.Thread(target=send, args=(server, number, seconds * rate, rate, times, failures)) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert not failures and len(times) == seconds * rate, failures[:5]
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=100, help="posts a second")
    parser.add_argument("--be", choices=["work", "broken"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be:
        destinations(options.be)
    seen = {"none": [], "work": [], "broken": []}
    for number in range(options.rounds):
        for kind, figures in seen.items():
            figures.append(measure(kind, options.seconds, options.rate))
            tell(f"round {number + 1} of {options.rounds}, {kind}: p50 {figures[-1][0]:.2f} ms, p99 {figures[-1][1]:.2f} ms")
    print(f"| destinations, {options.rate} posts/s, load {os.getloadavg()[0]:.1f} | p50, ms | p99, ms |\n|---|--:|--:|")
    for kind, text in ("none", "none"), ("work", "8 that work"), ("broken", "8 that are broken"):
        p50, p99 = (statistics.median(column) for column in zip(*seen[kind]))
        print(f"| {text} | {p50:.2f} | {p99:.2f} |")


if __name__ == "__main__":
    main()
