# SPDX-License-Identifier: MIT
"""Exports: every row once, whatever strangers typed, in flat memory, and only to who may see them."""
import csv
import datetime
import io
import json
import os
import sqlite3
import threading
import time

import pytest
import requests

from harness import SLOW, connect

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}
FIXED = ["id", "form", "receivedAt", "state", "name", "email", "message", "source", "userAgent", "page", "spamScore"]
ROWS = int(os.environ.get("CONTACTD_TEST_ROWS", "100000"))


def post(server, form="", **change):
    answer = requests.post(f"{server.url}/contact{'/' + form if form else ''}", json={**ADA, **change}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def export(server, token, **query):
    return requests.get(server.url + "/admin/export", params=query, headers={"Authorization": f"Bearer {token}"}, timeout=60 * SLOW)


def table(answer):
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True))


def without_guard(text):
    return text[1:] if text.startswith("'") and text.lstrip("'")[:1] in tuple("=+-@\t\r\n＝＋－＠") and text.lstrip("'") else text


NASTY = ["=1+1", "+49 30 1234", "-5", "@SUM(A1)", "\tx", "'=1", "''@x", "'plain", "a,b", 'say "hi"', "two\nlines", "cr\r\nlf", " padded ", "semi;colon", "＝cmd", "日本", "'", '"', "\"=1\""]


def test_a_csv_reader_gets_back_what_was_typed(server):
    token = server.token()
    for i, text in enumerate(NASTY):
        post(server, message="m" + text, note=text, number=i)
    rows = table(export(server, token, format="csv"))
    assert [without_guard(row["note"]) for row in reversed(rows)] == NASTY
    assert [row["number"] for row in reversed(rows)] == [str(i) for i in range(len(NASTY))]
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(tuple("=+-@\t\r＝＋－＠")), cell


def test_columns_are_fixed_ones_first_then_as_they_appear(server):
    token = server.token()
    post(server, company="A", size={"b": 1, "a": [1, "x"]})
    post(server, zip="1", page="mine", company="B")
    answer = export(server, token)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    assert answer.headers["Content-Disposition"] == f'attachment; filename="contactd-{today}.csv"'
    assert answer.content.endswith(b"\r\n") and not answer.content.startswith(b"\xef")
    rows = table(answer)
    assert list(rows[0]) == [*FIXED, "zip", "fields.page", "company", "size"]
    assert (rows[0]["fields.page"], rows[0]["company"], rows[0]["size"]) == ("mine", "B", "")
    assert json.loads(rows[1]["size"]) == {"b": 1, "a": [1, "x"]} and rows[1]["size"] == '{"b":1,"a":[1,"x"]}'
    assert rows[1]["receivedAt"].endswith("Z") and rows[1]["spamScore"] == "0" or float(rows[1]["spamScore"]) < 5
    assert export(server, token, bom="true").content.startswith(b"\xef\xbb\xbfid,form")


def test_json_and_ndjson_are_what_the_list_shows(server):
    token = server.token()
    for i in range(3):
        post(server, message=f"number {i}")
    listed = requests.get(server.url + "/admin/submissions", headers={"Authorization": f"Bearer {token}"}, timeout=10).json()["submissions"]
    assert export(server, token, format="json").json() == listed
    answer = export(server, token, format="ndjson")
    assert [json.loads(line) for line in answer.text.splitlines()] == listed and answer.text.endswith("}\n")


def test_nothing_is_a_file_too(server):
    token = server.token()
    assert export(server, token, format="json").json() == []
    assert export(server, token, format="ndjson").text == ""
    assert export(server, token).text == ",".join(FIXED) + "\r\n"


