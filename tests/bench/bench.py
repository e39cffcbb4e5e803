#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures contactd beside its peers, by one protocol: the server on one CPU, wrk
on the other, databases on a real file system, interleaved rounds, medians.

    tests/bench/build-peers.sh                              first
    tests/bench/bench.py                                    everything, about 20 minutes
    tests/bench/bench.py --only contactd,gin --work post64  a look

The report goes to stdout and build/bench/report.md, progress to stderr. Exits 1
if a run is void: an answer was given for a row that is not there.
"""
import argparse
import os
import resource
import shutil
import signal
import sys
from pathlib import Path

import report
from measure import DATABASES, LOAD_CPU, LOGS, SERVER_CPU, Failed, Sample, file_system, make_certificate
from peers import OUT, all_peers
from works import all_works, floor

IN_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}


def chosen(kind, everything, names):
    """The members of everything that names (comma-separated) asks for."""
    if not names:
        return everything
    wanted = names.split(",")
    known = [thing.name for thing in everything]
    for name in wanted:
        if name not in known:
            sys.exit(f"bench: no {kind} {name}; there are {', '.join(known)}")
    return [thing for thing in everything if thing.name in wanted]


def prepare():
    if not {SERVER_CPU, LOAD_CPU} <= os.sched_getaffinity(0):
        sys.exit("bench: needs two CPUs, one for the server and one for wrk")
    for program in ("wrk", "strip", "openssl"):
        if not shutil.which(program):
            sys.exit(f"bench: {program} is not installed")
    if not (OUT / "tools" / "version").exists():
        sys.exit("bench: the tools are not built: run tests/bench/build-peers.sh")
    LOGS.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(DATABASES, ignore_errors=True)
    DATABASES.mkdir(parents=True)
    kind = file_system(DATABASES)
    if kind in IN_MEMORY:
        sys.exit(f"bench: {DATABASES} is on {kind}, where nothing is durable")
    make_certificate()
    os.sched_setaffinity(0, {LOAD_CPU})
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # so that atexit ends what we started
        signal.signal(number, lambda n, _: sys.exit(128 + n))


def tell(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def brief(sample):
    text = f"{sample.rate:,.0f}/s, {sample.cpu_us:.1f} us CPU"
    if sample.p99_ms is not None:
        text += f", p99 {sample.p99_ms:.1f} ms"
    if sample.refused or sample.broken or sample.late:
        text += f", {sample.refused} non-2xx, {sample.broken} socket errors, {sample.late} late"
    return text + (f", VOID: {sample.void}" if sample.void else "")


def measure(works, peers, rounds, seconds):
    results = report.Results()
    for work in works:
        for turn in range(1, (work.rounds or rounds) + 1):
            for peer in peers:
                if not work.takes(peer) or (work.name, peer.name) in results.failures:
                    continue
                try:
                    sample = work.sample(peer, seconds)
                    results.add(work.name, peer.name, sample)
                    if isinstance(sample, Sample):
                        tell(f"{work.name} {turn} {peer.name}: {brief(sample)}")
                except Exception as e:  # one peer's trouble must not cost the others their figures
                    why = str(e) if isinstance(e, Failed) else f"{type(e).__name__}: {e}"
                    results.fail(work.name, peer.name, f"failed: {why}")
                    tell(f"{work.name} {turn} {peer.name}: FAILED: {why}")
        for peer in peers:
            samples = results.valid(work.name, peer.name)
            if samples and not isinstance(samples[0], Sample):
                tell(f"{work.name} {peer.name}: {results.median(work.name, peer.name):.1f}")
    return results


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", type=Path, default=OUT.parent / "contactd", help="the contactd to measure")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=5, help="of each load run")
    options.add_argument("--only", metavar="PEERS", help="comma-separated: contactd,gin,...")
    options.add_argument("--work", metavar="WORKS", help="comma-separated: post64,hello,...")
    options = options.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        sys.exit("bench: --rounds and --seconds are at least 1")

    works = chosen("work", all_works(), options.work)
    asked = chosen("peer", all_peers(options.binary.resolve()), options.only)
    prepare()
    peers, missing = [], []
    for peer in asked:
        if peer.version() is None:
            missing.append((peer, peer.reason_missing()))
            tell(f"{peer.name} is MISSING: {missing[-1][1]}")
        else:
            peers.append(peer)

    disk = floor()
    results = measure(works, peers, options.rounds, options.seconds)
    text = "\n".join(report.render(results, works, peers, missing, disk, options.rounds, options.seconds))
    (OUT / "report.md").write_text(text)
    print(text)
    sys.exit(1 if results.voids() else 0)


if __name__ == "__main__":
    main()
