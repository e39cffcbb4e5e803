# SPDX-License-Identifier: MIT
"""kill -9 under load: what was acknowledged is there afterwards, every time."""
import os
import random

from harness import ROOT, SLOW, Server
from load import acknowledged, lost, under_load

CYCLES = int(os.environ.get("KILL_CYCLES", "200"))
CLIENTS = 8


def kill_cycles(server, cycles):
    """Kills the server `cycles` times at a moment of its own; returns everything acknowledged."""
    promised = {}
    moment = random.Random(20261121)
    for cycle in range(cycles):
        server.start()
        crowd = under_load(server.port, cycle, CLIENTS, moment.uniform(0.02, 0.2) * SLOW, server.kill)
        promised.update(acknowledged(crowd))
    return promised


def test_nothing_acknowledged_is_lost_to_kill_9(tmp_path):
    server = Server(tmp_path)
    promised = kill_cycles(server, CYCLES)
    assert len(promised) > CYCLES * 5, "too little load to prove anything"
    assert lost(promised, server.options["database"]) == {}
    print(f"\n{CYCLES} kills, {len(promised)} acknowledged, 0 lost")


def test_the_kill_test_can_fail(tmp_path):
    """The same, against a build that answers before the commit: losses must be seen."""
    server = Server(tmp_path, ROOT / "build/unsafe/contactd", test_answer="early")
    promised = kill_cycles(server, 10)
    assert lost(promised, server.options["database"]), "a server that lies was not caught"


def test_a_server_killed_while_it_starts_leaves_a_sound_database(tmp_path):
    server = Server(tmp_path)
    for delay in range(20):
        server.start()
        server.kill()
    crowd = under_load(server.start().port, "after", 2, 0.2, lambda: None)
    assert server.stop() == 0
    assert lost(acknowledged(crowd), server.options["database"]) == {}
