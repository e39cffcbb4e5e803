# SPDX-License-Identifier: MIT
"""Sockets that systemd passes, one or two: which of them is which, and what is said when that cannot be told."""
import os
import socket
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
import requests

from harness import CANNOT_LISTEN, SANITIZER, SLOW, Server
from passing import passing
from tls import Authority, TlsServer

TIMEOUT = 30 * SLOW


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def listening():
    return socket.create_server(("127.0.0.1", 0), backlog=64)


def port_of(s):
    return s.getsockname()[1]


@contextmanager
def serving(server, sockets, names=None, **variables):
    """The process of `server`, with these sockets; it says that it is ready as it says it to systemd."""
    argv, environment = server.command()
    with ExitStack() as stack, open(server.directory / "stderr.log", "wb") as err:
        notify = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        notify.bind(f"\0contactd-test-{os.getpid()}-{id(notify)}")
        notify.settimeout(TIMEOUT)
        environment["NOTIFY_SOCKET"] = "@" + notify.getsockname()[1:].decode()
        process = subprocess.Popen(**passing(sockets, argv, names, **variables), env=environment, cwd=server.directory,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        try:
            assert notify.recv(100) == b"READY=1"
            yield process
            process.terminate()
            assert process.wait(timeout=TIMEOUT) == 0
        finally:
            process.kill()
            process.wait()
    assert not SANITIZER.search(server.stderr()), server.stderr()


def refused(server, sockets, names=None, **variables):
    """How a start ends that must not succeed: its word, and that it said it with the right exit code."""
    argv, environment = server.command()
    done = subprocess.run(**passing(sockets, argv, names, **variables), env=environment, cwd=server.directory,
                          capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == CANNOT_LISTEN, done.stderr
    said, = [line for line in done.stderr.splitlines() if line.startswith("contactd: ")]
    return said


def is_main(server, port):
    url = f"https://localhost:{port}/healthz"
    return requests.get(url, verify=str(server.authority.file), timeout=TIMEOUT).status_code == 200


def leads_to(port, path="/a?b=c"):
    reply = requests.get(f"http://localhost:{port}{path}", allow_redirects=False, timeout=TIMEOUT)
    assert reply.status_code == 308
    return reply.headers["Location"]


# --- which is which -----------------------------------------------------------------


@pytest.mark.parametrize("names", [None, "contactd", "contactd.socket", "unknown", "Redirect", ""])
def test_one_socket_is_the_main_one_whatever_its_name(tmp_path, names):
    server = Server(tmp_path)
    with listening() as main, serving(server, [main], names):
        assert requests.get(f"http://127.0.0.1:{port_of(main)}/healthz", timeout=TIMEOUT).status_code == 200


@pytest.mark.parametrize("order", [["contactd", "redirect"], ["redirect", "contactd"]], ids=":".join)
def test_the_socket_named_redirect_sends_on_to_the_other_one(tmp_path, authority, order):
    server = TlsServer(tmp_path, authority)
    with listening() as main, listening() as redirect:
        of_name = {"contactd": main, "redirect": redirect}
        with serving(server, [of_name[name] for name in order], ":".join(order)):
            assert is_main(server, port_of(main))
            assert leads_to(port_of(redirect)) == f"https://localhost:{port_of(main)}/a?b=c"
            assert [line["url"] for line in server.log_lines("redirecting")] == [f"http://127.0.0.1:{port_of(redirect)}"]


def test_a_socket_that_is_passed_goes_before_redirect_listen(tmp_path, authority):
    with listening() as main, listening() as redirect, listening() as taken:
        server = TlsServer(tmp_path, authority, redirect_listen=f"127.0.0.1:{port_of(taken)}")
        with serving(server, [main, redirect], "contactd:redirect"):
            assert leads_to(port_of(redirect)) == f"https://localhost:{port_of(main)}/a?b=c"


def test_redirect_listen_is_opened_beside_a_main_socket_that_is_passed(tmp_path, authority):
    server = TlsServer(tmp_path, authority, redirect_listen="127.0.0.1:0")
    with listening() as main, serving(server, [main], "contactd"):
        line, = server.log_lines("redirecting")
        assert leads_to(int(line["url"].rpartition(":")[2])) == f"https://localhost:{port_of(main)}/a?b=c"


def test_listen_is_opened_beside_a_redirect_socket_that_is_passed(tmp_path, authority):
    server = TlsServer(tmp_path, authority, listen="127.0.0.1:0")
    with listening() as redirect, serving(server, [redirect], "redirect"):
        line, = server.log_lines("listening")
        port = int(line["url"].rpartition(":")[2])
        assert is_main(server, port)
        assert leads_to(port_of(redirect)) == f"https://localhost:{port}/a?b=c"


def test_sockets_for_another_process_are_none_of_ours(tmp_path):
    server = Server(tmp_path, listen="127.0.0.1:0")
    with listening() as main, serving(server, [main], "contactd", LISTEN_PID="1"):
        line, = server.log_lines("listening")
        assert int(line["url"].rpartition(":")[2]) != port_of(main)


# --- what cannot be told apart --------------------------------------------------------


@pytest.mark.parametrize("names, words", [
    ("contactd:contactd", ['two main sockets, "contactd" and "contactd"', "FileDescriptorName=redirect", "one ListenStream="]),
    ("contactd:other", ['two main sockets, "contactd" and "other"', "FileDescriptorName=redirect"]),
    (None, ["two main sockets", "FileDescriptorName=redirect"]),
    ("redirect:redirect", ['two sockets are named "redirect"', "one ListenStream="]),
    ("contactd:redirect:more", ["LISTEN_FDS=3: more than two", "FileDescriptorName=redirect"]),
    ("contactd", ["LISTEN_FDNAMES=contactd", "LISTEN_FDS=2"]),
    ("contactd:redirect:", ["LISTEN_FDNAMES=contactd:redirect:", "LISTEN_FDS=2"]),
])
def test_more_than_one_of_a_kind_is_an_error_that_names_the_remedy(tmp_path, authority, names, words):
    with ExitStack() as stack:
        count = 3 if names == "contactd:redirect:more" else 2
        sockets = [stack.enter_context(listening()) for _ in range(count)]
        said = refused(TlsServer(tmp_path, authority), sockets, names)
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize("count", ["0", "-1", "x", "", "4294967297"])
def test_a_number_of_sockets_that_makes_no_sense_is_refused(tmp_path, count):
    with listening() as main:
        assert f"LISTEN_FDS={count}: " in refused(Server(tmp_path), [main], LISTEN_FDS=count)


def test_a_redirect_without_https_is_refused(tmp_path):
    with listening() as main, listening() as redirect:
        said = refused(Server(tmp_path), [main, redirect], "contactd:redirect")
    assert "no https to send anybody to" in said and "tls-cert" in said and '"redirect"' in said, said


@pytest.mark.parametrize("which", [0, 1])
def test_what_does_not_listen_is_refused(tmp_path, authority, which):
    with listening() as main, socket.socket() as silent:
        pair = [silent, main] if which == 0 else [main, silent]
        said = refused(TlsServer(tmp_path, authority), pair, "contactd:redirect")
    assert f"fd {3 + which} is not a listening socket" in said, said
