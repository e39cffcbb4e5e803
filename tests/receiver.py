# SPDX-License-Identifier: MIT
"""Whoever is told of messages: a real mail server and a real HTTP server, on threads of their own, that note what came.

Both answer what they are told to. `wait` looks again and again until something is so.
"""
import asyncio
import threading
import time
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from aiosmtpd.controller import Controller

from harness import SLOW, free_port


def wait(what, seconds=20):
    """The first true value of what(); fails the test if there is none in time."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds * SLOW} s in vain"
        time.sleep(0.02)


class Mail(NamedTuple):
    to: str
    message: object
    data: bytes

    @property
    def id(self):
        return self.message["Message-ID"]


class MailServer:
    """Takes every mail, unless `answers` has a reply for its recipient: a line, or HANG_UP."""

    HANG_UP = "the connection ends without one"

    def reply(self, server, answer):
        if answer == self.HANG_UP:
            server.transport.abort()
        return answer

    def __init__(self):
        self.mails, self.answers, self.attempts = [], {}, []
        self.rejected, self.locked = {}, None  # by recipient: the answer to RCPT; everybody's to MAIL
        self.offered, self.unwanted = [], None  # also those that are refused; a word that is not taken
        self.held, self.waiting = set(), set()  # who is answered when he is taken from `held`, and waits until then
        for attempt in range(5):
            self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
            try:
                self.controller.start()
                return
            except OSError:
                if attempt == 4:
                    raise

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.locked:
            return self.locked
        envelope.mail_from = address
        return "250 fine"

    async def handle_RCPT(self, server, session, envelope, address, options):
        while address in self.held:
            self.waiting.add(address)
            await asyncio.sleep(0.02)
        self.waiting.discard(address)
        if address in self.rejected:
            return self.reply(server, self.rejected[address])
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        self.attempts.append(to)
        mail = Mail(to, message_from_bytes(envelope.content, policy=policy.default), envelope.content)
        self.offered.append(mail)
        if to in self.answers:
            return self.reply(server, self.answers[to])
        if self.unwanted and self.unwanted in mail.message.get_body(("plain",)).get_content():
            return "554 5.7.1 this looks like spam"
        self.mails.append(mail)
        return "250 taken"

    def to(self, address):
        return [mail for mail in self.mails if mail.to == address]

    @property
    def options(self):
        return {"smtp_url": f"smtp://127.0.0.1:{self.controller.port}", "smtp_from": "Forms <forms@example.org>", "allow_plain": "on"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.controller.stop()


class Post(NamedTuple):
    path: str
    headers: dict
    body: bytes

    @property
    def id(self):
        return self.headers.get("webhook-id")


class Receiver:
    """Takes every post with 200, unless `answers` has a status, or (status, headers), for its path."""

    def __init__(self, host="127.0.0.1"):
        self.posts, self.answers, self.slow = [], {}, 0
        self.poison = None  # what is answered with 500 wherever it stands
        self.lock = threading.Lock()
        self.gate = threading.Event()  # paths that start with /slow answer when it is set
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path.startswith("/slow"):
                    with receiver.lock:
                        receiver.slow += 1
                    receiver.gate.wait(60 * SLOW)
                with receiver.lock:
                    receiver.posts.append(Post(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                    is_poison = receiver.poison is not None and receiver.poison in body
                    answer = 500 if is_poison else receiver.answers.get(self.path, 200)
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who posts may be killed meanwhile
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def at(self, path):
        with self.lock:
            return [post for post in self.posts if post.path == path]

    # So that the server under test may post here.
    options = {"webhook_allow": "127.0.0.1/32", "allow_plain": "on"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
