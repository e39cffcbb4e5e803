# SPDX-License-Identifier: MIT
"""Hands listening sockets to a program as systemd does: from file descriptor 3 on, with variables that say whose they
are (sd_listen_fds_with_names(3))."""
import json
import sys

# LISTEN_PID is the program's own, which is known only where it is started.
LAUNCH = """
import fcntl, json, os, sys
fds, variables = json.loads(sys.argv[1])
high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in fds]
for fd in fds:
    os.close(fd)
for number, fd in enumerate(high, 3):
    os.dup2(fd, number)
os.environ.update({"LISTEN_PID": str(os.getpid()), **variables})
os.execv(sys.argv[2], sys.argv[2:])
"""


def passing(sockets, argv, names=None, **variables):
    """What subprocess.Popen() needs to start argv with these sockets; `names` is LISTEN_FDNAMES, None: it is not set."""
    fds = [s.fileno() for s in sockets]
    told = {"LISTEN_FDS": str(len(fds)), **({} if names is None else {"LISTEN_FDNAMES": names}), **variables}
    return {"args": [sys.executable, "-I", "-S", "-c", LAUNCH, json.dumps([fds, told]), *map(str, argv)], "pass_fds": fds}
