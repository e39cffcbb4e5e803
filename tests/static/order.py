#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes packaging/static/order.ld: which parts of the one file lie side by side, since they are what runs and is read.

    make static && tests/static/order.py

The kernel maps the file's pages sixteen at a time, so a function that runs brings its neighbours into memory. Here the
program starts and answers a hundred requests over TLS under valgrind, twice: whatever ran, and whatever was read, goes together.
That takes ten minutes. A name that is there no more does no harm, and a part that is missing lies where the linker puts it.
"""
import bisect
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["CONTACTD_TEST_SLOW"] = "200"
sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "http")]
from harness import ROOT, running  # noqa: E402
from kinds import ask_everything  # noqa: E402
from tls import Authority, TlsServer  # noqa: E402

STATIC = ROOT / "build/static"
TARGET = ROOT / "packaging/static/order.ld"
WIDTH = 130
BASE = 0x108000  # where valgrind puts a program that may be anywhere
SCRIPT = """/* SPDX-License-Identifier: MIT */
/*
 * What runs when the server starts and answers lies together, and what it reads; so the rest is not in memory.
 * Made by tests/static/order.py.
 */
SECTIONS
{
  .text.first :
  {
%s
  }
}
INSERT BEFORE .text;

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
# `perf record -e page-faults -c 1` tells what is missing here.
UNSEEN = [*(f"*obj/{name}.o" for name in ("app/listen", "app/sandbox*", "base/clock", "base/heap", "core/validate", "http/memory", "store/migrate")),
          "*libsodium.a:*argon2-fill-block-avx512f.o", "*libnettle.a:cpuid.o", "*libm-*.a:e_log.o", "*libgcc.a:_popcountsi2.o",
          *(f"*libc.a:{name}.o" for name in ("access", "closedir", "dl-lookup", "dl-object", "dl-setup_hash", "getauxval", "getcwd", "getpid", "malloc-hugepages",
                                             "memmove-avx512-unaligned-erms", "memset-avx512-unaligned-erms", "opendir", "openat64_nocancel", "prctl",
                                             "readdir64", "realpath", "realpath_chk", "sched_gets", "strstr-avx512", "syscall", "write_nocancel"))]
# Whose sentences are read: the linker keeps one of each, so which object's it is cannot be told.
SPOKEN = ["*obj/*/*.o", *(f"*{name}.a:" for name in ("libc", "libgnutls", "libjansson", "libmicrohttpd", "libnettle", "libsqlite3"))]


def link(directory):
    """The program with its symbols, and the linker's map of it."""
    command = re.search(r"cc -static-pie .*(\n .*)*?-o contactd\b.*", (ROOT / "README.md").read_text())[0].replace(" -s ", " ")
    command = command.replace("-o contactd", f"-Wl,-Map={directory}/map -o {directory}/contactd")
    subprocess.run(["sh", "-ec", command], cwd=STATIC, check=True, capture_output=True)


def sections(text):
    """(address, size, name, file) of every input section in a linker's map, by address."""
    text = re.sub(r"\n (\.\S+)\n\s+0x", r"\n \1 0x", text[text.index("Linker script and memory map"):])
    rows = re.findall(r"^ (\.\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$", text, re.MULTILINE)
    return sorted((int(address, 16), int(size, 16), name, file.rsplit("/", 1)[-1]) for name, address, size, file in rows if int(size, 16))


class Watched(TlsServer):
    """contactd under valgrind, once `tool` is set: callgrind tells which addresses ran, lackey which were read."""

    tool = None

    def command(self):
        argv, environment = super().command()
        if self.tool == "ran":
            argv = ["valgrind", "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={self.directory}/ran", *argv]
        if self.tool == "read":
            sift = """/^ [LM]/ { sub(/.,.*/, "", $2); seen[$2] } END { for (granule in seen) print granule "0" }"""
            argv = ["bash", "-c", f"exec 9> >(exec awk '{sift}' > read); exec valgrind --tool=lackey --trace-mem=yes --log-fd=9 {' '.join(argv)}"]
        return argv, environment


def watch(directory, tool):
    (directory / tool).mkdir()
    server = Watched(directory / tool, Authority(directory / f"{tool}-authority"), binary=directory / "contactd", sandbox="off")
    with running(server):
        token = server.token("manage")
    server.tool, server.process = tool, None
    with running(server):
        ask_everything(server, token, is_slowed=True)
        time.sleep(5)  # for what is done behind the messages' backs
    time.sleep(5)  # for awk
    return (directory / tool / tool).read_text()


def ran(text):
    """Addresses, of callgrind's file; numbers may be relative to the line before."""
    at, found = 0, set()
    for word in re.findall(r"^(0x[0-9a-f]+|[+-]\d+|\*) ", text, re.MULTILINE):
        at = int(word, 16) if word.startswith("0x") else at if word == "*" else at + int(word)
        found.add(at)
    return found


def parts_of(parts, addresses, kind):
    starts, found = [part[0] for part in parts], set()
    for address in addresses:
        place = bisect.bisect(starts, address) - 1
        if place >= 0 and address < parts[place][0] + parts[place][1] and parts[place][2].startswith(kind):
            found.add(parts[place])
    return found


def patterns(parts, kind):
    """The linker's patterns: a section's own name, or of libc's and of strings, which have none, the object's."""
    names, objects = set(), set()
    for _, _, section, file in parts:
        archive, _, member = file.rstrip(")").partition("(")
        if not member:
            continue  # what begins and ends every program has its place
        is_shared = kind == ".rodata" and re.search(r"\.(str|cst)\d", section)
        if archive != "libc.a" and section != kind and not is_shared:
            names.add(section)
        elif not is_shared and archive in ("libc.a", "libsqlite3.a", "libmicrohttpd.a", "libjansson.a"):
            objects.add(f"*{archive}:{member}({kind} {kind}.*)")
            # Of a function that there is for several CPUs, also the one for newer ones.
            several = re.fullmatch(r"(\w+)-(avx|sse)\S*\.o", member)
            if several:
                objects.add(f"*{archive}:{several[1]}-evex*.o({kind} {kind}.*)")
    return names, objects


def lines(names, objects):
    rows, row = [], "    *("
    for name in sorted(names):
        if len(row) + len(name) > WIDTH:
            rows.append(row.rstrip())
            row = "      "
        row += name + " "
    return "\n".join([*rows, row.rstrip() + ")", *(f"    {pattern}" for pattern in sorted(objects))])


def write(parts, ran_at, read_at):
    code, objects = patterns(parts_of(parts, ran_at, ".text"), ".text")
    tables, readers = patterns(parts_of(parts, read_at, ".rodata"), ".rodata")
    objects |= {f"{pattern}(.text .text.*)" for pattern in UNSEEN}
    readers |= {f"{pattern}(.rodata*.str* .rodata*.cst*)" for pattern in SPOKEN} | {"*obj/app/sandbox*.o(.rodata*)"}
    TARGET.write_text(SCRIPT % (lines(code, objects), lines(tables, readers)))
    print(f"{len(code)} functions and {len(objects)} objects, {len(tables)} tables and {len(readers)} objects")


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        link(directory)
        parts = sections((directory / "map").read_text())
        write(parts, ran(watch(directory, "ran")), {int(at, 16) - BASE for at in watch(directory, "read").split()})


if __name__ == "__main__":
    main()
