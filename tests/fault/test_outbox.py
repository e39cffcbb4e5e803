# SPDX-License-Identifier: MIT
"""kill -9 with deliveries in flight: everybody hears of everything, and whoever hears twice can tell."""
import collections
import json
import os
import random
import sqlite3
import time

import requests

from harness import SLOW, Server
from load import acknowledged, lost, under_load
from receiver import Receiver, wait

CYCLES = int(os.environ.get("OUTBOX_KILL_CYCLES", "50"))
CLIENTS = 2


def open_deliveries(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM delivery WHERE state <> 2").fetchone()[0]


def stored(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return {row[0] for row in db.execute("SELECT lower(hex(id)) FROM submission")}


def heard(posts):
    """webhook-id -> the messages that came under it, each as often as it came."""
    by_id = collections.defaultdict(list)
    for post in posts:
        by_id[post.id].append(json.loads(post.body)["data"]["id"])
    return by_id


def start_with_hook(server, url):
    """The messages of the default form are posted to `url` from now on."""
    server.start()
    notify = {"webhooks": [{"name": "crm", "url": url}]}
    done = server.cli("form", "add", "default", "notify=" + json.dumps(notify))
    assert done.returncode == 0, done.stderr


def test_kill_9_loses_no_delivery_and_repeats_only_under_the_same_id(tmp_path):
    with Receiver() as receiver:
        server = Server(tmp_path, **receiver.options)
        start_with_hook(server, receiver.url + "/in")
        assert server.stop() == 0
        promised, moment, under_way = {}, random.Random(20261121), 0
        for cycle in range(CYCLES):
            server.start()
            crowd = under_load(server.port, cycle, CLIENTS, moment.uniform(0.02, 0.15) * SLOW, server.kill)
            promised.update(acknowledged(crowd))
            under_way += open_deliveries(server.options["database"]) > 0
        server.start()
        wait(lambda: open_deliveries(server.options["database"]) == 0, 120)
        assert server.stop() == 0
        messages = stored(server.options["database"])
        by_id = heard(receiver.posts)
    assert lost(promised, server.options["database"]) == {}
    assert len(promised) > CYCLES and under_way > CYCLES / 2, "too little load to prove anything"
    assert {ids[0].replace("-", "") for ids in by_id.values()} == messages, "somebody has not heard of a message"
    assert all(set(ids) == {ids[0]} and key == f"msg_{ids[0]}" for key, ids in by_id.items())
    assert len(by_id) == len(messages), "a message came under two ids"
    repeated = sum(len(ids) - 1 for ids in by_id.values())
    print(f"\n{CYCLES} kills, {len(messages)} messages, 0 lost, {repeated} repeated under the same id")


def row(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute("SELECT leased, attempts, due_at FROM delivery").fetchone()


def test_what_is_under_way_whenever_the_process_ends_is_not_the_first_to_be_tried(tmp_path):
    with Receiver() as receiver:
        server = Server(tmp_path, **receiver.options)
        start_with_hook(server, receiver.url + "/slow")
        body = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}
        assert requests.post(f"{server.url}/contact", json=body, timeout=20 * SLOW).status_code == 200
        for _ in range(3):
            wait(lambda: row(server.options["database"])[0] == 1)
            server.kill()
            started_ms = int(time.time() * 1000)
            server.start()
        _, attempts, due_at = row(server.options["database"])
        assert attempts >= 1 and due_at >= started_ms + 10_000
        assert server.stop() == 0
