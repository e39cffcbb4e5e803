#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes packaging/static/order.ld: which functions of the one file lie side by side, since they are what runs.

    make static && tests/static/order.py

The kernel maps the file's pages sixteen at a time, so a function that runs brings its neighbours into memory. Here the
program starts and answers one request of every kind under valgrind; whatever ran goes to the front. A name that is
there no more does no harm, and a function that is missing lies where the linker puts it.
"""
import bisect
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import ROOT, Server, running  # noqa: E402
from kinds import ask_everything  # noqa: E402

STATIC = ROOT / "build/static"
TARGET = ROOT / "packaging/static/order.ld"
WIDTH = 130
HEAD = """/* SPDX-License-Identifier: MIT */
/*
 * What runs when the server starts and answers lies together, and the rest of the libraries is not in memory.
 * Made by tests/static/order.py.
 */
SECTIONS
{
  .text.first :
  {
"""
TAIL = """  }
}
INSERT BEFORE .text;

/* What these read; the tables and sentences of the others lie before it. */
SECTIONS
{
  .rodata.first :
  {
%s
  }
}
INSERT AFTER .rodata;
"""
# What runs where valgrind does not see it: the sandbox, and what newer CPUs have.
UNSEEN = ["*obj/app/sandbox*.o", "*obj/base/heap.o", "*obj/base/clock.o", "*libsodium.a:*argon2-fill-block-avx512f.o",
          *(f"*libc.a:{name}.o" for name in ("closedir", "getauxval", "getcwd", "getpid", "malloc-hugepages", "opendir", "openat64_nocancel", "prctl",
                                             "readdir64", "realpath", "sched_gets", "syscall", "write_nocancel"))]
READS = ["*libsqlite3.a:", "*libmicrohttpd.a:", "*libjansson.a:", "*libsodium.a:", "*libc.a:",
         *(f"*obj/{room}/*.o" for room in ("base", "core", "handler", "http", "service", "store"))]


def link(directory):
    """The program with its symbols, and the linker's map of it."""
    command = re.search(r"cc -static-pie .*(\n .*)*?-o contactd\b.*", (ROOT / "README.md").read_text())[0].replace(" -s ", " ")
    command = command.replace("-o contactd", f"-Wl,-Map={directory}/map -o {directory}/contactd")
    subprocess.run(["sh", "-ec", command], cwd=STATIC, check=True, capture_output=True)


def sections(text):
    """(address, size, name, file) of every input section of code in a linker's map, by address."""
    rows = re.findall(r"^ (\.text\S*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$", text[text.index("Linker script and memory map"):], re.MULTILINE)
    return sorted((int(address, 16), int(size, 16), name, file) for name, address, size, file in rows if int(size, 16))


class Watched(Server):
    """contactd under callgrind, which tells which addresses ran."""

    def command(self):
        argv, environment = super().command()
        return ["valgrind", "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={self.directory}/ran", *argv], environment


def addresses(text):
    """What ran, of callgrind's file; numbers may be relative to the line before."""
    at, found = 0, set()
    for word in re.findall(r"^(0x[0-9a-f]+|[+-]\d+|\*) ", text, re.MULTILINE):
        at = int(word, 16) if word.startswith("0x") else at if word == "*" else at + int(word)
        found.add(at)
    return found


def part_of(parts, address):
    place = bisect.bisect(parts, address, key=lambda part: part[0]) - 1
    return parts[place] if place >= 0 and address < parts[place][0] + parts[place][1] else None


def rule(section, file):
    """The linker's pattern for a section. libc's have no names of their own: those go by their object."""
    if section.startswith(".text.") and not file.startswith("libc.a("):
        return "own", section
    archive, member = re.fullmatch(r"(.*)\((.*)\)", file).groups()
    return "object", f"*{archive}:{member}"


def siblings(pattern):
    """Of one of libc's functions that there are for several CPUs, the one for newer ones."""
    found = re.fullmatch(r"(\*libc\.a:\w+)-(avx|sse)\S*\.o", pattern)
    return [pattern, f"{found[1]}-evex*.o"] if found else [pattern]


def main():
    os.environ["CONTACTD_TEST_SLOW"] = "20"
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        link(directory)
        parts = sections((directory / "map").read_text())
        server = Watched(directory, binary=directory / "contactd", sandbox="off")
        with running(server):
            ask_everything(server.port, server.token("manage"))
            time.sleep(5)  # for what is done behind the messages' backs
        ran = addresses((directory / "ran").read_text())
    chosen, size = {"own": set(), "object": set()}, 0
    for _, length, section, file in {part_of(parts, address) for address in ran} - {None}:
        if not file.endswith(")"):
            continue  # what begins and ends every program has its place
        kind, pattern = rule(section, file.rsplit("/", 1)[-1])
        chosen[kind].add(pattern)
        size += length
    lines, line = [], "    *("
    for section in sorted(chosen["own"]):
        if len(line) + len(section) > WIDTH:
            lines.append(line.rstrip())
            line = "      "
        line += section + " "
    lines.append(line.rstrip() + ")")
    objects = {one for pattern in chosen["object"] for one in siblings(pattern)} | set(UNSEEN)
    lines += [f"    {pattern}(.text .text.*)" for pattern in sorted(objects)]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n" + TAIL % "\n".join(f"    {pattern}(.rodata .rodata.*)" for pattern in READS))
    print(f"{len(chosen['own'])} functions and {len(chosen['object'])} objects, {size // 1024} KB")


if __name__ == "__main__":
    main()
