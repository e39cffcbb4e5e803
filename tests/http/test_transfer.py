# SPDX-License-Identifier: MIT
"""The verbs export and import: whole, exact, repeatable, beside a running server and without one."""
import csv
import io
import json
import os
import sqlite3
import stat

import pytest
import requests

from harness import SLOW

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}


def post(server, form="", **change):
    answer = requests.post(f"{server.url}/contact{'/' + form if form else ''}", json={**ADA, **change}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def listed(server):
    """Every submission, newest first, as the API shows it."""
    answer = requests.get(server.url + "/admin/export?format=json&state=all", headers={"Authorization": f"Bearer {server.token()}"}, timeout=30 * SLOW)
    assert answer.status_code == 200
    return answer.json()


def load(server, text, *args, name="file", code=0):
    path = server.directory / name
    path.write_text(text, encoding="utf-8", newline="")
    done = server.cli("import", path, "--json", *args)
    assert done.returncode == code, (done.returncode, done.stderr, done.stdout)
    return json.loads(done.stdout), done.stderr


def received(row):
    return row.get("receivedAt") or row["createdAt"]


NASTY = ["=1+1", "'=1", "a,b\r\n\"c\"", "  x  ", "[1,2", "日本 \U0001F600", "\u0001 control"]


@pytest.mark.parametrize("format", ["csv", "ndjson", "json"])
def test_what_was_exported_is_imported_as_it_was(start, format):
    server, other = start(), start()
    for i, text in enumerate(NASTY):
        post(server, "shop", message=f"{i} {text}".replace("\u0001", ""), note=text, page=text, tags=["a", "b"], deep={"x": [1, {"y": True}]})
    post(server, message="no further fields")
    first = listed(server)
    requests.patch(f"{server.url}/admin/submissions/{first[0]['id']}", json={"state": "archived", "starred": format != "csv"}, headers={"Authorization": f"Bearer {server.token('write')}"}, timeout=10)
    first = listed(server)
    path = server.directory / "out"
    done = server.cli("export", "--format", format, "--output", path)
    assert done.returncode == 0 and done.stdout == "" and "8 messages written" in done.stderr
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    done = other.cli("import", path, "--json")
    assert done.returncode == 0 and json.loads(done.stdout) == {"added": 8, "known": 0, "skipped": 0}, done.stderr
    again = listed(other)
    for row in [*first, *again]:
        row["spamReasons"] = []
        row["fields"].pop("none", None)
    assert again == first
    assert json.loads(other.cli("import", path, "--json").stdout) == {"added": 0, "known": 8, "skipped": 0}
    other.stop()
    assert json.loads(other.cli("import", path, "--json").stdout)["known"] == 8  # without a server
    assert other.cli("export", "--format", format, "--output", "again").returncode == 0
    assert (other.directory / "again").read_bytes() == path.read_bytes()
    other.start()


ODD = {"furtherFields": "mine", "Page": "a", "fields.page": "b", "fields.fields.page": "c", "notes": "d", "createdAt": "e", "starred": "f", "=sum": "g", " padded ": "h", "none": None, "empty": "", "minus": -5, "less": "-5", "true": True,
       "spaced": "[1, 2]", "list": [1, "x", {"y": None}], "looks like JSON": '{"a":1}', "deep": "[" * 15 + "]" * 15}


@pytest.mark.parametrize("names", [0, 600, 6000])
def test_a_table_that_was_imported_is_exported_again_byte_for_byte(start, names):
    server, other, last = start(), start(), start()
    post(server, "shop", **ODD, other="x")
    for begin in range(0, names, 50):
        post(server, "shop", **{f"field {i}": [f"={i}", i, "", {"i": -i}, None][i % 5] for i in range(begin, begin + 50)})
    post(server, "shop", empty="not here", late="", none="not here", minus=7, furtherFields=["a", "a"])
    post(server, "shop", empty="")
    for page in "first", "second":
        done = server.cli("export", "--output", page)
        assert done.returncode == 0, done.stderr
    tables = [(server.directory / "first").read_bytes()]
    assert (server.directory / "second").read_bytes() == tables[0]
    assert (b",furtherFields\r\n" in tables[0]) and tables[0] == requests.get(server.url + "/admin/export?state=all", headers={"Authorization": f"Bearer {server.token()}"}, timeout=30 * SLOW).content
    path = server.directory / "first"
    for after in other, last:
        done = after.cli("import", path, "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["added"] == 3 + names // 50, done.stderr
        path = after.directory / "again"
        assert after.cli("export", "--output", path).returncode == 0
        tables.append(path.read_bytes())
    assert tables[1] == tables[0] and tables[2] == tables[0]

    def fields(server):
        return [{name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":")) for name, value in row["fields"].items() if value is not None} for row in listed(server)]

    assert fields(other) == fields(server)