def test_filters_are_those_of_the_list(server):
    token = server.token("write")
    shop, other = post(server, "shop"), post(server, "other")
    requests.patch(f"{server.url}/admin/submissions/{other}", json={"state": "trash"}, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert [r["id"] for r in table(export(server, token))] == [shop]
    assert [r["id"] for r in table(export(server, token, state="all"))] == [other, shop]
    assert [r["id"] for r in table(export(server, token, state="trash"))] == [other]
    assert table(export(server, token, form="other")) == []
    assert "contactd-shop-20" in export(server, token, form="shop").headers["Content-Disposition"]
    assert table(export(server, token, until="2020-01-01")) == [] and len(table(export(server, token, since="2020-01-01"))) == 1


@pytest.mark.parametrize("query", [{"format": "xml"}, {"bom": "yes"}, {"limit": "5"}, {"cursor": "x"}, {"unknown": "1"}, {"format": "json", "bom": "true"}, {"form": "No Form"}])
def test_other_parameters_are_errors(server, query):
    assert export(server, server.token(), **query).status_code == 400


def test_without_credentials_there_is_nothing(server):
    assert requests.get(server.url + "/admin/export", timeout=10).status_code == 401


def narrow_token(server, forms):
    """A token that is bound to these forms."""
    done = server.cli("token", "add", "narrow", "--scope", "read", "--forms", forms)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_only_forms_of_the_scope_are_there(server):
    token = narrow_token(server, "shop")
    shop = post(server, "shop", secretless="x")
    post(server, "other", hidden="x")
    rows = table(export(server, token))
    assert [r["id"] for r in rows] == [shop] and "hidden" not in rows[0]
    assert table(export(server, token, form="other")) == []


def test_a_search_is_exported_as_it_is_listed(server):
    token = server.token()
    for i in range(450):
        post(server, message=f"number {i} {'needle' if i % 2 else 'hay'}")
    rows = table(export(server, token, q="needle"))
    assert len(rows) == 225 and all("needle" in row["message"] for row in rows)


def test_who_took_what_is_written_down(server):
    post(server, "shop")
    table(export(server, server.token(), form="shop"))
    export(server, server.token(), format="json")
    server.stop()
    with sqlite3.connect(server.options["database"]) as db:
        entries = db.execute("SELECT actor, target, detail, source FROM audit WHERE action = 'export' ORDER BY id").fetchall()
    db.close()
    assert [entry[1:] for entry in entries] == [("shop", "csv", "127.0.0.1"), (None, "json", "127.0.0.1")]
    assert all(entry[0].startswith("token:test-") for entry in entries)


def test_head_has_no_body(server):
    answer = requests.head(server.url + "/admin/export", headers={"Authorization": f"Bearer {server.token()}"}, timeout=10)
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]


def all_fields(row):
    """A row's further fields, from its own columns and from the last one."""
    own = {name: text for name, text in row.items() if name not in FIXED and name != "furtherFields" and text}
    return {**own, **json.loads(row.get("furtherFields") or "{}")}


@pytest.mark.parametrize("names", [500, 501, 600, 6000])
def test_what_has_no_column_is_in_the_last_one(server, names):
    token = server.token()
    sent = []
    for start in range(0, names, 50):
        sent.insert(0, {f"field{i}": f"={i}" for i in range(start, min(start + 50, names))})
        post(server, **sent[0])
    answer = export(server, token, state="all")
    rows = table(answer)
    columns = list(rows[0])
    appearing = [name for fields in sent for name in fields]
    assert columns == FIXED + appearing[:500] + (["furtherFields"] if names > 500 else [])
    assert [{name: without_guard(text) for name, text in all_fields(row).items()} for row in rows] == sent
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(tuple("=+-@\t\r＝＋－＠")), cell
    if names > 500:
        assert [list(json.loads(row["furtherFields"] or "{}")) for row in rows] == [[n for n in fields if n not in columns] for fields in sent]
        surplus = rows[-1]["furtherFields"]
        assert surplus == json.dumps(json.loads(surplus), separators=(",", ":"))
        assert rows[0]["furtherFields"] == ""
    assert export(server, token, state="all").content == answer.content


