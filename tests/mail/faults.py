# SPDX-License-Identifier: MIT
"""The real binary with a destination that is broken: forms do not notice, the end comes in time, and nothing is lost."""
import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from harness import SLOW, Server, free_port, running
from world import Listener, answer, black_hole, http_talk, mail_server, smtp_talk, wait_until

POSTS, AT_ONCE = 40, 8
STOP_S = 10


def mail_to(port):
    return {"smtp_url": f"smtp://127.0.0.1:{port}"}, {"mail": ["ada@there.example"]}


def hook_to(port, host="127.0.0.1"):
    return {}, {"webhooks": [{"name": "crm", "url": f"http://{host}:{port}/in"}]}


@contextlib.contextmanager
def listener(talk, destination):
    with Listener(talk) as server:
        yield destination(server.port)


@contextlib.contextmanager
def nobody(destination):
    yield destination(free_port())


@contextlib.contextmanager
def lost(destination):
    with black_hole() as port:
        yield destination(port)


def http(reply):
    return http_talk({"/in": reply}, [])


def drip(line):
    line.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n")
    while not line.pause(0.2):
        line.send(b"x")


def pour(line):
    line.send(b"HTTP/1.1 500 Oops\r\n\r\n")
    while not line.stopping.is_set():
        line.send(b"x" * 65536)


FAULTS = {
    "mail: nobody listens": lambda: nobody(mail_to),
    "mail: no connection comes about": lambda: lost(mail_to),
    "mail: silent after connect": lambda: listener(smtp_talk({"GREETING": "hold"}), mail_to),
    "mail: silent after the data": lambda: listener(smtp_talk({"END": "hold"}), mail_to),
    "mail: closes within the data": lambda: listener(smtp_talk({"BODY": "close"}), mail_to),
    "mail: later": lambda: listener(smtp_talk({"RCPT": b"451 4.3.0 later\r\n"}), mail_to),
    "hook: nobody listens": lambda: nobody(hook_to),
    "hook: no connection comes about": lambda: lost(hook_to),
    "hook: silent": lambda: listener(http(lambda line: line.hold()), hook_to),
    "hook: drips": lambda: listener(http(drip), hook_to),
    "hook: pours": lambda: listener(http(pour), hook_to),
    "hook: 500": lambda: listener(http(answer("500 Oops")), hook_to),
}


def options():
    return {"allow_plain": "on", "webhook_allow": "127.0.0.0/8", "smtp_from": "Forms <forms@here.example>",
            "smtp_url": "smtp://127.0.0.1:1", "workers": 4}


def post(server, number):
    started = time.monotonic()
    body = {"name": "Ada", "email": "ada@example.org", "message": f"Message number {number}"}
    reply = requests.post(f"{server.url}/contact/shop", json=body, timeout=30 * SLOW)
    assert reply.status_code == 200, reply.text
    return reply.json()["id"], (time.monotonic() - started) * 1000


def post_all(server):
    """Ids, and the 50th and 99th percentile of the answers' times in ms."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ids, times = zip(*pool.map(lambda number: post(server, number), range(POSTS)))
    times = sorted(times)
    return list(ids), times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]


class Admin:
    def __init__(self, server):
        self.url, self.headers = server.url, {"Authorization": f"Bearer {server.token('manage')}"}

    def deliveries(self):
        rows, cursor = [], None
        while True:
            reply = requests.get(f"{self.url}/admin/deliveries", headers=self.headers, timeout=30 * SLOW,
                                 params={"limit": 200, **({"cursor": cursor} if cursor else {})})
            assert reply.status_code == 200, reply.text
            rows += reply.json()["deliveries"]
            cursor = reply.json()["next"]
            if not cursor:
                return rows

    def retry(self, row):
        requests.post(f"{self.url}/admin/deliveries/{row['id']}/retry", headers=self.headers, timeout=30 * SLOW)

    def all_delivered(self):
        """Pushes those that wait for their next turn."""
        rows = self.deliveries()
        for row in rows:
            if row["state"] in ("waiting", "failed") and not row["inFlight"]:
                self.retry(row)
        return rows and all(row["state"] == "delivered" for row in rows)


def set_form(server, verb, notify):
    done = server.cli("form", verb, "shop", "notify=" + json.dumps(notify))
    assert done.returncode == 0, done.stderr


def break_it(tmp_path, fault):
    """Posts while the destination is broken, and stops; returns what was seen."""
    with fault() as (more, notify):
        server = Server(tmp_path, **{**options(), **more})
        with running(server):
            set_form(server, "add", notify)
            ids, p50, p99 = post_all(server)
            admin = Admin(server)
            wait_until(lambda: any(row["attempts"] > 0 for row in admin.deliveries()))
            rows = admin.deliveries()
            assert sorted(row["submission"] for row in rows) == sorted(ids)
            assert {row["state"] for row in rows} == {"waiting"}, rows
            assert server.is_healthy()
            started = time.monotonic()
            code, stop_s = server.stop(), time.monotonic() - started
    assert code == 0 and stop_s < STOP_S * SLOW, (code, stop_s)
    return {"ids": ids, "p50": round(p50, 1), "p99": round(p99, 1), "stop": round(stop_s, 2), "errors": sorted(
        {row["error"] for row in rows if row["error"]})}


def mend_it(tmp_path, ids):
    """The same database with destinations that work: all that was owed arrives."""
    requests_seen = []
    with mail_server() as mailbox, Listener(http_talk({"/in": answer("200 OK")}, requests_seen)) as hooks:
        server = Server(tmp_path, **{**options(), **mail_to(mailbox.port)[0]})
        with running(server):
            form = json.loads(server.cli("form", "show", "shop").stdout)
            if "webhooks" in form["notify"]:
                set_form(server, "set", hook_to(hooks.port)[1])
            admin = Admin(server)
            wait_until(admin.all_delivered, 60)
    if "webhooks" in form["notify"]:
        told = [request.headers["webhook-id"].removeprefix("msg_") for request in requests_seen]
    else:
        told = [line.split(b"<")[1].split(b".")[0].decode() for _, _, content in mailbox.mails
                for line in content.split(b"\r\n") if line.lower().startswith(b"message-id:")]
    assert sorted(set(told)) == sorted(ids), (len(told), len(ids))
    return len(told)
