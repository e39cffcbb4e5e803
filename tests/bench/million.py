#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a million messages cost: the first page, searches, an export, and new posts,
each beside the same on a small database in the same run.

    tests/bench/million.py                    about ten minutes, most of them for the index
    tests/bench/million.py --rows 100000      a look

The rows are made up (45 words each, by Zipf's law, in 20 forms of uneven size) and
go straight into SQLite while no server runs; the server then indexes them as it
would after an upgrade. Figures go to stdout as a Markdown table, progress to stderr.
"""
import argparse
import itertools
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import Server  # noqa: E402

FORMS = [f"form{n}" for n in range(20)]
VOCABULARY = 60_000
YEAR_MS = 365 * 86_400_000
POST_SECONDS = 8
LOAD = Path(__file__).resolve().parent / "load.lua"


def tell(text):
    print(f"million: {text}", file=sys.stderr, flush=True)


def vocabulary():
    syllables = [c + v for c in "bcdfghjklmnprstvwz" for v in "aeiou"]
    sizes = (1 + (n > 50) + (n > 2000) + (random.random() < 0.3) for n in range(VOCABULARY))
    return ["".join(random.choices(syllables, k=k)) + random.choice("nsrt") for k in sizes]


def rows(words, count):
    of_word = list(itertools.accumulate(1 / (n + 3) for n in range(VOCABULARY)))
    of_form = list(itertools.accumulate(1 / (n + 1) for n in range(len(FORMS))))
    start = int(time.time() * 1000) - YEAR_MS
    for n in range(count):
        ms = start + n * YEAR_MS // count
        ident = ms.to_bytes(6, "big") + b"\x70\0\x80" + random.randbytes(7)
        w = random.choices(words, cum_weights=of_word, k=42)
        state = random.choices(range(5), weights=[40, 40, 15, 4, 1])[0]
        yield (ms << 15, ident, state, 120, random.choices(FORMS, cum_weights=of_form)[0], f"{w[0]} {w[1]}",
               f"{w[0]}.{w[1]}{n % 1000}@example.org", "Dear team, " + " ".join(w[2:40]),
               json.dumps({"company": f"{w[40]} Ltd"}), f"203.0.113.{n % 255}", "Mozilla/5.0 (X11; Linux x86_64)",
               "https://www.shop.example/contact")


def fill(server, words, count):
    """With the server's own tables, made by a first start."""
    server.start()
    server.stop()
    db = sqlite3.connect(server.directory / "contactd.db", isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    db.executemany("INSERT INTO submission (seq, id, state, spam_score, form, name, email, message, fields, source,"
                   " user_agent, page) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", rows(words, count))
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def wait_for_index(server):
    began = told = time.monotonic()
    while True:
        db = sqlite3.connect(server.directory / "contactd.db", timeout=30)
        place = db.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'search_seq'").fetchone()
        newest = db.execute("SELECT max(seq) FROM submission").fetchone()[0]
        db.close()
        if place and place[0] >= newest:
            return time.monotonic() - began
        if time.monotonic() - told > 30:
            told = time.monotonic()
            tell(f"indexing for {told - began:.0f} s")
        time.sleep(0.5)


class Asker:
    def __init__(self, server):
        self.url = server.url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {server.token('manage')}"

    def ms(self, **query):
        """Of one list that no cache knows: `since` is another one each time."""
        query["since"] = f"2020-01-01T00:00:00.{random.randrange(1000):03d}Z"
        query["until"] = f"2090-{random.randrange(1, 13):02d}-{random.randrange(1, 28):02d}T00:00:{random.randrange(60):02d}Z"
        began = time.perf_counter()
        answer = self.session.get(f"{self.url}/admin/submissions", params=query, timeout=30)
        assert answer.status_code == 200, answer.text
        return (time.perf_counter() - began) * 1000


def first_page(asker):
    return statistics.median(asker.ms(limit=50) for _ in range(200))


def searches(asker, words):
    """Common, middling and rare words, beginnings and phrases, over all forms, a large and a small one."""
    def common():
        return words[random.randrange(20)]

    def middling():
        return words[random.randrange(200, 600)]

    def rare():
        return words[random.randrange(15_000, 45_000)]

    kinds = [lambda: f'"{common()}"', lambda: f'"{middling()}"', lambda: f'"{rare()}"', common, rare,
             lambda: rare()[:-1], lambda: f'{rare()} "{common()}"', lambda: f'"{common()} {common()}"',
             lambda: f'"{common()} {rare()}"', lambda: "qqqxyz"]
    places = [{}, {"form": FORMS[0]}, {"form": FORMS[-1]}, {"state": "spam"}]
    return [asker.ms(q=kind(), **place) for kind in kinds for place in places for _ in range(10)]


def rss_mb(server):
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def export_growth(server, asker):
    """By how many MB the most resident memory during a CSV export is above what it was before; and its rows."""
    before, most, rows_seen = rss_mb(server), 0.0, 0
    with asker.session.get(f"{asker.url}/admin/export", params={"format": "csv", "state": "all"}, stream=True, timeout=600) as answer:
        assert answer.status_code == 200, answer.text
        for piece in answer.iter_content(1 << 20):
            rows_seen += piece.count(b"\n")  # no text of ours has one
            most = max(most, rss_mb(server))
    return most - before, rows_seen - 1


def posts_per_second(server):
    """Durable ones over 64 connections, by wrk."""
    command = ["wrk", "-t1", "-c64", f"-d{POST_SECONDS}s", "-s", str(LOAD), f"{server.url}/contact", "--", "post", os.urandom(4).hex()]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60 + POST_SECONDS, check=True).stdout
    result = json.loads(out.split("RESULT ")[1])
    assert not result["refused"] and not result["broken"], result
    return result["answers"] / result["seconds"]


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, help="where the databases go (default: a temporary folder)")
    options = options.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="contactd-million-"))
    random.seed(5)
    words = vocabulary()
    small, large = Server(folder / "small"), Server(folder / "large")
    try:
        fill(small, words, 10_000)
        tell(f"making {options.rows:,} messages")
        fill(large, words, options.rows)
        for server in (small, large):
            server.start()
        wait_for_index(small)
        index_s = wait_for_index(large)
        askers = Asker(small), Asker(large)
        pages = [first_page(asker) for asker in askers]
        found = searches(askers[1], words)
        growth, exported = export_growth(large, askers[1])
        rates = [], []
        for _ in range(3):
            for server, some in zip((small, large), rates):
                some.append(posts_per_second(server))
        rates = [statistics.median(some) for some in rates]
        print(f"| of {options.rows:,} messages | measured | wanted |\n|---|--:|--:|")
        print(f"| first page of 50, beside that of 10,000 ({pages[0]:.1f} ms) | {pages[1]:.1f} ms, {pages[1] / pages[0]:.2f}x | <= 2x |")
        print(f"| search, {len(found)} different ones: p50, p95, p99 | {percentile(found, .5):.1f}, {percentile(found, .95):.1f}, "
              f"{percentile(found, .99):.1f} ms | p95 <= 50 ms |")
        print(f"| export of {exported:,} rows as CSV: more memory | {growth:.1f} MB | <= 10 MB |")
        print(f"| posts beside those to 10,000 ({rates[0]:,.0f}/s) | {rates[1]:,.0f}/s, {rates[1] / rates[0]:.2f}x | >= 0.80x |")
        print(f"| taking all of them into the index | {index_s:.0f} s | |")
    finally:
        for server in (small, large):
            server.stop()
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
