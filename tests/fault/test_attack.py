# SPDX-License-Identifier: MIT
"""A server in a small box under attack: it lives, within its memory, and keeps its promises. How fast it is, attack.py tells."""
import multiprocessing
import resource
import time

import pytest
import requests

from attack import CPUS, MEMORY, MIB, Boxed, attack, hold, missing, report
from box import Box, NoBox
from harness import SLOW, running

MOST = 256 * MIB
CROWD = 3900


@pytest.fixture
def box():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most[1] < CROWD + 1000:
        pytest.skip("too few open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))
    try:
        made = Box(MEMORY, CPUS)
    except NoBox:
        made = None  # the ceilings are asserted all the same
    yield made
    if made:
        made.remove()
    resource.setrlimit(resource.RLIMIT_NOFILE, most)


def is_alive_and_small(server):
    assert server.process.poll() is None and (not server.box or server.box.kills() == 0)
    assert server.rss_peak() <= MOST, f"{server.rss_peak() / MIB:.0f} MiB"


def post_until_stored(server, patience=60):
    """Others may have the memory at first; they are sent away."""
    end = time.monotonic() + patience * SLOW
    while time.monotonic() < end:
        try:
            answer = requests.post(f"{server.url}/contact", json={"name": "Ada", "email": "ada@example.org", "message": "Hi!"}, timeout=30 * SLOW)
            if answer.status_code == 200:
                return True
            assert answer.status_code in (429, 503) and int(answer.headers["Retry-After"]) >= 1
        except requests.ConnectionError:
            pass
        time.sleep(0.2)
    return False


def refused(server):
    try:
        metrics = requests.get(f"{server.url}/metrics", timeout=30 * SLOW)
    except requests.ConnectionError:
        return 0
    return int(metrics.text.split("\ncontactd_memory_refused_total ")[1].split("\n")[0]) if metrics.status_code == 200 else 0


def test_a_mixed_attack_is_survived(tmp_path, box):
    server = Boxed(tmp_path, box)
    with running(server):
        result = attack(server, seconds=6, rate=200, part=0.5)
        is_alive_and_small(server)
        assert post_until_stored(server)
    report(result)
    assert result["told"]["kept"]["acknowledged"]
    assert missing(result, server.options["database"]) == set()


def test_bodies_that_never_end_cannot_take_all_the_memory(tmp_path, box):
    """More of them, and larger together, than there is room for."""
    server = Boxed(tmp_path, box, rate_limit="off")
    with running(server):
        stop = multiprocessing.Event()
        process = multiprocessing.Process(target=hold, args=(server.port, CROWD, stop), daemon=True)
        process.start()
        assert post_until_stored(server), "nothing is left for others"
        end = time.monotonic() + 60 * SLOW
        while not refused(server) and time.monotonic() < end:
            time.sleep(0.2)
        assert refused(server), "there was room for all of them"
        assert post_until_stored(server), "nothing is left for others"
        stop.set()
        process.join(timeout=30)
        process.kill()
        is_alive_and_small(server)
