# SPDX-License-Identifier: MIT
"""The other side: mail servers and HTTP receivers as they are and as they misbehave, all on 127.0.0.1.

Each is a context manager. What arrived is in lists that may be read at any time.
"""
import contextlib
import json
import pathlib
import re
import select
import socket
import ssl
import subprocess
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from harness import SLOW, default_binary


def driver_path():
    return default_binary().parent / "tests/mail/driver"


def drive(*parcels, arguments=(), prefix=(), timeout=90):
    """Sends parcels with tests/mail/driver.c; returns their results in the order given, and its last line."""
    lines = "".join(json.dumps(parcel) + "\n" for parcel in parcels)
    done = subprocess.run([*map(str, prefix), str(driver_path()), *map(str, arguments)], input=lines, capture_output=True,
                          text=True, timeout=timeout * SLOW)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    *results, end = map(json.loads, done.stdout.splitlines())
    return sorted(results, key=lambda result: result["index"]), end


def mail(url, body="Subject: hello\r\n\r\nHello\r\n", **more):
    return {"smtp": True, "url": url, "from": "forms@here.example", "to": "ada@there.example", "body": body,
            "plain": True, "timeout": 20000, **more}


def post(url, body='{"a":1}', **more):
    return {"url": url, "headers": "Content-Type: application/json\nX-Ours: yes\n", "body": body, "plain": True,
            "timeout": 20000, **more}


WAIT = {"wait": True}

# --- certificates ---------------------------------------------------------------


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


class Authority:
    """A certificate authority of our own, and certificates of it."""

    def __init__(self, directory, name="test"):
        self.directory, self.name = pathlib.Path(directory), name
        self.ca_file = self.directory / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name} authority",
                "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                cwd=self.directory)

    def certify(self, names):
        """(certificate, key) for names such as DNS:localhost,IP:127.0.0.1."""
        stem = re.sub(r"\W+", "-", f"{self.name} {names}")
        (self.directory / f"{stem}.ext").write_text(f"subjectAltName={names}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", f"{stem}.key", "-out",
                f"{stem}.csr", cwd=self.directory)
        openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", self.ca_file.name, "-CAkey", f"{self.name}.key", "-CAcreateserial",
                "-days", "2", "-extfile", f"{stem}.ext", "-out", f"{stem}.crt", cwd=self.directory)
        return self.directory / f"{stem}.crt", self.directory / f"{stem}.key"

    def context(self, names="DNS:localhost,IP:127.0.0.1"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certify(names))
        return context


# --- mail servers ---------------------------------------------------------------


class Mailbox:
    """aiosmtpd's handler: keeps what it accepts; `answers` gives commands another answer than 250."""

    def __init__(self, answers):
        self.answers, self.mails, self.peers, self.logins = answers, [], [], []

    async def handle_MAIL(self, server, session, envelope, address, options):
        if "MAIL" not in self.answers:
            envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server, session, envelope):
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        self.peers.append(session.peer)
        return "250 2.0.0 queued"

    def login(self, server, session, envelope, mechanism, data):
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.logins[-1] == ("ada", "p@ss/w:rd"), handled=False)


@contextlib.contextmanager
def mail_server(answers=None, tls=None, smtps=None, auth=False, **options):
    """aiosmtpd; yields its Mailbox, with .port."""
    mailbox = Mailbox(answers or {})
    if auth:
        options.update(authenticator=mailbox.login, auth_required=True, auth_require_tls=bool(tls))
    controller = Controller(mailbox, hostname="127.0.0.1", port=0, tls_context=tls, require_starttls=bool(tls),
                            ssl_context=smtps, ready_timeout=20 * SLOW, **options)
    # Port 0 would be asked for when it is started, so a free one is looked for; somebody may be faster.
    for attempt in range(10):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            controller.port = mailbox.port = probe.getsockname()[1]
        try:
            controller.start()
            break
        except OSError:
            if attempt == 9:
                raise
    try:
        yield mailbox
    finally:
        controller.stop()


