# SPDX-License-Identifier: MIT
"""What requests may hold of the memory together: large ones are refused before small ones are, and may come again."""
import requests

from harness import SLOW, Server, connect, running

HEAD = b"POST /contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
WAIT = 20 * SLOW


def post(server, size):
    message = {"name": "Ada", "email": "ada@example.org", "message": "Hi!", "more": "a" * size}
    return requests.post(f"{server.url}/contact", json=message, timeout=WAIT)


def test_a_large_body_is_refused_while_there_is_room_for_small_ones(tmp_path):
    with running(Server(tmp_path, request_memory="1m")) as server:
        refused = post(server, 50_000)
        assert refused.status_code == 503 and int(refused.headers["Retry-After"]) >= 1
        assert post(server, 1000).status_code == 200
        metrics = requests.get(f"{server.url}/metrics", timeout=WAIT).text
        assert "\ncontactd_memory_refused_total 1\n" in metrics


def test_a_large_reply_waits_until_others_are_done(tmp_path):
    with running(Server(tmp_path, request_memory="1m")) as server:
        with connect(server.port) as slow:
            slow.sendall(HEAD % 300)  # and not yet its body
            assert requests.get(f"{server.url}/healthz", timeout=WAIT).status_code == 200  # so that the head has been read
            refused = requests.get(f"{server.url}/docs", timeout=WAIT)
            assert refused.status_code == 503 and int(refused.headers["Retry-After"]) >= 1
        for _ in range(int(100 * SLOW)):  # until the server has seen that nobody is there
            answer = requests.get(f"{server.url}/docs", timeout=WAIT)
            if answer.status_code == 200:
                break
        assert answer.status_code == 200 and len(answer.content) > 100_000


def test_what_was_taken_is_given_back(tmp_path):
    with running(Server(tmp_path, request_memory="8m")) as server:
        for number in range(100):  # of which there would be room for 26 at a time
            assert post(server, 10_000 + number).status_code == 200
