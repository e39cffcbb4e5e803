# SPDX-License-Identifier: MIT
"""The report, in Markdown: what was measured, and whether contactd met its targets."""
import os
import platform
import sqlite3
import statistics
from pathlib import Path

from measure import DATABASES, LOAD_CPU, SERVER_CPU, Sample, file_system
from works import WARM_UP

WRK_LIMIT = 0.9  # busier than that, wrk may be what was measured
QUIET = 0.1  # more CPUs' worth of other work than that, and the figures are of a shared machine
FAIR = 0.75  # a smaller share of the connections served: the percentiles flatter


class Results:
    """Samples by work and peer, and the works' failures."""

    def __init__(self):
        self.samples = {}
        self.failures = {}

    def add(self, work, peer, sample):
        self.samples.setdefault((work, peer), []).append(sample)

    def fail(self, work, peer, reason):
        self.failures[work, peer] = reason

    def has(self, work):
        return any(w == work for w, _ in [*self.samples, *self.failures])

    def valid(self, work, peer):
        if (work, peer) in self.failures:
            return []
        return [s for s in self.samples.get((work, peer), []) if not getattr(s, "void", "")]

    def voids(self):
        return [(work, peer, s.void) for (work, peer), samples in self.samples.items()
                for s in samples if getattr(s, "void", "")]

    def others_busy(self):
        """The median over all load runs of what the rest of the machine did meanwhile."""
        shares = [s.others_busy for samples in self.samples.values() for s in samples if isinstance(s, Sample)]
        return statistics.median(shares) if shares else 0

    def median(self, work, peer, field=None):
        values = [getattr(s, field) if field else s for s in self.valid(work, peer)]
        return statistics.median(values) if values and None not in values else None


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(columns, rows):
    """Columns that start with < are text, the others numbers."""
    yield "| " + " | ".join(c.lstrip("<") for c in columns) + " |"
    yield "|" + "|".join("---" if c.startswith("<") else "--:" for c in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def machine():
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return (f"{model}, {os.cpu_count()} CPUs (server on {SERVER_CPU}, wrk on {LOAD_CPU}); "
            f"Linux {platform.release()}; {file_system(DATABASES)}; SQLite {sqlite3.sqlite_version}")


def load_table(results, work, peers):
    marks = set()

    def row(peer):
        samples = results.valid(work.name, peer.name)
        void = any(w == work.name and p == peer.name for w, p, _ in results.voids())
        if not samples:
            reason = results.failures.get((work.name, peer.name), "void" if void else "not measured")
            return [peer.label, reason] + ["-"] * 8
        rates = [s.rate for s in samples]
        median = lambda field: results.median(work.name, peer.name, field)  # noqa: E731
        rate, gin = median("rate"), results.median(work.name, "gin", "rate")
        mark = ""
        if median("wrk_busy") > WRK_LIMIT:
            mark += " †"
            marks.add("†")
        if median("served") is not None and median("served") < FAIR:
            mark += " §"
            marks.add("§")
        if void:
            mark += " ‡"
            marks.add("‡")
        errors = [f"{sum(getattr(s, field) for s in samples):,} {what}"
                  for field, what in (("refused", "non-2xx"), ("broken", "socket"), ("late", "late"))
                  if any(getattr(s, field) for s in samples)]
        return [peer.label, number(rate) + mark, f"{number(min(rates))}-{number(max(rates))}",
                f"{rate / gin:.2f}" if gin else "-", number(median("p50_ms"), 1), number(median("p99_ms"), 1),
                number(median("cpu_us"), 1), number(median("rss_mb"), 1), f"{median('wrk_busy'):.0%}",
                ", ".join(errors) or "0"]

    yield f"## {work.title}"
    yield ""
    yield from table(["<peer", "answers/s", "min-max", "x Gin", "p50 ms", "p99 ms", "CPU us", "RSS MB", "wrk CPU",
                      "errors"], [row(peer) for peer in peers if work.takes(peer)])
    if work.note:
        yield f"{work.note}\n"
    if "†" in marks:
        yield "† wrk had no time left: the server may be faster. Compare the CPU time per answer.\n"
    if "§" in marks:
        yield "§ many connections waited all the time, and wrk's latencies speak of the others alone.\n"
    if "‡" in marks:
        yield "‡ some runs are void and left out.\n"


def process_table(results, peers):
    def cell(work, peer, digits):
        values = results.valid(work, peer.name)
        if not values:
            return results.failures.get((work, peer.name), "-")
        middle = number(statistics.median(values), digits)
        return middle if len(values) == 1 else f"{middle} ({number(min(values), digits)}-{number(max(values), digits)})"

    yield "## The process"
    yield ""
    yield from table(
        ["<peer", "idle RSS MB", "idle RSS MB, TLS", "RSS MB at 64", "RSS MB at 1,000", "start ms", "start ms, TLS",
         "executable MB", "image MB"],
        [[peer.label, cell("idle", peer, 1), cell("idle-tls", peer, 1),
          number(results.median("post64", peer.name, "rss_mb"), 1),
          number(results.median("post1000", peer.name, "rss_mb"), 1), cell("start", peer, 1),
          cell("start-tls", peer, 1), cell("size", peer, 2), cell("image", peer, 2)] for peer in peers])
    yield ("Idle: 5 s after 100 requests, of every kind that it knows (two dozen of contactd, three of the others). At 64 and 1,000: the most seen while that many connections post. Start: "
           "from fork to the first answer, with TLS its handshake included. Executable: stripped, without shared "
           "libraries; of the Node and Python peers the interpreter alone. Image: all files in a container image that "
           "has nothing else; the authorities' certificates are in contactd's one file, and beside Gin's.\n")


def targets(results, peers):
    """(what, measured, wanted, met); measured None where a side was not measured."""
    def ratio(work, field, other):
        ours, theirs = results.median(work, "contactd", field), other
        return ours / theirs if ours is not None and theirs else None

    def of(name, work, field):
        return results.median(work, name, field)

    per_commit = [rate for p in peers if not p.is_batching
                  for rate in [results.median("post64", p.name, "rate")] if rate]
    rows = [
        ("POST, 64 connections, to Gin", ratio("post64", "rate", of("gin", "post64", "rate")), ">=", 8, "x"),
        ("POST, 64 connections, to the best that commits per request",
         ratio("post64", "rate", max(per_commit, default=None)), ">=", 5, "x"),
        ("POST, 64 connections, to axum with group commit",
         ratio("post64", "rate", of("axumgc", "post64", "rate")), ">=", 1, "x"),
        ("p99 of POST, 64 connections, to Gin",
         ratio("post64", "p99_ms", of("gin", "post64", "p99_ms")), "<=", 1 / 3, "x"),
        ("p99 of POST, 1,000 connections, to Gin",
         ratio("post1000", "p99_ms", of("gin", "post1000", "p99_ms")), "<=", 1 / 3, "x"),
        ("50 newest rows, to Gin", ratio("list", "rate", of("gin", "list", "rate")), ">=", 2, "x"),
        ("GET JSON, to Gin", ratio("hello", "rate", of("gin", "hello", "rate")), ">=", 1.4, "x"),
        ("idle RSS of the one file", results.median("idle", "contactd-static"), "<=", 5, " MB"),
        ("idle RSS of the one file, TLS on", results.median("idle-tls", "contactd-static"), "<=", 5, " MB"),
        ("start to first answer of the one file", results.median("start", "contactd-static"), "<=", 10, " ms"),
        ("start to first answer of the one file, TLS on", results.median("start-tls", "contactd-static"), "<=", 10, " ms"),
        ("start to first answer", results.median("start", "contactd"), "<=", 15, " ms"),
        ("the one file", results.median("size", "contactd-static"), "<=", 6, " MB"),
        ("its image", results.median("image", "contactd-static"), "<=", 6.5, " MB"),
    ]
    for what, value, relation, wanted, unit in rows:
        met = None if value is None else value >= wanted if relation == ">=" else value <= wanted
        yield [what, "-" if value is None else f"{value:.2f}{unit}", f"{relation} {wanted:.3g}{unit}",
               {True: "pass", False: "MISS", None: "not measured"}[met]]


def render(results, works, peers, missing, floor, rounds, seconds):
    yield "# Benchmark"
    yield ""
    yield machine() + "  "
    yield (f"Interleaved rounds: {rounds} of {seconds} s, each after {WARM_UP} s of warm-up; medians; "
           "synchronous=FULL; bodies of about 400 bytes, no two alike.  ")
    if floor:
        yield "The floor: fdatasync of 4 KB takes {:.0f} us (median), {:.0f} (p90), {:.0f} (p99).  ".format(*floor)
    if results.others_busy() > QUIET:
        yield (f"NOT A QUIET MACHINE: other programs used {results.others_busy():.1f} CPUs in the median run. "
               "Compare the CPU time per answer, not the rates.")
    yield ""
    yield from table(["<peer", "<version"], [[peer.label, peer.version() or "-"] for peer in peers])
    if missing:
        yield from table(["<missing", "<because"], [[peer.label, reason] for peer, reason in missing])
    for work in works:
        if any(isinstance(s, Sample) for peer in peers for s in results.samples.get((work.name, peer.name), [])):
            yield from load_table(results, work, peers)
    if any(results.has(work) for work in ("idle", "idle-tls", "start", "start-tls", "size", "image")):
        yield from process_table(results, peers)
    for work, peer, why in results.voids():
        yield f"VOID: {work} of {peer}: {why}\n"
    yield "## Targets of contactd"
    yield ""
    yield from table(["<target", "measured", "wanted", "<verdict"], targets(results, peers))