def test_one_form_alone(server):
    post(server, "shop")
    post(server, "other")
    rows = list(csv.DictReader(io.StringIO(server.cli("export", "--form", "other").stdout)))
    assert [row["form"] for row in rows] == ["other"]
    for arguments in (["--format", "xml"], ["--form", "No Form"]):
        assert server.cli("export", *arguments).returncode == 2
    assert server.cli("export", "--output", "/nonexistent/file").returncode == 1


def test_formspree_as_csv_and_as_json(server):
    text = "_date,name,email,message,_status,phone\n2018-11-03T07:28:29.707632,Ada,ada@example.org,Hello,x,=+49\n2018-11-04T07:28:29.7,Bob,bob@example.org,\"Two\nlines\",x,\n"
    counts, _ = load(server, text, "--form", "shop")
    assert counts == {"added": 2, "known": 0, "skipped": 0}
    bob, ada = listed(server)
    assert received(ada) == "2018-11-03T07:28:29.707Z" and ada["fields"] == {"phone": "=+49"} and ada["state"] == "read"
    assert bob["message"] == "Two\nlines" and bob["form"] == "shop" and bob["fields"] == {}
    assert load(server, text, "--form", "shop")[0] == {"added": 0, "known": 2, "skipped": 0}
    server.stop()
    with sqlite3.connect(server.options["database"]) as db:
        entries = db.execute("SELECT actor, target, detail FROM audit WHERE action = 'import'").fetchall()
    db.close()
    server.start()
    assert entries == [("cli:local", "shop", str(server.directory / "file"))] * 2
    answer = {"fields": ["_date", "email"], "submissions": [{"_date": "2019-01-01T00:00:00", "email": "c@example.org", "_status": {"a": {}}}, {"_date": "2019-01-02", "_replyto": "d@example.org"}]}
    assert load(server, json.dumps(answer, indent=2), "--form", "shop", "--from", "formspree")[0]["added"] == 2
    assert [row["email"] for row in listed(server)[:2]] == ["d@example.org", "c@example.org"]


def test_netlify_with_its_own_columns_apart(server):
    record = {"id": "5e", "number": 3, "email": "ada@example.org", "name": "Ada", "first_name": "Ada", "summary": "Hello", "body": "Hello", "created_at": "2020-05-06T07:08:09.000Z", "site_url": "https://x.example", "form_name": "contact",
              "data": {"name": "Ada", "email": "ada@example.org", "message": "Hello", "color": "red", "ip": "203.0.113.9", "user_agent": "Firefox", "referrer": "https://x.example/contact"}}
    assert load(server, json.dumps([record]))[0]["added"] == 1
    (row,) = listed(server)
    assert (row["form"], row["name"], row["message"], row["source"], row["userAgent"], row["page"]) == ("contact", "Ada", "Hello", "203.0.113.9", "Firefox", "https://x.example/contact")
    assert row["fields"] == {"color": "red"} and received(row) == "2020-05-06T07:08:09.000Z"


@pytest.mark.parametrize("service", ["basin", "getform", "auto"])
def test_semicolons_and_times_of_other_services(server, service):
    text = "﻿Submitted At;Name;Email;IP Address;Company\r\n2021-02-03 04:05:06 UTC;Ada;ada@example.org;203.0.113.9;Engines; Ltd\r\n2021-02-03 04:05:06 +0200;Bob;bob@example.org;;\"A;B\"\r\n"
    counts, complaints = load(server, text, "--form", "shop", "--from", service, code=1)
    assert counts == {"added": 1, "known": 0, "skipped": 1} and "file:2: 6 cells" in complaints
    (row,) = listed(server)
    assert received(row) == "2021-02-03T02:05:06.000Z" and row["fields"] == {"Company": "A;B"} and row["name"] == "Bob"


def test_bad_rows_are_told_with_their_lines_and_the_others_taken(server):
    rows = ['{"created_at":"2020-01-01","email":"a@example.org"}', "nonsense", '{"created_at":"03/04/2020","email":"b@example.org"}', '{"email":"c@example.org"}', '{"created_at":"2999-01-01","email":"d@example.org"}', '{"created_at":"2020-01-02"}',
            '{"created_at":"2020-01-03","email":"e@example.org","deep":' + "[" * 14 + "]" * 14 + "}", '{"created_at":1577836800,"email":"f@example.org"}']
    counts, complaints = load(server, "\n".join(rows) + "\n", "--form", "shop", code=1)
    assert counts == {"added": 3, "known": 0, "skipped": 5}
    told = [line.split(": ")[1].rsplit(":", 1)[1] for line in complaints.splitlines()]
    assert sorted(told) == ["2", "3", "4", "5", "6"]
    counts, complaints = load(server, '{"created_at":"2020-01-01","email":"a@example.org"}', code=1)
    assert counts["skipped"] == 1 and "--form" in complaints


