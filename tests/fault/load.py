# SPDX-License-Identifier: MIT
"""Clients that post without pause and write down what was acknowledged to them, and nothing else."""
import http.client
import json
import sqlite3
import threading
import time

BODY = {"name": "Ada Lovelace", "email": "ada@example.org"}


class Client(threading.Thread):
    """One keep-alive connection. Ends at the first error: the server is gone, or going."""

    def __init__(self, port, label):
        super().__init__(daemon=True)
        self.port, self.label = port, label
        self.acknowledged = {}  # id -> message
        self.broken = []        # replies that began and did not end
        self.refused = 0
        self.is_stopping = False

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        number = 0
        try:
            while not self.is_stopping:
                number += 1
                message = f"{self.label}/{number}"
                connection.request("POST", "/contact", json.dumps({**BODY, "message": message}),
                                   {"Content-Type": "application/json"})
                reply = connection.getresponse()
                status = reply.status
                text = reply.read()
                if status == 200:
                    self.acknowledged[json.loads(text)["id"]] = message
                else:
                    self.refused += 1
        except (http.client.IncompleteRead, http.client.BadStatusLine, ValueError) as error:
            # BadStatusLine with nothing in it (RemoteDisconnected) is a close between two replies.
            if not isinstance(error, http.client.RemoteDisconnected):
                self.broken.append(repr(error))
        except OSError:
            pass
        finally:
            connection.close()


def under_load(port, label, clients, seconds, end):
    """Runs `clients` clients for `seconds`, then calls end() while they are still at it; returns them."""
    crowd = [Client(port, f"{label}.{i}") for i in range(clients)]
    for client in crowd:
        client.start()
    time.sleep(seconds)
    end()
    for client in crowd:
        client.is_stopping = True
    for client in crowd:
        client.join(timeout=30)
        assert not client.is_alive(), "a client hangs: its request was neither answered nor closed"
    return crowd


def acknowledged(crowd):
    return {i: m for client in crowd for i, m in client.acknowledged.items()}


def stored(path):
    """id -> message of every row, after an integrity check, with no server running."""
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = database.execute("SELECT hex(id), message FROM submission").fetchall()
    ids = [i.lower() for i, _ in rows]
    assert len(ids) == len(set(ids)), "an id was given twice"
    return {"-".join((i[:8], i[8:12], i[12:16], i[16:20], i[20:])): m for i, (_, m) in zip(ids, rows)}


def lost(promised, path):
    """What was acknowledged and is not there, or not as it was sent."""
    rows = stored(path)
    return {i: m for i, m in promised.items() if rows.get(i) != m}
