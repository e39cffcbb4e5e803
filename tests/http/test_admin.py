# SPDX-License-Identifier: MIT
"""Reading: who may, which rows, in which pages; and that guessing a password gets nobody anywhere."""
import datetime
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness import SLOW

ADA = {"name": "Ada", "email": "ada@example.org", "message": "Hello"}


def add_user(server, name="ada", password="correct horse", role="owner"):
    done = server.cli("user", "add", name, "--role", role, "--forms", "*", "--password-file", "-", input=password + "\n")
    assert done.returncode == 0, done.stderr
    return name, password


def post(server, form="", **change):
    answer = requests.post(f"{server.url}/contact{'/' + form if form else ''}", json={**ADA, **change}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def get(server, path="", auth=None, token=None, **query):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{server.url}/admin/submissions{path}", params=query, auth=auth, headers=headers, timeout=20)


def test_without_credentials_it_is_401_and_says_how(server):
    answer = get(server)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Basic")


def test_basic_and_bearer_both_open_the_door(server):
    auth = add_user(server)
    post(server)
    assert len(get(server, auth=auth).json()["submissions"]) == 1
    assert len(get(server, token=server.token()).json()["submissions"]) == 1


def test_unknown_user_and_wrong_password_look_the_same(server):
    name, _ = add_user(server)
    answers = [get(server, auth=(user, "wrong password")) for user in (name, "nobody")]
    for answer in answers:
        answer.headers.pop("X-Request-Id")
        answer.headers.pop("Date")
    bodies = [{k: v for k, v in a.json().items() if k != "requestId"} for a in answers]
    assert bodies[0] == bodies[1] and answers[0].headers == answers[1].headers
    assert [a.status_code for a in answers] == [401, 401]


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Basic YQ==", "Bearer", "Bearer x", "Bearer ctd_" + "A" * 43, "Digest a=b", "basic " + "A" * 2000])
def test_a_broken_header_is_401(server, header):
    answer = requests.get(server.url + "/admin/submissions", headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401


def test_a_verified_password_is_remembered_and_a_change_forgets_it(server):
    auth = add_user(server)
    assert get(server, auth=auth).status_code == 200
    before = signins(server)
    for _ in range(20):
        assert get(server, auth=auth).status_code == 200
    assert signins(server) == before, "argon2id ran again for a credential that was just verified"
    assert server.cli("user", "passwd", auth[0], "--password-file", "-", input="battery staple\n").returncode == 0
    assert get(server, auth=auth).status_code == 401
    assert get(server, auth=(auth[0], "battery staple")).status_code == 200


def signins(server):
    page = requests.get(server.url + "/metrics", timeout=5).text
    return next(line for line in page.splitlines() if line.startswith("contactd_signins_total "))


def test_a_revoked_token_and_a_removed_user_are_out_at_once(server):
    auth, token = add_user(server), server.cli("token", "add", "ci", "--forms", "*").stdout.strip()
    assert get(server, auth=auth).status_code == get(server, token=token).status_code == 200
    assert server.cli("token", "revoke", "ci").returncode == 0
    assert server.cli("user", "remove", auth[0]).returncode == 0
    assert get(server, auth=auth).status_code == get(server, token=token).status_code == 401


def test_tokens_and_passwords_are_stored_only_hashed(server):
    name, password = add_user(server)
    token = server.token()
    server.stop()
    content = b"".join(p.read_bytes() for p in server.directory.glob("contactd.db*") if p.is_file())
    assert name.encode() in content
    assert password.encode() not in content and token.encode() not in content


def test_an_expired_token_is_out(server):
    # Expiry is counted in minutes on the command line, so the clock of the row is moved instead.
    token = server.cli("token", "add", "brief", "--forms", "*", "--expires", "1m").stdout.strip()
    assert get(server, token=token).status_code == 200
    server.stop()
    import sqlite3
    with sqlite3.connect(server.directory / "contactd.db") as database:
        database.execute("UPDATE token SET expires_at = expires_at - 120000")
    server.start()
    assert get(server, token=token).status_code == 401


def test_pages_follow_each_other_without_gap_or_repeat(server):
    token = server.token()
    ids = [post(server, message=f"number {i}") for i in range(25)]
    seen, cursor = [], None
    for _ in range(10):
        page = get(server, token=token, limit=7, **({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in page["submissions"]]
        cursor = page["next"]
        post(server, message="arrives while somebody pages")
        if not cursor:
            break
    assert seen == ids[::-1]


def test_a_page_that_is_exactly_full_has_no_next(server):
    token = server.token()
    for i in range(3):
        post(server, message=str(i))
    assert get(server, token=token, limit=3).json()["next"] is None


def test_filters_combine(server):
    token = server.token()
    post(server, "a", message="1")
    time.sleep(0.01)
    middle = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    time.sleep(0.01)
    post(server, "b", message="2")
    post(server, "a", message="3")

    def messages(**query):
        return [row["message"] for row in get(server, token=token, **query).json()["submissions"]]

    assert messages(form="a") == ["3", "1"]
    assert messages(since=middle) == ["3", "2"]
    assert messages(until=middle) == ["1"]
    assert messages(form="a", since=middle) == ["3"]
    assert messages(form="none") == []
    assert messages(since="2020-01-01", until="2020-01-02") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=-1", "limit=", "cursor=abc", "cursor=" + "A" * 16, "form=UPPER",
                                   "since=yesterday", "until=2026-02-30", "unknown=1", "limit=%zz", "limit=%00", "%ff=1"])
def test_a_bad_query_is_400_and_names_the_rule(server, query):
    token = server.token()
    answer = requests.get(f"{server.url}/admin/submissions?{query}", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.status_code == 400 and answer.json()["code"] == "invalid_query" and answer.json()["message"]


@pytest.mark.parametrize("name", ["x", "01900000-0000-7000-8000-000000000000", "00000000-0000-0000-0000-000000000000", "%2e%2e"])
def test_an_id_that_does_not_exist_is_404(server, name):
    assert get(server, "/" + name, token=server.token()).status_code == 404


def test_a_neighbouring_id_opens_nothing(server):
    """The row number is in the id; the random rest must match as well."""
    token, identity = server.token(), post(server)
    forged = identity[:-1] + ("0" if identity[-1] != "0" else "1")
    assert get(server, "/" + identity, token=token).status_code == 200
    assert get(server, "/" + forged, token=token).status_code == 404


def test_head_answers_like_get_without_a_body(server):
    answer = requests.head(server.url + "/healthz", timeout=5)
    assert answer.status_code == 200 and answer.text == ""


def test_guessing_is_throttled_but_the_owner_still_gets_in(start):
    server = start(rate_limit="on", trusted_proxies="127.0.0.1")
    name, password = add_user(server)

    def attempt(secret, source):
        return requests.get(server.url + "/admin/submissions", auth=(name, secret), timeout=60 * SLOW,
                            headers={"X-Forwarded-For": source})

    assert attempt(password, "198.51.100.7").status_code == 200
    start_s = time.monotonic()
    with ThreadPoolExecutor(6) as guessers:
        answers = list(guessers.map(lambda i: attempt(f"guess {i}", f"203.0.113.{i}"), range(200)))
    elapsed_s = time.monotonic() - start_s
    statuses = [answer.status_code for answer in answers]
    # Ten for the account, sixty for addresses that were not seen before, and what comes back
    # meanwhile: one in six seconds, and six in one. On a machine that is slow enough, that is all.
    assert 401 in statuses and set(statuses) <= {401, 429}
    assert statuses.count(401) <= 70 + 6.2 * elapsed_s + 2
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 429)
    # The same account under fire: the owner's credential is remembered, and from the address
    # that was right before even a mistyped one is looked at.
    assert attempt(password, "198.51.100.7").status_code == 200
    assert attempt("a typing error", "198.51.100.7").status_code == 401
    # Tokens are not slowed at all.
    assert get(server, token=server.token()).status_code == 200


def test_one_source_is_throttled_over_all_accounts(start):
    server = start(rate_limit="on")
    statuses = [get(server, auth=(f"user{i}", "x" * 12)).status_code for i in range(15)]
    assert statuses[0] == 401 and statuses[-1] == 429


def test_the_client_address_comes_through_trusted_proxies_only(start):
    def source(server, forwarded):
        identity = requests.post(server.url + "/contact", json={**ADA, "message": f"from {forwarded}"}, headers={"X-Forwarded-For": forwarded}, timeout=10).json()["id"]
        return get(server, "/" + identity, token=server.token()).json()["source"]

    trusting, plain = start(trusted_proxies="127.0.0.0/8, 10.0.0.0/8"), start()
    assert source(plain, "203.0.113.9") == "127.0.0.1"
    assert source(trusting, "203.0.113.9") == "203.0.113.9"
    assert source(trusting, "6.6.6.6, 203.0.113.9, 10.1.2.3") == "203.0.113.9"
    assert source(trusting, "nonsense") == "127.0.0.1"
    assert source(trusting, "2001:db8::1") == "2001:db8::1"


def test_a_list_that_was_read_before_shows_every_change_since(server):
    """Answers are kept while nothing changes: what is answered after a change must show it."""
    token = server.token()
    manage = {"Authorization": f"Bearer {server.token('manage')}"}
    for round_ in range(20):
        new = post(server, message=f"Number {round_}, said by nobody before")
        for _ in range(3):
            rows = get(server, token=token, state="all").json()["submissions"]
            assert [r["id"] for r in rows][0] == new and len(rows) == round_ + 1 and rows[0]["state"] == "new"
        changed = requests.patch(f"{server.url}/admin/submissions/{new}", json={"state": "archived"}, headers=manage, timeout=10)
        assert changed.status_code == 200, changed.text
        assert get(server, token=token, state="all").json()["submissions"][0]["state"] == "archived"