def test_many_rows_of_one_moment_are_all_kept(server):
    text = "created_at,email,n\n" + "".join(f"2020-01-01,x@example.org,{i}\n" for i in range(5000))
    assert load(server, text, "--form", "shop")[0] == {"added": 5000, "known": 0, "skipped": 0}
    assert load(server, text, "--form", "shop")[0] == {"added": 0, "known": 5000, "skipped": 0}
    assert len({row["id"] for row in listed(server)}) == 5000
    post(server, newest="x")
    rows = list(csv.DictReader(io.StringIO(server.cli("export").stdout)))  # columns that appear on the first page and late
    assert len(rows) == 5001 and rows[0]["newest"] == "x" and {row["n"] for row in rows[1:]} == {str(i) for i in range(5000)}
    post(server)  # and the server's own ids go on


@pytest.mark.parametrize("text", ["", "just a line", "\x00\x01\x02"])
def test_what_is_no_export_is_refused(server, text):
    (server.directory / "file").write_text(text)
    done = server.cli("import", server.directory / "file")
    assert done.returncode == 1 and done.stderr.startswith("contactd: ")
    assert server.cli("import", "missing").returncode == 1
    assert server.cli("import", "file", "--from", "nobody").returncode == 2


def test_from_standard_input(server):
    done = server.cli("import", "-", "--form", "shop", input="created_at,email\n2020-01-01,a@example.org\n")
    assert done.returncode == 0 and done.stdout.startswith("1 added")


@pytest.mark.parametrize("stray", ["1", "-1.5e3", "null", '"a, {b"', "[1, {\"a\": [2]}]"])
def test_what_is_no_record_does_not_cost_the_record_behind_it(start, stray):
    server = start()
    good = '{"receivedAt":"2026-01-01T00:00:00Z","form":"a","message":"good"}'
    counts, complaints = load(server, f"[{stray},{good}]", "--from", "contactd", code=1)
    assert counts == {"added": 1, "known": 0, "skipped": 1} and "file:1: this is not a JSON object" in complaints
    assert [row["message"] for row in listed(server)] == ["good"]


GOOD = '{"created_at":"2020-01-01","email":"%s@example.org"}'


@pytest.mark.parametrize("open_one", ['{"created_at":"2020-01-02","email":"b@example.org"', '{"created_at":"2020-01-02","email":"b@example.org', '{"created_at":"2020-01-02","deep":{"a":[1,2}', "{"])
def test_a_line_that_is_not_closed_costs_itself_alone(server, open_one):
    lines = [GOOD % "a", open_one, GOOD % "c", GOOD % "d" + "}", GOOD % "e"]
    counts, complaints = load(server, "\n".join(lines) + "\n", "--form", "shop", code=1)
    assert counts == {"added": 4, "known": 0, "skipped": 2}
    assert [line.split(": ")[1].rsplit(":", 1)[1] for line in complaints.splitlines()] == ["2", "4"], complaints
    assert "file:2: this JSON object has no end" in complaints
    counts, complaints = load(server, "[\n" + ",\n".join(lines[:3]) + "\n]\n", "--form", "other", code=1)
    assert counts == {"added": 2, "known": 0, "skipped": 1} and "file:3: " in complaints


@pytest.mark.parametrize("service, name", [("formspree", "Date"), ("getform", "timestamp"), ("basin", "Submitted At"), ("auto", "submitted at"), ("auto", "DATE")])
def test_a_date_by_any_name_of_theirs(server, service, name):
    assert load(server, f"Email,{name}\na@example.org,2021-02-03 04:05:06\n", "--form", "shop", "--from", service)[0]["added"] == 1
    assert received(listed(server)[0]) == "2021-02-03T04:05:06.000Z"


def test_columns_for_the_date_are_named(server):
    text = "Email,When\na@example.org,2021-02-03\n"
    complaints = load(server, text, "--form", "shop", "--from", "formspree", code=1)[1]
    assert "file:2: it does not say when it arrived; columns that would: _date, created_at," in complaints and "Date, Timestamp" in complaints
    complaints = load(server, text.replace("When", "Date").replace("2021-02-03", "3 May"), "--form", "shop", code=1)[1]
    assert "file:2: '3 May' is not a time; write Date like 2026-01-31T09:00:00Z" in complaints
