# SPDX-License-Identifier: MIT
"""POST /contact: what is taken, what is refused and how, and that what was taken can be read back whole."""
import concurrent.futures
import re

import pytest
import requests

ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "message": "Hello there.\nSecond line."}
UUIDV7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


@pytest.fixture
def post(server):
    def post_one(body, path="/contact", **options):
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        kind = "data" if isinstance(body, (bytes, str)) else "json"
        return requests.post(server.url + path, **{kind: body}, headers=headers, timeout=10)

    return post_one


@pytest.fixture
def read(server):
    token = server.token()

    def read_one(path="", **query):
        answer = requests.get(f"{server.url}/admin/submissions{path}", params=query, timeout=10,
                              headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return read_one


def field_codes(answer):
    assert answer.status_code == 422, answer.text
    return {(e["field"], e["code"]) for e in answer.json()["errors"]}


def test_a_message_is_taken_and_can_be_read_back(post, read):
    answer = post(ADA)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok" and UUIDV7.match(answer.json()["id"])
    row = read("/" + answer.json()["id"])
    assert {k: row[k] for k in ADA} == ADA
    assert row["form"] == "default" and row["fields"] == {} and row["source"] == "127.0.0.1"


def test_the_form_is_in_the_path(post, read):
    post(ADA, "/contact/acme-jobs")
    assert [r["form"] for r in read()["submissions"]] == ["acme-jobs"]


@pytest.mark.parametrize("form", ["Acme", "a" * 65, "-a", "a%20b", "ä", "a.b"])
def test_an_impossible_form_name_is_not_found(post, form):
    assert post(ADA, f"/contact/{form}").status_code == 404


def test_further_fields_are_kept_whole_and_in_order(post, read):
    further = {"zebra": "1", "company": "Analytical Engines", "topics": ["a", "b"], "age": 36, "nested": {"y": None, "x": True}}
    post({**further, **ADA})
    fields = read()["submissions"][0]["fields"]
    assert fields == further and list(fields) == list(further)


def test_unicode_comes_back_as_it_was(post, read):
    message = "Grüße, 世界, 🧮, \u202eabc, \u2028, \\ \" end"
    assert post({**ADA, "name": "Ζωή", "message": message}).status_code == 200
    row = read()["submissions"][0]
    assert (row["name"], row["message"]) == ("Ζωή", message)


@pytest.mark.parametrize("body, hint", [
    (b"", "empty"),
    (b"{", "line 1"),
    (b'{"name":"a",}', "line 1"),
    (b"[]", "object"),
    (b'"text"', "expected near"),
    (b'{"a":1,"a":2}', "duplicate"),
    (b'{"a":"\xff"}', "unable to decode byte 0xff"),
    (b'{"a":"\xed\xa0\x80"}', "unable to decode byte 0xed"),
    (b'{"a":"b\x00c"}', "NUL"),
    (b'{"a":"\\u0000"}', "\\u0000"),
    (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "nested"),
    (b"[" * 60000, "nested"),
])
def test_malformed_json_is_400_and_says_why(post, body, hint):
    answer = post(body)
    assert answer.status_code == 400
    error = answer.json()
    assert error["error"] == "invalid input" and error["code"] == 400 and error["reason"] == "invalid_json"
    assert hint.lower() in error["message"].lower()


@pytest.mark.parametrize("change, expected", [
    ({"name": None}, ("name", "REQUIRED")),
    ({"name": "  "}, ("name", "REQUIRED")),
    ({"name": 5}, ("name", "TYPE")),
    ({"name": "x" * 201}, ("name", "TOO_LONG")),
    ({"name": "two\nlines"}, ("name", "CONTROL_CHARACTER")),
    ({"email": "not an address"}, ("email", "EMAIL")),
    ({"email": "a@b@c"}, ("email", "EMAIL")),
    ({"email": "x@y.z\r\nBcc: v@w.x"}, ("email", "CONTROL_CHARACTER")),
    ({"email": "a" * 65 + "@example.org"}, ("email", "EMAIL")),
    ({"message": ""}, ("message", "REQUIRED")),
    ({"message": "x" * 5001}, ("message", "TOO_LONG")),
    ({"message": "bell \x07"}, ("message", "CONTROL_CHARACTER")),
])
def test_a_field_that_breaks_its_rule_is_422_and_named(post, read, change, expected):
    answer = post({k: v for k, v in {**ADA, **change}.items() if v is not None})
    assert expected in field_codes(answer)
    assert answer.json()["error"] == "invalid input"
    assert read()["submissions"] == []


def test_all_wrong_fields_are_told_at_once(post):
    assert {f for f, _ in field_codes(post({"email": "nope"}))} == {"name", "email", "message"}


@pytest.mark.parametrize("email", ["ada@example.org", "a+b.c@sub.example.co", "root@localhost", "jörg@müller.example", "用户@例子.广告"])
def test_addresses_of_the_whole_world_are_taken(post, email):
    assert post({**ADA, "email": email}).status_code == 200


def test_limits_count_characters_not_bytes(post):
    assert post({**ADA, "name": "é" * 200, "message": "世" * 5000}).status_code == 200


def test_another_content_type_is_415_and_names_the_right_one(post):
    answer = post(b"name=a", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415 and "application/json" in answer.json()["message"]


def test_content_type_parameters_and_case_do_not_matter(post):
    assert post(ADA, headers={"Content-Type": "Application/JSON; charset=utf-8"}).status_code == 200


def test_a_body_over_the_ceiling_is_413(post):
    assert post({**ADA, "pad": "x" * 70000}).status_code == 413


def test_unknown_address_and_wrong_method(server):
    assert requests.get(server.url + "/nothing", timeout=5).status_code == 404
    answer = requests.get(server.url + "/contact", timeout=5)
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]
    answer = requests.options(server.url + "/contact", timeout=5)
    assert answer.status_code == 204 and "POST" in answer.headers["Allow"]


def test_every_reply_carries_a_request_id_that_the_log_knows(server, post):
    answer = post(ADA)
    server.stop()  # a line is written when the reply has been sent
    ids = [line["requestId"] for line in server.log_lines("request")]
    assert answer.headers["X-Request-Id"] in ids


def test_the_log_never_holds_a_body_or_a_secret(server, post):
    post({**ADA, "message": "canary-body-4711"})
    requests.get(server.url + "/admin/submissions?cursor=canary-query-4711", auth=("admin", "canary-password-4711"), timeout=10)
    requests.get(server.url + "/admin/submissions", headers={"Authorization": "Bearer ctd_canary-token-4711"}, timeout=10)
    assert "canary" not in server.stderr()  # digits alone may be in a request id


def test_many_at_once_are_all_stored_once(server, post, read):
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda i: post({**ADA, "message": f"number {i}"}), range(400)))
    ids = [a.json()["id"] for a in answers if a.status_code == 200]
    assert len(ids) == len(set(ids)) == 400
    rows, cursor = [], None
    while True:
        page = read(limit=150, **({"cursor": cursor} if cursor else {}))
        rows += page["submissions"]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(r["id"] for r in rows) == sorted(ids)
    assert [r["id"] for r in rows] == sorted(ids, reverse=True), "ids sort like time"


def test_a_full_queue_answers_503_with_retry_after(start):
    server = start(commit_queue=1)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(
            lambda i: requests.post(server.url + "/contact", json={**ADA, "message": str(i)}, timeout=20), range(600)))
    statuses = {a.status_code for a in answers}
    assert statuses <= {200, 503} and 200 in statuses
    assert all(a.headers["Retry-After"] for a in answers if a.status_code == 503)
    token = server.token()
    page = requests.get(server.url + "/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=5).text
    stored = int(re.search(r"^contactd_submissions_total (\d+)", page, re.M).group(1))
    assert stored == sum(a.status_code == 200 for a in answers)
