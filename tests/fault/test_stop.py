# SPDX-License-Identifier: MIT
"""SIGTERM under load: what was acknowledged is there, no reply is cut in two, and the process ends well."""
import os
import random
import time

from harness import SLOW, Server
from load import acknowledged, lost, under_load

CYCLES = int(os.environ.get("STOP_CYCLES", "30"))


def test_sigterm_under_load_loses_nothing_and_cuts_no_reply(tmp_path):
    server = Server(tmp_path, threads=2)
    moment = random.Random(20261121)
    promised, slowest = {}, 0

    def stop():
        nonlocal slowest
        started = time.monotonic()
        assert server.stop() == 0, server.stderr()[-2000:]
        slowest = max(slowest, time.monotonic() - started)

    for cycle in range(CYCLES):
        server.start()
        crowd = under_load(server.port, cycle, 16, moment.uniform(0.05, 0.25) * SLOW, stop)
        assert [b for client in crowd for b in client.broken] == []
        promised.update(acknowledged(crowd))
    assert len(promised) > CYCLES * 5, "too little load to prove anything"
    assert lost(promised, server.options["database"]) == {}
    assert slowest < 10 * SLOW
    assert server.complaints() is None
    print(f"\n{CYCLES} stops, {len(promised)} acknowledged, 0 lost, slowest {slowest:.2f} s")


def test_a_request_whose_body_is_still_coming_is_finished(tmp_path):
    """The head was read before SIGTERM, so the reply is owed."""
    import json
    import socket
    import threading

    server = Server(tmp_path).start()
    body = json.dumps({"name": "Ada", "email": "ada@example.org", "message": "late"}).encode()
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.settimeout(20)
        s.sendall(b"POST /contact HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:10])
        time.sleep(0.3 * SLOW)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.3 * SLOW)
        s.sendall(body[10:])
        reply = b""
        while piece := s.recv(65536):
            reply += piece
    stopping.join()
    assert reply.startswith(b"HTTP/1.1 200 ") and b"Connection: close" in reply
    assert server.exit_code == 0
