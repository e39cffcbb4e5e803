# SPDX-License-Identifier: MIT
"""What needs a network and a resolver of its own: run by test_names.py in namespaces of its own.

    unshare -mn python3 tests/mail/inside.py FUNCTION < ARGUMENTS.json > RESULT.json
"""
import contextlib
import fcntl
import ipaddress
import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from faults import break_it, hook_to, mail_to, mend_it  # noqa: E402
from world import WAIT, Listener, answer, drive, http_talk, mail, post  # noqa: E402

NAME_SERVER = "127.0.0.53"
ALIASES = ["10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "192.0.2.1"]

# name: the addresses, or lists of them of which each question gets the next
NAMES = {
    "loop.test": ["127.0.0.1"], "loop.sub.test": ["127.9.9.9"], "six.test": ["::1"], "mapped.test": ["::ffff:127.0.0.1"],
    "zero.test": ["0.0.0.0"], "zero6.test": ["::"], "ten.test": ["10.0.0.1"], "link.test": ["169.254.169.254"],
    "shared.test": ["100.64.0.1"], "bench.test": ["198.18.0.1"], "nat64.test": ["64:ff9b::7f00:1"],
    "sixtofour.test": ["2002:7f00:1::"], "local6.test": ["fe80::1"], "unique6.test": ["fd00::1"],
    "all.test": ["127.0.0.1", "10.0.0.1", "192.168.0.1", "::1", "::ffff:10.0.0.1", "fd00::1", "0.0.0.0", "169.254.169.254"],
    "mixed.test": ["203.0.113.9", "127.0.0.1", "2001:db8::9", "::1"],
    "rebind.test": [["198.51.100.9"], ["127.0.0.1"]],
    "rebind2.test": [["8.8.8.8"], ["127.0.0.1"], ["::1"]],
}

LONG = "v=DKIM1; k=rsa; p=" + "A" * 400
TEXTS = {
    "forms.good.test": ["google-site-verification=abc", "v=spf1 include:mail.test -all"],
    "sel._domainkey.forms.good.test": [LONG],
    "_dmarc.good.test": ["v=DMARC1; p=quarantine"],
    "bad.test": ["v=spf1 -all", "v=spf1 +all"],
    "sel._domainkey.bad.test": ["v=DKIM1; p="],
}
SERVERS = {"forms.good.test": [10, 20]}


# --- the network ------------------------------------------------------------------


def bring_up():
    """The loopback interface, with addresses of private networks on it as well."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for index, address in enumerate(["127.0.0.1", *ALIASES]):
            name = b"lo" if index == 0 else f"lo:{index}".encode()
            if index:
                packed = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
                fcntl.ioctl(s, 0x8916, packed)  # SIOCSIFADDR
            fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", name, 0x49))  # SIOCSIFFLAGS: up, loopback, running


def use_resolver(directory, lines):
    path = pathlib.Path(directory) / "resolv.conf"
    path.write_text(lines)
    subprocess.run(["mount", "--bind", str(path), "/etc/resolv.conf"], check=True)


class NameServer:
    """Answers A and AAAA from NAMES with a TTL of 0; says NXDOMAIN to the rest. Silent if `is_silent`."""

    def __init__(self, is_silent=False):
        self.is_silent, self.questions, self.stopping = is_silent, [], threading.Event()
        self.turns = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((NAME_SERVER, 53))
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping.is_set():
            if not select.select([self.socket], [], [], 0.1)[0]:
                continue
            question, peer = self.socket.recvfrom(4096)
            reply = self.answer(question)
            if not self.is_silent:
                self.socket.sendto(reply, peer)

    def addresses(self, name, kind):
        known = NAMES[name]
        if isinstance(known[0], list):
            turn = self.turns.get((name, kind), 0)
            self.turns[name, kind] = turn + 1
            known = known[turn % len(known)]
        version = {1: 4, 28: 6}.get(kind)
        return [a.packed for a in map(ipaddress.ip_address, known) if a.version == version]

    def records(self, name, kind):
        if kind == 16:
            return [b"".join(bytes([len(part)]) + part for part in (text[i:i + 255].encode() for i in range(0, len(text), 255)))
                    for text in TEXTS.get(name, [])]
        if kind == 15:
            return [struct.pack(">H", preference) + b"\2mx\0" for preference in SERVERS.get(name, [])]
        return self.addresses(name, kind) if name in NAMES else []

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind = int.from_bytes(question[at + 1:at + 3], "big")
        name = ".".join(labels).lower()
        self.questions.append(name)
        known = self.records(name, kind)
        flags = 0x8180 if known or name in NAMES else 0x8183
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(a)) + a for a in known)
        return question[:2] + struct.pack(">HHHHH", flags, 1, len(known), 0, 0) + question[12:at + 5] + records

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.socket.close()


@contextlib.contextmanager
def world(is_silent=False):
    with tempfile.TemporaryDirectory() as directory:
        use_resolver(directory, f"nameserver {NAME_SERVER}\n")
        with NameServer(is_silent) as names:
            yield names


class Everywhere(Listener):
    """On every address of both families, on a port that is the same in both."""

    def __init__(self, talk):
        super().__init__(talk, host="::")
        assert not self.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) or self.reopen()

    def reopen(self):
        self.socket.close()
        self.socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
        self.port = self.socket.getsockname()[1]
        return True


# --- what is tried --------------------------------------------------------------


def spellings(hosts, **_):
    """Posts to each host under the rules for webhooks, and to the control without them."""
    requests = []
    with world() as names, Everywhere(http_talk({"/": answer("200 OK")}, requests)) as listener:
        parcels = [post(f"http://{host.replace('PORT', str(listener.port))}" if "PORT" in host else
                        f"http://{host}:{listener.port}/", timeout=4000) for host in hosts]
        rebound = [parcel for name in ("rebind.test", "rebind2.test") for _ in range(6)
                   for parcel in (post(f"http://{name}:{listener.port}/", timeout=4000), WAIT)]
        results, end = drive(*parcels, WAIT, *rebound, arguments=["--rules", "public"])
        reached = listener.connections
        control, _ = drive(*[post(f"http://{host}:{listener.port}/", timeout=10000)
                             for host in ("127.0.0.1", "loop.test", "ten.test", "[::1]", "10.0.0.1")])
        return {"results": results, "connections": reached, "asked": end["asked"], "questions": len(names.questions),
                "control": [result["result"] for result in control]}


def silent_resolver(**_):
    """The name server never answers: nothing else waits for it, and neither does the end."""
    requests = []
    with world(is_silent=True) as names, Listener(http_talk({"/": answer("200 OK")}, requests)) as listener:
        lost = [parcel for n in range(4) for parcel in (post(f"http://a{n}.test/", timeout=30000),
                                                        mail(f"smtp://m{n}.test:25", timeout=3000))]
        fine = [post(f"http://127.0.0.1:{listener.port}/") for _ in range(8)]
        results, end = drive(*lost, *fine)
        asked = len(names.questions)
        cut, cut_end = drive(*lost, arguments=["--close-after", 500])
        return {"results": results, "end": end, "asked": asked, "cut": cut, "cut_end": cut_end}


def doctor(arguments, seconds, is_silent=True, **_):
    """`contactd doctor` with our name server, which may never answer."""
    with world(is_silent), tempfile.TemporaryDirectory() as directory:
        environment = {k: v for k, v in os.environ.items() if k == "CONTACTD" or not k.startswith("CONTACTD")}
        binary = environment.pop("CONTACTD")
        done = subprocess.run([binary, "doctor", "--json", *arguments], cwd=directory, env=environment,
                              capture_output=True, text=True, timeout=seconds)
        return {"code": done.returncode, "out": json.loads(done.stdout), "err": done.stderr}


def faulty_name(directory, kind, **_):
    """The whole program with a destination whose name is never resolved."""
    with world(is_silent=True):
        there = mail_to if kind == "mail" else hook_to

        @contextlib.contextmanager
        def fault():
            more, notify = there(25)
            yield json.loads(json.dumps([more, notify]).replace("127.0.0.1", "nowhere.test"))

        seen = break_it(directory, fault)
        return {**seen, "arrived": mend_it(directory, seen["ids"])}


if __name__ == "__main__":
    bring_up()
    print(json.dumps(globals()[sys.argv[1]](**json.load(sys.stdin))))
