# SPDX-License-Identifier: MIT
"""What systemd does for a service with a socket unit: it keeps the listening socket, hands it to one process after
the other, and hears from them through NOTIFY_SOCKET."""
import os
import signal
import socket
import subprocess
import tempfile

from harness import SLOW, default_binary
from passing import passing


class Supervisor:
    """Holds the socket, or the two of them. Connections wait in their backlog while no process runs."""

    def __init__(self, directory, has_redirect=False, **options):
        self.directory, self.options = directory, options
        directory.mkdir(parents=True, exist_ok=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.redirect = socket.create_server(("127.0.0.1", 0), backlog=4096) if has_redirect else None
        self.notify_dir = tempfile.TemporaryDirectory(prefix="ctd-")  # short: an address has 107 bytes
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_dir.name + "/notify")
        self.notify.settimeout(60 * SLOW)
        self.process = None
        self.told = []

    def start(self, **environment):
        env = {k: v for k, v in os.environ.items() if not k.startswith("CONTACTD")}
        env.update({f"CONTACTD_{k.upper()}": str(v) for k, v in self.options.items()})
        env.update({"NOTIFY_SOCKET": self.notify.getsockname(), **environment})
        sockets, names = ([self.redirect, self.listener], "redirect:contactd") if self.redirect else ([self.listener], "contactd")
        with open(self.directory / "stderr.log", "ab") as err, open(self.directory / "stdout.log", "ab") as out:
            self.process = subprocess.Popen(**passing(sockets, [default_binary(), "serve"], names), cwd=self.directory, env=env,
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        return self

    def hear(self, wanted):
        """Waits until the process says so; returns the whole message."""
        while True:
            text = self.notify.recv(4096).decode()
            self.told.append(text)
            if wanted in text.split("\n"):
                return text

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60 * SLOW)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.listener.close()
        if self.redirect:
            self.redirect.close()
        self.notify.close()
        self.notify_dir.cleanup()

    def stderr(self):
        return (self.directory / "stderr.log").read_text(errors="replace")