def fill(server, rows):
    """Many rows, written behind the server's back while it does not run."""
    server.stop()
    path = server.options["database"]
    with sqlite3.connect(path) as db:
        columns = "seq, id, state, spam_score, form, name, email, message, fields, source"
        now = int(time.time() * 1000) - rows - 1000

        def values():
            for i in range(rows):
                ms = now + i
                seq = ms << 15
                identity = ms.to_bytes(6, "big") + bytes([0x70, 0, 0x80]) + os.urandom(7)
                yield seq, identity, 0, 0, "shop", f"Name {i}", "ada@example.org", f"Message {i} " + "x" * 200, json.dumps({"company": f"C{i}", "size": i % 9}), "127.0.0.1"

        db.executemany(f"INSERT INTO submission ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?)", values())
    db.close()
    server.start()


def rss_kib(server, what="VmRSS"):
    for line in open(f"/proc/{server.process.pid}/status"):
        if line.startswith(what):
            return int(line.split()[1])
    raise AssertionError(what)


def test_a_hundred_thousand_rows_in_flat_memory(server):
    fill(server, ROWS)
    token = server.token()
    for form in ("json", "csv"):
        export(server, token, format=form, since="2100-01-01")  # so that what is made once is there
    before, seen, is_over = rss_kib(server), [], threading.Event()

    def look():
        while not is_over.wait(0.02):
            seen.append(rss_kib(server))

    watcher = threading.Thread(target=look)
    watcher.start()
    began = time.monotonic()
    rows = table(export(server, token))
    seconds = time.monotonic() - began
    lines = export(server, token, format="ndjson").text.splitlines()
    is_over.set()
    watcher.join()
    assert len(rows) == len(lines) == ROWS and len({row["id"] for row in rows}) == ROWS
    assert rows[0]["name"] == f"Name {ROWS - 1}" and rows[-1]["company"] == "C0"
    print(f"{ROWS} rows as CSV in {seconds:.2f} s; RSS {before} KiB before, {max(seen)} at most")
    if SLOW == 1:  # sanitizers have a memory of their own
        assert max(seen) <= before + 10 * 1024


def start_slow_export(server, token):
    s = connect(server.port)
    s.sendall(f"GET /admin/export?format=ndjson HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert s.recv(100).startswith(b"HTTP/1.1 200")
    return s


def test_a_reader_that_stalls_is_cut_and_one_that_leaves_is_noticed(start):
    server = start(reply_timeout="2s")
    fill(server, 60000)
    token = server.token()
    with start_slow_export(server, token):
        time.sleep(5 * SLOW)
        lines = [line for line in server.log_lines("request") if line.get("route") == "submission_export"]
        assert len(lines) == 1, lines
    with start_slow_export(server, token):
        pass
    end = time.monotonic() + 10 * SLOW
    while len(server.log_lines("export")) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    assert [line["isWhole"] for line in server.log_lines("export")] == ["false", "false"]
    assert len(export(server, token, format="ndjson").text.splitlines()) == 60000


def test_a_stop_cuts_an_export_so_that_the_client_sees_it(server):
    fill(server, 60000)
    with start_slow_export(server, server.token()) as s:
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 4 * SLOW
        tail = b""
        try:
            while piece := s.recv(1 << 20):
                tail = (tail + piece)[-10:]
        except ConnectionError:
            pass
        assert not tail.endswith(b"0\r\n\r\n")


def test_posts_go_on_during_an_export_and_are_not_in_it(server):
    fill(server, 20000)
    token, times, is_over = server.token(), [], threading.Event()

    def keep_posting():
        i = 0
        while not is_over.is_set():
            began, i = time.monotonic(), i + 1
            post(server, message=f"meanwhile {i}", **{f"new{i % 40}": "x"})
            times.append(time.monotonic() - began)

    poster = threading.Thread(target=keep_posting)
    poster.start()
    try:
        for _ in range(3):
            rows = table(export(server, token))
            assert len([row for row in rows if row["form"] == "shop"]) == 20000
    finally:
        is_over.set()
        poster.join()
    assert len(times) > 5 and sorted(times)[len(times) // 2] < 1 * SLOW
