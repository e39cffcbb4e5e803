# SPDX-License-Identifier: MIT
"""A small box to run a server in: a control group with so much memory and so much of a CPU, of either version."""
import os
import pathlib
import time

ROOT = pathlib.Path("/sys/fs/cgroup")
PERIOD_US = 100_000


class NoBox(Exception):
    """This machine lets nobody make control groups."""


class Box:
    """`memory` in bytes, `cpus` as a number. What begins with the words of enter() runs in it."""

    def __init__(self, memory, cpus):
        self.memory, self.cpus = memory, cpus
        self.is_old = not (ROOT / "cgroup.controllers").exists()
        name = f"contactd-{os.getpid()}-{time.monotonic_ns()}"
        self.folders = [ROOT / "memory" / name, ROOT / "cpu" / name] if self.is_old else [ROOT / name]
        try:
            self._make()
        except OSError as why:
            self.remove()
            raise NoBox(f"no control group can be made: {why}") from why

    def _make(self):
        quota = int(self.cpus * PERIOD_US)
        if not self.is_old:
            (ROOT / "cgroup.subtree_control").write_text("+memory +cpu")
        for folder in self.folders:
            folder.mkdir()
        if self.is_old:
            (self.folders[0] / "memory.limit_in_bytes").write_text(str(self.memory))
            (self.folders[1] / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.folders[1] / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.folders[0] / "memory.max").write_text(str(self.memory))
            (self.folders[0] / "cpu.max").write_text(f"{quota} {PERIOD_US}")

    def enter(self):
        return ["sh", "-ec", "for folder; do shift; [ \"$folder\" != -- ] || break; echo $$ > \"$folder/cgroup.procs\"; done; exec \"$@\"",
                "enter", *map(str, self.folders), "--"]

    def _read(self, file):
        return (self.folders[0] / file).read_text()

    def _table(self, file):
        return {line.split()[0]: int(line.split()[1]) for line in self._read(file).splitlines()}

    def kills(self):
        """How often the kernel has killed for lack of memory."""
        return self._table("memory.oom_control" if self.is_old else "memory.events")["oom_kill"]

    def own_bytes(self):
        """What the processes have now that cannot be read back from a file."""
        return self._table("memory.stat")["rss" if self.is_old else "anon"]

    def peak_bytes(self):
        """The most there was of everything, the files' pages in the cache among it. None: this kernel does not say."""
        try:
            return int(self._read("memory.max_usage_in_bytes" if self.is_old else "memory.peak"))
        except OSError:
            return None

    def remove(self):
        for folder in self.folders:
            for _ in range(100):  # the last process may still be on its way out
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.05)
                    continue
                break
