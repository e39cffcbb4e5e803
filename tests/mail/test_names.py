# SPDX-License-Identifier: MIT
"""Names and addresses: where webhooks may not go however it is written, and name servers that never answer."""
import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest

from harness import SLOW, default_binary

HERE = pathlib.Path(__file__).resolve().parent
BLOCKED_MS = 3000


@functools.cache
def namespace():
    """The command that gives a network and mounts of one's own; () where there is none to be had."""
    probe = "mount --bind /etc/hostname /etc/resolv.conf"
    for command in (("unshare", "-mn"), ("unshare", "-Urmn")):
        if subprocess.run([*command, "sh", "-c", probe], capture_output=True).returncode == 0:
            return command
    return ()


def inside(function, timeout=120, **arguments):
    if not namespace():
        pytest.skip("this machine gives us no namespaces")
    environment = {**os.environ, "CONTACTD": str(default_binary()), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([*namespace(), sys.executable, str(HERE / "inside.py"), function], input=json.dumps(arguments),
                          capture_output=True, text=True, timeout=timeout * SLOW, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FORBIDDEN = [
    # loopback, as a person writes it and as parsers read it
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0.0.1", "0x7f.1",
    "0177.0.0.1", "0177.1", "017700000001", "127.0.0.1.", "127.000.000.001", "0x7f.0x0.0x0.0x1", "00000000177.0.0.1",
    "localhost", "LOCALHOST", "localhost.", "%31%32%37.0.0.1", "%6cocalhost", "user@127.0.0.1", "user:pass@127.0.0.1",
    "example.org@127.0.0.1", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1",
    # no address at all, and everything
    "0", "0.0.0.0", "00.0", "0x0", "[::]", "[0:0:0:0:0:0:0:0]", "255.255.255.255",
    # IPv6, and IPv4 in it
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[fe80::1]",
    "[fe80::1%25lo]", "[fd00::1]", "[ff02::1]",
    # private and special networks
    "10.0.0.1", "012.0.0.1", "0xa.1", "167772161", "172.16.0.1", "192.168.0.1", "3232235521", "169.254.169.254", "2852039166",
    "0xa9fea9fe", "0251.0376.0251.0376", "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1",
    # names that lead there
    "loop.test", "LOOP.test", "loop.sub.test", "loop.test.", "six.test", "mapped.test", "zero.test", "zero6.test", "ten.test",
    "link.test", "shared.test", "bench.test", "nat64.test", "sixtofour.test", "local6.test", "unique6.test", "all.test",
    # URLs that are read in more than one way
    "127.0.0.1:PORT#@example.org/", "127.0.0.1:PORT\\@example.org/", "example.org\\@127.0.0.1:PORT/", "127.0.0.1:PORT?@example.org/",
]


def test_forbidden_addresses_get_no_connection_however_they_are_written():
    assert len(set(FORBIDDEN)) > 60
    found = inside("spellings", hosts=[*FORBIDDEN, "mixed.test"])
    assert found["control"] == ["delivered"] * 5, "without the rules the listener is reached"
    assert found["asked"] > 40 and found["questions"] > 10, found
    delivered = [host for host, result in zip(FORBIDDEN, found["results"]) if result["result"] == "delivered"]
    assert not delivered and found["connections"] == 0, (delivered, found["connections"])
    for host in ("127.0.0.1", "2130706433", "[::1]", "loop.test", "all.test"):
        assert found["results"][FORBIDDEN.index(host)]["result"] == "refused", host


def test_a_name_server_that_never_answers_holds_up_nobody():
    found = inside("silent_resolver")
    lost, fine = found["results"][:8], found["results"][8:]
    assert found["asked"] > 0, "the name server was asked"
    assert {result["result"] for result in lost} == {"later"} and all(result["error"] for result in lost), lost
    assert {result["result"] for result in fine} == {"delivered"}
    assert max(r["ms"] for r in fine) < min(r["ms"] for r in lost), "nobody waited"
    assert found["end"]["overstayMs"] < BLOCKED_MS and found["end"]["closeMs"] < BLOCKED_MS, found["end"]
    assert {result["result"] for result in found["cut"]} == {"later"}
    assert found["cut_end"]["closeMs"] < BLOCKED_MS and found["cut_end"]["overstayMs"] < BLOCKED_MS, found["cut_end"]