class Line:
    """One connection to a server that is written by hand."""

    def __init__(self, connection, stopping):
        self.connection, self.stopping, self.buffer = connection, stopping, b""

    def send(self, data):
        self.connection.sendall(data)

    def readline(self):
        """The next line, or b'' at the end."""
        while b"\n" not in self.buffer:
            if self.stopping.is_set():
                return b""
            if not select.select([self.connection], [], [], 0.1)[0]:
                continue
            data = self.connection.recv(65536)
            if not data:
                return b""
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line + b"\n"

    def read(self, count):
        while len(self.buffer) < count and not self.stopping.is_set():
            if not select.select([self.connection], [], [], 0.1)[0]:
                continue
            data = self.connection.recv(65536)
            if not data:
                break
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def hold(self):
        """Says nothing more, until the test is over or the other side has gone."""
        while not self.stopping.is_set():
            if select.select([self.connection], [], [], 0.1)[0] and not self.connection.recv(65536):
                return

    def pause(self, seconds):
        return self.stopping.wait(seconds)


class Listener:
    """Runs `talk(line)` for each connection, on a thread each."""

    def __init__(self, talk, tls=None, host="127.0.0.1"):
        self.talk, self.tls, self.stopping, self.connections = talk, tls, threading.Event(), 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.create_server((host, 0), family=family, backlog=64)
        self.port = self.socket.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept)]

    def accept(self):
        while not self.stopping.is_set():
            if not select.select([self.socket], [], [], 0.1)[0]:
                continue
            connection, _ = self.socket.accept()
            self.connections += 1
            self.threads.append(threading.Thread(target=self.serve, args=(connection,)))
            self.threads[-1].start()

    def serve(self, connection):
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.settimeout(30 * SLOW)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.talk(Line(connection, self.stopping))

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.socket.close()


def smtp_talk(answers, log=None):
    """A mail server by hand. `answers` maps a command (or GREETING, END) to bytes, 'close' or 'hold'."""
    usual = {"GREETING": b"220 here\r\n", "EHLO": b"250-here\r\n250 8BITMIME\r\n", "HELO": b"250 here\r\n",
             "MAIL": b"250 OK\r\n", "RCPT": b"250 OK\r\n", "DATA": b"354 go on\r\n", "END": b"250 queued\r\n",
             "QUIT": b"221 bye\r\n"}

    def act(line, name):
        answer = answers.get(name, usual.get(name, b"500 what?\r\n"))
        if log is not None:
            log.append(name)
        if answer == "hold":
            line.hold()
        if answer in ("hold", "close"):
            return False
        line.send(answer)
        return True

    def take_mail(line):
        if "BODY" in answers:
            line.readline()
            return act(line, "BODY")
        while (text := line.readline()) and text != b".\r\n":
            pass
        return bool(text) and act(line, "END")

    def talk(line):
        is_open = act(line, "GREETING")
        while is_open and (command := line.readline()):
            name = command.split()[0].decode().upper() if command.split() else ""
            is_open = act(line, name) and name != "QUIT"
            if is_open and name == "DATA" and answers.get("DATA", b"354").startswith(b"354"):
                is_open = take_mail(line)

    return talk


# --- HTTP receivers --------------------------------------------------------------


class Request:
    def __init__(self, head, body):
        self.line, *lines = head.decode("latin-1").split("\r\n")
        self.path = self.line.split(" ")[1]
        self.headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines if text)}
        self.body = body


def read_request(line):
    """The next one; None: the other side has closed."""
    head = b""
    while (text := line.readline()) and text != b"\r\n":
        head += text
    if not text:
        return None
    request = Request(head.removesuffix(b"\r\n"), b"")
    request.body = line.read(int(request.headers.get("content-length", 0)))
    return request


def http_talk(answers, requests):
    """`answers` maps a path to bytes or to a function of the line; requests are collected."""

    def talk(line):
        request = read_request(line)
        if not request:
            return
        requests.append(request)
        answer = answers[request.path]
        if callable(answer):
            answer(line)
        else:
            line.send(answer)

    return talk


def answer(status, *headers, body=b""):
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


# --- nobody ------------------------------------------------------------------------


@contextlib.contextmanager
def black_hole():
    """A port that takes no connection and refuses none: its queue is full. Yields the port."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def wait_until(is_true, seconds=30):
    end = time.monotonic() + seconds * SLOW
    while not is_true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
