# SPDX-License-Identifier: MIT
"""kill -9 while the canary commits beside visitors: no acknowledged message is lost, and none is there that nobody sent."""
import os
import random
import sqlite3

from harness import SLOW, Server
from load import acknowledged, lost, stored, under_load
from receiver import wait

CYCLES = int(os.environ.get("CANARY_KILL_CYCLES", "15"))
CLIENTS = 2


class Watched(Server):
    """Its own address is its public one."""

    def environment(self):
        env = super().environment()
        env["CONTACTD_PUBLIC_URL"] = self.url
        return env

    def came(self):
        """The canary's messages that came through, in all its lives."""
        return [line for line in self.log_lines("request") if line["route"] == "canary" and line["decision"] == "canary"]

    def kill_between(self):
        """While the canary is at it."""
        before = len(self.came())
        wait(lambda: len(self.came()) > before)
        self.kill()


def test_kill_9_beside_a_canary_loses_nothing(tmp_path):
    server = Watched(tmp_path, canary_every="1ms")
    promised, sent, moment = {}, set(), random.Random(5)
    for cycle in range(CYCLES):
        server.start()
        crowd = under_load(server.port, cycle, CLIENTS, moment.uniform(0.01, 0.2) * SLOW, server.kill_between)
        promised.update(acknowledged(crowd))
        sent.update(f"{client.label}/" for client in crowd)
    rows = stored(server.options["database"])
    assert lost(promised, server.options["database"]) == {}
    assert len(promised) > CYCLES and len(server.came()) >= CYCLES, "too little load to prove anything"
    assert all(any(message.startswith(label) for label in sent) for message in rows.values()), "a message that no visitor sent"
    with sqlite3.connect(server.options["database"]) as database:
        assert database.execute("SELECT count(*) FROM meta WHERE key = 'canary_at'").fetchone() == (1,)
    server.start()
    assert server.stop() == 0
    print(f"\n{CYCLES} kills, {len(promised)} messages, 0 lost, {len(server.came())} canaries beside them")
